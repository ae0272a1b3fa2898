"""Traces: reading both formats, damaged files, the timeline, utilisation and occupancy against sums by hand."""

import os
import subprocess
import sys
import unittest

import h5py
import numpy as np

from rheo_analysis import occupancy, style, timeline, trace, trace_reading, trace_file, utilisation, window
from rheo_analysis.errors import BadInput
from rheo_analysis.style import plt
from trace_files import DRAM, TraceFiles

US = 1e-6
COMMANDS = [("tile10", "forward", "fc1", "forward", "training", 0, 1000),
            ("dma", "transfer", "shared", "transfer", "training", 100, 400),
            ("dma", "transfer", "conv1", "transfer", "training", 200, 400),
            ("tile2", "forward", "conv1", "forward", "evaluation", 4000, 2000),
            ("vector_unit", "max-pool", "pool1", "digital", "training", 9000, 1000)]


def texts(figure):
    """Every text of a figure, in one string."""
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


class Traces(TraceFiles):
    def tearDown(self):
        plt.close("all")

    def both(self, commands=COMMANDS):
        """The same trace in both formats."""
        tracks = [(f"{c[0]} (2)" if i == 2 and c[0] == "dma" else c[0], *c[1:]) for i, c in enumerate(commands)]
        return self.trace(tracks), self.trace_h5(commands)


class Reading(Traces):
    def test_commands_that_touch_the_window_are_read(self):
        for path in self.both():
            found = trace_reading.read(path, 0.0005, 0.005)
            commands = found.commands
            rows = sorted((found.units[u], found.layers[l], found.phases[p], found.modes[m])
                          for u, l, p, m in zip(commands.unit, commands.layer, commands.phase, commands.mode))
            self.assertEqual(rows, [("dma", "conv1", "transfer", "training"), ("tile10", "fc1", "forward", "training"),
                                    ("tile2", "conv1", "forward", "evaluation")], path)
            self.assertAlmostEqual(commands.end.max(), 0.006)
            self.assertGreaterEqual(found.last, 0.009)

    def test_a_command_that_only_touches_the_edge_is_outside(self):
        for path in self.both():
            self.assertEqual(len(trace_reading.read(path, 0.001, 0.004).commands), 0)

    def test_the_trace_of_a_folder_is_found(self):
        self.trace(COMMANDS)
        self.assertEqual(trace.find(self.root).name, "trace.json")
        self.trace_h5(COMMANDS)
        self.assertEqual(trace.find(self.root).name, "trace.h5")
        with self.assertRaisesRegex(BadInput, "no such file; rheo run --trace"):
            trace.find(self.root / "absent")

    def test_chrome_traces_that_a_kill_cut_off_or_on_one_line_are_read(self):
        file = self.trace(COMMANDS, ending=',\n{"ph":"X","pid":1,"ti')
        self.assertEqual(len(trace_reading.read(file).commands), 5)
        file = self.trace(COMMANDS)
        file.write_text(file.read_text().replace("\n", " "))
        self.assertEqual(len(trace_reading.read(file).commands), 5)

    def test_a_trace_of_a_killed_process_is_read_up_to_its_last_flush(self):
        path = self.root / "trace.h5"
        script = ("import h5py, os, sys\n"
                  f"sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
                  "from trace_files import write_trace\n"
                  "file = h5py.File(sys.argv[1], 'w', libver='latest')\n"
                  "write_trace(file, [('tile0', 'forward', 'a', 'forward', 'training', i, 1) for i in range(16)],\n"
                  "            [(i, 8 * i, 8, 1) for i in range(16)])\n"
                  "file.swmr_mode = True\n"
                  "for name in ('step', 'duration'):\n"  # two columns got further than the others
                  "    file['commands/' + name].resize((24,))\n"
                  "    file['commands/' + name].flush()\n"
                  "os.kill(os.getpid(), 9)\n")
        subprocess.run([sys.executable, "-c", script, path], check=False, timeout=60)
        with self.assertRaises(OSError):
            h5py.File(path, "r")
        found = trace_reading.read(path)
        self.assertEqual(len(found.commands), 16)
        self.assertAlmostEqual(found.last, 16 * US)
        self.assertEqual(len(trace_file.read_accesses(path).address), 16)

    def test_what_is_no_trace_is_refused_in_one_line(self):
        file = self.root / "no.json"
        for text, words in (("hello", "no trace of rheo"), ('{"schema": 1}', "no traceEvents"),
                            ('[{"ph": "X"}]', "not of a Chrome trace"), ("[1]", "not of a Chrome trace"),
                            ("[]", "no command runs")):
            file.write_text(text)
            with self.assertRaisesRegex(BadInput, words):
                timeline.figure(file)
        foreign = self.root / "foreign.h5"
        with h5py.File(foreign, "w") as h5:
            h5["x"] = [1]
        whole = self.trace_h5(COMMANDS)
        half = self.root / "half.h5"
        half.write_bytes(whole.read_bytes()[:3000])
        other = self.trace_h5(COMMANDS, name="other.h5")
        with h5py.File(other, "a") as h5:
            h5.attrs["schema"] = 1
        lacking = self.trace_h5(COMMANDS, name="lacking.h5")
        with h5py.File(lacking, "a") as h5:
            del h5["names/units"]
        wrong = self.trace_h5(COMMANDS, name="wrong.h5")
        with h5py.File(wrong, "a") as h5:
            h5["kinds/unit"][0] = 99
        for path, words in ((foreign, "is no trace of rheo"), (half, "cannot be read as a trace"),
                            (other, "has schema 1"), (lacking, "no complete trace"), (wrong, "a name of no list")):
            with self.assertRaisesRegex(BadInput, words) as caught:
                timeline.figure(path)
            self.assertNotIn("\n", str(caught.exception))

    def test_an_empty_window_and_one_that_ends_before_it_starts_are_refused(self):
        for path in self.both():
            with self.assertRaisesRegex(BadInput, "no command runs from 20.0 ms.*ends at 10.0 ms"):
                timeline.figure(path, start=0.02)
            with self.assertRaisesRegex(BadInput, "after --from"):
                utilisation.figure(path, start=0.02, end=0.01)


