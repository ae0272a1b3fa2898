#include "models/digital/controller.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

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

/// Whether a part of the command's vectors makes sense.
bool is_divisible(const Command& command) { return command.is_matrix_block() && !command.one_hot; }

}  // namespace

Controller::Controller(const sc_core::sc_module_name& name, const ControllerParameters& parameters,
                       sc_core::sc_time clock, std::vector<std::size_t> unit_room)
    : sc_module(name),
      host_port("host_port"),
      units("units"),
      completions("completions"),
      parameters_(parameters),
      clock_(clock),
      send_time_(clock *
                 static_cast<double>(ceil_divide(sizeof(Command), static_cast<std::uint64_t>(parameters.link_bytes)))),
      unit_room_(std::move(unit_room)),
      with_unit_(unit_room_.size()),
      program_(static_cast<std::size_t>(parameters.program_memory)),
      entries_(static_cast<std::size_t>(parameters.scoreboard_entries)),
      hazards_(entries_.size()),
      actions_({{"controller.fetch", "byte", "bytes of program that the controller fetched", "controller.fetch"},
                {"controller.command", "command", "commands that the controller dispatched", "controller.command"}}) {
  for (std::size_t entry = 0; entry < entries_.size(); ++entry) free_.push_back(entry);
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
  // Sequence numbers ascend along the scoreboard.
  const auto found = std::find_if(in_use_.begin(), in_use_.end(), [&](std::size_t index) {
    return completion.sequence < entries_[index].end_sequence;
  });
  Entry& entry = entries_[*found];
  if (--entry.parts_out == 0 && entry.dispatched) {
    for (const std::size_t index : entry.holds_back) {
      if (--entries_[index].waits_for == 0) ++ready_;
    }
    hazards_.leave(*found);
    free_.push_back(*found);
    in_use_.erase(found);
    if (fetch_waits_) left_.notify();
  }
  reconsider();
}

void Controller::Choice::update() {
  if (!controller_.dispatch_waits_) return;
  Entry* const entry = controller_.next_to_go();
  if (entry == nullptr) return;
  controller_.dispatch_waits_ = false;
  controller_.take(*entry);
  controller_.taken_ = entry;
  controller_.link_passed_.notify(controller_.send_time_);
}

void Controller::reconsider() {
  if (dispatch_waits_ && ready_ > 0) choice_.request_update();
}

void Controller::fetch_command(std::uint64_t address, Command& command) const {
  if (address + sizeof(Command) > program_.size()) {
    throw SimulationError("the program runs past the end of the program memory");
  }
  std::memcpy(&command, program_.data() + address, sizeof command);
}

void Controller::fetch() {
  while (true) {
    sc_core::wait(doorbell_);
    run_program();
    running_ = false;
  }
}

void Controller::wait_for_one_to_leave() {
  fetch_waits_ = true;
  sc_core::wait(left_);
  fetch_waits_ = false;
}

void Controller::run_program() {
  const auto fetch_time =
      clock_ * static_cast<double>(ceil_divide(sizeof(Command), static_cast<std::uint64_t>(parameters_.fetch_bytes)));
  std::uint64_t at = registers_.entry;
  std::uint64_t loop_start = 0;
  std::uint32_t block = 0;
  std::uint32_t blocks = 1;
  std::uint32_t images_per_block = registers_.images;
  Command command;
  while (true) {
    fetch_command(at, command);
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
    while (free_.empty()) wait_for_one_to_leave();
    enter(command);
    reconsider();
  }
  while (!in_use_.empty()) wait_for_one_to_leave();
}

