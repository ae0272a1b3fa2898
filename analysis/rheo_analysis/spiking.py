"""What `rheo train-spiking` measured of a spiking network: accuracy against SNR, confusion, spike ratios; and what
`rheo spiking-widths` measured of it in fixed point."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy

from . import style
from .errors import BadInput
from .style import plt


@dataclass(frozen=True)
class SpikingRun:
    """One trained network's report.json."""

    folder: Path
    network: str
    classes: list
    accuracy: dict
    confusion: dict  # title: labels x predictions
    ratios: list  # layers, the input of the first one first


def accuracy_of(accuracy):
    """The accuracies as numbers: top1, and of examples with an SNR by_snr, top1_from, snr_from_db."""
    found = {"top1": float(accuracy["top1"])}
    if accuracy.get("by_snr"):
        found["by_snr"] = [{key: float(row[key]) for key in ("snr_db", "top1")} for row in accuracy["by_snr"]]
        found |= {key: float(accuracy[key]) for key in ("top1_from", "snr_from_db")}
    return found


def read_run(folder):
    """BadInput says what is wrong."""
    file = Path(folder) / "report.json"
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
        if report["kind"] != "spiking training on the host":
            raise ValueError("another kind of report")
        accuracy = accuracy_of(report["accuracy"])
        tables = {"all": report["confusion"]}
        if "by_snr" in accuracy and report["confusion_from"] != report["confusion"]:
            tables = {"all SNRs": report["confusion"],
                      f"SNR ≥ {accuracy['snr_from_db']:g} dB": report["confusion_from"]}
        confusion = {title: numpy.array(table, dtype=float) for title, table in tables.items()}
        classes = list(report["classes"])
        if any(table.shape != (len(classes), len(classes)) for table in confusion.values()):
            raise ValueError("a confusion matrix of another size than the classes")
        ratios = [{"name": str(layer["input_of"]), "printed": float(layer["printed"]), "mean": float(layer["mean"]),
                   "by_tick": numpy.array(layer["by_tick"], dtype=float)} for layer in report["spike_ratio"]]
        if any(layer["by_tick"].ndim != 1 for layer in ratios):
            raise ValueError("spike ratios that are no list")
        return SpikingRun(Path(folder), str(report["network"]["name"]), classes, accuracy, confusion, ratios)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{file}: expected what rheo train-spiking writes: {error!r}") from error


def accuracy_figure(runs):
    """Accuracy against SNR, a line a run."""
    drawing, axes = plt.subplots(figsize=(7.2, 4.4))
    for index, run in enumerate(runs):
        rows = run.accuracy.get("by_snr")
        if not rows:
            raise BadInput(f"{run.folder}: its examples have no SNR")
        label = run.network if len({r.network for r in runs}) == len(runs) else run.folder.name
        axes.plot([row["snr_db"] for row in rows], [100 * row["top1"] for row in rows], marker="o",
                  color=style.colour(index), linestyle=style.line(index),
                  label=f"{label}: {100 * run.accuracy['top1']:.1f} % in all, "
                        f"{100 * run.accuracy['top1_from']:.1f} % from {run.accuracy['snr_from_db']:g} dB on")
    axes.axhline(100 / len(runs[0].classes), color=style.MUTED, linestyle=":", label="chance")
    axes.set_ylim(0, 100)
    axes.set_xlabel("signal-to-noise ratio (dB)")
    axes.set_ylabel("test accuracy (%)")
    axes.legend(loc="best")
    drawing.tight_layout()
    return drawing


