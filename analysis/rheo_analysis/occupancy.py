"""How much of the memories holds values that are still needed, over time.

A range of a memory is live from the start of the command that writes it to the end of the last command that reads it
before it is written again; what is read before anything wrote it is live from the trace's beginning; what nobody reads
is live while it is written. Ranges are those of the trace: the whole tensor part in which a command's accesses lie.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.patches import Patch

from . import style
from .errors import BadInput
from .quantities import engineering, scale_for
from .style import plt
from .trace import find
from .trace_file import read_accesses, read_report
from .utilisation import interval_means
from .window import axis_unit, check_window

BINS = 600
LEFT_OUT = ("host",)  # memory of the host, not of the chip
MOST_LAYERS = 12


@dataclass(frozen=True)
class Live:
    """Intervals in which so many bytes are live, and the layer whose command wrote them (or first read them)."""

    start: np.ndarray
    end: np.ndarray
    bytes: np.ndarray
    layer: np.ndarray


def live_ranges(accesses, memory):
    """The Live intervals of one memory. Its addresses are cut wherever a range begins or ends; in every piece the
    values follow each other, each from a write on (reads of a command come before its writes)."""
    inside = (accesses.address >= memory.address) & (accesses.address < memory.address + max(memory.bytes, 1))
    inside &= accesses.bytes > 0
    rows = np.flatnonzero(inside)
    first, past = accesses.address[rows], accesses.address[rows] + accesses.bytes[rows]
    cuts = np.unique(np.concatenate([first, past]))
    low, high = np.searchsorted(cuts, first), np.searchsorted(cuts, past)
    pieces = high - low
    row = np.repeat(rows, pieces)
    piece = np.repeat(low, pieces) + np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    # Accesses come in the order of commands, but within a command as the trace has them.
    order = np.lexsort((row, accesses.write[row], accesses.end[row], piece))
    row, piece = row[order], piece[order]
    write = accesses.write[row]
    new_piece = np.r_[True, piece[1:] != piece[:-1]]
    begins = np.flatnonzero(write | new_piece)
    start = np.where(write[begins], accesses.start[row[begins]], accesses.first)
    end = np.maximum.reduceat(accesses.end[row], begins)
    same = np.r_[piece[begins][1:] == piece[begins][:-1], False]
    next_start = np.r_[start[1:], np.inf]
    end = np.where(same, np.minimum(end, next_start), end)  # one place holds one value at a time
    kept = end > start
    size = np.diff(cuts)[piece[begins]]
    return Live(start[kept], end[kept], size[kept].astype(float), accesses.layer[row[begins]][kept])


def steps(live):
    """(times, live bytes from each time on)."""
    times = np.concatenate([live.start, live.end])
    change = np.concatenate([live.bytes, -live.bytes])
    order = np.argsort(times, kind="stable")
    times, held = times[order], np.cumsum(change[order])
    last = np.r_[times[1:] != times[:-1], True]  # of several changes at a time only their sum counts
    return times[last], held[last]


def peak(live):
    """(most live bytes, when)."""
    times, held = steps(live)
    return float(held.max()), float(times[held.argmax()])


def largest_in(live, edges):
    """The most live bytes in each bin."""
    times, held = steps(live)
    at_edge = np.r_[0.0, held][np.searchsorted(times, edges[:-1], side="right")]
    largest = at_edge.copy()
    bin_of = np.searchsorted(edges, times, side="right") - 1
    inside = (bin_of >= 0) & (bin_of < len(largest))
    np.maximum.at(largest, bin_of[inside], held[inside])
    return largest


def figure(path, start=None, end=None):
    """A panel a memory of the chip: live bytes over time (default: the whole trace), stacked by the layer that wrote
    them (mean of each of BINS parts of the window), the largest of each part as a line. Dashed: the capacity where the
    report has it; dotted: what the mapping has set aside."""
    path = find(path)
    if path.suffix == ".json":
        raise BadInput(f"{path}: a Chrome trace has no memory ranges; expected the trace.h5 of the run")
    accesses = read_accesses(path)
    start, end = check_window(path, start, end, accesses.last)
    memories = [(memory, live_ranges(accesses, memory)) for memory in accesses.memories
                if memory.name not in LEFT_OUT]
    memories = [(memory, live) for memory, live in memories if len(live.start)]
    if not memories:
        raise BadInput(f"{path}: no command touches a memory of the chip")
    report = read_report(path) or {}
    buffers = {buffer["name"]: buffer for buffer in report.get("memory", {}).get("buffers", [])}
    layers = sorted({int(layer) for _, live in memories for layer in np.unique(live.layer)})
    shown = largest_layers(layers, memories)
    colours = {layer: style.SHARED if accesses.layers[layer] == "shared" else style.shade(index)
               for index, layer in enumerate(sorted(shown, key=lambda l: (accesses.layers[l] == "shared", l)))}
    handles = [Patch(color=colours[layer], label=style.shortened(accesses.layers[layer])) for layer in colours]
    if len(shown) < len(layers):
        handles.append(Patch(color=style.OTHERS, label=f"{len(layers) - len(shown)} others"))
    across = max(1, min(len(handles), int(11 / (0.6 + 0.088 * max(len(h.get_label()) for h in handles)))))
    foot = 0.4 + 0.23 * -(-len(handles) // across)
    height = 3.3 * len(memories) + foot
    drawing, panels = plt.subplots(len(memories), 1, figsize=(11, height), sharex=True, squeeze=False,
                                   layout="constrained")
    drawing.get_layout_engine().set(rect=(0, foot / height, 1, 1 - foot / height))
    edges = np.linspace(start, end, BINS + 1)
    scale, unit_name = axis_unit(start, end)
    for axes, (memory, live) in zip(panels[:, 0], memories):
        draw_memory(axes, memory, live, edges, scale, colours, buffers.get(memory.name, {}))
    panels[-1, 0].set_xlabel(f"simulated time ({unit_name})")
    panels[-1, 0].set_xlim(start / scale, end / scale)
    drawing.legend(handles=handles, loc="lower left", ncols=across, title="written by commands of the layer",
                   alignment="left", title_fontsize=10)
    return drawing


def largest_layers(layers, memories):
    """The layers that hold most, where there are too many for colours."""
    held = {layer: sum(float(((live.end - live.start) * live.bytes)[live.layer == layer].sum())
                       / max(memory.bytes, 1) for memory, live in memories) for layer in layers}
    return sorted(layers, key=lambda layer: -held[layer])[:MOST_LAYERS]


def draw_memory(axes, memory, live, edges, scale, colours, buffer):
    """One memory's panel."""
    limits = {"capacity": buffer.get("capacity_bits", 0) / 8, "set aside": buffer.get("peak_bits", 0) / 8}
    most, when = peak(live)
    largest = largest_in(live, edges)
    limits = {name: size for name, size in limits.items() if 0 < size <= 20 * most}  # a far line flattens the rest
    factor, unit = scale_for([most, *limits.values()], "B")
    middles = (edges[:-1] + edges[1:]) / 2 / scale
    parts, kinds = [], []
    groups = {**{layer: live.layer == layer for layer in colours},
              None: ~np.isin(live.layer, list(colours))}
    for layer, mine in groups.items():
        if mine.any():
            parts.append(factor * interval_means(live.start[mine], live.end[mine], live.bytes[mine], edges))
            kinds.append(colours.get(layer, style.OTHERS))
    axes.stackplot(middles, parts, colors=kinds, step="mid", linewidth=0)
    axes.step(middles, factor * largest, where="mid", color=style.INK, linewidth=0.8)
    for (name, size), line in zip(limits.items(), ("--", ":")):
        axes.axhline(factor * size, color=style.MUTED, linestyle=line if name == "capacity" else ":", linewidth=1.2)
        axes.annotate(f"{name} {engineering(size, 'B')}", (1, factor * size), xycoords=("axes fraction", "data"),
                      xytext=(-4, 2 if name == "capacity" else -2), textcoords="offset points", ha="right",
                      va="bottom" if name == "capacity" else "top", fontsize=9, color=style.MUTED)
    axes.set_ylim(0, 1.12 * factor * max([most, *limits.values()]))
    axes.set_ylabel(f"live ({unit})")
    axes.set_title(f"{memory.name}: at most {engineering(most, 'B')} live, at {engineering(when, 's')}")
