"""The picture of a roofline: a panel a memory, logarithmic in both directions."""

import math

import numpy as np
from matplotlib.lines import Line2D

from . import style
from .labels import place_labels
from .quantities import engineering
from .style import plt

SHAPES = {"forward": "o", "backward": "s", "update": "^", "digital": "D", "": "o"}
WHOLE = "*"


def limits(values, room):
    """The ends of a logarithmic axis that leave a factor `room` on both sides."""
    return min(values) / room, max(values) * room


def figure(run, rooflines):
    """Markers coloured by layer, shaped by phase; roofs as lines; a dash above a marker: the roof of the layer's own
    matrix."""
    layers = list(dict.fromkeys(m.layer for roofline in rooflines for m in roofline.markers if m.layer))
    colours = dict(zip([layer for layer in layers if layer != "shared"], map(style.shade, range(len(layers)))))
    colours["shared"] = style.SHARED
    phases = [phase for phase in SHAPES if phase and any(m.phase == phase for r in rooflines for m in r.markers)]
    drawing, panels = plt.subplots(1, len(rooflines), figsize=(7.0 * len(rooflines) + 0.5, 6.4), squeeze=False,
                                   layout="constrained")
    drawing.get_layout_engine().set(rect=(0, 0.07, 1, 0.93))
    for axes, roofline in zip(panels[0], rooflines):
        draw_panel(axes, roofline, colours)
    handles = [Line2D([], [], linestyle="", marker=SHAPES[phase], color=style.MUTED, markersize=7, label=phase)
               for phase in phases]
    handles.append(Line2D([], [], linestyle="", marker=WHOLE, color=style.INK, markersize=11, label="whole run"))
    if any(m.ceiling for roofline in rooflines for m in roofline.markers):
        handles.append(Line2D([], [], linestyle="", marker="_", color=style.MUTED, markersize=11, markeredgewidth=2,
                              label="roof of the layer's own matrix"))
    drawing.legend(handles=handles, loc="lower left", ncols=len(handles), bbox_to_anchor=(0.01, 0))
    remark = "" if layers else "; markers of layers need a trace (rheo run --trace)"
    style.headline(drawing, f"{run.title}, {run.device}, {run.activity}{remark}")
    drawing.canvas.draw()  # the layout decides where a label has room
    for axes, roofline in zip(panels[0], rooflines):
        for index, ceiling in enumerate(sorted(roofline.bandwidths, key=lambda c: -c.rate)):
            name_bandwidth(axes, ceiling, above=index == 0)
        named = [m for m in roofline.markers if m.layer]
        points = [(m.intensity, m.rate) for m in roofline.markers]
        dashes = [(m.intensity, m.ceiling) for m in named if m.ceiling]
        for m, label in zip(named, [style.shortened(m.layer) for m in named]):
            place_labels_once(axes, m, label, points + dashes)
    return drawing


def place_labels_once(axes, marker, label, obstacles):
    """One label, away from the obstacles and from what is written already."""
    renderer = axes.figure.canvas.get_renderer()
    written = [text.get_window_extent(renderer) for text in axes.texts]
    corners = axes.transData.inverted().transform(
        [(x, y) for box in written for x in np.linspace(box.x0, box.x1, 6) for y in np.linspace(box.y0, box.y1, 3)]) \
        if written else np.zeros((0, 2))
    place_labels(axes, [label], [(marker.intensity, marker.rate)], [*obstacles, *map(tuple, corners)], size=8.5)


def draw_panel(axes, roofline, colours):
    """Roofs, then markers."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    rates = [m.rate for m in roofline.markers] + [m.ceiling for m in roofline.markers if m.ceiling]
    ridge = [roofline.operations[0].rate / c.rate for c in roofline.bandwidths]
    left, right = limits([m.intensity for m in roofline.markers] + ridge, 3.0)
    left /= 2.5  # room for the names of the bandwidths
    bottom, top = limits(rates + [c.rate for c in roofline.operations], 3.0)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    tallest = max(c.rate for c in roofline.operations)
    for ceiling in roofline.operations:
        axes.axhline(ceiling.rate, color=style.MUTED, linewidth=1.2, linestyle="-" if ceiling.rate == tallest else "--",
                     zorder=1)
        axes.annotate(f"{ceiling.name}, {engineering(ceiling.rate, 'op/s')}", (right, ceiling.rate), ha="right",
                      va="bottom", xytext=(-3, 2), textcoords="offset points", fontsize=8.5, color=style.MUTED,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8})
    for ceiling in roofline.bandwidths:
        ends = np.array([left, min(right, tallest / ceiling.rate)])
        axes.plot(ends, ends * ceiling.rate, color=style.MUTED, linewidth=1.4, zorder=1)
    for m in roofline.markers:
        if m.ceiling:
            axes.plot([m.intensity] * 2, [m.rate, m.ceiling], ":", color=colours[m.layer], linewidth=1, zorder=2)
            axes.plot(m.intensity, m.ceiling, "_", color=colours[m.layer], markersize=11, markeredgewidth=2, zorder=3)
        if m.layer:
            axes.plot(m.intensity, m.rate, SHAPES[m.phase], color=colours[m.layer], markersize=7,
                      markeredgecolor="white", markeredgewidth=0.6, zorder=4)
        else:
            axes.plot(m.intensity, m.rate, WHOLE, color=style.INK, markersize=12, zorder=4)
    axes.set_xlabel(f"operations per byte to and from the {roofline.memory}")
    axes.set_ylabel("operations a second (multiply-adds; values in digital)")
    axes.set_title(f"Against the {roofline.memory}")


def name_bandwidth(axes, ceiling, above):
    """Names a bandwidth along its line, where the line is in the panel. The layout must be settled."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    low, high = max(left, bottom / ceiling.rate), min(right, top / ceiling.rate)
    if low >= high:
        return
    a, b = axes.transData.transform([(low, low * ceiling.rate), (high, high * ceiling.rate)])
    x = low * (high / low)**0.03
    axes.annotate(f"{ceiling.name}, {engineering(ceiling.rate, 'B/s')}", (x, x * ceiling.rate),
                  xytext=(0, 3 if above else -3), textcoords="offset points",
                  rotation=math.degrees(math.atan2(*(b - a)[::-1])), fontsize=8.5,
                  rotation_mode="anchor", color=style.MUTED, ha="left", va="bottom" if above else "top")
