"""Accuracy, loss and learning rate against epoch, of one or several runs."""

import textwrap

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from . import style
from .reading import epochs, groups
from .style import plt


NARROWEST, WIDEST = 7.6, 12.0  # inches
LETTER = 0.072  # inches of a letter of the legend


def series(group, key):
    """(epochs, values with one row a run) of one key of a group's epoch records; values as in the report.
    Runs that stopped at different epochs are cut to the shortest; None where a run lacks the key."""
    records = [epochs(run) for run in group.runs]
    length = min(len(r) for r in records)
    if any(key not in record for r in records for record in r[:length]):
        return None
    return (np.array([record["epoch"] for record in records[0][:length]]),
            np.array([[record[key] for record in r[:length]] for r in records], dtype=float))


def band(axes, data, colour, line="-", factor=1.0, markers=True, hollow=False):
    """The mean over runs, and between the lowest and the highest run a band; markers where epochs are few, or `hollow`
    squares."""
    if data is None:
        return
    x, y = data
    y = factor * y
    look = {"marker": "s", "markerfacecolor": "none"} if hollow else {"marker": "o"}
    axes.plot(x, y.mean(axis=0), line, color=colour, **(look if markers and len(x) <= 20 else {}))
    if len(y) > 1:
        axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=colour, alpha=0.18, linewidth=0)


def final_accuracy(group):
    """"85.3 %", of several seeds "85.3 ± 0.2 % (3 seeds)": test accuracy of the last epoch."""
    data = series(group, "test_accuracy")
    if data is None:
        return ""
    last = 100 * data[1][:, -1]
    if len(last) == 1:
        return f"{last[0]:.1f} %"
    return f"{last.mean():.1f} ± {last.std(ddof=1):.1f} % ({len(last)} seeds)"


def figure(runs):
    """A figure of the runs, grouped: test accuracy (%), train and test loss, learning rate against epoch."""
    parts = groups(runs)
    labels = [f"{group.label}: {final_accuracy(group)}" for group in parts]
    width = min(max(NARROWEST, 1.4 + LETTER * max(map(len, labels))), WIDEST)
    labels = [textwrap.fill(label, int((width - 1.4) / LETTER)) for label in labels]
    height = 7.6 + 0.24 * sum(label.count("\n") + 1 for label in labels)
    drawing, (accuracy, loss, rate) = plt.subplots(3, 1, figsize=(width, height), sharex=True, layout="constrained",
                                                   gridspec_kw={"height_ratios": [3, 3, 1.1]})
    handles = []
    single = any(len(epochs(run)) == 1 for run in runs)  # a line of one point is none
    for index, (group, label) in enumerate(zip(parts, labels)):
        colour = style.colour(index)
        line = style.line(index)
        band(accuracy, series(group, "test_accuracy"), colour, line, 100)
        band(loss, series(group, "test_loss"), colour)
        band(loss, series(group, "train_loss"), colour, "--", markers=single, hollow=True)
        handles.append(Line2D([], [], color=colour, linestyle=line, marker="o", label=label))
    accuracy.set_ylabel("test accuracy (%)")
    on_host = any(run.config.get("platform") == "host" for run in runs)  # spiking: it has a loss of its own
    loss.set_ylabel("loss" if on_host else "loss (cross entropy)")
    kinds = [Line2D([], [], color=style.MUTED, linestyle="-", marker="o", label="test"),
             Line2D([], [], color=style.MUTED, linestyle="--", label="training",
                    **({"marker": "s", "markerfacecolor": "none"} if single else {}))]
    loss.legend(handles=kinds, loc="upper right", ncols=2)

    rates = [series(group, "lr") for group in parts]
    shared = all(r is not None and np.array_equal(r[1][0], rates[0][1][0]) for r in rates)
    if shared:
        band(rate, (rates[0][0], rates[0][1][:1]), style.MUTED)
    else:
        for index, data in enumerate(rates):
            band(rate, data, style.colour(index), style.line(index))
    rate.set_ylim(bottom=0)
    rate.set_ylabel("learning rate\nat epoch end")
    rate.set_xlabel("epoch")
    rate.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    drawing.align_ylabels()
    titles = list(dict.fromkeys(run.title for run in runs))
    seeds = f", seed {runs[0].seed}" if len(runs) == 1 else ""
    style.headline(drawing, "; ".join(titles) + seeds, size=13)
    several = any(len(group.runs) > 1 for group in parts)
    title = "accuracy after the last epoch" + (", mean ± deviation; band: lowest to highest seed" if several else "")
    accuracy.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.3, title=title,
                    title_fontsize=10, alignment="left")
    return drawing
