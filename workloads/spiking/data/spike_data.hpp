#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rheo::spiking {

/// Consecutive ticks of a spike train, to read.
struct SpikeRows {
  const std::uint64_t* bits = nullptr;
  std::size_t ticks = 0, words = 0;  ///< words of a tick

  [[nodiscard]] std::span<const std::uint64_t> at(std::size_t tick) const noexcept {
    return {bits + tick * words, words};
  }
};

/// Spikes of `values` neurons over some ticks, one bit each: value i of tick t is bit i mod 64 of word i / 64 of that
/// tick. The bits past the last value are 0.
class SpikeTrain {
 public:
  SpikeTrain() = default;
  SpikeTrain(std::size_t ticks, std::size_t values)
      : ticks_(ticks), values_(values), words_((values + 63) / 64), bits_(ticks * words_) {}

  [[nodiscard]] std::size_t ticks() const noexcept { return ticks_; }
  [[nodiscard]] std::size_t values() const noexcept { return values_; }
  [[nodiscard]] std::size_t words() const noexcept { return words_; }
  [[nodiscard]] std::span<std::uint64_t> at(std::size_t tick) noexcept { return {&bits_[tick * words_], words_}; }
  [[nodiscard]] std::span<const std::uint64_t> at(std::size_t tick) const noexcept {
    return {&bits_[tick * words_], words_};
  }
  [[nodiscard]] SpikeRows rows(std::size_t first, std::size_t count) const noexcept {
    return {bits_.data() + first * words_, count, words_};
  }
  void set(std::size_t tick, std::size_t value) { at(tick)[value / 64] |= std::uint64_t{1} << value % 64; }
  [[nodiscard]] bool test(std::size_t tick, std::size_t value) const { return at(tick)[value / 64] >> value % 64 & 1; }
  void clear() { bits_.assign(bits_.size(), 0); }
  /// Spikes of all ticks.
  [[nodiscard]] std::uint64_t count() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t word : bits_) sum += static_cast<std::uint64_t>(std::popcount(word));
    return sum;
  }

 private:
  std::size_t ticks_ = 0, values_ = 0, words_ = 0;
  std::vector<std::uint64_t> bits_;
};

/// Calls visit(value) for every spike of one tick, in ascending order.
template <class Visit>
void for_spikes(std::span<const std::uint64_t> words, Visit&& visit) {
  for (std::size_t w = 0; w < words.size(); ++w) {
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
      visit(w * 64 + static_cast<std::size_t>(std::countr_zero(rest)));
    }
  }
}

/// Labelled examples as spike trains.
class SpikeData {
 public:
  virtual ~SpikeData() = default;

  [[nodiscard]] virtual std::size_t examples() const = 0;
  [[nodiscard]] virtual const std::vector<std::string>& classes() const = 0;
  [[nodiscard]] virtual std::uint32_t label(std::size_t example) const = 0;
  /// Fills the first ticks of an example; `presentation` numbers the times it is shown, for encodings by chance.
  virtual void encode(std::size_t example, std::uint64_t presentation, SpikeTrain& train) const = 0;
  /// SNR in dB of an example's signal; none: NaN.
  [[nodiscard]] virtual double snr_db(std::size_t example) const = 0;
};

}  // namespace rheo::spiking
