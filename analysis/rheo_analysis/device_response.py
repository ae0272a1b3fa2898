"""The pulse response of a device: weight against pulses, mean with the band between its percentiles, and a fit."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import style
from .errors import BadInput
from .style import plt


@dataclass(frozen=True)
class Response:
    """Weights after each pulse; `low` and `high` are the 5th and 95th percentile, None where the file has none."""

    pulses: np.ndarray
    mean: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    up: int | None  # pulses before the turn, as the heading says


def read_response(path):
    """The response in a CSV file: pulse index and weight, or pulse index, mean, deviation and percentiles."""
    path = Path(path)
    if not path.is_file():
        raise BadInput(f"{path}: no such file; rheo device response writes one")
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            heading, *rows = csv.reader(stream)
        values = np.array([[float(field) for field in row] for row in rows if row])
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: expected a heading and rows of numbers: {error}") from error
    if values.ndim != 2 or len(values) < 2 or values.shape[1] not in (2, 6) or not np.isfinite(values).all():
        raise BadInput(f"{path}: expected at least two rows of pulse index and weight, or of pulse index, mean, "
                       "deviation and three percentiles")
    turn = re.search(r"1\.\.(\d+) up", heading[0])
    low, high = (values[:, 3], values[:, 5]) if values.shape[1] == 6 else (None, None)
    return Response(values[:, 0], values[:, 1], low, high, int(turn[1]) if turn else None)


def draw(axes, response, colour, label, line="-"):
    """A response: the mean, and the band between the percentiles where there are some."""
    if response.low is not None:
        axes.fill_between(response.pulses, response.low, response.high, color=colour, alpha=0.18, linewidth=0,
                          label=f"{label}, 5 to 95 % of the cells")
        for edge in (response.low, response.high):
            axes.plot(response.pulses, edge, color=colour, linewidth=0.7, linestyle=line)
    axes.plot(response.pulses, response.mean, color=colour, linestyle=line,
              label=f"{label}, mean" if response.low is not None else label)


def figure(response, fitted=None, title=""):
    """A figure of a response, and of the response of a fit to it."""
    drawing, axes = plt.subplots(figsize=(8.2, 5.0), layout="constrained")
    draw(axes, response, style.COLOURS[0], "measured" if fitted else "cells")
    if fitted:
        draw(axes, fitted, style.COLOURS[3], "fitted", "--")
    if response.up is not None and 0 < response.up < response.pulses[-1]:
        axes.axvline(response.up, color=style.MUTED, linewidth=0.8, linestyle=":")
    axes.set_xlim(response.pulses[0], response.pulses[-1])
    axes.set_xlabel("pulse")
    axes.set_ylabel("weight")
    axes.set_title(f"Pulse response{', ' + title if title else ''}")
    axes.legend(loc="best")
    return drawing
