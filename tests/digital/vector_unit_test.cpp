#include "models/digital/vector_unit.hpp"

#include <gmock/gmock.h>

#include <map>

#include "models/digital/pooling.hpp"
#include "models/digital/vector_math.hpp"
#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using testing::bits_of;
using testing::ns;
using testing::per_image;
using testing::shared;
using testing::SmallChip;
using testing::SmallChipParameters;
using testing::values_of;

using Floats = std::vector<float>;
using Counts = std::map<std::string, std::uint64_t>;

constexpr std::uint64_t a_at = 0, b_at = 0x1000, c_at = 0x2000, d_at = 0x3000;
constexpr std::uint32_t images = 3;

struct VectorUnitTest : testing::SmallChipTest {
  SmallChip& chip_of(const Floats& a, const Floats& b = {}, const Floats& c = {}, const Floats& d = {}) {
    SmallChip& chip = build();
    chip.write(a_at, a);
    chip.write(b_at, b);
    chip.write(c_at, c);
    chip.write(d_at, d);
    return chip;
  }
  static Counts counts(SmallChip& chip) {
    Counts counts;
    for (const ActionKind& kind : chip.vector_unit.actions().kinds()) {
      if (const auto n = SmallChip::count(chip.vector_unit, kind.name)) counts[kind.name.substr(7)] = n;
    }
    return counts;
  }
  /// Issues: 16 lanes.
  static std::uint64_t issues(std::uint64_t values) { return (values + 15) / 16; }
};

// ---- Values and actions of every operation ----

TEST_F(VectorUnitTest, NormalisesPixels) {
  SmallChip& chip = build();
  Floats expected(images * 20);
  const auto pixels = chip.at<std::uint8_t>(a_at, images * 20);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 4);
  vector_math::normalise_pixels(pixels.data(), expected.size(), 1.0F / 255, -0.5F, expected.data());
  auto command =
      testing::vector(VectorOperation::normalise_pixels,
                      {per_image(a_at, 20, Access::read, NumberFormat::uint8), per_image(b_at, 20, Access::write)});
  command.constants = {1.0F / 255, -0.5F};
  chip.run({command}, {.images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, images * 20)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"add", 60}, {"mul", 60}, {"convert", 60}}));
  EXPECT_EQ(chip.event(0).items, issues(60));
}

TEST_F(VectorUnitTest, AddsTheBiasAndActivates) {
  const std::map<Activation, Counts> expected_counts{{Activation::identity, {{"add", 60}}},
                                                     {Activation::relu, {{"add", 60}, {"compare", 60}}},
                                                     {Activation::tanh, {{"add", 60}, {"special", 60}}},
                                                     {Activation::celu, {{"add", 60}, {"special", 60}}},
                                                     {Activation::sigmoid, {{"add", 60}, {"special", 60}}}};
  for (const auto& [activation, expected_count] : expected_counts) {
    SmallChip& chip = chip_of(values_of(60, 1, 2), values_of(5, 2));
    Floats expected = values_of(60, 1, 2);
    vector_math::add_bias_activate(expected.data(), 12, 5, values_of(5, 2).data(), activation);
    chip.run({testing::vector(VectorOperation::bias_activation,
                              {per_image(a_at, 20, Access::read_write), shared(b_at, 5, Access::read)}, activation)},
             {.images = images});
    EXPECT_EQ(bits_of(chip.read(a_at, 60)), bits_of(expected));
    EXPECT_EQ(counts(chip), expected_count);
  }
}

TEST_F(VectorUnitTest, GoesBackThroughAnActivation) {
  SmallChip& chip = chip_of(values_of(60, 1), values_of(60, 2));
  Floats expected = values_of(60, 1);
  vector_math::activation_backward(expected.data(), values_of(60, 2).data(), 60, Activation::tanh);
  chip.run(
      {testing::vector(VectorOperation::activation_backward,
                       {per_image(a_at, 20, Access::read_write), per_image(b_at, 20, Access::read)}, Activation::tanh)},
      {.images = images});
  EXPECT_EQ(bits_of(chip.read(a_at, 60)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"mul", 120}, {"add", 60}}));
}

