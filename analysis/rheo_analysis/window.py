"""The part of a trace that a picture shows."""

from .errors import BadInput
from .quantities import SECONDS, engineering
from .trace_reading import read


def check_window(file, start, end, last):
    """(start, end) of the window in a trace that ends at `last`; BadInput where nothing is in it."""
    start = 0.0 if start is None else start
    if end is not None and end <= start:
        raise BadInput(f"--to {engineering(end, 's')}: expected a time after --from, {engineering(start, 's')}")
    if start >= last:
        raise BadInput(f"{file}: no command runs from {engineering(start, 's')} on; "
                       f"the trace ends at {engineering(last, 's')}")
    return start, last if end is None else min(end, last)


def read_part(path, start, end, length=None):
    """(trace of the commands that touch the window, its start, its end) in seconds. Without `end` the window is
    `length` long, without both it reaches to the trace's end. BadInput where nothing happens in it."""
    start = 0.0 if start is None else start
    asked = end if end is not None else start + length if length is not None else float("inf")
    if asked <= start:
        raise BadInput(f"--to {engineering(asked, 's')}: expected a time after --from, {engineering(start, 's')}")
    trace = read(path, start, asked)
    if not len(trace.commands):
        until = f" to {engineering(asked, 's')}" if asked < float("inf") else " on"
        raise BadInput(f"{trace.file}: no command runs from {engineering(start, 's')}{until}; "
                       f"the trace ends at {engineering(trace.last, 's')}")
    return trace, start, min(asked, trace.last)


def axis_unit(start, end):
    """(seconds in the unit, unit) in which the window's ends read well."""
    span = end - start
    for unit in ("s", "ms", "us", "ns"):
        if span >= 2 * SECONDS[unit]:
            return SECONDS[unit], unit.replace("us", "µs")
    return SECONDS["ns"], "ns"
