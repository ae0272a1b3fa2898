"""Spiking networks: what is read of a run's report and of the widths, and what is drawn."""

import json
import unittest

from rheo_analysis import spiking
from rheo_analysis.errors import BadInput
from run_folders import RunFolders


class Spiking(RunFolders):
    def report(self, **changes):
        report = {
            "kind": "spiking training on the host", "network": {"name": "rf1"}, "classes": ["BPSK", "QPSK"],
            "accuracy": {"top1": 0.625, "top1_from": 0.75, "snr_from_db": 10,
                         "by_snr": [{"snr_db": 0, "examples": 4, "top1": 0.5},
                                    {"snr_db": 10, "examples": 4, "top1": 0.75}]},
            "confusion": [[3, 1], [2, 2]], "confusion_from": [[2, 0], [1, 1]],
            "spike_ratio": [
                {"input_of": "conv1", "printed": 0.0039, "mean": 0.004, "by_tick": [0.004, 0.004, 0.004]},
                {"input_of": "conv2", "printed": 0, "mean": 0.02, "by_tick": [0, 0.01, 0.05]},
                {"input_of": "(output)", "printed": 0, "mean": 0.1, "by_tick": [0, 0.1, 0.2]}],
        }
        report.update(changes)
        (self.root / "report.json").write_text(json.dumps(report))
        return spiking.read_run(self.root)

    def test_accuracy_is_drawn_in_percent_against_snr(self):
        line = spiking.accuracy_figure([self.report()]).axes[0].get_lines()[0]
        self.assertEqual((line.get_xdata().tolist(), line.get_ydata().tolist()), ([0, 10], [50, 75]))
        self.assertEqual(line.get_label(), "rf1: 62.5 % in all, 75.0 % from 10 dB on")

    def test_confusion_is_in_percent_of_each_label(self):
        axes = spiking.confusion_figure(self.report()).axes
        self.assertEqual([text.get_text() for text in axes[0].texts], ["75", "25", "50", "50"])
        self.assertEqual([text.get_text() for text in axes[1].texts], ["100", "50", "50"])
        self.assertEqual([a.get_title(loc="left") for a in axes], ["rf1, all SNRs: 62.5 %", "rf1, SNR ≥ 10 dB: 75.0 %"])

    def test_ratios_of_layers_and_what_is_printed_of_them(self):
        lines = spiking.ratios_figure(self.report()).axes[0].get_lines()
        for line, wanted in zip(lines, (0.4, 0.39, 0), strict=True):  # conv1, as printed, conv2
            self.assertAlmostEqual(line.get_ydata()[0], wanted)

    def test_widths_show_each_width_where_the_other_is_held(self):
        (self.root / "w.csv").write_text(
            "weight_bits,membrane_bits,membrane_range,decay,float_accuracy,accuracy,mismatch_conv1,clipped_conv1\n"
            "4,24,4,m - (m >> 3),0.9,0.5,0.2,0\n12,24,4,m - (m >> 3),0.9,0.9,0.01,0\n"
            "8,24,4,m - (m >> 3),0.9,0.85,0.02,0\n8,16,4,m - (m >> 3),0.9,0.8,0.03,0.25\n"
            "8,12,4,m - (m >> 3),0.9,0.7,0.1,0.5\n8,16,64,m - (m >> 3),0.9,0.84,0.03,0\n"
            "8,12,64,m - (m >> 3),0.9,0.3,0.4,0\n")
        panels = spiking.widths_figure(spiking.read_widths(self.root / "w.csv")).axes
        mismatch, accuracy, clipped = (panels[2 * row:2 * row + 2] for row in range(3))
        self.assertEqual(mismatch[0].get_lines()[0].get_xdata().tolist(), [4, 8, 12])
        self.assertEqual([line.get_xdata().tolist() for line in mismatch[1].get_lines()], [[12, 16, 24], [12, 16]])
        self.assertEqual(mismatch[1].get_title(loc="left"), "membranes (the other 8 bits)")
        self.assertEqual(accuracy[1].get_lines()[0].get_ydata().tolist(), [70, 80, 85])
        self.assertEqual(accuracy[1].get_lines()[1].get_label(), "fixed point, room for 64 thresholds")
        self.assertEqual(clipped[1].get_lines()[0].get_ydata().tolist(), [50, 25, 0])

    def test_printed_ratios_are_called_maxima(self):
        labels = [line.get_label() for line in spiking.ratios_figure(self.report()).axes[0].get_lines()]
        self.assertEqual(labels[0], "conv1: mean 0.4 % (printed maximum 0.39 %)")

    def test_other_files_are_refused(self):
        for changes in ({"kind": "another"}, {"confusion": [[1]]}, {"spike_ratio": 3}):
            with self.assertRaisesRegex(BadInput, "rheo train-spiking"):
                self.report(**changes)
        images = self.report(accuracy={"top1": 0.9})
        with self.assertRaisesRegex(BadInput, "have no SNR"):
            spiking.accuracy_figure([images])
        (self.root / "w.csv").write_text("weight_bits\n4\n")
        with self.assertRaisesRegex(BadInput, "rheo spiking-widths"):
            spiking.read_widths(self.root / "w.csv")


if __name__ == "__main__":
    unittest.main()
