"""Several runs side by side: a stacked bar a run, energy by component, layer and phase, busy time by phase."""

import textwrap

from matplotlib.patches import Patch

from . import style
from .breakdown import percent
from .quantities import engineering, scale_for
from .reading import labels, section
from .style import plt

MOST_PARTS = 8  # of a bar: the largest over all runs; the rest together
PANELS = (("energy.by_component", "J", "Energy by component"), ("energy.by_layer", "J", "Energy by layer"),
          ("energy.by_phase", "J", "Energy by phase"), ("time.by_phase", "s", "Busy time by phase, summed over units"))
LETTER = 0.078  # inches of a letter beside a bar


def parts_of(runs, path):
    """([name], {name: value} of each run): the parts that are largest anywhere, and the rest as "others"."""
    found = [section(run, path) for run in runs]
    share = {}
    for values in found:
        total = sum(values.values())
        for name, value in values.items():
            share[name] = max(share.get(name, 0.0), value / total if total else 0.0)
    kept = sorted((name for name in share if share[name] > 0), key=lambda name: -share[name])
    kept, small = kept[:MOST_PARTS], kept[MOST_PARTS:]
    rows = [{**{name: values.get(name, 0.0) for name in kept},
             **({"others": sum(values.get(name, 0.0) for name in small)} if small else {})} for values in found]
    return kept + ["others"] * bool(small), rows


def colour_of(name, index, path):
    """The colour of a part, the same in every bar of a panel."""
    if path.endswith("by_phase"):
        return style.PHASES.get(name, style.OTHERS)
    return {"shared": style.SHARED, "others": style.OTHERS}.get(name, style.colour(index))


def figure(runs):
    """A panel a kind of part, a bar a run, all runs of a panel on one scale; the sum beside each bar, the share inside
    where there is room."""
    names = labels(runs)
    if len(set(names)) < len(names):
        names = [f"{name}, seed\u00a0{run.seed}" for name, run in zip(names, runs)]
    if len(set(names)) < len(names):
        names = [run.place for run in runs]
    names = [textwrap.fill(name, 44) for name in names]
    left = min(0.4 + LETTER * max(len(line) for name in names for line in name.split("\n")), 4.2)
    lines = sum(max(1.3, name.count("\n") + 1) for name in names)
    height = len(PANELS) * (0.9 + 0.26 * lines) + 0.5
    drawing, axes_of = plt.subplots(len(PANELS), 1, figsize=(left + 9.5, height), layout="constrained")
    bars = []
    for axes, (path, unit, title) in zip(axes_of, PANELS):
        kinds, rows = parts_of(runs, path)
        sums = [sum(row.values()) for row in rows]
        factor, prefixed = scale_for(sums, unit)
        before = [0.0] * len(runs)
        for index, kind in enumerate(kinds):
            colour = colour_of(kind, index, path)
            for row, values in enumerate(rows):
                width = factor * values[kind]
                if width > 0:
                    axes.barh(row, width, left=before[row], height=0.66, color=colour, edgecolor="white", linewidth=0.6)
                    bars.append((axes, before[row], width, row, values[kind] / sums[row], colour))
                    before[row] += width
        for row, total in enumerate(sums):
            axes.annotate(engineering(total, unit), (before[row], row), xytext=(5, 0), textcoords="offset points",
                          va="center", fontsize=9.5)
        axes.set_xlim(0, 1.1 * max(before))
        axes.set_ylim(len(runs) - 0.45, -0.55)
        axes.set_yticks(range(len(runs)), names, fontsize=9.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(f"{'energy' if unit == 'J' else 'time'} ({prefixed})")
        axes.set_title(title)
        handles = [Patch(color=colour_of(kind, index, path), label=style.shortened(kind))
                   for index, kind in enumerate(kinds)]
        axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9, handlelength=1.0,
                    labelspacing=0.25)
    activities = " and ".join(dict.fromkeys(run.activity for run in runs))
    style.headline(drawing, f"{'; '.join(dict.fromkeys(run.title for run in runs))}: {activities}")
    drawing.canvas.draw()  # the layout decides which shares fit
    for axes, start, width, row, share, colour in bars:
        room = axes.transData.transform((start + width, 0))[0] - axes.transData.transform((start, 0))[0]
        text = axes.text(start + width / 2, row, percent(share), ha="center", va="center", fontsize=8.5,
                         color=style.ink_on(colour))
        if text.get_window_extent(drawing.canvas.get_renderer()).width > 0.92 * room:
            text.remove()
    return drawing
