"""Commands about runs: curves, breakdown, table, compare. Matplotlib is loaded by those that draw."""

from .command_line import (PICTURE, PICTURE_OR_TEXT, SOURCE, TEXT, add_format, add_plot, draw, names_argument,
                           percent_argument, table_or_picture, written)
from .sources import read_source, read_sources


def curves(arguments):
    from . import curves as module
    runs = read_sources(arguments.runs)
    draw(arguments, lambda: module.figure(runs), runs[0].beside("curves.png") if len(runs) == 1 else "curves.png")


def breakdown(arguments):
    from . import breakdown as one, run_bars as several
    runs = read_sources(arguments.runs)
    if len(runs) == 1:
        draw(arguments, lambda: one.figure(runs[0]), runs[0].beside("breakdown.png"))
    else:
        draw(arguments, lambda: several.figure(runs), "breakdown.png")


def table(arguments):
    from . import table as module
    written(arguments, module.text(read_sources(arguments.runs), arguments.format, arguments.columns))


def compare(arguments):
    from . import compare as module
    written(arguments, module.text(read_source(arguments.a), read_source(arguments.b), arguments.at_least,
                                   arguments.format))


def roofline(arguments):
    from . import roofline as module
    run, trace = module.read(arguments.run)
    found = module.rooflines(run, trace)

    def figure():
        from . import roofline_picture
        return roofline_picture.figure(run, found)

    table_or_picture(arguments, lambda: module.text(run, found, arguments.format), figure)


def add_to(commands):
    made = commands.add("curves", curves, "accuracy, loss and learning rate against epoch; seeds of one configuration "
                        "become a mean and a band", PICTURE.format("curves.png, in the run's folder if it is one run"))
    made.add_argument("runs", metavar="RUN", nargs="+", help=SOURCE)
    made = commands.add("breakdown", breakdown, "energy by component, layer and phase, time by phase, utilisation; "
                        "several runs become stacked bars",
                        PICTURE.format("breakdown.png, in the run's folder if it is one run"))
    made.add_argument("runs", metavar="RUN", nargs="+", help=SOURCE)
    made = commands.add("roofline", roofline, "operations a second against operations per byte of buffer and DRAM, "
                        "with the platform's ceilings: table, and picture", PICTURE_OR_TEXT)
    made.add_argument("run", metavar="RUN", help=f"{SOURCE}, or a trace.h5; layers need the trace")
    add_format(made)
    add_plot(made)
    made = commands.add("table", table, "one row a run, then mean and deviation over seeds", TEXT)
    made.add_argument("runs", metavar="RUN", nargs="+", help=SOURCE)
    made.add_argument("--columns", type=names_argument, metavar="A,B",
                      help="paths of report.json instead of the usual columns, such as memory.bram18k,time.cycles")
    add_format(made)
    made = commands.add("compare", compare, "what differs between two runs: configuration, and every figure of the "
                        "report, the largest relative change first", TEXT)
    made.add_argument("a", metavar="A", help=SOURCE)
    made.add_argument("b", metavar="B", help="another one")
    made.add_argument("--at-least", type=percent_argument, default=0.0, metavar="PERCENT",
                      help="list only figures that changed by so much")
    made.add_argument("--format", choices=("text", "markdown", "latex", "csv"), default="text")
