"""The picture of a sensitivity: every objective against every axis, the stronger the darker the panel's ground."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from . import style
from .quantities import scale_for
from .sensitivity import analyse, strength_text
from .settings import column_scale, heading, levels, magnitude, unit_without_prefix, value_text
from .style import plt

MOST_AXES = 7
CROWD = 1000  # points of a panel: smaller and paler
MOST_OBJECTIVES = 6
MOST_LEVELS = 8  # that lie side by side and have a mean each
GROUND = LinearSegmentedColormap.from_list("ground", ["#FFFFFF", "#F2C879"])
METHOD_TITLES = {"main-effects": "share of the variance that the axis explains; line: means of levels, or of fifths",
                 "rank": "rank correlation with the axis, in brackets what chance may have made; line: means of "
                         "levels, or of fifths"}


def figure(sweep, method=None):
    """A panel an objective and axis: the points, and their mean along the axis. The MOST_AXES strongest axes, in the
    order of the sweep; the first MOST_OBJECTIVES objectives."""
    sensitivity = analyse(sweep, method)
    objectives = sweep.objectives[:MOST_OBJECTIVES]

    def strongest(axis):
        return max(sensitivity.effects[axis, o.name].size for o in objectives)

    shown = sorted(sensitivity.axes, key=lambda axis: -strongest(axis))[:MOST_AXES]
    shown = [axis for axis in sensitivity.axes if axis in shown]
    width, height = max(2.5 * len(shown) + 0.9, 8.0), 2.1 * len(objectives) + 1.1
    drawing, panels = plt.subplots(len(objectives), len(shown), figsize=(width, height), squeeze=False, sharey="row",
                                   sharex="col", layout="constrained")
    kinds = {axis.key: axis.kind for axis in sweep.axes}
    for row, objective in enumerate(objectives):
        for column, axis in enumerate(shown):
            axes = panels[row][column]
            effect = sensitivity.effects[axis, objective.name]
            axes.set_facecolor(GROUND(min(1.0, effect.size)))
            unit = draw_panel(axes, sweep, axis, kinds[axis], objective)
            axes.set_title(strength_text(effect, sensitivity.method), fontsize=10)
            if row == len(objectives) - 1:
                axes.set_xlabel(style.two_lines(heading(axis, unit), 24))
        values = [c.mean(objective.name) for c in sweep.configurations() if c.values(objective.name)]
        panels[row][0].set_ylabel(style.two_lines(heading(objective.name, column_scale(objective.name, values)[1])))
    left_out = len(sensitivity.axes) - len(shown)
    more = f"; {left_out} weaker axes left out" if left_out else ""
    style.headline(drawing, sweep.summary(), METHOD_TITLES[sensitivity.method] + more, size=11)
    drawing.align_ylabels()
    return drawing


def draw_panel(axes, sweep, axis, kind, objective):
    """Points and means of one objective along one axis; returns the unit of the axis. Numbers of a range lie at their
    size, the levels of a list side by side."""
    configurations = [c for c in sweep.configurations() if c.values(objective.name)]
    found = levels([c.settings.get(axis) for c in configurations])
    sizes = [magnitude(level) for level in found]
    sized = None not in sizes and (kind != "list" or len(found) > MOST_LEVELS)
    unit = unit_without_prefix(found[0])
    if sized and unit:
        shrink, unit = scale_for(sizes, unit)
        sizes = [shrink * size for size in sizes]
    place = dict(zip(map(value_text, found), sizes if sized else range(len(found))))
    factor, _ = column_scale(objective.name, [c.mean(objective.name) for c in configurations])
    points = [(place[value_text(c.settings.get(axis))], factor * value)
              for c in configurations for value in c.values(objective.name)]
    x, y = np.array(points).T
    crowd = len(x) > CROWD
    axes.plot(x, y, "o", color=style.COLOURS[0], markersize=2 if crowd else 3, alpha=0.15 if crowd else 0.45,
              markeredgewidth=0)
    if len(found) <= MOST_LEVELS:
        means = [(at, y[x == at].mean()) for at in sorted(set(x))]
    else:
        order = np.argsort(x, kind="stable")
        means = [(np.median(x[part]), y[part].mean()) for part in np.array_split(order, min(5, len(order)))]
    axes.plot(*zip(*means), "o-", color=style.COLOURS[3], markersize=4, linewidth=1.5)
    axes.tick_params(labelsize=8.5)
    if not sized:
        words = [value_text(level) for level in found]
        slanted = sum(map(len, words)) > 20
        axes.set_xticks(range(len(found)), words, **({"rotation": 30, "ha": "right"} if slanted else {}))
        axes.set_xlim(-0.5, len(found) - 0.5)
        return ""
    if kind == "log_range" and min(sizes) > 0:
        axes.set_xscale("log")
        if max(sizes) < 30 * min(sizes):  # powers of ten alone would be one tick or none
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=all(size.is_integer() for size in sizes)))
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, 5))
    axes.margins(x=0.08)
    return unit
