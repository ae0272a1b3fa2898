"""Rooflines: operations, bytes, times and roofs of a small chip worked out by hand, and of the repository's sample."""

import re
import unittest
from pathlib import Path

import numpy as np

from rheo_analysis import ceilings, reading, roofline, roofline_picture, trace_file
from rheo_analysis.errors import BadInput
from rheo_analysis.style import plt
from trace_files import DRAM, TraceFiles

CHIP = {
    "tile.rows": "100", "tile.columns": "50", "tile.read_time": "80 ns", "tile.read_phases": "1",
    "tile.pulse_time": "1 ns", "tile.pulse_phases": "2", "tile.search_lanes": "10", "tile.rescale_lanes": "50",
    "tile.accumulate_lanes": "64", "dac.bits": "7", "dac.scheme": "parallel", "dac.phase_bits": "1",
    "dac.accumulation": "digital", "dac.step_time": "1 ns", "adc.rate": "1 GHz", "adc.shared_by": "25",
    "management.noise": "true", "management.noise_scale": "absolute_maximum", "vector_unit.lanes": "4",
    "vector_unit.interval": "1", "buffer.banks": "16", "buffer.ports": "2", "buffer.port_bits": "64",
    "bus.width_bytes": "64", "bus.channels": "2", "dram.channels": "4", "dram.channel_rate": "6.4 GB/s",
}
SAMPLE = Path(__file__).parents[2] / "traces" / "tiny.h5"


class Intervals(unittest.TestCase):
    def interval(self, inputs=100, outputs=50, **changes):
        config = {"clock_hz": "1000000000.0", **CHIP, **{key.replace("_", ".", 1): v for key, v in changes.items()}}
        return ceilings.read_interval(ceilings.Configuration(config), inputs, outputs)

    def test_the_slowest_stage_of_a_read_decides(self):
        self.assertAlmostEqual(self.interval(), 80e-9)
        self.assertAlmostEqual(self.interval(adc_shared_by="50", adc_rate="250 MHz"), 200e-9)  # 50 conversions of 4 ns
        self.assertAlmostEqual(self.interval(1000), 100e-9)  # a search of 1000 / 10 cycles
        self.assertAlmostEqual(self.interval(1000, management_noise="false"), 80e-9)
        self.assertAlmostEqual(self.interval(tile_rescale_lanes="0.5"), 100e-9)  # 50 outputs at one in two cycles

    def test_schemes_of_the_inputs(self):
        self.assertAlmostEqual(self.interval(dac_scheme="pulse_width"), 63e-9)  # 2^6 - 1 steps
        self.assertAlmostEqual(self.interval(dac_scheme="bit_serial"), 6 * 80e-9)  # six bits of magnitude
        self.assertAlmostEqual(self.interval(dac_scheme="bit_serial", dac_phase_bits="4"), 2 * 80e-9)

    def test_an_update_takes_a_search_or_a_slot(self):
        c = ceilings.Configuration({"clock_hz": "1e9", **CHIP})
        self.assertAlmostEqual(ceilings.update_interval(c, 100, 50), 15e-9)
        self.assertAlmostEqual(ceilings.update_interval(c, 5, 5), 2e-9)

    def test_the_backward_pass_may_have_converters_of_its_own(self):
        config = {"clock_hz": "1e9", **CHIP, "backward.adc.rate": "100 MHz"}
        layer = {"rows": 100, "columns": 50, "tiles": 1}
        self.assertAlmostEqual(ceilings.layer_ceiling(config, layer, "forward", False), 5000 / 80e-9)
        self.assertAlmostEqual(ceilings.layer_ceiling(config, layer, "backward", False), 5000 / 250e-9)

    def test_a_key_that_is_missing_or_no_number_is_named(self):
        for key, words in (("absent.key", "has no absent.key"), ("dac.scheme", "expected a number")):
            with self.assertRaisesRegex(BadInput, words):
                ceilings.Configuration(CHIP).number(key)


