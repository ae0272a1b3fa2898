"""Small traces as `rheo run --trace` writes them, for the tests."""

import h5py
import numpy as np

from run_folders import RunFolders

TICK_S = 1e-14
MICROSECOND = 100_000_000  # ticks
NAMES = {"modes": ["training", "evaluation", "preparation"],
         "phases": ["forward", "backward", "update", "digital", "transfer"]}
DRAM = 1 << 32
MEMORIES = [("buffer", 0, 1000), ("dram", DRAM, 5000), ("host", 1 << 30, 100)]


def write_trace(file, commands, accesses=(), programs=None, report=b"", layers=None):
    """trace.h5, schema 2, of commands (unit, operation, layer, phase, mode, start us, duration us[, bytes, items]) and
    accesses (command, address, bytes, write); programs: (mode, images, commands) one after the other."""
    order = sorted(range(len(commands)), key=lambda i: commands[i][5] + commands[i][6])
    place = {old: new for new, old in enumerate(order)}
    commands = [(*commands[i], 10, 1)[:9] for i in order]
    accesses = sorted((place[c], *rest) for c, *rest in accesses)
    lists = {"units": list(dict.fromkeys(c[0] for c in commands)),
             "operations": list(dict.fromkeys(c[1] for c in commands)),
             "layers": layers or list(dict.fromkeys(["shared", *(c[2] for c in commands)])), **NAMES,
             "programs": ["training"]}
    file.attrs["schema"], file.attrs["tick_seconds"], file.attrs["version"] = 2, TICK_S, b"0.1.0"
    file.attrs["from_start"], file.attrs["begin"] = 1, 0
    for name, words in lists.items():
        file[f"names/{name}"] = np.array([word.encode() for word in words])
    file["memories/name"] = np.array([name.encode() for name, _, _ in MEMORIES])
    file["memories/address"] = np.array([address for _, address, _ in MEMORIES], dtype=np.uint64)
    file["memories/bytes"] = np.array([size for _, _, size in MEMORIES], dtype=np.uint64)
    programs = programs or [("training", 1, len(commands))]
    starts = [round(c[5] * MICROSECOND) for c in commands]
    ends = [round((c[5] + c[6]) * MICROSECOND) for c in commands]
    columns = {  # every command is a kind of its own
        "kinds/unit": [lists["units"].index(c[0]) for c in commands],
        "kinds/operation": [lists["operations"].index(c[1]) for c in commands],
        "kinds/layer": [lists["layers"].index(c[2]) for c in commands],
        "kinds/phase": [NAMES["phases"].index(c[3]) for c in commands],
        "kinds/mode": [NAMES["modes"].index(c[4]) for c in commands],
        "kinds/bytes": [c[7] for c in commands],
        "kinds/accesses": [sum(a[0] == i for a in accesses) for i in range(len(commands))],
        "commands/kind": list(range(len(commands))), "commands/sequence": list(range(len(commands))),
        "commands/step": np.diff([0, *ends]), "commands/duration": np.subtract(ends, starts),
        "commands/items": [c[8] for c in commands], "commands/counts": [0] * len(commands),
        "accesses/address": [a[1] for a in accesses], "accesses/bytes": [a[2] for a in accesses],
        "accesses/write": [a[3] for a in accesses]}
    for name, values in columns.items():
        file.create_dataset(name, data=np.array(values, dtype=np.uint64), maxshape=(None,), chunks=(8,))
    behind = np.cumsum([p[2] for p in programs])
    file["programs/end"] = np.array([ends[b - 1] if 0 < b <= len(ends) else 0 for b in behind], dtype=np.uint64)
    file["programs/mode"] = np.array([NAMES["modes"].index(p[0]) for p in programs], dtype=np.uint64)
    file["programs/images"] = np.array([p[1] for p in programs], dtype=np.uint64)
    file["programs/commands"] = np.array([p[2] for p in programs], dtype=np.uint64)
    file["report"] = np.frombuffer(report, dtype=np.uint8)
    file["configuration"] = np.frombuffer(b"seed = 1", dtype=np.uint8)


class TraceFiles(RunFolders):
    """A temporary folder and traces in it."""

    def trace_h5(self, commands, accesses=(), name="trace.h5", **more):
        path = self.root / name
        with h5py.File(path, "w") as file:
            write_trace(file, commands, accesses, **more)
        return path
