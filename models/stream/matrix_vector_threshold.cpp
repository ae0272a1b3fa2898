#include "models/stream/matrix_vector_threshold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "models/core/error.hpp"

namespace rheo::stream {
namespace {

std::vector<ActionKind> actions_of(std::uint64_t weight_blocks, std::uint64_t membrane_blocks, const Decay& decay) {
  return {{"mvtu.add", "addition", "additions of weights in the lanes", "stream.add"},
          {"mvtu.weight", "bit", "weight bits fetched", std::string(memory_cost(weight_blocks))},
          {"mvtu.membrane", "bit", "membrane bits read or written", std::string(memory_cost(membrane_blocks))},
          {"mvtu.decay", "neuron", "leaks of a membrane",
           decay.kind == Decay::Kind::shift ? "stream.add" : "stream.multiply"},
          {"mvtu.compare", "neuron", "comparisons with the threshold", "stream.add"},
          {"mvtu.input", "bit", "bits written into or read from input buffers", "stream.lutram_access"}};
}

// A folding of 0 is refused later, in the constructor's body.
bool usable(const Folding& folding) { return folding.pe > 0 && folding.simd > 0; }

std::uint64_t blocks_of_weights(const WeightMatrix& weights, const Folding& folding) {
  if (!usable(folding)) return 0;
  return weight_memory(weights.in_features(), weights.out_features(), weights.bits(), folding).bram18k();
}

std::uint64_t blocks_of_membranes(std::uint64_t neurons, const Folding& folding, const LifParameters& lif) {
  return usable(folding) ? membrane_memory(neurons, lif.membrane_bits, folding).bram18k() : 0;
}

}  // namespace

MatrixVectorThreshold::MatrixVectorThreshold(const sc_core::sc_module_name& name, const StageContext& context,
                                             WeightMatrix weights, std::uint32_t positions, const Folding& folding,
                                             const LifParameters& lif, const TickSchedule& schedule, bool zero_skipping,
                                             SpikeStream& in, SpikeStream& out)
    : LifStage(
          name, context,
          actions_of(blocks_of_weights(weights, folding),
                     blocks_of_membranes(std::uint64_t{positions} * weights.out_features(), folding, lif), lif.decay),
          positions, weights.out_features(), folding.pe, lif, schedule, out),
      weights_(std::move(weights)),
      simd_(folding.simd),
      zero_skipping_(zero_skipping),
      in_(in) {
  if (simd_ < 1 || weights_.in_features() % simd_ != 0) {
    throw InputError(basename(),
                     fmt::format("simd = {}; expected a divisor of {} inputs", simd_, weights_.in_features()));
  }
  words_ = weights_.in_features() / simd_;
  sums_.resize(weights_.padded_outputs());
  patch_.resize(words_for(weights_.in_features()) + 1);
  in_.connect_reader(*this);
}

std::uint32_t MatrixVectorThreshold::active_words() const noexcept {
  std::uint32_t active = 0;
  std::size_t next = 0;  // the first bit behind the latest active word
  for (std::size_t word = 0; word < words_for(weights_.in_features()); ++word) {
    for (std::uint64_t left = patch_[word]; left != 0; left &= left - 1) {
      const std::size_t bit = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
      if (bit < next) continue;
      ++active;
      next = (bit / simd_ + 1) * simd_;
    }
  }
  return active;
}

void MatrixVectorThreshold::compute() {
  const std::uint32_t inputs = weights_.in_features();
  in_.take(patch_.data(), 0, inputs);
  const std::uint64_t spikes = weights_.accumulate(std::span(patch_).first(words_for(inputs)), sums_);
  fire(std::span(sums_).first(outputs()));

  pass_steps_ = words_;
  if (zero_skipping_) {
    pass_steps_ = std::max(1U, active_words());
    skipped_steps_ += std::uint64_t{passes() - 1} * (words_ - pass_steps_);
  }
  pending_additions_ += (zero_skipping_ ? spikes : inputs) * outputs();
  pending_input_bits_ += inputs + std::uint64_t{passes() - 1} * pass_steps_ * simd_;
}

void MatrixVectorThreshold::count_frame() {
  count(add, pending_additions_);
  count(weight, pending_additions_ * weights_.bits());
  count(membrane, 2 * neurons() * lif().membrane_bits);
  count(decay, neurons());
  count(compare, neurons());
  count(input, pending_input_bits_);
  pending_additions_ = pending_input_bits_ = 0;
}

void MatrixVectorThreshold::work() {
  while (true) {
    if (pass_ == 0 && word_ < words_) {
      const auto words = static_cast<std::uint32_t>(in_.read_run(next_, words_ - word_));
      worked(words);
      word_ += words;
      if (word_ < words_) return;
      compute();
    }
    while (pass_ < passes()) {
      if (!out().ready_to_write()) return;
      // The last step of a pass hands the spikes out; that of the first pass has just been made.
      const Cycle ready = pass_ == 0 ? next_ - 1 : next_ + pass_steps_ - 1;
      const Cycle cycle = std::max(ready, out().room_from());
      out().write(cycle);
      steps(cycle, pass_ == 0 ? 0 : pass_steps_);
      ++pass_;
    }
    word_ = pass_ = 0;
    end_position();
  }
}

std::vector<InventoryItem> MatrixVectorThreshold::inventory() const {
  std::vector<InventoryItem> items = memory_inventory("mvtu");
  items.insert(items.begin(), {"mvtu", "stream.lane", std::uint64_t{pe()} * simd_});
  return items;
}

std::vector<BufferUse> MatrixVectorThreshold::buffers() const {
  const Folding folding{pe(), simd_};
  return {buffer("weights", weight_memory(weights_.in_features(), outputs(), weights_.bits(), folding)),
          buffer("membranes", membrane_memory(neurons(), lif().membrane_bits, folding)),
          buffer("input", input_memory(weights_.in_features(), folding))};
}

}  // namespace rheo::stream
