"""What every unit did when: a Gantt chart of a Chrome trace that `rheo run --trace` wrote."""

import json
import re
from dataclasses import dataclass

from matplotlib.patches import Patch

from . import style
from .errors import BadInput
from .quantities import SECONDS, engineering
from .style import plt

DEFAULT_WINDOW_S = 5e-3
MOST_UNITS = 40
MICROSECOND = SECONDS["us"]


@dataclass
class Command:
    """One command on a lane of a unit; start and end in seconds of simulated time."""

    unit: str
    lane: int
    start: float
    end: float
    operation: str
    layer: str
    phase: str
    mode: str


def unit_and_lane(track):
    """("dma", 1) of the track "dma (2)": commands of one unit that overlap lie on lanes."""
    found = re.fullmatch(r"(.*) \((\d+)\)", track)
    return (found[1], int(found[2]) - 1) if found else (track, 0)


START = re.compile(r'"ts":([0-9.]+)')


def events(path, until):
    """The trace's events one by one; of those that start at `until` (seconds) or later, maybe only {"after": start}.
    A trace is read line by line as rheo writes it (large, or cut off by a kill); one of another layout as a whole.
    BadInput when it is no trace."""
    try:
        with open(path, encoding="utf-8") as stream:
            found = False
            for text in stream:
                text = text.strip().rstrip(",")
                if not text.startswith('{"ph":'):
                    continue
                begins = START.search(text)
                if begins and float(begins[1]) * MICROSECOND >= until:
                    found = True
                    yield {"after": float(begins[1]) * MICROSECOND}  # parsing the rest of a long trace takes its time
                    continue
                try:
                    event = json.loads(text)
                except ValueError:
                    continue  # the last line of a trace that was cut off
                found = True
                yield event
            if found:
                return
            stream.seek(0)
            whole = json.load(stream)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no Chrome trace in JSON"
        raise BadInput(f"{path}: {reason}") from error
    listed = whole.get("traceEvents") if isinstance(whole, dict) else whole
    if not isinstance(listed, list):
        raise BadInput(f"{path}: is no Chrome trace (no traceEvents)")
    yield from listed


def read_commands(path, start, end):
    """(commands that touch the window from `start` to `end` in seconds, end of the trace in seconds or a time in it
    after `end`)."""
    tracks = {}
    commands = []
    last = 0.0
    try:
        for event in events(path, end):
            last = max(last, event.get("after", 0.0))
            if event.get("ph") == "M" and event.get("name") == "thread_name":
                tracks[event["tid"]] = unit_and_lane(event["args"]["name"])
            if event.get("ph") != "X":
                continue
            begins = event["ts"] * MICROSECOND
            ends = begins + event["dur"] * MICROSECOND
            last = max(last, ends)
            if begins >= end or ends <= start:
                continue
            unit, lane = tracks.get(event["tid"], (f"track {event['tid']}", 0))
            details = event.get("args", {})
            commands.append(Command(unit, lane, begins, ends, event["name"], details.get("layer", ""),
                                    details.get("phase", event.get("cat", "")), details.get("mode", "")))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: has an event that is not of a Chrome trace: {error!r}") from error
    return commands, last


def natural(name):
    """Sort key that puts tile2 before tile10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def rows_of(commands):
    """({unit: number of lanes} from top to bottom: tiles, then the other units; units left out because there are
    more than MOST_UNITS, the least busy)."""
    lanes, busy = {}, {}
    for command in commands:
        lanes[command.unit] = max(lanes.get(command.unit, 0), command.lane + 1)
        busy[command.unit] = busy.get(command.unit, 0.0) + command.end - command.start
    kept = sorted(lanes, key=lambda unit: -busy[unit])[:MOST_UNITS]
    kept.sort(key=lambda unit: (not unit.startswith("tile"), natural(unit)))
    return {unit: lanes[unit] for unit in kept}, len(lanes) - len(kept)


def merged(commands, gap):
    """The commands of one lane by start; neighbours of the same phase and mode that are shorter than `gap` and closer
    than it become one: they could not be told apart in the picture."""
    result = []
    for command in sorted(commands, key=lambda c: c.start):
        before = result[-1] if result else None
        small = before is not None and (not before.operation or before.end - before.start < gap)  # "": merged before
        if (small and before.phase == command.phase and before.mode == command.mode
                and command.start - before.end < gap and command.end - command.start < gap):
            before.end = max(before.end, command.end)
            before.operation = before.layer = ""
        else:
            result.append(Command(**vars(command)))
    return result


def axis_unit(start, end):
    """(seconds in the unit, unit) in which the window's ends read well."""
    span = end - start
    for unit in ("s", "ms", "us", "ns"):
        if span >= 2 * SECONDS[unit]:
            return SECONDS[unit], unit.replace("us", "µs")
    return SECONDS["ns"], "ns"


