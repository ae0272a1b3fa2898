#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "models/core/number_format.hpp"
#include "models/core/parameters.hpp"
#include "models/crossbar/tile.hpp"
#include "models/digital/controller.hpp"
#include "models/digital/vector_unit.hpp"
#include "models/interconnect/bus.hpp"
#include "models/memory/bram.hpp"
#include "models/memory/dma.hpp"
#include "models/memory/dram.hpp"
#include "models/memory/host_port.hpp"

namespace rheo {

/// How values lie in the chip's memories. Stored number = value x scale, rounded to nearest even, saturated.
struct NumberParameters {
  NumberFormat activations = NumberFormat::fp32;
  NumberFormat gradients = NumberFormat::fp32;
  double activation_scale = 1;  ///< int8 wants 127 for values in [-1, 1]
  double gradient_scale = 1;    ///< keeps small gradients from underflow: a power of two

  void describe(Parameters& p) {
    p.choice("activations", activations, number_format_names, "format of activations in memory; uint8 holds no signs");
    p.choice("gradients", gradients, number_format_names, "format of errors in memory");
    p.number("activation_scale", activation_scale, {1e-30, 1e30}, "stored activation = value x scale");
    p.number("gradient_scale", gradient_scale, {1e-30, 1e30}, "stored error = value x scale, a power of two");
  }
};

struct MappingParameters {
  std::int64_t images_per_block = 16;  ///< at most; the buffer may force fewer

  void describe(Parameters& p) {
    p.integer("images_per_block", images_per_block, {1, 1 << 20},
              "images that one command covers, at most; buffers may force fewer");
  }
};

/// What momentum acts on.
enum class MomentumTarget : std::uint8_t {
  digital_only,  ///< biases (and the ideal device's weights); analog weights take the plain gradient
  accumulator,   ///< a digital accumulator in front of the pulse generators gives analog weights momentum too
};
inline constexpr std::array<std::string_view, 2> momentum_target_names{"digital_only", "accumulator"};

/// The analog training chip, whole: every value a parameter, the defaults are the reference chip.
struct ChipConfiguration {
  double clock_hz = 1e9;
  Granularity granularity = Granularity::block;
  crossbar::DeviceParameters device;
  TileParameters tile;
  crossbar::DacParameters dac;
  crossbar::AdcParameters adc;
  crossbar::ManagementParameters management;
  crossbar::ArrayReadParameters read;
  crossbar::WireParameters wires;
  crossbar::SlicingParameters slicing;
  crossbar::ConductanceParameters conductance;
  crossbar::ReadParameters backward;  ///< reads of the backward pass
  BramParameters buffer;
  DramParameters dram;
  DmaParameters dma;
  BusParameters bus;
  AccessParameters access;
  HostPortParameters host;
  VectorUnitParameters vector_unit;
  ControllerParameters controller;
  NumberParameters numbers;
  MappingParameters mapping;
  std::string costs = "reference_costs.toml";  ///< cost table

  ChipConfiguration() { buffer.capacity = 2.0 * 1024 * 1024; }

  /// The keys outside of any table.
  void describe_general(Parameters& p) {
    p.retimable().number("clock_hz", clock_hz, {1e3, 1e12}, "digital clock, Hz");
    p.retimable().choice("granularity", granularity, granularity_names,
                         "memory traffic booked per operand or burst by burst");
    p.retimable().text("costs", costs, "cost table: energy, static power and area of every action and part");
  }

  /// One table a part of the chip.
  void describe_parts(Parameters& p) {
    p.section("device", device, "cross-point devices");
    p.section("tile", tile, "crossbar tiles");
    p.section("dac", dac, "input converters");
    p.section("adc", adc, "output converters");
    p.section("management", management, "noise and bound management");
    p.section("read", read, "the array while it is read");
    p.section("wires", wires, "resistance of the wires (IR drop)");
    p.section("slicing", slicing, "programmed weights in several cells");
    p.section("conductance", conductance, "how weights become conductances, for the read energy");
    p.variation("backward", backward, forward_reads(),
                "reads of the backward pass; as forward, apart from keys of dac, adc, management, read and wires that "
                "stand here, such as bits in [backward.adc]");
    p.retimable().section("buffer", buffer, "on-chip buffer");
    p.retimable().section("dram", dram, "off-chip memory");
    p.retimable().section("dma", dma, "DMA engine");
    p.retimable().section("bus", bus, "data bus");
    p.retimable().section("access", access, "how units reach the memories");
    p.retimable().section("host", host, "port to the host");
    p.retimable().section("vector_unit", vector_unit, "digital vector unit");
    p.section("controller", controller, "digital controller");
    p.section("numbers", numbers, "number formats in memory");
    p.section("mapping", mapping, "mapping of the network onto the chip");
  }

  /// The first value that does not go with the others, if any.
  [[nodiscard]] std::optional<crossbar::ReadFault> check() const {
    if (auto fault = crossbar::check(forward_reads(), management.forward_bound, slicing, "")) return fault;
    if (auto fault = crossbar::check(backward, management.backward_bound, slicing, "backward.")) return fault;
    return std::nullopt;
  }

  [[nodiscard]] crossbar::ReadParameters forward_reads() const { return {dac, adc, management, read, wires}; }

  [[nodiscard]] crossbar::ArraySettings array_settings() const {
    return {device, dac, adc, management, conductance, {}, read, wires, slicing, backward};
  }
};

}  // namespace rheo
