#include "models/stream/matrix_vector_threshold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "models/core/error.hpp"

namespace rheo::stream {
namespace {

/// Deep memories are block RAM, shallow ones look-up tables.
std::string_view memory_cost(std::uint64_t blocks) { return blocks > 0 ? "stream.buffer_bit" : "stream.lutram_access"; }

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
    : Stage(
          name, context,
          actions_of(blocks_of_weights(weights, folding),
                     blocks_of_membranes(std::uint64_t{positions} * weights.out_features(), folding, lif), lif.decay)),
      weights_(std::move(weights)),
      positions_(positions),
      folding_(folding),
      lif_(lif),
      schedule_(schedule),
      zero_skipping_(zero_skipping),
      in_(in),
      out_(out) {
  const std::string what = basename();
  if (folding.pe < 1 || weights_.out_features() % folding.pe != 0) {
    throw InputError(what,
                     fmt::format("pe = {}; expected a divisor of {} outputs", folding.pe, weights_.out_features()));
  }
  if (folding.simd < 1 || weights_.in_features() % folding.simd != 0) {
    throw InputError(what,
                     fmt::format("simd = {}; expected a divisor of {} inputs", folding.simd, weights_.in_features()));
  }
  if (lif.membrane_bits < 2 || lif.membrane_bits > 32) {
    throw InputError(what, fmt::format("membranes of {} bits; expected 2 to 32", lif.membrane_bits));
  }
  if (lif.threshold < 0 || lif.threshold > lif.highest()) {
    throw InputError(what, fmt::format("threshold = {}; expected 0 to {}", lif.threshold, lif.highest()));
  }
  passes_ = weights_.out_features() / folding.pe;
  words_ = weights_.in_features() / folding.simd;
  membranes_.resize(std::size_t{positions} * weights_.out_features());
  sums_.resize(weights_.padded_outputs());
  patch_.resize(words_for(weights_.in_features()) + 1);
  fired_.resize(words_for(weights_.out_features()) + 1);
  in_.connect_reader(*this);
  out_.connect_writer(*this);
}

std::uint32_t MatrixVectorThreshold::active_words() const noexcept {
  std::uint32_t active = 0;
  std::size_t next = 0;  // the first bit behind the latest active word
  for (std::size_t word = 0; word < words_for(weights_.in_features()); ++word) {
    for (std::uint64_t left = patch_[word]; left != 0; left &= left - 1) {
      const std::size_t bit = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
      if (bit < next) continue;
      ++active;
      next = (bit / folding_.simd + 1) * folding_.simd;
    }
  }
  return active;
}

void MatrixVectorThreshold::compute() {
  const std::uint32_t outputs = weights_.out_features();
  const std::uint32_t inputs = weights_.in_features();
  in_.take(patch_.data(), 0, inputs);
  const std::uint64_t spikes = weights_.accumulate(std::span(patch_).first(words_for(inputs)), sums_);
  const std::span<std::int32_t> membranes = std::span(membranes_).subspan(std::size_t{position_} * outputs, outputs);
  fire(lif_, std::span(sums_).first(outputs), membranes, fired_);
  if (schedule_.last(frames_)) std::fill(membranes.begin(), membranes.end(), 0);
  out_.put(fired_.data(), 0, outputs);
  if (observer_) copy_bits(frame_.data(), std::size_t{position_} * outputs, fired_.data(), 0, outputs);

  pass_steps_ = words_;
  if (zero_skipping_) {
    pass_steps_ = std::max(1U, active_words());
    skipped_steps_ += std::uint64_t{passes_ - 1} * (words_ - pass_steps_);
  }
  const std::uint64_t additions = (zero_skipping_ ? spikes : inputs) * outputs;
  pending_additions_ += additions;
  pending_input_bits_ += inputs + std::uint64_t{passes_ - 1} * pass_steps_ * folding_.simd;
}

void MatrixVectorThreshold::count_frame() {
  const std::uint64_t neurons = membranes_.size();
  count(add, pending_additions_);
  count(weight, pending_additions_ * weights_.bits());
  count(membrane, 2 * neurons * lif_.membrane_bits);
  count(decay, neurons);
  count(compare, neurons);
  count(input, pending_input_bits_);
  pending_additions_ = pending_input_bits_ = 0;
}

void MatrixVectorThreshold::end_position() {
  word_ = 0;
  pass_ = 0;
  if (++position_ < positions_) return;
  position_ = 0;
  count_frame();
  if (observer_) observer_(frames_, frame_);
  ++frames_;
}

void MatrixVectorThreshold::work() {
  if (observer_) frame_.resize(words_for(membranes_.size()) + 1);
  while (true) {
    if (pass_ == 0 && word_ < words_) {
      const auto words = static_cast<std::uint32_t>(in_.read_run(next_, words_ - word_));
      worked(words);
      word_ += words;
      if (word_ < words_) return;
      compute();
    }
    while (pass_ < passes_) {
      if (!out_.ready_to_write()) return;
      // The last step of a pass hands the spikes out; that of the first pass has just been made.
      const Cycle ready = pass_ == 0 ? next_ - 1 : next_ + pass_steps_ - 1;
      const Cycle cycle = std::max(ready, out_.room_from());
      out_.write(cycle);
      steps(cycle, pass_ == 0 ? 0 : pass_steps_);
      ++pass_;
    }
    end_position();
  }
}

std::vector<InventoryItem> MatrixVectorThreshold::inventory() const {
  std::vector<InventoryItem> items{{"mvtu", "stream.lane", std::uint64_t{folding_.pe} * folding_.simd}};
  std::uint64_t blocks = 0;
  std::uint64_t table_bits = 0;
  for (const BufferUse& buffer : buffers()) {
    blocks += buffer.bram18k;
    if (buffer.bram18k == 0) table_bits += buffer.capacity_bits;
  }
  if (blocks > 0) items.push_back({"bram", "bram.18k", blocks});
  if (table_bits > 0) items.push_back({"mvtu", "stream.lutram_bit", table_bits});
  return items;
}

std::vector<BufferUse> MatrixVectorThreshold::buffers() const {
  const auto use = [this](std::string_view part, const StageMemory& memory) {
    const std::uint64_t blocks = memory.bram18k();
    return BufferUse{fmt::format("{}.{}", basename(), part), blocks > 0 ? "bram" : "register", memory.bits(),
                     memory.bits(), blocks};
  };
  return {use("weights", weight_memory(weights_.in_features(), weights_.out_features(), weights_.bits(), folding_)),
          use("membranes", membrane_memory(membranes_.size(), lif_.membrane_bits, folding_)),
          use("input", input_memory(weights_.in_features(), folding_))};
}

}  // namespace rheo::stream