/// 4 x 4 images of 3 channels, windows of 2 x 2: 48 values become 12.
struct Pooling : VectorUnitTest {
  static constexpr PatchGeometry windows{4, 4, 3, 2, 2, 2, 0};
  static constexpr vector_math::PoolShape shape{images, 4, 4, 3, 2, 2, 0};
  static Command pool(VectorOperation operation, std::initializer_list<MemoryOperand> operands) {
    Command command = testing::vector(operation, operands);
    command.geometry = windows;
    return command;
  }
  const Floats in = values_of(images * 48, 1), errors = values_of(images * 12, 2);
};

TEST_F(Pooling, TakesTheLargest) {
  SmallChip& chip = chip_of(in);
  Floats expected(images * 12);
  vector_math::max_pool_forward(in.data(), shape, expected.data());
  chip.run({pool(VectorOperation::max_pool, {per_image(a_at, 48, Access::read), per_image(b_at, 12, Access::write)})},
           {.images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, images * 12)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"compare", images * 12 * 3}}));
  EXPECT_EQ(chip.event(0).items, issues(images * 12 * 4));  // once per value of the windows
}

TEST_F(Pooling, SendsErrorsToTheLargest) {
  Floats pooled(images * 12), expected(images * 48);
  vector_math::max_pool_forward(in.data(), shape, pooled.data());
  vector_math::max_pool_backward(errors.data(), in.data(), pooled.data(), shape, expected.data());
  SmallChip& chip = chip_of(errors, in, pooled);
  chip.run({pool(VectorOperation::max_pool_backward,
                 {per_image(a_at, 12, Access::read), per_image(b_at, 48, Access::read),
                  per_image(c_at, 12, Access::read), per_image(d_at, 48, Access::write)})},
           {.images = images});
  EXPECT_EQ(bits_of(chip.read(d_at, images * 48)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"compare", images * 12 * 4}}));
  EXPECT_EQ(chip.event(0).items, issues(images * 48));
}

TEST_F(Pooling, Averages) {
  SmallChip& chip = chip_of(in);
  Floats expected(images * 12);
  vector_math::average_pool_forward(in.data(), shape, expected.data());
  chip.run(
      {pool(VectorOperation::average_pool, {per_image(a_at, 48, Access::read), per_image(b_at, 12, Access::write)})},
      {.images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, images * 12)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"add", images * 12 * 3}, {"mul", images * 12}}));
}

TEST_F(Pooling, SpreadsErrorsOverTheWindows) {
  SmallChip& chip = chip_of(errors);
  Floats expected(images * 48);
  vector_math::average_pool_backward(errors.data(), shape, expected.data());
  chip.run({pool(VectorOperation::average_pool_backward,
                 {per_image(a_at, 12, Access::read), per_image(b_at, 48, Access::write)})},
           {.images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, images * 48)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"add", images * 12 * 4}, {"mul", images * 12}}));
}

TEST_F(VectorUnitTest, ComputesLossErrorsAndPredictions) {
  SmallChip& chip = chip_of(values_of(images * 10, 1, 3));
  const std::vector<std::uint8_t> labels{3, 0, 9};
  std::ranges::copy(labels, chip.at<std::uint8_t>(b_at, images).begin());
  Floats errors = values_of(images * 10, 1, 3), losses(images);
  std::vector<std::uint8_t> predictions(images);
  vector_math::softmax_cross_entropy(errors.data(), labels.data(), images, 10, 1.0F / images, errors.data(),
                                     losses.data(), predictions.data());
  chip.run(
      {testing::vector(VectorOperation::softmax_cross_entropy,
                       {per_image(a_at, 10, Access::read_write), per_image(b_at, 1, Access::read, NumberFormat::uint8),
                        per_image(c_at, 2, Access::write)})},
      {.images = images});
  EXPECT_EQ(bits_of(chip.read(a_at, images * 10)), bits_of(errors));
  for (std::size_t i = 0; i < images; ++i) {
    EXPECT_EQ(chip.read(c_at + i * 8, 2), (Floats{losses[i], static_cast<float>(predictions[i])}));
  }
  EXPECT_EQ(counts(chip),
            (Counts{{"compare", 30}, {"special", 2 * 30 + images}, {"add", 60}, {"mul", 30}, {"convert", images}}));
}

