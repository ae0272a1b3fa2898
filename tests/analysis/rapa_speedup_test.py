"""The RAPA study: what is read of benchmark_rapa's file and what is drawn."""

import json
import unittest

from rheo_analysis import rapa_speedup
from rheo_analysis.errors import BadInput
from run_folders import RunFolders


def row(replicas, bandwidth, training, evaluation):
    def figures(seconds):
        return {"s_per_image": seconds, "j_per_image": 1e-3, "utilisation": {"bus": 0.25, "tile conv1": 1 / replicas}}

    return {"dram_bytes_per_s": bandwidth, "replicas": [replicas, 1, 1], "training": figures(training),
            "evaluation": figures(evaluation)}


class RapaSpeedup(RunFolders):
    def file(self, *rows):
        file = self.root / "study.json"
        file.write_text(json.dumps({"arrays": [], "points": rows}))
        return file

    def study(self):
        return rapa_speedup.read_study(self.file(row(16, 1e9, 4e-5, 1e-5), row(1, 1e9, 8e-5, 8e-5),
                                                 row(1, 2e9, 6e-5, 6e-5), row(16, 2e9, 2e-5, 1e-5)))

    def test_speedups_are_against_the_chip_without_replicas_at_the_same_bandwidth(self):
        study = self.study()
        self.assertEqual(rapa_speedup.speedups(study["training"][1e9]), [1, 2])
        for gains, expected in ((rapa_speedup.speedups(study["training"][2e9]), [1, 3]),
                                (rapa_speedup.speedups(study["evaluation"][2e9]), [1, 6])):
            for gain, wanted in zip(gains, expected):
                self.assertAlmostEqual(gain, wanted)

    def test_the_busiest_unit_is_named(self):
        points = self.study()["training"][1e9]
        self.assertEqual([(p.busiest, p.utilisation) for p in points], [("tile conv1", 1), ("bus", 0.25)])

    def test_lines_and_limits_are_drawn(self):
        axes = rapa_speedup.figure(self.study()).axes
        self.assertEqual(len(axes), 2)
        self.assertEqual([line.get_label() for line in axes[0].get_lines()],
                         ["arrays alone, layers pipelined: n_t", "arrays alone, layer after layer",
                          "DRAM 1 GB/s", "DRAM 2 GB/s"])
        self.assertEqual([text.get_text() for text in axes[1].texts], ["tiles of conv1\n100 %", "bus\n25 %"])

    def test_array_reads_are_those_of_the_busiest_tiles_in_sum(self):
        self.assertEqual([rapa_speedup.reads(r) for r in ((1, 1, 1), (16, 4, 1), (64, 16, 4))], [1344, 192, 48])

    def test_what_is_no_study_is_refused(self):
        for rows in ([], [row(4, 1e9, 1, 1)], [row(1, 1e9, 0, 1)], [{"replicas": [1, 1, 1]}]):
            with self.assertRaises(BadInput):
                rapa_speedup.read_study(self.file(*rows))
        with self.assertRaisesRegex(BadInput, "cannot be read"):
            rapa_speedup.read_study(self.root / "absent.json")


if __name__ == "__main__":
    unittest.main()
