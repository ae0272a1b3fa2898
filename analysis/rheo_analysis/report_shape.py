"""Whether a report.json has the shape of schema 1: what is there must be of its kind; most parts may be absent."""

import math

from .metrics import is_number

SCHEMA = 1
REQUIRED = (("config", dict, "an object"), ("seed", int, "an integer"), ("time", dict, "an object"),
            ("energy", dict, "an object"))
OBJECTS = ("accuracy", "memory", "area", "evaluation", "images")
PARTS = ("time.by_phase", "time.utilisation", "energy.by_component", "energy.by_layer", "energy.by_phase",
         "area.by_component", "actions")
RECORDS = {"accuracy.epochs": ((), ("epoch",)), "layers": (("name",), ("rows", "columns", "vectors")),
           "memory.buffers": (("name",), ())}  # texts and numbers that each record has


def finite(value):
    """A finite number."""
    return is_number(value) and math.isfinite(value)


def amount(value):
    """A finite number that is not negative, as times, energies and counts are."""
    return finite(value) and value >= 0


def at(report, path):
    """The value at a dotted path, or None."""
    for key in path.split("."):
        report = report.get(key) if isinstance(report, dict) else None
    return report


def problem(report):
    """What is wrong with a report, in a few words; None when nothing is."""
    if not isinstance(report, dict) or "schema" not in report:
        return "is no report of rheo (no schema)"
    if report["schema"] != SCHEMA:
        return f"has schema {report['schema']}; this version reads schema {SCHEMA}"
    for key, kind, name in REQUIRED:
        if key not in report:
            return f"is no complete report (no {key})"
        if not isinstance(report[key], kind) or isinstance(report[key], bool):
            return f"{key}: expected {name}"
    for key in OBJECTS:
        if key in report and not isinstance(report[key], dict):
            return f"{key}: expected an object"
    for path in PARTS:
        parts = at(report, path)
        if parts is not None and not (isinstance(parts, dict) and all(map(amount, parts.values()))):
            return f"{path}: expected an object of numbers that are not negative"
    for path, (texts, numbers) in RECORDS.items():
        records = at(report, path)
        if records is None:
            continue
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            return f"{path}: expected a list of objects"
        for record in records:
            missing = [key for key in texts if not isinstance(record.get(key), str)]
            missing += [key for key in numbers if not amount(record.get(key))]
            missing += [key for key, value in record.items()
                        if key not in ("name", "kind") and key not in missing and not finite(value)]
            if missing:
                return f"{path}: {missing[0]} of {record.get('name', 'a record')}: expected " + (
                    "a text" if missing[0] in texts else "a number")
    return None