void Controller::resolve(Command& command, std::uint32_t block, std::uint32_t images_per_block) const {
  const std::uint32_t first_image = block * images_per_block;
  command.mode = registers_.mode;
  command.images = std::min(images_per_block, registers_.images - first_image);
  command.batch_images = registers_.images;
  command.first_sample = registers_.first_sample + first_image;
  command.begins_batch = first_image == 0;
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

std::uint64_t Controller::parts_of(const Command& command) const noexcept {
  if (!is_divisible(command) || parameters_.block_vectors == 0 || command.vectors == 0) return 1;
  return ceil_divide(command.vectors, static_cast<std::uint64_t>(parameters_.block_vectors));
}

std::size_t Controller::ranges_of(const Command& command,
                                  std::array<HazardTable::Range, HazardTable::max_ranges>& ranges) {
  std::size_t count = 0;
  const WeightUse weights = use_of_weights(command.opcode);
  if (weights != WeightUse::none) {
    const std::uint64_t address = first_weights + command.unit;
    ranges[count++] = {address, address, 0, weights == WeightUse::change};
  }
  for (const MemoryOperand& operand : command.operands) {
    const std::uint64_t bytes = operand.bytes(command.images);
    if (operand.access == Access::none || bytes == 0) continue;
    ranges[count++] = {operand.address, operand.address + bytes - 1, operand.part, operand.writes()};
  }
  return count;
}

void Controller::enter(const Command& command) {
  const std::size_t index = free_.back();
  free_.pop_back();
  Entry& entry = entries_[index];
  entry.command = command;
  entry.next_sequence = next_sequence_;
  entry.end_sequence = next_sequence_ += parts_of(command);
  entry.waits_for = 0;
  entry.holds_back.clear();
  entry.end_vector = command.first_vector + command.vectors;
  entry.parts_out = 0;
  entry.dispatched = false;
  if (parameters_.scoreboard) {
    std::array<HazardTable::Range, HazardTable::max_ranges> storage;
    const std::span<const HazardTable::Range> ranges(storage.data(), ranges_of(command, storage));
    for (const std::size_t other : hazards_.conflicts(ranges)) {
      entries_[other].holds_back.push_back(index);
      ++entry.waits_for;
    }
    hazards_.enter(index, ranges);
  }
  if (entry.waits_for == 0) ++ready_;
  in_use_.push_back(index);
}

Controller::Entry* Controller::next_to_go() {
  if (ready_ == 0) return nullptr;
  const bool in_order = parameters_.issue == IssueOrder::in_order;
  if (in_order) unit_taken_.assign(unit_room_.size(), false);
  for (const std::size_t index : in_use_) {
    Entry& entry = entries_[index];
    if (entry.dispatched) continue;
    const std::uint16_t unit = entry.command.unit;
    const bool taken = in_order && unit_taken_[unit];
    if (!taken && entry.waits_for == 0 && with_unit_[unit] < unit_room_[unit]) return &entry;
    if (in_order) unit_taken_[unit] = true;
  }
  return nullptr;
}

void Controller::take(Entry& entry) {
  ++with_unit_[entry.command.unit];
  ++entry.parts_out;
}

void Controller::dispatch() {
  while (true) {
    // While the command is on the link, completions may free other entries, never this one.
    Entry* entry = next_to_go();
    if (entry != nullptr) {
      take(*entry);
      sc_core::wait(send_time_);
    } else {
      dispatch_waits_ = true;
      sc_core::wait(link_passed_);
      entry = taken_;
    }
    send(*entry);
  }
}

void Controller::send(Entry& entry) {
  Command command = entry.command;
  const bool divisible = is_divisible(command);
  if (divisible && parameters_.block_vectors > 0) {
    command.vectors =
        std::min(entry.end_vector - command.first_vector, static_cast<std::uint32_t>(parameters_.block_vectors));
  }
  command.sequence = entry.next_sequence++;
  ++dispatched_;
  entry.command.first_vector += command.vectors;
  entry.dispatched = !divisible || entry.command.first_vector >= entry.end_vector;
  if (entry.dispatched) --ready_;
  actions_.add(commands, command.scope(), 1);

  sent_.set_command(tlm::TLM_WRITE_COMMAND);
  sent_.set_address(0);
  sent_.set_data_ptr(reinterpret_cast<unsigned char*>(&command));
  sent_.set_data_length(sizeof command);
  sent_.set_streaming_width(sizeof command);
  sent_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  units[command.unit]->b_transport(sent_, delay);
  if (sent_.is_response_error())
    throw SimulationError("unit " + std::to_string(command.unit) + " refused " + command.name());
}

}  // namespace rheo
