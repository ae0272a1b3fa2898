"""Sensitivity of a sweep: shares and ranges against sums by hand, rank correlations against closed forms."""

import math
import unittest

import numpy as np

from rheo_analysis import sensitivity, sensitivity_picture, sweep_database
from rheo_analysis.errors import BadInput
from rheo_analysis.style import plt
from sweep_databases import SweepDatabases

ONE = [("energy.total_j", "min")]


class MainEffects(SweepDatabases):
    def analysis(self, points, **options):
        return sensitivity.analyse(sweep_database.read_sweep(self.database(points, objectives=ONE)), **options)

    def test_a_sum_of_two_axes_is_shared_out_by_their_squares(self):
        # y = 3 a + 4 b on a, b in {-1, 1}: variances 9 and 16 of 25
        found = self.analysis(self.grid(lambda s, _: [3 * s["adc.bits"] + 4 * s["tile.rows"] + 100],
                                        adc_bits=[-1, 1], tile_rows=[-1, 1]))
        self.assertEqual(found.method, "main-effects")
        a, b = found.effects["adc.bits", "energy.total_j"], found.effects["tile.rows", "energy.total_j"]
        self.assertAlmostEqual(a.strength, 9 / 25)
        self.assertAlmostEqual(b.strength, 16 / 25)
        self.assertEqual((a.low, a.high, a.range), (("-1", 97), ("1", 103), 6))
        self.assertAlmostEqual(found.rest["energy.total_j"][0], 0)

    def test_a_product_is_all_interaction_and_seeds_are_repeats(self):
        # y = a b + seed noise of +-0.5: variances 1 and 1/4
        found = self.analysis(self.grid(lambda s, seed: [s["adc.bits"] * s["tile.rows"] + seed - 1.5], seeds=(1, 2),
                                        adc_bits=[-1, 1], tile_rows=[-1, 1]))
        self.assertAlmostEqual(found.effects["adc.bits", "energy.total_j"].strength, 0)
        interactions, repeats = found.rest["energy.total_j"]
        self.assertAlmostEqual(interactions, 0.8)
        self.assertAlmostEqual(repeats, 0.2)

    def test_what_does_not_move_has_no_share(self):
        found = self.analysis(self.grid(lambda s, _: [0.1], adc_bits=[1, 2, 3], tile_rows=[1, 2]))
        self.assertIsNone(found.effects["adc.bits", "energy.total_j"].strength)
        self.assertIsNone(found.rest["energy.total_j"])

    def test_a_tenth_of_a_grid_may_be_missing(self):
        points = self.grid(lambda s, _: [s["adc.bits"]], adc_bits=list(range(5)), tile_rows=[1, 2])
        points[3]["status"] = "failed"
        self.assertEqual(self.analysis(points).reason, "a grid of 10 combinations, 1 of them missing")
        points[4]["status"] = points[5]["status"] = "failed"
        (self.root / "sweep.db").unlink()
        self.assertEqual(self.analysis(points).method, "rank")

    def test_axes_of_one_value_are_refused_or_left_out(self):
        points = self.grid(lambda s, _: [s["adc.bits"]], adc_bits=[1, 2], tile_rows=[64])
        self.assertEqual(self.analysis(points).axes, ["adc.bits"])
        (self.root / "sweep.db").unlink()
        with self.assertRaisesRegex(BadInput, "no axis has two values"):
            self.analysis(points[:1])


