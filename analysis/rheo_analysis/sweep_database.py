"""Reading the results database of `rheo sweep` (SQLite, schema 1), and repeats over seeds.

Tables: sweep(key, value), among the keys schema, name and repeats; axis(position, key, kind: list | range | log_range);
objective(position, name, goal: min | max), the name a dotted path of report.json; point(id, generation, seed, settings,
config_hash, status, wall_s, error, config, report, objectives, feasible): settings and objectives are JSON objects,
report a report.json, feasible is 0 where the report breaks a constraint of the sweep.
"""

import json
import math
import re
import sqlite3
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from .errors import BadInput
from .metrics import goal_of, is_number, value_at
from .reading import Run
from .report_shape import problem

SCHEMA = "1"
TABLES = ("sweep", "axis", "objective", "point")
KINDS = ("list", "range", "log_range")
GOALS = ("min", "max")
STATUSES = ("done", "failed", "excluded", "running", "waiting")
PATIENCE_S = 2.0  # for a writer to finish


@dataclass(frozen=True)
class Axis:
    """One swept configuration key; kind: list, range or log_range."""

    key: str
    kind: str


@dataclass(frozen=True)
class Objective:
    """What is wanted: a dotted path of report.json, as small (goal min) or as large (goal max) as possible."""

    name: str
    goal: str


@dataclass(frozen=True)
class Point:
    """One run of the sweep; objectives that the report lacks or that are not finite are left out."""

    id: int
    generation: int
    seed: int
    settings: dict  # axis key: value
    config_hash: str  # "": the configuration was refused
    status: str  # one of STATUSES
    wall_s: float | None  # of all its processes together
    error: str
    objectives: dict  # name: number
    feasible: bool = True  # keeps the constraints on figures of its report


@dataclass
class Configuration:
    """The points of one setting of the axes, which differ in nothing but the seed. done: those with a result, each
    configuration once. Means and deviations are over those that are done and have the objective."""

    settings: dict
    points: list = field(default_factory=list)
    done: list = field(default_factory=list)

    def is_candidate(self, names, repeats):
        """Whether it is comparable: as many repeats as the sweep has are done, keep the constraints and have every
        objective."""
        whole = [point for point in self.done if point.feasible and all(name in point.objectives for name in names)]
        return len(whole) >= repeats

    def values(self, name):
        """The objective's value of each repeat that has it."""
        return [point.objectives[name] for point in self.done if name in point.objectives]

    def mean(self, name):
        """Mean over the repeats, or None."""
        values = self.values(name)
        return statistics.fmean(values) if values else None

    def deviation(self, name):
        """Sample standard deviation over the repeats; None of fewer than two."""
        values = self.values(name)
        return statistics.stdev(values) if len(values) > 1 else None


@dataclass(frozen=True)
class Sweep:
    """One sweep: what was varied, what was wanted, and every point in the order of the ids."""

    file: Path
    name: str
    axes: list
    objectives: list
    points: list
    repeats: int = 1  # seeds of each configuration

    def configurations(self):
        """The points by their settings, in order of appearance; a swept seed counts as a repeat. A configuration has one
        result: of the points with the same hash, whatever their settings, the first that is done counts."""
        found, seen = {}, set()
        for point in self.points:
            settings = {key: value for key, value in point.settings.items() if key != "seed"}
            key = json.dumps(settings, sort_keys=True)
            configuration = found.setdefault(key, Configuration(settings))
            configuration.points.append(point)
            if point.status == "done" and point.config_hash not in seen:
                configuration.done.append(point)
                if point.config_hash:
                    seen.add(point.config_hash)
        return list(found.values())

    def varied(self):
        """The axes without the seed."""
        return [axis for axis in self.axes if axis.key != "seed"]

    def counts(self):
        """{status: points}, done first."""
        counted = {status: sum(point.status == status for point in self.points) for status in STATUSES}
        return {status: count for status, count in counted.items() if count}

    def summary(self):
        """"name: 200 points, 190 done, 10 failed"."""
        parts = ", ".join(f"{count} {status}" for status, count in self.counts().items())
        broken = sum(point.status == "done" and not point.feasible for point in self.points)
        if broken:
            parts += f" ({broken} of those done break a constraint)"
        return f"{self.name}: {len(self.points)} point{'' if len(self.points) == 1 else 's'}, {parts or 'none run'}"


def connect(file):
    """A connection that only reads. BadInput when the file is none of SQLite or is locked."""
    file = Path(file)
    if file.is_dir() and (file / "sweep.db").exists():
        file = file / "sweep.db"
    if not file.is_file():
        raise BadInput(f"{file}: no such file; expected the database that rheo sweep writes (sweep.db)")
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=PATIENCE_S), file


def query(file, read):
    """`read(connection)` in one transaction, errors of SQLite as BadInput."""
    connection, file = connect(file)
    try:
        connection.execute("BEGIN")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if missing := [table for table in TABLES if table not in tables]:
            raise BadInput(f"{file}: is no database of rheo sweep (no table {missing[0]})")
        schema = connection.execute("SELECT value FROM sweep WHERE key = 'schema'").fetchone()
        if schema is None or str(schema[0]) != SCHEMA:
            raise BadInput(f"{file}: has schema {schema[0] if schema else 'none'}; this version reads schema {SCHEMA}")
        return read(connection)
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{file}: cannot be read as a database of rheo sweep: {first_line(str(error))}") from error
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInput(f"{file}: holds what rheo sweep does not write: {first_line(str(error))}") from error
    finally:
        connection.close()


