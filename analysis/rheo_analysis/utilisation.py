"""How busy every unit was over time: a row a unit, the darker the busier."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from . import style
from .style import plt
from .trace import rows_of
from .window import axis_unit, read_part

BINS = 300
SCALE = LinearSegmentedColormap.from_list("busy", ["#FFFFFF", "#9CCBE8", "#0072B2", "#00263D"])


def interval_means(start, end, weight, edges):
    """The mean over each bin of the summed weights of the intervals that run; `edges` of the bins ascending."""
    def integral(times):
        """Of the sum from the beginning up to each of `times`."""
        total = np.zeros(len(times))
        for moments, sign in ((start, 1), (end, -1)):
            order = np.argsort(moments, kind="stable")
            before = np.searchsorted(moments[order], times)
            weights = np.concatenate([[0.0], np.cumsum(weight[order])])
            products = np.concatenate([[0.0], np.cumsum((weight * moments)[order])])
            total += sign * (times * weights[before] - products[before])
        return total

    return np.clip(np.diff(integral(edges)) / np.diff(edges), 0, None)


def figure(path, start=None, end=None):
    """A figure of the busy share of every unit in BINS parts of the window (default: the whole trace). A unit with
    several lanes (DMA channels) is busy by their mean; its lanes are those that are busy at a time somewhere in the
    window. At the right the mean over the window."""
    trace, start, end = read_part(path, start, end)
    rows, left_out = rows_of(trace)
    edges = np.linspace(start, end, BINS + 1)
    shares = []
    for unit, lanes in rows.items():
        mine = trace.commands.chosen(trace.commands.unit == unit)
        shares.append(interval_means(mine.start, mine.end, np.full(len(mine), 1 / lanes), edges))
    shares = np.array(shares)
    scale, unit_name = axis_unit(start, end)
    drawing, axes = plt.subplots(figsize=(12, 1.6 + 0.33 * len(rows)), layout="constrained")
    image = axes.imshow(100 * shares, aspect="auto", cmap=SCALE, vmin=0, vmax=100, interpolation="nearest",
                        extent=(start / scale, end / scale, len(rows), 0))
    names = [style.shortened(trace.units[unit]) + (f" ({lanes} lanes)" if lanes > 1 else "")
             for unit, lanes in rows.items()]
    axes.set_yticks(np.arange(len(rows)) + 0.5, names)
    for row in range(1, len(rows)):
        axes.axhline(row, color="white", linewidth=2)
    for row, share in enumerate(shares.mean(axis=1)):
        axes.text(1.008, row + 0.5, f"{100 * share:.1f} %", transform=axes.get_yaxis_transform(), va="center",
                  fontsize=9.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)
    bin_width, bin_unit = (end - start) / BINS, axis_unit(0, 2 * (end - start) / BINS)
    axes.set_xlabel(f"simulated time ({unit_name}), in parts of {bin_width / bin_unit[0]:.3g} {bin_unit[1]}" +
                    (f"; {left_out} less busy units left out" if left_out else ""))
    axes.set_title("Busy share of the units; at the right its mean")
    drawing.colorbar(image, ax=axes, label="busy (%)", fraction=0.025, pad=0.075, aspect=18)
    return drawing
