"""The table of runs: its numbers, its units, means and deviations over seeds."""

import unittest

from rheo_analysis import sources, table
from rheo_analysis.errors import BadInput
from run_folders import RunFolders


class Table(RunFolders):
    def cells(self, folders):
        return table.rows(sources.read_sources(folders))

    def test_a_row_says_what_the_report_says(self):
        headings, runs, groups = self.cells([self.run_folder()])
        self.assertEqual(headings, ["device", "seed", "accuracy, last (%)", "accuracy, best (%)", "simulated time (ms)",
                                    "energy (mJ)", "area (mm²)", "images/s on the chip"])
        # 1000 samples, 2 epochs, 0.25 s: 8000 images a second
        self.assertEqual(runs, [["ideal", "1", "50.00", "75.00", "250.0", "20.00", "6.500", "8000"]])
        self.assertEqual(groups, [])

    def test_seeds_give_mean_and_sample_deviation(self):
        _, runs, groups = self.cells(self.seeds("ideal", [0.5, 0.6, 0.7]) + self.seeds("gv", [0.4]))
        self.assertEqual(len(runs), 4)
        self.assertEqual(len(groups), 1)  # one seed has no deviation
        # deviation of 50, 60, 70 with n - 1: 10
        self.assertEqual(groups[0][:3], ["ideal", "3 seeds", "60.00 ± 10.00"])
        self.assertEqual(groups[0][5], "20.00 ± 0")

    def test_a_deviation_too_small_for_the_digits_of_the_mean_is_not_shown_as_0(self):
        self.assertEqual(table.spread([1.0, 1.00001], None), "1.000 ± 7e-06")
        self.assertEqual(table.spread([1.0, None], 2), "1.00")
        self.assertEqual(table.spread([None], 2), "–")

    def test_a_column_shares_one_prefix(self):
        slow = self.run_folder("slow", config={"adc.bits": "7"}, changes={"time/simulated_s": 2.5})
        headings, runs, _ = self.cells([self.run_folder(), slow])
        self.assertEqual((headings[4], runs[0][4], runs[1][4]), ("simulated time (s)", "0.2500", "2.500"))

    def test_what_is_not_modelled_is_a_dash_not_0(self):
        folder = self.run_folder(changes={"area": None, "accuracy": None})
        _, runs, _ = self.cells([folder])
        self.assertEqual((runs[0][2], runs[0][6]), ("–", "–"))

    def test_columns_may_be_chosen_by_their_paths(self):
        runs = sources.read_sources([self.run_folder()])
        headings, rows, _ = table.rows(runs, table.chosen(["memory.bram18k", "energy.by_component.adc",
                                                           "time.utilisation.dma", "area.total_mm2"]))
        self.assertEqual(headings[2:], ["memory.bram18k", "energy.by_component.adc (µJ)", "time.utilisation.dma (%)",
                                        "area.total_mm2 (mm²)"])
        self.assertEqual(rows[0][2:], ["1", "970.0", "50.00", "6.500"])
        with self.assertRaisesRegex(BadInput, "no run has a figure energy.joules"):
            table.rows(runs, table.chosen(["energy.joules"]))

    def test_markdown_has_a_rule_and_as_many_cells_in_every_line(self):
        lines = table.text(sources.read_sources(self.seeds("semi_ideal", [0.5, 0.6]))).splitlines()
        self.assertEqual(len(lines), 5)
        self.assertEqual({line.count("|") for line in lines}, {9})
        self.assertTrue(lines[1].startswith("| --"))
        self.assertIn("**semi_ideal**", lines[4])

    def test_latex_escapes_what_it_would_take_for_commands(self):
        text = table.text(sources.read_sources(self.seeds("semi_ideal", [0.5, 0.6])), "latex")
        self.assertIn(r"semi\_ideal", text)
        self.assertIn(r"(\%)", text)
        self.assertIn(r"55.00 $\pm$ 7.07", text)
        self.assertTrue(text.isascii())


if __name__ == "__main__":
    unittest.main()
