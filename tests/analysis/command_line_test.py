"""The commands as a user calls them: files appear whole, errors are one line with exit status 2."""

import contextlib
import io
import json
import os
import subprocess
import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path
from unittest import mock

from rheo_analysis import files
from rheo_analysis.__main__ import main
from rheo_analysis.errors import BadInput
from run_folders import RunFolders
from sweep_databases import SweepDatabases
from trace_files import TraceFiles

PNG_END = b"IEND\xaeB`\x82"


class CommandLine(RunFolders):
    def setUp(self):
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.root)

    def call(self, *words):
        """(exit status, output, errors) of a command, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(list(map(str, words)))
            except SystemExit as end:
                status = end.code
        return status, out.getvalue(), err.getvalue()

    def succeeds(self, *words):
        status, out, err = self.call(*words)
        self.assertEqual((status, err), (0, ""))
        return out

    def fails(self, words, *call):
        before = sorted(self.root.rglob("*"))
        status, out, err = self.call(*call)
        self.assertEqual((status, out), (2, ""))
        self.assertRegex(err, words)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertEqual(sorted(self.root.rglob("*")), before)

    def is_whole(self, path):
        content = Path(path).read_bytes()
        if path.suffix == ".svg":
            xml.etree.ElementTree.fromstring(content)
        else:
            self.assertTrue(content.startswith(b"\x89PNG") and content.endswith(PNG_END))

    def test_every_picture_appears_whole_where_it_is_expected(self):
        run = self.run_folder()
        trace = self.trace([("tile0", "forward", "conv1", "forward", "training", 0, 1000)])
        test = self.range_folder([(0.01 * i, 2.0 - 0.1 * i, 2.0 - 0.1 * i) for i in range(1, 10)])
        self.assertEqual(self.succeeds("curves", run, "--out", "c.svg"), "wrote c.svg\n")
        self.succeeds("breakdown", run)
        self.succeeds("timeline", trace, "--to", "500us")
        self.assertEqual(self.succeeds("lr-range", test, "--quiet"), "")
        response = self.root / "response.csv"
        response.write_text("pulse,weight\n0,0\n1,0.5\n")
        self.succeeds("device-response", response)
        study = self.root / "study.json"
        figures = {"s_per_image": 1, "utilisation": {"bus": 0.5}}
        study.write_text(json.dumps({"points": [{"dram_bytes_per_s": 1e9, "replicas": [n, 1, 1], "training": figures,
                                                 "evaluation": figures} for n in (1, 4)]}))
        self.succeeds("rapa-speedup", study)
        tested = self.evaluation_folder("e-attack8-1", changes={
            "layers/0/filter_similarity": 0.5,
            "attack": {"epsilon": 8, "signal_to_noise_db": 20.0, "accuracy": 0.5, "kept": 0.5}})
        self.succeeds("rapa-similarity", tested, "--out", "alike.png")
        self.succeeds("robustness", tested)
        self.assertIn("| e-attack8 |", self.succeeds("evaluations", tested))
        for path in (self.root / "c.svg", run / "breakdown.png", self.root / "timeline.png", test / "lr_range.png",
                     test / "lr_range.svg", response.with_suffix(".png"), study.with_suffix(".png"),
                     self.root / "alike.png", self.root / "robustness.png"):
            self.is_whole(path)
        self.assertEqual([p for p in self.root.rglob(".*")], [])  # no temporary file is left

    def test_traces_give_pictures_and_rooflines(self):
        run = self.run_folder()
        files = TraceFiles.trace_h5
        files(self, [("tile0", "forward", "conv1", "forward", "training", 0, 1000)], [(0, 0, 100, 1)],
              name="run/trace.h5")
        for command in ("timeline", "utilisation", "occupancy"):
            self.assertEqual(self.succeeds(command, run), f"wrote {run / command}.png\n")
            self.is_whole(run / f"{command}.png")
        self.succeeds("timeline", run / "trace.h5", "--from", "100us", "--to", "200us", "--colour", "layer", "--out",
                      "t.svg")
        self.is_whole(self.root / "t.svg")
        self.fails("the configuration has no tile.rows|has no .*; a roofline needs it", "roofline", run)
        self.fails("after --from", "utilisation", run, "--from", "3ms", "--to", "2ms")

    def test_sweeps_give_tables_and_pictures(self):
        points = [{"settings": {"adc.bits": i}, "values": [0.1 * i, 0.01 * i], "report": {
            "schema": 1, "seed": 1, "config": {"adc.bits": str(i)}, "time": {}, "energy": {"total_j": 0.01 * i}}}
            for i in range(1, 5)]
        SweepDatabases.database(self, points, axes=[("adc.bits", "list")])
        for command in ("pareto", "sensitivity"):
            table = self.succeeds(command, "sweep.db")
            self.assertIn("adc.bits", table)
            self.assertEqual(self.succeeds(command, self.root, "--plot", "p.svg", "--quiet"), table)
            self.assertEqual(self.succeeds(command, "sweep.db", "--out", f"{command}.png"), f"wrote {command}.png\n")
            self.is_whole(self.root / f"{command}.png")
            self.is_whole(self.root / "p.svg")
            self.assertIn(r"\begin{tabular}", self.succeeds(command, "sweep.db", "--format", "latex"))
        self.succeeds("sweep-table", "sweep.db", "--format", "csv", "--out", "all.csv")
        self.assertEqual(len((self.root / "all.csv").read_text().splitlines()), 5)
        self.assertRegex(self.succeeds("compare", "sweep.db#1", "sweep.db#4"), r"energy.total_j +10.0 mJ +40.0 mJ")
        self.fails("no such point", "compare", "sweep.db#1", "sweep.db#9")
        self.fails("no point has a figure area.total_mm2", "pareto", "sweep.db", "--objectives", "area.total_mm2")
        self.fails("parted by commas", "pareto", "sweep.db", "--objectives", "a,,b")
        self.fails("2 to 4 objectives", "pareto", "sweep.db", "--objectives", "accuracy.final", "--out", "x.png")
        self.fails("no such file", "sensitivity", "absent.db")
        self.fails("is no database of rheo sweep|not a database", "sweep-table", "all.csv")
        self.fails("invalid choice: 'guess'", "sensitivity", "sweep.db", "--method", "guess")

    def test_no_display_is_needed_and_output_may_go_into_a_file(self):
        run = self.run_folder()
        environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
        with open(self.root / "printed.txt", "w", encoding="ascii") as out:
            subprocess.run([sys.executable, "-m", "rheo_analysis", "table", run], stdout=out, check=True, timeout=60,
                           env={**environment, "LC_ALL": "C", "MPLBACKEND": "TkAgg"}, cwd=self.root)
        self.assertIn("mm²", (self.root / "printed.txt").read_text(encoding="utf-8"))
        subprocess.run([sys.executable, "-m", "rheo_analysis", "curves", run, "--quiet"], check=True, timeout=60,
                       env={**environment, "MPLBACKEND": "TkAgg"}, cwd=self.root)
        self.is_whole(run / "curves.png")

    def test_the_same_run_gives_the_same_bytes(self):
        run = self.run_folder()
        for name in ("a.svg", "b.svg"):
            self.succeeds("curves", run, "--out", name)
        self.assertEqual((self.root / "a.svg").read_bytes(), (self.root / "b.svg").read_bytes())

    def test_tables_and_comparisons_are_printed_or_written(self):
        a, b = self.run_folder("a"), self.run_folder("b", config={"adc.bits": "7"}, changes={"energy/total_j": 0.04})
        self.assertIn("| ideal, adc.bits = 7 |", self.succeeds("table", a, b))
        self.assertIn(r"\begin{tabular}", self.succeeds("table", a, b, "--format", "latex"))
        printed = self.succeeds("compare", a, b, "--at-least", "5%")
        self.assertIn("+100.0 %", printed)
        self.succeeds("compare", a, b, "--at-least", "5%", "--out", "c.txt")
        self.assertEqual((self.root / "c.txt").read_text(), printed)

    def test_bad_usage_and_bad_input_are_one_line_and_write_nothing(self):
        run = self.run_folder()
        self.fails("is not the folder of a run", "curves", run, self.root)
        self.fails("no such folder", "breakdown", self.root / "absent")
        self.fails(r"\.png, \.svg, \.pdf", "curves", run, "--out", "c.gif")
        self.fails("its folder does not exist", "curves", run, "--out", "absent/c.png")
        self.fails("no such file; rheo run --trace", "timeline", run)
        self.fails("expected a time such as", "timeline", run, "--from", "5 parsecs")
        self.fails("no lr_range.csv", "lr-range", run, "--quiet")
        self.fails("no such file; rheo device response", "device-response", "absent.csv")
        self.fails("cannot be read", "rapa-speedup", "absent.json")
        self.fails("COMMAND", "")
        self.fails("required", "table")
        self.fails("invalid choice: 'html'", "table", run, "--format", "html")
        self.fails("expected a percentage", "compare", run, run, "--at-least", "much")

    def test_a_reader_that_closes_early_is_no_error(self):
        run = self.run_folder()
        with subprocess.Popen([sys.executable, "-m", "rheo_analysis", "compare", run, run], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")


class WholeFiles(RunFolders):
    def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(self):
        path = self.root / "old.txt"
        path.write_text("old")

        def fail(stream):
            stream.write(b"half")
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            files.write_whole(path, fail)
        self.assertEqual(path.read_text(), "old")
        self.assertEqual(list(self.root.iterdir()), [path])

    def test_a_full_disk_is_said_in_one_line(self):
        with mock.patch.object(os, "fsync", side_effect=OSError(28, "No space left on device")):
            with self.assertRaisesRegex(BadInput, "cannot be written: No space left"):
                files.write_whole(self.root / "new.txt", lambda stream: stream.write(b"new"))
        self.assertEqual(list(self.root.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
