"""Command line: python3 -m rheo_analysis COMMAND ...; exit status 0 done, 2 bad usage or bad input."""

import argparse
import os
import sys
from pathlib import Path

from .errors import BadInput
from .quantities import parse_seconds


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def time_argument(text):
    try:
        return parse_seconds(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected a time such as 2ms, 350us or 0.002 (seconds)") from None


def percent_argument(text):
    try:
        value = float(text.rstrip("% "))
    except ValueError:
        value = -1.0
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"{text}: expected a percentage of at least 0")
    return value / 100


def say(arguments, *paths):
    if not arguments.quiet:
        for path in paths:
            print(f"wrote {path}")


def draw(arguments, figure, default):
    """Draws with `figure()` into --out or the default; the ending is checked before the work."""
    from . import style
    path = style.picture_file(arguments.out or default)
    style.save(figure(), path)
    say(arguments, path)


def curves(arguments):
    from . import curves as module
    from .reading import read_runs
    runs = read_runs(arguments.runs)
    draw(arguments, lambda: module.figure(runs), runs[0].folder / "curves.png" if len(runs) == 1 else "curves.png")


def breakdown(arguments):
    from . import breakdown as module
    from .reading import read_run
    run = read_run(arguments.run)
    draw(arguments, lambda: module.figure(run), run.folder / "breakdown.png")


def timeline(arguments):
    from . import timeline as module
    trace = Path(arguments.trace)
    if trace.is_dir():
        trace = trace / "trace.json"
    if not trace.is_file():
        raise BadInput(f"{trace}: no such file; rheo run --trace writes one")
    draw(arguments, lambda: module.figure(trace, arguments.start, arguments.end), trace.with_name("timeline.png"))


def lr_range(arguments):
    from . import lr_range as module, style
    from .reading import read_range_test
    test = read_range_test(arguments.run)
    paths = [Path(arguments.run) / f"lr_range.{kind}" for kind in ("png", "svg")]
    for path in paths:
        style.save(module.figure(test), path)
    say(arguments, *paths)


def device_response(arguments):
    from . import device_response as module
    response = module.read_response(arguments.response)
    fitted = module.read_response(arguments.fit) if arguments.fit else None
    draw(arguments, lambda: module.figure(response, fitted, arguments.title),
         Path(arguments.response).with_suffix(".png"))


def rapa_speedup(arguments):
    from . import rapa_speedup as module
    study = module.read_study(arguments.study)
    draw(arguments, lambda: module.figure(study), Path(arguments.study).with_suffix(".png"))


def rapa_similarity(arguments):
    from . import rapa_similarity as module
    networks = [module.read_similarity(study) for study in arguments.studies]
    draw(arguments, lambda: module.figure(networks), "rapa_similarity.png")


def spiking_accuracy(arguments):
    from . import spiking as module
    runs = [module.read_run(run) for run in arguments.runs]
    draw(arguments, lambda: module.accuracy_figure(runs),
         runs[0].folder / "accuracy_snr.png" if len(runs) == 1 else "accuracy_snr.png")


def spiking_confusion(arguments):
    from . import spiking as module
    run = module.read_run(arguments.run)
    draw(arguments, lambda: module.confusion_figure(run), run.folder / "confusion.png")


def spiking_ratios(arguments):
    from . import spiking as module
    run = module.read_run(arguments.run)
    draw(arguments, lambda: module.ratios_figure(run), run.folder / "spike_ratio.png")


def spiking_widths(arguments):
    from . import spiking as module
    rows = module.read_widths(arguments.widths)
    draw(arguments, lambda: module.widths_figure(rows), Path(arguments.widths).with_suffix(".png"))


def written(arguments, text):
    """Prints the text, or writes it into --out."""
    from .files import write_whole
    if arguments.out is None:
        sys.stdout.write(text)
        return
    write_whole(arguments.out, lambda stream: stream.write(text.encode()))
    say(arguments, arguments.out)


def table(arguments):
    from . import table as module
    from .reading import read_runs
    written(arguments, module.text(read_runs(arguments.runs), arguments.format))


def compare(arguments):
    from . import compare as module
    from .reading import read_run
    written(arguments, module.text(read_run(arguments.a), read_run(arguments.b), arguments.at_least))


