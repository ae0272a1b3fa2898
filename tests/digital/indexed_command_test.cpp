// Replicas of a matrix on tiles of their own: indexed commands, tables of positions, and what the vector unit does
// around them.
#include "models/digital/indexed_command.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <map>
#include <numeric>

#include "models/core/error.hpp"
#include "models/digital/vector_math.hpp"
#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using testing::bits_of;
using testing::matrix;
using testing::ns;
using testing::per_image;
using testing::shared;
using testing::SmallChip;
using testing::SmallChipParameters;
using testing::values_of;

using Floats = std::vector<float>;
using Table = std::vector<std::uint16_t>;

// 4 x 4 images of 2 channels, kernel 3 with padding 1: 16 positions, 18 x 5 weights, 3 replicas with 5, 5, 6 positions.
constexpr PatchGeometry g{4, 4, 2, 3, 3, 1, 1};
constexpr std::uint32_t images = 3, outputs = 5, replicas = 3, inputs = 18, positions = 16;
constexpr std::uint64_t image_at = 0, out_at = 0x1000, table_at = 0x2000, weights_at = 0x3000, plain_at = 0x4000,
                        slots_at = 0x5000, errors_at = 0x8000, bias_at = 0x9000, gradient_at = 0xa000;

/// A table an image, positions ascending within a replica.
Table tables() {
  Table all;
  for (std::uint32_t image = 0; image < images; ++image) {
    Table order(positions);
    draw_partition(RandomKey(9, image, RandomPurpose::patch_assignment), image, positions, replicas, order);
    all.insert(all.end(), order.begin(), order.end());
  }
  return all;
}

MemoryOperand table_operand(bool each_image = true) {
  return each_image ? per_image(table_at, 2 * positions, Access::read, NumberFormat::uint8)
                    : shared(table_at, 2 * positions, Access::read, NumberFormat::uint8);
}

Command indexed(Opcode opcode, std::uint16_t tile, std::initializer_list<MemoryOperand> operands) {
  Command command = matrix(opcode, tile, g, outputs, operands);
  command.operands[Command::table_operand] = table_operand();
  command.replica = tile;
  command.replicas = replicas;
  return command;
}

Command over_table(VectorOperation operation, std::initializer_list<MemoryOperand> operands,
                   Activation activation = Activation::identity) {
  Command command = testing::vector(operation, operands, activation);
  command.operands[2] = table_operand();
  command.geometry = g;
  command.replicas = replicas;
  return command;
}

struct IndexedCommands : testing::SmallChipTest {
  /// Three replicas and, as tile 3, the plain matrix; all hold `weights`.
  SmallChip& chip_with(const Floats& weights, SmallChipParameters p = {}) {
    p.tiles.assign(replicas + 1, {inputs, outputs});
    SmallChip& chip = build(p);
    chip.write(weights_at, weights);
    chip.write(image_at, values_of(images * g.image_values(), 1));
    chip.write(errors_at, values_of(images * positions * outputs, 2));
    const Table table = tables();
    std::memcpy(chip.at<std::byte>(table_at, table.size() * 2).data(), table.data(), table.size() * 2);
    return chip;
  }
  static std::vector<Command> programming() {
    std::vector<Command> program;
    for (std::uint16_t tile = 0; tile <= replicas; ++tile) {
      program.push_back(matrix(Opcode::program_weights, tile, g, outputs, {shared(weights_at, 90, Access::read)}));
    }
    return program;
  }
  static MemoryOperand in() { return per_image(image_at, g.image_values(), Access::read); }
  static MemoryOperand part_of(MemoryOperand operand, std::uint32_t part) {
    operand.part = part;
    return operand;
  }
};

