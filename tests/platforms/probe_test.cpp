// The probe of the chip: the gradient of the images against slopes of the loss, activations and assignments.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/platforms/chip_fixture.hpp"

namespace rheo::testing {
namespace {

using Words = std::vector<std::string>;

struct Probed {
  explicit Probed(const Words& words, ProgramSet programs = ProgramSet::probe)
      : configuration(small_configuration(words)) {
    new_simulation();
    run = std::make_unique<TrainingRun>(configuration, programs);
    run->elaborate(1, nullptr);
    run->chip().program_initial_state();
    const ImageSet& set = run->data().test;
    image = set.height * set.width * set.channels;
    pixels.assign(set.pixels.begin(), set.pixels.begin() + static_cast<std::ptrdiff_t>(images * image));
    labels.assign(set.labels.begin(), set.labels.begin() + images);
  }
  [[nodiscard]] Batch batch() const { return {pixels, labels, 0}; }
  [[nodiscard]] AnalogChip& chip() const { return run->chip(); }

  static constexpr std::size_t images = 3;
  RunConfiguration configuration;
  std::unique_ptr<TrainingRun> run;
  std::size_t image = 0;
  std::vector<std::uint8_t> pixels, labels;
};

class ImageGradient : public ::testing::TestWithParam<Words> {};

TEST_P(ImageGradient, IsTheSlopeOfTheLossByEachPixel) {
  Words words{"device.preset=ideal", "workload.batch_size=3"};
  words.insert(words.end(), GetParam().begin(), GetParam().end());
  Probed p(words);
  const std::vector<float> gradient = p.chip().probe(p.batch()).image_gradient;
  ASSERT_EQ(gradient.size(), Probed::images * p.image);
  const double grey_level = 1 / (255 * p.run->data().pixel_deviation);
  // The pixels with the largest gradients of each image, both ways by a few grey levels: beside kinks of ReLU and
  // maximum that is the slope.
  constexpr int step = 2;
  std::vector<std::size_t> order(p.image);
  std::iota(order.begin(), order.end(), std::size_t{0});
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < Probed::images; ++i) {
    const std::span<const float> of_image(gradient.data() + i * p.image, p.image);
    std::ranges::sort(order, [&](auto a, auto b) { return std::abs(of_image[a]) > std::abs(of_image[b]); });
    int tried = 0;
    for (const std::size_t pixel : order) {
      const std::uint8_t value = p.pixels[i * p.image + pixel];
      if (value < step || value > 255 - step) continue;
      if (tried++ == 12) break;
      const auto loss_at = [&](int v) {
        p.pixels[i * p.image + pixel] = static_cast<std::uint8_t>(v);
        return static_cast<double>(p.chip().evaluate(p.batch()).losses[i]);
      };
      const double slope = (loss_at(value + step) - loss_at(value - step)) / (2 * step * grey_level);
      p.pixels[i * p.image + pixel] = value;
      // The loss that the chip takes the gradient of is the mean over the batch.
      const double expected = static_cast<double>(of_image[pixel]) * Probed::images;
      error += (slope - expected) * (slope - expected);
      size += slope * slope;
    }
    ASSERT_GT(tried, 8);
  }
  EXPECT_LT(std::sqrt(error / size), 0.05);
}

INSTANTIATE_TEST_SUITE_P(Assignments, ImageGradient,
                         ::testing::Values(Words{}, Words{"tile.rows=32", "tile.columns=5"},
                                           Words{"rapa.conv1.scheme=random_fixed", "rapa.conv1.tiles=5",
                                                 "rapa.conv2.scheme=random_fixed", "rapa.conv2.tiles=3"},
                                           Words{"rapa.conv1.scheme=perforated", "rapa.conv1.tiles=4"},
                                           Words{"workload.network=cifar10_full", "rapa.conv1.scheme=image_pad",
                                                 "rapa.conv1.tiles=4", "buffer.capacity=16 MiB"}),
                         [](const auto& test) { return "case" + std::to_string(test.index); });

TEST(Probe, LeavesActivationsAndTheAssignmentsThatWereDrawn) {
  Probed p({"device.preset=ideal", "rapa.same_start=true", "rapa.conv1.scheme=random", "rapa.conv1.tiles=5"});
  const AnalogChip::Probe tiled = p.chip().probe(p.batch());
  const std::uint32_t positions = p.run->mapping().layers[0].assignment.positions;
  ASSERT_EQ(tiled.assignments[0].size(), Probed::images * positions);
  EXPECT_TRUE(tiled.assignments[1].empty());
  std::vector<std::vector<std::uint16_t>> tables;
  for (std::size_t i = 0; i < Probed::images; ++i) {
    const auto begin = tiled.assignments[0].begin() + static_cast<std::ptrdiff_t>(i * positions);
    tables.emplace_back(begin, begin + positions);
    std::vector<std::uint16_t> sorted = tables.back();
    std::ranges::sort(sorted);
    for (std::uint32_t at = 0; at < positions; ++at) EXPECT_EQ(sorted[at], at);
  }
  EXPECT_NE(tables[0], tables[1]);

  // Identical replicas: what a single matrix computes. The last activation is the input of the linear layer.
  const std::vector<std::vector<float>> activations = tiled.activations;
  Probed plain({"device.preset=ideal"});
  const AnalogChip::Probe single = plain.chip().probe(plain.batch());
  EXPECT_EQ(activations, single.activations);
  EXPECT_EQ(p.run->mapping().probed[1].name, "conv1");
  EXPECT_TRUE(single.assignments[0].empty());
}

TEST(Probe, WhatAnEvaluationSeesDependsOnNoOtherProgram) {
  const auto evaluated = [](ProgramSet programs) {
    Probed p({"rapa.conv1.scheme=random", "rapa.conv1.tiles=5"}, programs);
    if (programs == ProgramSet::probe) p.chip().probe(p.batch());
    return p.chip().evaluate(p.batch()).losses;
  };
  const auto expected = evaluated(ProgramSet::training);
  EXPECT_EQ(evaluated(ProgramSet::evaluation), expected);
  EXPECT_EQ(evaluated(ProgramSet::probe), expected);
}

TEST(Probe, AProgramThatTheMappingLacksIsNotRun) {
  Probed evaluation({}, ProgramSet::evaluation);
  EXPECT_THROW(evaluation.chip().probe(evaluation.batch()), std::logic_error);
  EXPECT_THROW(evaluation.chip().train_step(evaluation.batch(), {}), std::logic_error);
}

}  // namespace
}  // namespace rheo::testing
