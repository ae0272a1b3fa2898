"""Reading a Chrome trace in JSON, as `rheo trace --to chrome` writes it."""

import json
import re

import numpy as np

from .errors import BadInput
from .quantities import SECONDS
from .trace import Commands, Trace

MICROSECOND = SECONDS["us"]
START = re.compile(r'"ts":([0-9.]+)')


def unit_of(track):
    """"dma" of the track "dma (2)": commands of one unit that overlap lie on tracks of their own."""
    return re.sub(r" \(\d+\)$", "", track)


def events(path, until):
    """The trace's events one by one; of those that start at `until` (seconds) or later, maybe only {"after": start}.
    A trace is read line by line as rheo writes it (large, or cut off by a kill); one of another layout as a whole.
    BadInput when it is no trace."""
    try:
        with open(path, encoding="utf-8") as stream:
            found = False
            for text in stream:
                text = text.strip().rstrip(",")
                if not text.startswith('{"ph":'):
                    continue
                begins = START.search(text)
                if begins and float(begins[1]) * MICROSECOND >= until:
                    found = True
                    yield {"after": float(begins[1]) * MICROSECOND}  # parsing the rest of a long trace takes its time
                    continue
                try:
                    event = json.loads(text)
                except ValueError:
                    continue  # the last line of a trace that was cut off
                found = True
                yield event
            if found:
                return
            stream.seek(0)
            whole = json.load(stream)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no trace of rheo (HDF5, or Chrome's JSON)"
        raise BadInput(f"{path}: {reason}") from error
    listed = whole.get("traceEvents") if isinstance(whole, dict) else whole
    if not isinstance(listed, list):
        raise BadInput(f"{path}: is no Chrome trace (no traceEvents)")
    yield from listed


class Names:
    """Indices of names in order of appearance."""

    def __init__(self):
        self.known = {}

    def index(self, name):
        """The name's index, a new one for a new name."""
        return self.known.setdefault(name, len(self.known))


def read_window(path, start, end):
    """The Trace of the commands that touch the window."""
    tracks, rows, last = {}, [], 0.0
    units, operations, layers, phases, modes = (Names() for _ in range(5))
    try:
        for event in events(path, end):
            last = max(last, event.get("after", 0.0))
            if event.get("ph") == "M" and event.get("name") == "thread_name":
                tracks[event["tid"]] = unit_of(event["args"]["name"])
            if event.get("ph") != "X":
                continue
            begins = event["ts"] * MICROSECOND
            ends = begins + event["dur"] * MICROSECOND
            last = max(last, ends)
            if begins >= end or ends <= start:
                continue
            unit = tracks.get(event["tid"], f"track {event['tid']}")
            details = event.get("args", {})
            rows.append((units.index(unit), operations.index(event["name"]), layers.index(details.get("layer", "")),
                         phases.index(details.get("phase", event.get("cat", ""))),
                         modes.index(details.get("mode", "")), begins, ends, details.get("bytes", 0),
                         details.get("items", 0)))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: has an event that is not of a Chrome trace: {error!r}") from error
    columns = zip(*rows) if rows else [()] * 9
    kinds = [int] * 5 + [float] * 2 + [int] * 2
    commands = Commands(*(np.array(column, dtype=kind) for column, kind in zip(columns, kinds)))
    return Trace(path, *(list(names.known) for names in (units, operations, layers, phases, modes)), commands, last)
