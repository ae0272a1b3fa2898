#include "models/stream/spike_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"
#include "models/stream/stage.hpp"
#include "models/stream/stage_memory.hpp"

namespace rheo::stream {

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
  writer_waits_ = needed_reads_ > read_cycles_.words();
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

void SpikeStream::written(std::uint64_t words, Cycle cycle) {
  const std::uint64_t w = parameters_.write_bits;
  const std::uint64_t r = parameters_.read_bits;
  written_bits_ += words * w;
  // The next word has room when all bits but those that fit have been read.
  const std::uint64_t wanted = written_bits_ + w;
  needed_reads_ = wanted <= capacity_bits_ ? 0
                  : w == r                 ? (wanted - capacity_bits_) / w
                                           : ceil_divide(wanted - capacity_bits_, r);
  if (write_cycles_.words() == frame_end_) end_frame(cycle);
}

void SpikeStream::has_read(std::uint64_t words, Cycle cycle) {
  const std::uint64_t w = parameters_.write_bits;
  const std::uint64_t r = parameters_.read_bits;
  read_bits_ += words * r;
  needed_writes_ = w == r ? read_cycles_.words() + 1 : ceil_divide(read_bits_ + r, w);
  measure_fill(fill_, cycle + 1);
  write_cycles_.forget_before(std::min(reader_cursor_, fill_.write_cursor));
  read_cycles_.forget_before(std::min(writer_cursor_, fill_.read_cursor));
  if (writer_waits_) wake_writer(cycle);
}

std::uint64_t SpikeStream::write_run(Cycle& next, std::uint64_t count) {
  if (parameters_.write_bits != parameters_.read_bits) {
    std::uint64_t done = 0;
    for (; done < count && needed_reads_ <= read_cycles_.words(); ++done) {
      const Cycle cycle = std::max(next, room_from());
      write(cycle);
      next = cycle + 1;
    }
    return done;
  }
  // Word n waits for the read of word n - depth. Where those reads were a cycle apart, so are the writes.
  const std::uint64_t depth = parameters_.depth;
  const std::uint64_t first = write_cycles_.words();
  const std::uint64_t last = first + std::min({count, read_cycles_.words() + depth - first, frame_end_ - first});
  for (std::uint64_t word = first; word < last;) {
    CycleRuns::Stretch stretch{next, depth - std::min(word, depth)};
    if (word >= depth) {
      stretch = read_cycles_.from(word - depth, writer_cursor_);
      next = std::max(next, stretch.cycle + 1);
    }
    const std::uint64_t words = std::min(stretch.words, last - word);
    write_cycles_.append(next, words);
    next += words;
    word += words;
  }
  if (last > first) written(last - first, next - 1);
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
  const std::uint64_t first = read_cycles_.words();
  const std::uint64_t last = first + std::min(count, write_cycles_.words() - first);
  for (std::uint64_t word = first; word < last;) {
    const CycleRuns::Stretch stretch = write_cycles_.from(word, reader_cursor_);
    const std::uint64_t words = std::min(stretch.words, last - word);
    next = std::max(next, stretch.cycle + 1);
    read_cycles_.append(next, words);
    next += words;
    word += words;
  }
  if (last > first) has_read(last - first, next - 1);
  return last - first;
}

void SpikeStream::measure_fill(Fill& fill, Cycle cycle) const noexcept {
  const std::uint64_t w = parameters_.write_bits;
  const std::uint64_t r = parameters_.read_bits;
  if (w != r) {
    for (; fill.words < write_cycles_.words(); ++fill.words) {
      const Cycle written = write_cycles_.from(fill.words, fill.write_cursor).cycle;
      if (written > cycle) return;
      const std::uint64_t read = read_cycles_.words_before(written, fill.read_cursor) * r;
      fill.peak_bits = std::max(fill.peak_bits, (fill.words + 1) * w - read);
    }
    return;
  }
  // Within a run of writes the fill does not fall, as no more than a word is read in a cycle: its last word tells.
  while (fill.write_cursor < write_cycles_.runs()) {
    const Cycle written = write_cycles_.last_cycle_of(fill.write_cursor);
    if (written > cycle) return;
    const std::uint64_t read = read_cycles_.words_before(written, fill.read_cursor);
    fill.peak_bits = std::max(fill.peak_bits, (write_cycles_.end_of(fill.write_cursor) - read) * w);
    if (fill.write_cursor + 1 == write_cycles_.runs()) return;  // this run may grow
    ++fill.write_cursor;
  }
}

std::uint64_t SpikeStream::peak_bits() const noexcept {
  Fill fill = fill_;
  measure_fill(fill, std::numeric_limits<Cycle>::max());
  return fill.peak_bits;
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
