"""What a platform could do at most, from its configuration: operations and bytes a second."""

import json
import math
from dataclasses import dataclass

from .errors import BadInput
from .settings import magnitude


@dataclass(frozen=True)
class Ceiling:
    """A roof: operations a second, or bytes a second."""

    name: str
    rate: float


class Configuration:
    """A report's configuration: keys to numbers in SI units. `backward`: as the backward pass sees it."""

    def __init__(self, config, backward=False):
        self.config, self.backward = config, backward

    def text(self, key):
        """The key's value as it stands; BadInput where there is none."""
        if self.backward and f"backward.{key}" in self.config:
            return str(self.config[f"backward.{key}"])
        if key not in self.config:
            raise BadInput(f"the configuration has no {key}; a roofline needs it")
        return str(self.config[key])

    def number(self, key):
        """Plain numbers and quantities: "80 ns", "64 KiB", "1e9"."""
        text = self.text(key)
        try:
            return float(text)
        except ValueError:
            size = magnitude(text)
            if size is None:
                raise BadInput(f"{key} = {text}: expected a number") from None
            return size

    def numbers(self, key):
        """A list of numbers."""
        return [float(part) for part in json.loads(self.text(key))]


def read_interval(c, inputs, outputs):
    """Seconds from one vector to the next of a tile's read (the law of models/crossbar/tile.hpp, weights in one slice):
    the longest of search, integration, conversion and scaling."""
    bits, cycle = c.number("dac.bits"), 1 / c.number("clock_hz")
    serial, wide = c.text("dac.scheme") == "bit_serial", c.text("dac.scheme") == "pulse_width"
    phases = (bits - 2 + c.number("dac.phase_bits")) // c.number("dac.phase_bits") if serial else 1
    converted = phases if c.text("dac.accumulation") == "digital" else 1
    integration = (2**(bits - 1) - 1) * c.number("dac.step_time") if wide else c.number("tile.read_time")
    searches = c.text("management.noise") == "true" and c.text("management.noise_scale") != "constant"
    return max(math.ceil(inputs / c.number("tile.search_lanes")) * cycle if searches else 0.0,
               c.number("tile.read_phases") * integration * phases,
               min(outputs, c.number("adc.shared_by")) * converted / c.number("adc.rate"),
               math.ceil(outputs * converted / c.number("tile.rescale_lanes")) * cycle)


def update_interval(c, inputs, outputs):
    """Seconds from one vector to the next of an update at best: a search, or a train of one slot."""
    return max(math.ceil((inputs + outputs) / c.number("tile.search_lanes")) / c.number("clock_hz"),
               c.number("tile.pulse_phases") * c.number("tile.pulse_time"))


def layer_ceiling(config, layer, phase, digital_gradient):
    """Multiply-adds a second that the tiles of a layer could do in a phase, or None: no tiles work in it."""
    c = Configuration(config, phase == "backward")
    inputs = min(layer["rows"], c.number("tile.rows"))
    outputs = min(layer["columns"], c.number("tile.columns"))
    matrix = layer["rows"] * layer["columns"] * layer.get("replicas", 1)
    if phase == "forward":
        return matrix / read_interval(c, inputs, outputs)
    if phase == "backward":
        return matrix / read_interval(c, outputs, inputs)
    if phase == "update" and digital_gradient:
        return layer.get("tiles", 1) * c.number("tile.accumulate_lanes") * c.number("clock_hz")
    if phase == "update":
        return matrix / update_interval(c, inputs, outputs)
    return None


def analog_ceilings(run, phases, digital_gradient):
    """(operations: of all tiles with full matrices, of the vector unit; bytes of buffer and bus; bytes of the DRAM)."""
    c = Configuration(run.config)
    tiles = sum(layer.get("tiles", 1) for layer in run.report["layers"])
    rows, columns = c.number("tile.rows"), c.number("tile.columns")
    full = f"{tiles} full tile{'' if tiles == 1 else 's'}"
    operations = [Ceiling(f"reads of {full}", tiles * rows * columns / read_interval(c, rows, columns))]
    if "update" in phases:
        operations.append(
            Ceiling("digital gradients", tiles * c.number("tile.accumulate_lanes") * c.number("clock_hz"))
            if digital_gradient else
            Ceiling(f"updates of {full}", tiles * rows * columns / update_interval(c, rows, columns)))
    operations.append(Ceiling("vector unit", c.number("vector_unit.lanes") * c.number("clock_hz")
                              / c.number("vector_unit.interval")))
    buffer = [Ceiling("buffer", c.number("buffer.banks") * c.number("buffer.ports") * c.number("buffer.port_bits") / 8
                      * c.number("clock_hz")),
              Ceiling("bus", c.number("bus.channels") * c.number("bus.width_bytes") * c.number("clock_hz"))]
    return operations, buffer, [Ceiling("DRAM", c.number("dram.channels") * c.number("dram.channel_rate"))]


def stream_ceilings(run):
    """(operations a second of every layer's lanes, the same of all, bytes of the DMA) of the streaming platform."""
    c = Configuration(run.config)
    lanes = [pe * simd for pe, simd in zip(c.numbers("folding.pe"), c.numbers("folding.simd"))]
    rates = [count * c.number("clock_hz") for count in lanes]
    return rates, [Ceiling("all lanes", sum(rates))], [
        Ceiling("DMA", c.number("dma.bits_per_cycle") / 8 * c.number("clock_hz"))]
