#include "workloads/spiking/event_kernels.hpp"

#include <gtest/gtest.h>

#include "tests/digital/vector_targets.hpp"
#include "workloads/data/word_stream.hpp"

namespace rheo::spiking {
namespace {

constexpr std::size_t ticks = 150;  // two whole blocks of 64 and a rest

/// Values that single precision sums without rounding, in any order.
AlignedValues<float> small_integers(std::size_t count, std::uint64_t seed) {
  WordStream words(seed, StreamPurpose::radio_signal, 0);
  AlignedValues<float> values(count);
  for (float& value : values) value = static_cast<float>(words.below(17)) - 8;
  return values;
}

SpikeTrain random_train(std::size_t values, std::uint64_t seed) {
  SpikeTrain train(ticks, values);
  WordStream words(seed, StreamPurpose::radio_signal, 1);
  for (std::size_t t = 0; t < ticks; ++t) {
    for (std::size_t i = 0; i < values; ++i) {
      if (words.below(3) == 0) train.set(t, i);
    }
  }
  return train;
}

/// A network of one layer.
struct Case {
  std::string name;
  TensorShape input;
  SpikingLayer layer;
};

std::vector<Case> cases() {
  using Kind = SpikingLayer::Kind;
  return {{"many channels and positions", {9, 9, 70}, {"c", Kind::convolution, 3, 1, 24, 1, 0.3, 0}},
          {"channels that fill words", {6, 5, 128}, {"c", Kind::convolution, 3, 0, 16, 1, 0.3, 0}},
          {"few channels", {5, 7, 3}, {"c", Kind::convolution, 2, 1, 5, 1, 0.3, 0}},
          {"linear", {4, 5, 13}, {"l", Kind::linear, 1, 0, 40, 1, 0.3, 0}}};
}

class EventKernels : public ::testing::TestWithParam<Case> {
 protected:
  EventKernels() : weights_(plan_.packed(std::span<const float>(rows_))) {}

  /// Calls visit(input value, neuron as computed, weight as in FloatWeights) for every synapse.
  template <class Visit>
  void for_synapses(Visit&& visit) const {
    const SpikingLayer& layer = GetParam().layer;
    const bool linear = layer.kind == SpikingLayer::Kind::linear;
    const TensorShape in = linear ? TensorShape{1, 1, GetParam().input.values()} : GetParam().input;
    const TensorShape out = network_.neurons_of(0);
    for (std::uint32_t ny = 0; ny < out.height; ++ny) {
      for (std::uint32_t nx = 0; nx < out.width; ++nx) {
        for (std::uint32_t ky = 0; ky < layer.kernel; ++ky) {
          for (std::uint32_t kx = 0; kx < layer.kernel; ++kx) {
            const std::uint32_t y = ny + ky - layer.padding, x = nx + kx - layer.padding;  // below 0: very large
            if (y >= in.height || x >= in.width) continue;
            for (std::uint32_t c = 0; c < in.channels; ++c) {
              for (std::uint32_t o = 0; o < out.channels; ++o) {
                visit((std::size_t{y} * in.width + x) * in.channels + c,
                      (std::size_t{ny} * out.width + nx) * plan_.channels() + o,
                      ((std::size_t{ky} * layer.kernel + kx) * in.channels + c) * out.channels + o);
              }
            }
          }
        }
      }
    }
  }

