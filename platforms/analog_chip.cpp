#include "platforms/analog_chip.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "models/core/counter_random.hpp"
#include "models/core/error.hpp"
#include "models/digital/formats.hpp"

namespace rheo {
namespace {

using sc_core::sc_time;

/// Fixes the kernel's time resolution before the first sc_time exists.
sc_time clock_period(double hertz) {
  if (sc_core::sc_get_time_resolution() != sc_time(10, sc_core::SC_FS)) {
    throw std::logic_error("the time resolution must be 10 fs");
  }
  const double ticks = std::round(1.0 / (hertz * tick_seconds));
  return sc_time::from_value(static_cast<std::uint64_t>(std::max(ticks, 1.0)));
}

std::vector<AddressRange> address_map(const ChipConfiguration& c, const Mapping& mapping) {
  return {{data_map::buffer, static_cast<std::uint64_t>(c.buffer.capacity), "buffer"},
          {data_map::dram, std::max<std::uint64_t>(mapping.dram_used, 64), "dram"},
          {data_map::host, mapping.host.bytes, "host"}};
}

void find_components(const std::vector<sc_core::sc_object*>& objects, std::vector<Component*>& found) {
  for (sc_core::sc_object* object : objects) {
    if (auto* component = dynamic_cast<Component*>(object)) found.push_back(component);
    find_components(object->get_child_objects(), found);
  }
}

/// Uniform in +-1/sqrt(inputs): row `row` of a layer's matrix, or its bias in the row after the last.
void draw_initial(std::uint64_t seed, std::uint32_t layer, std::uint64_t row, std::uint32_t inputs,
                  std::span<float> values) {
  std::vector<std::uint32_t> words(values.size());
  random_words(RandomKey(seed, layer, RandomPurpose::initial_weights), row, 0, words);
  const float bound = 1.0F / std::sqrt(static_cast<float>(inputs));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = bound * (2.0F * uniform_from_word(words[i]) - 1.0F);
}

}  // namespace

AnalogChip::AnalogChip(const sc_core::sc_module_name& name, const ChipConfiguration& configuration,
                       const Mapping& mapping, const Options& options)
    : sc_module(name),
      configuration_(configuration),
      mapping_(mapping),
      seed_(options.seed),
      team_(options.threads),
      clock_(clock_period(configuration.clock_hz)),
      host_("host"),
      controller_("controller", configuration.controller, clock_, unit_room()),
      dma_("dma", unit_index::dma, unit_context(options), configuration.dma),
      vector_unit_("vector_unit", unit_index::vector_unit, unit_context(options), configuration.vector_unit,
                   options.seed),
      bus_("bus", configuration.bus, clock_, unit_index::first_tile + mapping.tiles(),
           address_map(configuration, mapping)),
      buffer_("buffer", configuration.buffer, clock_),
      dram_("dram", configuration.dram, std::max<std::uint64_t>(mapping.dram_used, 64)),
      host_port_("host_port", configuration.host, mapping.host.bytes),
      recorder_(options.recorder) {
  const auto connect = [&](Unit& unit, std::size_t index) {
    controller_.units.bind(unit.command_port);
    unit.completion_port.bind(controller_.completions);
    unit.data_port.bind(bus_.from_initiator[index]);
  };
  host_.bind(controller_.host_port);
  connect(dma_, unit_index::dma);
  connect(vector_unit_, unit_index::vector_unit);
  for (const MatrixLayer& layer : mapping_.layers) {
    for (const TilePlacement& placement : layer.tiles) {
      const auto number = static_cast<std::uint32_t>(tiles_.size());
      tiles_.push_back(std::make_unique<Tile>(("tile" + std::to_string(number)).c_str(), placement.unit,
                                              unit_context(options), configuration.tile, configuration.array_settings(),
                                              placement.inputs, placement.outputs, options.seed, number, team_));
      connect(*tiles_.back(), placement.unit);
    }
  }
  bus_.to_target[0].bind(buffer_.socket);
  bus_.to_target[1].bind(dram_.socket);
  bus_.to_target[2].bind(host_port_.socket);
  buffer_.reserve_peak(mapping_.buffer_used);
  write_program();
}

UnitContext AnalogChip::unit_context(const Options& options) {
  return {clock_,          configuration_.granularity, configuration_.access, &accesses_, options.recorder, &failure_,
          options.recorded};
}

std::vector<std::size_t> AnalogChip::unit_room() const {
  std::vector<std::size_t> room(unit_index::first_tile + mapping_.tiles(), 1 + Unit::queue_depth);
  room[unit_index::dma] = static_cast<std::size_t>(configuration_.dma.channels) + Unit::queue_depth;
  return room;
}

void AnalogChip::host_write(std::uint64_t address, const void* data, std::size_t bytes) {
  std::vector<unsigned char> copy(bytes);
  std::memcpy(copy.data(), data, bytes);
  tlm::tlm_generic_payload payload;
  payload.set_command(tlm::TLM_WRITE_COMMAND);
  payload.set_address(address);
  payload.set_data_ptr(copy.data());
  payload.set_data_length(static_cast<unsigned>(bytes));
  payload.set_streaming_width(static_cast<unsigned>(bytes));
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  sc_time delay = sc_core::SC_ZERO_TIME;
  host_->b_transport(payload, delay);
  if (payload.is_response_error()) throw SimulationError("the controller refused a write of the host");
}

void AnalogChip::write_program() {
  std::uint64_t at = 0;
  const auto write = [&](std::string name, const std::vector<Command>& program) {
    const std::uint64_t entry = at;
    for (const Command& command : program) {
      host_write(controller_map::program + at, &command, sizeof command);
      at += sizeof command;
    }
    return Program{std::move(name), entry};
  };
  initialise_ = write("initialise", mapping_.initialise);
  training_ = write("training", mapping_.training);
  evaluation_ = write("evaluation", mapping_.evaluation);
  probe_ = write("probe", mapping_.probe);
}

AnalogChip::NetworkValues AnalogChip::initial_values() const {
  NetworkValues values;
  for (std::size_t l = 0; l < mapping_.layers.size(); ++l) {
    const MatrixLayer& layer = mapping_.layers[l];
    auto& replicas = values.layers.emplace_back();
    for (std::uint32_t replica = 0; replica < layer.assignment.replicas; ++replica) {
      std::vector<float> matrix(std::size_t{layer.inputs} * layer.outputs);
      const std::uint32_t number = static_cast<std::uint32_t>(l) | (mapping_.same_start ? 0U : replica << 16);
      for (std::size_t row = 0; row < layer.inputs; ++row) {
        draw_initial(seed_, number, row, layer.inputs, std::span(matrix).subspan(row * layer.outputs, layer.outputs));
      }
      std::vector<float> bias(layer.outputs);
      draw_initial(seed_, number, layer.inputs, layer.inputs, bias);
      replicas.push_back({layer.inputs, layer.outputs, std::move(matrix), std::move(bias)});
    }
  }
  for (const PoolMixture& mixture : mapping_.mixtures) {
    values.mixtures.emplace_back(mixture.channels, mixture.first_beta);
  }
  return values;
}

AnalogChip::NetworkValues AnalogChip::values() {
  const std::vector<std::byte> buffer = buffer_.save_state();
  const auto floats = [&](std::uint64_t address, std::size_t count) {
    std::vector<float> copy(count);
    std::memcpy(copy.data(), buffer.data() + address, count * sizeof(float));
    return copy;
  };
  NetworkValues values;
  std::size_t tile = 0;
  for (const MatrixLayer& layer : mapping_.layers) {
    auto& replicas = values.layers.emplace_back();
    for (std::uint64_t replica = 0; replica < layer.assignment.replicas; ++replica) {
      replicas.push_back({layer.inputs, layer.outputs, std::vector<float>(std::size_t{layer.inputs} * layer.outputs),
                          floats(layer.bias + replica * layer.outputs * sizeof(float), layer.outputs)});
    }
    for (const TilePlacement& part : layer.tiles) {
      const std::vector<float> held = tiles_[tile++]->array().weights();
      std::vector<float>& matrix = replicas[part.replica].weights;
      for (std::size_t row = 0; row < part.inputs; ++row) {
        std::copy_n(
            held.begin() + static_cast<std::ptrdiff_t>(row * part.outputs), part.outputs,
            matrix.begin() + static_cast<std::ptrdiff_t>((part.first_input + row) * layer.outputs + part.first_output));
      }
    }
  }
  for (const PoolMixture& mixture : mapping_.mixtures) {
    values.mixtures.push_back(floats(mixture.parameters, mixture.channels));
  }
  return values;
}

void AnalogChip::program(const NetworkValues& values) {
  if (sc_core::sc_get_status() == sc_core::SC_ELABORATION) sc_core::sc_start(sc_core::SC_ZERO_TIME);
  std::vector<std::byte> buffer = buffer_.save_state();
  const auto write = [&](std::uint64_t address, std::span<const std::byte> bytes) {
    if (address >= data_map::dram) {
      dram_.write_bytes(address - data_map::dram, bytes);
    } else {
      std::copy(bytes.begin(), bytes.end(), buffer.begin() + static_cast<std::ptrdiff_t>(address));
    }
  };
  const auto require = [](bool fits) {
    if (!fits) throw std::invalid_argument("the values are of another network");
  };
  require(values.layers.size() == mapping_.layers.size() && values.mixtures.size() == mapping_.mixtures.size());
  for (std::size_t l = 0; l < mapping_.layers.size(); ++l) {
    const MatrixLayer& layer = mapping_.layers[l];
    require(values.layers[l].size() == layer.assignment.replicas);
    for (std::size_t replica = 0; replica < values.layers[l].size(); ++replica) {
      const rapa::KernelMatrix& matrix = values.layers[l][replica];
      require(matrix.weights.size() * sizeof(float) == layer.matrix_bytes() && matrix.bias.size() == layer.outputs);
      write(layer.weights + replica * layer.matrix_bytes(), std::as_bytes(std::span(matrix.weights)));
      write(layer.bias + replica * layer.outputs * sizeof(float), std::as_bytes(std::span(matrix.bias)));
    }
    if (!layer.assignment.order.empty()) write(layer.table, std::as_bytes(std::span(layer.assignment.order)));
  }
  for (std::size_t m = 0; m < mapping_.mixtures.size(); ++m) {
    require(values.mixtures[m].size() == mapping_.mixtures[m].channels);
    write(mapping_.mixtures[m].parameters, std::as_bytes(std::span(values.mixtures[m])));
  }
  buffer_.restore_state(buffer);
  HostRegisters registers;
  registers.mode = Mode::preparation;
  run_program(initialise_, registers);
}

void AnalogChip::replay(const ProgramEvent& event) {
  if (sc_core::sc_get_status() == sc_core::SC_ELABORATION) sc_core::sc_start(sc_core::SC_ZERO_TIME);
  const auto find = [&]() -> std::pair<const Program*, const std::vector<Command>*> {
    if (event.program == initialise_.name) return {&initialise_, &mapping_.initialise};
    if (event.program == training_.name) return {&training_, &mapping_.training};
    if (event.program == evaluation_.name) return {&evaluation_, &mapping_.evaluation};
    if (event.program == probe_.name) return {&probe_, &mapping_.probe};
    return {};
  };
  const auto [program, commands] = find();
  if (program == nullptr || commands->empty() || event.images > batch_limit()) {
    throw std::invalid_argument("the chip has no such program");
  }
  HostRegisters registers;
  registers.first_sample = event.first_sample;
  registers.images = static_cast<std::uint32_t>(event.images);
  registers.mode = event.mode;
  registers.learning_rate = static_cast<float>(event.learning_rate);
  run_program(*program, registers);
}

void AnalogChip::run_program(const Program& program, const HostRegisters& registers) {
  HostRegisters with_entry = registers;
  with_entry.entry = program.entry;
  const sc_time before = sc_core::sc_time_stamp();
  host_write(controller_map::registers, &with_entry, sizeof with_entry);
  const std::uint32_t one = 1;
  host_write(controller_map::doorbell, &one, sizeof one);
  sc_core::sc_start();
  if (failure_) std::rethrow_exception(failure_);
  if (controller_.failure()) std::rethrow_exception(controller_.failure());
  if (sc_core::sc_time_stamp() >= sc_core::sc_max_time() - sc_core::sc_max_time() * 0.01) {
    throw SimulationError("the simulated time passes 180,000 s, the most that 64 bits of 10 fs hold");
  }
  if (!controller_.idle()) throw SimulationError("the chip came to rest before its program ended");
  const sc_time now = sc_core::sc_time_stamp();
  time_[static_cast<std::size_t>(registers.mode)] += (now - before).value();
  if (recorder_ == nullptr) return;
  recorder_->program({program.name, registers.mode, registers.images, registers.first_sample, registers.learning_rate,
                      before.value(), now.value()});
}

BatchResults AnalogChip::run(const Batch& batch, const Program& program, Mode mode, const StepScalars& scalars) {
  const std::size_t images = batch.labels.size();
  if (images == 0) return {};
  if (images > batch_limit()) throw std::logic_error("more images than the chip's batch");
  const auto window = host_port_.window();
  std::memcpy(window.data() + mapping_.host.images, batch.pixels.data(), batch.pixels.size());
  std::memcpy(window.data() + mapping_.host.labels, batch.labels.data(), images);
  HostRegisters registers;
  registers.first_sample = batch.first_sample;
  registers.images = static_cast<std::uint32_t>(images);
  registers.mode = mode;
  registers.learning_rate = static_cast<float>(scalars.learning_rate);
  registers.momentum = static_cast<float>(scalars.momentum);
  registers.weight_decay = static_cast<float>(scalars.weight_decay);
  run_program(program, registers);

  BatchResults results;
  for (std::size_t i = 0; i < images; ++i) {
    float pair[2];
    std::memcpy(pair, window.data() + mapping_.host.results + i * sizeof pair, sizeof pair);
    results.losses.push_back(pair[0]);
    results.predictions.push_back(static_cast<std::uint8_t>(pair[1]));
  }
  return results;
}

BatchResults AnalogChip::train_step(const Batch& batch, const StepScalars& scalars) {
  if (mapping_.training.empty()) throw std::logic_error("the mapping has no training program");
  return run(batch, training_, Mode::training, scalars);
}

BatchResults AnalogChip::evaluate(const Batch& batch) { return run(batch, evaluation_, Mode::evaluation, {}); }

AnalogChip::Probe AnalogChip::probe(const Batch& batch) {
  if (mapping_.probe.empty()) throw std::logic_error("the mapping has no probe");
  run(batch, probe_, Mode::preparation, {});
  const std::size_t images = batch.labels.size();
  const auto bytes_at = [&](std::uint64_t address, std::span<std::byte> bytes) {
    if (!bytes.empty()) dram_.read_bytes(address - data_map::dram, bytes);
  };
  const auto values_of = [&](const ProbedTensor& tensor) {
    std::vector<float> values(images * tensor.shape.values());
    std::vector<std::byte> bytes(values.size() * bytes_of(tensor.format));
    bytes_at(tensor.address, bytes);
    decode(tensor.format, tensor.scale, bytes, values);
    return values;
  };
  Probe found;
  found.image_gradient = values_of(mapping_.probed_gradient);
  for (const ProbedTensor& tensor : mapping_.probed) found.activations.push_back(values_of(tensor));
  for (const MatrixLayer& layer : mapping_.layers) {
    auto& tables = found.assignments.emplace_back(layer.assignment.order);
    if (!layer.indexed(false) || !layer.assignment.drawn) continue;
    tables.resize(images * layer.assignment.positions);
    bytes_at(layer.table, std::as_writable_bytes(std::span(tables)));
  }
  return found;
}

std::vector<std::string> AnalogChip::unit_names() const {
  std::vector<std::string> names{dma_.component_name(), vector_unit_.component_name()};
  for (const auto& tile : tiles_) names.push_back(tile->component_name());
  return names;
}

double AnalogChip::simulated_seconds() const {
  return static_cast<double>(time(Mode::training) + time(Mode::evaluation)) * tick_seconds;
}

std::vector<Component*> AnalogChip::components() {
  std::vector<Component*> found;
  find_components(get_child_objects(), found);
  return found;
}

AnalogChip::Snapshot AnalogChip::snapshot() {
  Snapshot snapshot;
  snapshot.now = sc_core::sc_time_stamp().value();
  snapshot.time = time_;
  for (Component* component : components()) {
    snapshot.components.push_back({component->component_name(), component->actions().values(),
                                   component->busy().values(), component->save_state()});
  }
  return snapshot;
}

void AnalogChip::restore(const Snapshot& snapshot) {
  // Time passes without an event until it is that of the snapshot: refreshes and reservations go on from there.
  sc_core::sc_start(sc_time::from_value(snapshot.now));
  const auto all = components();
  if (all.size() != snapshot.components.size()) throw InputError("checkpoint", "it is of another chip");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ComponentState& saved = snapshot.components[i];
    if (saved.name != all[i]->component_name()) {
      throw InputError("checkpoint", "it has " + saved.name + " where the chip has " + all[i]->component_name());
    }
    try {
      all[i]->actions().restore(saved.actions);
      all[i]->busy().restore(saved.busy);
      all[i]->restore_state(saved.state);
    } catch (const std::invalid_argument& error) {
      throw InputError("checkpoint", error.what());
    }
  }
  time_ = snapshot.time;
}

}  // namespace rheo
