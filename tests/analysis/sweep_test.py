"""Results databases of sweeps: reading, repeats, the Pareto front, tables, bad databases."""

import contextlib
import io
import itertools
import random
import sqlite3
import unittest
from pathlib import Path

import numpy as np

from rheo_analysis import __main__ as command_line, pareto, sources, sweep_database, sweep_table
from rheo_analysis.errors import BadInput
from rheo_analysis.style import plt
from sweep_databases import SweepDatabases


def settings(number):
    return {"adc.bits": number, "tile.rows": 64}


class Reading(SweepDatabases):
    def test_points_that_differ_in_the_seed_alone_are_repeats(self):
        sweep = sweep_database.read_sweep(self.database([
            {"settings": settings(5), "seed": 1, "values": [0.5, 1.0]},
            {"settings": settings(6), "seed": 1, "values": [0.9, 2.0]},
            {"settings": {"tile.rows": 64, "adc.bits": 5}, "seed": 2, "values": [0.7, 1.0]},
            {"settings": settings(5), "seed": 3, "status": "failed", "values": [0.0, 0.0]}]))
        first, second = sweep.configurations()
        self.assertEqual((len(first.points), len(first.done), len(second.points)), (3, 2, 1))
        self.assertAlmostEqual(first.mean("accuracy.final"), 0.6)
        self.assertAlmostEqual(first.deviation("accuracy.final"), 0.02**0.5)  # n - 1
        self.assertIsNone(second.deviation("accuracy.final"))
        self.assertEqual(sweep.summary(), "trial: 4 points, 3 done, 1 failed")

    def test_a_configuration_has_one_result(self):
        # The same database and the same numbers as in tests/sweep/summary_test.cpp.
        file = self.root / "twice.db"
        statements = Path(__file__).parents[1] / "sweep/repeated_configurations.sql"
        with sqlite3.connect(file) as connection:
            connection.executescript(statements.read_text(encoding="utf-8"))
        connection.close()
        configurations, values = pareto.comparable(sweep_database.read_sweep(file))
        self.assertEqual([[point.id for point in c.done] for c in configurations], [[1, 3], [4, 5]])
        np.testing.assert_allclose(values, [[0.6, 3], [0.5, 1]])
        self.assertAlmostEqual(configurations[0].deviation("accuracy.final"), 0.02**0.5)

    def test_a_swept_seed_is_a_repeat_too(self):
        sweep = sweep_database.read_sweep(self.database(
            [{"settings": {"adc.bits": 5, "seed": seed}, "seed": seed, "values": [0.5, 1.0]} for seed in (1, 2)],
            axes=[("adc.bits", "list"), ("seed", "list")]))
        self.assertEqual(len(sweep.configurations()), 1)
        self.assertEqual([axis.key for axis in sweep.varied()], ["adc.bits"])

    def test_what_is_not_a_finite_number_is_no_objective(self):
        sweep = sweep_database.read_sweep(self.database([
            {"settings": settings(1), "objectives": '{"accuracy.final": NaN, "energy.total_j": Infinity}'},
            {"settings": settings(2), "objectives": '{"accuracy.final": null, "energy.total_j": "much"}'},
            {"settings": settings(3), "objectives": '{"accuracy.final": true, "energy.total_j": 1}'},
            {"settings": settings(4), "values": [0.5, 2]}]))
        self.assertEqual([point.objectives for point in sweep.points],
                         [{}, {}, {"energy.total_j": 1}, {"accuracy.final": 0.5, "energy.total_j": 2}])

    def test_other_objectives_come_out_of_the_reports(self):
        file = self.database([{"settings": settings(5), "values": [0.5, 1.0],
                               "report": {"schema": 1, "area": {"total_mm2": 6.5}, "accuracy": {"best": 0.75}}}])
        sweep = sweep_database.read_sweep(file, ["area.total_mm2", "energy.total_j=max", "accuracy.best"])
        self.assertEqual([(o.name, o.goal) for o in sweep.objectives],
                         [("area.total_mm2", "min"), ("energy.total_j", "max"), ("accuracy.best", "max")])
        self.assertEqual(sweep.points[0].objectives, {"area.total_mm2": 6.5, "energy.total_j": 1.0,
                                                      "accuracy.best": 0.75})

    def test_a_point_is_read_as_a_run(self):
        report = {"schema": 1, "config": {"adc.bits": "5"}, "seed": 3, "time": {}, "energy": {"total_j": 1.0}}
        file = self.database([{"settings": settings(5), "values": [0.5, 1.0], "report": report},
                              {"settings": settings(6), "status": "failed", "error": "too small\nmore"}])
        run = sources.read_source(f"{file}#1")
        self.assertEqual((run.seed, run.config, run.place), (3, {"adc.bits": "5"}, f"{file}#1"))
        for place, words in ((f"{file}#2", "the point is failed: too small$"), (f"{file}#7", "no such point"),
                             (f"{file}#x", "DATABASE#ID"), (f"{file}x#1", "no such file")):
            with self.assertRaisesRegex(BadInput, words):
                sources.read_source(place)


