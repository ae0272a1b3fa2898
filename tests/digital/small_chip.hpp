#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <systemc>
#include <vector>

#include "models/core/rounding.hpp"
#include "models/crossbar/tile.hpp"
#include "models/digital/controller.hpp"
#include "models/digital/vector_unit.hpp"
#include "models/interconnect/bus.hpp"
#include "models/memory/bram.hpp"
#include "models/memory/dma.hpp"
#include "models/memory/host_port.hpp"
#include "tests/interconnect/initiator.hpp"
#include "tests/support/systemc_test.hpp"

namespace rheo::testing {

/// Ticks of 10 fs in a nanosecond, which is also the cycle of the small chip.
inline constexpr std::uint64_t ns = 100'000;

/// The next clock edge.
constexpr std::uint64_t to_edge(std::uint64_t ticks) { return ceil_divide(ticks, ns) * ns; }

/// Floating-point weights; converters for the time only.
inline crossbar::ArraySettings ideal_array() {
  crossbar::ArraySettings settings;
  settings.device.preset = "ideal";
  settings.device.ideal = true;
  settings.adc.rate = 1e9;
  settings.adc.shared_by = 8;
  return settings;
}

/// Cells without variation: every pulse is a step of `dw_min`; bounds +-1, no output noise.
inline crossbar::ArraySettings exact_array(double dw_min = 0.01) {
  crossbar::ArraySettings settings;
  settings.device.preset = "exact";
  crossbar::PopulationParameters& cells = settings.device.cell.population;
  cells.dw_min = dw_min;
  cells.dw_min_dtod = cells.dw_min_std = cells.up_down_dtod = cells.w_max_dtod = cells.w_min_dtod = 0;
  cells.w_max = 1;
  cells.w_min = -1;
  settings.adc.noise = 0;
  settings.adc.rate = 1e9;
  settings.adc.shared_by = 8;
  return settings;
}

/// Numbers for sums by hand: a cycle of 1 ns; a buffer of 4 banks of 8-byte words, so 32 bytes a cycle.
struct SmallChipParameters {
  ControllerParameters controller;
  DmaParameters dma{.channels = 1, .burst_bytes = 64, .outstanding = 8, .round_trip = 32e-9, .setup_cycles = 16};
  VectorUnitParameters vector_unit{
      .lanes = 16, .interval = 1, .special_interval = 4, .latency = 8, .special_latency = 20};
  TileParameters tile{.rows = 64,
                      .columns = 64,
                      .read_time = 10e-9,
                      .read_phases = 2,
                      .search_lanes = 4,
                      .rescale_lanes = 8,
                      .accumulate_lanes = 8};
  crossbar::ArraySettings array = ideal_array();
  BusParameters bus{.width_bytes = 64, .channels = 2, .arbitration_cycles = 1};
  BramParameters buffer{.capacity = 65536, .banks = 4, .ports = 2, .port_bits = 64, .read_latency_cycles = 1};
  HostPortParameters host{.bandwidth = 4e9, .latency = 20e-9};
  Granularity granularity = Granularity::block;
  std::size_t threads = 1;
  struct Matrix {
    std::uint32_t inputs;
    std::uint32_t outputs;
  };
  std::vector<Matrix> tiles;
};

/// A controller, a DMA engine (unit 0), a vector unit (1) and tiles (2, 3, ...) around a buffer and a window of
/// the host, put together by hand and driven through plain TLM-2.0 writes.
class SmallChip : public sc_core::sc_module, public Recorder {
 public:
  static constexpr std::uint64_t host_window = 0x1000'0000;
  static constexpr std::uint64_t host_bytes = 65536;
  static constexpr std::uint16_t dma_unit = 0, vector_unit_index = 1, first_tile = 2;