class HandMade(TraceFiles):
    """fc1: 20 x 10, two vectors an image, four images in the trace of ten in the run."""

    def tearDown(self):
        plt.close("all")

    def folder(self, **changes):
        layer = {"name": "fc1", "tiles": 1, "replicas": 1, "rows": 20, "columns": 10, "vectors": 2, "forward_s": 1e-6,
                 "backward_s": 1e-6, "update_s": 1e-6, "energy_j": 1e-6}
        folder = self.run_folder(config=CHIP, changes={
            "layers": [layer], "images": {"train": 5, "test": 1}, "idealised": False, "time/simulated_s": 0.001,
            "actions": {"bram.read": 700, "bram.write": 300, "dram.read": 8000, "dram.write": 8000}, **changes})
        commands = [  # unit, operation, layer, phase, mode, start us, duration us, bytes, items
            ("tile0", "forward", "fc1", "forward", "training", 0, 2, 500, 8),
            ("tile1", "forward", "fc1", "forward", "training", 1, 3, 300, 8),
            ("vector_unit", "bias", "fc1", "digital", "training", 4, 1, 100, 6),
            ("dma", "transfer", "fc1", "transfer", "training", 5, 5, 2000, 1),
            ("dma", "transfer", "shared", "transfer", "training", 5, 5, 400, 1),
            ("tile0", "backward", "fc1", "backward", "training", 10, 4, 400, 8),
            ("tile0", "forward", "fc1", "forward", "evaluation", 20, 4, 10000, 8),
            ("tile0", "forward", "fc1", "forward", "training", 30, 9, 77777, 8),
        ]
        self.trace_h5(commands, [(3, DRAM, 1000, 0), (3, 0, 1000, 1), (4, 0, 200, 0)], name="run/trace.h5",
                      programs=[("training", 4, 6), ("evaluation", 1, 1), ("training", 4, 9)])  # the last is not whole
        return folder

    def markers(self, **changes):
        run, trace = roofline.read(self.folder(**changes))
        return run, {(r.memory, m.layer, m.phase): m for r in roofline.rooflines(run, trace) for m in r.markers}

    def test_operations_bytes_and_time_of_layers_and_phases(self):
        _, markers = self.markers()
        forward = markers["buffer", "fc1", "forward"]
        self.assertEqual((forward.operations, forward.bytes), (20 * 10 * 2 * 4, 800))
        self.assertAlmostEqual(forward.seconds, 4e-6)  # 0 to 2 and 1 to 4 us
        self.assertAlmostEqual(forward.intensity, 2.0)
        self.assertAlmostEqual(forward.rate, 4e8)
        self.assertAlmostEqual(forward.ceiling, 20 * 10 / 80e-9)
        digital = markers["buffer", "fc1", "digital"]
        self.assertEqual((digital.operations, digital.bytes, digital.ceiling), (6 * 4, 100, None))
        self.assertNotIn(("buffer", "fc1", "update"), markers)  # none in the trace

    def test_against_the_dram_a_layer_has_its_transfers(self):
        _, markers = self.markers()
        layer = markers["DRAM", "fc1", ""]
        self.assertEqual((layer.operations, layer.bytes), (3 * 20 * 10 * 2 * 4, 1000))  # a transfer counts both ends
        self.assertAlmostEqual(layer.seconds, 14e-6)
        self.assertNotIn(("DRAM", "shared", ""), markers)

    def test_the_whole_run_comes_from_the_report(self):
        _, markers = self.markers()
        for memory, moved in (("buffer", 8000), ("DRAM", 2000)):
            whole = markers[memory, "", ""]
            self.assertEqual((whole.operations, whole.bytes), (3 * 400 * 5 * 2, moved))  # five images, two epochs
            self.assertAlmostEqual(whole.rate, 12e6)

    def test_without_a_trace_there_is_the_whole_run(self):
        folder = self.folder()
        (folder / "trace.h5").unlink()
        run, trace = roofline.read(folder)
        found = roofline.rooflines(run, trace)
        self.assertEqual([[m.layer for m in r.markers] for r in found], [[""], [""]])
        self.assertIn("need a trace", roofline_picture.figure(run, found)._suptitle.get_text())

    def test_roofs_are_those_of_the_configuration(self):
        run, trace = roofline.read(self.folder())
        buffer, dram = roofline.rooflines(run, trace)
        rates = {c.name: c.rate for c in [*buffer.operations, *buffer.bandwidths, *dram.bandwidths]}
        for name, rate in (("reads of 1 full tile", 5000 / 80e-9), ("updates of 1 full tile", 5000 / 15e-9),
                           ("vector unit", 4e9), ("buffer", 256e9), ("bus", 128e9), ("DRAM", 25.6e9)):
            self.assertAlmostEqual(rates[name] / rate, 1)

    def test_the_share_of_the_roof_takes_the_lowest(self):
        _, markers = self.markers()
        run, trace = roofline.read(self.root / "run")
        buffer = roofline.rooflines(run, trace)[0]
        self.assertAlmostEqual(roofline.bound(markers["buffer", "fc1", "forward"], buffer) / 2.5e9, 1)
        self.assertAlmostEqual(roofline.bound(markers["buffer", "fc1", "digital"], buffer) / 4e9, 1)

    def test_table_and_picture_have_every_marker(self):
        run, trace = roofline.read(self.folder())
        found = roofline.rooflines(run, trace)
        text = roofline.text(run, found)
        self.assertIn("fc1|forward|1.60 kop|800 B|4.00 µs|2.00|400 Mop/s|16.0 %", re.sub(" *\\| *", "|", text))
        self.assertIn("DRAM 25.6 GB/s", text)
        self.assertEqual(len(roofline.text(run, found, "csv").splitlines()), 1 + sum(len(r.markers) for r in found))
        figure = roofline_picture.figure(run, found)
        points = {(round(x, 9), round(y)) for line in figure.axes[0].lines for x, y in line.get_xydata()}
        self.assertIn((2.0, 400000000), points)

    def test_what_cannot_be_drawn_is_said(self):
        run, trace = roofline.read(self.folder(layers=[]))
        with self.assertRaisesRegex(BadInput, "has no layers"):
            roofline.rooflines(run, trace)
        unfinished = self.trace_h5([("tile0", "forward", "a", "forward", "training", 0, 1)], name="u.h5")
        with self.assertRaisesRegex(BadInput, "its run did not end"):
            roofline.read(unfinished)

    def test_intervals_that_overlap_or_lie_inside_others_count_once(self):
        start, end = np.array([5.0, 0.0, 1.0, 9.0]), np.array([6.0, 4.0, 2.0, 9.5])
        self.assertAlmostEqual(roofline.union_length(start, end), 4 + 1 + 0.5)