TEST_F(VectorUnitTest, DividesTheErrorsByTheWholeBatchAndNotByTheBlock) {
  SmallChip& chip = chip_of(values_of(images * 10, 1, 3));
  const std::vector<std::uint8_t> labels{3, 0, 9};
  std::ranges::copy(labels, chip.at<std::uint8_t>(b_at, images).begin());
  Floats errors = values_of(images * 10, 1, 3), losses(images);
  std::vector<std::uint8_t> predictions(images);
  vector_math::softmax_cross_entropy(errors.data(), labels.data(), images, 10, 1.0F / images, errors.data(),
                                     losses.data(), predictions.data());
  Command begin, end;
  begin.opcode = Opcode::loop;
  begin.images_per_block = 1;
  end.opcode = Opcode::end_loop;
  auto command =
      testing::vector(VectorOperation::softmax_cross_entropy,
                      {per_image(a_at, 10, Access::read_write), per_image(b_at, 1, Access::read, NumberFormat::uint8),
                       per_image(c_at, 2, Access::write)});
  command.operands[0].block_stride = 40;
  command.operands[1].block_stride = 1;
  command.operands[2].block_stride = 8;
  chip.run({begin, command, end}, {.images = images});
  EXPECT_EQ(bits_of(chip.read(a_at, images * 10)), bits_of(errors));
}

TEST_F(VectorUnitTest, SumsBiasGradients) {
  SmallChip& chip = chip_of(values_of(60, 1), values_of(5, 2));
  Floats expected = values_of(5, 2);
  vector_math::bias_gradient(values_of(60, 1).data(), 12, 5, expected.data());
  chip.run({testing::vector(VectorOperation::bias_gradient,
                            {per_image(a_at, 20, Access::read), shared(b_at, 5, Access::read_write)})},
           {.images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, 5)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"add", 60}}));
}

TEST_F(VectorUnitTest, StepsWithMomentum) {
  SmallChip& chip = chip_of(values_of(30, 1), values_of(30, 2), values_of(30, 3));
  Floats w = values_of(30, 1), g = values_of(30, 2), v = values_of(30, 3);
  vector_math::sgd_momentum(w.data(), g.data(), v.data(), 30, 0.1F, 0.9F, 0.01F);
  chip.run({testing::vector(VectorOperation::momentum_step,
                            {shared(a_at, 30, Access::read_write), shared(b_at, 30, Access::read_write),
                             shared(c_at, 30, Access::read_write)})},
           {.images = 1, .learning_rate = 0.1F, .momentum = 0.9F, .weight_decay = 0.01F});
  EXPECT_EQ(bits_of(chip.read(a_at, 30)), bits_of(w));
  EXPECT_EQ(bits_of(chip.read(b_at, 30)), bits_of(Floats(30, 0)));
  EXPECT_EQ(bits_of(chip.read(c_at, 30)), bits_of(v));
  EXPECT_EQ(counts(chip), (Counts{{"mul", 90}, {"add", 90}}));
}

TEST_F(VectorUnitTest, GathersVelocityAndClearsTheGradients) {
  SmallChip& chip = chip_of(values_of(30, 1), values_of(30, 2));
  Floats v(30);
  vector_math::scale_add(values_of(30, 1).data(), values_of(30, 2).data(), 30, 0.9F, v.data());
  chip.run({testing::vector(VectorOperation::momentum_velocity,
                            {shared(a_at, 30, Access::read_write), shared(b_at, 30, Access::read_write)})},
           {.images = 1, .momentum = 0.9F});
  EXPECT_EQ(bits_of(chip.read(a_at, 30)), bits_of(Floats(30, 0)));
  EXPECT_EQ(bits_of(chip.read(b_at, 30)), bits_of(v));
  EXPECT_EQ(counts(chip), (Counts{{"mul", 30}, {"add", 30}}));
}

