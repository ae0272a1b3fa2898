"""Reading trace.h5, schema 2, as `rheo run --trace` writes it: one column a quantity; traces/README.md describes it."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from .errors import BadInput
from .trace import Commands, Trace, find

SCHEMA = 2
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


def kinds(file):
    """{column: values} of the kinds of commands."""
    group = file["kinds"]
    count = rows(group)
    return {name: group[name][:count].astype(np.int64) for name in group}


def pieces(file):
    """(kinds, starts, ends, items) of the commands, a piece of them at a time; times are ticks. A command ends `step`
    after the one before it, the first of a program after the end of the program before."""
    group, programs = file["commands"], file["programs"]
    count, whole = rows(group), rows(programs)
    behind = np.cumsum(programs["commands"][:whole]).astype(np.int64)  # the row behind each program
    program_ends = programs["end"][:whole].astype(np.int64)
    last = int(file.attrs["begin"])
    for first in range(0, count, ROWS):
        past = min(first + ROWS, count)
        steps = group["step"][first:past].astype(np.int64)
        ends = np.empty_like(steps)
        row = first
        while row < past:
            program = int(np.searchsorted(behind, row, side="right"))
            stop = min(past, int(behind[program])) if program < whole else past
            part = slice(row - first, stop - first)
            ends[part] = last + np.cumsum(steps[part])
            last = int(ends[stop - first - 1])
            if program < whole and stop == behind[program]:
                last = int(program_ends[program])
            row = stop
        starts = ends - group["duration"][first:past].astype(np.int64)
        yield group["kind"][first:past].astype(np.int64), starts, ends, group["items"][first:past].astype(np.int64)


def read_window(path, start, end):
    """The Trace of the commands that touch the window."""
    with opened(path) as file:
        tick = float(file.attrs["tick_seconds"])
        known = kinds(file)
        parts, last = [], 0.0
        for kind, starts, ends, items in pieces(file):
            last = float(ends[-1] * tick)
            starts, ends = starts * tick, ends * tick
            touching = (starts < end) & (ends > start)
            if touching.any():
                other = {name: known[name][kind[touching]]
                         for name in ("unit", "operation", "layer", "phase", "mode", "bytes")}
                parts.append(Commands(start=starts[touching], end=ends[touching], items=items[touching], **other))
        if parts:
            commands = Commands(*(np.concatenate([getattr(part, name) for part in parts])
                                  for name in Commands.__dataclass_fields__))
        else:
            commands = Commands(*(np.zeros(0, dtype=np.int64) for _ in Commands.__dataclass_fields__))
        lists = [names(file, kind) for kind in ("units", "operations", "layers", "phases", "modes")]
        for index, listed in zip((commands.unit, commands.operation, commands.layer, commands.phase, commands.mode),
                                 lists):
            if len(index) and index.max() >= len(listed):
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
        known, group = kinds(file), file["accesses"]
        parts = list(pieces(file))
        if not parts or not known["accesses"].any():
            raise BadInput(f"{path}: the trace has no memory ranges")
        kind, starts, ends = (np.concatenate([part[i] for part in parts]) for i in range(3))
        starts, ends = starts * tick, ends * tick
        # Of each command the ranges of its kind, which lie one after the other.
        count = known["accesses"]
        of_command = count[kind]
        command = np.repeat(np.arange(len(kind)), of_command)
        within = np.arange(len(command)) - np.repeat(np.cumsum(of_command) - of_command, of_command)
        row = np.repeat((np.cumsum(count) - count)[kind], of_command) + within
        return Accesses(memories(file), names(file, "layers"), group["address"][:].astype(np.int64)[row],
                        group["bytes"][:].astype(np.int64)[row], group["write"][:].astype(bool)[row], starts[command],
                        ends[command], known["layer"][kind][command], float(starts.min()), float(ends.max()))


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
        known, group = kinds(file), file["accesses"]
        kind_of_access = np.repeat(np.arange(len(known["accesses"])), known["accesses"])
        address = group["address"][:len(kind_of_access)].astype(np.int64)
        touching = np.zeros(len(known["accesses"]), dtype=bool)
        for memory in memories(file):
            if memory.name == "dram":
                touching[kind_of_access[(address >= memory.address) & (address < memory.address + memory.bytes)]] = True
        return trace, images, touching[file["commands"]["kind"][:count].astype(np.int64)]


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
