"""The learning-rate range test: loss against learning rate, and the range that it suggests."""

import math

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from . import style
from .quantities import significant
from .style import plt


def wants_log(test):
    """Whether a logarithmic axis suits: the rates rise by factors, or what matters lies in the first fifth."""
    rates = np.array(test.rates)
    if len(rates) < 3 or rates[0] <= 0:
        return False
    factors, steps = np.diff(np.log(rates)), np.diff(rates)
    if np.ptp(factors) < np.ptp(steps) / max(steps.mean(), 1e-300) * factors.mean():
        return True
    return 0 < test.lr_max < 0.2 * rates[-1]


def highest_shown(test):
    """The top of the loss axis: enough to see the fall and the rise, not the whole divergence."""
    smoothed = [s for s in test.smoothed if math.isfinite(s)] or [l for l in test.losses if math.isfinite(l)]
    lowest, first = min(smoothed), smoothed[0]
    finite = [l for l in test.losses if math.isfinite(l)]
    return min(max(finite), max(first, lowest) + 0.75 * max(first - lowest, 0.1 * abs(first))) * 1.02


def figure(test):
    """A figure of a reading.RangeTest: loss and smoothed loss against learning rate, the suggested range shaded."""
    rates, losses = np.array(test.rates), np.array(test.losses)
    drawing, axes = plt.subplots(figsize=(8.2, 5.2), layout="constrained")
    finite = np.isfinite(losses)
    top = highest_shown(test)
    bottom = losses[finite].min()
    bottom -= 0.05 * (top - bottom)
    axes.plot(rates[finite], losses[finite], ".", color=style.COLOURS[5], markersize=5, alpha=0.8,
              label="loss of a step")
    smoothed = np.array(test.smoothed)
    axes.plot(rates[:len(smoothed)], smoothed, color=style.COLOURS[0], label="smoothed (median)")
    outside = rates[~finite | (losses > top)]
    if len(outside):
        edge = np.full(len(outside), top - 0.012 * (top - bottom))
        axes.plot(outside, edge, "^", color=style.COLOURS[3], clip_on=False,
                  label=f"above {significant(top)} or not finite ({len(outside)} steps)")
    if test.lr_max > 0:
        axes.axvspan(test.lr_min, test.lr_max, color=style.COLOURS[2], alpha=0.16, linewidth=0,
                     label=f"suggested: {significant(test.lr_min)} to {significant(test.lr_max)}")
    if test.lr_steepest > 0:
        axes.axvline(test.lr_steepest, color=style.MUTED, linestyle=":", linewidth=1.2,
                     label=f"steepest descent: {significant(test.lr_steepest)}")
    if wants_log(test):
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlim(rates[0] if len(rates) < 2 or rates[1] < 3 * rates[0] else rates[1], rates[-1])
    else:
        axes.set_xlim(0, rates[-1])
    axes.set_ylim(bottom, top)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss of a mini-batch (cross entropy)")
    title = f"Learning-rate range test, {test.title or 'network unknown'}, {len(rates)} steps"
    axes.set_title(title if test.lr_max > 0 else title + "\n" + wrapped(test.explanation))
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.14), borderaxespad=0, ncols=2)
    return drawing


def wrapped(text, width=84):
    """The text in lines of at most `width` characters."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)
