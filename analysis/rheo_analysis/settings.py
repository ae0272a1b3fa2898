"""Settings of a sweep's axes and its objectives, as people read them."""

import math
import re

from .metrics import is_number, unit_of
from .quantities import scale_for, significant

BETTER = {"min": "less is better", "max": "more is better"}
LOG_FROM = 30  # times the least: an axis becomes logarithmic

PREFIX_FACTORS = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6,
                  "G": 1e9, "T": 1e12, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}
QUANTITY = re.compile(r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(f|p|n|u|µ|m|k|M|G|T|Ki|Mi|Gi)?(B/s|Hz|s|B|J|W|V)")


def value_text(value, most=6):
    """A setting without quotes; numbers with as many digits as they need, `most` at most."""
    if isinstance(value, bool):
        return str(value).lower()
    if is_number(value):
        return f"{value:.{most}g}"
    if isinstance(value, list):
        return "[" + ", ".join(value_text(part, most) for part in value) + "]"
    return str(value)


def magnitude(value):
    """The number that a setting is, in SI units where it has one ("80 ns" is 8e-8), or None: a word or a list."""
    if is_number(value):
        return float(value)
    found = QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(found[1]) * PREFIX_FACTORS[found[2] or ""] if found else None


def unit_without_prefix(value):
    """"s" of "80 ns"; "" of a plain number or a word."""
    found = QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[3] if found else ""


def levels(values):
    """The different values of an axis, in order: numbers and quantities by size, words as they appear."""
    different = list({value_text(value): value for value in values}.values())
    sizes = [magnitude(value) for value in different]
    if any(size is None for size in sizes):
        return different
    return [value for _, value in sorted(zip(sizes, different), key=lambda pair: pair[0])]


def varied_keys(sweep, configurations):
    """The axes on which the configurations differ; all axes where they differ in none."""
    keys = [axis.key for axis in sweep.varied()]
    differ = [key for key in keys if len({value_text(c.settings.get(key)) for c in configurations}) > 1]
    return differ or keys


def column_scale(name, values):
    """(factor, unit) for a column or an axis of an objective's values; fractions become percent."""
    unit = unit_of(name)
    if unit == "%":
        return 100.0, "%"
    if unit in ("", "mm²"):
        return 1.0, unit
    return scale_for(values, unit)


def heading(name, unit):
    """A column's or an axis' name with its unit."""
    return f"{name} ({unit})" if unit else name


def rounded(value, factor, unit):
    """A value of a column as text: percent with two decimals, counts in full, else four significant digits."""
    if unit == "%":
        return f"{factor * value:.2f}"
    if factor == 1.0 and float(value).is_integer() and abs(value) < 1e7:
        return f"{value:.0f}"
    return significant(factor * value, 4)


def wide(values):
    """Whether values spread so much that a logarithmic axis suits."""
    return min(values) > 0 and math.isfinite(max(values)) and max(values) / min(values) > LOG_FROM


def objective_axis(axis, objective, values):
    """Labels an axis of a plot and makes it logarithmic where the values span much; returns the factor of values."""
    factor, unit = column_scale(objective.name, values)
    axis.axes.set(**{f"{axis.axis_name}label": f"{heading(objective.name, unit)}, {BETTER[objective.goal]}"})
    if wide(values):
        axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    return factor
