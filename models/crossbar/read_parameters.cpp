#include "models/crossbar/read_parameters.hpp"

namespace rheo::crossbar {

std::optional<ReadFault> check(const ReadParameters& parameters, BoundManagement bound,
                               const SlicingParameters& slicing, const std::string& prefix) {
  const DacParameters& dac = parameters.dac;
  const bool serial = dac.scheme == DacScheme::bit_serial;
  if (serial && dac.phase_bits >= dac.bits) {
    return ReadFault{prefix + "dac.phase_bits", "a phase of " + std::to_string(dac.phase_bits) +
                                                    " bits; expected at most the " + std::to_string(dac.bits - 1) +
                                                    " bits of the magnitude that dac.bits leaves beside the sign"};
  }
  if (serial && !dac.quantise) {
    return ReadFault{prefix + "dac.quantise", "inputs without codes have no bits; expected true with bit_serial"};
  }
  if (slicing.on() && slicing.slices * slicing.bits_per_cell > 16) {
    return ReadFault{"slicing.slices",
                     "weights of " + std::to_string(slicing.slices * slicing.bits_per_cell) +
                         " bits; expected at most 16 bits in all cells of a weight, slices x bits_per_cell"};
  }
  if (slicing.on() && parameters.read.perfect) {
    return ReadFault{prefix + "read.perfect", "sliced weights are put together behind converters; expected false"};
  }
  if (bound == BoundManagement::shift && (dac.converted_phases() > 1 || slicing.pairs() > 1)) {
    return ReadFault{prefix.empty() ? "management.forward_bound" : "management.backward_bound",
                     "outputs that are put together from several conversions cannot be shifted; expected another bound "
                     "management, or one conversion an output"};
  }
  return std::nullopt;
}

}  // namespace rheo::crossbar