TEST_F(VectorUnitTest, FillsWithZerosAndNothingElse) {
  SmallChip& chip = chip_of(Floats(70, 1));
  chip.run({testing::vector(VectorOperation::fill_zero, {per_image(a_at, 20, Access::write)})}, {.images = images});
  EXPECT_EQ(chip.read(a_at, 60), Floats(60, 0));
  EXPECT_EQ(chip.read(a_at + 240, 10), Floats(10, 1));
  EXPECT_EQ(counts(chip), Counts{});
}

TEST_F(VectorUnitTest, CountsAConversionForEveryNarrowValueReadOrWritten) {
  SmallChip& chip = build();
  chip.run({testing::vector(VectorOperation::bias_activation,
                            {per_image(a_at, 20, Access::read_write, NumberFormat::fp16),
                             shared(b_at, 5, Access::read, NumberFormat::int8, 64)},
                            Activation::relu)},
           {.images = images});
  EXPECT_EQ(counts(chip), (Counts{{"add", 60}, {"compare", 60}, {"convert", 2 * 60 + 5}}));
}

// ---- Time ----

TEST_F(VectorUnitTest, IsBoundByTheMemoryWhenThatIsSlower) {
  SmallChip& chip = build();
  chip.run({testing::vector(VectorOperation::fill_zero, {shared(a_at, 1024, Access::write)})});
  // 64 issues, one a cycle, latency 8: first 8, last 8 + 63 = 71. 4096 bytes at 32 a cycle are written from 9 on.
  EXPECT_EQ(chip.duration(0), (9 + 128) * ns);
}

TEST_F(VectorUnitTest, IsBoundByItsLanesWhenTheyAreSlower) {
  SmallChipParameters p;
  p.vector_unit.lanes = 1;
  SmallChip& chip = build(p);
  chip.run({testing::vector(VectorOperation::bias_activation,
                            {shared(a_at, 64, Access::read_write), shared(b_at, 16, Access::read)}, Activation::tanh)});
  // 64 issues of a special function 4 cycles apart, latency 20. Reads 1 to 10: p = 9 / 64; first 21.14,
  // last 21.14 + 63 x 4 = 273.14; the write's 8 cycles leave 8 / 64 for the last: 273.27, at edge 274.
  EXPECT_EQ(chip.duration(0), 274 * ns);
}

TEST_F(VectorUnitTest, SpecialFunctionsHaveAnIntervalAndALatencyOfTheirOwn) {
  const auto cycles = [&](Activation activation) {
    SmallChip& chip = build();
    chip.run({testing::vector(VectorOperation::bias_activation,
                              {shared(a_at, 1024, Access::read_write), shared(b_at, 16, Access::read)}, activation)});
    return chip.duration(0) / ns;
  };
  // 64 issues. Reads 1 to 130: p = 129 / 64 = 2.016.
  // relu: first 1 + p + 8 = 11.02, last max(11.02 + 63, 130 + 8) = 138; write at 13 to 141 and 138 + 2 = 140.
  EXPECT_EQ(cycles(Activation::relu), 141U);
  // tanh: first 1 + p + 20 = 23.02, last max(23.02 + 252, 150) = 275.02; 128 / 64 more for the last write.
  EXPECT_EQ(cycles(Activation::tanh), 278U);
}

TEST_F(VectorUnitTest, HasALaneOfAreaForEveryLane) {
  SmallChip& chip = build();
  ASSERT_EQ(chip.vector_unit.inventory().size(), 1U);
  EXPECT_EQ(chip.vector_unit.inventory()[0].count, 16U);
}

}  // namespace
}  // namespace rheo
