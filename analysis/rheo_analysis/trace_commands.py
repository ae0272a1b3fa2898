"""Commands about traces: timeline."""

from pathlib import Path

from .command_line import PICTURE, draw, time_argument
from .errors import BadInput


def timeline(arguments):
    from . import timeline as module
    trace = Path(arguments.trace)
    if trace.is_dir():
        trace = trace / "trace.json"
    if not trace.is_file():
        raise BadInput(f"{trace}: no such file; rheo run --trace writes one")
    draw(arguments, lambda: module.figure(trace, arguments.start, arguments.end), trace.with_name("timeline.png"))


def add_to(commands):
    made = commands.add("timeline", timeline, "what every unit did when, from the trace that rheo run --trace writes",
                   PICTURE.format("timeline.png beside the trace"))
    made.add_argument("trace", metavar="TRACE.json", help="trace, or the folder of a run with one")
    made.add_argument("--from", dest="start", type=time_argument, metavar="T", help="start, such as 2ms (default: 0)")
    made.add_argument("--to", dest="end", type=time_argument, metavar="T", help="end (default: 5 ms after the start)")
