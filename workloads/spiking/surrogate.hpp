#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "models/core/parameters.hpp"

namespace rheo::spiking {

/// What stands for the derivative of a spike by the membrane in training: a window of unit area about the threshold.
/// Source: Wu et al., "Spatio-temporal backpropagation for training high-performance spiking neural networks", Front.
/// Neurosci. 12:331, 2018, equations 24 and 27 (the rectangle and the Gaussian).
struct Surrogate {
  enum class Kind : std::uint8_t { rectangle, gaussian };
  static constexpr std::array<std::string_view, 2> names{"rectangle", "gaussian"};

  Kind kind = Kind::rectangle;
  double width = 0.5;  ///< of the rectangle; the Gaussian's standard deviation

  void describe(Parameters& p) {
    p.choice("kind", kind, names, "window that stands for a spike's derivative by the membrane");
    p.number("width", width, {1e-3, 100}, "of the rectangle; the Gaussian's standard deviation; its area is 1");
  }
};

}  // namespace rheo::spiking
