#include "models/digital/controller.hpp"

#include <algorithm>
#include <cstring>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"

namespace rheo {
namespace {

enum Kind : std::size_t { fetch_bytes, commands };

/// Where no memory lies: the weights of unit 0, 1, ...
constexpr std::uint64_t first_weights = std::uint64_t{1} << 62;

enum class WeightUse : std::uint8_t { none, read, change };

WeightUse use_of_weights(Opcode opcode) {
  switch (opcode) {
    case Opcode::forward:
    case Opcode::backward:
    case Opcode::read_weights:
      return WeightUse::read;
    case Opcode::update:
    case Opcode::end_batch:
    case Opcode::program_weights:
      return WeightUse::change;
    case Opcode::transfer:
    case Opcode::accumulate:
    case Opcode::vector:
    case Opcode::loop:
    case Opcode::end_loop:
    case Opcode::halt:
      break;
  }
  return WeightUse::none;
}

}  // namespace

Controller::Controller(const sc_core::sc_module_name& name, const ControllerParameters& parameters,
                       sc_core::sc_time clock, std::vector<std::size_t> unit_room)
    : sc_module(name),
      host_port("host_port"),
      units("units"),
      completions("completions"),
      parameters_(parameters),
      clock_(clock),
      unit_room_(std::move(unit_room)),
      with_unit_(unit_room_.size()),
      program_(static_cast<std::size_t>(parameters.program_memory)),
      actions_({{"controller.fetch", "byte", "bytes of program that the controller fetched", "controller.fetch"},
                {"controller.command", "command", "commands that the controller dispatched", "controller.command"}}) {
  host_port.register_b_transport(this, &Controller::host_access);
  completions.register_b_transport(this, &Controller::completed);
  // An exception must not cross the simulation kernel: the host looks for it when the kernel comes to rest.
  const auto guarded = [this](void (Controller::*process)()) {
    return [this, process] {
      try {
        (this->*process)();
      } catch (const std::runtime_error&) {
        if (!failure_) failure_ = std::current_exception();
      }
    };
  };
  sc_core::sc_spawn(guarded(&Controller::fetch), "fetch");
  sc_core::sc_spawn(guarded(&Controller::dispatch), "dispatch");
}

std::vector<BufferUse> Controller::buffers() const {
  return {{"program memory", "bram", program_.size() * 8, program_used_ * 8, ceil_divide(program_.size(), 2048)}};
}

void Controller::host_access(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const std::uint64_t address = payload.get_address();
  const std::uint64_t bytes = payload.get_data_length();
  const bool write = payload.get_command() == tlm::TLM_WRITE_COMMAND;
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  if (address >= controller_map::program && address - controller_map::program + bytes <= program_.size()) {
    std::byte* place = program_.data() + (address - controller_map::program);
    if (write) {
      std::memcpy(place, payload.get_data_ptr(), bytes);
      program_used_ = std::max(program_used_, address - controller_map::program + bytes);
    } else {
      std::memcpy(payload.get_data_ptr(), place, bytes);
    }
    delay += clock_ * static_cast<double>(ceil_divide(bytes, static_cast<std::uint64_t>(parameters_.link_bytes)));
  } else if (write && address == controller_map::registers && bytes == sizeof registers_ && !running_) {
    std::memcpy(&registers_, payload.get_data_ptr(), sizeof registers_);
  } else if (write && address == controller_map::doorbell && !running_) {
    running_ = true;
    doorbell_.notify(sc_core::SC_ZERO_TIME);
  } else {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  }
}

void Controller::completed(int, tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  Completion completion;
  if (payload.get_data_length() != sizeof completion) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
    return;
  }
  std::memcpy(&completion, payload.get_data_ptr(), sizeof completion);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  --with_unit_[completion.unit];
  for (auto entry = scoreboard_.begin(); entry != scoreboard_.end(); ++entry) {
    const auto found = std::find(entry->sequences.begin(), entry->sequences.end(), completion.sequence);
    if (found == entry->sequences.end()) continue;
    entry->sequences.erase(found);
    if (entry->dispatched && entry->sequences.empty()) {
      const std::uint64_t number = entry->number;
      scoreboard_.erase(entry);
      for (Entry& other : scoreboard_) std::erase(other.waits_for, number);
    }
    break;
  }
  progress_.notify(sc_core::SC_ZERO_TIME);
  entered_.notify(sc_core::SC_ZERO_TIME);
}