class Streaming(TraceFiles):
    def test_layers_and_lanes(self):
        config = {"platform": "stream_fpga", "clock_hz": "1000000.0", "folding.pe": "[2.0, 4.0]",
                  "folding.simd": "[3.0, 1.0]", "dma.bits_per_cycle": "64"}
        layers = [{"name": "conv1", "rows": 9, "columns": 4, "vectors": 10}, {"name": "fc", "rows": 40, "columns": 2,
                                                                             "vectors": 1}]
        folder = self.run_folder(config=config, changes={"layers": layers, "examples": 5, "ticks": 2,
                                                         "accuracy/epochs": []})
        run, trace = roofline.read(folder)
        (found,) = roofline.rooflines(run, trace)
        self.assertEqual([(m.layer, m.operations, m.ceiling) for m in found.markers],
                         [("conv1", 3600, 6e6), ("fc", 800, 4e6), ("", 4400, None)])
        self.assertEqual((found.operations[0].rate, found.bandwidths[0].rate), (10e6, 8e6))
        self.assertAlmostEqual(found.markers[2].intensity, 4400 / 6000)


@unittest.skipUnless(SAMPLE.exists(), "the sample of a trace is not there")
class Sample(unittest.TestCase):
    def test_the_trace_and_the_counted_actions_agree(self):
        run, path = roofline.read(SAMPLE)
        trace, images, dram = trace_file.read_whole_programs(path)
        training = trace.commands.mode == trace.modes.index("training")
        self.assertEqual(images["training"], run.report["images"]["train"])
        moved = float(trace.commands.bytes[training & dram].sum()) / 2
        counted = (run.report["actions"]["dram.read"] + run.report["actions"]["dram.write"]) / 8
        self.assertLess(abs(moved - counted) / moved, 0.01)  # ends are rounded to bursts

    def test_no_matrix_is_faster_than_its_roof(self):
        run, path = roofline.read(SAMPLE)
        for found in roofline.rooflines(run, path):
            for marker in found.markers:
                if marker.ceiling:
                    self.assertLess(marker.rate, 1.01 * marker.ceiling, marker)
        self.assertEqual(reading.Run(path.parent, run.report).activity, "training")


if __name__ == "__main__":
    unittest.main()
