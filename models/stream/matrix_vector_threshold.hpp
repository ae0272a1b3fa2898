#pragma once

#include <cstdint>
#include <vector>

#include "models/stream/lif_stage.hpp"

namespace rheo::stream {

/// Matrix-vector-threshold unit (MVTU) with LIF neurons: multiplies each of the `positions` patches of a frame with
/// the weights, adds the sums to the membranes of that position and hands out the neurons that fire.
///
/// Timing of a patch: the neurons are done `pe` at a time in out_features / pe passes, each of in_features / simd
/// steps (one cycle). The first pass reads a word of the patch a step and keeps it in the input buffer, from where the
/// others take it; the last step of a pass writes the pass's spikes, a word of `pe` bits. Without waiting a frame takes
///     (out_features / pe) (in_features / simd) positions cycles      (FINN framework).
/// With zero-skipping the passes after the first step only through words that hold a spike (one step at least), and
/// only lanes with a spike fetch a weight and add.
///
/// Actions, counted when a frame is done: mvtu.add (lane additions), mvtu.weight (weight bits fetched), mvtu.membrane
/// (membrane bits read or written), mvtu.decay and mvtu.compare (neurons), mvtu.input (bits of the input buffer written
/// or read).
class MatrixVectorThreshold : public LifStage {
 public:
  /// Throws InputError unless simd divides the inputs, and as LifStage does.
  MatrixVectorThreshold(const sc_core::sc_module_name& name, const StageContext& context, WeightMatrix weights,
                        std::uint32_t positions, const Folding& folding, const LifParameters& lif,
                        const TickSchedule& schedule, bool zero_skipping, SpikeStream& in, SpikeStream& out);

  /// Word steps that zero-skipping left out.
  [[nodiscard]] std::uint64_t skipped_steps() const noexcept { return skipped_steps_; }

  [[nodiscard]] std::vector<InventoryItem> inventory() const override;
  [[nodiscard]] std::vector<BufferUse> buffers() const override;

 private:
  enum Kind : std::size_t { add, weight, membrane, decay, compare, input };

  void work() override;
  void compute();
  void count_frame() override;
  [[nodiscard]] std::uint32_t active_words() const noexcept;

  WeightMatrix weights_;
  std::uint32_t simd_;
  bool zero_skipping_;
  SpikeStream& in_;
  std::uint32_t words_ = 0;  ///< of a patch

  std::vector<std::int32_t> sums_;
  std::vector<std::uint64_t> patch_;

  // Where the unit stands.
  std::uint32_t word_ = 0;        ///< read of the present patch
  std::uint32_t pass_ = 0;        ///< passes done
  std::uint32_t pass_steps_ = 0;  ///< of a pass after the first
  std::uint64_t skipped_steps_ = 0;
  std::uint64_t pending_additions_ = 0, pending_input_bits_ = 0;  ///< of the present frame
};

}  // namespace rheo::stream