TEST_F(IndexedCommands, IdenticalReplicasGiveTheBitsOfThePlainConvolutionForwardAndBackward) {
  for (const std::int64_t block : {0, 1, 4}) {
    SmallChipParameters p;
    p.controller.block_vectors = block;
    SmallChip& chip = chip_with(values_of(90, 3), p);
    auto program = programming();
    const auto plane = positions * outputs;
    for (std::uint16_t r = 0; r < replicas; ++r) {
      program.push_back(indexed(Opcode::forward, r, {in(), part_of(per_image(out_at, plane, Access::write), r + 1U)}));
      program.push_back(indexed(Opcode::backward, r,
                                {per_image(errors_at, plane, Access::read),
                                 part_of(per_image(slots_at, positions * inputs, Access::write), r + 1U)}));
    }
    program.push_back(matrix(Opcode::forward, replicas, g, outputs, {in(), per_image(plain_at, plane, Access::write)}));
    // The slots are read before the plain errors take their place.
    program.push_back(over_table(VectorOperation::fold_patches, {per_image(slots_at, positions * inputs, Access::read),
                                                                 per_image(bias_at, g.image_values(), Access::write)}));
    program.push_back(
        testing::vector(VectorOperation::fill_zero, {per_image(slots_at, g.image_values(), Access::write)}));
    Command back =
        matrix(Opcode::backward, replicas, g, outputs,
               {per_image(errors_at, plane, Access::read), per_image(slots_at, g.image_values(), Access::read_write)});
    back.accumulate = true;
    program.push_back(back);
    chip.run(program, {.images = images});
    EXPECT_EQ(bits_of(chip.read(out_at, images * plane)), bits_of(chip.read(plain_at, images * plane)));
    EXPECT_EQ(bits_of(chip.read(bias_at, images * g.image_values())),
              bits_of(chip.read(slots_at, images * g.image_values())));
  }
}

TEST_F(IndexedCommands, EveryPositionIsComputedByTheReplicaThatTheTableNames) {
  SmallChip& chip = chip_with(values_of(90, 3));
  std::vector<Command> program;
  for (std::uint16_t r = 0; r < replicas; ++r) {  // replica r holds the constant r + 1
    chip.write(weights_at + r * 0x200, Floats(90, static_cast<float>(r + 1)));
    program.push_back(
        matrix(Opcode::program_weights, r, g, outputs, {shared(weights_at + r * 0x200, 90, Access::read)}));
    program.push_back(
        indexed(Opcode::forward, r, {in(), part_of(per_image(out_at, positions * outputs, Access::write), r + 1U)}));
  }
  chip.write(image_at, Floats(images * g.image_values(), 1.0F));
  chip.run(program, {.images = images});
  const Floats out = chip.read(out_at, images * positions * outputs);
  const Table table = tables();
  for (std::size_t image = 0; image < images; ++image) {
    for (std::size_t r = 0; r < replicas; ++r) {
      for (std::size_t i = part_begin(positions, replicas, r); i < part_begin(positions, replicas, r + 1); ++i) {
        const std::size_t p = table[image * positions + i];
        const float rows = p / 4 == 0 || p / 4 == 3 ? 2 : 3, columns = p % 4 == 0 || p % 4 == 3 ? 2 : 3;
        ASSERT_EQ(out[(image * positions + p) * outputs], rows * columns * 2 * static_cast<float>(r + 1));
      }
    }
  }
}

TEST_F(IndexedCommands, GradientsOfTheReplicasAddUpToThoseOfThePlainConvolution) {
  SmallChip& chip = chip_with(values_of(90, 3));
  // Small integers: every sum is exact, whatever its order.
  Floats image(images * g.image_values()), errors(images * positions * outputs);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i % 7) - 3;
  for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = static_cast<float>(i % 5) - 2;
  chip.write(image_at, image);
  chip.write(errors_at, errors);
  std::vector<Command> program;
  for (std::uint16_t r = 0; r < replicas; ++r) {
    program.push_back(indexed(Opcode::accumulate, r,
                              {in(), per_image(errors_at, positions * outputs, Access::read),
                               shared(gradient_at + r * 0x200, 90, Access::read_write)}));
  }
  program.push_back(matrix(
      Opcode::accumulate, replicas, g, outputs,
      {in(), per_image(errors_at, positions * outputs, Access::read), shared(plain_at, 90, Access::read_write)}));
  chip.run(program, {.images = images});
  Floats sum(90);
  for (std::uint16_t r = 0; r < replicas; ++r) {
    const Floats own = chip.read(gradient_at + r * 0x200, 90);
    EXPECT_NE(own, Floats(90));
    for (std::size_t i = 0; i < 90; ++i) sum[i] += own[i];
  }
  EXPECT_EQ(sum, chip.read(plain_at, 90));
}

