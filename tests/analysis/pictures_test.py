"""What the pictures show, as numbers: means and bands, parts of a whole, commands in a window."""

import unittest

import numpy as np

from rheo_analysis import breakdown, curves, lr_range, reading, sources, timeline
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


class Timeline(Pictures):
    COMMANDS = [("tile10", "forward", "fc1", "forward", "training", 0, 1000),
                ("dma", "transfer", "shared", "transfer", "training", 100, 400),
                ("dma (2)", "transfer", "conv1", "transfer", "training", 200, 400),
                ("tile2", "forward", "conv1", "forward", "evaluation", 4000, 2000),
                ("vector_unit", "max-pool", "pool1", "digital", "training", 9000, 1000)]

    def test_commands_that_touch_the_window_are_read_with_unit_and_lane(self):
        commands, last = timeline.read_commands(self.trace(self.COMMANDS), 0.0005, 0.005)
        self.assertEqual([(c.unit, c.lane, c.phase) for c in commands],
                         [("tile10", 0, "forward"), ("dma", 1, "transfer"), ("tile2", 0, "forward")])
        self.assertAlmostEqual(commands[2].end, 0.006)
        self.assertGreaterEqual(last, 0.009)

    def test_a_command_that_only_touches_the_edge_is_outside(self):
        commands, _ = timeline.read_commands(self.trace(self.COMMANDS), 0.001, 0.004)
        self.assertEqual(commands, [])

    def test_a_trace_that_a_kill_cut_off_is_read_up_to_there(self):
        file = self.trace(self.COMMANDS, ending=',\n{"ph":"X","pid":1,"ti')
        self.assertEqual(len(timeline.read_commands(file, 0, 1)[0]), 5)

    def test_a_trace_on_one_line_is_read_too(self):
        file = self.trace(self.COMMANDS)
        file.write_text(file.read_text().replace("\n", " "))
        self.assertEqual(len(timeline.read_commands(file, 0, 1)[0]), 5)

    def test_tiles_come_first_in_the_order_of_their_numbers(self):
        commands, _ = timeline.read_commands(self.trace(self.COMMANDS), 0, 1)
        self.assertEqual(timeline.rows_of(commands), ({"tile2": 1, "tile10": 1, "dma": 2, "vector_unit": 1}, 0))

    def test_more_units_than_fit_are_left_out_and_counted(self):
        commands = [timeline.Command(f"tile{i}", 0, 0, 1 + i, "forward", "a", "forward", "training") for i in range(50)]
        rows, left_out = timeline.rows_of(commands)
        self.assertEqual((len(rows), left_out, list(rows)[0]), (timeline.MOST_UNITS, 10, "tile10"))

    def test_only_what_could_not_be_told_apart_is_merged(self):
        def command(start, end, phase="forward"):
            return timeline.Command("tile0", 0, start, end, "forward", "a", phase, "training")

        merged = timeline.merged([command(0, 10), command(10.1, 10.2), command(10.3, 10.4),
                                  command(10.5, 10.6, "update"), command(15, 25)], gap=1)
        self.assertEqual([(c.start, c.end) for c in merged], [(0, 10), (10.1, 10.4), (10.5, 10.6), (15, 25)])
        self.assertEqual([c.operation for c in merged], ["forward", "", "forward", "forward"])

    def test_axes_legend_and_rows_are_labelled(self):
        figure = timeline.figure(self.trace(self.COMMANDS))
        for word in ("simulated time (ms)", "tile10", "dma", "forward fc1", "transfer", "testing (paler)"):
            self.assertIn(word, texts(figure))
        self.assertNotIn("vector unit", texts(figure))  # it starts after the five milliseconds

    def test_an_empty_window_and_one_that_ends_before_it_starts_are_refused(self):
        file = self.trace(self.COMMANDS)
        with self.assertRaisesRegex(BadInput, "no command runs from 20.0 ms.*ends at 10.0 ms"):
            timeline.figure(file, start=0.02)
        with self.assertRaisesRegex(BadInput, "after --from"):
            timeline.figure(file, start=0.02, end=0.01)

    def test_what_is_no_trace_is_refused(self):
        file = self.root / "no.json"
        for text, words in (("hello", "no Chrome trace"), ('{"schema": 1}', "no traceEvents"),
                            ('[{"ph": "X"}]', "not of a Chrome trace"), ("[1]", "not of a Chrome trace"),
                            ("[]", "no command runs")):
            file.write_text(text)
            with self.assertRaisesRegex(BadInput, words):
                timeline.figure(file)


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