def figure(path, start=None, end=None):
    """A figure of the commands between `start` and `end` (seconds; by default the first five milliseconds)."""
    start = 0.0 if start is None else start
    asked = start + DEFAULT_WINDOW_S if end is None else end
    if asked <= start:
        raise BadInput(f"--to {engineering(asked, 's')}: expected a time after --from, {engineering(start, 's')}")
    commands, last = read_commands(path, start, asked)
    if not commands:
        raise BadInput(f"{path}: no command runs from {engineering(start, 's')} to {engineering(asked, 's')}; "
                       f"the trace ends at {engineering(last, 's')}")
    end = min(asked, last)
    rows, left_out = rows_of(commands)
    heights = {unit: 1.0 + 0.45 * (lanes - 1) for unit, lanes in rows.items()}
    tall = sum(heights.values())
    drawing, axes = plt.subplots(figsize=(12, 1.9 + 0.42 * tall), layout="constrained")
    scale, unit_name = axis_unit(start, end)
    axes.set_xlim(start / scale, end / scale)
    axes.set_ylim(tall, 0)
    axes.set_yticks(range(len(rows)), [unit.replace("_", " ") for unit in rows])
    axes.set_xlabel("simulated time")
    drawing.canvas.draw()  # the layout decides what a pixel is
    pixel = (end - start) / axes.get_window_extent().width
    renderer = drawing.canvas.get_renderer()
    top, ticks, phases, tested = 0.0, [], [], False
    for unit, lanes in rows.items():
        height = (heights[unit] - 0.2) / lanes
        for lane in range(lanes):
            for c in merged([c for c in commands if c.unit == unit and c.lane == lane], pixel):
                colour = style.PHASES.get(c.phase, style.OTHERS)
                testing = c.mode == "evaluation"
                tested |= testing
                if c.phase not in phases:
                    phases.append(c.phase)
                begins, ends = max(c.start, start), min(c.end, end)
                wide = (ends - begins) / pixel
                y = top + 0.1 + lane * height
                axes.broken_barh([(begins / scale, max(ends - begins, 1.3 * pixel) / scale)], (y, 0.94 * height),
                                 facecolor=colour, alpha=0.45 if testing else 1.0,
                                 edgecolor="white" if wide > 6 else "none", linewidth=0.5)
                if wide > 16 and height > 0.35:
                    words = [f"{c.operation} {c.layer}", c.layer, c.operation]
                    if c.operation != c.phase:
                        words.reverse()
                        words.insert(0, words.pop())
                    write_inside(axes, renderer, (begins + ends) / 2 / scale, y + 0.47 * height, 0.92 * wide, words,
                                 style.INK if testing else style.ink_on(colour), 9 if lanes == 1 else 7.5)
        ticks.append(top + heights[unit] / 2)
        top += heights[unit]
        axes.axhline(top, color="#E6E6E6", linewidth=0.8)
    axes.set_yticks(ticks, [unit.replace("_", " ") for unit in rows])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"simulated time ({unit_name})" + (f"; {left_out} less busy units left out" if left_out else ""))
    handles = [Patch(color=style.PHASES.get(p, style.OTHERS), label=p or "other")
               for p in sorted(phases, key=lambda p: list(style.PHASES).index(p) if p in style.PHASES else 99)]
    if tested:
        handles.append(Patch(color=style.MUTED, alpha=0.45, label="testing (paler)"))
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.3, ncols=len(handles))
    return drawing


def write_inside(axes, renderer, x, y, room, words, colour, size):
    """Writes the first of `words` that is no wider than `room` pixels, if any."""
    text = axes.text(x, y, "", ha="center", va="center", color=colour, fontsize=size)
    for candidate in words:
        if not candidate.strip():
            continue
        text.set_text(candidate)
        if text.get_window_extent(renderer).width < room:
            return
    text.remove()