Command Controller::fetched(std::uint64_t address) const {
  if (address + sizeof(Command) > program_.size()) {
    throw SimulationError("the program runs past the end of the program memory");
  }
  Command command;
  std::memcpy(&command, program_.data() + address, sizeof command);
  return command;
}

void Controller::fetch() {
  while (true) {
    sc_core::wait(doorbell_);
    run_program();
    running_ = false;
  }
}

void Controller::run_program() {
  const auto fetch_time =
      clock_ * static_cast<double>(ceil_divide(sizeof(Command), static_cast<std::uint64_t>(parameters_.fetch_bytes)));
  std::uint64_t at = registers_.entry;
  std::uint64_t loop_start = 0;
  std::uint32_t block = 0;
  std::uint32_t blocks = 1;
  std::uint32_t images_per_block = registers_.images;
  while (true) {
    Command command = fetched(at);
    at += sizeof command;
    sc_core::wait(fetch_time);
    actions_.add(fetch_bytes, {registers_.mode, command.phase, command.layer}, sizeof command);
    if (command.opcode == Opcode::halt) break;
    if (command.opcode == Opcode::loop) {
      images_per_block = command.images_per_block;
      if (images_per_block == 0) throw SimulationError("the program loops over blocks of no image");
      blocks = static_cast<std::uint32_t>(ceil_divide(registers_.images, images_per_block));
      block = 0;
      loop_start = at;
      continue;
    }
    if (command.opcode == Opcode::end_loop) {
      if (++block < blocks) {
        at = loop_start;
      } else {
        images_per_block = registers_.images;
        block = 0;
      }
      continue;
    }
    if (command.unit >= unit_room_.size()) {
      throw SimulationError("command " + command.name() + ": the chip has no such unit");
    }
    resolve(command, block, images_per_block);
    while (scoreboard_.size() >= static_cast<std::size_t>(parameters_.scoreboard_entries)) sc_core::wait(progress_);
    Entry entry;
    entry.command = command;
    entry.ranges = ranges_of(command);
    entry.number = entered_count_++;
    entry.waits_for = dependencies_of(entry);
    entry.end_vector = command.first_vector + command.vectors;
    scoreboard_.push_back(std::move(entry));
    entered_.notify(sc_core::SC_ZERO_TIME);
  }
  while (!scoreboard_.empty()) sc_core::wait(progress_);
}

void Controller::resolve(Command& command, std::uint32_t block, std::uint32_t images_per_block) const {
  const std::uint32_t first_image = block * images_per_block;
  command.mode = registers_.mode;
  command.images = std::min(images_per_block, registers_.images - first_image);
  command.batch_images = registers_.images;
  command.first_sample = registers_.first_sample + first_image;
  command.learning_rate = registers_.learning_rate;
  command.momentum = registers_.momentum;
  command.weight_decay = registers_.weight_decay;
  command.first_vector = 0;
  const std::size_t positions = command.is_indexed() ? command.replica_positions() : command.geometry.positions();
  command.vectors = command.is_matrix_block() ? command.images * static_cast<std::uint32_t>(positions) : 0;
  if (command.one_hot) command.vectors = 1;  // not divisible
  for (MemoryOperand& operand : command.operands) {
    operand.address += block * operand.block_stride + (block & 1U) * operand.parity_stride;
  }
}

