"""Reading runs: what is a run, which runs belong together, how they are told apart, numbers as people read them."""

import contextlib
import io
import json
import unittest

from rheo_analysis import quantities, reading, sources
from rheo_analysis.errors import BadInput
from run_folders import RunFolders


class Reports(RunFolders):
    def test_a_report_is_read_from_its_folder_or_its_file(self):
        folder = self.run_folder()
        for path in (folder, folder / "report.json"):
            run = reading.read_run(path)
            self.assertEqual((run.seed, run.device, run.title), (1, "ideal", "lenet on fashion-mnist"))
        self.assertEqual(reading.number(run, "time.simulated_s"), 0.25)
        self.assertIsNone(reading.number(run, "area.nothing"))

    def test_an_evaluation_of_a_trained_network_is_read_as_a_run_that_infers(self):
        run = reading.read_run(self.evaluation_folder(changes={"layers/0/filter_similarity": -0.1}))
        self.assertEqual((run.activity, reading.number(run, "accuracy.final")), ("inference", 0.75))

    def refused(self, path, words):
        with self.assertRaisesRegex(BadInput, words) as caught:
            reading.read_run(path)
        self.assertNotIn("\n", str(caught.exception))

    def test_what_is_no_run_is_refused_with_the_reason(self):
        self.refused(self.root / "absent", "no such folder")
        self.refused(self.root, "is not the folder of a run")
        self.refused(self.range_folder([(0.1, 1, 1)]), "lr-range")
        folder = self.run_folder()
        report = folder / "report.json"
        for text, words in (("{", "cannot be read"), ("[]", "no schema"), ('{"schema": 2}', "schema 2"),
                            ('{"schema": 1, "config": {}}', "no seed")):
            report.write_text(text)
            self.refused(folder, words)
        report.unlink()
        self.refused(folder, "not complete.*--resume")

    def test_a_report_of_another_shape_is_refused_with_the_place(self):
        for i, (path, value, words) in enumerate((
                ("accuracy", 3, "accuracy: expected an object"),
                ("accuracy/epochs", 3, "accuracy.epochs: expected a list"),
                ("accuracy/epochs/0/lr", "much", "lr of a record: expected a number"),
                ("layers/0/rows", "many", "layers: rows of conv1: expected a number"),
                ("layers/0/name", None, "layers: name of a record: expected a text"),
                ("energy/by_layer/conv1", -1.0, "energy.by_layer: expected an object of numbers"),
                ("time/utilisation/dma", float("nan"), "time.utilisation: expected"),
                ("actions", [1], "actions: expected"), ("seed", "one", "seed: expected an integer"),
                ("config", [], "config: expected an object"))):
            self.refused(self.run_folder(str(i), changes={path: value}), words)
        (self.run_folder("spiking") / "report.json").write_text('{"kind": "spiking training on the host"}')
        self.refused(self.root / "spiking", "is no complete report")

    def test_the_training_of_a_spiking_network_is_read_too(self):
        folder = self.run_folder("spiking")
        (folder / "config.toml").write_text('seed = 3\n[data]\nkind = "radio"\nbits = 4\n')
        (folder / "report.json").write_text(json.dumps({
            "schema": 1, "kind": "spiking training on the host", "network": {"name": "rf1"}, "seed": 3, "wall_s": 2.0,
            "accuracy": {"top1": 0.5}, "epochs": [{"epoch": 1, "train_loss": 0.1, "test_accuracy": 0.4, "lr": 0.3}]}))
        run = reading.read_run(folder)
        self.assertEqual((run.title, run.seed, run.config["data.bits"]), ("rf1 on radio", 3, "4"))
        self.assertEqual(run.activity, "training")
        self.assertEqual(reading.number(run, "accuracy.final"), 0.5)
        self.assertEqual(reading.epochs(run)[0]["test_accuracy"], 0.4)
        (folder / "config.toml").unlink()
        self.refused(folder, "config.toml: cannot be read")

    def test_one_folder_given_twice_is_one_run(self):
        folder = self.run_folder()
        self.assertEqual(len(sources.read_sources([folder, self.root / "." / "run", folder / "report.json"])), 1)

    def test_images_are_those_of_an_epoch_times_the_epochs_that_were_run(self):
        self.assertEqual(reading.trained_images(reading.read_run(self.run_folder())), 2000)
        other = self.run_folder("other", changes={"images": None})
        self.assertIsNone(reading.trained_images(reading.read_run(other)))


