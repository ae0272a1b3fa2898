"""Speed-up of RAPA-ConvNets on the chip against replicas of the first convolution, from benchmark_rapa's JSON file."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from . import style
from .errors import BadInput
from .style import plt

MODES = {"training": "Training step", "evaluation": "Inference"}
UNITS = {"bus": "bus", "buffer": "buffer", "dram": "DRAM", "dma": "DMA", "vector_unit": "vector unit",
         "controller": "controller", "host_port": "host port"}

POSITIONS = (1024, 256, 64)  # of the planes of the three convolutions: vectors an image of one kernel matrix


@dataclass(frozen=True)
class Point:
    """One chip: replicas of the first convolution, seconds an image and the unit that is busiest."""

    replicas: int
    reads: float  # of the arrays, an image, one layer after the other
    seconds: float
    busiest: str
    utilisation: float


def reads(replicas):
    """Array reads an image where replicas work in parallel and layers one after the other."""
    return sum(math.ceil(positions / int(count)) for positions, count in zip(POSITIONS, replicas, strict=True))


def read_study(file):
    """The file's points: {mode: {DRAM bytes a second: [Point]}}, replicas ascending; BadInput says what is wrong."""
    file = Path(file)
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["points"]
        study = {mode: {} for mode in MODES}
        for row in rows:
            for mode in MODES:
                figures = row[mode]
                unit, share = max(figures["utilisation"].items(), key=lambda item: item[1])
                point = Point(int(row["replicas"][0]), reads(row["replicas"]), float(figures["s_per_image"]), unit,
                              float(share))
                if point.replicas < 1 or not point.seconds > 0:
                    raise ValueError("replicas and times must be positive")
                study[mode].setdefault(float(row["dram_bytes_per_s"]), []).append(point)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BadInput(f"{file}: expected what benchmark_rapa --out writes: {error!r}") from error
    for curves in study.values():
        for points in curves.values():
            points.sort(key=lambda point: point.replicas)
            if points[0].replicas != 1:
                raise BadInput(f"{file}: has no chip without replicas to compare with")
    if not study["training"]:
        raise BadInput(f"{file}: has no points; benchmark_rapa --arrays-only measures none")
    return study


def speedups(points):
    """Time without replicas over time, one a point."""
    return [points[0].seconds / point.seconds for point in points]


def name_of(unit):
    """A unit as the picture names it."""
    return UNITS.get(unit, unit.replace("tile ", "tiles of "))


def figure(study):
    """Speed-up against replicas, a panel a mode and a line a bandwidth, the arrays alone grey; at every point of the
    fastest DRAM the busiest unit and its utilisation."""
    drawing, panels = plt.subplots(1, len(MODES), figsize=(12.4, 5.4), sharey=True)
    drawing.subplots_adjust(left=0.06, right=0.99, top=0.93, bottom=0.22, wspace=0.06)
    most = 1.0
    for axes, (mode, title) in zip(panels, MODES.items()):
        curves = sorted(study[mode].items())
        fastest = curves[-1][1]
        replicas = [point.replicas for point in fastest]
        axes.plot(replicas, replicas, "--", color=style.MUTED, label="arrays alone, layers pipelined: n_t")
        axes.plot(replicas, [fastest[0].reads / point.reads for point in fastest], ":", color=style.MUTED,
                  label="arrays alone, layer after layer")
        for index, (bandwidth, points) in enumerate(curves):
            gains = speedups(points)
            most = max(most, *gains)
            axes.plot([point.replicas for point in points], gains, "o-", color=style.colour(index),
                      label=f"DRAM {bandwidth * 1e-9:g} GB/s")
        for point, gain in zip(fastest, speedups(fastest)):
            close = gain > 0.7 * fastest[0].reads / point.reads  # to the grey line above
            axes.annotate(f"{name_of(point.busiest)}\n{100 * point.utilisation:.0f} %", (point.replicas, gain),
                          textcoords="offset points", xytext=(0, -28 if close else 9), ha="center", fontsize=8.5,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85})
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xticks(replicas)
        axes.set_xlim(0.55, 1.9 * replicas[-1])
        axes.set_xlabel("replicas of the first convolution, n_t")
        axes.set_title(title + ", whole chip")
    panels[0].set_ylim(0.6, max(32.0, 2.5 * most))
    panels[0].set_ylabel("speed-up over no replicas")
    handles, names = panels[0].get_legend_handles_labels()
    drawing.legend(handles, names, loc="lower center", ncols=len(names))
    return drawing