class Lanes(Traces):
    def test_commands_that_overlap_lie_on_lanes_and_touching_ones_do_not(self):
        start, end = np.array([0.0, 1.0, 2.0, 2.5]), np.array([2.0, 3.0, 2.5, 4.0])
        self.assertEqual(trace.lanes_of(start, end).tolist(), [0, 1, 0, 0])
        self.assertEqual(trace.most_at_once(start, end), 2)

    def test_lanes_are_as_many_as_run_at_once(self):
        generator = np.random.default_rng(3)
        for _ in range(20):
            start = generator.uniform(0, 1, 50)
            end = start + generator.uniform(0.001, 0.3, 50)
            lanes = trace.lanes_of(start, end)
            self.assertEqual(lanes.max() + 1, trace.most_at_once(start, end))
            for lane in range(lanes.max() + 1):
                mine = np.argsort(start[lanes == lane])
                self.assertTrue((start[lanes == lane][mine][1:] >= end[lanes == lane][mine][:-1]).all())

    def test_tiles_come_first_in_the_order_of_their_numbers(self):
        for path in self.both():
            found = trace_reading.read(path)
            rows, left_out = trace.rows_of(found)
            self.assertEqual(({found.units[unit]: lanes for unit, lanes in rows.items()}, left_out),
                             ({"tile2": 1, "tile10": 1, "dma": 2, "vector_unit": 1}, 0))
            self.assertEqual([found.units[unit] for unit in rows], ["tile2", "tile10", "dma", "vector_unit"])

    def test_more_units_than_fit_are_left_out_and_counted(self):
        found = trace_reading.read(self.trace_h5([(f"tile{i}", "forward", "a", "forward", "training", 0, 1 + i)
                                          for i in range(50)]))
        rows, left_out = trace.rows_of(found)
        self.assertEqual((len(rows), left_out, found.units[list(rows)[0]]), (trace.MOST_UNITS, 10, "tile10"))
        self.assertIn("10 less busy units left out", texts(timeline.figure(found.file)))


