"""Roofline of a run (Williams, Waterman and Patterson 2009): operations a second against operations per byte.

A marker is a layer and phase of the training (of a run that does not train: of its inference):
  operations = rows x columns x vectors x images of the layer: multiply-adds of the network in forward, backward and
               update, however the tiles do them (a repeated read counts once, a skipped vector of zeros counts);
               in the digital phase the values that the vector unit takes: its issues x its lanes;
  seconds    = time during which at least one unit works on that layer and phase, from the trace;
  bytes      = what those commands moved to and from the buffer, from the trace;
  rate       = operations / seconds; intensity = operations / bytes.
Against the DRAM a marker is a layer: the multiply-adds of all its phases, the bytes of its DMA transfers with the DRAM,
the time during which any unit works on it. The whole run: all multiply-adds, the actions bram.* and dram.*, simulated
time; it needs no trace.

Roofs (ceilings.py): a tile's full matrix every read interval, or at the best update interval, times tiles; lanes of
the vector unit; banks x ports x width of the buffer; channels x width of the bus; channels x rate of the DRAM. A
layer's own roof is that of its matrix: what is not used of a tile does not count.
Streaming platform: operations = rows x columns x vectors x ticks x examples (synapses, spiking or not), layers against
the DRAM bytes of the whole network, roofs PE x SIMD x clock and the DMA's width x clock.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import ceilings
from .errors import BadInput
from .metrics import value_at
from .quantities import engineering, significant
from .reading import Run
from .report_shape import problem
from .sweep_table import note
from .table_formats import FORMATS, NONE

MATRIX_PHASES = ("forward", "backward", "update")


@dataclass(frozen=True)
class Marker:
    """A layer and phase, a layer (phase ""), or the whole run (layer "")."""

    layer: str
    phase: str
    operations: float
    bytes: float
    seconds: float
    ceiling: float | None = None  # of the layer's own matrices

    @property
    def intensity(self):
        """Operations per byte."""
        return self.operations / self.bytes

    @property
    def rate(self):
        """Operations a second."""
        return self.operations / self.seconds


@dataclass(frozen=True)
class Roofline:
    """Markers and roofs against one memory."""

    memory: str
    markers: list
    operations: list  # Ceiling, operations a second
    bandwidths: list  # Ceiling, bytes a second


def union_length(start, end):
    """Seconds that at least one of the intervals covers."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], np.maximum.accumulate(end[order])
    gaps = np.clip(start[1:] - end[:-1], 0, None).sum()
    return float(end[-1] - start[0] - gaps) if len(start) else 0.0


def rooflines(run, trace_path=None):
    """The Rooflines of a run, with a marker a layer where there is a trace."""
    if not run.report.get("layers"):
        raise BadInput(f"{run.place}: the report has no layers")
    if run.config.get("platform") == "stream_fpga":
        return [of_stream(run)]
    facts = Facts(run, trace_path)
    return [against_buffer(facts), against_dram(facts)]


class Facts:
    """What the markers of the analog chip are made of."""

    def __init__(self, run, trace_path):
        self.run = run
        self.mode = "training" if run.activity == "training" else "evaluation"
        self.layers = {layer["name"]: layer for layer in run.report["layers"]}
        self.commands, self.images = None, None
        if trace_path is not None:
            from .trace_file import read_whole_programs
            trace, images, dram = read_whole_programs(trace_path)
            self.images = images.get(self.mode, 0)
            if not self.images:
                raise BadInput(f"{trace_path}: the trace holds no whole program of {self.mode}")
            self.trace, self.dram = trace, dram
            self.commands = trace.commands.mode == trace.modes.index(self.mode)
        present = set() if self.commands is None else {
            trace.operations[i] for i in np.unique(trace.commands.operation[self.commands])}
        self.digital_gradient = "accumulate" in present or bool(run.report.get("idealised"))
        self.roofs = ceilings.analog_ceilings(run, ("update",) if self.mode == "training" else (),
                                              self.digital_gradient)

    def matrix_operations(self, name):
        """Multiply-adds an image of a layer with a matrix in one phase; 0 of others."""
        layer = self.layers.get(name)
        return layer["rows"] * layer["columns"] * layer["vectors"] if layer else 0

    def phases_of(self, name):
        """The matrix phases that a layer has: the report gives their times."""
        return [phase for phase in MATRIX_PHASES if self.layers[name].get(f"{phase}_s", 0) > 0]

    def whole(self, unit_bytes):
        """The marker of the whole run, its bytes as given; None where images, bytes or time are not there."""
        images = value_at(self.run.report, "images.train" if self.mode == "training" else "images.test")
        passes = len(self.run.report["accuracy"]["epochs"]) if self.mode == "training" else \
            value_at(self.run.report, "accuracy.predictions_per_image") or 1
        seconds = value_at(self.run.report, "time.simulated_s")
        if not (images and unit_bytes and seconds):
            return None
        operations = images * passes * sum(self.matrix_operations(name) * len(self.phases_of(name))
                                           for name in self.layers)
        return Marker("", "", operations, unit_bytes, seconds)

    def action_bytes(self, bits_of):
        """Bytes of counted actions, {action: bits of one}."""
        counts = self.run.report.get("actions") or {}
        return sum(counts.get(name, 0) * bits / 8 for name, bits in bits_of.items())