def read_sweep(file, names=None):
    """The sweep in a database. `names`: the objectives to look at instead of the sweep's own, each "path", "path=min"
    or "path=max" of report.json (without goal: that of the sweep, else accuracies and rates max, all else min)."""
    def read(connection):
        facts = dict(connection.execute("SELECT key, value FROM sweep"))
        axes = [Axis(as_text(key, "key of an axis"), one_of(kind, KINDS, "kind of an axis"))
                for key, kind in connection.execute("SELECT key, kind FROM axis ORDER BY position")]
        own = [Objective(as_text(name, "name of an objective"), one_of(goal, GOALS, "goal of an objective"))
               for name, goal in connection.execute("SELECT name, goal FROM objective ORDER BY position")]
        objectives = own if names is None else [chosen(name, own) for name in names]
        # Reports are large: they are read only for what the objectives do not hold.
        lacking = any(objective.name not in {o.name for o in own} for objective in objectives)
        points = []
        for row in connection.execute(
                "SELECT id, generation, seed, settings, config_hash, status, wall_s, error, objectives, feasible, "
                f"{'report' if lacking else 'NULL'} FROM point ORDER BY id"):
            identity, generation, seed, settings, config_hash, status, wall_s, error, values, feasible, report = row
            points.append(Point(whole(identity, "id"), whole(generation, "generation"), whole(seed, "seed"),
                                as_object(settings, "settings"), as_text(config_hash, "config_hash"),
                                one_of(status, STATUSES, "status"), as_time(wall_s), as_text(error, "error"),
                                numbers(objectives, as_object(values, "objectives"), as_object(report, "report")),
                                whole(feasible, "feasible") != 0))
        return Sweep(Path(file), as_text(facts.get("name"), "name") or Path(file).stem, axes, objectives, points,
                     as_repeats(facts.get("repeats")))

    sweep = query(file, read)
    if names is None and not sweep.objectives:
        raise BadInput(f"{file}: the sweep has no objectives; name some, such as --objectives "
                       "accuracy.final,energy.total_j")
    for objective in sweep.objectives:
        if not any(objective.name in point.objectives for point in sweep.points if point.status == "done"):
            if not any(point.status == "done" for point in sweep.points):
                raise BadInput(f"{file}: no point is done ({sweep.summary()})")
            raise BadInput(f"{file}: no point has a figure {objective.name}; expected a path of report.json such as "
                           "accuracy.final")
    return sweep


# SQLite lets every column hold everything; these say what is meant, by a ValueError.

def as_object(text, column):
    """A column's JSON object, empty where the column is."""
    value = json.loads(as_text(text, column) or "{}")
    if not isinstance(value, dict):
        raise ValueError(f"{column} of a point: expected a JSON object")
    return value


def as_text(value, column):
    """A text, empty where there is none."""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{column}: expected a text")
    return value or ""


def whole(value, column):
    """A whole number."""
    if not isinstance(value, int):
        raise ValueError(f"{column} of a point: expected a whole number")
    return value


def as_time(value):
    """Seconds, or None."""
    if value is not None and not (is_number(value) and math.isfinite(value) and value >= 0):
        raise ValueError("wall_s of a point: expected a time")
    return value


def as_repeats(text):
    """How many seeds each setting has."""
    if not isinstance(text, str) or not re.fullmatch("[0-9]{1,18}", text) or int(text) < 1:
        raise ValueError("repeats: expected a whole number above 0")
    return int(text)


def one_of(value, allowed, column):
    """A word of a list."""
    if value not in allowed:
        raise ValueError(f"{column}: expected one of {', '.join(allowed)}")
    return value


def chosen(text, own):
    """The objective that the user's words name."""
    name, _, goal = text.partition("=")
    known = {objective.name: objective.goal for objective in own}
    if goal not in ("", "min", "max") or not name:
        raise BadInput(f"--objectives {text}: expected a path of report.json, PATH=min or PATH=max")
    return Objective(name, goal or known.get(name) or goal_of(name))


def numbers(objectives, values, report):
    """{name: number} of the objectives that are there and finite."""
    found = {}
    for objective in objectives:
        value = values.get(objective.name)
        if value is None:
            value = value_at(report, objective.name)
        if is_number(value) and math.isfinite(value):
            found[objective.name] = value
    return found


def read_point(file, identity):
    """One point of a database as a Run."""
    row = query(file, lambda connection: connection.execute(
        "SELECT status, error, report FROM point WHERE id = ?", (identity,)).fetchone())
    place = f"{file}#{identity}"
    if row is None:
        raise BadInput(f"{place}: the sweep has no such point")
    status, error, text = row
    if status != "done" or not text:
        raise BadInput(f"{place}: the point is {status}" + (f": {first_line(str(error))}" if error else ""))
    try:
        report = as_object(text, "report")
    except (ValueError, RecursionError) as wrong:
        raise BadInput(f"{place}: its report cannot be read: {first_line(str(wrong))}") from wrong
    if wrong := problem(report):
        raise BadInput(f"{place}: its report: {wrong}")
    return Run(Path(file).parent, report, place)


def first_line(text):
    """The first line of a text."""
    return text.strip().partition("\n")[0]