class RankCorrelation(SweepDatabases):
    AXES = [("device.dw_min", "log_range"), ("management.forward_bound", "list"), ("adc.rate", "list")]

    def effects(self, outcome, count=60, **options):
        generator = np.random.default_rng(2)
        points = []
        for _ in range(count):
            s = {"device.dw_min": float(10**generator.uniform(-4, -2)),
                 "management.forward_bound": str(generator.choice(["none", "iterative", "worst_case"])),
                 "adc.rate": str(generator.choice(["320 MHz", "1.28 GHz", "90 MHz"]))}
            points.append({"settings": s, "values": [outcome(s, generator)], **options})
        self.file = self.database(points, axes=self.AXES, objectives=ONE, name=f"{len(list(self.root.iterdir()))}.db")
        found = sensitivity.analyse(sweep_database.read_sweep(self.file))
        self.assertEqual(found.method, "rank")
        return {axis: found.effects[axis, "energy.total_j"] for axis, _ in self.AXES}

    def test_any_rising_function_has_rho_1_and_the_rest_is_chance(self):
        found = self.effects(lambda s, _: math.log(s["device.dw_min"]))
        self.assertAlmostEqual(found["device.dw_min"].strength, 1)
        self.assertFalse(found["device.dw_min"].chance)
        self.assertTrue(found["management.forward_bound"].chance)
        self.assertTrue(found["adc.rate"].chance)
        self.assertAlmostEqual(self.effects(lambda s, _: -s["device.dw_min"]**3)["device.dw_min"].strength, -1)

    def test_quantities_are_ordered_by_size_and_words_have_an_eta(self):
        size = {"90 MHz": 1, "320 MHz": 2, "1.28 GHz": 3}
        found = self.effects(lambda s, _: size[s["adc.rate"]] + 1e-9 * s["device.dw_min"])
        self.assertGreater(found["adc.rate"].strength, 0.9)
        words = {"none": 2, "iterative": 1, "worst_case": 3}
        found = self.effects(lambda s, _: words[s["management.forward_bound"]])
        self.assertAlmostEqual(found["management.forward_bound"].strength, 1)
        self.assertFalse(found["management.forward_bound"].ordered)

    def test_an_optimum_in_the_middle_is_seen(self):
        found = self.effects(lambda s, _: abs(math.log10(s["device.dw_min"]) + 3), count=100)
        self.assertTrue(found["device.dw_min"].chance)
        self.assertGreater(found["device.dw_min"].bent, 0.8)

    def test_ranks_share_ties_and_rho_is_the_published_one(self):
        self.assertEqual(sensitivity.ranks([10, 20, 20, 5]).tolist(), [2, 3.5, 3.5, 1])
        # 1 - 6 sum d^2 / (n (n^2 - 1)) with d = 1, 1, 0, 1, 1: 0.8
        self.assertAlmostEqual(sensitivity.spearman([1, 2, 3, 4, 5], [2, 1, 3, 5, 4]), 0.8)
        self.assertIsNone(sensitivity.spearman([1, 1, 1], [1, 2, 3]))

    def test_quantiles_of_chi_square_are_those_of_tables(self):
        for freedom, wanted in ((1, 3.841), (2, 5.991), (4, 9.488), (10, 18.307)):
            self.assertLess(abs(sensitivity.chi_square_95(freedom) / wanted - 1), 0.03)

    def test_an_optimiser_is_said(self):
        self.effects(lambda s, _: s["device.dw_min"], generation=3)
        self.assertIn("points of an optimiser", sensitivity.text(sweep_database.read_sweep(self.file)))


class TextAndPicture(SweepDatabases):
    def tearDown(self):
        plt.close("all")

    def sweep(self):
        return sweep_database.read_sweep(self.database(
            self.grid(lambda s, seed: [0.1 * s["adc.bits"], 0.01 * s["tile.rows"]], seeds=(1, 2), adc_bits=[4, 6, 8],
                      tile_rows=[64, 128])))

    def test_the_table_says_method_share_range_and_levels(self):
        lines = sensitivity.text(self.sweep()).splitlines()
        self.assertIn("main effects", lines[0])
        self.assertIn("grid of 6 combinations", lines[0])
        cells = [cell.strip() for cell in lines[4].strip("|").split("|")]
        self.assertEqual(cells[:5], ["adc.bits", "100.0 %", "40.00", "4 → 8", "0.0 %"])
        self.assertEqual(len(lines), 2 + 2 + 2 + 2)  # note, heading, two axes, interactions and repeats

    def test_latex_and_csv(self):
        self.assertIn(r"4 $\rightarrow$ 8", sensitivity.text(self.sweep(), "latex"))
        self.assertTrue(sensitivity.text(sweep_database.read_sweep(self.root / "sweep.db"), "csv").startswith("axis,"))

    def test_quantities_of_a_range_lie_at_their_size_with_a_unit(self):
        points = [{"settings": {"tile.read_time": f"{10 + i} ns"}, "values": [0.5 + 0.01 * i, 1.0]} for i in range(20)]
        figure = sensitivity_picture.figure(sweep_database.read_sweep(self.database(
            points, axes=[("tile.read_time", "log_range")])), "rank")
        self.assertEqual(figure.axes[1].get_xlabel(), "tile.read_time (ns)")
        np.testing.assert_allclose(figure.axes[0].lines[0].get_xdata(), np.arange(10, 30))
        ticks = [label.get_text() for label in figure.axes[1].get_xticklabels()]
        self.assertIn("20", ticks)

    def test_panels_show_level_means_and_shares(self):
        figure = sensitivity_picture.figure(self.sweep())
        self.assertEqual(len(figure.axes), 4)
        first = figure.axes[0]
        np.testing.assert_allclose(first.lines[1].get_ydata(), [40, 60, 80])  # percent
        self.assertEqual(first.get_title(loc="left"), "100.0 %")
        self.assertEqual([label.get_text() for label in figure.axes[2].get_xticklabels()], ["4", "6", "8"])
        self.assertEqual((figure.axes[2].get_xlabel(), figure.axes[3].get_xlabel()), ("adc.bits", "tile.rows"))


if __name__ == "__main__":
    unittest.main()