class BadDatabases(SweepDatabases):
    def refused(self, file, words, names=None):
        with self.assertRaisesRegex(BadInput, words) as caught:
            sweep_database.read_sweep(file, names)
        self.assertNotIn("\n", str(caught.exception))

    def test_what_is_no_database_of_a_sweep_is_refused(self):
        self.refused(self.root / "absent.db", "no such file")
        self.refused(self.root, "no such file")
        text = self.root / "text.db"
        text.write_text("hello " * 1000)
        self.refused(text, "not a database")
        text.write_bytes(b"")
        self.refused(text, "no table sweep")
        foreign = self.root / "foreign.db"
        with sqlite3.connect(foreign) as connection:
            connection.execute("CREATE TABLE point(x)")
        connection.close()
        self.refused(foreign, "no table sweep")

    def test_a_damaged_database_and_another_schema_are_refused(self):
        file = self.database([{"settings": settings(i), "values": [0.5, 1.0]} for i in range(300)])
        whole = file.read_bytes()
        file.write_bytes(whole[:len(whole) // 2])
        self.refused(file, "cannot be read|malformed")
        file.unlink()
        file = self.database([{"settings": settings(5), "objectives": "{half"}])
        self.refused(file, "does not write")
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE point SET objectives = '[1]'")
        connection.close()
        self.refused(file, "objectives of a point: expected a JSON object")
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE sweep SET value = '2' WHERE key = 'schema'")
        connection.close()
        self.refused(file, "has schema 2; this version reads schema 1")

    def commands(self, file):
        """Runs what reads a database; returns how many refused it, each in one line that names it."""
        refused = 0
        for words in (["pareto", str(file)], ["sensitivity", str(file)], ["sweep-table", str(file)],
                      ["pareto", str(file), "--objectives", "area.total_mm2"]):
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = command_line.main(words)
            self.assertIn(status, (0, 2))
            if status == 2:
                refused += 1
                self.assertTrue(err.getvalue().startswith(f"rheo_analysis: {file}"), err.getvalue())
                self.assertEqual(err.getvalue().count("\n"), 1, err.getvalue())
        return refused

    def damaged(self):
        """A database of forty points and its bytes."""
        file = self.database([{"settings": settings(i % 5), "seed": i, "values": [0.5 + i / 100, 1.0 + i % 7],
                               "report": {"schema": 1, "area": {"total_mm2": 6.5}, "text": "x" * 3000}}
                              for i in range(40)])
        return file, file.read_bytes()

    def test_truncated_and_overwritten_databases_are_refused_or_do_no_harm(self):
        file, whole = self.damaged()
        self.assertEqual(self.commands(file), 0)
        for size in (0, 1, 99, 100, 4095, 4096, *(len(whole) * i // 9 for i in range(1, 9))):
            file.write_bytes(whole[:size])
            self.assertGreaterEqual(self.commands(file), 1, size)
        generator = random.Random(3)
        for attempt in range(60):
            damaged = bytearray(whole)
            begin = generator.randrange(4096 if attempt % 2 else len(whole))
            length = 200 if attempt % 5 == 0 else 1
            damaged[begin:begin + length] = generator.randbytes(length)
            file.write_bytes(damaged[:len(whole)])
            self.commands(file)

    def test_what_no_sweep_writes_is_refused(self):
        file, whole = self.damaged()
        for statement in ("UPDATE sweep SET value = '' WHERE key = 'repeats'",
                          "UPDATE sweep SET value = 'two' WHERE key = 'repeats'",
                          "UPDATE sweep SET value = '0' WHERE key = 'repeats'",
                          "DELETE FROM sweep WHERE key = 'repeats'",
                          "UPDATE axis SET kind = 'line'", "UPDATE objective SET goal = 'low'",
                          *(f"UPDATE point SET {change} WHERE id = 5" for change in (
                              "generation = 'x'", "seed = 'x'", "wall_s = 'long'", "wall_s = -1", "feasible = 'yes'",
                              "status = 'lost'", "status = 7", "settings = '[4]'", "settings = '{'",
                              "settings = x'00'", "objectives = '3'", "objectives = '{half'", "error = x'00ff'",
                              "objectives = '" + "[" * 100000 + "'"))):
            file.write_bytes(whole)
            with sqlite3.connect(file) as connection:
                connection.execute(statement)
            connection.close()
            self.assertGreaterEqual(self.commands(file), 3, statement[:80])

    def test_a_locked_database_is_said_after_some_patience(self):
        file = self.database([{"settings": settings(5), "values": [0.5, 1.0]}])
        patience, sweep_database.PATIENCE_S = sweep_database.PATIENCE_S, 0.05
        self.addCleanup(setattr, sweep_database, "PATIENCE_S", patience)
        writer = sqlite3.connect(file, isolation_level=None)
        self.addCleanup(writer.close)
        writer.execute("BEGIN EXCLUSIVE")
        self.refused(file, "locked")

    def test_a_writer_in_wal_mode_does_not_disturb(self):
        file = self.database([{"settings": settings(5), "values": [0.5, 1.0]}])
        writer = sqlite3.connect(file, isolation_level=None)
        self.addCleanup(writer.close)
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE point SET status = 'failed'")
        self.assertEqual(sweep_database.read_sweep(file).counts(), {"done": 1})

    def test_objectives_that_nobody_has_are_named(self):
        file = self.database([{"settings": settings(5), "values": [0.5, 1.0], "report": {"schema": 1}}])
        self.refused(file, "no point has a figure area.total_mm2", ["area.total_mm2"])
        self.refused(file, "expected a path", ["area.total_mm2=best"])
        file.unlink()
        self.refused(self.database([{"settings": settings(5)}], objectives=[]), "has no objectives")
        self.refused(self.database([{"settings": settings(5), "status": "failed"}], name="b.db"), "no point is done")


class Front(SweepDatabases):
    def tearDown(self):
        plt.close("all")

    def front(self, values, objectives=None, **changes):
        """The adc.bits of the front of configurations with these values."""
        points = [{"settings": settings(i), "values": v, **changes.get(f"p{i}", {})} for i, v in enumerate(values)]
        sweep = sweep_database.read_sweep(self.database(points, **({"objectives": objectives} if objectives else {}),
                                                        name=f"{len(list(self.root.iterdir()))}.db"))
        configurations, kept = pareto.front(sweep)
        return [c.settings["adc.bits"] for c, on in zip(configurations, kept) if on]

    def test_a_front_worked_out_by_hand(self):
        # accuracy up, energy down: 1 is beaten by 0, 3 by 2; 4 is the cheapest
        self.assertEqual(self.front([[0.9, 5.0], [0.8, 6.0], [0.7, 2.0], [0.6, 2.0], [0.1, 1.0]]), [0, 2, 4])

    def test_equal_points_all_stay(self):
        self.assertEqual(self.front([[0.9, 5.0], [0.9, 5.0], [0.9, 6.0]]), [0, 1])

    def test_one_objective_keeps_the_best_and_its_equals(self):
        self.assertEqual(self.front([[3.0], [1.0], [2.0], [1.0]], [("time.simulated_s", "min")]), [1, 3])

    def test_points_without_all_objectives_take_no_part(self):
        nan = {"objectives": '{"accuracy.final": NaN, "energy.total_j": 0.1}'}
        self.assertEqual(self.front([[0.9, 5.0], [1.0, None], [0.5, 1.0], [1.0, 0.1], [1.0, 0.1]], p3=nan,
                                    p4={"status": "failed"}), [0, 2])
        with self.assertRaisesRegex(BadInput, "no setting has all of"):
            self.front([[0.9, None], [None, 1.0]])

    def test_means_over_repeats_are_compared(self):
        points = [{"settings": settings(1), "seed": s, "values": [a, 1.0]} for s, a in ((1, 0.4), (2, 0.8))]
        points += [{"settings": settings(2), "seed": 1, "values": [0.7, 1.0]}]  # above 0.6, below the luckiest 0.8
        configurations, kept = pareto.front(sweep_database.read_sweep(self.database(points)))
        self.assertEqual([(c.settings["adc.bits"], bool(on)) for c, on in zip(configurations, kept)],
                         [(2, True), (1, False)])

    def test_a_setting_of_which_a_repeat_is_missing_or_breaks_a_constraint_takes_no_part(self):
        def repeats(number, **second):
            return [{"settings": settings(number), "seed": 1, "values": [0.5, number]},
                    {"settings": settings(number), "seed": 2, "values": [0.5, number], **second}]

        points = repeats(1, status="waiting") + repeats(2, feasible=0) + repeats(3, values=[0.5, None]) + repeats(4)
        sweep = sweep_database.read_sweep(self.database(points + repeats(5), repeats=2))
        configurations, kept = pareto.front(sweep)
        self.assertEqual([(c.settings["adc.bits"], bool(on)) for c, on in zip(configurations, kept)],
                         [(4, True), (5, False)])
        self.assertIn("9 done, 1 waiting (1 of those done break a constraint)", sweep.summary())
        self.assertIn("1 done, 1 done, breaks a constraint", sweep_table.text(sweep))

    def test_the_fast_front_is_that_of_the_definition(self):
        generator = np.random.default_rng(1)
        for dimensions in (1, 2, 3, 4):
            values = generator.integers(0, 5, (60, dimensions))  # many ties
            wanted = [not any((b <= a).all() and (b < a).any() for b in values) for a in values]
            self.assertEqual(pareto.non_dominated(values).tolist(), wanted)

    def test_the_picture_highlights_the_front_and_lists_its_settings(self):
        points = [{"settings": settings(i), "values": v}
                  for i, v in enumerate([[0.9, 5.0], [0.8, 6.0], [0.7, 2.0]])]
        figure = pareto.figure(sweep_database.read_sweep(self.database(points)))
        lines = {line.get_color(): line.get_xydata() for line in figure.axes[0].lines if line.get_linestyle() == "None"}
        np.testing.assert_allclose(lines["#A6A6A6"], [[80, 6]])
        np.testing.assert_allclose(sorted(lines["#D55E00"].tolist()), [[70, 2], [90, 5]])
        self.assertEqual([text.get_text() for text in figure.axes[0].texts], ["1", "2"])
        written = [text.get_text() for text in figure.texts]
        for word in ("adc.bits", "0", "2"):
            self.assertIn(word, written)
        self.assertNotIn("tile.rows", written)  # it is the same everywhere

    def test_a_long_front_is_numbered_from_end_to_end(self):
        self.assertEqual(pareto.evenly(5, 24), [0, 1, 2, 3, 4])
        chosen = pareto.evenly(100, 24)
        self.assertEqual((len(chosen), chosen[0], chosen[-1]), (24, 0, 99))
        figure = pareto.figure(sweep_database.read_sweep(self.database(
            [{"settings": settings(i), "values": [0.01 * i, 0.02 * i]} for i in range(40)])))
        self.assertIn("16 more of the front have no number; the table has all",
                      [text.get_text() for text in figure.texts])

    def test_the_line_bounds_what_the_front_dominates(self):
        for goals in itertools.product(("min", "max"), repeat=2):
            signs = [1 if goal == "min" else -1 for goal in goals]
            best = [[signs[0] * x + 5, signs[1] * y + 5] for x, y in ((1, 4), (2, 2), (4, 1))]
            file = self.database([{"settings": settings(i), "values": v} for i, v in enumerate(best)],
                                 objectives=[("a", goals[0]), ("b", goals[1])], name=f"{'-'.join(goals)}.db")
            axes = pareto.figure(sweep_database.read_sweep(file)).axes[0]
            stairs = next(line for line in axes.lines if line.get_drawstyle() != "default").get_path().vertices
            # Its inner corners are as bad in both as the worse of two neighbours.
            corners = {tuple(corner) for corner in stairs.tolist()} - {tuple(point) for point in best}
            self.assertEqual(corners, {(signs[0] * 2 + 5, signs[1] * 4 + 5), (signs[0] * 4 + 5, signs[1] * 2 + 5)})

    def test_one_objective_has_no_picture(self):
        file = self.database([{"settings": settings(1), "values": [1.0]}], objectives=[("time.simulated_s", "min")])
        with self.assertRaisesRegex(BadInput, "takes 2 to 4 objectives"):
            pareto.figure(sweep_database.read_sweep(file))


class Tables(SweepDatabases):
    def sweep(self):
        return sweep_database.read_sweep(self.database([
            {"settings": settings(5), "seed": 1, "values": [0.5, 0.001]},
            {"settings": settings(5), "seed": 2, "values": [0.6, 0.001]},
            {"settings": settings(6), "seed": 1, "status": "failed", "error": "tile.rows: too | small\nmore"},
            {"settings": settings(7), "seed": 1, "values": [0.4, 0.002]}]))

    def test_rows_have_means_deviations_units_and_errors(self):
        lines = sweep_table.text(self.sweep()).splitlines()
        cells = [[cell.strip() for cell in line.replace("\\|", "!").strip("|").split("|")] for line in lines[2:]]
        self.assertEqual(cells[0], ["point", "seeds", "adc.bits", "tile.rows", "accuracy.final (%)",
                                    "energy.total_j (mJ)", "status"])
        self.assertEqual(cells[2], ["1", "2", "5", "64", "55.00 ± 7.07", "1.000 ± 0", "done"])
        self.assertEqual(cells[3], ["3", "0", "6", "64", "–", "–", "failed: tile.rows: too ! small"])
        self.assertEqual(cells[4], ["4", "1", "7", "64", "40.00", "2.000", "done"])

    def test_the_front_as_markdown_latex_and_csv(self):
        sweep = self.sweep()
        self.assertIn("Front of accuracy.final max, energy.total_j min: 1 of 2 configurations.",
                      sweep_table.front_text(sweep))
        latex = sweep_table.front_text(sweep, "latex")
        self.assertIn(r"55.00 $\pm$ 7.07", latex)
        self.assertTrue(latex.startswith("% trial"))
        self.assertEqual(sweep_table.front_text(sweep, "csv").splitlines(), [
            "point,adc.bits,tile.rows,accuracy.final,accuracy.final deviation,accuracy.final repeats,"
            "energy.total_j,energy.total_j deviation,energy.total_j repeats",
            "1,5,64,0.55,0.07071067811865474,2,0.001,0.0,2"])

    def test_csv_has_every_point_with_all_digits(self):
        lines = sweep_table.text(self.sweep(), "csv").splitlines()
        self.assertEqual(len(lines), 5)
        self.assertEqual(lines[2], "2,0,2,5,64,done,0.6,0.001,1.5,")
        self.assertEqual(lines[3], "3,0,1,6,64,failed,,,1.5,tile.rows: too | small")


if __name__ == "__main__":
    unittest.main()
