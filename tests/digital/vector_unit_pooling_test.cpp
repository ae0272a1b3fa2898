// The vector unit's pooling by chance and by mixture, and local response normalisation: values, actions, time.
#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "models/digital/local_response_norm.hpp"
#include "models/digital/pooling.hpp"
#include "models/digital/vector_unit.hpp"
#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using testing::bits_of;
using testing::ns;
using testing::per_image;
using testing::shared;
using testing::SmallChip;
using testing::values_of;

using Floats = std::vector<float>;
using Counts = std::map<std::string, std::uint64_t>;

constexpr std::uint64_t a_at = 0, b_at = 0x1000, c_at = 0x2000, d_at = 0x3000;
constexpr std::uint32_t images = 3, channels = 3;
constexpr std::uint32_t in_values = 6 * 6 * channels, out_values = 3 * 3 * channels;
constexpr std::uint64_t n_in = images * in_values, n_out = images * out_values;  // 324, 81
constexpr float mu = 10;

/// 6 x 6 images of 3 channels, windows of 3 x 3 every 2 in ceiling mode: 3 x 3 outputs.
struct VectorUnitPooling : testing::SmallChipTest {
  static constexpr vector_math::PoolShape shape{images, 6, 6, channels, 3, 2, 0, true};
  static constexpr std::uint64_t seed = 7;  // of the small chip

  static Command pool(VectorOperation operation, std::initializer_list<MemoryOperand> operands) {
    Command command = testing::vector(operation, operands);
    command.geometry = {6, 6, channels, 3, 3, 2, 0};
    command.ceiling = true;
    command.layer = 5;
    return command;
  }
  static Command norm(VectorOperation operation, std::initializer_list<MemoryOperand> operands) {
    Command command = testing::vector(operation, operands);
    command.geometry = {6, 6, channels, 3, 3, 1, 1};
    command.constants = {0.5F, 0.75F};
    return command;
  }
  SmallChip& chip_of(const Floats& a, const Floats& b = {}, const Floats& c = {}) {
    SmallChip& chip = build();
    chip.write(a_at, a);
    chip.write(b_at, b);
    chip.write(c_at, c);
    return chip;
  }
  static Counts counts(SmallChip& chip) {
    Counts counts;
    for (const ActionKind& kind : chip.vector_unit.actions().kinds()) {
      if (const auto n = SmallChip::count(chip.vector_unit, kind.name)) counts[kind.name] = n;
    }
    return counts;
  }
  const Floats in = values_of(n_in, 1), errors = values_of(n_out, 2);
};

TEST_F(VectorUnitPooling, PoolsInCeilingMode) {
  SmallChip& chip = chip_of(in);
  Floats expected(n_out);
  vector_math::max_pool_forward(in.data(), shape, expected.data());
  chip.run({pool(VectorOperation::max_pool,
                 {per_image(a_at, in_values, Access::read), per_image(b_at, out_values, Access::write)})},
           {.images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, n_out)), bits_of(expected));
}

TEST_F(VectorUnitPooling, ChoosesByChance) {
  SmallChip& chip = chip_of(in);
  Floats expected(n_out);
  vector_math::stochastic_pool_forward(in.data(), shape, RandomKey(seed, 5, RandomPurpose::stochastic_pooling), 1000,
                                       expected.data());
  chip.run({pool(VectorOperation::stochastic_pool,
                 {per_image(a_at, in_values, Access::read), per_image(b_at, out_values, Access::write)})},
           {.first_sample = 1000, .images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, n_out)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"vector.add", 2 * 9 * n_out},
                                  {"vector.compare", 2 * 9 * n_out},
                                  {"vector.mul", n_out},
                                  {"random.bit", 23 * n_out}}));
}

TEST_F(VectorUnitPooling, TheChoicesDoNotDependOnTheBlocking) {
  SmallChip& chip = chip_of(in);
  Floats expected(n_out);
  vector_math::stochastic_pool_forward(in.data(), shape, RandomKey(seed, 5, RandomPurpose::stochastic_pooling), 1000,
                                       expected.data());
  Command begin, end;
  begin.opcode = Opcode::loop;
  begin.images_per_block = 2;
  end.opcode = Opcode::end_loop;
  Command command = pool(VectorOperation::stochastic_pool,
                         {per_image(a_at, in_values, Access::read), per_image(b_at, out_values, Access::write)});
  command.operands[0].block_stride = 2 * in_values * 4;
  command.operands[1].block_stride = 2 * out_values * 4;
  chip.run({begin, command, end}, {.first_sample = 1000, .images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, n_out)), bits_of(expected));
}

TEST_F(VectorUnitPooling, TakesTheMeanOfTheChoices) {
  SmallChip& chip = chip_of(in);
  Floats expected(n_out);
  vector_math::stochastic_pool_mean(in.data(), shape, expected.data());
  chip.run({pool(VectorOperation::stochastic_pool_mean,
                 {per_image(a_at, in_values, Access::read), per_image(b_at, out_values, Access::write)})},
           {.images = images});
  EXPECT_EQ(bits_of(chip.read(b_at, n_out)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"vector.add", 2 * 9 * n_out},
                                  {"vector.compare", 9 * n_out},
                                  {"vector.mul", 9 * n_out},
                                  {"vector.special", n_out}}));
}

