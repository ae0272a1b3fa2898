#pragma once

#include <cstdint>
#include <vector>

#include "models/core/patch_geometry.hpp"
#include "models/stream/stage.hpp"
#include "models/stream/stage_memory.hpp"

namespace rheo::stream {

/// Sliding-window unit (SWU): turns a frame, pixel after pixel in row-major order with the channels of a pixel
/// together, into the patches that a convolution multiplies (im2col, see PatchGeometry). `simd` channels are read and
/// written in a cycle.
///
/// Line buffer of kernel_height + stride padded rows: while the patches of an output row leave, the next `stride` rows
/// come in. Timing of a frame, W the padded width: kernel_height rows of W C / simd steps, then for each output row
/// max(out_width K^2 C / simd, stride W C / simd) steps, each of which may write one word and read one; a step waits
/// for both of its streams. Padding is made here: its steps read no word. Without waiting that is
///     W K C / simd + out_height max(out_width K^2 C / simd, stride W C / simd) cycles,
/// the formula of the FINN framework (its HLS unit), also in steady state: frames do not overlap in the buffer.
/// Actions: swu.read, swu.write (bits of the line buffer).
class SlidingWindow : public Stage {
 public:
  /// Throws InputError unless simd divides the channels, the stride is not above the kernel, and a patch fits.
  SlidingWindow(const sc_core::sc_module_name& name, const StageContext& context, const PatchGeometry& geometry,
                std::uint32_t simd, SpikeStream& in, SpikeStream& out);

  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  enum Kind : std::size_t { read_bit, write_bit };

  void work() override;
  [[nodiscard]] bool frame_step();
  [[nodiscard]] bool row_step();
  [[nodiscard]] bool write_patches();
  void end_row();
  /// Reads one word of the padded frame in a step that may happen from `cycle` on; false: there is none yet.
  [[nodiscard]] bool can_read_from(Cycle& cycle) const noexcept;
  void read_word(Cycle cycle);
  void put_patch();
  [[nodiscard]] bool inside() const noexcept;

  PatchGeometry geometry_;
  std::uint32_t simd_;
  SpikeStream& in_;
  SpikeStream& out_;

  std::uint32_t padded_width_, padded_height_;
  std::uint32_t pixel_words_;     ///< steps of a pixel
  std::uint64_t fill_steps_;      ///< of the first rows
  std::uint64_t row_read_steps_;  ///< that read, of an output row
  std::uint64_t row_write_steps_;
  std::uint64_t row_steps_;
  std::uint32_t patch_words_;
  std::size_t line_words_;            ///< 64-bit words of a line
  std::vector<std::uint64_t> lines_;  ///< kernel_height + stride lines
  std::vector<std::uint64_t> pixel_;

  // Where the unit stands.
  std::uint64_t fill_left_;
  std::uint64_t step_ = 0;  ///< within the output row
  std::uint32_t out_row_ = 0;
  std::uint32_t out_column_ = 0;
  std::uint32_t patch_word_ = 0;                   ///< words of the present patch that are written
  std::uint32_t row_ = 0, column_ = 0, word_ = 0;  ///< of the padded frame: what is read next
};

}  // namespace rheo::stream
