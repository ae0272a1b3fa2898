#include "models/digital/formats.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using testing::bits_of;
using ::testing::ElementsAre;
using testing::flat;
using testing::matrix;
using testing::per_image;
using testing::shared;
using testing::SmallChip;
using testing::SmallChipParameters;
using testing::values_of;

constexpr NumberFormat all_formats[] = {NumberFormat::fp32, NumberFormat::fp16, NumberFormat::bf16, NumberFormat::int8,
                                        NumberFormat::uint8};

std::vector<std::byte> encoded(NumberFormat format, float scale, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * bytes_of(format));
  encode(format, scale, values, bytes);
  return bytes;
}

std::vector<float> decoded(NumberFormat format, float scale, const std::vector<std::byte>& bytes) {
  std::vector<float> values(bytes.size() / bytes_of(format));
  decode(format, scale, bytes, values);
  return values;
}

std::vector<float> round_trip(NumberFormat format, float scale, const std::vector<float>& values) {
  return decoded(format, scale, encoded(format, scale, values));
}

TEST(Formats, KeepWhatTheyCanHold) {
  EXPECT_THAT(round_trip(NumberFormat::fp32, 1, {0.1F, -3e38F}), ElementsAre(0.1F, -3e38F));
  EXPECT_THAT(round_trip(NumberFormat::fp16, 1, {0.5F, -1.25F, 2048}), ElementsAre(0.5F, -1.25F, 2048.0F));
  EXPECT_THAT(round_trip(NumberFormat::bf16, 1, {0.5F, -1.25F, 0x1p100F}), ElementsAre(0.5F, -1.25F, 0x1p100F));
  EXPECT_THAT(round_trip(NumberFormat::int8, 1, {-127, 0, 5, 127}), ElementsAre(-127.0F, 0.0F, 5.0F, 127.0F));
  EXPECT_THAT(round_trip(NumberFormat::uint8, 1, {0, 5, 255}), ElementsAre(0.0F, 5.0F, 255.0F));
}

TEST(Formats, SaturateToTheLargestFiniteValue) {
  EXPECT_THAT(round_trip(NumberFormat::fp16, 1, {1e6F, -1e6F}), ElementsAre(65504.0F, -65504.0F));
  EXPECT_THAT(round_trip(NumberFormat::int8, 1, {200, -200}), ElementsAre(127.0F, -127.0F));
  EXPECT_THAT(round_trip(NumberFormat::uint8, 1, {300, -1}), ElementsAre(255.0F, 0.0F));
}

TEST(Formats, RoundTiesToEven) {
  EXPECT_THAT(round_trip(NumberFormat::int8, 1, {0.5F, 1.5F, -2.5F}), ElementsAre(0.0F, 2.0F, -2.0F));
  EXPECT_THAT(round_trip(NumberFormat::uint8, 1, {0.5F, 1.5F, 2.5F}), ElementsAre(0.0F, 2.0F, 2.0F));
  EXPECT_THAT(round_trip(NumberFormat::fp16, 1, {2049, 2051}), ElementsAre(2048.0F, 2052.0F));
}

TEST(Formats, StoreTheValueTimesItsScale) {
  EXPECT_THAT(encoded(NumberFormat::int8, 100, {0.25F, -0.5F}), ElementsAre(std::byte{25}, std::byte{0xCE}));
  EXPECT_THAT(round_trip(NumberFormat::int8, 64, {0.25F, -1.0F, 3.0F}), ElementsAre(0.25F, -1.0F, 127.0F / 64));
  EXPECT_THAT(round_trip(NumberFormat::fp16, 1024, {0x1p-20F}), ElementsAre(0x1p-20F));
}

TEST(Formats, WhatWasReadIsWrittenBackToTheSameBytes) {
  // Parts of a tensor are read, left alone and written back: that must not move a bit, whatever the scale.
  for (const NumberFormat format : all_formats) {
    for (const float scale : {1.0F, 64.0F, 100.0F, 0.3F, 127.0F / 3.0F}) {
      std::vector<float> values = values_of(2000, 5, format == NumberFormat::uint8 ? 60.0F : 1.0F);
      if (format == NumberFormat::int8) {
        for (float& value : values) value *= 140 / scale;  // some saturate
      }
      const auto bytes = encoded(format, scale, values);
      EXPECT_EQ(encoded(format, scale, decoded(format, scale, bytes)), bytes)
          << number_format_names[static_cast<std::size_t>(format)] << " times " << scale;
    }
  }
}

// ---- Through a unit ----

struct NarrowOperands : testing::SmallChipTest {
  static constexpr std::uint64_t from = 0, to = 0x1000;
  static constexpr std::uint32_t images = 7;

