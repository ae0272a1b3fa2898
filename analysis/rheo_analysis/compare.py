"""What differs between two runs: the configuration, and every figure of the report."""

import math
from dataclasses import dataclass

from .metrics import is_number, shown, unit_of
from .quantities import significant
from .table_formats import FORMATS

NOT_FIGURES = ("schema", "version", "config", "seed")

@dataclass(frozen=True)
class Change:
    """One figure in both runs; None where a run does not have it."""

    path: str
    before: object
    after: object

    @property
    def relative(self):
        """(after - before) / |before|; infinite from 0 or where one side lacks the figure."""
        if self.before is None or self.after is None:
            return math.inf
        if self.before == 0:
            return 0.0 if self.after == 0 else math.inf
        return (self.after - self.before) / abs(self.before)


def figures(report):
    """{path: value} of every number and text of a report but its configuration. Entries of lists go by their name or
    epoch, as in layers[conv1].energy_j."""
    found = {}

    def walk(value, path):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                name = inner.get("name", inner.get("epoch", index)) if isinstance(inner, dict) else index
                if isinstance(inner, dict):
                    inner = {k: v for k, v in inner.items() if k not in ("name", "epoch")}
                walk(inner, f"{path}[{name}]")
        else:
            found[path] = value

    walk({key: value for key, value in report.items() if key not in NOT_FIGURES}, "")
    return found


def changes(before, after):
    """(numbers that differ, largest relative change first, those that one side lacks last; texts that differ; how
    many figures are the same)."""
    a, b = figures(before), figures(after)
    numbers, texts, same = [], [], 0
    for path in dict.fromkeys([*a, *b]):
        change = Change(path, a.get(path), b.get(path))
        if change.before == change.after:
            same += 1
        elif all(value is None or is_number(value) for value in (change.before, change.after)):
            numbers.append(change)
        else:
            texts.append(change)
    numbers.sort(key=lambda change: (change.before is None or change.after is None, -abs(change.relative)))
    return numbers, texts, same


def configuration_changes(before, after):
    """[(key, value before, value after)] of the keys that differ; None where a run lacks the key."""
    a = {"version": before.get("version"), **before["config"]}
    b = {"version": after.get("version"), **after["config"]}
    return [(key, a.get(key), b.get(key)) for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]


def row(change):
    """The cells of one change: path, before, after, absolute, percent."""
    unit = unit_of(change.path)
    if change.before is None or change.after is None:
        return [change.path, shown(change.before, unit), shown(change.after, unit), "", ""]
    difference = change.after - change.before
    sign = "+" if difference > 0 else "-"
    percent = "from 0" if math.isinf(change.relative) else percentage(change.relative)
    absolute = sign + shown(abs(difference), unit)
    if unit == "%":
        absolute = absolute.replace("%", "points")
    return [change.path, shown(change.before, unit), shown(change.after, unit), absolute, percent]


def percentage(relative):
    """"+12.3 %"; changes below 0.05 % with one significant digit, of a thousand and more without decimals."""
    value = 100 * relative
    if abs(value) >= 1000:
        return f"{value:+.0f} %"
    return f"{value:+.1f} %" if abs(value) >= 0.05 else ("+" if value > 0 else "-") + significant(abs(value), 1) + " %"


def aligned(lines):
    """Cells in columns: the first to the left, the others to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]

    def padded(line):
        return [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]

    return ["  " + "  ".join(padded(line)).rstrip() for line in lines]


@dataclass(frozen=True)
class Comparison:
    """What differs from run `a` to run `b`."""

    configured: list  # (key, value before, value after)
    kept: list  # figures that changed by as much as was asked, largest relative change first
    texts: list
    smaller: int  # figures that changed by less
    same: int


def compared(a, b, at_least):
    """The Comparison of two runs."""
    numbers, texts, same = changes(a.report, b.report)
    kept = [change for change in numbers if abs(change.relative) >= at_least]
    return Comparison(configuration_changes(a.report, b.report), kept, texts, len(numbers) - len(kept), same)


def or_absent(value):
    """A configuration's value as text."""
    return "absent" if value is None else str(value)


def plain_text(a, b, found, at_least):
    """For a terminal."""
    lines = [f"A: {a.place}", f"B: {b.place}", ""]
    lines.append("Configuration" if found.configured else "Configuration: the same")
    lines += [f"  {key}: {or_absent(x)} -> {or_absent(y)}" for key, x, y in found.configured]
    lines.append("")
    if found.kept:
        lines += ["Figures, largest relative change first"]
        lines += aligned([["", "A", "B", "B - A", "change"]] + [row(change) for change in found.kept])
    else:
        lines.append("Figures: none changed" + (" by as much" if found.smaller else ""))
    for change in found.texts:
        lines.append(f"  {change.path}: {shown(change.before, '')} -> {shown(change.after, '')}")
    lines.append(remainder(found, at_least))
    return "\n".join(lines) + "\n"


def remainder(found, at_least):
    """How many figures are not listed, and why."""
    less = f", {found.smaller} changed by less than {100 * at_least:g} %" if found.smaller else ""
    return f"{found.same} figures are the same{less}"


def tables(a, b, found, at_least, kind):
    """Two tables, configuration and figures; CSV: one of all, with full digits."""
    configured = [[key, or_absent(x), or_absent(y)] for key, x, y in found.configured]
    texts = [[change.path, shown(change.before, ""), shown(change.after, "")] for change in found.texts]
    if kind == "csv":
        cells = [[key, x, y, ""] for key, x, y in configured + texts]
        cells += [[c.path, *("" if v is None else repr(v) for v in (c.before, c.after)),
                   "" if math.isinf(c.relative) else repr(c.relative)] for c in found.kept]
        return FORMATS[kind](["key or figure", a.place, b.place, "relative change"], cells)
    comment = "% " if kind == "latex" else ""
    parts = [f"{comment}A: {a.place}", f"{comment}B: {b.place}"]
    if configured:
        parts.append(FORMATS[kind](["configuration", "A", "B"], configured).rstrip("\n"))
    if found.kept or texts:
        parts.append(FORMATS[kind](["figure", "A", "B", "B - A", "change"],
                                   [row(change) for change in found.kept] + [cells + ["", ""] for cells in texts])
                     .rstrip("\n"))
    parts.append(comment + remainder(found, at_least) + ".")
    return "\n\n".join(parts) + "\n"


def text(a, b, at_least=0.0, kind="text"):
    """What changed from run `a` to run `b`; figures that changed by less than `at_least` (a fraction) are counted
    only. kind: text (for a terminal), markdown, latex, csv."""
    found = compared(a, b, at_least)
    return plain_text(a, b, found, at_least) if kind == "text" else tables(a, b, found, at_least, kind)
