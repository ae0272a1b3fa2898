"""Reading run folders: reports, what they have in common, and groups of runs that differ in the seed alone."""

import csv
import json
import math
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .errors import BadInput
from .host_training import as_report, is_host_training
from .metrics import value_at
from .report_shape import problem

# Keys that cannot change a result: runs that differ in these alone count as one configuration.
WITHOUT_EFFECT = ("seed", "checkpoint.interval", "workload.data_dir")

REPORTS = ("report.json", "evaluation.json")
WHAT_RAN = ("workload.network", "workload.dataset")
MOST_KEYS = 3  # of a label


@dataclass(frozen=True)
class Run:
    """One complete run: its folder and its report (schema 1, SI units). Of a point of a sweep: the folder of the
    database, and the point's name."""

    folder: Path
    report: dict
    point: str = ""  # "sweep.db#3"

    @property
    def place(self):
        """Where it comes from, as the user writes it."""
        return self.point or str(self.folder)

    def beside(self, name):
        """The path of a picture about it."""
        return self.folder / (f"{self.name}.{name}" if self.point else name)

    @property
    def name(self):
        """The folder's name, or the point's."""
        return Path(self.point).name if self.point else self.folder.name or str(self.folder)

    @property
    def config(self):
        return self.report["config"]

    @property
    def seed(self):
        return self.report["seed"]

    @property
    def device(self):
        """The device preset; of a platform without cross-point devices: the platform."""
        return self.config.get("device.preset") or self.config.get("platform", "unknown")

    @property
    def title(self):
        """"lenet on fashion-mnist": what ran."""
        dataset = self.config.get("workload.dataset") or self.config.get("data.kind", "?")
        return f"{self.config.get('workload.network', '?')} on {dataset}"

    @property
    def activity(self):
        """"training" where there are epochs, else "inference": what time and energy are of."""
        return "training" if self.report.get("accuracy", {}).get("epochs") else "inference"


def number(run, path):
    """The report's number at a path such as "time.simulated_s", or None where it is absent: not modelled."""
    return value_at(run.report, path)


def section(run, path):
    """The report's {name: number} object at a path; BadInput where it is absent."""
    value = run.report
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not value:
        raise BadInput(f"{run.place}: report.json has no {path}")
    return value


def epochs(run):
    """The report's epoch records, oldest first; BadInput where there are none."""
    records = run.report.get("accuracy", {}).get("epochs", [])
    if not records:
        raise BadInput(f"{run.place}: the report has no epochs (accuracy.epochs)")
    return records


def trained_images(run):
    """Training images that the run showed the network in all epochs, or None where the report does not tell."""
    images = number(run, "images.train")
    records = run.report.get("accuracy", {}).get("epochs")
    return images * len(records) if images and records else None


def read_run(path):
    """The run in a folder (or of a report.json), the evaluation of a trained network (rheo evaluate --out), or the
    training of a spiking one on the host; BadInput says why it cannot be read."""
    path = Path(path)
    folder = path.parent if path.name in REPORTS else path
    if not folder.is_dir():
        raise BadInput(f"{path}: no such folder; expected the folder of a run")
    file = next((folder / name for name in REPORTS if (folder / name).is_file()), None)
    if file is None:
        if (folder / "lr_range.csv").exists():
            raise BadInput(f"{folder}: is a learning-rate range test, without a report; draw it with lr-range")
        if (folder / "config.toml").exists():
            raise BadInput(f"{folder}: the run is not complete (no report.json); go on with "
                           f"rheo run --resume --out {folder}")
        raise BadInput(f"{folder}: is not the folder of a run (no report.json)")
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{file}: cannot be read: {error}") from error
    if is_host_training(report):
        report = as_report(folder, report)
    if wrong := problem(report):
        raise BadInput(f"{file}: {wrong}")
    return Run(folder, report)


@dataclass(frozen=True)
class Group:
    """Runs that share all configuration but the seed."""

    label: str
    device: str
    runs: list


def configuration(run):
    """What two runs must share to be repetitions of each other: sorted (key, value) pairs."""
    return tuple(sorted((k, v) for k, v in run.config.items() if k not in WITHOUT_EFFECT))


