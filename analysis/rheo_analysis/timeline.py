"""What every unit did when: a Gantt chart of a trace."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch

from . import style
from .style import plt
from .trace import lanes_of, natural, rows_of
from .window import axis_unit, read_part

DEFAULT_WINDOW_S = 5e-3
LEGEND_LETTER = 0.088  # inches of a letter of the legend


def colours(trace, colouring):
    """{phase or layer: colour} of those in the window, in the order of the legend."""
    if colouring == "phase":
        present = [trace.phases[i] for i in np.unique(trace.commands.phase)]
        order = list(style.PHASES)
        present.sort(key=lambda phase: order.index(phase) if phase in order else len(order))
        return {phase: style.PHASES.get(phase, style.OTHERS) for phase in present}
    present = [trace.layers[i] for i in np.unique(trace.commands.layer)]
    named = [layer for layer in present if layer not in ("shared", "")]
    if trace.file.suffix == ".json":  # in order of appearance, which is not that of the network
        named.sort(key=natural)
    found = dict(zip(named, map(style.shade, range(len(named)))))
    return found | {layer: style.SHARED for layer in present if layer not in found}


def merged(commands, kind, gap):
    """Indices (first, last) of runs of commands of one lane, ordered by start: neighbours of the same `kind` that are
    shorter than `gap` and closer than it become one; they could not be told apart in the picture."""
    runs = []
    for row in range(len(commands)):
        if runs:
            first, before = runs[-1]
            small = first != before or commands.end[before] - commands.start[before] < gap
            if (small and kind[before] == kind[row] and commands.start[row] - commands.end[before] < gap
                    and commands.end[row] - commands.start[row] < gap):
                runs[-1] = (first, row)
                continue
        runs.append((row, row))
    return runs


def figure(path, start=None, end=None, colouring="phase"):
    """A figure of the commands between `start` and `end` (seconds; by default the first five milliseconds), coloured by
    phase or by layer; testing is paler. Commands of one unit that overlap lie on lanes."""
    trace, start, end = read_part(path, start, end, DEFAULT_WINDOW_S)
    rows, left_out = rows_of(trace)
    heights = {unit: 1.0 + 0.45 * (lanes - 1) for unit, lanes in rows.items()}
    tall = sum(heights.values())
    palette = colours(trace, colouring)
    tested = "evaluation" in trace.modes and bool((trace.commands.mode == trace.modes.index("evaluation")).any())
    handles = [Patch(color=colour, label=style.shortened(name) or "other") for name, colour in palette.items()]
    if tested:
        handles.append(Patch(color=style.MUTED, alpha=0.45, label="testing (paler)"))
    across = max(1, min(len(handles), int(12 / (0.6 + LEGEND_LETTER * max(len(h.get_label()) for h in handles)))))
    drawing, axes = plt.subplots(figsize=(12, 1.7 + 0.22 * -(-len(handles) // across) + 0.42 * tall),
                                 layout="constrained")
    scale, unit_name = axis_unit(start, end)
    axes.set_xlim(start / scale, end / scale)
    axes.set_ylim(tall, 0)
    tops = dict(zip(rows, np.cumsum([0.0, *heights.values()])))
    axes.set_yticks([tops[unit] + heights[unit] / 2 for unit in rows],
                    [style.shortened(trace.units[unit]) for unit in rows])
    axes.hlines([tops[unit] + heights[unit] for unit in rows], 0, 1, color="#E6E6E6", linewidth=0.8,
                transform=axes.get_yaxis_transform())
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"simulated time ({unit_name})" + (f"; {left_out} less busy units left out" if left_out else ""))
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.3, ncols=across)
    drawing.canvas.draw()  # the layout decides what a pixel is
    pixel = (end - start) / axes.get_window_extent().width
    for unit, lanes in rows.items():
        height = (heights[unit] - 0.2) / lanes
        mine = trace.commands.chosen(trace.commands.unit == unit)
        lane_of = lanes_of(mine.start, mine.end)
        for lane in range(lanes):
            on_lane = mine.chosen(lane_of == lane)
            on_lane = on_lane.chosen(np.argsort(on_lane.start, kind="stable"))
            draw_lane(axes, trace, on_lane, (start, end, scale, pixel), tops[unit] + 0.1 + lane * height, height,
                      palette, colouring, 9 if lanes == 1 else 7.5)
    return drawing


def draw_lane(axes, trace, commands, window, y, height, palette, colouring, size):
    """The bars of one lane, all of a look at once; what has room is named."""
    start, end, scale, pixel = window
    names = trace.phases if colouring == "phase" else trace.layers
    kind = commands.phase if colouring == "phase" else commands.layer
    renderer = axes.figure.canvas.get_renderer()
    looks = {}
    for first, last in merged(commands, kind * len(trace.modes) + commands.mode, pixel):
        name, mode = names[kind[first]], trace.modes[commands.mode[first]]
        begins, ends = max(commands.start[first], start), min(commands.end[last], end)
        wide = (ends - begins) / pixel
        right = begins + max(ends - begins, 1.3 * pixel)
        box = [(begins / scale, y), (right / scale, y), (right / scale, y + 0.94 * height),
               (begins / scale, y + 0.94 * height)]
        looks.setdefault((name, mode == "evaluation", wide > 6), []).append(box)
        if wide > 16 and height > 0.35 and first == last:
            words = labels(trace, commands, first, colouring)
            colour = style.INK if mode == "evaluation" else style.ink_on(palette[name])
            centre = (begins + ends) / 2 / scale
            write_inside(axes, renderer, centre, y + 0.47 * height, 0.92 * wide, words, colour, size)
    for (name, testing, edged), boxes in looks.items():
        axes.add_collection(PolyCollection(boxes, facecolor=palette[name], alpha=0.45 if testing else 1.0,
                                           edgecolor="white" if edged else "none", linewidth=0.5), autolim=False)


def labels(trace, commands, row, colouring):
    """What a bar may be called, the longest first: what the colour does not tell."""
    operation, layer = trace.operations[commands.operation[row]], trace.layers[commands.layer[row]]
    if colouring == "layer":
        return [f"{operation} {layer}", operation]
    if operation != trace.phases[commands.phase[row]]:
        return [f"{operation} {layer}", operation, layer]
    return [f"{operation} {layer}", layer, operation]


def write_inside(axes, renderer, x, y, room, words, colour, size):
    """Writes the first of `words` that is no wider than `room` pixels, if any."""
    text = axes.text(x, y, "", ha="center", va="center", color=colour, fontsize=size)
    for candidate in words:
        if not candidate.strip():
            continue
        text.set_text(candidate)
        if text.get_window_extent(renderer).width < room:
            return
    text.remove()
