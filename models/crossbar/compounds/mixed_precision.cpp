#include "models/crossbar/compounds/mixed_precision.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "models/core/bytes.hpp"
#include "models/crossbar/compounds/compounds.hpp"
#include "models/crossbar/compounds/gather.hpp"

namespace rheo::crossbar {
namespace {

constexpr std::size_t group = 256;  // vectors copied, or lines written, at a time

DeviceParameters written_device(const DeviceParameters& device) {
  DeviceParameters inner = device;
  inner.compound.kind =
      device.compound.mixed_precision.device == WrittenCells::one_sided ? Compound::one_sided : Compound::single;
  return inner;
}

UpdateParameters managed(UpdateParameters update) {
  update.update_management = update.length_management = true;
  return update;
}

class MixedPrecision final : public WeightStore {
 public:
  explicit MixedPrecision(const StoreSettings& s)
      : shape_(s.shape),
        p_(s.device.compound.mixed_precision),
        granularity_(static_cast<float>(p_.granularity > 0 ? p_.granularity : s.device.cell.granularity())),
        most_(longest_write(s)),
        choice_key_(s.seed, s.stream, RandomPurpose::choice),
        rounding_key_(s.seed, s.stream, RandomPurpose::stochastic_rounding),
        cells_(make_weight_store(s.shape, written_device(s.device), managed(s.update), s.seed, s.stream, s.reads)),
        chi_(s.shape.values()) {}

  [[nodiscard]] const std::vector<float>& weights() const override { return cells_->weights(); }
  [[nodiscard]] std::size_t cells_per_weight() const noexcept override { return cells_->cells_per_weight(); }
  [[nodiscard]] std::size_t digital_words() const noexcept override { return 1; }
  [[nodiscard]] std::span<const CellPlane> planes() const noexcept override { return cells_->planes(); }
  void add_conductances(const ConductanceParameters& law, std::span<float> rows,
                        std::span<float> columns) const override {
    cells_->add_conductances(law, rows, columns);
  }

  void program(std::span<const float> values) override {
    cells_->program(values);
    std::fill(chi_.begin(), chi_.end(), 0.0F);
    batches_ = output_ = 0;
  }

  UpdateCounts update(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range, float learning_rate,
                      ThreadTeam& team) override {
    UpdateCounts counts;
    x_.resize(std::min(group, range.count) * shape_.inputs);
    d_.resize(std::min(group, range.count) * shape_.outputs);
    for (std::size_t done = 0; done < range.count; done += group) {
      const std::size_t count = std::min(group, range.count - done);
      std::uint64_t products = 0;
      for (std::size_t v = 0; v < count; ++v) {
        float* x = x_.data() + v * shape_.inputs;
        float* d = d_.data() + v * shape_.outputs;
        gather_vector(inputs, range.first + done + v, x);
        gather_vector(errors, range.first + done + v, d);
        const std::uint64_t identity = range.identity + range.first + done + v;
        quantise(x, shape_.inputs, p_.n_x_bins, p_.stoc_round_x, identity, 0);
        quantise(d, shape_.outputs, p_.n_d_bins, p_.stoc_round_d, identity, std::uint64_t{1} << 32);
        products += p_.n_x_bins > 0 && p_.n_d_bins > 0 ? nonzero(x, shape_.inputs) * nonzero(d, shape_.outputs)
                                                       : shape_.inputs * shape_.outputs;
        for (std::size_t j = 0; j < shape_.outputs; ++j) d[j] *= learning_rate;
      }
      counts.accumulated += products;
      // Rows of chi are independent of each other.
      team.for_ranges(shape_.inputs, 8, [&](std::size_t first, std::size_t last) {
        InputBlock x = rows_of(x_.data(), shape_.inputs);
        x.first_element = static_cast<std::uint32_t>(first);
        x.elements = static_cast<std::uint32_t>(last - first);
        accumulate_outer_products(x, rows_of(d_.data(), shape_.outputs), {0, count, 0},
                                  chi_.data() + first * shape_.row_stride, shape_.row_stride);
      });
    }
    return counts;
  }

  UpdateCounts end_batch(std::uint64_t batch, float learning_rate, ThreadTeam& team) override {
    UpdateCounts counts;
    if (++batches_ % static_cast<std::uint64_t>(p_.transfer_every) == 0) write(team, counts);
    counts += cells_->end_batch(batch, learning_rate, team);
    return counts;
  }