def groups(runs):
    """The runs grouped by configuration without the seed, in order of appearance; a seed counts once a group
    (a second run of it is left out, with a warning). Labels tell the groups apart: the device, and the
    keys that differ where the device does not say it all."""
    members = {}
    for run in runs:
        group = members.setdefault(configuration(run), {})
        if run.seed in group:
            print(f"rheo_analysis: {run.place} repeats seed {run.seed} of {group[run.seed].place}; left out of means",
                  file=sys.stderr)
        else:
            group[run.seed] = run
    parts = [list(group.values()) for group in members.values()]
    return [Group(label, part[0].device, part) for label, part in zip(labels([part[0] for part in parts]), parts)]


def labels(runs):
    """A short label for each run of different configuration: the device, then the keys that differ. Where more than
    MOST_KEYS differ: network and data set, and the keys that tell runs of one device apart. What a preset says of its
    device is left out unless needed."""
    differ = [key for key in all_keys(runs) if len({run.config.get(key) for run in runs}) > 1]
    outside = [key for key in differ if not key.startswith("device.")]
    few = outside if len(outside) <= MOST_KEYS else [key for key in outside if key in WHAT_RAN]
    result = []
    for run in runs:
        rivals = [other for other in runs if other.device == run.device]
        keys = list(dict.fromkeys(few + telling(rivals, few)))
        result.append(", ".join([run.device] + [f"{key} = {run.config.get(key, 'none')}" for key in keys]))
    return result


def all_keys(runs):
    """The keys that can change a result, in the order of the configurations."""
    return [key for key in dict.fromkeys(k for run in runs for k in run.config) if key not in WITHOUT_EFFECT]


def telling(runs, given):
    """The keys, few and in the order of the configuration, that tell the runs apart beside those `given`."""
    def told(keys):
        return len({tuple(run.config.get(key) for key in keys) for run in runs})

    chosen = []
    for key in all_keys(runs):
        if told([*given, *chosen, key]) > told([*given, *chosen]):
            chosen.append(key)
    return chosen


def title_of(config):
    """"lenet on mnist, ideal" by a config.toml; "" where it cannot be told."""
    try:
        told = tomllib.loads(config.read_text(encoding="utf-8"))
        return f"{told['workload']['network']} on {told['workload']['dataset']}, {told['device']['preset']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@dataclass(frozen=True)
class RangeTest:
    """A learning-rate range test: one value a step, and what rheo read from it (0: it could not tell)."""

    rates: list
    losses: list
    smoothed: list  # as long as the finite losses
    title: str  # what ran, as in "lenet on mnist, ideal"
    explanation: str
    lr_min: float
    lr_max: float
    lr_steepest: float


def read_range_test(folder):
    """The range test in a folder that `rheo lr-range` wrote; BadInput says why it cannot be read."""
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; expected the folder of a learning-rate range test")
    file = folder / "lr_range.csv"
    if not file.is_file():
        raise BadInput(f"{folder}: is not the folder of a learning-rate range test (no lr_range.csv)")
    rates, losses, smoothed = [], [], []
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                rates.append(float(row["lr"]))
                losses.append(float(row["loss"]))
                if row["smoothed_loss"]:
                    smoothed.append(float(row["smoothed_loss"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{file}: expected the columns lr, loss, smoothed_loss with numbers: {error!r}") from error
    if not any(math.isfinite(loss) for loss in losses):
        raise BadInput(f"{file}: holds no step with a finite loss")
    text = (folder / "lr_range.txt").read_text(encoding="utf-8") if (folder / "lr_range.txt").exists() else ""

    def suggested(words):
        found = re.search(r"Suggested:.*" + re.escape(words) + r" ([0-9.eE+-]*[0-9])", text)
        return float(found[1]) if found else 0.0

    return RangeTest(rates, losses, smoothed, title_of(folder / "config.toml"), (text.splitlines() or [""])[0],
                     suggested("schedule.lr_min ="), suggested("schedule.lr_max ="), suggested("steepest descent at"))
