"""Reading the commands of a trace, whichever of the two formats it has."""

import numpy as np

from . import chrome_trace, trace_file
from .trace import find


def read(path, start=0.0, end=np.inf):
    """The commands that touch the window from `start` to `end` (seconds) of a trace.h5, or of a Chrome trace in JSON as
    `rheo trace --to chrome` writes it; BadInput says what is wrong with it."""
    path = find(path)
    with path.open("rb") as stream:
        hdf5 = stream.read(8) == b"\x89HDF\r\n\x1a\n"
    return (trace_file if hdf5 else chrome_trace).read_window(path, start, end)
