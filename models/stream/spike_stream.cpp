#include "models/stream/spike_stream.hpp"

#include <fmt/format.h>

#include <bit>
#include <numeric>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"
#include "models/stream/stage.hpp"
#include "models/stream/stage_memory.hpp"

namespace rheo::stream {
namespace {

/// A power of two of at least `count` places.
std::size_t ring(std::uint64_t count) { return std::bit_ceil(count); }

}  // namespace

SpikeStream::SpikeStream(const sc_core::sc_module_name& name, const SpikeStreamParameters& parameters, LayerIndex layer)
    : sc_module(name),
      parameters_(parameters),
      capacity_bits_(parameters.depth * std::max(parameters.write_bits, parameters.read_bits)),
      layer_(layer),
      actions_({{"fifo.bit", "bit", "bits written into or read from FIFOs", "stream.fifo_bit"}}) {
  const std::uint64_t w = parameters_.write_bits;
  const std::uint64_t r = parameters_.read_bits;
  const std::string what = basename();
  if (w < 1 || w > 65536 || r < 1 || r > 65536) {
    throw InputError(what, fmt::format("words of {} and {} bits; expected 1 to 65536", w, r));
  }
  // The writer may have to leave up to r - gcd bits lying that are no whole word for the reader.
  const std::uint64_t least = w + r - std::gcd(w, r);
  if (parameters_.depth < 1 || capacity_bits_ < least) {
    throw InputError(what,
                     fmt::format("depth = {}: words of {} bits written and {} bits read block each other; expected "
                                 "at least {}",
                                 parameters_.depth, w, r, ceil_divide(least, std::max(w, r))));
  }
  write_cycles_.resize(ring(capacity_bits_ / w + 2));
  read_cycles_.resize(ring(capacity_bits_ / r + 2));
  write_mask_ = write_cycles_.size() - 1;
  read_mask_ = read_cycles_.size() - 1;
  needed_writes_ = ceil_divide(r, w);
  frame_end_ = parameters_.frame_bits / w;
  if (parameters_.frame_bits < 1 || parameters_.frame_bits % w != 0 || parameters_.frame_bits % r != 0) {
    throw InputError(what, fmt::format("words of {} and {} bits do not divide a frame of {} bits; expected divisors", w,
                                       r, parameters_.frame_bits));
  }
}

void SpikeStream::connect_writer(Stage& stage) {
  if (writer_ != nullptr) throw std::logic_error(std::string(name()) + " has a writer");
  writer_ = &stage;
}

void SpikeStream::connect_reader(Stage& stage) {
  if (reader_ != nullptr) throw std::logic_error(std::string(name()) + " has a reader");
  reader_ = &stage;
}

bool SpikeStream::let_reader_run() {
  reader_->run();
  writer_waits_ = needed_reads_ > reads_;
  return !writer_waits_;
}

void SpikeStream::wake_writer(Cycle cycle) {
  writer_waits_ = false;
  writer_->wake_after(cycle);
}

void SpikeStream::end_frame(Cycle cycle) {
  frame_end_ += parameters_.frame_bits / parameters_.write_bits;
  reader_->wake_after(cycle);
}

std::uint64_t SpikeStream::write_run(Cycle& next, std::uint64_t count) {
  if (parameters_.write_bits != parameters_.read_bits) {
    std::uint64_t done = 0;
    for (; done < count && needed_reads_ <= reads_; ++done) {
      const Cycle cycle = std::max(next, room_from());
      write(cycle);
      next = cycle + 1;
    }
    return done;
  }
  // Word n waits for the read of word n - depth. In local variables, which the stores below cannot alias.
  const std::uint64_t depth = parameters_.depth;
  const std::uint64_t first = writes_;
  const std::uint64_t last = first + std::min({count, reads_ + depth - first, frame_end_ - first});
  const Cycle* const reads = read_cycles_.data();
  Cycle* const writes = write_cycles_.data();
  const std::uint64_t read_mask = read_mask_;
  const std::uint64_t write_mask = write_mask_;
  Cycle cycle = next;
  for (std::uint64_t word = first; word < last; ++word) {
    if (word >= depth) cycle = std::max(cycle, reads[(word - depth) & read_mask] + 1);
    writes[word & write_mask] = cycle++;
  }
  if (last == first) return 0;
  next = cycle;
  writes_ = last;
  written_bits_ += (last - first) * parameters_.write_bits;
  needed_reads_ = last + 1 > depth ? last + 1 - depth : 0;
  if (writes_ == frame_end_) end_frame(cycle - 1);
  return last - first;
}

std::uint64_t SpikeStream::read_run(Cycle& next, std::uint64_t count) {
  if (parameters_.write_bits != parameters_.read_bits) {
    std::uint64_t done = 0;
    for (; done < count && ready_to_read(); ++done) {
      const Cycle cycle = std::max(next, data_from());
      read(cycle);
      next = cycle + 1;
    }
    return done;
  }
  const std::uint64_t first = reads_;
  const std::uint64_t last = first + std::min(count, writes_ - first);
  if (last == first) return 0;
  const Cycle* const writes = write_cycles_.data();
  Cycle* const reads = read_cycles_.data();
  const std::uint64_t read_mask = read_mask_;
  const std::uint64_t write_mask = write_mask_;
  const std::uint64_t written = writes_;
  std::uint64_t measured = measured_;
  std::uint64_t peak = 0;
  Cycle cycle = next;
  for (std::uint64_t word = first; word < last; ++word) {
    cycle = std::max(cycle, writes[word & write_mask] + 1);
    // As measure_fill().
    while (measured < written && writes[measured & write_mask] <= cycle) {
      ++measured;
      peak = std::max(peak, measured - word);
    }
    reads[word & read_mask] = cycle++;
  }
  if (writer_waits_) wake_writer(cycle - 1);
  next = cycle;
  reads_ = last;
  measured_ = measured;
  peak_bits_ = std::max(peak_bits_, peak * parameters_.write_bits);
  read_bits_ += (last - first) * parameters_.read_bits;
  needed_writes_ = last + 1;
  return last - first;
}

void SpikeStream::count_spikes(const std::uint64_t* bits, std::size_t at, std::size_t count) {
  while (count > 0) {
    const std::size_t part = std::min<std::uint64_t>({count, 64, parameters_.frame_bits - frame_position_});
    frame_spikes_ += static_cast<std::uint64_t>(std::popcount(bits_at(bits, at, part)));
    frame_position_ += part;
    at += part;
    count -= part;
    if (frame_position_ == parameters_.frame_bits) {
      peak_spikes_ = std::max(peak_spikes_, frame_spikes_);
      spikes_ += frame_spikes_;
      frame_spikes_ = frame_position_ = 0;
    }
  }
}

ActionCounts& SpikeStream::actions() {
  const std::uint64_t bits = written_bits_ + read_bits_;
  actions_.add(0, {Mode::evaluation, Phase::forward, layer_}, bits - counted_bits_);
  counted_bits_ = bits;
  return actions_;
}

std::vector<InventoryItem> SpikeStream::inventory() const {
  const StageMemory memory = fifo_memory(parameters_.depth, std::max(parameters_.write_bits, parameters_.read_bits));
  if (memory.bram18k() > 0) return {{"bram", "bram.18k", memory.bram18k()}};
  return {{"fifo", "stream.lutram_bit", memory.bits()}};
}

std::vector<BufferUse> SpikeStream::buffers() const {
  const StageMemory memory = fifo_memory(parameters_.depth, std::max(parameters_.write_bits, parameters_.read_bits));
  return {{basename(), "fifo", memory.bits(), peak_bits(), memory.bram18k()}};
}

}  // namespace rheo::stream
