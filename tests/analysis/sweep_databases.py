"""Small results databases as `rheo sweep` writes them, for the tests."""

import json
import sqlite3

from run_folders import RunFolders

SCHEMA = """
CREATE TABLE sweep(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE axis(position INTEGER PRIMARY KEY, key TEXT, kind TEXT);
CREATE TABLE objective(position INTEGER PRIMARY KEY, name TEXT, goal TEXT);
CREATE TABLE point(id INTEGER PRIMARY KEY, generation INTEGER, seed INTEGER, settings TEXT, config_hash TEXT,
                   status TEXT, wall_s REAL, error TEXT, config TEXT, report TEXT, objectives TEXT,
                   feasible INTEGER NOT NULL);
"""
AXES = [("adc.bits", "list"), ("tile.rows", "list")]
OBJECTIVES = [("accuracy.final", "max"), ("energy.total_j", "min")]


class SweepDatabases(RunFolders):
    """A temporary folder and databases in it."""

    def database(self, points, axes=AXES, objectives=OBJECTIVES, name="sweep.db", repeats=1):
        """A database of points: dictionaries with settings and values (one an objective, None: the report lacks it),
        and optionally seed, status, error, generation, report, feasible, objectives (JSON text instead of values),
        config_hash (else one of its own)."""
        file = self.root / name
        with sqlite3.connect(file) as connection:
            connection.executescript(SCHEMA)
            connection.executemany("INSERT INTO sweep VALUES (?, ?)",
                                   [("schema", "1"), ("version", "0.1.0"), ("name", "trial"), ("sweep", ""),
                                    ("repeats", str(repeats))])
            connection.executemany("INSERT INTO axis VALUES (?, ?, ?)", [(i, *axis) for i, axis in enumerate(axes)])
            connection.executemany("INSERT INTO objective VALUES (?, ?, ?)",
                                   [(i, *objective) for i, objective in enumerate(objectives)])
            for identity, point in enumerate(points, 1):
                values = {o: v for (o, _), v in zip(objectives, point.get("values", [])) if v is not None}
                report = point.get("report")
                connection.execute(
                    "INSERT INTO point VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (identity, point.get("generation", 0), point.get("seed", 1), json.dumps(point["settings"]),
                     point.get("config_hash", f"hash {identity}"),
                     point.get("status", "done"), 1.5, point.get("error"), "", report and json.dumps(report),
                     point.get("objectives", json.dumps(values)), point.get("feasible", 1)))
        connection.close()
        return file

    def grid(self, outcome, seeds=(1,), **levels):
        """Points of a full grid over the axes adc_bits=[...], ...; outcome(settings, seed) gives the values."""
        keys = [key.replace("_", ".", 1) for key in levels]
        points = [{}]
        for key, values in zip(keys, levels.values()):
            points = [{**point, key: value} for point in points for value in values]
        return [{"settings": settings, "seed": seed, "values": outcome(settings, seed)}
                for settings in points for seed in seeds]
