#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "models/stream/stage.hpp"
#include "models/stream/stream_dma.hpp"
#include "tests/support/systemc_test.hpp"

namespace rheo::stream::testing {

/// A frame as one value a spike: what the references work on.
using Spikes = std::vector<std::uint8_t>;

inline std::vector<std::uint64_t> packed(const Spikes& spikes) {
  std::vector<std::uint64_t> words(words_for(spikes.size()) + 1);
  for (std::size_t i = 0; i < spikes.size(); ++i) words[i / 64] |= std::uint64_t{spikes[i]} << (i % 64);
  return words;
}

inline Spikes random_spikes(std::mt19937_64& random, std::size_t size, double ratio) {
  std::bernoulli_distribution spike(ratio);
  Spikes spikes(size);
  for (std::uint8_t& s : spikes) s = spike(random) ? 1 : 0;
  return spikes;
}

inline StageContext stage_context(LayerIndex layer = 1) { return {sc_core::sc_time(5, sc_core::SC_NS), layer}; }

/// A stage that reads a word a cycle, or one every `interval` cycles, and keeps what it read.
class Sink : public Stage {
 public:
  Sink(const sc_core::sc_module_name& name, SpikeStream& in, std::uint64_t interval = 1)
      : Stage(name, stage_context(), {}), in_(in), interval_(interval) {
    in_.connect_reader(*this);
  }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {}; }

  Spikes spikes;
  std::vector<Cycle> cycles;  ///< of the words

  /// The cycle of the last word of each frame.
  [[nodiscard]] std::vector<Cycle> frame_ends() const {
    const std::uint64_t words = in_.parameters().frame_bits / in_.parameters().read_bits;
    std::vector<Cycle> ends;
    for (std::uint64_t word = words; word <= cycles.size(); word += words) ends.push_back(cycles[word - 1]);
    return ends;
  }

 private:
  void work() override {
    const std::uint32_t bits = in_.parameters().read_bits;
    std::vector<std::uint64_t> word(words_for(bits) + 1);
    while (in_.ready_to_read()) {
      const Cycle cycle = std::max(next_, in_.data_from());
      in_.read(cycle);
      steps(cycle + interval_ - 1, 1);
      in_.take(word.data(), 0, bits);
      for (std::uint32_t bit = 0; bit < bits; ++bit)
        spikes.push_back(static_cast<std::uint8_t>(bits_at(word.data(), bit, 1)));
      cycles.push_back(cycle);
    }
  }

  SpikeStream& in_;
  std::uint64_t interval_;
};

/// A source that always has the next word ready.
inline StreamDmaParameters always_ready() { return {1U << 20, 0, 0}; }

inline void send_all(DmaIn& source, const std::vector<Spikes>& frames) {
  for (const Spikes& frame : frames) source.send(packed(frame));
}

/// The distances between the last few frame ends: a single number in steady state.
inline std::vector<Cycle> intervals(const std::vector<Cycle>& ends) {
  std::vector<Cycle> distances;
  for (std::size_t i = 1; i < ends.size(); ++i) distances.push_back(ends[i] - ends[i - 1]);
  return distances;
}

}  // namespace rheo::stream::testing