class Timeline(Traces):
    def test_only_what_could_not_be_told_apart_is_merged(self):
        times = [(0, 10), (10.1, 10.2), (10.3, 10.4), (10.5, 10.6), (15, 25)]
        empty = np.zeros(5, dtype=int)
        commands = trace.Commands(*[empty] * 5, *map(np.array, zip(*times)), empty, empty)
        self.assertEqual(timeline.merged(commands, np.array([0, 0, 0, 1, 0]), gap=1), [(0, 0), (1, 2), (3, 3), (4, 4)])

    def test_axes_legend_and_rows_are_labelled(self):
        for path in self.both():
            figure = timeline.figure(path)
            for word in ("simulated time (ms)", "tile10", "dma", "forward fc1", "transfer", "testing (paler)"):
                self.assertIn(word, texts(figure))
            self.assertNotIn("vector unit", texts(figure))  # it starts after the five milliseconds

    def test_bars_lie_where_their_commands_ran(self):
        axes = timeline.figure(self.trace_h5(COMMANDS), start=0.0, end=0.011).axes[0]
        boxes = sorted((path.vertices[:, 0].min(), path.vertices[:, 0].max())
                       for part in axes.collections for path in part.get_paths() if len(path.vertices) > 3)
        np.testing.assert_allclose(boxes, [(0, 1), (0.1, 0.5), (0.2, 0.6), (4, 6), (9, 10)])  # ms

    def test_colours_tell_phases_or_layers(self):
        path = self.trace_h5(COMMANDS)
        self.assertEqual(list(timeline.colours(trace_reading.read(path), "phase")), ["forward", "digital", "transfer"])
        by_layer = timeline.colours(trace_reading.read(path), "layer")
        self.assertEqual(set(by_layer), {"shared", "conv1", "fc1", "pool1"})
        self.assertEqual(by_layer["shared"], style.SHARED)
        self.assertIn("max-pool", texts(timeline.figure(path, end=0.011, colouring="layer")))

    def test_twenty_layers_have_twenty_colours(self):
        colours = {style.shade(index) for index in range(20)}
        self.assertEqual(len(colours), 20)