std::vector<Controller::Range> Controller::ranges_of(const Command& command) {
  std::vector<Range> ranges;
  const WeightUse weights = use_of_weights(command.opcode);
  if (weights != WeightUse::none) {
    const std::uint64_t address = first_weights + command.unit;
    ranges.push_back({address, address, weights == WeightUse::change, 0});
  }
  for (const MemoryOperand& operand : command.operands) {
    const std::uint64_t bytes = operand.bytes(command.images);
    if (operand.access == Access::none || bytes == 0) continue;
    ranges.push_back({operand.address, operand.address + bytes - 1, operand.writes(), operand.part});
  }
  return ranges;
}

std::vector<std::uint64_t> Controller::dependencies_of(const Entry& entry) const {
  std::vector<std::uint64_t> numbers;
  if (!parameters_.scoreboard) return numbers;
  for (const Entry& other : scoreboard_) {
    const bool conflict = std::any_of(entry.ranges.begin(), entry.ranges.end(), [&](const Range& a) {
      return std::any_of(other.ranges.begin(), other.ranges.end(), [&](const Range& b) {
        const bool disjoint = a.part != 0 && b.part != 0 && a.part != b.part;
        return (a.write || b.write) && !disjoint && a.first <= b.last && b.first <= a.last;
      });
    });
    if (conflict) numbers.push_back(other.number);
  }
  return numbers;
}

std::size_t Controller::next_to_go() {
  unit_taken_.assign(unit_room_.size(), false);
  for (std::size_t i = 0; i < scoreboard_.size(); ++i) {
    const Entry& entry = scoreboard_[i];
    if (entry.dispatched) continue;
    const std::uint16_t unit = entry.command.unit;
    if (!unit_taken_[unit] && entry.waits_for.empty() && with_unit_[unit] < unit_room_[unit]) return i;
    unit_taken_[unit] = parameters_.issue == IssueOrder::in_order;
  }
  return scoreboard_.size();
}

void Controller::dispatch() {
  const auto send_time =
      clock_ * static_cast<double>(ceil_divide(sizeof(Command), static_cast<std::uint64_t>(parameters_.link_bytes)));
  while (true) {
    const std::size_t next = next_to_go();
    if (next == scoreboard_.size()) {
      sc_core::wait(entered_);
      continue;
    }
    // Only this process takes the unit's room and marks entries dispatched; completions may remove entries
    // in front, never this one, while the command is on the link.
    Entry& chosen = scoreboard_[next];
    ++with_unit_[chosen.command.unit];
    chosen.sequences.push_back(sequence_);
    const std::uint64_t mine = sequence_;
    sc_core::wait(send_time);
    const auto entry = std::find_if(scoreboard_.begin(), scoreboard_.end(), [mine](const Entry& e) {
      return std::find(e.sequences.begin(), e.sequences.end(), mine) != e.sequences.end();
    });
    send(*entry);
  }
}

void Controller::send(Entry& entry) {
  Command command = entry.command;
  if (command.is_matrix_block() && !command.one_hot && parameters_.block_vectors > 0) {
    command.vectors =
        std::min(entry.end_vector - command.first_vector, static_cast<std::uint32_t>(parameters_.block_vectors));
  }
  command.sequence = sequence_++;
  entry.command.first_vector += command.vectors;
  entry.dispatched = !command.is_matrix_block() || command.one_hot || entry.command.first_vector >= entry.end_vector;
  actions_.add(commands, command.scope(), 1);

  tlm::tlm_generic_payload payload;
  payload.set_command(tlm::TLM_WRITE_COMMAND);
  payload.set_address(0);
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(&command));
  payload.set_data_length(sizeof command);
  payload.set_streaming_width(sizeof command);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  units[command.unit]->b_transport(payload, delay);
  if (payload.is_response_error())
    throw SimulationError("unit " + std::to_string(command.unit) + " refused " + command.name());
}

}  // namespace rheo
