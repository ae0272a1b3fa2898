#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "models/core/recorder.hpp"
#include "models/core/thread_team.hpp"
#include "models/crossbar/tile.hpp"
#include "models/digital/controller.hpp"
#include "models/digital/vector_unit.hpp"
#include "models/interconnect/bus.hpp"
#include "models/memory/bram.hpp"
#include "models/memory/dma.hpp"
#include "models/memory/dram.hpp"
#include "models/memory/host_port.hpp"
#include "platforms/mapping.hpp"
#include "workloads/rapa/replicas.hpp"
#include "workloads/training/executor.hpp"

namespace rheo {

/// Time resolution of every platform.
inline constexpr double tick_seconds = 10e-15;

/// Simulated time by mode, in ticks.
using ModeTime = std::array<std::uint64_t, mode_count>;

/// The analog training chip: crossbar tiles, DMA engine, vector unit and controller on a command link; buffer,
/// DRAM and host port on a data bus. One instance a process: SystemC elaborates once.
///
///     host -> controller == command link ==> tiles, DMA, vector unit == data bus ==> buffer, DRAM, host port
class AnalogChip : public sc_core::sc_module, public Executor {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t threads = 1;
    Recorder* recorder = nullptr;
    const RecordedCounts* recorded = nullptr;  ///< for replay(): the chip then computes no values
  };

  /// Weights and biases are drawn uniformly in +-1/sqrt(inputs) (PyTorch's default) from the seed. Call
  /// program_initial_state() or restore() before the first step.
  AnalogChip(const sc_core::sc_module_name& name, const ChipConfiguration& configuration, const Mapping& mapping,
             const Options& options);

  /// What the host gives a network and may read back: by layer of the mapping and replica, and the mixtures' betas.
  struct NetworkValues {
    std::vector<std::vector<rapa::KernelMatrix>> layers;
    std::vector<std::vector<float>> mixtures;
  };
  [[nodiscard]] NetworkValues initial_values() const;
  /// The weights as the tiles hold them now, with the biases and betas. For the host: takes no simulated time.
  [[nodiscard]] NetworkValues values();

  /// Programs the tiles, in simulated time (preparation); what the program starts from lies in the memories before.
  /// Throws std::invalid_argument when the values are of another network.
  void program(const NetworkValues& values);
  void program_initial_state() { program(initial_values()); }

  /// The mapping must have been asked for training (else std::logic_error), for probe() for a probe.
  BatchResults train_step(const Batch& batch, const StepScalars& scalars) override;
  BatchResults evaluate(const Batch& batch) override;
  /// What a batch leaves on the chip on its way forward, as in an evaluation, and back to the images.
  struct Probe {
    std::vector<float> image_gradient;            ///< images x values, of the loss by the normalised pixels
    std::vector<std::vector<float>> activations;  ///< by Mapping::probed, images x values each
    /// By layer of the mapping: the positions replica by replica (Assignment::order), of each image if `drawn`, else
    /// the same for all; empty for a single matrix.
    std::vector<std::vector<std::uint16_t>> assignments;
  };
  /// Counts as preparation, and draws as training does, other numbers than evaluate().
  Probe probe(const Batch& batch);
  /// Runs a program again that a chip with the same mapping has run, with the recorded counts in place of values.
  /// Throws std::invalid_argument for a program that the mapping does not have.
  void replay(const ProgramEvent& program);
  [[nodiscard]] std::size_t batch_limit() const override { return mapping_.host.batch_limit; }
  [[nodiscard]] double simulated_seconds() const override;

  /// The chip's state between two steps, component by component.
  struct ComponentState {
    std::string name;
    std::vector<std::uint64_t> actions, busy;
    std::vector<std::byte> state;
  };
  struct Snapshot {
    std::uint64_t now = 0;  ///< ticks
    ModeTime time{};
    std::vector<ComponentState> components;
  };
  [[nodiscard]] Snapshot snapshot();
  /// Brings a chip that has not run yet to the state of the snapshot. Throws InputError when it does not fit.
  void restore(const Snapshot& snapshot);

  [[nodiscard]] const Mapping& mapping() const noexcept { return mapping_; }
  [[nodiscard]] std::vector<AddressRange> memories() const { return bus_.address_map(); }
  /// Ticks that programs of the mode took.
  [[nodiscard]] std::uint64_t time(Mode mode) const noexcept { return time_[static_cast<std::size_t>(mode)]; }
  [[nodiscard]] std::uint64_t commands() const noexcept { return controller_.dispatched(); }
  /// Units by their index on the command link.
  [[nodiscard]] std::vector<std::string> unit_names() const;
  /// Every component of the chip, found by walking the module tree, in the order of construction.
  [[nodiscard]] std::vector<Component*> components();
  [[nodiscard]] const Dram& dram() const noexcept { return dram_; }
  [[nodiscard]] Tile& tile(std::size_t index) { return *tiles_.at(index); }

 private:
  /// A program in the controller's memory.
  struct Program {
    std::string name;  ///< for traces
    std::uint64_t entry = 0;
  };

  [[nodiscard]] UnitContext unit_context(const Options& options);
  [[nodiscard]] std::vector<std::size_t> unit_room() const;
  void write_program();
  BatchResults run(const Batch& batch, const Program& program, Mode mode, const StepScalars& scalars);
  void run_program(const Program& program, const HostRegisters& registers);
  void host_write(std::uint64_t address, const void* data, std::size_t bytes);

  ChipConfiguration configuration_;
  Mapping mapping_;
  std::uint64_t seed_;
  ThreadTeam team_;
  AccessTracker accesses_;
  std::exception_ptr failure_;
  sc_core::sc_time clock_;

  tlm_utils::simple_initiator_socket<AnalogChip> host_;
  Controller controller_;
  Dma dma_;
  VectorUnit vector_unit_;
  std::vector<std::unique_ptr<Tile>> tiles_;
  Bus bus_;
  Bram buffer_;
  Dram dram_;
  HostPort host_port_;

  Recorder* recorder_;
  Program initialise_, training_, evaluation_, probe_;
  ModeTime time_{};
};

}  // namespace rheo