  explicit SmallChip(const SmallChipParameters& p)
      : sc_module(sc_core::sc_module_name("chip")),
        parameters(p),
        team(p.threads),
        clock(1, sc_core::SC_NS),
        host("cpu"),
        controller("controller", p.controller, clock, room(p)),
        dma("dma", dma_unit, context(), p.dma),
        vector_unit("vector_unit", vector_unit_index, context(), p.vector_unit, 7),
        bus("bus", p.bus, clock, first_tile + p.tiles.size(),
            {{0, static_cast<std::uint64_t>(p.buffer.capacity), "buffer"}, {host_window, host_bytes, "host"}}),
        buffer("buffer", p.buffer, clock),
        host_port("host_port", p.host, host_bytes) {
    host.socket.bind(controller.host_port);
    const auto connect = [&](Unit& unit, std::size_t index) {
      controller.units.bind(unit.command_port);
      unit.completion_port.bind(controller.completions);
      unit.data_port.bind(bus.from_initiator[index]);
    };
    connect(dma, dma_unit);
    connect(vector_unit, vector_unit_index);
    for (std::size_t i = 0; i < p.tiles.size(); ++i) {
      const auto index = static_cast<std::uint16_t>(first_tile + i);
      tiles.push_back(std::make_unique<Tile>(("tile" + std::to_string(i)).c_str(), index, context(), p.tile, p.array,
                                             p.tiles[i].inputs, p.tiles[i].outputs, 7, static_cast<std::uint32_t>(i),
                                             team));
      connect(*tiles.back(), index);
    }
    bus.to_target[0].bind(buffer.socket);
    bus.to_target[1].bind(host_port.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }

  void command(const CommandEvent& event) override {
    events.push_back(event);
    events.back().counts = {};  // they do not outlive the call
    events.back().accesses = {};
  }

  /// Writes to the controller's host port.
  tlm::tlm_response_status host_write(std::uint64_t address, const void* data, std::size_t bytes) {
    std::vector<std::byte> copy(bytes);
    std::memcpy(copy.data(), data, bytes);
    Plain payload(tlm::TLM_WRITE_COMMAND, address, copy);
    sc_core::sc_time delay;
    host.socket->b_transport(payload, delay);
    return payload.get_response_status();
  }

  /// Program (a halt is added) and registers; the doorbell remains to be rung.
  void prepare(std::vector<Command> program, const HostRegisters& registers) {
    program.emplace_back().opcode = Opcode::halt;
    for (std::size_t i = 0; i < program.size(); ++i) {
      ASSERT_EQ(host_write(controller_map::program + i * sizeof(Command), &program[i], sizeof(Command)),
                tlm::TLM_OK_RESPONSE);
    }
    ASSERT_EQ(host_write(controller_map::registers, &registers, sizeof registers), tlm::TLM_OK_RESPONSE);
  }
  tlm::tlm_response_status ring() {
    const std::uint32_t one = 1;
    return host_write(controller_map::doorbell, &one, sizeof one);
  }
  /// Runs what was prepared until nothing happens any more. Throws what a unit failed with.
  void finish() {
    sc_core::sc_start();
    if (failure) std::rethrow_exception(failure);
    if (controller.failure()) std::rethrow_exception(controller.failure());
    EXPECT_TRUE(controller.idle()) << "the program did not end";
    EXPECT_EQ(events.size(), controller.dispatched()) << "completed and issued commands differ";
  }
  /// The whole of it. Returns the ticks it took; `events` holds this run's commands only if it is the first.
  std::uint64_t run(const std::vector<Command>& program, const HostRegisters& registers = {.images = 1}) {
    const std::uint64_t before = sc_core::sc_time_stamp().value();
    prepare(program, registers);
    EXPECT_EQ(ring(), tlm::TLM_OK_RESPONSE);
    finish();
    return sc_core::sc_time_stamp().value() - before;
  }

  [[nodiscard]] const CommandEvent& event(std::uint64_t sequence) const {
    return *std::ranges::find(events, sequence, &CommandEvent::sequence);
  }
  /// Ticks from start to end of command number `sequence` of the programs.
  [[nodiscard]] std::uint64_t duration(std::uint64_t sequence) const {
    return event(sequence).end - event(sequence).start;
  }

  /// The memory behind a data address.
  template <class T>
  [[nodiscard]] std::span<T> at(std::uint64_t address, std::size_t count) {
    Plain payload(tlm::TLM_READ_COMMAND, address, {});
    tlm::tlm_dmi dmi;
    EXPECT_TRUE(dma.data_port->get_direct_mem_ptr(payload, dmi));
    return {reinterpret_cast<T*>(dmi.get_dmi_ptr() + (address - dmi.get_start_address())), count};
  }
  void write(std::uint64_t address, const std::vector<float>& values) {
    std::ranges::copy(values, at<float>(address, values.size()).begin());
  }
  [[nodiscard]] std::vector<float> read(std::uint64_t address, std::size_t count) {
    const auto values = at<float>(address, count);
    return {values.begin(), values.end()};
  }

  /// Count of an action of a component, over modes, phases and layers.
  [[nodiscard]] static std::uint64_t count(Component& component, const std::string& action) {
    const ActionCounts& counts = component.actions();
    for (std::size_t kind = 0; kind < counts.kinds().size(); ++kind) {
      if (counts.kinds()[kind].name == action) {
        return counts.total(kind, Mode::training) + counts.total(kind, Mode::evaluation);
      }
    }
    ADD_FAILURE() << "no action " << action;
    return 0;
  }

  SmallChipParameters parameters;
  AccessTracker accesses;
  std::exception_ptr failure;
  std::vector<CommandEvent> events;
  ThreadTeam team;
  sc_core::sc_time clock;
  Initiator host;
  Controller controller;
  Dma dma;
  VectorUnit vector_unit;
  std::vector<std::unique_ptr<Tile>> tiles;
  Bus bus;
  Bram buffer;
  HostPort host_port;

 private:
  UnitContext context() {
    return {clock, parameters.granularity, {parameters.dma.burst_bytes, 8}, &accesses, this, &failure};
  }
  static std::vector<std::size_t> room(const SmallChipParameters& p) {
    std::vector<std::size_t> room(first_tile + p.tiles.size(), 1 + Unit::queue_depth);
    room[dma_unit] = static_cast<std::size_t>(p.dma.channels) + Unit::queue_depth;
    return room;
  }
};

/// Chips, one after the other, each in a simulation of its own.
class SmallChipTest : public SystemCTest {
 protected:
  /// The chip before, if any, is gone.
  SmallChip& build(const SmallChipParameters& parameters = {}) {
    chip_.reset();
    new_simulation();
    chip_.emplace(parameters);
    return *chip_;
  }

