#include "models/stream/sliding_window.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"

namespace rheo::stream {

SlidingWindow::SlidingWindow(const sc_core::sc_module_name& name, const StageContext& context,
                             const PatchGeometry& geometry, std::uint32_t simd, SpikeStream& in, SpikeStream& out)
    : Stage(name, context,
            {{"swu.read", "bit", "bits read from the line buffers of sliding windows", "stream.buffer_bit"},
             {"swu.write", "bit", "bits written into the line buffers of sliding windows", "stream.buffer_bit"}}),
      geometry_(geometry),
      simd_(simd),
      in_(in),
      out_(out) {
  const PatchGeometry& g = geometry_;
  const std::string what = basename();
  if (simd < 1 || g.channels % simd != 0) {
    throw InputError(what, fmt::format("simd = {}; expected a divisor of {} channels", simd, g.channels));
  }
  if (g.stride < 1 || g.stride > std::min(g.kernel_height, g.kernel_width)) {
    throw InputError(what, fmt::format("stride = {}; expected 1 to the kernel's size", g.stride));
  }
  padded_width_ = g.width + 2 * g.padding;
  padded_height_ = g.height + 2 * g.padding;
  if (g.kernel_height < 1 || g.kernel_width < 1 || g.kernel_height > padded_height_ || g.kernel_width > padded_width_) {
    throw InputError(what, "the kernel does not fit; expected 1 to the padded input's size");
  }
  pixel_words_ = g.channels / simd;
  fill_steps_ = std::uint64_t{padded_width_} * g.kernel_height * pixel_words_;
  row_read_steps_ = std::uint64_t{g.stride} * padded_width_ * pixel_words_;
  patch_words_ = g.kernel_height * g.kernel_width * pixel_words_;
  row_write_steps_ = std::uint64_t{g.out_width()} * patch_words_;
  row_steps_ = std::max(row_read_steps_, row_write_steps_);
  fill_left_ = fill_steps_;
  line_words_ = words_for(std::size_t{padded_width_} * g.channels) + 1;
  lines_.resize((g.kernel_height + g.stride) * line_words_);
  pixel_.resize(words_for(g.channels) + 1);
  in_.connect_reader(*this);
  out_.connect_writer(*this);
}

bool SlidingWindow::inside() const noexcept {
  return row_ >= geometry_.padding && row_ < geometry_.padding + geometry_.height && column_ >= geometry_.padding &&
         column_ < geometry_.padding + geometry_.width;
}

bool SlidingWindow::can_read_from(Cycle& cycle) const noexcept {
  if (!inside()) return true;
  if (!in_.ready_to_read()) return false;
  cycle = std::max(cycle, in_.data_from());
  return true;
}

void SlidingWindow::read_word(Cycle cycle) {
  const bool real = inside();
  if (real) in_.read(cycle);
  if (++word_ < pixel_words_) return;
  word_ = 0;
  std::uint64_t* const line = lines_.data() + row_ % (geometry_.kernel_height + geometry_.stride) * line_words_;
  if (real) {
    in_.take(pixel_.data(), 0, geometry_.channels);
    count(write_bit, geometry_.channels);
  } else {
    std::fill(pixel_.begin(), pixel_.end(), 0);
  }
  copy_bits(line, std::size_t{column_} * geometry_.channels, pixel_.data(), 0, geometry_.channels);
  if (++column_ < padded_width_) return;
  column_ = 0;
  ++row_;
}

void SlidingWindow::put_patch() {
  const PatchGeometry& g = geometry_;
  const std::size_t from = std::size_t{out_column_} * g.stride * g.channels;
  const std::size_t bits = std::size_t{g.kernel_width} * g.channels;
  for (std::uint32_t k = 0; k < g.kernel_height; ++k) {
    const std::size_t line = (std::size_t{out_row_} * g.stride + k) % (g.kernel_height + g.stride);
    out_.put(lines_.data() + line * line_words_, from, bits);
  }
  count(read_bit, g.elements());
}

bool SlidingWindow::frame_step() {
  Cycle cycle = next_;
  if (!can_read_from(cycle)) return false;
  read_word(cycle);
  step(cycle);
  --fill_left_;
  return true;
}

bool SlidingWindow::row_step() {
  Cycle cycle = next_;
  const bool reads = step_ < row_read_steps_ && row_ < padded_height_;
  if (reads && !can_read_from(cycle)) return false;
  const bool writes = step_ < row_write_steps_;
  if (writes) {
    if (!out_.ready_to_write()) return false;
    if (patch_word_ == 0) put_patch();
    cycle = std::max(cycle, out_.room_from());
    out_.write(cycle);
    if (++patch_word_ == patch_words_) {
      patch_word_ = 0;
      ++out_column_;
    }
  }
  if (reads) read_word(cycle);
  step(cycle);
  if (++step_ == row_steps_) end_row();
  return true;
}

void SlidingWindow::end_row() {
  step_ = 0;
  out_column_ = 0;
  if (++out_row_ < geometry_.out_height()) return;
  // Rows that no patch needs are read, and forgotten, before the next frame.
  out_row_ = 0;
  fill_left_ = fill_steps_ + std::uint64_t{padded_height_ - row_} * padded_width_ * pixel_words_;
}

/// The steps of an output row that write and do not read.
bool SlidingWindow::write_patches() {
  while (step_ < row_write_steps_) {
    if (!out_.ready_to_write()) return false;
    if (patch_word_ == 0) put_patch();
    const auto words = static_cast<std::uint32_t>(out_.write_run(next_, patch_words_ - patch_word_));
    worked(words);
    step_ += words;
    patch_word_ += words;
    if (patch_word_ < patch_words_) continue;
    patch_word_ = 0;
    ++out_column_;
  }
  if (step_ == row_steps_) end_row();
  return true;
}

void SlidingWindow::work() {
  while (true) {
    if (fill_left_ > 0) {
      if (row_ == padded_height_) row_ = 0;
      if (!frame_step()) return;
      continue;
    }
    const bool reads = step_ < row_read_steps_ && row_ < padded_height_;
    if (!reads && step_ < row_write_steps_ ? !write_patches() : !row_step()) return;
  }
}

std::vector<InventoryItem> SlidingWindow::inventory() const {
  const StageMemory memory = line_memory(geometry_, simd_);
  if (memory.bram18k() > 0) return {{"bram", "bram.18k", memory.bram18k()}};
  return {{"swu", "stream.lutram_bit", memory.bits()}};
}

std::vector<BufferUse> SlidingWindow::buffers() const {
  const StageMemory memory = line_memory(geometry_, simd_);
  const std::uint64_t blocks = memory.bram18k();
  return {{basename(), blocks > 0 ? "bram" : "register", memory.bits(), memory.bits(), blocks}};
}

}  // namespace rheo::stream
