#include "models/stream/max_pool.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/core/error.hpp"

namespace rheo::stream {

MaxPool::MaxPool(const sc_core::sc_module_name& name, const StageContext& context, const FrameShape& shape,
                 std::uint32_t window, std::uint32_t lanes, SpikeStream& in, SpikeStream& out)
    : Stage(name, context, {{"pool.or", "bit", "bits that max-pooling looked at", "stream.lutram_access"}}),
      shape_(shape),
      window_(window),
      in_(in),
      out_(out) {
  const std::string what = basename();
  if (lanes < 1 || shape.channels % lanes != 0) {
    throw InputError(what, fmt::format("lanes = {}; expected a divisor of {} channels", lanes, shape.channels));
  }
  if (window < 1 || window > std::min(shape.height, shape.width)) {
    throw InputError(what, fmt::format("window = {}; expected 1 to {}", window, std::min(shape.height, shape.width)));
  }
  pixel_words_ = shape.channels / lanes;
  out_height_ = shape.height / window;
  out_width_ = shape.width / window;
  pixel_.resize(words_for(shape.channels) + 1);
  row_bits_.resize(words_for(std::size_t{out_width_} * shape.channels) + 1);
  in_.connect_reader(*this);
  out_.connect_writer(*this);
}

void MaxPool::pool_pixel() {
  in_.take(pixel_.data(), 0, shape_.channels);
  count(0, shape_.channels);
  const std::uint32_t out_column = column_ / window_;
  if (row_ / window_ >= out_height_ || out_column >= out_width_) return;
  for (std::uint32_t bit = 0; bit < shape_.channels; bit += 64) {
    const std::uint32_t part = std::min(64U, shape_.channels - bit);
    const std::size_t at = std::size_t{out_column} * shape_.channels + bit;
    set_bits(row_bits_.data(), at, part, bits_at(row_bits_.data(), at, part) | pixel_[bit / 64]);
  }
}

void MaxPool::work() {
  while (true) {
    while (words_to_write_ > 0) {
      if (!out_.ready_to_write()) return;
      const Cycle cycle = std::max(next_, out_.room_from());
      out_.write(cycle);
      step(cycle);
      --words_to_write_;
    }
    if (!in_.ready_to_read()) return;
    const Cycle cycle = std::max(next_, in_.data_from());
    in_.read(cycle);
    step(cycle);
    if (++word_ < pixel_words_) continue;
    word_ = 0;
    pool_pixel();
    if (++column_ < shape_.width) continue;
    column_ = 0;
    const bool complete = row_ % window_ == window_ - 1 && row_ / window_ < out_height_;
    row_ = row_ + 1 == shape_.height ? 0 : row_ + 1;
    if (!complete) continue;
    out_.put(row_bits_.data(), 0, std::size_t{out_width_} * shape_.channels);
    std::fill(row_bits_.begin(), row_bits_.end(), 0);
    words_to_write_ = out_width_ * pixel_words_;
  }
}

std::vector<InventoryItem> MaxPool::inventory() const {
  return {{"pool", "stream.lutram_bit", std::uint64_t{out_width_} * shape_.channels}};
}

std::vector<BufferUse> MaxPool::buffers() const {
  const std::uint64_t bits = std::uint64_t{out_width_} * shape_.channels;
  return {{basename(), "register", bits, bits, 0}};
}

}  // namespace rheo::stream
