"""The Pareto front of a sweep: table and picture.

A configuration (mean over its repeats) is dominated if another is at least as good in every objective and better in
one. What is not dominated is the front; equal ones dominate each other not, so that all of them stay. Configurations
of which a repeat is missing, failed, breaks a constraint or lacks an objective take no part; where one was executed twice
(the same hash of all keys) its first result counts. The same as `rheo pareto`.
"""

from itertools import combinations

import numpy as np
from matplotlib.lines import Line2D

from . import style
from .errors import BadInput
from .labels import place_numbers
from .settings import objective_axis, value_text, varied_keys
from .style import plt
from .table_formats import NONE

MOST_OBJECTIVES = 4  # of a picture: six panels
MOST_NUMBERED = 24  # members of the front that the picture names
CROWD = 1000  # configurations: smaller points


def non_dominated(values):
    """Whether each row of `values` (rows x objectives, all to be minimised) is dominated by no other."""
    values = np.asarray(values, dtype=float)
    kept = np.ones(len(values), dtype=bool)
    for row in range(len(values)):
        if kept[row]:
            worse = np.all(values >= values[row], axis=1) & np.any(values > values[row], axis=1)
            kept &= ~worse
    return kept


def comparable(sweep):
    """(configurations that can be compared, their means: configurations x objectives)."""
    names = [objective.name for objective in sweep.objectives]
    found = [c for c in sweep.configurations() if c.is_candidate(names, sweep.repeats)]
    if not found:
        raise BadInput(f"{sweep.file}: no setting has all of {', '.join(names)} in all repeats ({sweep.summary()})")
    return found, np.array([[c.mean(name) for name in names] for c in found])


def front(sweep):
    """(configurations that can be compared, whether each is on the front), the best in the first objective first."""
    configurations, values = comparable(sweep)
    signs = np.array([-1 if objective.goal == "max" else 1 for objective in sweep.objectives])
    kept = non_dominated(signs * values)
    order = np.argsort(signs[0] * values[:, 0], kind="stable")
    return [configurations[i] for i in order], kept[order]


def figure(sweep):
    """A scatter of all configurations, a panel a pair of objectives, the front in colour and numbered; below, the
    settings of each number. Bars: the standard deviation over repeats. With two objectives the line bounds what the
    front dominates."""
    objectives = sweep.objectives
    if not 2 <= len(objectives) <= MOST_OBJECTIVES:
        raise BadInput(f"a picture of a front takes 2 to {MOST_OBJECTIVES} objectives, not {len(objectives)}; "
                       "choose with --objectives")
    configurations, kept = front(sweep)
    members = [c for c, on in zip(configurations, kept) if on]
    named = evenly(len(members), MOST_NUMBERED)
    key = SettingsKey([members[i] for i in named], varied_keys(sweep, members), len(members))
    pairs = list(combinations(range(len(objectives)), 2))
    columns = min(len(pairs), 3)
    rows = -(-len(pairs) // columns)
    width = max(8.0 if len(pairs) == 1 else columns * 4.6, key.width)
    foot = key.height(width) + 0.55
    height = rows * (5.2 if len(pairs) == 1 else 4.2) + foot + 0.5
    drawing, panels = plt.subplots(rows, columns, figsize=(width, height), squeeze=False, layout="constrained")
    drawing.get_layout_engine().set(rect=(0, foot / height, 1, 1 - foot / height))
    factors = [draw_pair(axes, configurations, kept, objectives[x], objectives[y], len(objectives) == 2)
               for axes, (x, y) in zip(panels.flat, pairs)]
    handles = [Line2D([], [], linestyle="", marker="o", color=style.COLOURS[3], markersize=7,
                      label=f"front: {len(members)} of {len(configurations)} configurations"),
               Line2D([], [], linestyle="", marker="o", color=style.SHARED, label="dominated")]
    repeats = max(len(c.done) for c in configurations)
    style.headline(drawing, sweep.summary() + (f"; means over up to {repeats} seeds, bars: deviation"
                                               if repeats > 1 else ""))
    drawing.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.01, foot / height), ncols=2)
    drawing.canvas.draw()  # the layout decides where a number has room
    for axes, (x, y), (factor_x, factor_y) in zip(panels.flat, pairs, factors):
        at = [(factor_x * c.mean(objectives[x].name), factor_y * c.mean(objectives[y].name)) for c in configurations]
        on_front = [p for p, on in zip(at, kept) if on]
        place_numbers(axes, [on_front[i] for i in named], at + along(axes))
    key.draw(drawing, foot - 0.5)
    return drawing


