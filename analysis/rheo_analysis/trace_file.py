"""Reading trace.h5, schema 1, as `rheo run --trace` writes it: one column a quantity; traces/README.md describes it."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from .errors import BadInput
from .trace import Commands, Trace, find

SCHEMA = 1
ROWS = 1 << 20  # read at a time


@contextmanager
def opened(path):
    """The file, open for reading, also while it is being written and after a kill. Whatever is wrong with it becomes
    BadInput."""
    try:
        try:
            file = h5py.File(path, "r")
        except OSError:
            file = h5py.File(path, "r", swmr=True)  # being written, or left by a kill
        with file:
            if "schema" not in file.attrs or "commands" not in file:
                raise BadInput(f"{path}: is no trace of rheo")
            if file.attrs["schema"] != SCHEMA:
                raise BadInput(f"{path}: has schema {file.attrs['schema']}; this version reads schema {SCHEMA}")
            yield file
    except OSError as error:
        raise BadInput(f"{path}: cannot be read as a trace: {error}".replace("\n", " ")) from error
    except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        raise BadInput(f"{path}: is no complete trace: {error}".replace("\n", " ")) from error


def names(file, kind):
    """The names that indices of a kind stand for."""
    return [name.decode() for name in file["names"][kind][:]]


def rows(group):
    """Rows that all columns of a group have: a killed run leaves them at different lengths."""
    return min(len(column) for column in group.values())


def read_window(path, start, end):
    """The Trace of the commands that touch the window."""
    with opened(path) as file:
        tick = float(file.attrs["tick_seconds"])
        group = file["commands"]
        count = rows(group)
        parts = []
        for first in range(0, count, ROWS):
            part = slice(first, min(first + ROWS, count))
            starts, ends = group["start"][part] * tick, group["end"][part] * tick
            touching = (starts < end) & (ends > start)
            if touching.any():
                other = {name: group[name][part][touching].astype(np.int64)
                         for name in ("unit", "operation", "layer", "phase", "mode", "bytes", "items")}
                parts.append(Commands(start=starts[touching], end=ends[touching], **other))
        if parts:
            commands = Commands(*(np.concatenate([getattr(part, name) for part in parts])
                                  for name in Commands.__dataclass_fields__))
        else:
            commands = Commands(*(np.zeros(0, dtype=np.int64) for _ in Commands.__dataclass_fields__))
        last = float(group["end"][count - 1] * tick) if count else 0.0
        lists = [names(file, kind) for kind in ("units", "operations", "layers", "phases", "modes")]
        for index, known in zip((commands.unit, commands.operation, commands.layer, commands.phase, commands.mode),
                                lists):
            if len(index) and index.max() >= len(known):
                raise BadInput(f"{path}: is no complete trace: a command has a name of no list")
        return Trace(Path(path), *lists, commands, last)


@dataclass(frozen=True)
class Memory:
    """One memory of the address map."""

    name: str
    address: int
    bytes: int


@dataclass(frozen=True)
class Accesses:
    """Memory ranges that commands read or wrote, in the order of the ends of their commands. start, end: of the
    command, seconds; layer: index into `layers`."""

    memories: list
    layers: list
    address: np.ndarray
    bytes: np.ndarray
    write: np.ndarray
    start: np.ndarray
    end: np.ndarray
    layer: np.ndarray
    first: float  # when the trace begins
    last: float


def read_accesses(path):
    """All memory ranges of a trace; BadInput where it has none."""
    with opened(path) as file:
        if "accesses" not in file or "memories" not in file:
            raise BadInput(f"{path}: the trace has no memory ranges")
        tick = float(file.attrs["tick_seconds"])
        commands, group = file["commands"], file["accesses"]
        known = rows(commands)
        command = group["command"][:rows(group)].astype(np.int64)
        count = int(np.searchsorted(command, known))  # of a killed run some belong to commands that were not written
        if count == 0:
            raise BadInput(f"{path}: the trace has no memory ranges")
        command = command[:count]
        starts, ends = commands["start"][:known] * tick, commands["end"][:known] * tick
        return Accesses(memories(file), names(file, "layers"), group["address"][:count].astype(np.int64),
                        group["bytes"][:count].astype(np.int64), group["write"][:count].astype(bool), starts[command],
                        ends[command], commands["layer"][:known].astype(np.int64)[command], float(starts.min()),
                        float(ends.max()))


def read_whole_programs(path):
    """(Trace of the program runs that the file holds as a whole, {mode: their images}, which commands touch the
    DRAM)."""
    trace = read_window(path, 0.0, np.inf)
    with opened(path) as file:
        programs = file["programs"]
        commands = np.cumsum(programs["commands"][:rows(programs)]).astype(np.int64)
        whole = int(np.searchsorted(commands, len(trace.commands), side="right"))
        images = {}
        for mode, count in zip(programs["mode"][:whole], programs["images"][:whole]):
            images[trace.modes[int(mode)]] = images.get(trace.modes[int(mode)], 0) + int(count)
        count = int(commands[whole - 1]) if whole else 0
        trace = replace(trace, commands=trace.commands.chosen(slice(count)))
        touching = np.zeros(count, dtype=bool)
        for memory in memories(file):
            if memory.name == "dram":
                group = file["accesses"]
                command = group["command"][:rows(group)].astype(np.int64)
                address = group["address"][:len(command)].astype(np.int64)
                inside = (address >= memory.address) & (address < memory.address + memory.bytes) & (command < count)
                touching[command[inside]] = True
        return trace, images, touching


def memories(file):
    """The address map."""
    return [Memory(name.decode(), int(address), int(size))
            for name, address, size in zip(*(file["memories"][key][:] for key in ("name", "address", "bytes")))]


def read_report(path):
    """The report.json in a trace, or None: the run did not end, or it is no trace.h5."""
    path = find(path)
    if not h5py.is_hdf5(path):
        return None
    with opened(path) as file:
        text = bytes(file["report"][:]).decode()
        return json.loads(text) if text else None  # ValueError: no complete trace
