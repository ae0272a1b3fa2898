#include "models/crossbar/compounds/transfer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "models/core/bytes.hpp"
#include "models/crossbar/compounds/compounds.hpp"
#include "models/crossbar/compounds/every.hpp"
#include "models/crossbar/compounds/gather.hpp"
#include "models/crossbar/compounds/line_reader.hpp"
#include "models/crossbar/compounds/line_writer.hpp"
#include "models/crossbar/compounds/sum_of_planes.hpp"

namespace rheo::crossbar {
namespace {

/// Plane 0 holds A, plane 1 C.
class Transfer final : public SumOfPlanes {
 public:
  explicit Transfer(const StoreSettings& s)
      : SumOfPlanes(s.shape, {static_cast<float>(s.device.compound.transfer.gamma), 1.0F}),
        p_(s.device.compound.transfer),
        lines_(p_.transfer_columns ? s.shape.inputs : s.shape.outputs),
        width_(p_.transfer_columns ? s.shape.outputs : s.shape.inputs),
        fast_step_(static_cast<float>(s.device.cell.granularity())),
        slow_step_(static_cast<float>(s.device.slow_cell().granularity())),
        fast_train_(static_cast<float>(s.update.train_length)),
        most_steps_(static_cast<float>(p_.transfer_update().train_length)),
        choice_key_(s.seed, s.stream, RandomPurpose::choice),
        chopper_key_(s.seed, s.stream, RandomPurpose::choppers),
        update_(s.update.settings(fast_step_), s.seed, s.stream),
        reader_(s.reads, s.seed, s.stream),
        writer_(s.shape, p_.transfer_update().settings(slow_step_), s.seed, s.stream, 1) {
    planes_.emplace_back(s.shape, s.device.cell, s.update.coincidences, s.seed, s.stream, 0U);
    planes_.emplace_back(s.shape, s.device.slow_cell(), p_.transfer_update().coincidences, s.seed, s.stream, 1U);
    forget();
  }

  [[nodiscard]] const std::vector<float>& weights() const override {
    return gains_[0] == 0 ? planes_[1].weights() : SumOfPlanes::weights();
  }
  [[nodiscard]] std::size_t digital_words() const noexcept override {
    return p_.rule == TransferRule::direct ? 0 : p_.rule == TransferRule::buffered ? 1 : 3;
  }

  void program(std::span<const float> values) override {
    planes_[0].program(std::vector<float>(values.size()));
    planes_[1].program(values);
    forget();
    changed();
  }

  UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                      ThreadTeam& team) override {
    UpdateCounts counts;
    std::uint64_t every = 0;
    if (!p_.units_in_mbatch && p_.transfer_every > 0) {
      every = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(p_.transfer_every)));
    }
    const std::uint64_t batch = range.batch > 0 ? range.batch : range.count;
    with_event_every(
        every, range, seen_,
        [&](const VectorRange& part) { update_fast(inputs, errors, part, batch, learning_rate, team, counts); },
        [&] { transfer(learning_rate, counts); });
    changed();
    return counts;
  }

  UpdateCounts end_batch(std::uint64_t batch, float learning_rate, ThreadTeam&) override {
    UpdateCounts counts;
    if (p_.units_in_mbatch && p_.transfer_every > 0 &&
        ++seen_ % static_cast<std::uint64_t>(std::ceil(p_.transfer_every)) == 0) {
      transfer(learning_rate, counts);
    }
    end_batch_of_planes(batch);
    return counts;
  }

  void save(std::vector<std::byte>& to) const override {
    SumOfPlanes::save(to);
    append_bytes<std::uint64_t>(to, std::array{seen_, line_, reads_, transfers_, rounds_});
    append_bytes<float>(to, std::array{mean_x_, mean_d_, fast_rate_});
    for (const std::vector<float>* values : {&buffer_, &mean_, &past_mean_}) append_bytes<float>(to, *values);
    for (const std::vector<std::uint8_t>* flags : {&line_chopper_, &output_chopper_, &switched_}) {
      append_bytes<std::uint8_t>(to, *flags);
    }
  }
  void restore(std::span<const std::byte>& from) override {
    SumOfPlanes::restore(from);
    std::array<std::uint64_t, 5> numbers{};
    take_bytes<std::uint64_t>(from, numbers);
    seen_ = numbers[0];
    line_ = numbers[1];
    reads_ = numbers[2];
    transfers_ = numbers[3];
    rounds_ = numbers[4];
    std::array<float, 3> scales{};
    take_bytes<float>(from, scales);
    mean_x_ = scales[0];
    mean_d_ = scales[1];
    fast_rate_ = scales[2];
    for (std::vector<float>* values : {&buffer_, &mean_, &past_mean_}) take_bytes<float>(from, *values);
    for (std::vector<std::uint8_t>* flags : {&line_chopper_, &output_chopper_, &switched_}) {
      take_bytes<std::uint8_t>(from, *flags);
    }
  }

 private:
  /// What a new matrix starts from. Reads and transfers go on counting: they key random numbers.
  void forget() {
    seen_ = line_ = rounds_ = 0;
    mean_x_ = mean_d_ = fast_rate_ = 0;
    if (p_.rule == TransferRule::direct) return;
    buffer_.assign(lines_ * width_, 0.0F);
    line_chopper_.assign(lines_, 0);
    output_chopper_.assign(width_, 0);
    if (p_.rule == TransferRule::buffered) return;
    mean_.assign(lines_ * width_, 0.0F);
    past_mean_.assign(lines_ * width_, 0.0F);
    switched_.assign(lines_, 0);
  }

  void combine(std::vector<float>& weights) const override {
    if (p_.rule == TransferRule::direct) {
      SumOfPlanes::combine(weights);
      return;
    }
    for (std::size_t i = 0; i < shape_.inputs; ++i) {
      for (std::size_t j = 0; j < shape_.outputs; ++j) {
        const std::size_t at = i * shape_.row_stride + j;
        const bool flipped =
            p_.transfer_columns ? line_chopper_[i] != output_chopper_[j] : line_chopper_[j] != output_chopper_[i];
        weights[at] = std::fma(flipped ? -gains_[0] : gains_[0], planes_[0].weights()[at], planes_[1].weights()[at]);
      }
    }
  }

  [[nodiscard]] float fast_rate(float learning_rate) const noexcept {
    const auto own = static_cast<float>(p_.fast_lr);
    if (!(own > 0)) return learning_rate;
    float rate = own;
    if (p_.rule != TransferRule::direct && p_.auto_scale) {
      rate *= fast_train_ * fast_step_;
      if (mean_x_ > 0 && mean_d_ > 0) rate /= mean_x_ * mean_d_;
    }
    return p_.scale_fast_lr ? rate * learning_rate : rate;
  }

  [[nodiscard]] bool chopped() const noexcept {
    const auto any = [](const std::vector<std::uint8_t>& flags) {
      return std::find(flags.begin(), flags.end(), 1) != flags.end();
    };
    return any(line_chopper_) || any(output_chopper_);
  }

  void pulse_fast(const InputBlock& inputs, const InputBlock& errors, const VectorRange& part, float rate,
                  ThreadTeam& team, UpdateCounts& counts) {
    PulseCounts pulses =
        update_(inputs, errors, part, rate, team, [&](const PulseEvents& events, std::size_t first, std::size_t last) {
          return planes_[0].apply(events, first, last);
        });
    counts += pulsed(shape_, std::move(pulses), 1, 2);
  }

  void update_fast(const InputBlock& inputs, const InputBlock& errors, const VectorRange& part, std::uint64_t batch,
                   float learning_rate, ThreadTeam& team, UpdateCounts& counts) {
    const bool scaled = p_.rule != TransferRule::direct && p_.auto_scale;
    if (!scaled && !chopped()) {
      fast_rate_ = fast_rate(learning_rate);
      pulse_fast(inputs, errors, part, fast_rate_, team, counts);
      return;
    }
    constexpr std::size_t group = 256;  // vectors copied at a time
    x_.resize(std::min(group, part.count) * shape_.inputs);
    d_.resize(std::min(group, part.count) * shape_.outputs);
    const auto& row_signs = p_.transfer_columns ? line_chopper_ : output_chopper_;
    const auto& column_signs = p_.transfer_columns ? output_chopper_ : line_chopper_;
    const float momentum = (1.0F - static_cast<float>(p_.auto_momentum)) / static_cast<float>(batch);
    for (std::size_t done = 0; done < part.count; done += group) {
      const std::size_t count = std::min(group, part.count - done);
      for (std::size_t v = 0; v < count; ++v) {
        gather_with_signs(inputs, part.first + done + v, row_signs, x_.data() + v * shape_.inputs);
        gather_with_signs(errors, part.first + done + v, column_signs, d_.data() + v * shape_.outputs);
      }
      const InputBlock x = rows_of(x_.data(), shape_.inputs);
      const InputBlock d = rows_of(d_.data(), shape_.outputs);
      const std::uint64_t identity = part.identity + part.first + done;
      if (!scaled) {
        fast_rate_ = fast_rate(learning_rate);
        pulse_fast(x, d, {0, count, identity}, fast_rate_, team, counts);
        continue;
      }
      for (std::size_t v = 0; v < count; ++v) {
        const float largest_x = largest_magnitude(x_.data() + v * shape_.inputs, shape_.inputs);
        const float largest_d = largest_magnitude(d_.data() + v * shape_.outputs, shape_.outputs);
        follow(mean_x_, largest_x, momentum);
        follow(mean_d_, largest_d, momentum);
        fast_rate_ = fast_rate(learning_rate);
        pulse_fast(x, d, {v, 1, identity}, fast_rate_, team, counts);
      }
    }
  }

  /// A vector of zeros says nothing about the magnitudes to come; the first other one is the mean so far.
  static void follow(float& mean, float largest, float momentum) noexcept {
    if (mean <= 0) {
      mean = largest;
    } else if (largest > 0) {
      mean += momentum * (largest - mean);
    }
  }

  static void gather_with_signs(const InputBlock& block, std::size_t vector, const std::vector<std::uint8_t>& flipped,
                                float* to) {
    gather_vector(block, vector, to);
    for (std::size_t e = 0; e < block.elements; ++e) {
      if (flipped[e] != 0) to[e] = -to[e];
    }
  }

  [[nodiscard]] float uniform(const RandomKey& key, std::uint64_t identity, std::uint64_t block) const {
    std::uint32_t word = 0;
    random_words(key, identity, block, {&word, 1});
    return uniform_from_word(word);
  }

  void transfer(float learning_rate, UpdateCounts& counts) {
    const float rate = static_cast<float>(p_.transfer_lr) * (p_.scale_transfer_lr ? learning_rate : 1.0F);
    if (!(rate > 0)) return;
    const bool direct = p_.rule == TransferRule::direct;
    const std::size_t count =
        direct ? std::min(lines_, static_cast<std::size_t>(p_.n_reads_per_transfer)) : std::size_t{1};
    if (direct && p_.random_selection) {
      std::uint32_t word = 0;
      random_words(choice_key_, transfers_, 0, {&word, 1});
      line_ = std::uint64_t{word} * lines_ >> 32;
    }
    for (std::size_t r = 0; r < count; ++r) {
      if (direct) {
        transfer_directly(line_, rate, counts);
      } else {
        transfer_by_buffer(line_, rate, counts);
      }
      line_ = (line_ + 1) % lines_;
      ++reads_;
    }
    ++transfers_;
  }

  std::span<float> read(std::size_t line, UpdateCounts& counts) {
    return p_.transfer_columns ? reader_.row(planes_[0], line, 2, reads_, counts)
                               : reader_.column(planes_[0], line, 2, reads_, counts);
  }
  void write(std::size_t line, std::span<const float> values, float rate, UpdateCounts& counts) {
    counts += p_.transfer_columns ? writer_.row(planes_[1], line, values, rate, 2, reads_)
                                  : writer_.column(planes_[1], line, values, rate, 2, reads_);
  }

  void transfer_directly(std::size_t line, float rate, UpdateCounts& counts) {
    const std::span<float> values = read(line, counts);
    for (float& value : values) value = -value;  // an update steps against its error
    if (p_.with_reset_prob > 0 && p_.transfer_columns &&
        uniform(choice_key_, reads_, 1) < static_cast<float>(p_.with_reset_prob)) {
      planes_[0].reset(line, 1, reads_);
      counts.cells_reset += 2 * width_;
    }
    write(line, values, rate, counts);
  }

  /// Buffer per unit of what is read.
  [[nodiscard]] float buffer_scale(float rate) const noexcept {
    auto granularity = static_cast<float>(p_.buffer_granularity) * fast_step_;
    if (p_.auto_granularity > 0 && p_.transfer_every > 0) {
      granularity *= static_cast<float>(p_.auto_granularity / (static_cast<double>(lines_) * p_.transfer_every));
    }
    if (!p_.correct_gradient_magnitudes) return rate / granularity;
    return fast_rate_ > 0 ? rate / fast_rate_ / (granularity * (slow_step_ / fast_step_)) : 0.0F;
  }

  [[nodiscard]] std::uint64_t chopper_period() const noexcept {
    if (!(p_.in_chop_prob > 0)) return 0;
    return std::max<std::uint64_t>(2, static_cast<std::uint64_t>(std::ceil(1.0 / p_.in_chop_prob)));
  }

  void transfer_by_buffer(std::size_t line, float rate, UpdateCounts& counts) {
    const std::span<float> values = read(line, counts);
    const bool dynamic = p_.rule == TransferRule::dynamic;
    const std::uint64_t period = chopper_period();
    const float scale = buffer_scale(rate);
    const auto momentum = static_cast<float>(p_.momentum);
    const auto cap = static_cast<float>(p_.buffer_cap) * most_steps_;
    const float newest =
        period > 0 ? std::min(1.0F, static_cast<float>(p_.tail_weightening) / static_cast<float>(period)) : 1.0F;
    bool any = false;
    for (std::size_t j = 0; j < width_; ++j) {
      const std::size_t at = line * width_ + j;
      float value = values[j];
      if (dynamic) {
        if (switched_[line] != 0) past_mean_[at] = mean_[at];
        mean_[at] = mean_[at] * (1.0F - newest) + value * newest;
        value -= past_mean_[at];
      }
      if (line_chopper_[line] != output_chopper_[j]) value = -value;
      float& sum = buffer_[at];
      sum += value * scale;
      float steps = 0;
      if (std::abs(sum) >= 1.0F) {
        steps = std::clamp(std::trunc(sum), -most_steps_, most_steps_);
        if (p_.forget_buffer) {
          sum *= momentum;
        } else {
          sum -= (1.0F - momentum) * steps;
          if (dynamic && cap > 0) sum = std::clamp(sum, -cap, cap);
        }
        any = true;
      }
      values[j] = -steps;  // an update steps against its error
    }
    counts.accumulated += width_ * digital_words();
    // The means of AGAD have no reference before a first chopper period.
    if (any && (!dynamic || rounds_ > period)) write(line, values, static_cast<float>(p_.step) * slow_step_, counts);
    switch_choppers(line, period);
  }

  void switch_choppers(std::size_t line, std::uint64_t period) {
    const bool dynamic = p_.rule == TransferRule::dynamic;
    bool now = false;
    if (period > 0) {
      const bool regular = rounds_ % period + 1 == period;
      const bool drawn = p_.in_chop_random && uniform(chopper_key_, reads_, 0) < static_cast<float>(p_.in_chop_prob);
      now = dynamic ? regular || drawn : p_.in_chop_random ? drawn : regular;
    }
    if (now) line_chopper_[line] ^= 1U;
    if (dynamic) switched_[line] = now ? 1 : 0;
    if (line + 1 < lines_) return;
    if (!dynamic && p_.out_chop_prob > 0) {
      std::vector<std::uint32_t> words(width_);
      random_words(chopper_key_, rounds_, std::uint64_t{1} << 32, words);
      for (std::size_t j = 0; j < width_; ++j) {
        if (uniform_from_word(words[j]) < static_cast<float>(p_.out_chop_prob)) output_chopper_[j] ^= 1U;
      }
    }
    ++rounds_;
  }

  TransferParameters p_;
  std::size_t lines_, width_;      ///< lines that transfers read, and the length of one
  float fast_step_, slow_step_;    ///< granularities of A and C
  float fast_train_, most_steps_;  ///< slots of the longest trains of A and C
  RandomKey choice_key_, chopper_key_;
  PulseUpdate update_;
  LineReader reader_;
  LineWriter writer_;
  std::vector<float> x_, d_;  ///< vectors with the choppers' signs

  std::uint64_t seen_ = 0;       ///< vectors, or mini-batches, since the matrix was written
  std::uint64_t line_ = 0;       ///< the next to be read
  std::uint64_t reads_ = 0;      ///< of lines so far
  std::uint64_t transfers_ = 0;  ///< so far
  std::uint64_t rounds_ = 0;     ///< over all lines since the matrix was written
  float mean_x_ = 0, mean_d_ = 0, fast_rate_ = 0;
  std::vector<float> buffer_, mean_, past_mean_;                        ///< line after line
  std::vector<std::uint8_t> line_chopper_, output_chopper_, switched_;  ///< 1: the sign is turned, or was just switched
};

}  // namespace

std::unique_ptr<WeightStore> make_transfer(const StoreSettings& settings) {
  return std::make_unique<Transfer>(settings);
}

}  // namespace rheo::crossbar