def evenly(count, most):
    """At most so many of `count` indices, evenly spread, the first and the last among them."""
    return sorted({round(i) for i in np.linspace(0, count - 1, min(count, most))})


def along(axes):
    """Points close together on the lines of a panel: numbers stay off them."""
    found = []
    for line in axes.lines:
        if line.get_drawstyle() != "default":
            corners = line.get_path().vertices
            for a, b in zip(corners, corners[1:]):
                found += [tuple(a + (b - a) * share) for share in np.linspace(0, 1, 40)]
    return found


class SettingsKey:
    """What the numbers of a front stand for: a small table below the panels, in several parts side by side where it is
    narrow. Lengths in inches."""

    LETTER, LINE = 0.075, 0.19

    def __init__(self, named, keys, members):
        rows = [[str(c.points[0].id), *(value_text(c.settings[k], 4) if k in c.settings else NONE for k in keys)]
                for c in named]
        self.lines = [["", "point", *keys]] + [[str(number), *row] for number, row in enumerate(rows, 1)]
        self.columns = [self.LETTER * (2 + max(len(line[i]) for line in self.lines)) for i in range(len(keys) + 2)]
        self.width = sum(self.columns) + 0.3
        more = members - len(named)
        self.note = f"{more} more of the front have no number; the table has all" if more else ""

    def parts(self, width):
        """How many parts lie side by side, and how many rows each has."""
        across = max(1, int((width - 0.3) / (self.width - 0.1)))
        rows = -(-(len(self.lines) - 1) // across)
        return -(-(len(self.lines) - 1) // rows), rows

    def height(self, width):
        """Of the table in a figure of that width."""
        return self.LINE * (self.parts(width)[1] + 1 + bool(self.note)) + 0.1

    def draw(self, drawing, top):
        """Writes the table, its top so far above the figure's bottom."""
        width, height = drawing.get_size_inches()
        across, rows = self.parts(width)
        head, body = self.lines[0], self.lines[1:]
        for part in range(across):
            left = 0.15 + part * (width - 0.15) / across
            for line, cells in enumerate([head, *body[part * rows:(part + 1) * rows]]):
                x = left
                for cell, column in zip(cells, self.columns):
                    drawing.text(x / width, (top - self.LINE * line) / height, cell, fontsize=9, va="top",
                                 color=style.MUTED if line == 0 else style.INK)
                    x += column
        if self.note:
            drawing.text(0.15 / width, (top - self.LINE * (rows + 1)) / height, self.note, fontsize=9, va="top",
                         color=style.MUTED)


def draw_pair(axes, configurations, kept, x, y, stairs):
    """All configurations over two objectives; returns the factors from values to the axes' units."""
    scale_x = objective_axis(axes.xaxis, x, [c.mean(x.name) for c in configurations])
    scale_y = objective_axis(axes.yaxis, y, [c.mean(y.name) for c in configurations])
    crowd = len(configurations) > CROWD
    for on, colour, size, level in ((False, style.SHARED, 2.5 if crowd else 4.5, 2), (True, style.COLOURS[3], 7, 3)):
        part = [c for c, member in zip(configurations, kept) if member == on]
        xs = [scale_x * c.mean(x.name) for c in part]
        ys = [scale_y * c.mean(y.name) for c in part]
        errors = [[factor * (c.deviation(o.name) or 0) for c in part] for factor, o in ((scale_x, x), (scale_y, y))]
        if any(map(any, errors)):
            axes.errorbar(xs, ys, xerr=errors[0], yerr=errors[1], fmt="none", ecolor=colour, elinewidth=0.9, alpha=0.6,
                          zorder=level)
        axes.plot(xs, ys, "o", color=colour, markersize=size, markeredgecolor="white",
                  markeredgewidth=0.2 if crowd else 0.5, zorder=level)
        if on and stairs:
            ordered = sorted(zip(xs, ys))
            axes.step([p[0] for p in ordered], [p[1] for p in ordered], color=colour, linewidth=1.2, zorder=1,
                      where="post" if x.goal == "min" else "pre")
    axes.margins(0.08)
    return scale_x, scale_y
