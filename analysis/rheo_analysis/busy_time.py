"""Busy time of a run by phase, stacked by layer: one panel of its breakdown."""

from matplotlib.patches import Patch

from . import style
from .quantities import engineering, scale_for
from .reading import number, section

LEAST_ROWS = 4  # of a panel: one bar alone is no block
MOST_LAYERS = 8  # that the bars tell apart
LEGEND_WIDTH = 6.0  # inches


def layer_colours(run):
    """{layer: colour}: those with a matrix first, then the others; grey for what layers share."""
    names = [layer["name"] for layer in run.report.get("layers", [])]
    names = list(dict.fromkeys([*names, *run.report["energy"].get("by_layer", {})]))
    names = [name for name in names if name != "shared"]
    return {**dict(zip(names, map(style.shade, range(len(names))))), "shared": style.SHARED}


def layer_times(run, phase):
    """{layer: seconds} of a phase that the report gives by layer, else {}."""
    times = {layer["name"]: layer.get(f"{phase}_s", 0.0) for layer in run.report.get("layers", [])}
    return {name: value for name, value in times.items() if value > 0}


def named_layers(run):
    """The layers that the time's bars tell apart, in the order of the network: the MOST_LAYERS that take longest."""
    spent = {}
    for phase in section(run, "time.by_phase"):
        for name, value in layer_times(run, phase).items():
            spent[name] = spent.get(name, 0.0) + value
    kept = sorted(spent, key=lambda name: -spent[name])[:MOST_LAYERS]
    return [name for name in spent if name in kept], len(spent) - len(kept)


def time_legend(run):
    """(handles, columns, rows) of the legend below the time's bars, as wide as they are."""
    named, others = named_layers(run)
    if not named:
        return [], 0, 0
    colours = layer_colours(run)
    handles = [Patch(color=colours[name], label=style.shortened(name)) for name in named]
    if others:
        handles.append(Patch(color=style.SHARED, label=f"{others} other layers"))
    handles.append(Patch(color=style.OTHERS, label="not by layer"))
    for columns in range(min(len(handles), 5), 0, -1):
        rows = -(-len(handles) // columns)
        parts = [handles[at:at + rows] for at in range(0, len(handles), rows)]
        if sum(0.5 + 0.075 * max(len(h.get_label()) for h in part) for part in parts) <= LEGEND_WIDTH:
            break
    return handles, columns, rows


def draw_time(axes, run):
    """Busy time by phase, stacked by layer where the report tells; the simulated time as a line."""
    phases = section(run, "time.by_phase")
    simulated = number(run, "time.simulated_s")
    factor, unit = scale_for(list(phases.values()) + [simulated or 0], "s")
    colours = layer_colours(run)
    named, _ = named_layers(run)
    for row, (phase, seconds) in enumerate(phases.items()):
        times = layer_times(run, phase)
        parts = [(times[name], colours[name]) for name in named if name in times]
        parts.append((sum(value for name, value in times.items() if name not in named), style.SHARED))
        left = 0.0
        for value, colour in parts:
            if value > 0:
                axes.barh(row, factor * value, left=left, height=0.6, color=colour, edgecolor="white", linewidth=0.6)
                left += factor * value
        rest = factor * seconds - left
        if rest > 1e-6 * factor * seconds:
            axes.barh(row, rest, left=left, height=0.6, color=style.OTHERS)
        axes.annotate(engineering(seconds, "s"), (factor * seconds, row), xytext=(6, 0), textcoords="offset points",
                      va="center", fontsize=10, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})
    widest = factor * max(list(phases.values()) + [simulated or 0])
    axes.set_xlim(0, 1.22 * widest)
    axes.set_ylim(max(len(phases), LEAST_ROWS) - 0.4, -0.95)
    if simulated:
        axes.axvline(factor * simulated, ymax=0.93, color=style.INK, linewidth=1, linestyle=":")
        right = factor * simulated < 0.5 * widest
        axes.text(factor * simulated, -0.88, f"simulated: {engineering(simulated, 's')}", va="top",
                  ha="left" if right else "right", fontsize=9.5, color=style.MUTED)
    axes.set_yticks(range(len(phases)), phases)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"busy time, summed over units ({unit})")
    axes.set_title("Time by phase (phases overlap)")
    handles, columns, _ = time_legend(run)
    if handles:
        axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.45, -0.2), borderaxespad=0, ncols=columns,
                    handlelength=1.2, columnspacing=1.2)
