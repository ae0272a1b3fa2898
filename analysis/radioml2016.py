#!/usr/bin/python3
"""RadioML.2016.10a's pickle as HDF5 with the layout of RadioML.2018.01A, which `rheo train-spiking` reads.

    /usr/bin/python3 analysis/radioml2016.py RML2016.10a_dict.pkl radioml2016.h5

X: examples x 128 x 2 (I, Q), Y: examples x 11 (one-hot, modulations in alphabetical order), Z: examples x 1 (SNR in dB).
"""

import pickle
import sys
from pathlib import Path

import h5py
import numpy

# All that an array needs; a pickle may name anything, and whatever it names is run.
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode"),
}


class ArraysOnly(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"names {module}.{name}; expected arrays alone")
        return super().find_class(module, name)


def read(file):
    """{(modulation, SNR in dB): array of examples x 2 x samples}, keys as text and int; ValueError says what is wrong."""
    with open(file, "rb") as stream:
        try:
            content = ArraysOnly(stream, encoding="latin1").load()  # written by Python 2
        except (pickle.UnpicklingError, EOFError, AttributeError, ValueError, IndexError) as error:
            raise ValueError(f"no pickle of RadioML.2016: {error}") from error
    if not isinstance(content, dict) or not content:
        raise ValueError("expected a dictionary of (modulation, SNR)")
    examples = {}
    for key, signals in content.items():
        if not (isinstance(key, tuple) and len(key) == 2 and isinstance(signals, numpy.ndarray) and
                signals.ndim == 3 and signals.shape[1] == 2):
            raise ValueError(f"{key!r}: expected (modulation, SNR) with examples x 2 x samples")
        if not isinstance(key[1], int | numpy.integer):
            raise ValueError(f"{key!r}: expected the SNR as an integer")
        if signals.dtype.kind not in "fiu":
            raise ValueError(f"{key!r}: expected real numbers")
        examples[str(key[0]), int(key[1])] = signals
    if len({signals.shape[2] for signals in examples.values()}) != 1:
        raise ValueError("expected as many samples in every example")
    return examples


def fill(examples, file):
    names = sorted({name for name, _ in examples})
    keys = sorted(examples)
    samples = next(iter(examples.values())).shape[2]
    count = sum(len(examples[key]) for key in keys)
    with h5py.File(file, "w") as out:
        x = out.create_dataset("X", (count, samples, 2), "f4")
        y = out.create_dataset("Y", (count, len(names)), "i8")
        z = out.create_dataset("Z", (count, 1), "i8")
        at = 0
        for name, snr in keys:
            signals = examples[name, snr]
            part = slice(at, at + len(signals))
            x[part] = signals.transpose(0, 2, 1)
            y[part] = numpy.eye(len(names), dtype="i8")[names.index(name)]
            z[part] = snr
            at += len(signals)
    return names, count


def write(examples, file):
    """The file appears whole or not at all. Returns the names of the modulations and the number of examples."""
    file = Path(file)
    if file.exists() and not file.is_file():
        raise OSError(f"{file} is no regular file")
    partial = file.with_name(file.name + ".partial")
    try:
        written = fill(examples, partial)
        partial.replace(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return written


def main(words):
    if len(words) != 2:
        print("radioml2016.py: expected PICKLE HDF5", file=sys.stderr)
        return 2
    try:
        names, count = write(read(words[0]), words[1])
    except (OSError, ValueError) as error:
        print(f"radioml2016.py: {words[0]}: {error}", file=sys.stderr)
        return 2
    print(f"wrote {count} examples of {len(names)} modulations: {', '.join(names)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