class Utilisation(Traces):
    def test_means_of_intervals_by_hand(self):
        means = utilisation.interval_means(np.array([0.5, 2.0]), np.array([2.5, 3.0]), np.array([1.0, 10.0]),
                                           np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
        np.testing.assert_allclose(means, [0.5, 1.0, 10.5, 0.0], atol=1e-12)

    def test_the_sum_over_bins_is_the_busy_time(self):
        generator = np.random.default_rng(4)
        start = generator.uniform(0, 1, 200)
        end = start + generator.uniform(0, 0.2, 200)
        edges = np.linspace(0, 1.2, 38)
        means = utilisation.interval_means(start, end, np.ones(200), edges)
        self.assertAlmostEqual(float((means * np.diff(edges)).sum()), float((end - start).sum()))

    def test_units_with_lanes_are_busy_by_their_mean(self):
        # dma: 400 us twice on two lanes of 10 ms: 4 %; the other units: 1, 2 and 1 ms of 10
        for path in self.both():
            figure = utilisation.figure(path)
            self.assertEqual([t.get_text() for t in figure.axes[0].texts], ["20.0 %", "10.0 %", "4.0 %", "10.0 %"])
            self.assertEqual([t.get_text() for t in figure.axes[0].get_yticklabels()],
                             ["tile2", "tile10", "dma (2 lanes)", "vector unit"])


class Occupancy(Traces):
    def live(self, accesses, times=None):
        """(start us, end us, bytes, layer) of the live ranges of the buffer; command i runs from 10 i for 5 us."""
        commands = [("tile0", "forward", f"l{i}", "forward", "training", *(times[i] if times else (10 * i, 5)))
                    for i in range(6)]
        found = trace_file.read_accesses(self.trace_h5(commands, accesses))
        live = occupancy.live_ranges(found, found.memories[0])
        return sorted((round(s / US, 6), round(e / US, 6), b, found.layers[l])
                      for s, e, b, l in zip(live.start, live.end, live.bytes, live.layer))

    def test_from_the_write_to_the_last_read_before_the_next_write(self):
        self.assertEqual(self.live([(0, 0, 100, 1), (1, 0, 100, 0), (2, 0, 100, 0), (4, 0, 100, 1), (5, 0, 100, 0)]),
                         [(0, 25, 100, "l0"), (40, 55, 100, "l4")])

    def test_what_is_not_read_lives_while_it_is_written_and_what_nobody_wrote_from_the_beginning(self):
        self.assertEqual(self.live([(1, 0, 100, 1), (2, 200, 50, 0)]), [(0, 25, 50, "l2"), (10, 15, 100, "l1")])

    def test_ranges_are_cut_where_others_begin_and_end(self):
        # 0..100 is written; its second half is overwritten at once and read, the first read later
        self.assertEqual(self.live([(0, 0, 100, 1), (1, 50, 50, 1), (2, 50, 50, 0), (3, 0, 50, 0)]),
                         [(0, 5, 50, "l0"), (0, 35, 50, "l0"), (10, 25, 50, "l1")])

    def test_a_change_in_place_holds_the_range_once(self):
        found = self.live([(0, 0, 100, 1), (2, 0, 100, 0), (2, 0, 100, 1), (3, 0, 100, 0)])
        self.assertEqual(found, [(0, 20, 100, "l0"), (20, 35, 100, "l2")])

    def test_other_memories_are_apart(self):
        accesses = [(0, DRAM, 4000, 1), (1, DRAM, 4000, 0), (1, 0, 10, 1), (2, 0, 10, 0)]
        self.assertEqual(self.live(accesses), [(10, 25, 10, "l1")])
        found = trace_file.read_accesses(self.root / "trace.h5")
        self.assertEqual(occupancy.live_ranges(found, found.memories[1]).bytes.tolist(), [4000])

    def test_never_more_than_the_memory_and_the_same_as_a_slow_count(self):
        generator = np.random.default_rng(5)
        commands, accesses, at = [], [], 0
        for i in range(80):
            commands.append(("tile0", "forward", "a", "forward", "training", at, 3))
            at += 3
            for _ in range(generator.integers(1, 4)):
                address = int(generator.integers(0, 60))
                accesses.append((i, address, int(generator.integers(1, 40)), int(generator.integers(0, 2))))
        found = trace_file.read_accesses(self.trace_h5(commands, accesses))
        live = occupancy.live_ranges(found, found.memories[0])
        times = np.arange(0.5, at) * US
        held = [float(live.bytes[(live.start <= t) & (t < live.end)].sum()) for t in times]
        slow = np.zeros(len(times))
        for byte in range(100):  # one byte after the other, one command after the other
            begin, last = 0, None
            for i in range(80):
                mine = [w for c, a, b, w in accesses if c == i and a <= byte < a + b]
                if any(w == 0 for w in mine):
                    last = 3 * (i + 1)
                if any(w == 1 for w in mine):
                    if last is not None:
                        slow[begin:min(last, 3 * i)] += 1
                    begin, last = 3 * i, 3 * (i + 1)
            if last is not None:
                slow[begin:last] += 1
        np.testing.assert_array_equal(held, slow)
        self.assertEqual(occupancy.peak(live)[0], slow.max())

    def test_the_largest_of_a_part_is_found_between_its_edges(self):
        live = occupancy.Live(np.array([0.0, 2.2]), np.array([5.0, 2.4]), np.array([10.0, 7.0]), np.array([0, 0]))
        self.assertEqual(occupancy.largest_in(live, np.array([0.0, 1, 2, 3, 4])).tolist(), [10, 10, 17, 10])

    def test_panels_have_capacity_peak_and_layers(self):
        report = (b'{"memory": {"buffers": [{"name": "buffer", "capacity_bits": 1600, "peak_bits": 1200},'
                  b'{"name": "dram", "capacity_bits": 80000000000, "peak_bits": 40000}]}}')
        path = self.trace_h5([("tile0", "forward", f"layer{i}", "forward", "training", 10 * i, 5) for i in range(20)],
                             [(i, 5 * i, 5, w) for i in range(20) for w in (0, 1)] + [(3, DRAM, 400, 1)],
                             report=report)
        figure = occupancy.figure(path)
        words = texts(figure)
        for word in ("buffer: at most 100 B live", "capacity 200 B", "set aside 150 B", "dram: at most 400 B live",
                     "simulated time (µs)", "8 others"):
            self.assertIn(word, words)
        self.assertNotIn("capacity 10.0 GB", words)  # it would flatten the rest

    def test_a_trace_without_ranges_says_so(self):
        with self.assertRaisesRegex(BadInput, "no memory ranges; expected the trace.h5"):
            occupancy.figure(self.trace(COMMANDS))
        with self.assertRaisesRegex(BadInput, "has no memory ranges"):
            occupancy.figure(self.trace_h5(COMMANDS))
        with self.assertRaisesRegex(BadInput, "the trace ends at"):
            occupancy.figure(self.trace_h5(COMMANDS, [(0, 0, 10, 1)]), start=1.0)


class Axes(unittest.TestCase):
    def test_the_unit_suits_the_window(self):
        self.assertEqual(window.axis_unit(0, 0.005), (1e-3, "ms"))
        self.assertEqual(window.axis_unit(1.0, 1.0 + 3e-6)[1], "µs")
        self.assertEqual(window.axis_unit(0, 1e-10)[1], "ns")


if __name__ == "__main__":
    unittest.main()
