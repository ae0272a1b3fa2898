"""Pulse responses: what is read of them and what is drawn."""

import unittest
from pathlib import Path

from rheo_analysis import device_response
from rheo_analysis.errors import BadInput
from run_folders import RunFolders

HEADING = "pulse_index(1..2 up then 1 down),mean_w,std_w,p05,p50,p95"
ROWS = ["0,0,0,0,0,0", "1,0.1,0.02,0.06,0.1,0.14", "2,0.2,0.03,0.15,0.2,0.25", "3,0.1,0.03,0.05,0.1,0.15"]


class DeviceResponse(RunFolders):
    def file(self, heading=HEADING, rows=ROWS, name="response.csv"):
        file = self.root / name
        file.write_text("\n".join([heading, *rows]) + "\n")
        return file

    def test_a_response_has_its_turn_and_its_percentiles(self):
        response = device_response.read_response(self.file())
        self.assertEqual(response.up, 2)
        self.assertEqual(list(response.mean), [0, 0.1, 0.2, 0.1])
        self.assertEqual((response.low[2], response.high[2]), (0.15, 0.25))

    def test_two_columns_are_a_weight_without_a_band(self):
        response = device_response.read_response(self.file("pulse,weight", ["0,0", "1,0.5"]))
        self.assertIsNone(response.low)
        self.assertIsNone(response.up)

    def test_what_is_no_response_is_refused(self):
        for heading, rows in ((HEADING, []), (HEADING, ROWS[:1]), ("a", ["1", "2"]), ("a,b", ["1,x", "2,3"]),
                              ("a,b", ["1,2", "3"]), ("a,b", ["0,nan", "1,2"])):
            with self.assertRaises(BadInput):
                device_response.read_response(self.file(heading, rows))
        with self.assertRaisesRegex(BadInput, "no such file"):
            device_response.read_response(Path("absent.csv"))

    def test_mean_band_and_turn_are_drawn(self):
        response = device_response.read_response(self.file())
        axes = device_response.figure(response, title="EcRam").axes[0]
        self.assertEqual(axes.get_title(loc="left"), "Pulse response, EcRam")
        self.assertEqual([text.get_text() for text in axes.get_legend().get_texts()],
                         ["cells, 5 to 95 % of the cells", "cells, mean"])
        self.assertIn([2, 2], [list(line.get_xdata()) for line in axes.get_lines()])

    def test_a_fit_is_drawn_over_the_measurement(self):
        response = device_response.read_response(self.file())
        fitted = device_response.read_response(self.file("pulse,weight", ["0,0", "3,0.1"], "fit.csv"))
        axes = device_response.figure(response, fitted).axes[0]
        self.assertEqual([text.get_text() for text in axes.get_legend().get_texts()],
                         ["measured, 5 to 95 % of the cells", "measured, mean", "fitted"])


if __name__ == "__main__":
    unittest.main()
