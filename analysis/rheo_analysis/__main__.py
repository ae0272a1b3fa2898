"""Command line: python3 -m rheo_analysis COMMAND ...; exit status 0 done, 2 bad usage or bad input."""

import os
import sys

from . import run_commands, study_commands, sweep_commands, trace_commands
from .command_line import Commands, OneLineParser
from .errors import BadInput


def parser():
    """The parser of all commands."""
    top = OneLineParser(prog="rheo_analysis", description="Tables and pictures of what rheo writes: runs, sweeps, "
                        "traces, studies.")
    commands = Commands(top)
    for part in (run_commands, sweep_commands, trace_commands, study_commands):
        part.add_to(commands)
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
