"""Configurations of a sweep as rows of a table: settings, objectives as mean ± deviation over repeats, what failed."""

from .pareto import front
from .settings import column_scale, heading, rounded, value_text
from .sweep_database import first_line
from .table import spread
from .table_formats import FORMATS, NONE

LONGEST_ERROR = 90


def text(sweep, kind="markdown"):
    """All configurations in the order of their first point; those without a result say why."""
    if kind == "csv":
        return points_csv(sweep)
    body = table(sweep, sweep.configurations(), kind, statuses=True)
    return note(f"{sweep.summary()}.", kind) + body


def front_text(sweep, kind="markdown"):
    """The configurations of the Pareto front, the best by the first objective first."""
    configurations, kept = front(sweep)
    members = [c for c, on in zip(configurations, kept) if on]
    body = table(sweep, members, kind)
    goals = ", ".join(f"{objective.name} {objective.goal}" for objective in sweep.objectives)
    return note(f"{sweep.summary()}. Front of {goals}: {len(members)} of {len(configurations)} configurations.",
                kind) + body


def note(words, kind):
    """A sentence above a table: a comment in LaTeX, nothing in CSV."""
    return {"markdown": f"{words}\n\n", "latex": f"% {words}\n", "csv": ""}[kind]


def table(sweep, configurations, kind="markdown", statuses=False):
    """One row a configuration: the first point and how many seeds are done, settings, objectives. CSV: SI units and
    all digits, mean, deviation and number of repeats apart."""
    keys = [axis.key for axis in sweep.varied()]
    if kind == "csv":
        headings = ["point", *keys]
        for objective in sweep.objectives:
            headings += [objective.name, f"{objective.name} deviation", f"{objective.name} repeats"]
        rows = [[str(c.points[0].id), *(plain(c.settings.get(key)) for key in keys),
                 *(cell for o in sweep.objectives
                   for cell in (plain(c.mean(o.name)), plain(c.deviation(o.name)), str(len(c.values(o.name)))))]
                for c in configurations]
        return FORMATS[kind](headings, rows)
    repeated = any(len(c.points) > 1 for c in configurations)
    headings = ["point", *(["seeds"] if repeated else []), *keys]
    rows = [[str(c.points[0].id), *([str(len(c.done))] if repeated else []),
             *(value_text(c.settings[key]) if key in c.settings else NONE for key in keys)] for c in configurations]
    for objective in sweep.objectives:
        values = [c.values(objective.name) for c in configurations]
        factor, unit = column_scale(objective.name, [value for part in values for value in part])
        headings.append(heading(objective.name, unit))
        for row, part in zip(rows, values):
            row.append(cell(part, factor, unit))
    if statuses and any(point.status != "done" or not point.feasible for c in configurations for point in c.points):
        headings.append("status")
        for row, configuration in zip(rows, configurations):
            row.append(status(configuration))
    return FORMATS[kind](headings, rows)


def cell(values, factor, unit):
    """"mean ± deviation" of repeats, the value of one, a dash of none."""
    if len(values) == 1:
        return rounded(values[0], factor, unit)
    return spread([factor * value for value in values], 2 if unit == "%" else None)


def status(configuration):
    """"done", or how many of the repeats are what, with the first error."""
    statuses = [point.status if point.feasible else f"{point.status}, breaks a constraint"
                for point in configuration.points]
    kinds = list(dict.fromkeys(statuses))
    words = kinds[0] if len(kinds) == 1 else ", ".join(f"{statuses.count(kind)} {kind}" for kind in kinds)
    error = next((first_line(point.error) for point in configuration.points if point.error), "")
    if len(error) > LONGEST_ERROR:
        error = error[:LONGEST_ERROR - 1] + "…"
    return f"{words}: {error}" if error else words


def plain(value):
    """A value with all its digits; nothing for None."""
    return "" if value is None else repr(value) if isinstance(value, float) else value_text(value)


def points_csv(sweep):
    """Every point by itself, SI units."""
    keys = [axis.key for axis in sweep.varied()]
    headings = ["point", "generation", "seed", *keys, "status", *(o.name for o in sweep.objectives), "wall_s", "error"]
    rows = [[str(p.id), str(p.generation), str(p.seed), *(plain(p.settings.get(key)) for key in keys), p.status,
             *(plain(p.objectives.get(o.name)) for o in sweep.objectives), plain(p.wall_s), first_line(p.error)]
            for p in sweep.points]
    return FORMATS["csv"](headings, rows)
