"""Spike rasters of small spikes.h5 files."""

import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

from rheo_analysis import spike_raster, style
from rheo_analysis.errors import BadInput
from rheo_analysis.style import plt


class SpikeRaster(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)

    def tearDown(self):
        plt.close("all")
        self.folder.cleanup()

    def spikes(self, rows, schema=1):
        """A file of spikes (example, tick, layer, neuron) of two layers."""
        with h5py.File(self.root / "spikes.h5", "w") as file:
            file.attrs["schema"], file.attrs["ticks"] = schema, 4
            file["names/layers"] = np.array([b"conv1", b"dense"])
            file["layers/neurons"] = np.array([100, 3], dtype=np.uint64)
            for i, name in enumerate(("example", "tick", "layer", "neuron")):
                file[f"spikes/{name}"] = np.array([row[i] for row in rows], dtype=np.uint64)
        return self.root

    def test_a_panel_has_the_spikes_of_its_layer_and_example(self):
        raster = spike_raster.read(self.spikes([(0, 0, 0, 5), (0, 3, 1, 2), (1, 1, 0, 7), (0, 2, 0, 99)]))
        self.assertEqual([layer.neuron.tolist() for layer in raster.layers], [[5, 99], [2]])
        panels = spike_raster.figure(raster).axes
        self.assertEqual(panels[0].get_lines()[0].get_xdata().tolist(), [1, 3])  # ticks count from 1
        self.assertEqual(panels[1].get_lines()[0].get_ydata().tolist(), [2])
        self.assertIn("0.5 %", panels[0].get_title(loc="left"))  # 2 of 100 neurons x 4 ticks
        self.assertEqual(spike_raster.read(self.root, 1).layers[0].neuron.tolist(), [7])
        style.save(spike_raster.figure(raster), self.root / "spikes.png")
        self.assertGreater((self.root / "spikes.png").stat().st_size, 1000)

    def test_other_files_are_refused(self):
        with self.assertRaisesRegex(BadInput, "no such file"):
            spike_raster.read(self.root)
        with self.assertRaisesRegex(BadInput, "example 4 has no spikes"):
            spike_raster.read(self.spikes([(0, 0, 0, 5)]), 4)
        with self.assertRaisesRegex(BadInput, "schema 2"):
            spike_raster.read(self.spikes([(0, 0, 0, 5)], schema=2))
        (self.root / "text.h5").write_text("no HDF5")
        with self.assertRaisesRegex(BadInput, "no file of spikes"):
            spike_raster.read(self.root / "text.h5")


if __name__ == "__main__":
    unittest.main()
