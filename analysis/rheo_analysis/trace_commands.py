"""Commands about traces: timeline, utilisation, occupancy."""

from .command_line import PICTURE, draw, time_argument
from .trace import find


def timeline(arguments):
    from . import timeline as module
    trace = find(arguments.trace)
    draw(arguments, lambda: module.figure(trace, arguments.start, arguments.end, arguments.colour),
         trace.with_name("timeline.png"))


def utilisation(arguments):
    from . import utilisation as module
    trace = find(arguments.trace)
    draw(arguments, lambda: module.figure(trace, arguments.start, arguments.end), trace.with_name("utilisation.png"))


def occupancy(arguments):
    from . import occupancy as module
    trace = find(arguments.trace)
    draw(arguments, lambda: module.figure(trace, arguments.start, arguments.end), trace.with_name("occupancy.png"))


def add_to(commands):
    def command(name, function, summary, end):
        made = commands.add(name, function, summary, PICTURE.format(f"{name}.png beside the trace"))
        made.add_argument("trace", metavar="TRACE", help="trace that rheo run --trace writes, or the folder of its run")
        made.add_argument("--from", dest="start", type=time_argument, metavar="T",
                          help="start, such as 2ms (default: 0)")
        made.add_argument("--to", dest="end", type=time_argument, metavar="T", help=f"end (default: {end})")
        return made

    made = command("timeline", timeline, "what every unit did when (Gantt chart)", "5 ms after the start")
    made.add_argument("--colour", choices=("phase", "layer"), default="phase", help="what the colours tell")
    command("utilisation", utilisation, "busy share of every unit over time", "the trace's end")
    command("occupancy", occupancy, "bytes of the memories that are still needed, over time", "the trace's end")
