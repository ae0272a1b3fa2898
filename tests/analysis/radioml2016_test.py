"""RadioML.2016's pickle as HDF5: which number lands where, and what is refused."""

import pickle
import subprocess
import sys
import unittest
from pathlib import Path

import h5py
import numpy

from run_folders import RunFolders

SCRIPT = Path(__file__).resolve().parents[2] / "analysis/radioml2016.py"


class RadioML2016(RunFolders):
    def convert(self, content):
        (self.root / "in.pkl").write_bytes(content)
        return subprocess.run([sys.executable, SCRIPT, self.root / "in.pkl", self.root / "out.h5"],
                              capture_output=True, text=True, check=False)

    def test_every_number_lands_in_its_place(self):
        signals = {(name, snr): numpy.arange(3 * 2 * 8, dtype="f4").reshape(3, 2, 8) + 1000 * i
                   for i, (name, snr) in enumerate((n, s) for n in ("WBFM", "8PSK") for s in (-20, 18))}
        self.assertEqual(self.convert(pickle.dumps(signals, protocol=2)).returncode, 0)
        with h5py.File(self.root / "out.h5") as out:
            self.assertEqual(out["X"].shape, (12, 8, 2))
            self.assertEqual(out["Z"][:, 0].tolist(), [-20] * 3 + [18] * 3 + [-20] * 3 + [18] * 3)
            self.assertEqual(out["Y"][:, 0].tolist(), [1] * 6 + [0] * 6)  # 8PSK comes first
            numpy.testing.assert_array_equal(out["X"][4], signals["8PSK", 18][1].T)
            numpy.testing.assert_array_equal(out["X"][6], signals["WBFM", -20][0].T)

    def test_a_pickle_that_names_more_than_arrays_is_not_run(self):
        class Bomb:
            def __reduce__(self):
                return print, ("boom",)

        result = self.convert(pickle.dumps({("8PSK", 0): Bomb()}))
        self.assertEqual(result.returncode, 2)
        self.assertNotIn("boom\n", result.stdout)
        self.assertIn("expected arrays alone", result.stderr)

    def test_other_files_are_refused_in_one_line(self):
        signals = numpy.zeros((3, 2, 8))
        for content in (b"", b"no pickle", pickle.dumps([1]), pickle.dumps({("8PSK", 0): numpy.zeros(3)}),
                        pickle.dumps({("8PSK", None): signals}), pickle.dumps({("8PSK", "high"): signals}),
                        pickle.dumps({("8PSK", 0): signals.astype("S1")})):
            result = self.convert(content)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1), result.stderr)
            self.assertFalse((self.root / "out.h5").exists())

    def test_an_older_file_stays_whole_when_nothing_new_can_be_written(self):
        good = {("8PSK", 0): numpy.zeros((3, 2, 8), dtype="f4")}
        self.assertEqual(self.convert(pickle.dumps(good)).returncode, 0)
        before = (self.root / "out.h5").read_bytes()
        script = (f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import numpy, radioml2016\n"
                  "radioml2016.write({('8PSK', 0): numpy.zeros((3, 2, 8)), ('WBFM', 0): numpy.zeros((3, 3, 8))}, "
                  f"{str(self.root / 'out.h5')!r})")
        result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual((self.root / "out.h5").read_bytes(), before)
        self.assertFalse((self.root / "out.h5.partial").exists())


if __name__ == "__main__":
    unittest.main()