  /// The bytes that a forward read of `images` vectors leaves, and those behind them.
  std::vector<std::byte> forward(NumberFormat in, NumberFormat out, float scale, std::int64_t block_vectors) {
    SmallChipParameters p;
    p.controller.block_vectors = block_vectors;
    p.tiles = {{16, 5}};
    SmallChip& chip = build(p);
    chip.tiles[0]->array().program(values_of(16 * 5, 1));
    encode(in, 100, values_of(images * 16, 2), chip.at<std::byte>(from, images * 16 * bytes_of(in)));
    const std::size_t bytes = images * 5 * bytes_of(out);
    std::ranges::fill(chip.at<std::byte>(to, bytes + 16), std::byte{0x3C});
    chip.run({matrix(Opcode::forward, 0, flat(16), 5,
                     {per_image(from, 16, Access::read, in, 100), per_image(to, 5, Access::write, out, scale)})},
             {.images = images});
    const auto left = chip.at<std::byte>(to, bytes + 16);
    return {left.begin(), left.end()};
  }
};

TEST_F(NarrowOperands, GiveTheSameBytesWhateverTheBlock) {
  for (const NumberFormat format : all_formats) {
    for (const float scale : {1.0F, 30.0F, 0.7F}) {
      SCOPED_TRACE(std::string(number_format_names[static_cast<std::size_t>(format)]) + " times " +
                   std::to_string(scale));
      const auto whole = forward(NumberFormat::int8, format, scale, 0);
      EXPECT_EQ(forward(NumberFormat::int8, format, scale, 1), whole);
      EXPECT_EQ(forward(NumberFormat::int8, format, scale, 3), whole);
      const std::vector<std::byte> behind(whole.end() - 16, whole.end());
      EXPECT_EQ(behind, std::vector(16, std::byte{0x3C}));
    }
  }
}

TEST_F(NarrowOperands, AreTheExactProductRoundedOnce) {
  const auto wide = forward(NumberFormat::fp16, NumberFormat::fp32, 1, 0);
  std::vector<float> exact(images * 5);
  decode(NumberFormat::fp32, 1, std::span(wide).first(images * 20), exact);
  for (const NumberFormat format : all_formats) {
    auto narrow = forward(NumberFormat::fp16, format, 30, 0);
    narrow.resize(narrow.size() - 16);
    EXPECT_EQ(narrow, encoded(format, 30, exact)) << number_format_names[static_cast<std::size_t>(format)];
  }
}

TEST_F(NarrowOperands, APartOfTheColumnsLeavesTheOthersAlone) {
  // Two tiles write columns 0 to 2 and 3 to 4 of the same pixels, in one-vector blocks.
  const std::vector<float> w = values_of(16 * 5, 1);
  const auto run = [&](bool split, NumberFormat format) {
    SmallChipParameters p;
    p.controller.block_vectors = split ? 1 : 0;
    p.tiles = split ? std::vector<SmallChipParameters::Matrix>{{16, 3}, {16, 2}}
                    : std::vector<SmallChipParameters::Matrix>{{16, 5}};
    SmallChip& chip = build(p);
    chip.write(from, values_of(images * 16, 2));
    chip.write(0x2000, w);
    std::vector<Command> program;
    std::uint32_t first = 0;
    for (std::uint16_t t = 0; t < p.tiles.size(); ++t) {
      auto write = matrix(Opcode::program_weights, t, flat(16), 5, {shared(0x2000, 80, Access::read)});
      auto forward = matrix(Opcode::forward, t, flat(16), 5,
                            {per_image(from, 16, Access::read), per_image(to, 5, Access::write, format, 30)});
      for (Command* command : {&write, &forward}) {
        command->first_output = first;
        command->outputs = p.tiles[t].outputs;
        program.push_back(*command);
      }
      first += p.tiles[t].outputs;
    }
    chip.run(program, {.images = images});
    const auto left = chip.at<std::byte>(to, images * 5 * bytes_of(format));
    return std::vector<std::byte>(left.begin(), left.end());
  };
  for (const NumberFormat format : all_formats) {
    EXPECT_EQ(run(true, format), run(false, format)) << number_format_names[static_cast<std::size_t>(format)];
  }
}

TEST_F(NarrowOperands, ReadingATileBackLeavesTheRestOfTheMatrixAlone) {
  SmallChipParameters p;
  p.tiles = {{4, 3}, {4, 2}};
  for (const NumberFormat format : all_formats) {
    SmallChip& chip = build(p);
    std::vector<float> w(4 * 5);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(i + 1);
    chip.write(from, w);
    std::vector<Command> program;
    for (const Opcode opcode : {Opcode::program_weights, Opcode::read_weights}) {
      for (std::uint16_t t = 0; t < 2; ++t) {
        const bool reads = opcode == Opcode::program_weights;
        auto command = matrix(opcode, t, flat(4), 5,
                              {reads ? shared(from, 20, Access::read) : shared(to, 20, Access::write, format, 2)});
        command.first_output = t * 3;
        command.outputs = p.tiles[t].outputs;
        program.push_back(command);
      }
    }
    chip.run(program);
    std::vector<float> back(w.size());
    decode(format, 2, chip.at<std::byte>(to, w.size() * bytes_of(format)), back);
    EXPECT_EQ(back, w) << number_format_names[static_cast<std::size_t>(format)];
  }
}

}  // namespace
}  // namespace rheo
