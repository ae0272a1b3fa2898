#include "models/crossbar/pcm_inference.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "models/core/bytes.hpp"
#include "models/core/elementary.hpp"
#include "models/crossbar/compounds/compounds.hpp"

namespace rheo::crossbar {
namespace {

constexpr float reference_g_max = 25;   // uS, of the fit of the programming noise
constexpr double recalibration = 1.01;  // factor in time from one calibration read to the next

/// The cells of one sign: values of inputs x row_stride, padding 0.
struct Cells {
  std::vector<float> written;   ///< uS
  std::vector<float> exponent;  ///< of the drift
  std::vector<float> noise;     ///< Q
  std::vector<float> now;       ///< what a read sees, uS
};

class PcmInference final : public WeightStore {
 public:
  explicit PcmInference(const StoreSettings& s)
      : shape_(s.shape),
        p_(s.device.pcm),
        programming_key_(s.seed, s.stream, RandomPurpose::programming_noise),
        drift_key_(s.seed, s.stream, RandomPurpose::drift),
        noise_key_(s.seed, s.stream, RandomPurpose::conductance_noise),
        weights_(s.shape.values()) {
    for (Cells& cells : cells_) {
      for (std::vector<float>* values : {&cells.written, &cells.exponent, &cells.noise, &cells.now}) {
        values->assign(shape_.values(), 0.0F);
      }
    }
  }

  [[nodiscard]] const std::vector<float>& weights() const override { return weights_; }
  [[nodiscard]] std::size_t cells_per_weight() const noexcept override { return 2; }
  [[nodiscard]] std::span<const CellPlane> planes() const noexcept override { return {}; }
  [[nodiscard]] float output_scale() const noexcept override { return factor_; }

  void add_conductances(const ConductanceParameters& law, std::span<float> rows,
                        std::span<float> columns) const override {
    const auto g_max = static_cast<float>(p_.g_max);
    for (const Cells& cells : cells_) {
      for (std::size_t i = 0; i < shape_.inputs; ++i) {
        for (std::size_t j = 0; j < shape_.outputs; ++j) {
          const float g = law.of_cell(cells.now[i * shape_.row_stride + j], g_max);
          rows[i] += g;
          columns[j] += g;
        }
      }
    }
  }

  void program(std::span<const float> values) override {
    float largest = 0;
    for (const float w : values) largest = std::max(largest, std::abs(w));
    const auto g_max = static_cast<float>(p_.g_max);
    const float to_conductance = largest > 0 ? g_max / largest : 0.0F;
    to_weight_ = largest / g_max;
    std::vector<float> xi(shape_.row_stride), variate(shape_.row_stride);
    for (std::size_t i = 0; i < shape_.inputs; ++i) {
      for (std::size_t sign = 0; sign < 2; ++sign) {
        const std::uint64_t place = (2 * i + sign) << 32;
        random_normals(programming_key_, writes_, place, xi);
        random_normals(drift_key_, writes_, place, variate);
        for (std::size_t j = 0; j < shape_.outputs; ++j) {
          const std::size_t at = i * shape_.row_stride + j;
          const float w = sign == 0 ? values[at] : -values[at];
          write(cells_[sign], at, std::max(w, 0.0F) * to_conductance, xi[j], variate[j]);
        }
      }
    }
    ++writes_;
    written_at_ = now_;
    factor_ = 1;
    calibrated_ = 0;
    if (p_.drift_compensation) {
      see(0, p_.t_0);  // the weights are not old when they are written, whatever their age when they are read
      reference_ = magnitude();
    }
    see(0, time());
  }

  UpdateCounts prepare(double seconds, std::uint64_t identity) override {
    now_ = seconds;
    see(identity, time());
    UpdateCounts counts;
    if (p_.drift_compensation && time() >= recalibration * calibrated_) {
      calibrated_ = time();
      const double present = magnitude();
      factor_ = present > 0 ? static_cast<float>(reference_ / present) : 1.0F;
      // Row after row is read.
      counts.reads.reads = counts.reads.driven = shape_.inputs;
      counts.converted = shape_.inputs * shape_.outputs;
      counts.cells_read = counts.converted * shape_.inputs * 2;
      counts.accumulated = counts.converted;
    }
    return counts;
  }

  UpdateCounts update(const InputBlock&, const InputBlock&, const VectorRange&, float, ThreadTeam&) override {
    throw std::logic_error("cells for inference are written, not pulsed");
  }
  UpdateCounts end_batch(std::uint64_t, float, ThreadTeam&) override { return {}; }

