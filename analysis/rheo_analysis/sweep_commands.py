"""Commands about the results database of a sweep: pareto, sensitivity, sweep-table."""

from .command_line import PICTURE_OR_TEXT, TEXT, add_format, add_plot, names_argument, table_or_picture, written
from .sweep_database import read_sweep

def pareto(arguments):
    from . import sweep_table
    sweep = read_sweep(arguments.database, arguments.objectives)

    def figure():
        from . import pareto as module
        return module.figure(sweep)

    table_or_picture(arguments, lambda: sweep_table.front_text(sweep, arguments.format), figure)


def sensitivity(arguments):
    from . import sensitivity as module
    sweep = read_sweep(arguments.database, arguments.objectives)

    def figure():
        from . import sensitivity_picture
        return sensitivity_picture.figure(sweep, arguments.method)

    table_or_picture(arguments, lambda: module.text(sweep, arguments.format, arguments.method), figure)


def sweep_table(arguments):
    from . import sweep_table as module
    written(arguments, module.text(read_sweep(arguments.database, arguments.objectives), arguments.format))


def add_to(commands):
    def command(name, function, summary, out):
        made = commands.add(name, function, summary, out)
        made.add_argument("database", metavar="SWEEP.db", help="database that rheo sweep writes, or its folder")
        made.add_argument("--objectives", type=names_argument, metavar="A,B",
                          help="paths of report.json, such as accuracy.final,energy.total_j or "
                          "time.utilisation.bus=max (default: the sweep's own)")
        add_format(made)
        return made

    for name, function, summary in (
            ("pareto", pareto, "what no other configuration of a sweep beats in all objectives: table, and picture"),
            ("sensitivity", sensitivity, "which axis of a sweep moves which objective: table, and picture")):
        made = command(name, function, summary, PICTURE_OR_TEXT)
        add_plot(made)
    made.add_argument("--method", choices=("main-effects", "rank"),
                      help="shares of variance, or rank correlation (default: the first for a grid, else the second)")
    command("sweep-table", sweep_table, "every configuration of a sweep as a row, mean and deviation over seeds; "
            "CSV: every point", TEXT)