  void save(std::vector<std::byte>& to) const override {
    cells_->save(to);
    append_bytes<float>(to, chi_);
    append_bytes<std::uint64_t>(to, std::array{batches_, output_, writes_});
  }
  void restore(std::span<const std::byte>& from) override {
    cells_->restore(from);
    take_bytes<float>(from, chi_);
    std::array<std::uint64_t, 3> numbers{};
    take_bytes<std::uint64_t>(from, numbers);
    batches_ = numbers[0];
    output_ = numbers[1];
    writes_ = numbers[2];
  }

 private:
  /// The most steps of the granularity that the longest train holds.
  static float longest_write(const StoreSettings& s) {
    const MixedPrecisionParameters& p = s.device.compound.mixed_precision;
    const double cell = s.device.cell.granularity();
    const double step = (p.granularity > 0 ? p.granularity : cell) * p.transfer_lr;
    if (!(step > 0)) return 1;
    const double steps = std::floor(static_cast<double>(s.update.train_length) * cell / step * (1 + 1e-6));
    return static_cast<float>(std::max(1.0, steps));
  }

  static std::uint64_t nonzero(const float* values, std::size_t count) {
    return count - static_cast<std::uint64_t>(std::count(values, values + count, 0.0F));
  }

  void quantise(float* values, std::size_t count, std::int64_t bins, bool stochastic, std::uint64_t identity,
                std::uint64_t block) {
    if (bins == 0) return;
    const auto half = static_cast<float>(std::max<std::int64_t>(bins / 2, 1));
    const float largest = largest_magnitude(values, count);
    if (!(largest > 0)) return;
    const float width = largest / half;
    if (stochastic) {
      words_.resize(count);
      random_words(rounding_key_, identity, block, words_);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const float shift = stochastic ? uniform_from_word(words_[i]) - 0.5F : 0.0F;
      values[i] = std::clamp(std::nearbyint(values[i] / width + shift), -half, half) * width;
    }
  }

  void write(ThreadTeam& team, UpdateCounts& counts) {
    const std::size_t wanted =
        p_.n_rows_per_transfer < 0 ? shape_.outputs : static_cast<std::size_t>(p_.n_rows_per_transfer);
    const std::size_t lines = std::min(wanted, shape_.outputs);
    if (lines == 0 || !(p_.transfer_lr > 0)) return;
    if (p_.random_row && lines < shape_.outputs) {
      std::uint32_t word = 0;
      random_words(choice_key_, writes_, 0, {&word, 1});
      output_ = std::uint64_t{word} * shape_.outputs >> 32;
    }
    const float rate = granularity_ * static_cast<float>(p_.transfer_lr);
    for (std::size_t done = 0; done < lines; done += group) {
      const std::size_t count = std::min(group, lines - done);
      x_.assign(count * shape_.inputs, 0.0F);
      d_.assign(count * shape_.outputs, 0.0F);
      for (std::size_t line = 0; line < count; ++line) {
        d_[line * shape_.outputs + output_] = 1;
        for (std::size_t i = 0; i < shape_.inputs; ++i) {
          float& chi = chi_[i * shape_.row_stride + output_];
          const float steps = std::clamp(std::trunc(chi / granularity_), -most_, most_);
          chi = std::fma(-steps, granularity_, chi);
          x_[line * shape_.inputs + i] = steps;
        }
        output_ = (output_ + 1) % shape_.outputs;
      }
      counts += cells_->update(rows_of(x_.data(), shape_.inputs), rows_of(d_.data(), shape_.outputs),
                               {0, count, writes_ * shape_.outputs + done}, rate, team);
    }
    counts.accumulated += lines * shape_.inputs;
    ++writes_;
  }

  PlaneShape shape_;
  MixedPrecisionParameters p_;
  float granularity_;
  float most_;  ///< steps of one write
  RandomKey choice_key_, rounding_key_;
  std::unique_ptr<WeightStore> cells_;
  std::vector<float> chi_;
  std::vector<float> x_, d_;
  std::vector<std::uint32_t> words_;
  std::uint64_t batches_ = 0;  ///< since the matrix was written
  std::uint64_t output_ = 0;   ///< the next to be written
  std::uint64_t writes_ = 0;   ///< so far: they key the random numbers
};

}  // namespace

std::unique_ptr<WeightStore> make_mixed_precision(const StoreSettings& settings) {
  return std::make_unique<MixedPrecision>(settings);
}

}  // namespace rheo::crossbar