  SpikingNetwork network_{"one", GetParam().input, ticks, {GetParam().layer}};
  EventPlan plan_{network_, 0};
  SpikeTrain train_ = random_train(plan_.inputs(), 1);
  AlignedValues<float> rows_ = small_integers(network_.weights(), 2);
  AlignedValues<float> weights_;
};

TEST_P(EventKernels, SumTheWeightsOfEverySpike) {
  AlignedValues<float> expected(ticks * plan_.neurons());
  for_synapses([&](std::size_t input, std::size_t neuron, std::size_t weight) {
    for (std::size_t t = 0; t < ticks; ++t) {
      if (train_.test(t, input)) expected[t * plan_.neurons() + neuron] += rows_[weight];
    }
  });
  for (const std::int64_t target : testing::instruction_sets()) {
    const testing::OnInstructionSet chosen(target);
    AlignedValues<float> sums(ticks * plan_.neurons(), 7.0F);
    sum_events(plan_, train_.rows(0, ticks), weights_.data(), sums.data());
    EXPECT_TRUE(sums == expected) << hwy::TargetName(target);
  }
}

TEST_P(EventKernels, TheGradientIsTheSumOfSlopesAtEverySpike) {
  AlignedValues<float> slopes = small_integers(ticks * plan_.neurons(), 3);
  FloatWeights expected{std::vector<float>(rows_.size(), 5.0F)};
  for_synapses([&](std::size_t input, std::size_t neuron, std::size_t weight) {
    for (std::size_t t = 0; t < ticks; ++t) {
      if (train_.test(t, input)) expected[0][weight] += slopes[t * plan_.neurons() + neuron];
    }
  });
  for (const std::int64_t target : testing::instruction_sets()) {
    const testing::OnInstructionSet chosen(target);
    AlignedValues<float> gradient(plan_.weights(), 5.0F);
    add_gradient(plan_, train_.rows(0, ticks), slopes.data(), gradient.data());
    EXPECT_TRUE(plan_.unpacked(std::span<const float>(gradient)) == expected[0]) << hwy::TargetName(target);
  }
}

TEST_P(EventKernels, PullBackTheSlopesOfChosenInputs) {
  AlignedValues<float> slopes = small_integers(ticks * plan_.neurons(), 3);
  // Channels that fill up have no weights, and their slopes must not matter.
  AlignedValues<float> expected(ticks * plan_.inputs());
  for_synapses([&](std::size_t input, std::size_t neuron, std::size_t weight) {
    for (std::size_t t = 0; t < ticks; ++t) {
      expected[t * plan_.inputs() + input] += rows_[weight] * slopes[t * plan_.neurons() + neuron];
    }
  });
  for (std::size_t t = 0; t < ticks; ++t) {
    for (std::size_t i = 0; i < plan_.inputs(); ++i) {
      if (!train_.test(t, i)) expected[t * plan_.inputs() + i] = 0.5F;
    }
  }
  for (const std::int64_t target : testing::instruction_sets()) {
    const testing::OnInstructionSet chosen(target);
    AlignedValues<float> inputs(ticks * plan_.inputs(), 0.5F);
    pull_back(plan_, train_.rows(0, ticks), weights_.data(), slopes.data(), inputs.data());
    EXPECT_TRUE(inputs == expected) << hwy::TargetName(target);
  }
}

TEST_P(EventKernels, TicksOneByOneGiveTheBitsOfAllTogether) {
  AlignedValues<float> slopes(ticks * plan_.neurons());
  WordStream words(4, StreamPurpose::radio_signal, 2);
  for (float& slope : slopes) slope = 1.0F / static_cast<float>(1 + words.below(1000));
  AlignedValues<float> weights = weights_;
  for (float& weight : weights) weight /= 3;
  AlignedValues<float> sums(ticks * plan_.neurons()), gradient(weights.size()), inputs(ticks * plan_.inputs());
  AlignedValues<float> sums_of_one = sums, gradient_of_one = gradient, inputs_of_one = inputs;
  sum_events(plan_, train_.rows(0, ticks), weights.data(), sums.data());
  add_gradient(plan_, train_.rows(0, ticks), slopes.data(), gradient.data());
  pull_back(plan_, train_.rows(0, ticks), weights.data(), slopes.data(), inputs.data());
  for (std::size_t t = ticks; t-- > 0;) {
    const float* slopes_of_one = slopes.data() + t * plan_.neurons();
    sum_events(plan_, train_.rows(t, 1), weights.data(), sums_of_one.data() + t * plan_.neurons());
    add_gradient(plan_, train_.rows(t, 1), slopes_of_one, gradient_of_one.data());
    pull_back(plan_, train_.rows(t, 1), weights.data(), slopes_of_one, inputs_of_one.data() + t * plan_.inputs());
  }
  EXPECT_TRUE(sums == sums_of_one);
  EXPECT_TRUE(gradient == gradient_of_one);
  EXPECT_TRUE(inputs == inputs_of_one);
}

INSTANTIATE_TEST_SUITE_P(Layers, EventKernels, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

}  // namespace
}  // namespace rheo::spiking
