#pragma once

#include <cstdint>
#include <vector>

#include "models/stream/layer_parameters.hpp"
#include "models/stream/stage.hpp"

namespace rheo::stream {

/// Binary max-pooling: the OR of windows of `window` x `window` pixels, stride = window; incomplete windows are left
/// out. `lanes` channels a cycle.
///
/// Timing: a word is read in a step; after the last row of the windows their results are written, one word a step, and
/// nothing is read meanwhile. Without waiting a frame takes
///     (height width + out_height out_width) channels / lanes cycles     (FINN framework).
/// Actions: pool.or (bits).
class MaxPool : public Stage {
 public:
  /// Throws InputError unless lanes divides the channels and a window fits.
  MaxPool(const sc_core::sc_module_name& name, const StageContext& context, const FrameShape& shape,
          std::uint32_t window, std::uint32_t lanes, SpikeStream& in, SpikeStream& out);

  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  void work() override;
  void pool_pixel();

  FrameShape shape_;
  std::uint32_t window_;
  std::uint32_t pixel_words_;
  SpikeStream& in_;
  SpikeStream& out_;
  std::uint32_t out_height_, out_width_;
  std::vector<std::uint64_t> pixel_;
  std::vector<std::uint64_t> row_bits_;  ///< windows of one output row

  std::uint32_t row_ = 0, column_ = 0, word_ = 0;
  std::uint32_t words_to_write_ = 0;
};

}  // namespace rheo::stream
