"""What the pictures show, as numbers: means and bands, parts of a whole."""

import unittest
import warnings

import numpy as np

from rheo_analysis import breakdown, curves, lr_range, reading, run_bars, sources, style
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


class RunBars(Pictures):
    def bars(self, axes, row):
        return [p.get_width() for p in axes.patches if abs(p.get_y() + p.get_height() / 2 - row) < 0.01]

    def test_every_bar_is_as_long_as_the_energy_of_its_run(self):
        runs = [reading.read_run(self.run_folder("a")),
                reading.read_run(self.run_folder("b", config={"adc.bits": "7"}, changes={"energy/by_component": {
                    f"part{i}": 0.001 for i in range(30)}}))]
        figure = run_bars.figure(runs)
        self.assertAlmostEqual(sum(self.bars(figure.axes[0], 0)), 20.0)  # mJ
        self.assertAlmostEqual(sum(self.bars(figure.axes[0], 1)), 30.0)
        self.assertIn("30.0 mJ", texts(figure))
        self.assertIn("others", texts(figure))
        self.assertEqual([label.get_text() for label in figure.axes[3].get_yticklabels()],
                         ["ideal, adc.bits = 9", "ideal, adc.bits = 7"])
        self.assertAlmostEqual(sum(self.bars(figure.axes[3], 0)), 660.0)  # ms of busy time

    def test_seeds_tell_runs_of_one_configuration_apart(self):
        figure = run_bars.figure(sources.read_sources(self.seeds("ideal", [0.5, 0.6])))
        self.assertEqual([label.get_text() for label in figure.axes[0].get_yticklabels()],
                         ["ideal, seed\u00a01", "ideal, seed\u00a02"])

    def test_what_a_run_lacks_is_named(self):
        runs = [reading.read_run(self.run_folder("a")),
                reading.read_run(self.run_folder("b", changes={"energy/by_layer": None}))]
        with self.assertRaisesRegex(BadInput, "b: report.json has no energy.by_layer"):
            run_bars.figure(runs)


class LongNames(Pictures):
    def test_no_text_of_curves_is_cut_off_and_the_panels_keep_their_width(self):
        runs = [reading.read_run(self.run_folder(str(i), config={
            "workload.network": f"a_network_of_a_very_long_name_{i}", "rapa.conv1.scheme": f"scheme_{i}_of_a_long_name",
            "schedule.lr": f"0.00{i}", "a.key.that.differs": f"and_a_value_of_it_{i}"})) for i in range(12)]
        figure = curves.figure(runs)
        figure.canvas.draw()
        width, height = figure.get_size_inches() * figure.dpi
        for text in [*figure.axes[0].get_legend().get_texts(), figure._suptitle]:
            box = text.get_window_extent()
            self.assertTrue(box.x0 >= 0 and box.x1 <= width and box.y1 <= height, text.get_text())
        self.assertGreater(figure.axes[0].get_window_extent().width, 0.75 * width)
        self.assertEqual(len({(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}), 12)

    def test_a_single_epoch_tells_test_from_training(self):
        run = reading.read_run(self.run_folder(changes={"accuracy/epochs": [
            {"epoch": 1, "train_loss": 2.0, "test_loss": 1.5, "test_accuracy": 0.75, "lr": 0.1}]}))
        test, training = curves.figure([run]).axes[1].lines
        self.assertEqual((test.get_marker(), training.get_marker()), ("o", "s"))

    def test_twenty_layers_have_colours_of_their_own(self):
        layers = [{"name": f"conv{i}", "tiles": 1, "rows": 1, "columns": 1, "vectors": 1, "forward_s": 0.01}
                  for i in range(20)]
        run = reading.read_run(self.run_folder(changes={"layers": layers}))
        self.assertEqual(len(set(breakdown.layer_colours(run).values())), len(breakdown.layer_colours(run)))
        words = texts(breakdown.figure(run))
        self.assertIn("12 other layers", words)

    def test_long_names_are_shortened_and_lists_end(self):
        name = "stage1_residual_block_with_a_long_name_conv2d"
        self.assertEqual(len(style.shortened(name)), 26)
        self.assertTrue(style.shortened(name).startswith("stage1 residu"))
        self.assertTrue(style.shortened(name).endswith("name conv2d"))
        self.assertEqual(style.shortened("vector_unit"), "vector unit")
        self.assertEqual(breakdown.listed(["abc", "def", "ghi"], 9), "abc, def and 1 more")
        self.assertEqual(breakdown.listed(["abc", "def", "ghi"], 99), "abc, def, ghi")

    def test_a_breakdown_with_long_names_keeps_its_layout(self):
        layers = [{"name": f"stage{i}_residual_block_with_a_long_name", "tiles": 1, "rows": 1, "columns": 1,
                   "vectors": 1, "forward_s": 0.01} for i in range(14)]
        units = {f"unit{i}_of_a_long_name_that_goes_on_and_on": 0.5 for i in range(12)}
        run = reading.read_run(self.run_folder(changes={
            "layers": layers, "time/utilisation": units, "energy/by_layer": {
                layer["name"]: 0.02 / 14 for layer in layers}}))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a layout that cannot be settled is one
            figure = breakdown.figure(run)
            figure.canvas.draw()
        for text in figure.findobj(lambda artist: hasattr(artist, "get_text") and artist.get_text()):
            box = text.get_window_extent()
            self.assertTrue(box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1, text.get_text())

    def test_inference_is_not_called_training(self):
        run = reading.read_run(self.run_folder(changes={"accuracy/epochs": []}))
        self.assertIn("energy of inference (mJ)", texts(breakdown.figure(run)))
        self.assertNotIn("training", texts(breakdown.figure(run)))


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