TEST_F(VectorUnitPooling, Mixes) {
  const Floats parameters{0.2F, 0.0F, -0.1F, 1, 2, 3};  // beta, gradients
  SmallChip& chip = chip_of(in, parameters);
  Floats expected(n_out);
  vector_math::mixed_pool_forward(in.data(), shape, parameters.data(), mu, expected.data());
  Command command = pool(VectorOperation::mixed_pool,
                         {per_image(a_at, in_values, Access::read), shared(b_at, 2 * channels, Access::read),
                          per_image(c_at, out_values, Access::write)});
  command.constants[0] = mu;
  chip.run({command}, {.images = images});
  EXPECT_EQ(bits_of(chip.read(c_at, n_out)), bits_of(expected));
  EXPECT_EQ(counts(chip), (Counts{{"vector.add", 9 * n_out},
                                  {"vector.compare", 8 * n_out},
                                  {"vector.mul", 3 * n_out},
                                  {"vector.special", 2 * channels}}));
}

TEST_F(VectorUnitPooling, GoesBackThroughTheMixtureAndAddsToItsGradient) {
  Floats parameters{0.2F, 0.0F, -0.1F, 1, 2, 3};
  SmallChip& chip = chip_of(errors, in, parameters);
  Floats expected(n_in);
  vector_math::mixed_pool_backward(errors.data(), in.data(), shape, parameters.data(), mu, expected.data(),
                                   parameters.data() + channels);
  Command command = pool(VectorOperation::mixed_pool_backward,
                         {per_image(a_at, out_values, Access::read), per_image(b_at, in_values, Access::read),
                          shared(c_at, 2 * channels, Access::read_write), per_image(d_at, in_values, Access::write)});
  command.constants[0] = mu;
  chip.run({command}, {.images = images});
  EXPECT_EQ(bits_of(chip.read(d_at, n_in)), bits_of(expected));
  EXPECT_EQ(bits_of(chip.read(c_at, 2 * channels)), bits_of(parameters));
  EXPECT_EQ(counts(chip), (Counts{{"vector.add", 28 * n_out},
                                  {"vector.compare", 17 * n_out},
                                  {"vector.mul", 6 * n_out},
                                  {"vector.special", 2 * channels}}));
}

TEST_F(VectorUnitPooling, NormalisesAndGoesBack) {
  const vector_math::LocalResponseShape shape{images, 6, 6, channels, 3, 0.5F, 0.75F};
  const Floats norm_errors = values_of(n_in, 3);
  Floats expected(n_in), expected_back(n_in);
  vector_math::local_response_norm_forward(in.data(), shape, expected.data());
  vector_math::local_response_norm_backward(norm_errors.data(), in.data(), shape, expected_back.data());
  SmallChip& forward = chip_of(in);
  forward.run({norm(VectorOperation::local_response_norm,
                    {per_image(a_at, in_values, Access::read), per_image(b_at, in_values, Access::write)})},
              {.images = images});
  EXPECT_EQ(bits_of(forward.read(b_at, n_in)), bits_of(expected));
  EXPECT_EQ(counts(forward),
            (Counts{{"vector.add", 10 * n_in}, {"vector.mul", 12 * n_in}, {"vector.special", 2 * n_in}}));
  SmallChip& back = chip_of(norm_errors, in);
  back.run({norm(VectorOperation::local_response_norm_backward,
                 {per_image(a_at, in_values, Access::read), per_image(b_at, in_values, Access::read),
                  per_image(c_at, in_values, Access::write)})},
           {.images = images});
  EXPECT_EQ(bits_of(back.read(c_at, n_in)), bits_of(expected_back));
  EXPECT_EQ(counts(back), (Counts{{"vector.add", 20 * n_in}, {"vector.mul", 15 * n_in}, {"vector.special", 3 * n_in}}));
}

// ---- Time: 16 lanes, steps of 1 cycle and special ones of 4, latencies 8 and 20; 32 bytes a cycle ----

TEST_F(VectorUnitPooling, TakesTheStepsOfEveryIssueOfOutputs) {
  const auto cycles = [&](const Command& command) {
    SmallChip& chip = build();
    chip.run({command}, {.images = images});
    EXPECT_EQ(chip.event(0).items, command.operation == VectorOperation::local_response_norm ? 21U : 6U);
    return chip.duration(0) / ns;
  };
  // 81 outputs are n = 6 issues of S cycles. The read (1296 bytes, 41 cycles) is granted at 1 and ends at 43 (a cycle
  // of latency): p = 42 / 6 = 7; first result 1 + 7 + (S + L), last 5 S more; 11 cycles of writes leave 11 / 6 after
  // it.
  const auto expected = [](double steps, double latency) {
    return static_cast<std::uint64_t>(std::ceil(8 + 6 * steps + latency + 11.0 / 6));
  };
  const auto in = per_image(a_at, in_values, Access::read);
  const auto out = per_image(b_at, out_values, Access::write);
  EXPECT_EQ(cycles(pool(VectorOperation::stochastic_pool, {in, out})), expected(18, 8));
  EXPECT_EQ(cycles(pool(VectorOperation::stochastic_pool_mean, {in, out})), expected(9 + 4, 20));
  // 324 values: 21 issues of 9 + 2 x 4 = 17 cycles; p = 2, first 1 + 2 + (17 + 20), last 20 x 17 more; 41 / 21 = 1.95.
  EXPECT_EQ(cycles(norm(VectorOperation::local_response_norm, {in, per_image(b_at, in_values, Access::write)})),
            static_cast<std::uint64_t>(std::ceil(3 + 37 + 340 + 41.0 / 21)));
}

}  // namespace
}  // namespace rheo