TEST_F(IndexedCommands, ReplicasWorkInParallelAndTakeTheirShareOfTheTime) {
  SmallChip& chip = chip_with(values_of(90, 3));
  std::vector<Command> program;
  const auto plane = positions * outputs;
  for (std::uint16_t r = 0; r < replicas; ++r) {
    program.push_back(indexed(Opcode::forward, r, {in(), part_of(per_image(out_at, plane, Access::write), r + 1U)}));
  }
  chip.run(program, {.images = images});
  std::uint64_t last_start = 0, first_end = ~0ULL;
  for (std::uint64_t r = 0; r < replicas; ++r) {
    last_start = std::max(last_start, chip.event(r).start);
    first_end = std::min(first_end, chip.event(r).end);
    EXPECT_EQ(chip.event(r).items, images * (r == 2 ? 6U : 5U)) << "a read a position";
  }
  EXPECT_LT(last_start, first_end) << "they overlap";
}

TEST_F(IndexedCommands, WithoutDisjointPartsTheyWait) {
  SmallChip& chip = chip_with(values_of(90, 3));
  std::vector<Command> program;
  for (std::uint16_t r = 0; r < 2; ++r) {
    program.push_back(indexed(Opcode::forward, r, {in(), per_image(out_at, positions * outputs, Access::write)}));
  }
  chip.run(program, {.images = images});
  EXPECT_GE(chip.event(1).start, chip.event(0).end);
}

TEST_F(IndexedCommands, ReadTheirEntriesOfTheTableAndEveryKernelRowOfTheirPatches) {
  SmallChip& chip = chip_with(values_of(90, 3));
  Command command =
      indexed(Opcode::forward, 0, {in(), part_of(per_image(out_at, positions * outputs, Access::write), 1)});
  chip.run({command}, {.images = 1});
  // 5 positions: 5 entries of 2 bytes; 3 kernel rows of 3 x 2 values a patch; 5 pixels of 5 values.
  EXPECT_EQ(chip.event(0).bytes, 5 * 2 + 5 * 3 * 6 * 4 + 5 * 5 * 4U);
}

