"""Which axis of a sweep moves which objective.

Main effects, for grids (every combination of levels, but for a tenth at most). Over the results y of all points:
  share of an axis = sum over its levels l of n_l (mean_l - mean)^2 / sum of (y - mean)^2, the variance it explains;
  range of an axis = largest minus smallest mean of a level;
  repeats          = variance between points that differ in the seed alone; interactions = what is left.
In a full grid with as many repeats everywhere the shares add up to 1.

Rank correlation, for samples (random, Latin hypercube, Sobol, an optimiser's points), over configurations (means of
repeats). Axes of numbers: Spearman's rho, -1 to 1 (two words or false/true count as 0 and 1). Axes of words: the
correlation ratio eta of the ranks, 0 to 1, the root of the share above; of numbers too, over fifths of the axis, where
rho misses what is best in the middle. What chance alone exceeds in 5 of 100 samples is marked: |rho| below
1.96 / sqrt(n - 1), or (n - 1) eta^2 below the 95 % quantile of chi^2 (Kruskal and Wallis). An optimiser's points are no
independent sample: they crowd where it searched.
"""

import math
from dataclasses import dataclass

import numpy as np

from .errors import BadInput
from .settings import column_scale, levels, magnitude, rounded, value_text
from .sweep_table import note
from .table_formats import FORMATS, NONE

LEAST_GRID = 0.9  # share of a grid's combinations that must be there
NEGLIGIBLE = 1e-9  # share of a variance: rounding
FIFTHS = 5
BENT = 0.15  # more than rho: worth saying


@dataclass(frozen=True)
class Effect:
    """What one axis does to one objective. strength: share of the variance (main effects) or rho or eta (rank); None
    where the objective does not move. low, high: the levels with the smallest and largest mean, and those means.
    bent: the eta of an axis of numbers where it says more than rho: best or worst is in the middle."""

    axis: str
    objective: str
    strength: float | None
    low: tuple | None = None
    high: tuple | None = None
    chance: bool = False  # no stronger than chance would have it
    ordered: bool = True  # a rho, not an eta
    bent: float | None = None

    @property
    def size(self):
        """How strong, from 0 to 1."""
        return max(abs(self.strength or 0), self.bent or 0)

    @property
    def range(self):
        """Between the largest and the smallest mean of a level; None where there are none."""
        return self.high[1] - self.low[1] if self.low else None


@dataclass(frozen=True)
class Sensitivity:
    """All effects; rest: {objective: (share of interactions, share of repeats)} of main effects."""

    method: str
    reason: str
    axes: list  # those that vary
    effects: dict  # (axis, objective): Effect
    rest: dict


def analyse(sweep, method=None):
    """The effects of every axis that varies on every objective."""
    configurations = [c for c in sweep.configurations() if any(c.values(o.name) for o in sweep.objectives)]
    axes = {axis.key: levels([c.settings.get(axis.key) for c in configurations]) for axis in sweep.varied()}
    axes = {key: found for key, found in axes.items() if len(found) > 1}
    if not axes:
        raise BadInput(f"{sweep.file}: no axis has two values among the points that are done ({sweep.summary()})")
    combinations = math.prod(map(len, axes.values()))
    grid = len(configurations) >= LEAST_GRID * combinations
    method = method or ("main-effects" if grid else "rank")
    if grid:
        missing = combinations - len(configurations)
        reason = f"a grid of {combinations} combinations" + (f", {missing} of them missing" if missing else "")
    else:
        reason = f"{len(configurations)} samples"
    effects, rest = {}, {}
    for objective in sweep.objectives:
        part = [c for c in configurations if c.values(objective.name)]
        for axis, found in axes.items():
            effect = main_effect if method == "main-effects" else rank_effect
            effects[axis, objective.name] = effect(part, axis, found, objective.name)
        if method == "main-effects":
            rest[objective.name] = remainder(part, objective.name,
                                             [effects[axis, objective.name].strength for axis in axes])
    return Sensitivity(method, reason, list(axes), effects, rest)


def squares(values, centre):
    """Sum of squared distances."""
    return math.fsum((value - centre)**2 for value in values)


def main_effect(configurations, axis, found, name):
    """Share of variance and range of level means, over all points."""
    of_level = {value_text(level): [] for level in found}
    for c in configurations:
        of_level[value_text(c.settings.get(axis))] += c.values(name)
    every = [value for values in of_level.values() for value in values]
    mean = math.fsum(every) / len(every)
    total = squares(every, mean)
    if total <= negligible(every):
        return Effect(axis, name, None)
    means = {level: math.fsum(values) / len(values) for level, values in of_level.items() if values}
    share = math.fsum(len(of_level[level]) * (m - mean)**2 for level, m in means.items()) / total
    low, high = min(means.items(), key=lambda item: item[1]), max(means.items(), key=lambda item: item[1])
    return Effect(axis, name, share, low, high)


def negligible(values):
    """The sum of squares that rounding alone gives."""
    return len(values) * (1e-12 * max(map(abs, values), default=0))**2


