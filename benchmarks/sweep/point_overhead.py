"""What a sweep costs beside its simulations, a point:

    /usr/bin/python3 benchmarks/sweep/point_overhead.py build/release/rheo [SWEEP.toml] [--jobs N]

Runs the sweep (two_hundred_points.toml, or empty_points.toml, whose points do next to nothing) in a temporary folder and
counts the time of its places: N of them from the start of the command to its end. What no simulation fills is overhead:
planning and the ends of the command, the time from a point to the next, and of each point its process, configuration,
elaboration and report. Wall times include what else runs on the computer; processor time does not.
"""

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main():
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description="what a sweep costs beside its simulations")
    parser.add_argument("rheo", help="the program")
    parser.add_argument("sweep", nargs="?", default=here / "two_hundred_points.toml", help="sweep of `rheo run`s")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="points at a time")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        begin = time.monotonic()
        subprocess.run([arguments.rheo, "sweep", arguments.sweep, "--out", out, "--jobs", str(arguments.jobs), "--quiet"],
                       check=True, stdout=subprocess.DEVNULL)
        wall = time.monotonic() - begin
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        with sqlite3.connect(out / "sweep.db") as database:
            points = [(seconds, json.loads(report)["time"]["wall_s"]) for seconds, report in
                      database.execute("SELECT wall_s, report FROM point WHERE status = 'done'")]
    processes = sum(seconds for seconds, _ in points)
    simulations = sum(simulated for _, simulated in points)
    places = arguments.jobs * wall

    def line(what, seconds):
        print(f"  {what:<62}{1e3 * seconds / len(points):7.1f} ms")

    print(f"{len(points)} points in {wall:.1f} s, {arguments.jobs} at a time; a point:")
    line("place time", places)
    line("simulation", simulations)
    line("overhead", places - simulations)
    line("  of it process, configuration, elaboration, report", processes - simulations)
    line("  of it planning, from a point to the next, ends of the command", places - processes)
    line("processor time of everything", used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    sys.exit(main())
