"""Similarity of replicas: what is read of evaluations and what is drawn."""

import unittest

from rheo_analysis import rapa_similarity
from rheo_analysis.errors import BadInput
from run_folders import RunFolders


class RapaSimilarity(RunFolders):
    def network(self, values, scheme="random"):
        folder = self.evaluation_folder(f"e{len(list(self.root.iterdir()))}",
                                        {"rapa.conv1.scheme": scheme, "workload.pooling": "max"},
                                        {f"layers/{i}/filter_similarity": value for i, value in enumerate(values)})
        return rapa_similarity.read_similarity(folder)

    def test_the_similarity_is_the_mean_over_the_tiled_layers(self):
        self.assertEqual(self.network([0.25, 0.75]), rapa_similarity.Similarity("random", "max", 0.5))

    def test_a_bar_a_scheme_and_a_dot_a_network(self):
        networks = [self.network([value], scheme)
                    for value, scheme in ((0.5, "random"), (0.7, "random"), (0.1, "alternate"))]
        axes = rapa_similarity.figure(networks).axes[0]
        heights = [round(bar.get_height(), 12) for bar in axes.patches if bar.get_height()]
        self.assertEqual(heights, [0.6, 0.1])
        self.assertEqual([text.get_text() for text in axes.get_legend().get_texts()], ["random", "alternate"])
        self.assertEqual(sorted(len(line.get_xdata()) for line in axes.get_lines()), [1, 2, 2])

    def test_a_network_without_replicas_is_refused(self):
        with self.assertRaisesRegex(BadInput, "no replicas"):
            self.network([])


if __name__ == "__main__":
    unittest.main()
