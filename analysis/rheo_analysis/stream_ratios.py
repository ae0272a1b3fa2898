"""Spike ratios of a run on the streaming platform: what its layers saw, beside what the thesis prints and beside the
ratio below which storing spikes as events pays off."""

import json
from pathlib import Path

import numpy as np

from . import style
from .errors import BadInput
from .style import plt

# (key of a layer in report.json, what it is, its marker); the mean is a bar
MARKS = (("spike_ratio_peak", "most at a tick", "v"), ("spike_ratio_printed", "printed in the thesis", "D"),
         ("break_even", "break-even of tick batching, p log2 ST = 1", "_"))


def is_stream_run(folder):
    """Whether a folder holds a report of the streaming platform; False where it cannot be told."""
    try:
        report = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
        return report["config"]["platform"] in ("stream_fpga", "stream_tiles")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def layers_of(run):
    """The report's layers with a spike ratio; BadInput where there are none."""
    layers = [layer for layer in run.report.get("layers", []) if "spike_ratio" in layer]
    if not layers:
        raise BadInput(f"{run.place}: the report has no spike ratios; expected a run of a spiking network")
    return layers


def break_even(layer):
    """The spike ratio p at which p log2 ST is 1: the report has p log2 ST at the mean ratio. None without spikes."""
    return layer["spike_ratio"] / layer["break_even"] if layer.get("break_even") and layer["spike_ratio"] else None


def figure(run):
    """A bar a layer: the share of its inputs that spike, mean over ticks and examples; marks: the largest at a tick,
    the printed one, and the break-even."""
    layers = layers_of(run)
    places = np.arange(len(layers))
    drawing, axes = plt.subplots(figsize=(max(5.6, 2.0 + 1.1 * len(layers)), 4.6), layout="constrained")
    means = [100 * layer["spike_ratio"] for layer in layers]
    axes.bar(places, means, 0.55, color=style.COLOURS[5], label="mean over ticks and examples")
    top = max(means)
    for index, (key, what, marker) in enumerate(MARKS):
        values = [break_even(layer) if key == "break_even" else layer.get(key) or None for layer in layers]
        shown = [(place, 100 * value) for place, value in zip(places, values) if value]
        if shown:
            axes.plot(*zip(*shown), linestyle="", marker=marker, markersize=16 if marker == "_" else 7,
                      markeredgewidth=2.5 if marker == "_" else 0.6, label=what,
                      color=(style.COLOURS[3], style.INK, style.COLOURS[2])[index])
            top = max(top, *(value for _, value in shown))
    axes.set_xticks(places, [f"{layer['name']}\n{mean:.2g} %" for layer, mean in zip(layers, means)])
    axes.set_ylim(0, 1.08 * top)
    axes.grid(axis="x", visible=False)
    axes.set_ylabel("inputs that spike (%)")
    axes.set_title(f"{run.title}: spike ratio at the input of each layer")
    axes.legend(loc="upper left", bbox_to_anchor=(-0.08, -0.14), borderaxespad=0, ncols=2)
    return drawing