def remainder(configurations, name, shares):
    """(share of interactions, share of repeats), or None where the objective does not move."""
    if None in shares or not shares:
        return None
    every = [value for c in configurations for value in c.values(name)]
    total = squares(every, math.fsum(every) / len(every))
    within = math.fsum(squares(c.values(name), c.mean(name)) for c in configurations) / total
    return max(0.0, 1 - within - math.fsum(shares)), within


def ranks(values):
    """Ranks from 1; equal values share the mean of theirs."""
    values = np.asarray(values, dtype=float)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def spearman(a, b):
    """Spearman's rank correlation of two lists; None where one of them is constant."""
    a, b = ranks(a), ranks(b)
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else None


def chi_square_95(freedom):
    """The 95 % quantile of chi^2, by Wilson and Hilferty (1931); within 3 % of the exact value."""
    return freedom * (1 - 2 / (9 * freedom) + 1.6449 * math.sqrt(2 / (9 * freedom)))**3


def ratio(ranked, groups, parts):
    """(eta of the ranks over `parts` groups, whether chance alone would do); groups[i] is the group of ranked[i]."""
    members = [ranked[groups == part] for part in range(parts)]
    members = [group for group in members if len(group)]
    between = sum(len(group) * (group.mean() - ranked.mean())**2 for group in members)
    share = float(between / ((ranked - ranked.mean())**2).sum())
    return math.sqrt(share), len(members) < 2 or (len(ranked) - 1) * share < chi_square_95(len(members) - 1)


def rank_effect(configurations, axis, found, name):
    """rho of an axis of numbers, eta of an axis of words."""
    values = [c.mean(name) for c in configurations]
    order = {value_text(level): place for place, level in enumerate(found)}
    numeric = len(found) == 2 or all(magnitude(level) is not None for level in found)
    if len(values) < 3 or squares(values, math.fsum(values) / len(values)) <= negligible(values):
        return Effect(axis, name, None)
    places = np.array([order[value_text(c.settings.get(axis))] for c in configurations])
    if not numeric:
        eta, chance = ratio(ranks(values), places, len(found))
        return Effect(axis, name, eta, chance=chance, ordered=False)
    rho = spearman(places, values)
    bent = None
    if rho is not None and len(values) >= 5 * FIFTHS and len(found) > 2:
        fifths = np.minimum((FIFTHS * (ranks(places) - 0.5) / len(values)).astype(int), FIFTHS - 1)
        eta, chance = ratio(ranks(values), fifths, FIFTHS)
        bent = eta if not chance and eta > abs(rho) + BENT else None
    return Effect(axis, name, rho, chance=rho is None or abs(rho) < 1.96 / math.sqrt(len(values) - 1), bent=bent)


EXPLAINED = {
    "main-effects": "main effects: share of the variance that an axis explains, and the largest change of the mean "
                    "between two of its levels",
    "rank": "rank correlation: rho from -1 to 1 (words, and bent: eta, 0 to 1); in brackets what chance may have made",
}


def statement(sweep, sensitivity):
    """What was done to what, in one sentence."""
    words = f"{sweep.summary()}. Method: {EXPLAINED[sensitivity.method]} ({sensitivity.reason})"
    if sensitivity.method == "rank" and any(point.generation > 0 for point in sweep.points):
        words += "; the points of an optimiser crowd where it searched"
    return words + "."


def strength_text(effect, method):
    """A share in percent, a rho or an eta; in brackets what chance may have made."""
    if effect.strength is None:
        return NONE
    if method == "main-effects":
        return f"{100 * effect.strength:.1f} %"
    text = f"{effect.strength:+.2f}" if effect.ordered else f"eta {effect.strength:.2f}"
    text = f"({text})" if effect.chance else text
    return f"{text}, bent: eta {effect.bent:.2f}" if effect.bent else text


def text(sweep, kind="markdown", method=None):
    """The table: a row an axis; of each objective the strength, and with main effects the range of the level means and
    the levels between which it lies."""
    sensitivity = analyse(sweep, method)
    grid = sensitivity.method == "main-effects"
    rows = {axis: [axis] for axis in sensitivity.axes}
    rest = {"interactions": ["interactions"], "repeats": ["repeats (seeds)"]}
    headings = ["axis"]
    for objective in sweep.objectives:
        name = objective.name
        effects = [sensitivity.effects[axis, name] for axis in sensitivity.axes]
        ranges = [effect.range for effect in effects if effect.range is not None]
        factor, unit = column_scale(name, ranges)
        headings += [f"{name}: share", f"range ({unit})" if unit else "range", "from → to"] if grid else [name]
        for effect in effects:
            rows[effect.axis].append(strength_text(effect, sensitivity.method))
            if grid:
                known = effect.range is not None
                moved = known and effect.strength > NEGLIGIBLE
                rows[effect.axis] += [rounded(effect.range, factor, "" if unit != "%" else unit) if known else NONE,
                                      f"{effect.low[0]} → {effect.high[0]}" if moved else NONE]
        left = sensitivity.rest.get(name)
        for place, row in enumerate(rest.values()):
            row += [f"{100 * left[place]:.1f} %" if left else NONE, "", ""]
    rows = list(rows.values()) + (list(rest.values()) if grid else [])
    return note(statement(sweep, sensitivity), kind) + FORMATS[kind](headings, rows)
