#include "models/stream/sliding_window.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/stream/streams.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;
using ::testing::Each;

using SlidingWindowTest = rheo::testing::SystemCTest;

struct Case {
  PatchGeometry geometry;
  std::uint32_t simd;
};

void PrintTo(const Case& c, std::ostream* out) {
  const PatchGeometry& g = c.geometry;
  *out << g.height << "x" << g.width << "x" << g.channels << " kernel " << g.kernel_height << "x" << g.kernel_width
       << " stride " << g.stride << " padding " << g.padding << " simd " << c.simd;
}

struct Bench {
  explicit Bench(const Case& c, std::uint64_t depth = 8)
      : in("in", {c.simd, c.simd, depth, c.geometry.image_values()}, 1),
        out("out", {c.simd, c.simd, depth, c.geometry.positions() * c.geometry.elements()}, 1),
        source("source", stage_context(), always_ready(), c.geometry.image_values(), in),
        unit("unit", stage_context(), c.geometry, c.simd, in, out),
        sink("sink", out) {}
  SpikeStream in, out;
  DmaIn source;
  SlidingWindow unit;
  Sink sink;
};

class SlidingWindowFoldings : public SlidingWindowTest, public ::testing::WithParamInterface<Case> {};

/// The patches by the definition of a convolution.
Spikes patches(const PatchGeometry& g, const Spikes& image) {
  Spikes out;
  for (std::uint32_t y = 0; y < g.out_height(); ++y) {
    for (std::uint32_t x = 0; x < g.out_width(); ++x) {
      for (std::uint32_t ky = 0; ky < g.kernel_height; ++ky) {
        for (std::uint32_t kx = 0; kx < g.kernel_width; ++kx) {
          for (std::uint32_t c = 0; c < g.channels; ++c) {
            const std::int64_t row = std::int64_t{y} * g.stride + ky - g.padding;
            const std::int64_t column = std::int64_t{x} * g.stride + kx - g.padding;
            const bool inside = row >= 0 && row < g.height && column >= 0 && column < g.width;
            out.push_back(
                inside
                    ? image[(static_cast<std::size_t>(row) * g.width + static_cast<std::size_t>(column)) * g.channels +
                            c]
                    : std::uint8_t{0});
          }
        }
      }
    }
  }
  return out;
}

TEST_P(SlidingWindowFoldings, PatchesAreThoseOfTheConvolution) {
  const Case& c = GetParam();
  Bench bench(c);
  std::mt19937_64 random(5);
  Spikes expected;
  for (int i = 0; i < 3; ++i) {
    const Spikes image = random_spikes(random, c.geometry.image_values(), 0.3);
    const Spikes all = patches(c.geometry, image);
    expected.insert(expected.end(), all.begin(), all.end());
    bench.source.send(packed(image));
  }
  sc_core::sc_start();
  EXPECT_EQ(bench.sink.spikes, expected);
}

TEST_P(SlidingWindowFoldings, AFrameTakesTheCyclesOfTheFinnFormula) {
  const Case& c = GetParam();
  const PatchGeometry& g = c.geometry;
  Bench bench(c);
  std::mt19937_64 random(5);
  for (int i = 0; i < 6; ++i) bench.source.send(packed(random_spikes(random, g.image_values(), 0.3)));
  sc_core::sc_start();
  const std::uint64_t ifm_width = g.width + 2 * g.padding;
  const std::uint64_t expected =
      ifm_width * g.kernel_height * g.channels / c.simd +
      g.out_height() *
          std::max<std::uint64_t>(std::uint64_t{g.out_width()} * g.kernel_height * g.kernel_width * g.channels / c.simd,
                                  g.stride * ifm_width * g.channels / c.simd);
  const std::vector<Cycle> distances = intervals(bench.sink.frame_ends());
  ASSERT_EQ(distances.size(), 5U);
  EXPECT_THAT(distances, Each(expected));
}

INSTANTIATE_TEST_SUITE_P(Geometries, SlidingWindowFoldings,
                         ::testing::Values(Case{{16, 16, 1, 5, 5, 1, 2}, 1},   // rf1 conv1
                                           Case{{16, 16, 16, 5, 5, 1, 0}, 1},  // rf1 conv2
                                           Case{{16, 16, 16, 5, 5, 1, 0}, 4}, Case{{16, 16, 16, 5, 5, 1, 0}, 16},
                                           Case{{13, 13, 16, 7, 7, 1, 2}, 4},  // cv conv2
                                           Case{{11, 11, 24, 7, 7, 1, 2}, 8},  // cv conv3
                                           Case{{9, 7, 6, 2, 3, 1, 0}, 3},     // not square
                                           Case{{12, 12, 4, 4, 4, 2, 0}, 2},   // stride
                                           Case{{8, 8, 2, 2, 2, 2, 0}, 1},
                                           Case{{6, 9, 8, 1, 1, 1, 0}, 2}));  // reading is what takes long

TEST(LineMemory, HoldsTheRowsThatTheUnitWorksOn) {
  // Kernel 3, stride 2: the unit works on 5 rows of 9 pixels; two groups and one more of two rows are 6.
  EXPECT_EQ(line_memory({9, 9, 1, 3, 3, 2, 0}, 1).bits(), 6U * 9);
  EXPECT_EQ(line_memory({9, 9, 1, 3, 3, 1, 0}, 1).bits(), 4U * 9);
  EXPECT_EQ(line_memory({9, 9, 1, 4, 4, 2, 0}, 1).bits(), 6U * 9);
}

TEST_F(SlidingWindowTest, WhatDoesNotDivideIsRefused) {
  EXPECT_THROW(Bench bench(Case{{8, 8, 6, 3, 3, 1, 0}, 4}), InputError);
}

}  // namespace
}  // namespace rheo::stream
