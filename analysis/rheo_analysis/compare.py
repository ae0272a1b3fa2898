"""What differs between two runs: the configuration, and every figure of the report."""

import math
from dataclasses import dataclass

from .quantities import engineering, significant
from .reading import is_number

NOT_FIGURES = ("schema", "version", "config", "seed")

# (how a path ends or what it contains, unit); the first that matches.
UNITS_BY_END = (("accuracy.final", "%"), ("accuracy.best", "%"), ("_accuracy", "%"), ("_fraction", "%"),
                ("_s", "s"), ("_j", "J"), ("_mm2", "mm²"), ("_hz", "Hz"), ("_bytes", "B"), ("_bits", "bit"))
UNITS_BY_PART = (("time.utilisation.", "%"), ("time.by_phase.", "s"), ("evaluation.by_phase.", "s"),
                 ("energy_by_", "J"), ("energy.by_", "J"), ("area.by_", "mm²"))


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


def unit_of(path):
    """The unit of a figure by its path in the report; "" for counts, "%" for fractions of 1."""
    for end, unit in UNITS_BY_END:
        if path.endswith(end):
            return unit
    for part, unit in UNITS_BY_PART:
        if part in path:
            return unit
    return ""


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
    """(numbers that differ, largest relative change first; texts that differ; how many figures are the same)."""
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
    numbers.sort(key=lambda change: -abs(change.relative))
    return numbers, texts, same


def configuration_changes(before, after):
    """[(key, value before, value after)] of the keys that differ; None where a run lacks the key."""
    a = {"version": before.get("version"), **before["config"]}
    b = {"version": after.get("version"), **after["config"]}
    return [(key, a.get(key), b.get(key)) for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]


def shown(value, unit):
    if value is None:
        return "absent"
    if not is_number(value):
        return str(value)
    if unit == "%":
        return f"{100 * value:.2f} %"
    return engineering(value, unit) if unit else counted(value)


def counted(value):
    """A count in full up to seven digits, else four significant digits."""
    return str(value) if isinstance(value, int) and abs(value) < 10_000_000 else f"{value:.4g}"


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


def text(a, b, at_least=0.0):
    """What changed from run `a` to run `b`, as text; figures that changed by less than `at_least` (a fraction) are
    counted only."""
    lines = [f"A: {a.folder}", f"B: {b.folder}", ""]
    configured = configuration_changes(a.report, b.report)
    lines.append("Configuration" if configured else "Configuration: the same")
    lines += [f"  {key}: {'absent' if x is None else x} -> {'absent' if y is None else y}" for key, x, y in configured]
    numbers, texts, same = changes(a.report, b.report)
    kept = [change for change in numbers if abs(change.relative) >= at_least]
    lines.append("")
    if kept:
        lines += ["Figures, largest relative change first"]
        lines += aligned([["", "A", "B", "B - A", "change"]] + [row(change) for change in kept])
    else:
        lines.append("Figures: none changed" + (" by as much" if numbers else ""))
    for change in texts:
        lines.append(f"  {change.path}: {shown(change.before, '')} -> {shown(change.after, '')}")
    smaller = len(numbers) - len(kept)
    less = f", {smaller} changed by less than {100 * at_least:g} %" if smaller else ""
    lines.append(f"{same} figures are the same{less}")
    return "\n".join(lines) + "\n"
