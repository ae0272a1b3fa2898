"""Evaluations: what is read, tables over seeds, curves of an attack."""

import unittest

from rheo_analysis import evaluations, robustness
from rheo_analysis.errors import BadInput
from run_folders import RunFolders


class Evaluations(RunFolders):
    def read(self, name, **changes):
        return evaluations.read_evaluation(
            self.evaluation_folder(name, changes={key.replace("__", "/"): value for key, value in changes.items()}))

    def attacked(self, name, epsilon, ratio, kept):
        return self.read(name, attack={"kind": "fast gradient sign", "epsilon": epsilon, "signal_to_noise_db": ratio,
                                       "accuracy": 0.1, "kept": kept})

    def test_seeds_are_a_row_with_mean_and_deviation(self):
        # time 0.25 s, energy 0.02 J, 1000 images: 250 us and 20 uJ an image.
        rows = [self.read("random-1", accuracy__final=0.7), self.read("random-2", accuracy__final=0.8),
                self.read("plain-1", accuracy__predictions_per_image=1.0)]
        text = evaluations.table(rows)
        self.assertIn("| network | seeds |    error (%) |", text)
        self.assertRegex(text, r"\| random  \| +2 \| 25.00 ± 7.07 \| +50.00 ± 0\b.* 9.00 .* 250.0 .* 20.0")
        self.assertRegex(text, r"\| plain   \| +1 \| +25.00 \| +50.00 \| +1.00 \| +250.0 \| +20.0 \|")
        self.assertNotIn("epsilon", text)
        self.assertNotIn("similarity", text)

    def test_an_attack_has_columns_and_curves(self):
        rows = [self.attacked("random-attack8-1", 8, 24.0, 0.5), self.attacked("random-attack8-2", 8, 26.0, 0.7),
                self.attacked("random-attack4-1", 4, 31.0, 0.9), self.attacked("plain-attack4-1", 4, 31.0, 0.25)]
        self.assertIn("kept under attack (%)", evaluations.table(rows))
        curves = {line.get_label(): line.get_xydata().tolist() for line in robustness.figure(rows).axes[1].get_lines()}
        self.assertEqual(curves["plain"], [[31.0, 25.0]])
        self.assertEqual([[round(v, 9) for v in point] for point in curves["random"]], [[31.0, 90.0], [25.0, 60.0]])
        with self.assertRaisesRegex(BadInput, "attack.epsilon"):
            robustness.figure([self.read("clean-1")])

    def test_what_is_no_evaluation_is_refused(self):
        with self.assertRaisesRegex(BadInput, "rheo evaluate --out"):
            evaluations.read_evaluation(self.root / "absent")
        with self.assertRaisesRegex(BadInput, "no images.test"):
            self.read("a-1", images=None)
        with self.assertRaisesRegex(BadInput, "schema 1"):
            self.read("b-1", schema=2)
        folder = self.evaluation_folder("c-1")
        (folder / "evaluation.json").write_text("{")
        with self.assertRaisesRegex(BadInput, "cannot be read"):
            evaluations.read_evaluation(folder)


if __name__ == "__main__":
    unittest.main()
