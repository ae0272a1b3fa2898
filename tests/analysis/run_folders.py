"""Small run folders as `rheo` writes them, for the tests."""

import copy
import json
import tempfile
import unittest
from pathlib import Path

CONFIG = {
    "platform": "analog_training_chip", "seed": "1", "clock_hz": "1000000000.0", "workload.network": "lenet",
    "workload.dataset": "fashion-mnist", "workload.data_dir": "", "workload.train_samples": "1000",
    "workload.epochs": "2", "checkpoint.interval": "30 s", "device.preset": "ideal", "device.family": "ideal",
    "adc.bits": "9",
}

REPORT = {
    "schema": 1, "version": "0.1.0", "config": CONFIG, "seed": 1,
    "accuracy": {"metric": "top1", "final": 0.5, "best": 0.75, "epochs": [
        {"epoch": 1, "train_loss": 2.0, "train_accuracy": 0.3, "test_loss": 1.5, "test_accuracy": 0.75, "lr": 0.1,
         "momentum": 0.0},
        {"epoch": 2, "train_loss": 1.0, "train_accuracy": 0.6, "test_loss": 1.25, "test_accuracy": 0.5, "lr": 0.05,
         "momentum": 0.0}]},
    "time": {"simulated_s": 0.25, "cycles": 250000000, "clock_hz": 1e9, "wall_s": 2.0,
             "by_phase": {"forward": 0.2, "backward": 0.1, "update": 0.05, "digital": 0.01, "transfer": 0.3},
             "utilisation": {"dma": 0.5, "vector_unit": 0.0002, "tile0": 0.8, "tile1": 0.0}},
    "energy": {"total_j": 0.02,
               "by_component": {"bram": 0.01, "dram": 0.009, "adc": 0.00097, "dac": 0.00002, "bus": 0.00001,
                                "ideal": 0.0},
               "by_phase": {"forward": 0.004, "backward": 0.002, "update": 0.002, "digital": 0.001, "transfer": 0.001,
                            "idle": 0.01},
               "by_layer": {"conv1": 0.006, "fc1": 0.004, "shared": 0.01}, "assumed_fraction": 0.25},
    "memory": {"buffers": [{"name": "buffer", "kind": "bram", "capacity_bits": 1000, "peak_bits": 800, "bram18k": 1}],
               "bram18k": 1, "dram_read_bytes": 4000, "dram_written_bytes": 2000},
    "area": {"total_mm2": 6.5, "by_component": {"bram": 6.0, "adc": 0.5}},
    "actions": {"adc.convert": 1000, "dac.drive": 0},
    "layers": [{"name": "conv1", "tiles": 1, "rows": 25, "columns": 16, "vectors": 576, "forward_s": 0.15,
                "backward_s": 0.0, "update_s": 0.03, "energy_j": 0.006},
               {"name": "fc1", "tiles": 1, "rows": 512, "columns": 128, "vectors": 1, "forward_s": 0.05,
                "backward_s": 0.1, "update_s": 0.02, "energy_j": 0.004}],
    "images": {"train": 1000, "test": 500}, "idealised": True, "remarks": [],
}


def set_at(tree, path, value):
    *inner, last = path.split("/")
    for key in inner:
        tree = tree[int(key) if isinstance(tree, list) else key]
    if value is None:
        del tree[last]
    else:
        tree[last] = value


class RunFolders(unittest.TestCase):
    """A temporary folder and runs in it."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)

    def run_folder(self, name="run", seed=1, config=None, changes=None):
        """The folder of a run with `config` keys changed, and `changes` of the report by path a/b (None: removed)."""
        report = copy.deepcopy(REPORT)
        report["seed"] = seed
        report["config"] = {**CONFIG, "seed": str(seed), **(config or {})}
        for path, value in (changes or {}).items():
            set_at(report, path, value)
        folder = self.root / name
        folder.mkdir()
        (folder / "config.toml").write_text("seed = 1\n")
        (folder / "report.json").write_text(json.dumps(report))
        return folder

    def evaluation_folder(self, name="evaluation-1", config=None, changes=None):
        """The folder of an evaluation, as run_folder()."""
        report = copy.deepcopy({key: REPORT[key] for key in ("schema", "version", "time", "energy", "layers")})
        report |= {"seed": 1, "config": {**CONFIG, **(config or {})}, "images": {"test": 1000},
                   "accuracy": {"metric": "top1", "final": 0.75, "single_prediction": 0.5,
                                "predictions_per_image": 9.0}}
        for path, value in (changes or {}).items():
            set_at(report, path, value)
        folder = self.root / name
        folder.mkdir()
        (folder / "evaluation.json").write_text(json.dumps(report))
        return folder

    def seeds(self, device, accuracies, **config):
        """Folders of runs of one device whose final accuracies are given, seeds 1, 2, ..."""
        return [self.run_folder(f"{device}-{seed}", seed, {"device.preset": device, **config},
                                {"accuracy/final": accuracy, "accuracy/epochs/1/test_accuracy": accuracy})
                for seed, accuracy in enumerate(accuracies, 1)]

    def range_folder(self, rows, text="Suggested: schedule.lr_min = 0.025, schedule.lr_max = 0.1 "
                                      "(steepest descent at 0.05)\n"):
        """The folder of a range test with rows (rate, loss, smoothed loss or "")."""
        folder = self.root / "range"
        folder.mkdir()
        lines = ["lr,loss,smoothed_loss"] + [",".join(map(str, row)) for row in rows]
        (folder / "lr_range.csv").write_text("\n".join(lines) + "\n")
        (folder / "lr_range.txt").write_text("the loss is lowest at 0.1\n" + text)
        return folder

    def trace(self, commands, ending="\n]}\n"):
        """A trace file as ChromeTrace writes it of (track, operation, layer, phase, mode, start us, duration us)."""
        tracks = list(dict.fromkeys(c[0] for c in commands))
        lines = ['{"displayTimeUnit":"ns","traceEvents":[',
                 '{"ph":"M","pid":1,"name":"process_name","args":{"name":"chip"}}']
        for number, track in enumerate(tracks, 1):
            lines.append(f'{{"ph":"M","pid":1,"tid":{number},"name":"thread_name","args":{{"name":"{track}"}}}}')
        for track, operation, layer, phase, mode, start, duration in commands:
            lines.append(f'{{"ph":"X","pid":1,"tid":{tracks.index(track) + 1},"name":"{operation}","cat":"{phase}",'
                         f'"ts":{start:.8f},"dur":{duration:.8f},"args":{{"layer":"{layer}","phase":"{phase}",'
                         f'"mode":"{mode}","bytes":1,"items":1,"command":0}}}}')
        file = self.root / "trace.json"
        file.write_text(lines[0] + "\n" + ",\n".join(lines[1:]) + ending)
        return file