class Groups(RunFolders):
    def groups(self, folders):
        groups = reading.groups(sources.read_sources(folders))
        return [(group.label, [run.seed for run in group.runs]) for group in groups]

    def test_runs_that_differ_in_the_seed_alone_are_one_group(self):
        self.assertEqual(self.groups(self.seeds("ideal", [0.5, 0.6]) + self.seeds("gv", [0.4])),
                         [("ideal", [1, 2]), ("gv", [1])])

    def test_keys_that_change_no_result_do_not_part_a_group(self):
        folders = self.seeds("ideal", [0.5]) + [
            self.run_folder("two", 2, {"checkpoint.interval": "1 s", "workload.data_dir": "/data"})]
        self.assertEqual(self.groups(folders), [("ideal", [1, 2])])

    def test_another_key_parts_the_group_and_names_it(self):
        folders = self.seeds("ideal", [0.5]) + [self.run_folder("coarse", 1, {"adc.bits": "7"})]
        self.assertEqual(self.groups(folders), [("ideal, adc.bits = 9", [1]), ("ideal, adc.bits = 7", [1])])

    def test_a_device_key_is_named_where_the_preset_does_not_tell(self):
        folders = self.seeds("ideal", [0.5]) + [self.run_folder("other", 1, {"device.family": "constant_step"})]
        self.assertEqual([label for label, _ in self.groups(folders)],
                         ["ideal, device.family = ideal", "ideal, device.family = constant_step"])

    def test_another_data_set_is_named_however_many_keys_differ(self):
        many = {f"x.key{i}": "1" for i in range(5)}
        folders = self.seeds("ideal", [0.5]) + [self.run_folder("m", 1, {"workload.dataset": "mnist",
                                                                          "device.preset": "gv", **many})]
        self.assertEqual([label for label, _ in self.groups(folders)],
                         ["ideal, workload.dataset = fashion-mnist", "gv, workload.dataset = mnist"])

    def test_a_repeated_seed_counts_once_and_is_said(self):
        folders = self.seeds("ideal", [0.5, 0.6]) + [self.run_folder("again", 2)]
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(self.groups(folders), [("ideal", [1, 2])])
        self.assertIn("repeats seed 2", said.getvalue())


class RangeTests(RunFolders):
    def test_curve_and_suggestion_are_read(self):
        test = reading.read_range_test(self.range_folder([(0.01, 2.0, 2.1), (0.1, 1.0, 1.1), (0.2, "nan", "")]))
        self.assertEqual((test.rates, test.losses[:2], test.smoothed), ([0.01, 0.1, 0.2], [2.0, 1.0], [2.1, 1.1]))
        self.assertEqual((test.lr_min, test.lr_max, test.lr_steepest), (0.025, 0.1, 0.05))
        self.assertEqual(test.explanation, "the loss is lowest at 0.1")

    def test_without_a_suggestion_the_rates_are_0(self):
        test = reading.read_range_test(self.range_folder([(0.01, 2.0, 2.0)], text=""))
        self.assertEqual((test.lr_min, test.lr_max, test.lr_steepest), (0, 0, 0))

    def test_what_is_no_range_test_is_refused(self):
        for rows, words in (([("a", 1, 1)], "expected the columns"), ([(0.1, "nan", "")], "no step"), ([], "no step")):
            folder = self.range_folder(rows)
            with self.assertRaisesRegex(BadInput, words):
                reading.read_range_test(folder)
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        with self.assertRaisesRegex(BadInput, "no lr_range.csv"):
            reading.read_range_test(self.run_folder())


class Quantities(unittest.TestCase):
    def test_engineering_notation_keeps_three_digits(self):
        for value, unit, text in ((0.0123, "s", "12.3 ms"), (0.9996, "s", "1.00 s"), (0.2318, "J", "232 mJ"),
                                  (1.5e9, "Hz", "1.50 GHz"), (0, "J", "0 J"), (6.14159, "mm²", "6.14 mm²"),
                                  (4e-6, "s", "4.00 µs"), (1234, "", "1234")):
            self.assertEqual(quantities.engineering(value, unit), text)

    def test_a_column_takes_the_prefix_of_its_largest_value(self):
        factor, unit = quantities.scale_for([0.002, 0.5], "J")
        self.assertEqual((factor * 0.5, unit), (500, "mJ"))

    def test_times_are_parsed_with_their_unit(self):
        for text, seconds in (("1.5 ms", 0.0015), ("200us", 0.0002), ("0.25", 0.25), ("3ns", 3e-9)):
            self.assertAlmostEqual(quantities.parse_seconds(text), seconds, delta=1e-12 * seconds)
        for text in ("", "ms", "5 parsecs", "-1ms", "nan", "inf", "1mm"):
            with self.assertRaises(ValueError, msg=text):
                quantities.parse_seconds(text)


if __name__ == "__main__":
    unittest.main()
