"""What the commands share: arguments, where results go, what is said."""

import argparse
import sys

from .errors import BadInput
from .files import write_whole
from .quantities import parse_seconds

PICTURE = "picture to write, .png, .svg or .pdf (default: {})"
TEXT = "file to write (default: print)"
PICTURE_OR_TEXT = ("file to write: with the ending .png, .svg or .pdf the picture, else the table (default: print the "
                   "table)")
SOURCE = "folder of a run, or a point of a sweep: sweep.db#3"
FORMATS = ("markdown", "latex", "csv")


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class Commands:
    """The commands of the parser, one after the other."""

    def __init__(self, top):
        self.made = top.add_subparsers(metavar="COMMAND", required=True)

    def add(self, name, function, summary, out):
        """A command that calls `function(arguments)`; `out` is the help of --out, None: it has none."""
        command = self.made.add_parser(name, help=summary, description=summary)
        command.set_defaults(function=function)
        command.add_argument("--quiet", action="store_true", help="do not say what was written")
        if out:
            command.add_argument("--out", metavar="FILE", help=out)
        return command


def time_argument(text):
    """Seconds of a time such as 2ms."""
    try:
        return parse_seconds(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected a time such as 2ms, 350us or 0.002 (seconds)") from None


def percent_argument(text):
    """The fraction that a percentage is."""
    try:
        value = float(text.rstrip("% "))
    except ValueError:
        value = -1.0
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"{text}: expected a percentage of at least 0")
    return value / 100


def names_argument(text):
    """Names parted by commas."""
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) != len(names):
        raise argparse.ArgumentTypeError(f"{text}: expected different names parted by commas")
    return names


def add_format(command):
    """The argument --format of tables."""
    command.add_argument("--format", choices=FORMATS, default="markdown")


def add_plot(command):
    """The argument --plot of commands that print a table."""
    command.add_argument("--plot", metavar="FILE", help="picture to write beside the table")


def say(arguments, *paths):
    """Says what was written, unless --quiet."""
    if not arguments.quiet:
        for path in paths:
            print(f"wrote {path}")


def draw(arguments, figure, default):
    """Draws with `figure()` into --out or the default; the ending is checked before the work."""
    from . import style
    path = style.picture_file(arguments.out or default)
    style.save(figure(), path)
    say(arguments, path)


def is_picture(path):
    """Whether a path has a picture's ending."""
    from . import style
    return path is not None and path.lower().endswith(style.ENDINGS)


def written(arguments, text):
    """Prints the text, or writes it into --out."""
    if arguments.out is None:
        sys.stdout.write(text)
        return
    if is_picture(arguments.out):
        raise BadInput(f"--out {arguments.out}: is the name of a picture; this is a table")
    write_whole(arguments.out, lambda stream: stream.write(text.encode()))
    say(arguments, arguments.out)


def table_or_picture(arguments, text, figure):
    """The table is printed, or written into --out; the picture goes into --plot, or into --out by its ending."""
    from . import style
    pictures = [name for name in (arguments.plot, arguments.out if is_picture(arguments.out) else None) if name]
    for path in map(style.picture_file, pictures):
        style.save(figure(), path)
        say(arguments, path)
    if not is_picture(arguments.out):
        written(arguments, text())
