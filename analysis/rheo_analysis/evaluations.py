"""Evaluations of trained networks (rheo evaluate --out): reading, groups of seeds, tables."""

import json
import re
import statistics
from dataclasses import dataclass
from pathlib import Path

from .errors import BadInput
from .metrics import is_number
from .report_shape import SCHEMA
from .table import spread
from .table_formats import FORMATS, NONE


@dataclass(frozen=True)
class Evaluation:
    """One evaluation: its folder and its report."""

    folder: Path
    report: dict

    @property
    def group(self):
        """The folder's name without the seed at its end: "random-3" is of the group "random"."""
        return re.sub(r"-\d+$", "", self.folder.name)

    @property
    def images(self):
        """How many images were tested."""
        return self.report["images"]["test"]

    def similarities(self):
        """{layer: mean correlation of its replicas' filters} of the layers that have replicas."""
        return {layer["name"]: layer["filter_similarity"] for layer in self.report.get("layers", [])
                if "filter_similarity" in layer}

    def attack(self, key):
        """epsilon, signal_to_noise_db, accuracy or kept of the attack; None without one."""
        return self.report.get("attack", {}).get(key)


def read_evaluation(path):
    """The evaluation in a folder; BadInput says why it cannot be read."""
    folder = Path(path)
    file = folder / "evaluation.json"
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}; expected a folder of rheo evaluate --out") from error
    except ValueError as error:
        raise BadInput(f"{file}: cannot be read: {error}") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise BadInput(f"{file}: is no evaluation of rheo (schema {SCHEMA})")
    for path_of, kind in (("accuracy.final", is_number), ("accuracy.single_prediction", is_number),
                          ("accuracy.predictions_per_image", is_number), ("time.simulated_s", is_number),
                          ("energy.total_j", is_number), ("images.test", is_number),
                          ("config", lambda value: isinstance(value, dict))):
        value = report
        for key in path_of.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if not kind(value):
            raise BadInput(f"{file}: is no complete evaluation (no {path_of})")
    return Evaluation(folder, report)


def grouped(evaluations, group_of=lambda evaluation: evaluation.group):
    """{group: [evaluation]} in order of appearance."""
    groups = {}
    for evaluation in evaluations:
        groups.setdefault(group_of(evaluation), []).append(evaluation)
    return groups


# (heading, value of an evaluation, decimals)
COLUMNS = [
    ("error (%)", lambda e: 100 - 100 * e.report["accuracy"]["final"], 2),
    ("of the first prediction (%)", lambda e: 100 - 100 * e.report["accuracy"]["single_prediction"], 2),
    ("predictions", lambda e: e.report["accuracy"]["predictions_per_image"], 2),
    ("us/image", lambda e: 1e6 * e.report["time"]["simulated_s"] / e.images, 1),
    ("uJ/image", lambda e: 1e6 * e.report["energy"]["total_j"] / e.images, 1),
    ("similarity", lambda e: statistics.fmean(e.similarities().values()) if e.similarities() else None, 4),
    ("epsilon", lambda e: e.attack("epsilon"), 0),
    ("SNR (dB)", lambda e: e.attack("signal_to_noise_db"), 1),
    ("kept under attack (%)", lambda e: None if e.attack("kept") is None else 100 * e.attack("kept"), 2),
]


def table(evaluations, kind="markdown"):
    """A table, one row a group: mean ± sample deviation over its seeds. Columns that say nothing are left out."""
    groups = grouped(evaluations)
    columns = [(heading, [spread([value_of(e) for e in members], decimals) for members in groups.values()])
               for heading, value_of, decimals in COLUMNS]
    columns = [(heading, cells) for heading, cells in columns if any(cell != NONE for cell in cells)]
    headings = ["network", "seeds", *(heading for heading, _ in columns)]
    rows = [[name, str(len(members)), *(cells[row] for _, cells in columns)]
            for row, (name, members) in enumerate(groups.items())]
    return FORMATS[kind](headings, rows)
