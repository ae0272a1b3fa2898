"""The report of `rheo train-spiking` in the shape of a run's, so that curves, tables and comparisons take it too."""

import tomllib

from .errors import BadInput

KIND = "spiking training on the host"


def is_host_training(report):
    """Whether a report.json is of `rheo train-spiking`."""
    return isinstance(report, dict) and report.get("kind") == KIND


def flattened(table, before=""):
    """{dotted key: text} of nested tables."""
    found = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= flattened(value, f"{before}{key}.")
        else:
            found[before + key] = str(value)
    return found


def as_report(folder, report):
    """The report with the parts of schema 1 that it has: configuration (of the folder's config.toml), accuracy with its
    epochs, the wall time. It has neither simulated time nor energy: nothing ran on a chip."""
    file = folder / "config.toml"
    try:
        config = flattened(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadInput(f"{file}: cannot be read: {error}") from error
    try:
        network, accuracy, epochs = report["network"]["name"], report["accuracy"]["top1"], report["epochs"]
    except (KeyError, TypeError) as error:
        raise BadInput(f"{folder / 'report.json'}: is no complete report (no {error})") from error
    config |= {"platform": "host", "workload.network": str(network)}
    return {"schema": report.get("schema"), "seed": report.get("seed"), "config": config,
            "accuracy": {"metric": "top1", "final": accuracy, "epochs": epochs},
            "time": {"wall_s": report.get("wall_s")}, "energy": {}}
