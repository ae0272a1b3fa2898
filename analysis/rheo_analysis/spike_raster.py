"""Spike rasters: which neurons of which layer spiked at which tick, from the spikes.h5 of `rheo run --trace`."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from . import style
from .errors import BadInput
from .style import plt

SCHEMA = 1


@dataclass(frozen=True)
class Layer:
    """Output of one layer for one example: a tick and a neuron a spike."""

    name: str
    neurons: int
    tick: np.ndarray
    neuron: np.ndarray


@dataclass(frozen=True)
class Raster:
    """All layers, one example."""

    file: Path
    example: int
    ticks: int
    layers: list


def read(path, example=0):
    """The example of a spikes.h5, or of the folder that holds it; BadInput says what is wrong with it."""
    path = Path(path)
    file = path / "spikes.h5" if path.is_dir() else path
    if not file.is_file():
        raise BadInput(f"{file}: no such file; rheo run --trace of a spiking network writes one")
    try:
        with h5py.File(file, "r") as stored:
            if int(stored.attrs["schema"]) != SCHEMA:
                raise BadInput(f"{file}: has schema {stored.attrs['schema']}; expected {SCHEMA}")
            ticks = int(stored.attrs["ticks"])
            names = [name.decode() for name in stored["names/layers"][:]]
            neurons = stored["layers/neurons"][:]
            mine = stored["spikes/example"][:] == example
            tick, layer, neuron = (stored[f"spikes/{name}"][:][mine] for name in ("tick", "layer", "neuron"))
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise BadInput(f"{file}: is no file of spikes: {error}") from error
    if not len(tick):
        raise BadInput(f"{file}: example {example} has no spikes, or is not in it")
    return Raster(file, example, ticks, [Layer(name, int(neurons[i]), tick[layer == i], neuron[layer == i])
                                         for i, name in enumerate(names)])


def figure(raster):
    """A panel a layer, input side on top: a dot a spike; at the right the share of neurons and ticks that spike."""
    drawing, panels = plt.subplots(len(raster.layers), 1, sharex=True, squeeze=False,
                                   figsize=(8.0, 1.0 + 1.7 * len(raster.layers)), layout="constrained")
    for index, (axes, layer) in enumerate(zip(panels[:, 0], raster.layers, strict=True)):
        axes.plot(layer.tick + 1, layer.neuron, linestyle="", marker=".", markeredgewidth=0,
                  markersize=3 if len(layer.tick) < 5000 else 1.5, color=style.colour(index), rasterized=True)
        axes.set_xlim(0, raster.ticks + 1)
        axes.set_ylim(-0.5, max(layer.neurons - 0.5, 0.5))
        axes.set_ylabel("neuron")
        share = len(layer.tick) / (layer.neurons * raster.ticks)
        axes.set_title(f"{layer.name}: {layer.neurons} neurons, {100 * share:.2g} % spike at a tick", fontsize="medium")
    panels[-1, 0].set_xlabel("tick")
    drawing.suptitle(f"{raster.file.parent.name}, example {raster.example}: spikes of each layer", fontsize="medium")
    return drawing