def confusion_figure(run):
    """Predictions of each class in percent of its examples."""
    drawing, panels = plt.subplots(1, len(run.confusion), squeeze=False,
                                   figsize=((1.6 + 0.5 * len(run.classes)) * len(run.confusion),
                                            1.8 + 0.42 * len(run.classes)))
    for axes, (title, table) in zip(panels[0], run.confusion.items()):
        shares = 100 * table / numpy.maximum(table.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        ticks = range(len(run.classes))
        axes.set_xticks(ticks, run.classes, rotation=60, ha="right")
        axes.set_yticks(ticks, run.classes)
        axes.grid(False)
        for row in ticks:
            for column in ticks:
                if shares[row, column] >= 1:
                    axes.text(column, row, f"{shares[row, column]:.0f}", ha="center", va="center", fontsize=8,
                              color="white" if shares[row, column] > 55 else style.INK)
        axes.set_xlabel("predicted")
        right = numpy.trace(table) / max(table.sum(), 1)
        axes.set_title(f"{run.network}{'' if title == 'all' else ', ' + title}: {100 * right:.1f} %")
    panels[0][0].set_ylabel("label")
    drawing.tight_layout()
    return drawing


def ratios_figure(run):
    """Share of each layer's inputs that spike, tick by tick, mean of the test set; dotted: the maximum that the thesis
    prints (tables 2.3, 2.5 and 2.8), which a mean stays below (figures 2.12, 2.14 and 2.16)."""
    layers = [layer for layer in run.ratios if not layer["name"].startswith("(")]  # what leaves the network is no input
    drawing, axes = plt.subplots(figsize=(9.6, 4.6 + 0.22 * -(-len(layers) // 2)), layout="constrained")
    for index, layer in enumerate(layers):
        axes.plot(range(1, len(layer["by_tick"]) + 1), 100 * layer["by_tick"], color=style.colour(index),
                  linestyle=style.line(index), label=f"{layer['name']}: mean {100 * layer['mean']:.2g} %" +
                  (f" (printed maximum {100 * layer['printed']:.2g} %)" if layer["printed"] else ""))
        if layer["printed"]:
            axes.axhline(100 * layer["printed"], color=style.colour(index), linestyle=":", linewidth=1)
    axes.set_xlabel("tick")
    axes.set_ylabel("inputs that spike (%)")
    axes.set_ylim(bottom=0)
    axes.set_title(f"{run.network}: spike ratio at the input of each layer")
    axes.legend(loc="upper left", bbox_to_anchor=(-0.05, -0.14), borderaxespad=0, ncols=2)
    return drawing


def read_widths(file):
    """Rows of rheo spiking-widths as dictionaries of numbers; the leak stays text."""
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            rows = [{key: value if key == "decay" else float(value) for key, value in row.items()}
                    for row in csv.DictReader(stream)]
        wanted = {"weight_bits", "membrane_bits", "membrane_range", "accuracy", "float_accuracy"}
        if not rows or not wanted <= rows[0].keys():
            raise ValueError("rows or columns are missing")
        return rows
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{file}: expected what rheo spiking-widths writes: {error!r}") from error


RANGE_LINES = ("-", "--", "-.", ":")


def widths_curve(rows, key):
    """(the width that is held, {range in thresholds: rows in ascending order of `key`}) of one of the two widths: the
    other is held where the most rows hold it."""
    other = "membrane_bits" if key == "weight_bits" else "weight_bits"
    values = [row[other] for row in rows]
    held = max(set(values), key=lambda value: (values.count(value), value))
    curves = {}
    for row in sorted((row for row in rows if row[other] == held), key=lambda row: row[key]):
        curves.setdefault(row["membrane_range"], []).append(row)
    return held, {room: curve for room, curve in sorted(curves.items()) if len(curve) > 1}


def widths_figure(rows):
    """Spikes that differ, accuracy, and membranes that were cut off at their lowest value, against the width of weights
    and of membranes; a line style for each range that membranes were given."""
    drawing, panels = plt.subplots(3, 2, figsize=(10.4, 8.6), sharex="col", sharey="row")
    layers = [name.removeprefix("mismatch_") for name in rows[0] if name.startswith("mismatch_")]
    for column, (key, title) in enumerate((("weight_bits", "weights"), ("membrane_bits", "membranes"))):
        mismatch, accuracy, clipped = panels[:, column]
        held, curves = widths_curve(rows, key)
        for number, (room, points) in enumerate(curves.items()):
            bits = [row[key] for row in points]
            line = RANGE_LINES[number % len(RANGE_LINES)]
            for index, name in enumerate(layers):
                mismatch.plot(bits, [100 * row[f"mismatch_{name}"] for row in points], marker="o", linestyle=line,
                              color=style.colour(index), label=name if number == 0 else None)
                clipped.plot(bits, [100 * row[f"clipped_{name}"] for row in points], marker="o", linestyle=line,
                             color=style.colour(index))
            label = "fixed point" if len(curves) == 1 else f"fixed point, room for {room:g} thresholds"
            accuracy.plot(bits, [100 * row["accuracy"] for row in points], marker="o", linestyle=line,
                          color=style.colour(0), label=label)
        accuracy.axhline(100 * rows[0]["float_accuracy"], color=style.MUTED, linestyle=":", label="floating point")
        mismatch.set_title(f"{title} (the other {held:g} bits)")
        clipped.set_xticks(sorted({row[key] for points in curves.values() for row in points}))
        clipped.set_xlabel(f"bits of {title}")
    panels[0][0].set_yscale("log")
    panels[0][0].set_ylabel("spikes that differ\n(% of the spikes)")
    panels[1][0].set_ylabel("test accuracy (%)")
    panels[2][0].set_ylabel("membranes cut off\n(% of the updates)")
    panels[0][0].legend(loc="lower left")
    panels[1][1].legend(loc="best")
    drawing.tight_layout()
    return drawing
