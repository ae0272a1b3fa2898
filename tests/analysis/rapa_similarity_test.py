"""Similarity of replicas: what is read of benchmark_rapa's files and what is drawn."""

import json
import unittest

from rheo_analysis import rapa_similarity
from rheo_analysis.errors import BadInput
from run_folders import RunFolders


class RapaSimilarity(RunFolders):
    def file(self, after, scheme="random", name="a.json"):
        file = self.root / name
        file.write_text(json.dumps({"scheme": scheme, "pooling": "max", "similarity": {"before": [0], "after": after}}))
        return file

    def test_the_similarity_is_the_mean_over_the_tiled_layers(self):
        network = rapa_similarity.read_similarity(self.file([0.25, 0.75]))
        self.assertEqual((network.scheme, network.pooling, network.before, network.after), ("random", "max", 0, 0.5))

    def test_a_bar_a_scheme_and_a_dot_a_network(self):
        networks = [rapa_similarity.read_similarity(self.file([value], scheme))
                    for value, scheme in ((0.5, "random"), (0.7, "random"), (0.1, "alternate"))]
        axes = rapa_similarity.figure(networks).axes[0]
        heights = [round(bar.get_height(), 12) for bar in axes.patches if bar.get_height()]
        self.assertEqual(heights, [0.6, 0.1])
        self.assertEqual([text.get_text() for text in axes.get_legend().get_texts()], ["random", "alternate"])
        self.assertEqual(sorted(len(line.get_xdata()) for line in axes.get_lines()), [1, 2, 2])

    def test_what_is_no_study_is_refused(self):
        for after in ([], ["x"], None, [float("nan")]):
            with self.assertRaises(BadInput):
                rapa_similarity.read_similarity(self.file(after))
        with self.assertRaisesRegex(BadInput, "cannot be read"):
            rapa_similarity.read_similarity(self.root / "absent.json")


if __name__ == "__main__":
    unittest.main()