def against_buffer(facts):
    """Markers of layers and phases."""
    markers = []
    port = ceilings.Configuration(facts.run.config).number("buffer.port_bits")
    if facts.commands is not None:
        trace, commands = facts.trace, facts.trace.commands
        lanes = ceilings.Configuration(facts.run.config).number("vector_unit.lanes")
        for layer_index, name in enumerate(trace.layers):
            for phase_index, phase in enumerate(trace.phases):
                mine = facts.commands & (commands.layer == layer_index) & (commands.phase == phase_index)
                if phase == "transfer" or not mine.any():
                    continue
                part = commands.chosen(mine)
                operations = (float(part.items.sum()) * lanes if phase == "digital"
                              else facts.matrix_operations(name) * facts.images)
                if operations and part.bytes.sum():
                    own = ceilings.layer_ceiling(facts.run.config, facts.layers[name], phase, facts.digital_gradient) \
                        if phase in MATRIX_PHASES else None
                    markers.append(Marker(name, phase, operations, float(part.bytes.sum()),
                                          union_length(part.start, part.end), own))
    whole = facts.whole(facts.action_bytes({"bram.read": port, "bram.write": port}))
    return Roofline("buffer", markers + [whole] * (whole is not None), facts.roofs[0], facts.roofs[1])


def against_dram(facts):
    """Markers of layers."""
    markers = []
    if facts.commands is not None:
        trace, commands = facts.trace, facts.trace.commands
        for layer_index, name in enumerate(trace.layers):
            mine = facts.commands & (commands.layer == layer_index)
            moved = float(commands.bytes[mine & facts.dram].sum()) / 2  # a transfer counts both ends
            if name in facts.layers and moved:
                operations = facts.matrix_operations(name) * len(facts.phases_of(name)) * facts.images
                part = commands.chosen(mine)
                markers.append(Marker(name, "", operations, moved, union_length(part.start, part.end)))
    whole = facts.whole(facts.action_bytes({"dram.read": 1, "dram.write": 1}))
    return Roofline("DRAM", markers + [whole] * (whole is not None), facts.roofs[0][:1], facts.roofs[2])


def of_stream(run):
    """The streaming platform: all layers work at a time."""
    rates, operations, bandwidths = ceilings.stream_ceilings(run)
    moved = (value_at(run.report, "memory.dram_read_bytes") or 0) + \
        (value_at(run.report, "memory.dram_written_bytes") or 0)
    seconds = value_at(run.report, "time.simulated_s")
    passes = (value_at(run.report, "examples") or 0) * (value_at(run.report, "ticks") or 0)
    if not (moved and seconds and passes):
        raise BadInput(f"{run.place}: the report has no examples, ticks, time or DRAM traffic")
    counts = [layer["rows"] * layer["columns"] * layer["vectors"] * passes for layer in run.report["layers"]]
    markers = [Marker(layer["name"], "forward", count, moved, seconds, rate)
               for layer, count, rate in zip(run.report["layers"], counts, rates)]
    markers.append(Marker("", "", sum(counts), moved, seconds))
    return Roofline("DRAM", markers, operations, bandwidths)


def read(path):
    """(run, trace file or None) of a run's folder, or of a trace.h5 that holds the report of its run."""
    from .sources import read_source
    path = Path(path)
    if path.is_file() and path.suffix == ".h5":
        from .trace_file import read_report
        report = read_report(path)
        if report is None:
            raise BadInput(f"{path}: the trace has no report: its run did not end")
        if wrong := problem(report):
            raise BadInput(f"{path}: its report: {wrong}")
        return Run(path.parent, report, str(path)), path
    run = read_source(path)
    trace = run.folder / "trace.h5"
    return run, trace if trace.is_file() and not run.point else None


def bound(marker, roofline):
    """The least of the roofs above the marker: what its intensity allows, and its own roof."""
    roofs = [marker.intensity * ceiling.rate for ceiling in roofline.bandwidths]
    roofs += [marker.ceiling] if marker.ceiling else [roofline.operations[0].rate] if marker.phase != "digital" else [
        ceiling.rate for ceiling in roofline.operations if ceiling.name == "vector unit"]
    return min(roofs)


def text(run, found, kind="markdown"):
    """A table of all markers. CSV: SI units, all digits."""
    headings = ["against", "layer", "phase", "operations", "bytes", "time", "operations/byte", "operations/s",
                "of the roof"]
    rows = []
    for roofline in found:
        for m in roofline.markers:
            share = m.rate / bound(m, roofline)
            cells = [roofline.memory, m.layer or "whole run", m.phase or ("all" if m.layer else NONE)]
            if kind == "csv":
                rows.append(cells + [repr(float(v)) for v in (m.operations, m.bytes, m.seconds, m.intensity, m.rate,
                                                              share)])
            else:
                rows.append(cells + [engineering(m.operations, "op"), engineering(m.bytes, "B"),
                                     engineering(m.seconds, "s"), significant(m.intensity),
                                     engineering(m.rate, "op/s"), f"{100 * share:.1f} %"])
    roofs = {c.name: f"{c.name} {engineering(c.rate, unit)}" for roofline in found
             for ceilings_of, unit in ((roofline.operations, "op/s"), (roofline.bandwidths, "B/s"))
             for c in ceilings_of}
    return note(f"{run.title}, {run.device}, {run.activity}. Roofs: {', '.join(roofs.values())}.", kind) + \
        FORMATS[kind](headings, rows)