TEST_F(IndexedCommands, WhatIsNoTableIsAnErrorThatNamesTheCommand) {
  const auto error_of = [&](std::uint16_t first, std::uint16_t second) -> std::string {
    SmallChip& chip = chip_with(values_of(90, 3));
    const auto table = chip.at<std::uint16_t>(table_at, 2);
    table[0] = first;
    table[1] = second;
    try {
      chip.run({indexed(Opcode::forward, 0, {in(), per_image(out_at, positions * outputs, Access::write)})},
               {.images = images});
    } catch (const SimulationError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(error_of(16, 17), ::testing::HasSubstr("forward of layer 1 on unit 2"));
  EXPECT_THAT(error_of(3, 3), ::testing::HasSubstr("is no table of positions"));
}

// ---- Around the tiles ----

TEST_F(IndexedCommands, EveryPositionGetsTheBiasOfItsReplicaAndThoseLeftOutBecomeZero) {
  SmallChip& chip = chip_with(values_of(90, 3));
  constexpr std::uint32_t kept = 7;
  const Table table{1, 5, 0, 2, 9, 3, 15};  // replicas of 2, 2, 3 positions
  std::memcpy(chip.at<std::byte>(table_at, 14).data(), table.data(), 14);
  const Floats values = values_of(positions * outputs, 5), bias = values_of(replicas * outputs, 6);
  chip.write(out_at, values);
  chip.write(bias_at, bias);
  Command command = over_table(
      VectorOperation::replica_bias_activation,
      {per_image(out_at, positions * outputs, Access::read_write), shared(bias_at, replicas * outputs, Access::read)},
      Activation::relu);
  command.operands[2].values = 2 * kept;
  chip.run({command}, {.images = 1});
  const Floats out = chip.read(out_at, positions * outputs);
  const std::map<std::size_t, std::size_t> replica_of{{1, 0}, {5, 0}, {0, 1}, {2, 1}, {9, 2}, {3, 2}, {15, 2}};
  for (std::size_t p = 0; p < positions; ++p) {
    for (std::size_t c = 0; c < outputs; ++c) {
      const auto found = replica_of.find(p);
      const float expected = found == replica_of.end()
                                 ? 0.0F
                                 : std::max(0.0F, values[p * outputs + c] + bias[found->second * outputs + c]);
      EXPECT_EQ(out[p * outputs + c], expected);
    }
  }
  EXPECT_EQ(SmallChip::count(chip.vector_unit, "vector.add"), positions * outputs);
}

TEST_F(IndexedCommands, TheBiasGradientOfAReplicaIsTheSumOverItsPositions) {
  SmallChip& chip = chip_with(values_of(90, 3));
  chip.run(
      {over_table(VectorOperation::replica_bias_gradient, {per_image(errors_at, positions * outputs, Access::read),
                                                           shared(bias_at, replicas * outputs, Access::read_write)})},
      {.images = images});
  const Floats errors = values_of(images * positions * outputs, 2);
  Floats expected(replicas * outputs);
  const Table table = tables();
  for (std::size_t image = 0; image < images; ++image) {
    for (std::size_t r = 0; r < replicas; ++r) {
      for (std::size_t i = part_begin(positions, replicas, r); i < part_begin(positions, replicas, r + 1); ++i) {
        for (std::size_t c = 0; c < outputs; ++c) {
          expected[r * outputs + c] += errors[(image * positions + table[image * positions + i]) * outputs + c];
        }
      }
    }
  }
  EXPECT_EQ(chip.read(bias_at, replicas * outputs), expected);
}

TEST_F(IndexedCommands, ThePermutationGeneratorTakesTwoCyclesAPositionAndDrawsEveryKImages) {
  SmallChip& chip = chip_with(values_of(90, 3));
  Command command = testing::vector(VectorOperation::draw_partition,
                                    {per_image(table_at, 2 * positions, Access::write, NumberFormat::uint8)});
  command.geometry = g;
  command.replicas = replicas;
  command.layer = 4;
  command.constants[0] = 2;
  chip.run({command}, {.first_sample = 10, .images = images});
  const auto drawn = [&](std::size_t image) {
    const auto table = chip.at<std::uint16_t>(table_at + image * 2 * positions, positions);
    return Table(table.begin(), table.end());
  };
  const auto expected = [](std::uint64_t draw) {
    Table order(positions);
    draw_partition(RandomKey(7, 4, RandomPurpose::patch_assignment), draw, positions, replicas, order);
    return order;
  };
  EXPECT_EQ(drawn(0), expected(5));  // images 10 and 11
  EXPECT_EQ(drawn(1), expected(5));
  EXPECT_EQ(drawn(2), expected(6));
  EXPECT_EQ(chip.event(0).items, 2 * 2 * positions);
  EXPECT_EQ(SmallChip::count(chip.vector_unit, "random.bit"), 2 * 15 * 32U);
  EXPECT_EQ(SmallChip::count(chip.vector_unit, "vector.mul"), 2 * positions);
  EXPECT_EQ(SmallChip::count(chip.vector_unit, "vector.convert"), 0U);
  // 64 steps a cycle apart after a latency of 8; 96 bytes, 3 cycles at 32 a cycle, are written beside: the last of 64
  // parts of them a fraction of a cycle after the last step.
  EXPECT_EQ(chip.duration(0), (8 + 63 + 1) * ns);

  // A batch that begins inside a group draws the group's table again: images 11, 12 and 13.
  chip.run({command}, {.first_sample = 11, .images = images});
  EXPECT_EQ(drawn(0), expected(5));
  EXPECT_EQ(drawn(1), expected(6));
  EXPECT_EQ(drawn(2), expected(6));
  EXPECT_EQ(SmallChip::count(chip.vector_unit, "vector.mul"), 4 * positions);
}

}  // namespace
}  // namespace rheo
