"""Comparing two runs: which figures changed, by how much, in which order."""

import math
import unittest

from rheo_analysis import compare, reading
from run_folders import RunFolders


class Compare(RunFolders):
    def runs(self, changes=None, config=None):
        return (reading.read_run(self.run_folder("a")),
                reading.read_run(self.run_folder("b", config=config, changes=changes)))

    def test_a_run_is_the_same_as_itself(self):
        a, b = self.runs()
        numbers, texts, same = compare.changes(a.report, b.report)
        self.assertEqual((numbers, texts), ([], []))
        self.assertGreater(same, 40)
        self.assertIn("Configuration: the same", compare.text(a, b))

    def test_changes_come_by_their_relative_size_in_both_directions(self):
        a, b = self.runs({"energy/total_j": 0.03, "time/simulated_s": 0.05, "area/total_mm2": 6.565,
                          "actions/dac.drive": 7})
        numbers, _, _ = compare.changes(a.report, b.report)
        self.assertEqual([change.path for change in numbers],
                         ["actions.dac.drive", "time.simulated_s", "energy.total_j", "area.total_mm2"])
        self.assertTrue(math.isinf(numbers[0].relative))
        for change, relative in zip(numbers[1:], (-0.8, 0.5, 0.01)):
            self.assertAlmostEqual(change.relative, relative)
        self.assertEqual(compare.row(numbers[0])[1:], ["0", "7", "+7", "from 0"])
        self.assertEqual(compare.row(numbers[1])[1:], ["250 ms", "50.0 ms", "-200 ms", "-80.0 %"])
        self.assertEqual(compare.row(numbers[2])[1:], ["20.0 mJ", "30.0 mJ", "+10.0 mJ", "+50.0 %"])

    def test_fractions_change_by_points(self):
        a, b = self.runs({"accuracy/final": 0.6})
        numbers, _, _ = compare.changes(a.report, b.report)
        self.assertEqual(compare.row(numbers[0]), ["accuracy.final", "50.00 %", "60.00 %", "+10.00 points", "+20.0 %"])

    def test_entries_of_lists_go_by_name_and_epoch(self):
        a, b = self.runs({"layers/1/forward_s": 0.06, "accuracy/epochs/0/lr": 0.2, "memory/buffers/0/peak_bits": 900})
        numbers, _, _ = compare.changes(a.report, b.report)
        self.assertEqual({change.path for change in numbers},
                         {"layers[fc1].forward_s", "accuracy.epochs[1].lr", "memory.buffers[buffer].peak_bits"})

    def test_what_one_run_lacks_is_absent_not_0(self):
        a, b = self.runs({"area": None, "energy/total_j": 0.03})
        numbers, _, _ = compare.changes(a.report, b.report)
        self.assertEqual(numbers[0].path, "energy.total_j")  # what is absent comes last
        rows = {row[0]: row for row in map(compare.row, numbers)}
        self.assertEqual(rows["area.total_mm2"][1:], ["6.50 mm²", "absent", "", ""])

    def test_configuration_and_texts_are_told(self):
        a, b = self.runs({"idealised": False, "version": "0.2.0"}, {"adc.bits": "7", "new.key": "1"})
        self.assertEqual(compare.configuration_changes(a.report, b.report),
                         [("version", "0.1.0", "0.2.0"), ("adc.bits", "9", "7"), ("new.key", None, "1")])
        text = compare.text(a, b)
        self.assertIn("  adc.bits: 9 -> 7\n", text)
        self.assertIn("  idealised: True -> False\n", text)

    def test_a_threshold_hides_small_changes_and_counts_them(self):
        a, b = self.runs({"energy/total_j": 0.03, "area/total_mm2": 6.565})
        text = compare.text(a, b, at_least=0.1)
        self.assertIn("energy.total_j", text)
        self.assertNotIn("area.total_mm2", text)
        self.assertIn("1 changed by less than 10 %", text)

    def test_tables_for_markdown_latex_and_csv(self):
        a, b = self.runs({"energy/total_j": 0.03, "idealised": False}, {"adc.bits": "7", "new.key": "a|b"})
        markdown = compare.text(a, b, kind="markdown")
        self.assertRegex(markdown, r"\| adc\.bits +\| +9 \| +7 \|")
        self.assertRegex(markdown, r"\| energy\.total_j +\| +20\.0 mJ \| +30\.0 mJ \| +\+10\.0 mJ \| +\+50\.0 % \|")
        self.assertRegex(markdown, r"\| idealised +\| +True \| +False \|")
        self.assertIn("a\\|b", markdown)
        latex = compare.text(a, b, kind="latex")
        self.assertTrue(latex.startswith("% A: "))
        self.assertIn(r"energy.total\_j & 20.0 mJ & 30.0 mJ & +10.0 mJ & +50.0 \% \\", latex)
        rows = compare.text(a, b, kind="csv").splitlines()
        self.assertTrue(any(row.startswith("energy.total_j,0.02,0.03,0.49999") for row in rows))
        self.assertIn("adc.bits,9,7,", rows)

    def test_percentages_read_well_at_every_size(self):
        for relative, text in ((0.5, "+50.0 %"), (-0.0123, "-1.2 %"), (0.0002, "+0.02 %"), (-1e-7, "-1e-05 %"),
                               (240.0, "+24000 %")):
            self.assertEqual(compare.percentage(relative), text)


if __name__ == "__main__":
    unittest.main()
