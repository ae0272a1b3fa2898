"""What the pictures show, as numbers: means and bands, parts of a whole."""

import unittest

import numpy as np

from rheo_analysis import breakdown, curves, lr_range, reading, sources
from rheo_analysis.errors import BadInput
from rheo_analysis.style import plt
from run_folders import RunFolders


class Pictures(RunFolders):
    def tearDown(self):
        plt.close("all")


def texts(figure):
    """Every text of a figure, in one string."""
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


class Curves(Pictures):
    def test_seeds_become_a_mean_line_and_a_band_from_lowest_to_highest(self):
        runs = sources.read_sources(self.seeds("ideal", [0.5, 0.6, 0.7]))
        axes = curves.figure(runs).axes[0]
        np.testing.assert_allclose(axes.lines[0].get_ydata(), [75, 60])
        band = axes.collections[0].get_paths()[0].vertices
        at_last = band[band[:, 0] == 2, 1]
        self.assertAlmostEqual(at_last.min(), 50)
        self.assertAlmostEqual(at_last.max(), 70)

    def test_one_line_a_configuration_with_its_accuracy_in_the_legend(self):
        runs = sources.read_sources(self.seeds("ideal", [0.5, 0.7]) + self.seeds("gv", [0.4]))
        figure = curves.figure(runs)
        self.assertEqual(len(figure.axes[0].lines), 2)
        self.assertIn("ideal: 60.0 ± 14.1 % (2 seeds)", texts(figure))
        self.assertIn("gv: 40.0 %", texts(figure))

    def test_a_run_without_epochs_is_refused(self):
        run = reading.read_run(self.run_folder(changes={"accuracy/epochs": []}))
        with self.assertRaisesRegex(BadInput, "no epochs"):
            curves.figure([run])


class Breakdown(Pictures):
    def test_parts_keep_their_sum_and_small_ones_come_together(self):
        parts = breakdown.largest_first({"a": 60.0, "b": 38.0, "c": 1.5, "d": 0.5, "e": 0.0}, 0.02)
        self.assertEqual(parts, [("a", 60.0, 0.6), ("b", 38.0, 0.38), ("2 others", 2.0, 0.02)])
        self.assertEqual(breakdown.largest_first({"a": 99.0, "b": 1.0}, 0.02)[1][0], "b")  # one is no "1 others"

    def test_every_energy_bar_ends_at_the_total_and_the_assumptions_are_stated(self):
        figure = breakdown.figure(reading.read_run(self.run_folder()))
        energy = figure.axes[0]
        for row in range(3):
            bars = [p for p in energy.patches if abs(p.get_y() + p.get_height() / 2 - row) < 0.01]
            self.assertAlmostEqual(sum(p.get_width() for p in bars), 20.0)  # mJ
        self.assertIn("25 % of the energy rests on assumptions", texts(figure))
        self.assertIn("energy of training (mJ)", texts(figure))

    def test_time_is_stacked_by_the_layers_of_the_report(self):
        figure = breakdown.figure(reading.read_run(self.run_folder()))
        forward = [p.get_width() for p in figure.axes[1].patches if abs(p.get_y() + 0.3) < 0.01]
        np.testing.assert_allclose(forward, [150, 50])  # ms, conv1 and fc1

    def test_a_report_without_layers_or_many_units_is_drawn_too(self):
        units = {f"tile{i}": i / 100 for i in range(100)}
        run = reading.read_run(self.run_folder(changes={"layers": None, "time/utilisation": units}))
        self.assertIn("80 more below", texts(breakdown.figure(run)))

    def test_what_the_report_lacks_is_named(self):
        run = reading.read_run(self.run_folder(changes={"time/utilisation": None}))
        with self.assertRaisesRegex(BadInput, "no time.utilisation"):
            breakdown.figure(run)


class RangeTest(Pictures):
    def figure(self, rows, **text):
        return lr_range.figure(reading.read_range_test(self.range_folder(rows, **text)))

    def test_rates_that_rise_by_factors_get_a_logarithmic_axis(self):
        figure = self.figure([(0.001 * 2**i, 2.0 - 0.1 * i, 2.0 - 0.1 * i) for i in range(10)])
        self.assertEqual(figure.axes[0].get_xscale(), "log")

    def test_rates_that_rise_by_steps_get_a_linear_axis(self):
        figure = self.figure([(0.01 + 0.03 * i, 2.0 - 0.1 * i, 2.0 - 0.1 * i) for i in range(10)])
        self.assertEqual(figure.axes[0].get_xscale(), "linear")
        self.assertIn("suggested: 0.0250 to 0.100", texts(figure))

    def test_losses_off_the_axis_are_marked_and_counted(self):
        rows = [(0.01 * i, 2.0 - 0.1 * i, 2.0 - 0.1 * i) for i in range(1, 10)] + [(0.1, 50, 2.0), (0.11, "inf", "")]
        self.assertIn("(2 steps)", texts(self.figure(rows)))

    def test_without_a_suggestion_the_reason_stands_above(self):
        figure = self.figure([(0.01 * i, 2.0, 2.0) for i in range(1, 12)], text="")
        self.assertIn("the loss is lowest at 0.1", texts(figure))
        self.assertNotIn("suggested", texts(figure))


if __name__ == "__main__":
    unittest.main()