def parser():
    top = OneLineParser(prog="rheo_analysis", description="Tables, curves, breakdowns and timelines of rheo's runs.")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(name, function, summary, out):
        made = commands.add_parser(name, help=summary, description=summary)
        made.set_defaults(function=function)
        made.add_argument("--quiet", action="store_true", help="do not say what was written")
        if out:
            made.add_argument("--out", metavar="FILE", help=out)
        return made

    picture = "picture to write, .png, .svg or .pdf (default: {})"
    made = command("curves", curves, "accuracy, loss and learning rate against epoch; seeds of one configuration "
                   "become a mean and a band", picture.format("curves.png, in the run's folder if it is one run"))
    made.add_argument("runs", metavar="RUN", nargs="+", help="folder of a run")
    made = command("breakdown", breakdown, "energy by component, layer and phase, time by phase, utilisation",
                   picture.format("breakdown.png in the run's folder"))
    made.add_argument("run", metavar="RUN", help="folder of a run")
    made = command("timeline", timeline, "what every unit did when, from the trace that rheo run --trace writes",
                   picture.format("timeline.png beside the trace"))
    made.add_argument("trace", metavar="TRACE.json", help="trace, or the folder of a run with one")
    made.add_argument("--from", dest="start", type=time_argument, metavar="T", help="start, such as 2ms (default: 0)")
    made.add_argument("--to", dest="end", type=time_argument, metavar="T", help="end (default: 5 ms after the start)")
    made = command("lr-range", lr_range, "loss against learning rate; writes lr_range.png and lr_range.svg into RUN",
                   None)
    made.add_argument("run", metavar="RUN", help="folder that rheo lr-range wrote")
    made = command("device-response", device_response, "weight against pulses, mean and percentiles over the cells, "
                   "from the CSV file that rheo device response writes", picture.format("beside the CSV file"))
    made.add_argument("response", metavar="RESPONSE.csv", help="pulse index and weight, or mean, deviation, percentiles")
    made.add_argument("--fit", metavar="FITTED.csv", help="the response of a fit, to draw over it")
    made.add_argument("--title", default="", help="what was measured")
    made = command("rapa-speedup", rapa_speedup, "speed-up of RAPA-ConvNets against replicas of the first convolution, "
                   "and the unit that is busiest", picture.format("beside the file"))
    made.add_argument("study", metavar="FILE.json", help="what benchmark_rapa --out wrote")
    made = command("rapa-similarity", rapa_similarity, "how alike the replicas of a kernel matrix became, by "
                   "tiling scheme and pooling", picture.format("rapa_similarity.png"))
    made.add_argument("studies", metavar="FILE.json", nargs="+", help="what benchmark_rapa --inference --out wrote")
    made = command("spiking-accuracy", spiking_accuracy, "accuracy of spiking networks against SNR",
                   picture.format("accuracy_snr.png, in the run's folder if it is one run"))
    made.add_argument("runs", metavar="RUN", nargs="+", help="folder that rheo train-spiking wrote")
    made = command("spiking-confusion", spiking_confusion, "which classes a spiking network takes for which",
                   picture.format("confusion.png in the run's folder"))
    made.add_argument("run", metavar="RUN", help="folder that rheo train-spiking wrote")
    made = command("spiking-ratios", spiking_ratios, "share of each layer's inputs that spike, tick by tick",
                   picture.format("spike_ratio.png in the run's folder"))
    made.add_argument("run", metavar="RUN", help="folder that rheo train-spiking wrote")
    made = command("spiking-widths", spiking_widths, "spikes and accuracy of a spiking network in fixed point",
                   picture.format("beside the CSV file"))
    made.add_argument("widths", metavar="WIDTHS.csv", help="what rheo spiking-widths --out wrote")
    made = command("table", table, "one row a run, then mean and deviation over seeds",
                   "file to write (default: print)")
    made.add_argument("runs", metavar="RUN", nargs="+", help="folder of a run")
    made.add_argument("--format", choices=("markdown", "latex"), default="markdown")
    made = command("compare", compare, "what differs between two runs: configuration, and every figure of the report",
                   "file to write (default: print)")
    made.add_argument("a", metavar="A", help="folder of a run")
    made.add_argument("b", metavar="B", help="folder of another run")
    made.add_argument("--at-least", type=percent_argument, default=0.0, metavar="PERCENT",
                      help="list only figures that changed by so much")
    return top


def main(words=None):
    """Runs one command; returns the exit status."""
    arguments = parser().parse_args(words)
    try:
        arguments.function(arguments)
        sys.stdout.flush()
    except BadInput as error:
        print(f"rheo_analysis: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"rheo_analysis: needs {error.name}: apt-get install python3-{error.name}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
