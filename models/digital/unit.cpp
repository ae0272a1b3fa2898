#include "models/digital/unit.hpp"

#include <algorithm>
#include <cstring>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"
#include "models/digital/burst_schedule.hpp"
#include "models/digital/formats.hpp"
#include "models/interconnect/transfer.hpp"

namespace rheo {
namespace {

using sc_core::sc_time;
using sc_core::SC_ZERO_TIME;

/// The ticks in `count` equal parts, each rounded up.
constexpr std::uint64_t part_of(std::uint64_t ticks, std::uint64_t count) noexcept {
  return (ticks + count - 1) / std::max<std::uint64_t>(count, 1);
}

}  // namespace

Unit::Unit(const sc_core::sc_module_name& name, std::uint16_t index, const UnitContext& context,
           std::vector<ActionKind> actions, std::size_t workers)
    : sc_module(name),
      command_port("command_port"),
      completion_port("completion_port"),
      data_port("data_port"),
      index_(index),
      context_(context),
      actions_(std::move(actions)),
      name_(basename()) {
  command_port.register_b_transport(this, &Unit::receive);
  for (std::size_t i = 0; i < workers; ++i) {
    sc_core::sc_spawn_options options;
    options.set_stack_size(256 * 1024);
    Worker* const worker = workers_.emplace_back(std::make_unique<Worker>()).get();
    sc_core::sc_spawn([this, worker] { work_on_commands(*worker); }, sc_core::sc_gen_unique_name("worker"), &options);
  }
}

Unit::Traffic Unit::Traffic::contiguous(std::uint64_t address, std::uint64_t bytes) {
  return {address, bytes, static_cast<std::uint32_t>(bytes), 1};
}

std::uint64_t Unit::Traffic::stride() const noexcept {
  if (runs < 2 || span < run_bytes) return 0;
  return std::min(span / runs, (span - run_bytes) / (runs - 1)) & ~std::uint64_t{3};
}

void Unit::receive(tlm::tlm_generic_payload& payload, sc_time&) {
  if (payload.get_command() != tlm::TLM_WRITE_COMMAND || payload.get_data_length() != sizeof(Command) ||
      payload.get_address() != 0) {
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  std::memcpy(&queue_.emplace_back(), payload.get_data_ptr(), sizeof(Command));
  if (!idle_.empty()) {
    idle_.back()->arrived.notify();  // runs behind all that run now
    idle_.pop_back();
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

void Unit::work_on_commands(Worker& worker) {
  Command command;
  while (true) {
    while (queue_.empty()) {
      idle_.push_back(&worker);
      sc_core::wait(worker.arrived);
    }
    command = queue_.front();
    queue_.erase(queue_.begin());
    try {
      execute(command);
      complete(command, worker.completion);
    } catch (...) {
      // An exception must not cross the simulation kernel: the host rethrows it when the kernel comes to rest.
      if (!*context_.failure) *context_.failure = std::current_exception();
      return;
    }
  }
}

void Unit::execute(const Command& command) {
  const sc_time begin = sc_core::sc_time_stamp();
  ValueCounts computed;
  ValueCountsView counts;
  const Work work = command.is_indexed() ? start_indexed(command, counts, computed) : start(command, counts, computed);
  std::uint64_t end = 0;
  if (context_.granularity == Granularity::block) {
    end = book_block(command, work);
  } else {
    run_by_burst(command, work);
  }
  const std::uint64_t now = sc_core::sc_time_stamp().value();
  const std::uint64_t edge = clock_edge(now + end, context_.clock.value());
  if (edge != now) sc_core::wait(sc_time::from_value(edge - now));
  computing_[static_cast<std::size_t>(command.mode)] += work.interval.value() * work.items;
  busy_.add(command.scope(), edge - begin.value());
  if (context_.recorder != nullptr) record(command, work, counts, begin);
}

void Unit::record(const Command& command, const Work& work, ValueCountsView counts, const sc_time& start) {
  boost::container::static_vector<AccessedRange, 4 * Command::max_operands> accesses;
  CommandEvent event{command.sequence,
                     name_,
                     command.operation_name(),
                     command.scope(),
                     start.value(),
                     sc_core::sc_time_stamp().value(),
                     0,
                     work.items,
                     counts,
                     {}};
  const auto add = [&](const TrafficList& list, bool write) {
    for (const Traffic& traffic : list) {
      event.bytes += traffic.bytes();
      if (traffic.bytes() > 0) accesses.push_back({traffic.address, traffic.span, write});
    }
  };
  add(work.reads, false);
  add(work.writes, true);
  event.accesses = {accesses.data(), accesses.size()};
  context_.recorder->command(event);
}

ValueCountsView Unit::counts_of(const Command& command, ValueCounts& computed) {
  if (context_.recorded != nullptr) {
    return context_.recorded->of(command.sequence, name_, command.operation_name());
  }
  computed = compute(command);
  return computed;
}

Unit::Work Unit::start(const Command& command, ValueCountsView& counts, ValueCounts& computed) {
  counts = counts_of(command, computed);
  return account(command, counts);
}

Unit::Work Unit::start_indexed(const Command& command, ValueCountsView& counts, ValueCounts& computed) {
  const MemoryOperand& table = command.operands[Command::table_operand];
  const IndexedCommand indexed =
      context_.recorded != nullptr ? IndexedCommand(command) : IndexedCommand(command, memory(command, table));
  indexed_ = &indexed;
  Work work;
  try {
    work = start(indexed.compact(), counts, computed);
  } catch (...) {
    indexed_ = nullptr;
    throw;
  }
  indexed_ = nullptr;
  for (Traffic& traffic : work.reads) traffic = indexed_traffic(indexed, traffic);
  for (Traffic& traffic : work.writes) traffic = indexed_traffic(indexed, traffic);
  // The replica's entries of each image, or of the one table that all images share.
  const std::uint64_t count = command.replica_positions();
  const std::uint64_t images = table.per_image ? ceil_divide(command.vectors, count) : 1;
  const std::uint64_t entries = std::min<std::uint64_t>(command.vectors, count);
  work.reads.insert(work.reads.begin(), {table.address, table.bytes(command.images),
                                         static_cast<std::uint32_t>(entries * sizeof(std::uint16_t)), images});
  return work;
}

Unit::Traffic Unit::indexed_traffic(const IndexedCommand& indexed, const Traffic& compact) const {
  const Command& command = indexed.asked();
  const std::size_t index = indexed.index_of(compact.address);
  const MemoryOperand& operand = command.operands[index];
  const auto bytes = static_cast<std::uint32_t>(bytes_of(operand.format));
  const std::uint64_t span = operand.bytes(command.images);
  switch (indexed.view(index)) {
    case IndexedCommand::View::plain:
      return compact;
    case IndexedCommand::View::patches: {
      const PatchGeometry& g = command.geometry;
      const std::uint64_t row = std::uint64_t{g.kernel_width} * g.channels;
      const std::uint64_t rows = ceil_divide(command.inputs, row);
      const std::uint64_t run = std::min(ceil_divide(command.inputs, rows), std::uint64_t{g.width} * g.channels);
      return {operand.address, span, static_cast<std::uint32_t>(run) * bytes, command.vectors * rows};
    }
    case IndexedCommand::View::pixels:
      return {operand.address, span, command.outputs * bytes, command.vectors};
    case IndexedCommand::View::slots:
      return {operand.address, span, command.inputs * bytes, command.vectors};
  }
  return compact;
}

std::uint64_t Unit::book_block(const Command& command, const Work& work) {
  const std::uint64_t n = std::max<std::uint64_t>(work.items, 1);
  const std::uint64_t interval = work.interval.value();
  const std::uint64_t latency = work.latency.value();
  std::uint64_t granted = 0;
  std::uint64_t read = 0;
  for (const Traffic& traffic : work.reads) {
    if (traffic.runs == 0) continue;
    const Span span = book(command, false, traffic.address, traffic.run_bytes, traffic.runs, traffic.stride(), 0);
    granted = std::max(granted, span.granted);
    read = std::max(read, span.end);
  }
  read = std::max(read, granted);
  const std::uint64_t first = granted + part_of(read - granted, n) + latency;
  const std::uint64_t last = std::max(first + interval * (n - 1), read + latency);
  std::uint64_t end = last;
  for (const Traffic& traffic : work.writes) {
    if (traffic.runs == 0) continue;
    const Span span = book(command, true, traffic.address, traffic.run_bytes, traffic.runs, traffic.stride(), first);
    end = std::max({end, span.end, last + part_of(span.end - span.granted, n)});
  }
  return end;
}

std::vector<Unit::Burst> Unit::bursts_of(const TrafficList& all, std::uint64_t chunks) const {
  const auto burst_bytes = static_cast<std::uint64_t>(context_.access.burst_bytes);
  std::vector<Burst> bursts;
  for (std::uint64_t chunk = 0; chunk < chunks; ++chunk) {
    for (const Traffic& traffic : all) {
      if (traffic.runs == 0) continue;
      if (traffic.runs < chunks) {  // long runs: this chunk's share of the bytes
        const std::uint64_t from = traffic.bytes() * chunk / chunks;
        const std::uint64_t to = traffic.bytes() * (chunk + 1) / chunks;
        if (to > from) bursts.push_back({chunk, traffic.address + from, static_cast<std::uint32_t>(to - from), 1, 0});
        continue;
      }
      const std::uint64_t stride = traffic.stride();
      const std::uint64_t end = traffic.runs * (chunk + 1) / chunks;
      const std::uint64_t per_burst = std::max<std::uint64_t>(1, burst_bytes / std::max(traffic.run_bytes, 1U));
      for (std::uint64_t run = traffic.runs * chunk / chunks; run < end; run += per_burst) {
        bursts.push_back(
            {chunk, traffic.address + run * stride, traffic.run_bytes, std::min(per_burst, end - run), stride});
      }
    }
  }
  return bursts;
}

void Unit::run_by_burst(const Command& command, const Work& work) {
  // The work in chunks of about a burst, at least an item each.
  const auto burst_bytes = static_cast<std::uint64_t>(context_.access.burst_bytes);
  std::uint64_t largest = 1;
  for (const Traffic& traffic : work.reads) largest = std::max(largest, traffic.bytes());
  for (const Traffic& traffic : work.writes) largest = std::max(largest, traffic.bytes());
  const std::uint64_t items = std::max<std::uint64_t>(work.items, 1);
  const std::uint64_t chunks = std::clamp<std::uint64_t>(largest / burst_bytes, 1, items);

  const auto now = [] { return sc_core::sc_time_stamp().value(); };
  const auto wait_until = [&](std::uint64_t time) {
    if (time > now()) sc_core::wait(sc_time::from_value(time - now()));
  };
  const std::vector<Burst> reads = bursts_of(work.reads, chunks);
  const std::vector<Burst> writes = bursts_of(work.writes, chunks);
  BurstSchedule schedule(
      chunks, items,
      {work.interval.value(), work.latency.value(), static_cast<std::uint64_t>(context_.access.outstanding)}, now());
  std::size_t read = 0;
  std::size_t written = 0;
  while (true) {
    schedule.arrived_before(read < reads.size() ? reads[read].chunk : chunks);
    if (read == reads.size() && written == writes.size()) break;
    const std::uint64_t read_from = read < reads.size() ? schedule.read_from(reads[read].chunk) : BurstSchedule::never;
    const std::uint64_t write_from =
        written < writes.size() ? schedule.write_from(writes[written].chunk) : BurstSchedule::never;
    // Results leave first: they make room.
    const bool write = write_from <= read_from;
    wait_until(write ? write_from : read_from);
    const Burst& burst = write ? writes[written++] : reads[read++];
    const Span span = book(command, write, burst.address, burst.run_bytes, burst.runs, burst.stride, 0);
    const std::uint64_t end = now() + span.end;
    if (write) {
      schedule.written(now(), end);
    } else {
      schedule.read(burst.chunk, now(), end);
    }
  }
  wait_until(schedule.end());
}

Unit::Span Unit::book(const Command& command, bool write, std::uint64_t address, std::uint32_t run_bytes,
                      std::uint64_t runs, std::uint64_t stride, std::uint64_t after) {
  if (bookings_.empty()) bookings_.push_back(std::make_unique<Booking>());
  std::unique_ptr<Booking> booking = std::move(bookings_.back());
  bookings_.pop_back();
  tlm::tlm_generic_payload& payload = booking->payload;
  BulkTransfer& transfer = booking->transfer;
  transfer.scope = command.scope();
  transfer.run_bytes = run_bytes;
  transfer.runs = static_cast<std::uint32_t>(runs);
  transfer.run_stride = stride;
  transfer.granted = SC_ZERO_TIME;
  payload.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload.set_address(address);
  payload.set_data_ptr(payload_data(address, run_bytes, write));
  payload.set_data_length(run_bytes);
  payload.set_streaming_width(run_bytes);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  payload.set_dmi_allowed(false);
  sc_time delay = after == 0 ? SC_ZERO_TIME : sc_time::from_value(after);
  data_port->b_transport(payload, delay);
  if (payload.is_response_error()) {
    throw SimulationError("command " + command.name() + ": " + payload.get_response_string() + " at address " +
                          std::to_string(address));
  }
  const Span span{transfer.granted.value(), delay.value()};
  bookings_.push_back(std::move(booking));
  return span;
}

void Unit::complete(const Command& command, tlm::tlm_generic_payload& payload) {
  context_.accesses->release(command.sequence);
  Completion completion{command.sequence, index_};
  payload.set_command(tlm::TLM_WRITE_COMMAND);
  payload.set_address(0);
  payload.set_data_ptr(reinterpret_cast<unsigned char*>(&completion));
  payload.set_data_length(sizeof completion);
  payload.set_streaming_width(sizeof completion);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  sc_time delay = SC_ZERO_TIME;
  completion_port->b_transport(payload, delay);
}

std::byte* Unit::direct(std::uint64_t address, std::uint64_t bytes) {
  const auto covers = [&](const Direct& d) { return d.first <= address && address + bytes - 1 <= d.last; };
  auto found = std::find_if(direct_.begin(), direct_.end(), covers);
  if (found == direct_.end()) {
    tlm::tlm_generic_payload payload;
    payload.set_command(tlm::TLM_READ_COMMAND);
    payload.set_address(address);
    tlm::tlm_dmi dmi;
    if (data_port->get_direct_mem_ptr(payload, dmi) && dmi.is_read_write_allowed()) {
      direct_.push_back(
          {dmi.get_start_address(), dmi.get_end_address(), reinterpret_cast<std::byte*>(dmi.get_dmi_ptr())});
    }
    found = std::find_if(direct_.begin(), direct_.end(), covers);
    if (found == direct_.end()) return nullptr;
  }
  return found->bytes + (address - found->first);
}

unsigned char* Unit::payload_data(std::uint64_t address, std::uint32_t run_bytes, bool write) {
  if (write) {
    if (std::byte* values = direct(address, run_bytes)) return reinterpret_cast<unsigned char*>(values);
  }
  if (unread_.size() < run_bytes) unread_.resize(run_bytes);
  return unread_.data();
}

std::span<std::byte> Unit::memory(const Command& command, std::uint64_t address, std::uint64_t bytes, bool write,
                                  std::uint32_t part) {
  if (bytes == 0) return {};
  context_.accesses->use(command.sequence, command.name(), address, bytes, write, part);
  std::byte* values = direct(address, bytes);
  if (values == nullptr) {
    throw SimulationError("command " + command.name() + ": no memory holds the " + std::to_string(bytes) +
                          " bytes at address " + std::to_string(address));
  }
  return {values, static_cast<std::size_t>(bytes)};
}

std::span<std::byte> Unit::memory(const Command& command, const MemoryOperand& operand) {
  return memory(command, operand.address, operand.bytes(command.images), operand.writes(), operand.part);
}

namespace {

/// The first values of the scratch, which only grows: a shorter vector made longer again would be filled with zeros.
std::span<float> room(std::vector<float>& scratch, std::size_t values) {
  if (scratch.size() < values) scratch.resize(values);
  return std::span(scratch).first(values);
}

}  // namespace

const float* Unit::load(const Command& command, const MemoryOperand& operand, std::vector<float>& scratch) {
  return open(command, operand, scratch);
}

float* Unit::open_indexed(const MemoryOperand& operand, std::vector<float>& scratch) {
  const Command& command = indexed_->asked();
  const std::size_t index = indexed_->index_of(operand.address);
  MemoryOperand whole = command.operands[index];
  whole.access = operand.access;  // the unit may have to keep what it does not write
  const std::span<std::byte> bytes = memory(command, whole);
  const std::span<float> compact = room(scratch, operand.count(command.images));
  if (!operand.reads()) return compact.data();
  const float* tensor = reinterpret_cast<const float*>(bytes.data());
  if (whole.format != NumberFormat::fp32 || whole.scale != 1.0F) {
    const std::span<float> values = room(converted_, whole.count(command.images));
    decode(whole.format, whole.scale, bytes, values);
    tensor = values.data();
  }
  indexed_->gather(index, tensor, compact.data());
  return compact.data();
}

void Unit::store_indexed(const MemoryOperand& operand, const std::vector<float>& scratch) {
  const Command& command = indexed_->asked();
  const std::size_t index = indexed_->index_of(operand.address);
  const MemoryOperand& whole = command.operands[index];
  const std::span<std::byte> bytes = memory(command, whole);
  const std::size_t size = bytes_of(whole.format);
  for (const IndexedCommand::Run& run : indexed_->runs(index)) {
    encode(whole.format, whole.scale, std::span(scratch).subspan(run.in_compact, run.values),
           bytes.subspan(run.in_tensor * size, run.values * size));
  }
}

float* Unit::open(const Command& command, const MemoryOperand& operand, std::vector<float>& scratch) {
  if (indexed_ != nullptr && indexed_->view(indexed_->index_of(operand.address)) != IndexedCommand::View::plain) {
    return open_indexed(operand, scratch);
  }
  const std::span<std::byte> bytes = memory(command, operand);
  if (operand.format == NumberFormat::fp32 && operand.scale == 1.0F) return reinterpret_cast<float*>(bytes.data());
  const std::span<float> values = room(scratch, operand.count(command.images));
  if (operand.reads()) decode(operand.format, operand.scale, bytes, values);
  return values.data();
}

void Unit::store(const Command& command, const MemoryOperand& operand, const std::vector<float>& scratch) {
  if (indexed_ != nullptr && indexed_->view(indexed_->index_of(operand.address)) != IndexedCommand::View::plain) {
    return store_indexed(operand, scratch);
  }
  if (operand.format == NumberFormat::fp32 && operand.scale == 1.0F) return;
  encode(operand.format, operand.scale, std::span<const float>(scratch.data(), operand.count(command.images)),
         memory(command, operand.address, operand.bytes(command.images), true));
}

}  // namespace rheo
