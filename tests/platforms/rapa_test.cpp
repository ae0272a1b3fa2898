// RAPA-ConvNets on the chip: replicas of a convolution's matrix on tiles of their own, positions by table.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "models/core/error.hpp"
#include "tests/platforms/chip_fixture.hpp"
#include "workloads/network/zoo.hpp"
#include "workloads/rapa/vote.hpp"

namespace rheo::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words tiled(const std::string& scheme, int first, int second, int third = 1) {
  const auto layer = [&](int number, int tiles) -> Words {
    if (tiles == 1) return {};
    const std::string key = "rapa.conv" + std::to_string(number);
    return {key + ".scheme=" + scheme, key + ".tiles=" + std::to_string(tiles)};
  };
  return layer(1, first) + layer(2, second) + layer(3, third);
}

/// cifar10_full on 28 x 28 images of the built-in generator: planes of 28, 14 and 7.
RunConfiguration cifar(const Words& words) {
  return small_configuration(Words{"workload.network=cifar10_full", "workload.train_samples=20",
                                   "workload.test_samples=6", "workload.batch_size=10", "schedule.lr=0.05",
                                   "tile.rows=1024", "buffer.capacity=16 MiB", "controller.program_memory=1 MiB"} +
                             words);
}

const Words ideal{"device.preset=ideal", "rapa.same_start=true"};

// ---- What lies where ----

Mapping mapping_of(const Words& words, TensorShape images = {32, 32, 3}) {
  const RunConfiguration c = cifar(words);
  MappingRequest request;
  request.batch_size = 10;
  request.tiling = c.rapa;
  return map_network(build_network(c.workload.network, images, 10), c.chip, request);
}

std::uint64_t convolution_weights(const Mapping& mapping) {
  std::uint64_t sum = 0;
  for (const MatrixLayer& layer : mapping.layers) {
    if (layer.convolution) sum += layer.parameters();
  }
  return sum;
}