  void save(std::vector<std::byte>& to) const override {
    for (const Cells& cells : cells_) {
      for (const auto* values : {&cells.written, &cells.exponent, &cells.noise, &cells.now}) {
        append_bytes<float>(to, *values);
      }
    }
    append_bytes<float>(to, weights_);
    append_bytes<float>(to, std::array{to_weight_, factor_});
    append_bytes<double>(to, std::array{now_, written_at_, calibrated_, reference_});
    append_bytes(to, std::span(&writes_, 1));
  }
  void restore(std::span<const std::byte>& from) override {
    for (Cells& cells : cells_) {
      for (auto* values : {&cells.written, &cells.exponent, &cells.noise, &cells.now}) {
        take_bytes<float>(from, *values);
      }
    }
    take_bytes<float>(from, weights_);
    std::array<float, 2> scales{};
    take_bytes<float>(from, scales);
    to_weight_ = scales[0];
    factor_ = scales[1];
    std::array<double, 4> numbers{};
    take_bytes<double>(from, numbers);
    now_ = numbers[0];
    written_at_ = numbers[1];
    calibrated_ = numbers[2];
    reference_ = numbers[3];
    take_bytes(from, std::span(&writes_, 1));
  }

 private:
  void write(Cells& cells, std::size_t at, float target, float xi, float variate) const {
    const auto g_max = static_cast<float>(p_.g_max);
    const float relative = target / g_max;
    const float spread = (0.26348F + (1.9650F - 1.1731F * relative) * relative) * (g_max / reference_g_max) *
                         static_cast<float>(p_.prog_noise_scale);
    cells.written[at] = std::max(0.0F, target + spread * xi);
    const float log_relative = logarithm(std::max(relative, 1e-7F));
    const float mean = std::clamp(-0.0155F * log_relative + 0.0244F, 0.049F, 0.1F);
    const float deviation = std::clamp(-0.0125F * log_relative - 0.0059F, 0.008F, 0.045F);
    cells.exponent[at] = static_cast<float>(p_.drift_scale) * std::abs(mean + deviation * variate);
    cells.noise[at] = std::min(0.0088F / std::max(power(cells.written[at] / g_max, 0.65F), 1e-3F), 0.2F);
  }

  /// Since the write, the first read's t_0 and the weights' age included.
  [[nodiscard]] double time() const noexcept { return p_.t_0 + p_.age + std::max(0.0, now_ - written_at_); }

  /// What a read of this time since the write (t_0 included) and key sees.
  void see(std::uint64_t identity, double time) {
    const float log_time = logarithm(static_cast<float>(time / p_.t_0));
    const float spread = static_cast<float>(p_.read_noise_scale) *
                         std::sqrt(logarithm(static_cast<float>((time + p_.t_read) / (2 * p_.t_read))));
    std::vector<float> xi(shape_.row_stride);
    for (std::size_t i = 0; i < shape_.inputs; ++i) {
      for (std::size_t sign = 0; sign < 2; ++sign) {
        Cells& cells = cells_[sign];
        random_normals(noise_key_, identity, (2 * i + sign) << 32, xi);
        for (std::size_t j = 0; j < shape_.outputs; ++j) {
          const std::size_t at = i * shape_.row_stride + j;
          const float drifted = cells.written[at] * exponential(-cells.exponent[at] * log_time);
          cells.now[at] = std::max(0.0F, drifted + drifted * cells.noise[at] * spread * xi[j]);
        }
      }
    }
    for (std::size_t at = 0; at < weights_.size(); ++at) {
      weights_[at] = (cells_[0].now[at] - cells_[1].now[at]) * to_weight_;
    }
  }

  [[nodiscard]] double magnitude() const {
    double sum = 0;
    for (const float w : weights_) sum += std::abs(w);
    return sum;
  }

  PlaneShape shape_;
  PcmInferenceParameters p_;
  RandomKey programming_key_, drift_key_, noise_key_;
  std::array<Cells, 2> cells_;  ///< positive, negative
  std::vector<float> weights_;
  float to_weight_ = 0;       ///< weight of one uS
  float factor_ = 1;          ///< of the outputs, against the drift
  double now_ = 0;            ///< simulated s
  double written_at_ = 0;     ///< simulated s
  double calibrated_ = 0;     ///< time() of the last calibration read
  double reference_ = 0;      ///< sum of magnitudes just after the write
  std::uint64_t writes_ = 0;  ///< so far: they key the random numbers
};

}  // namespace

std::unique_ptr<WeightStore> make_pcm_inference(const StoreSettings& settings) {
  return std::make_unique<PcmInference>(settings);
}

}  // namespace rheo::crossbar
