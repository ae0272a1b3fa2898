"""Runs side by side, one a row, and means over seeds."""

import statistics

from .errors import BadInput
from .metrics import unit_of
from .quantities import scale_for, significant
from .reading import groups, number, trained_images
from .table_formats import FORMATS, NONE


ROUNDING = 1e-12  # deviations below, relative to the mean, are of sums in another order


def images_per_second(run):
    """Training images a second of simulated time, or None."""
    images, seconds = trained_images(run), number(run, "time.simulated_s")
    return images / seconds if images and seconds else None


# (heading, unit that takes a prefix or None for a plain number, value of a run, decimals of a plain number)
COLUMNS = [
    ("accuracy, last (%)", None, lambda run: scaled(number(run, "accuracy.final"), 100), 2),
    ("accuracy, best (%)", None, lambda run: scaled(number(run, "accuracy.best"), 100), 2),
    ("simulated time", "s", lambda run: number(run, "time.simulated_s"), None),
    ("energy", "J", lambda run: number(run, "energy.total_j"), None),
    ("area (mm²)", None, lambda run: number(run, "area.total_mm2"), 3),
    ("images/s on the chip", None, images_per_second, 0),
]


def scaled(value, factor):
    """The product, or None of None."""
    return None if value is None else factor * value


def formatted(value, decimals):
    """A cell: so many decimals, or four significant digits where `decimals` is None."""
    if value is None:
        return NONE
    return significant(value, 4) if decimals is None else f"{value:.{decimals}f}"


def spread(values, decimals):
    """"mean ± sample deviation" of the values that are there."""
    present = [value for value in values if value is not None]
    if not present:
        return NONE
    mean = statistics.fmean(present)
    if len(present) == 1:
        return formatted(mean, decimals)
    deviation = statistics.stdev(present)
    if deviation < ROUNDING * abs(mean):
        deviation = 0.0
    shown = formatted(mean, decimals)
    rounded = f"{deviation:.{len(shown.partition('.')[2])}f}"
    if float(rounded) == 0:
        rounded = significant(deviation, 1)
    return f"{shown} ± {rounded}"


def chosen(paths):
    """COLUMNS of the figures at dotted paths of the report, as (heading, unit that takes a prefix, value, decimals)."""
    columns = []
    for path in paths:
        unit = unit_of(path)
        if unit == "%":
            columns.append((f"{path} (%)", None, lambda run, path=path: scaled(number(run, path), 100), 2))
        elif unit in ("", "mm²"):
            heading = f"{path} ({unit})" if unit else path
            columns.append((heading, None, lambda run, path=path: number(run, path), None))
        else:
            columns.append((path, unit, lambda run, path=path: number(run, path), None))
    return columns


def rows(runs, columns=COLUMNS):
    """(headings of the columns, one list of cells a run, one list of cells a group of several seeds).
    The first two cells of a run's row are its device with what else tells it apart, and its seed; of a group's the
    same and the number of seeds. Training only; times and energies of a column share one prefix."""
    parts = groups(runs)
    configured = [(group.label, run) for group in parts for run in runs
                  if run in group.runs]
    listed = [run for _, run in configured]
    repeated = [run for run in runs if run not in listed]
    configured += [(run.device, run) for run in repeated]
    headings = ["device", "seed"]
    run_rows = [[label, str(run.seed)] for label, run in configured]
    group_rows = [[group.label, f"{len(group.runs)} seeds"] for group in parts if len(group.runs) > 1]
    for heading, unit, value_of, decimals in columns:
        values = [value_of(run) for _, run in configured]
        if columns is not COLUMNS and all(value is None for value in values):
            raise BadInput(f"no run has a figure {heading}; expected a path of report.json such as accuracy.final")
        factor = 1.0
        if unit is None and decimals is None and all(isinstance(value, (int, type(None))) for value in values):
            decimals = 0  # counts are shown in full
        if unit:
            factor, prefixed = scale_for([value for value in values if value is not None], unit)
            heading = f"{heading} ({prefixed})"
        headings.append(heading)
        for row, value in zip(run_rows, values):
            row.append(formatted(scaled(value, factor), decimals))
        for row, group in zip(group_rows, (group for group in parts if len(group.runs) > 1)):
            row.append(spread([scaled(value_of(run), factor) for run in group.runs], decimals))
    return headings, run_rows, group_rows


def text(runs, kind="markdown", paths=None):
    """The table of the runs as text, with the usual columns or those of the paths."""
    return FORMATS[kind](*rows(runs, chosen(paths) if paths else COLUMNS))