TEST(Rapa, TheReplicasHaveTheWeightsThatThePaperCounts) {
  EXPECT_EQ(convolution_weights(mapping_of({})), 79'328U);
  const Mapping mapping = mapping_of(tiled("random", 16, 4));
  EXPECT_EQ(convolution_weights(mapping), 192'704U);
  EXPECT_EQ(mapping.tiles(), 16U + 4 + 1 + 1);
  EXPECT_EQ(mapping.parameters(), 192'704U + 1025 * 10);  // with the linear layer's
  std::set<std::uint16_t> units;
  for (const MatrixLayer& layer : mapping.layers) {
    for (const TilePlacement& tile : layer.tiles) units.insert(tile.unit);
  }
  EXPECT_EQ(units.size(), mapping.tiles()) << "a tile of its own for each";
  EXPECT_EQ(convolution_weights(mapping_of(tiled("perforated", 16, 4))), 79'328U);
}

TEST(Rapa, WhatTheLayerCannotShareOutIsAnErrorThatNamesTheKey) {
  const auto refusal = [](const Words& words) -> std::string {
    try {
      static_cast<void>(mapping_of(words));
    } catch (const InputError& error) {
      return error.what();
    }
    return "not refused";
  };
  EXPECT_THAT(refusal(tiled("alternate", 8, 1)), AllOf(HasSubstr("rapa.conv1.tiles: 8"), HasSubstr("1, 4, 16, 64")));
  EXPECT_THAT(refusal(tiled("random", 1, 257)), HasSubstr("rapa.conv2.tiles"));
  EXPECT_THAT(refusal({"workload.network=perceptron", "rapa.conv1.scheme=random", "rapa.conv1.tiles=2"}),
              HasSubstr("rapa.conv1.scheme: the network has 0 convolutions"));
  EXPECT_EQ(refusal(tiled("random", 17, 3, 2)), "not refused");
}

TEST(Rapa, ABufferThatDoesNotHoldThePatchesIsRefused) {
  const RunConfiguration small = cifar(tiled("random", 16, 4) + Words{"buffer.capacity=1 MiB"});
  EXPECT_THROW(TrainingRun run(small), InputError);
}

// ---- Identical replicas are the plain convolution ----

struct FirstStep {
  std::vector<float> evaluated, trained;              ///< losses before and in the first step
  std::map<std::string, std::vector<double>> change;  ///< of each layer's matrix, summed over its replicas
};

FirstStep first_step(const Words& words) {
  new_simulation();
  const RunConfiguration configuration = cifar(words);
  TrainingRun run(configuration);
  run.elaborate(1, nullptr);
  AnalogChip& chip = run.chip();
  chip.program_initial_state();
  const ImageSet& set = run.data().train;
  const std::span<const std::uint8_t> pixels(set.pixels);
  const Batch batch{pixels.first(10 * 28 * 28), std::span(set.labels).first(10), 0};
  const auto weights = [&] {
    std::map<std::string, std::vector<double>> sums;
    std::size_t tile = 0;
    for (const MatrixLayer& layer : chip.mapping().layers) {
      auto& sum = sums[layer.name];
      sum.resize(std::size_t{layer.inputs} * layer.outputs);
      for (std::size_t i = 0; i < layer.tiles.size(); ++i) {
        const auto own = chip.tile(tile++).array().weights();
        for (std::size_t k = 0; k < own.size(); ++k) sum[k] += static_cast<double>(own[k]);
      }
    }
    return sums;
  };
  FirstStep step;
  step.evaluated = chip.evaluate(batch).losses;
  const auto before = weights();
  step.trained = chip.train_step(batch, {0.1, 0, 0}).losses;
  step.change = weights();
  for (auto& [name, values] : step.change) {
    for (std::size_t k = 0; k < values.size(); ++k) values[k] -= before.at(name)[k];
  }
  return step;
}

class IdenticalReplicas : public ::testing::TestWithParam<const char*> {};

TEST_P(IdenticalReplicas, GiveTheBitsOfThePlainConvolutionForwardAndItsGradientsInSum) {
  const FirstStep plain = first_step(ideal);
  const FirstStep replicated = first_step(ideal + tiled(GetParam(), 16, 4));
  EXPECT_EQ(replicated.evaluated, plain.evaluated);
  EXPECT_EQ(replicated.trained, plain.trained);
  // The layers without replicas see the same errors, bit by bit; the others share the gradient out.
  EXPECT_EQ(replicated.change.at("fc1"), plain.change.at("fc1"));
  EXPECT_EQ(replicated.change.at("conv3"), plain.change.at("conv3"));
  for (const char* layer : {"conv1", "conv2"}) {
    double difference = 0, size = 0;
    for (std::size_t k = 0; k < plain.change.at(layer).size(); ++k) {
      difference = std::max(difference, std::abs(replicated.change.at(layer)[k] - plain.change.at(layer)[k]));
      size = std::max(size, std::abs(plain.change.at(layer)[k]));
    }
    ASSERT_GT(size, 1e-6);
    EXPECT_LT(difference, 1e-5 * size + 1e-6) << layer << ": float weights round each replica's share";
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, IdenticalReplicas,
                         ::testing::Values("image_overlap", "alternate", "random_fixed", "random"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Rapa, PaddedRegionsAndPerforationAreNotThePlainConvolution) {
  const FirstStep plain = first_step(ideal);
  const FirstStep padded = first_step(ideal + tiled("image_pad", 16, 4));
  EXPECT_NE(padded.evaluated, plain.evaluated);
  const FirstStep perforated = first_step(ideal + tiled("perforated", 16, 4));
  EXPECT_EQ(perforated.evaluated, plain.evaluated) << "all patches are used in tests";
  EXPECT_NE(perforated.trained, plain.trained);
}

TEST(Rapa, ReplicasBeginApartUnlessTheyAreToldNotTo) {
  const auto weights = [](const char* same) {
    new_simulation();
    TrainingRun run(cifar(tiled("random", 2, 1) + Words{"device.preset=ideal", same}));
    run.elaborate(1, nullptr);
    run.chip().program_initial_state();
    return std::pair{run.chip().tile(0).array().weights(), run.chip().tile(1).array().weights()};
  };
  const auto apart = weights("rapa.same_start=false");
  EXPECT_NE(apart.first, apart.second);
  const auto alike = weights("rapa.same_start=true");
  EXPECT_EQ(alike.first, alike.second);
}

// ---- What the host reads back, votes and reduces ----

/// A chip of cifar10_full on the generator's 28 x 28 images.
struct Chip {
  explicit Chip(const Words& words) : run((new_simulation(), cifar(words))) { run.elaborate(1, nullptr); }
  TrainingRun run;

  [[nodiscard]] BatchResults evaluate(std::vector<std::uint8_t> labels, std::uint64_t first_sample = 0) {
    return run.chip().evaluate(
        {std::span(run.data().test.pixels).first(labels.size() * 28 * 28), labels, first_sample});
  }
};

TEST(Rapa, TheHostReadsBackTheWeightsThatItProgrammed) {
  Chip chip(tiled("random", 4, 2) + Words{"device.preset=ideal", "tile.rows=300", "tile.columns=20"});
  const auto first = chip.run.chip().initial_values();
  ASSERT_EQ(first.layers.size(), 4U);
  EXPECT_EQ(first.layers[0].size(), 4U);
  EXPECT_NE(first.layers[0][0], first.layers[0][1]);
  chip.run.chip().program(first);
  EXPECT_EQ(chip.run.chip().values().layers, first.layers) << "through tiles that hold parts of the matrices";
  auto other = first;
  other.layers[1].pop_back();
  EXPECT_THROW(chip.run.chip().program(other), std::invalid_argument);
}

TEST(Rapa, AnUnlabelledImageTellsTheUncertaintyOfItsPrediction) {
  Chip chip({"device.preset=ideal"});
  chip.run.chip().program_initial_state();
  const auto unlabelled = chip.evaluate({255, 255, 255, 255});
  EXPECT_EQ(chip.evaluate(unlabelled.predictions).losses, unlabelled.losses);
}

TEST(Rapa, OnlyRandomTilingPredictsAnewWithEveryDraw) {
  const auto differ = [](const char* scheme) {
    Chip chip(tiled(scheme, 16, 4) + Words{"device.preset=ideal"});
    chip.run.chip().program_initial_state();
    const auto here = chip.evaluate({255, 255, 255, 255});
    EXPECT_EQ(chip.evaluate({255, 255, 255, 255}).losses, here.losses) << "the same draw again";
    return chip.evaluate({255, 255, 255, 255}, 1ULL << 40).losses != here.losses;
  };
  EXPECT_TRUE(differ("random"));
  EXPECT_FALSE(differ("random_fixed"));
  EXPECT_FALSE(differ("alternate"));
}

TEST(Rapa, AVoteTakesTheTimeOfItsPasses) {
  // In order, so that the time of a batch does not depend on how many images overlap.
  Chip chip(tiled("random", 4, 1) +
            Words{"device.preset=ideal", "mapping.images_per_block=1", "controller.issue=in_order"});
  chip.run.chip().program_initial_state();
  const std::span pixels = std::span(chip.run.data().test.pixels).first(4 * 28 * 28);
  const auto ticks = [&](const rapa::VoteParameters& parameters) {
    const std::uint64_t before = chip.run.chip().time(Mode::evaluation);
    const auto result = rapa::vote(chip.run.chip(), pixels, 28 * 28, parameters);
    return std::pair{static_cast<double>(chip.run.chip().time(Mode::evaluation) - before), result};
  };
  const auto [once, single] = ticks({1, 1, false});
  const auto [thrice, voted] = ticks({3, 1, false});
  const auto [decided, early] = ticks({3, 1, true});
  EXPECT_NEAR(thrice / once, 3, 0.05);
  EXPECT_EQ(early.first, single.classes);
  EXPECT_EQ(voted.passes(), 12U);
  EXPECT_LT(early.passes(), voted.passes()) << "no image was certain: another seed";
  EXPECT_NEAR(decided / thrice, static_cast<double>(early.passes()) / static_cast<double>(voted.passes()), 0.05);
}

TEST(Rapa, IdenticalReplicasReduceToTheOriginalNetwork) {
  Chip tiled_chip(ideal + tiled("random", 4, 2));
  tiled_chip.run.chip().program_initial_state();
  const auto whole = tiled_chip.evaluate({255, 255, 255, 255});
  auto values = tiled_chip.run.chip().values();
  EXPECT_NEAR(rapa::filter_similarity(values.layers[0]), 1, 1e-9);
  for (std::size_t l = 0; l < values.layers.size(); ++l) {
    values.layers[l] = {
        rapa::reduce(values.layers[l], rapa::Reduction::random_filters, 1, static_cast<std::uint32_t>(l))};
  }
  Chip plain(ideal);
  plain.run.chip().program(values);
  EXPECT_EQ(plain.evaluate({255, 255, 255, 255}).losses, whole.losses);
}

// ---- Bits ----

class RapaBits : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(RapaBits, DoNotDependOnThreadsBlocksGranularityOrOrderOfTheTiles) {
  const Words words = tiled(GetParam().second, 16, 4) + Words{std::string("device.preset=") + GetParam().first};
  const Outcome whole = run_whole(cifar(words));
  const std::vector<Outcome> others{
      run_whole(cifar(words), 2),
      run_whole(cifar(words + Words{"controller.block_vectors=9"})),
      run_whole(cifar(words + Words{"granularity=burst"})),
      run_whole(cifar(words + Words{"mapping.images_per_block=1"})),
      run_whole(cifar(words + Words{"controller.scoreboard_entries=1"})),  // one tile after the other
      run_whole(cifar(words + Words{"controller.scoreboard_entries=512", "controller.issue=in_order"}))};
  for (const Outcome& other : others) {
    EXPECT_EQ(whole.curve, other.curve);
    EXPECT_EQ(whole.weights, other.weights);
  }
  EXPECT_EQ(whole.report.dump(), others[0].report.dump());
  EXPECT_GT(others[4].ticks, whole.ticks) << "in parallel it is faster";
}

INSTANTIATE_TEST_SUITE_P(DevicesAndSchemes, RapaBits,
                         ::testing::Values(std::pair{"ideal", "random"}, std::pair{"gokmen_vlasov", "random"},
                                           std::pair{"gokmen_vlasov", "image_pad"}, std::pair{"ideal", "perforated"}));

TEST(Rapa, NarrowFormatsAndSplitMatricesWork) {
  const Words words = tiled("random", 4, 4) + Words{"tile.rows=40", "tile.columns=20", "numbers.activations=fp16",
                                                    "numbers.gradients=bf16", "workload.train_samples=10"};
  const Outcome whole = run_whole(cifar(words));
  const Outcome blocked = run_whole(cifar(words + Words{"controller.block_vectors=11"}));
  EXPECT_EQ(whole.curve, blocked.curve);
  EXPECT_EQ(whole.weights, blocked.weights);
}

TEST(Rapa, AnotherReshufflingGivesOtherBitsAndLessWork) {
  const Outcome every = run_whole(cifar(tiled("random", 16, 4)));
  const Outcome tenth = run_whole(cifar(tiled("random", 16, 4) + Words{"rapa.reshuffle_every=10"}));
  EXPECT_NE(every.curve, tenth.curve);
  const auto bits = [](const Outcome& run) {
    return run.report.at("evaluation").at("actions").at("random.bit").get<double>();
  };
  EXPECT_NEAR(bits(every) / bits(tenth), 6, 0.01) << "6 test images: 6 draws, or 1";
}

// ---- Array operations and time ----

/// Vectors that the busiest tile of each convolution reads for an image.
std::vector<std::uint64_t> operations(const Words& words, Phase phase) {
  new_simulation();
  const RunConfiguration configuration = cifar(words);
  MappingRequest request;
  request.batch_size = 2;
  request.tiling = configuration.rapa;
  const Mapping mapping = map_network(build_network("cifar10_full", {32, 32, 3}, 10), configuration.chip, request);
  AnalogChip chip("chip", configuration.chip, mapping, {1, 1, nullptr});
  chip.program_initial_state();
  std::vector<std::uint8_t> pixels(2 * 3072), labels{3, 4};
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 2654435761U >> 17);
  chip.train_step({pixels, labels, 0}, {0.01, 0, 0});
  std::vector<std::uint64_t> most;
  std::size_t tile = 0;
  for (std::size_t l = 0; l < 3; ++l) {
    most.push_back(0);
    const MatrixLayer& layer = mapping.layers[l];
    for (std::size_t i = 0; i < layer.tiles.size(); ++i, ++tile) {
      const ActionCounts& actions = chip.tile(tile).actions();
      for (std::size_t kind = 0; kind < actions.kinds().size(); ++kind) {
        if (actions.kinds()[kind].name != "tile_digital.search") continue;
        const std::uint64_t lines = phase == Phase::forward    ? layer.inputs
                                    : phase == Phase::backward ? layer.outputs
                                                               : layer.inputs + layer.outputs;
        const auto values = actions.count(kind, {Mode::training, phase, static_cast<LayerIndex>(l + 1)});
        most.back() = std::max(most.back(), values / lines / 2);
      }
    }
  }
  return most;
}

TEST(Rapa, ArrayOperationsFallBy16And64PipelinedAndBy7And28OneLayerAfterTheOther) {
  for (const Phase phase : {Phase::forward, Phase::update}) {
    const auto plain = operations({}, phase);
    const auto sixteen = operations(tiled("random", 16, 4), phase);
    const auto sixty_four = operations(tiled("random", 64, 16, 4), phase);
    EXPECT_EQ(plain, (std::vector<std::uint64_t>{1024, 256, 64}));
    EXPECT_EQ(sixteen, (std::vector<std::uint64_t>{64, 64, 64}));
    EXPECT_EQ(sixty_four, (std::vector<std::uint64_t>{16, 16, 16}));
  }
  // The first layer has no backward pass.
  EXPECT_EQ(operations(tiled("random", 16, 4), Phase::backward), (std::vector<std::uint64_t>{0, 64, 64}));
}

/// Everything digital a thousand times faster: the time that is left is the arrays'. Burst by burst, as a memory that
/// is booked command by command lets the reads of a tile wait behind the later writes of another.
const Words fast{"granularity=burst",
                 "clock_hz=1e12",
                 "buffer.banks=4096",
                 "bus.channels=64",
                 "bus.width_bytes=4096",
                 "host.bandwidth=100 TB/s",
                 "host.latency=0 s",
                 "dma.round_trip=0 s",
                 "adc.rate=100 GHz",
                 "adc.shared_by=1",
                 "vector_unit.lanes=65536",
                 "controller.scoreboard_entries=1024",
                 "tile.search_lanes=65536",
                 "tile.rescale_lanes=65536",
                 "management.forward_bound=none"};

/// Seconds an image that the busiest tile of each convolution is busy in a training step. Trains of equal length, and
/// average pooling, as a maximum leaves vectors without errors, which take no train.
std::vector<double> array_seconds(const Words& words, Phase phase) {
  new_simulation();
  const RunConfiguration configuration =
      cifar(fast + Words{"workload.pooling=average", "tile.length_management=false", "management.backward_bound=none"} +
            words);
  MappingRequest request;
  request.batch_size = 2;
  request.tiling = configuration.rapa;
  const Mapping mapping =
      map_network(build_network("cifar10_full", {32, 32, 3}, 10, PoolKind::average), configuration.chip, request);
  AnalogChip chip("chip", configuration.chip, mapping, {1, 1, nullptr});
  chip.program_initial_state();
  std::vector<std::uint8_t> pixels(2 * 3072), labels{3, 4};
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 2654435761U >> 17);
  // Programming the tiles counts as update too: it is no image's.
  for (std::size_t tile = 0; tile < mapping.tiles(); ++tile) chip.tile(tile).busy().restore({});
  chip.train_step({pixels, labels, 0}, {0.01, 0, 0});
  std::vector<double> longest;
  std::size_t tile = 0;
  for (std::size_t l = 0; l < 3; ++l) {
    std::uint64_t ticks = 0;
    for (std::size_t i = 0; i < mapping.layers[l].tiles.size(); ++i) {
      ticks = std::max(ticks, chip.tile(tile++).busy().ticks({Mode::training, phase, static_cast<LayerIndex>(l + 1)}));
    }
    longest.push_back(static_cast<double>(ticks) * tick_seconds / 2);
  }
  return longest;
}

TEST(Rapa, TheBusyTimesOfTheTilesShowAllFourGainsOfThePaper) {
  const auto sum = [](const std::vector<double>& v) { return v[0] + v[1] + v[2]; };
  const auto slowest = [](const std::vector<double>& v) { return *std::ranges::max_element(v); };
  // A read takes 80 ns; an update a train of 31 slots, twice 1 ns each.
  for (const auto& [phase, each] : {std::pair{Phase::forward, 80e-9}, std::pair{Phase::update, 62e-9}}) {
    const auto plain = array_seconds({}, phase);
    const auto sixteen = array_seconds(tiled("random", 16, 4), phase);
    const auto sixty_four = array_seconds(tiled("random", 64, 16, 4), phase);
    EXPECT_NEAR(plain[0] / (1024 * each), 1, 0.001);
    EXPECT_NEAR(sum(plain) / sum(sixteen), 7, 0.02);
    EXPECT_NEAR(slowest(plain) / slowest(sixteen), 16, 0.05);
    EXPECT_NEAR(sum(plain) / sum(sixty_four), 28, 0.2);
    EXPECT_NEAR(slowest(plain) / slowest(sixty_four), 64, 0.5);
  }
}

TEST(Rapa, WithFastDigitalPartsTheTimeOfAnImageIsThatOfItsArrayReads) {
  const auto seconds = [](const Words& words) {
    new_simulation();
    const RunConfiguration configuration = cifar(fast + words);
    MappingRequest request;
    request.batch_size = 1;
    request.tiling = configuration.rapa;
    const Mapping mapping = map_network(build_network("cifar10_full", {32, 32, 3}, 10), configuration.chip, request);
    AnalogChip chip("chip", configuration.chip, mapping, {1, 1, nullptr});
    chip.program_initial_state();
    std::vector<std::uint8_t> pixels(3072), labels{3};
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 2654435761U >> 17);
    chip.evaluate({pixels, labels, 0});
    return static_cast<double>(chip.time(Mode::evaluation)) * tick_seconds;
  };
  const double plain = seconds({});
  const double sixteen = seconds(tiled("random", 16, 4));
  const double sixty_four = seconds(tiled("random", 64, 16, 4));
  // With the one read of the linear layer, 80 ns a read.
  EXPECT_NEAR(plain / ((1024 + 256 + 64 + 1) * 80e-9), 1, 0.005);
  EXPECT_NEAR(sixteen / ((64 + 64 + 64 + 1) * 80e-9), 1, 0.01);
  EXPECT_NEAR(sixty_four / ((16 + 16 + 16 + 1) * 80e-9), 1, 0.02);
}

}  // namespace
}  // namespace rheo::testing
