"""Figures of report.json by their dotted path: unit, and which way is better."""

from .quantities import engineering

# (how a path ends or what it contains, unit); the first that matches.
UNITS_BY_END = (("accuracy.final", "%"), ("accuracy.best", "%"), ("_accuracy", "%"), ("_fraction", "%"), ("top1", "%"),
                ("spike_ratio", "%"), ("spike_ratio_peak", "%"), ("from_10_db", "%"),
                ("_per_s", ""), ("_s", "s"), ("_j", "J"), ("_mm2", "mm²"), ("_hz", "Hz"), ("_bytes", "B"),
                ("_bits", "bit"))
UNITS_BY_PART = (("time.utilisation.", "%"), ("time.by_phase.", "s"), ("evaluation.by_phase.", "s"),
                 ("energy_by_", "J"), ("energy.by_", "J"), ("area.by_", "mm²"))


def is_number(value):
    """Whether it is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def unit_of(path):
    """The unit of a figure by its path in the report; "" for counts, "%" for fractions of 1."""
    for end, unit in UNITS_BY_END:
        if path.endswith(end):
            return unit
    for part, unit in UNITS_BY_PART:
        if part in path:
            return unit
    return ""


def goal_of(path):
    """"max" of what should be large (accuracies, rates), "min" of everything else (time, energy, area, memory)."""
    return "max" if path.startswith("accuracy.") or path.endswith("_per_s") else "min"


def value_at(report, path):
    """The number at a dotted path of a report, or None where there is none: not modelled."""
    value = report
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value if is_number(value) else None


def shown(value, unit):
    """The value with its unit, "absent" for None; fractions in percent, counts in full up to seven digits."""
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