 private:
  std::optional<SmallChip> chip_;
};

// ---- Operands and commands ----

/// A tensor of so many values an image.
inline MemoryOperand per_image(std::uint64_t address, std::uint32_t values, Access access,
                               NumberFormat format = NumberFormat::fp32, float scale = 1) {
  return {address, 0, 0, values, format, access, true, scale};
}
/// A tensor that all images share.
inline MemoryOperand shared(std::uint64_t address, std::uint32_t values, Access access,
                            NumberFormat format = NumberFormat::fp32, float scale = 1) {
  return {address, 0, 0, values, format, access, false, scale};
}

inline Command transfer(std::uint64_t from, std::uint64_t to, std::uint32_t bytes) {
  Command command;
  command.opcode = Opcode::transfer;
  command.phase = Phase::transfer;
  command.unit = SmallChip::dma_unit;
  command.operands[0] = shared(from, bytes, Access::read, NumberFormat::uint8);
  command.operands[1] = shared(to, bytes, Access::write, NumberFormat::uint8);
  return command;
}

inline Command vector(VectorOperation operation, std::initializer_list<MemoryOperand> operands,
                      Activation activation = Activation::identity) {
  Command command;
  command.opcode = Opcode::vector;
  command.operation = operation;
  command.activation = activation;
  command.unit = SmallChip::vector_unit_index;
  std::ranges::copy(operands, command.operands.begin());
  return command;
}

/// A command for tile `tile`, which holds the whole matrix of a layer of this geometry.
inline Command matrix(Opcode opcode, std::uint16_t tile, const PatchGeometry& geometry, std::uint32_t outputs,
                      std::initializer_list<MemoryOperand> operands) {
  Command command;
  command.opcode = opcode;
  command.phase = opcode == Opcode::backward ? Phase::backward
                  : opcode == Opcode::update ? Phase::update
                                             : Phase::forward;
  command.layer = static_cast<LayerIndex>(tile + 1);
  command.unit = static_cast<std::uint16_t>(SmallChip::first_tile + tile);
  command.geometry = geometry;
  command.inputs = command.layer_inputs = static_cast<std::uint32_t>(geometry.elements());
  command.outputs = command.layer_outputs = outputs;
  std::ranges::copy(operands, command.operands.begin());
  return command;
}

/// A fully connected layer's input.
inline PatchGeometry flat(std::uint32_t inputs) { return PatchGeometry::pixels(1, 1, inputs); }

/// Uniform in +-limit, the same on every machine.
inline std::vector<float> values_of(std::size_t n, std::uint32_t seed, float limit = 1) {
  std::vector<float> values(n);
  std::uint32_t state = seed * 2654435761U + 1;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = (static_cast<float>(state >> 8) * 0x1p-23F - 1.0F) * limit;
  }
  return values;
}

inline std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

}  // namespace rheo::testing
