"""What a user names where a run is wanted: the folder of a run, or a point of a sweep."""

from pathlib import Path

from .errors import BadInput
from .reading import read_run
from .sweep_database import read_point


def read_source(text):
    """The run in a folder, or the point of a sweep: "sweep.db#3" (or the sweep's folder, "sweeps/adc#3")."""
    file, _, identity = str(text).rpartition("#")
    if not file or Path(text).exists():
        return read_run(text)
    if not identity.isdecimal():
        raise BadInput(f"{text}: expected the folder of a run, or DATABASE#ID with the number of a point")
    return read_point(file, int(identity))


def read_sources(paths):
    """The runs and points named, in the order given, each once."""
    runs = {}
    for path in paths:
        run = read_source(path)
        runs.setdefault((run.folder.resolve(), run.point), run)
    return list(runs.values())
