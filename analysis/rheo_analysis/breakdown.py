"""Where a run's energy and time went."""

import numpy as np

from . import style
from .busy_time import LEAST_ROWS, draw_time, layer_colours, time_legend
from .quantities import engineering, scale_for
from .reading import number, section
from .style import plt

LEAST_SHARE = 0.004  # smaller parts are drawn together
MOST_UNITS = 20
MOST_LETTERS = 120  # of the list below a bar
TIME_PANEL = 3.1  # inches: its height without the legend


def largest_first(parts, least=LEAST_SHARE):
    """[(name, value, share)] of {name: value}, largest first; parts below `least` of the sum come together as the
    last one, named "N others". Parts of value 0 are left out."""
    total = sum(parts.values())
    ordered = sorted(((n, v) for n, v in parts.items() if v > 0), key=lambda item: -item[1])
    shown = [(n, v, v / total) for n, v in ordered if v / total >= least]
    small = [(n, v) for n, v in ordered if v / total < least]
    if len(small) == 1:
        shown.append((small[0][0], small[0][1], small[0][1] / total))
    elif small:
        value = sum(v for _, v in small)
        shown.append((f"{len(small)} others", value, value / total))
    return shown


def percent(share):
    """A share as text."""
    return "< 0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


def listed(words, most):
    """The words in a list of at most about so many letters, and how many more there are."""
    shown = list(words)
    while len(", ".join(shown)) > most and len(shown) > 1:
        shown.pop()
    more = len(words) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def label_segment(axes, left, width, y, words, colour):
    """Writes the widest of `words` that fits into a bar's segment; False when none does."""
    text = axes.text(left + width / 2, y, "", ha="center", va="center", color=style.ink_on(colour), fontsize=10)
    renderer = axes.figure.canvas.get_renderer()
    room = axes.transData.transform((left + width, 0))[0] - axes.transData.transform((left, 0))[0]
    for candidate in words:
        text.set_text(candidate)
        if text.get_window_extent(renderer).width < 0.92 * room:
            return True
    text.remove()
    return False


def draw_energy(axes, run):
    """Stacked bars of the energy (of training, or of inference), each the whole: by component, layer and phase."""
    total = number(run, "energy.total_j")
    factor, unit = scale_for([total], "J")
    names = ("component", "layer", "phase")
    axes.set_xlim(0, factor * total)
    axes.set_ylim(2.62, -0.42)
    layers = layer_colours(run)
    for row, name in enumerate(names):
        left = 0.0
        unlabelled = []
        parts = largest_first(section(run, f"energy.by_{name}"), 0 if name == "phase" else LEAST_SHARE)
        for index, (part, value, share) in enumerate(parts):
            width = factor * value
            if name == "component":
                colour = style.COLOURS[index] if index < len(style.COLOURS) else style.OTHERS
            else:
                colour = (style.PHASES if name == "phase" else layers).get(part, style.OTHERS)
            if part.endswith(" others"):
                colour = style.OTHERS
            part = style.shortened(part)
            axes.barh(row, width, left=left, height=0.52, color=colour, edgecolor="white", linewidth=0.8)
            words = [f"{part} {percent(share)}", f"{part}\n{percent(share)}"]
            if not label_segment(axes, left, width, row, words, colour):
                unlabelled.append(f"{part} {percent(share)}")
            left += width
        if unlabelled:
            axes.text(factor * total, row + 0.30, "at the right: " + listed(unlabelled, MOST_LETTERS), ha="right",
                      va="top", fontsize=9.5, color=style.MUTED)
    axes.set_yticks(range(len(names)), [f"by {name}" for name in names])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"energy of {run.activity} ({unit})")
    axes.set_title("Energy")


def draw_utilisation(axes, run):
    """Busy share of every unit, busiest first."""
    shares = sorted(section(run, "time.utilisation").items(), key=lambda item: -item[1])
    shown, hidden = shares[:MOST_UNITS], shares[MOST_UNITS:]
    values = 100 * np.array([value for _, value in shown])
    axes.barh(range(len(shown)), values, height=0.6, color=style.COLOURS[0])
    for row, value in enumerate(values):
        axes.text(value + 1.5, row, "< 0.1 %" if 0 < value < 0.05 else f"{value:.1f} %", va="center", fontsize=10)
    axes.set_xlim(0, 115)
    axes.set_xticks(range(0, 101, 20))
    axes.set_ylim(max(len(shown), LEAST_ROWS) - 0.4, -0.6)
    axes.set_yticks(range(len(shown)), [style.shortened(name) for name, _ in shown])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("busy share of simulated time (%)")
    axes.set_title(f"Utilisation ({len(hidden)} more below {100 * shown[-1][1]:.2g} %)" if hidden else "Utilisation")


def figure(run):
    """A figure of one run: energy by component, layer and phase; time by phase; utilisation of the units."""
    total = number(run, "energy.total_j")
    if total is None:
        section(run, "energy.total_j")
    units = min(len(section(run, "time.utilisation")), MOST_UNITS)
    time_panel = TIME_PANEL + 0.23 * time_legend(run)[2]
    lower = max(time_panel, 0.27 * units + 0.6)
    drawing = plt.figure(figsize=(11, 4.6 + lower), layout="constrained")
    grid = drawing.add_gridspec(2, 2, height_ratios=[3.4, lower], width_ratios=[1.15, 1])
    energy = drawing.add_subplot(grid[0, :])
    left = grid[1, 0].subgridspec(2, 1, height_ratios=[time_panel, max(lower - time_panel, 0.01)])
    draw_time(drawing.add_subplot(left[0]), run)
    draw_utilisation(drawing.add_subplot(grid[1, 1]), run)
    simulated = number(run, "time.simulated_s")
    assumed = number(run, "energy.assumed_fraction")
    facts = [f"{engineering(total, 'J')} and {engineering(simulated, 's')} of {run.activity} on the chip"
             if simulated else f"{engineering(total, 'J')} of {run.activity}"]
    if assumed is not None:
        facts.append(f"{100 * assumed:.0f} % of the energy rests on assumptions")
    style.headline(drawing, f"{run.title}, {run.device}, seed {run.seed}", "; ".join(facts))
    energy.set_xlim(0, 1)
    drawing.canvas.draw()  # the layout decides how wide the bars are, and so which labels fit
    draw_energy(energy, run)
    return drawing
