"""A trace in memory: one row a command, of the columns that the pictures need."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import BadInput

MOST_UNITS = 40  # rows of a picture
TOUCHING_S = 1e-12  # overlaps below come from rounding


@dataclass(frozen=True)
class Commands:
    """Commands of a trace, or those that touch a window of it. Names are indices into the lists of Trace; times are
    seconds of simulated time; bytes are those moved to and from memories."""

    unit: np.ndarray
    operation: np.ndarray
    layer: np.ndarray
    phase: np.ndarray
    mode: np.ndarray
    start: np.ndarray
    end: np.ndarray
    bytes: np.ndarray
    items: np.ndarray

    def __len__(self):
        return len(self.start)

    def chosen(self, mask):
        """Those of a mask or an index array."""
        return Commands(*(getattr(self, name)[mask] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Trace:
    """Names and commands; last: when the trace ends (or a time in it after the window that was read)."""

    file: Path
    units: list
    operations: list
    layers: list
    phases: list
    modes: list
    commands: Commands
    last: float


def find(path):
    """The trace file that a path means: itself, or that of a run's folder."""
    path = Path(path)
    if path.is_dir():
        path = next((path / name for name in ("trace.h5", "trace.json") if (path / name).exists()), path / "trace.h5")
    if not path.is_file():
        raise BadInput(f"{path}: no such file; rheo run --trace writes one")
    return path


def lanes_of(start, end):
    """The lane of every command of a unit, from 0: the first that is free at its start."""
    lane = np.zeros(len(start), dtype=int)
    free = []
    for row in np.lexsort((end, start)):
        place = next((i for i, busy_until in enumerate(free) if busy_until <= start[row] + TOUCHING_S), len(free))
        if place == len(free):
            free.append(0.0)
        free[place] = end[row]
        lane[row] = place
    return lane


def most_at_once(start, end):
    """How many of a unit's commands run at a time at most: its lanes."""
    times = np.concatenate([start, end - TOUCHING_S])
    order = np.argsort(times, kind="stable")
    return int(np.cumsum(np.repeat([1, -1], len(start))[order]).max())


def natural(name):
    """Sort key that puts tile2 before tile10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def rows_of(trace):
    """({unit: number of lanes} from top to bottom: tiles, then the other units; units left out because there are more
    than MOST_UNITS, the least busy). Units are indices."""
    commands = trace.commands
    lanes, busy = {}, {}
    for unit in np.unique(commands.unit):
        mine = commands.unit == unit
        lanes[unit] = most_at_once(commands.start[mine], commands.end[mine])
        busy[unit] = float((commands.end[mine] - commands.start[mine]).sum())
    kept = sorted(lanes, key=lambda unit: -busy[unit])[:MOST_UNITS]
    kept.sort(key=lambda unit: (not trace.units[unit].startswith("tile"), natural(trace.units[unit])))
    return {unit: lanes[unit] for unit in kept}, len(lanes) - len(kept)
