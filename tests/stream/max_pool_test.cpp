#include "models/stream/max_pool.hpp"

#include <gmock/gmock.h>

#include "tests/stream/streams.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;
using ::testing::Each;

struct Case {
  FrameShape shape;
  std::uint32_t window;
  std::uint32_t lanes;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.shape.height << "x" << c.shape.width << "x" << c.shape.channels << " window " << c.window;
}

class MaxPoolTest : public rheo::testing::SystemCTest, public ::testing::WithParamInterface<Case> {};

TEST_P(MaxPoolTest, ORsWholeWindowsInTheCyclesOfTheFormula) {
  const auto [shape, window, lanes] = GetParam();
  const std::uint32_t out_height = shape.height / window;
  const std::uint32_t out_width = shape.width / window;
  const std::uint64_t out_bits = std::uint64_t{out_height} * out_width * shape.channels;
  SpikeStream in("in", {lanes, lanes, 8, shape.bits()}, 1);
  SpikeStream out("out", {lanes, lanes, 8, out_bits}, 1);
  DmaIn source("source", stage_context(), always_ready(), shape.bits(), in);
  MaxPool unit("unit", stage_context(), shape, window, lanes, in, out);
  Sink sink("sink", out);
  std::mt19937_64 random(5);
  Spikes expected;
  for (int i = 0; i < 5; ++i) {
    const Spikes image = random_spikes(random, shape.bits(), 0.2);
    source.send(packed(image));
    for (std::uint32_t y = 0; y < out_height; ++y) {
      for (std::uint32_t x = 0; x < out_width; ++x) {
        for (std::uint32_t c = 0; c < shape.channels; ++c) {
          std::uint8_t any = 0;
          for (std::uint32_t dy = 0; dy < window; ++dy) {
            for (std::uint32_t dx = 0; dx < window; ++dx) {
              any |= image[(std::size_t{y * window + dy} * shape.width + x * window + dx) * shape.channels + c];
            }
          }
          expected.push_back(any);
        }
      }
    }
  }
  sc_core::sc_start();
  EXPECT_EQ(sink.spikes, expected);
  const Cycle cycles = (Cycle{shape.height} * shape.width + Cycle{out_height} * out_width) * shape.channels / lanes;
  const std::vector<Cycle> distances = intervals(sink.frame_ends());
  ASSERT_EQ(distances.size(), 4U);
  EXPECT_THAT(distances, Each(cycles));
}

INSTANTIATE_TEST_SUITE_P(Shapes, MaxPoolTest,
                         ::testing::Values(Case{{26, 26, 16}, 2, 8}, Case{{9, 9, 32}, 2, 8}, Case{{9, 9, 32}, 2, 32},
                                           Case{{7, 5, 3}, 3, 1}, Case{{4, 4, 70}, 2, 35}, Case{{5, 4, 2}, 1, 2}));

}  // namespace
}  // namespace rheo::stream
