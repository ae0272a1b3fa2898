#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/core/scope.hpp"
#include "models/crossbar/blocks.hpp"
#include "models/crossbar/conductance.hpp"
#include "models/crossbar/converter_errors.hpp"
#include "models/crossbar/general_read.hpp"
#include "models/crossbar/read_kernel.hpp"
#include "models/crossbar/read_parameters.hpp"

namespace rheo::crossbar {

enum class Direction : std::uint8_t { forward, backward };

/// The matrix of a direction, without its values.
struct PathShape {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  float full_scale = 1;  ///< weight of full-scale conductance
};

/// One direction of reads: its parameters, the static errors of its converters, its random numbers. What the fast
/// kernel knows (rounding to nearest, output noise, division by the largest magnitude, halving) goes through
/// analog_read(); everything else through general_read(), which gives the same bits where both can be used.
class ReadPath {
 public:
  /// Static errors are drawn from (seed, stream); both directions share the converters and so the variates. Throws
  /// std::invalid_argument for parameters that check() refuses.
  ReadPath(Direction direction, const ReadParameters& parameters, const SlicingParameters& slicing,
           const ConductanceParameters& conductance, const PathShape& shape, std::uint64_t seed, std::uint32_t stream);

  /// Whether the fast kernel does.
  [[nodiscard]] bool is_basic() const noexcept { return basic_; }

  /// To be called before the next read when weights have changed. `matrix` is the direction's own (transposed for
  /// backward) and is not kept.
  void prepare(const PackedMatrix& matrix);

  /// Reads the vectors of the range, outputs times a digital factor; `conductance` per input: the sum over its cells,
  /// in full-scale cells, of weights that are not sliced. May be called from several threads.
  [[nodiscard]] ReadCounts read(const PackedMatrix& matrix, const float* conductance, const InputBlock& in,
                                const VectorRange& range, Mode mode, const OutputBlock& out,
                                float output_scale = 1) const;

  /// The static errors, if there are any.
  [[nodiscard]] const ConverterErrors* errors() const noexcept { return errors_ ? &*errors_ : nullptr; }
  /// What general_read() is called with, and analog_read() where it is; see there for `conductance`.
  [[nodiscard]] GeneralReadSettings general_settings(const float* conductance) const;
  [[nodiscard]] ReadSettings basic_settings(const std::uint32_t* conductance) const;

 private:
  void find_wire_losses(const PackedMatrix& matrix, const float* cells);

  Direction direction_;
  ReadParameters parameters_;
  SlicingParameters slicing_;
  ConductanceParameters conductance_parameters_;
  PathShape shape_;
  BoundManagement bound_;
  bool basic_;
  RandomKey training_key_, evaluation_key_;
  std::optional<ConverterErrors> errors_;
  std::vector<float> cells_;                           ///< of all slices
  std::vector<float> conductance_;                     ///< of the inputs' lines, of all slices
  std::vector<float> feeding_loss_, collecting_loss_;  ///< see GeneralReadSettings
};

}  // namespace rheo::crossbar
