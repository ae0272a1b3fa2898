#include "models/crossbar/tile.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "models/core/error.hpp"
#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using ::testing::AllOf;
using testing::bits_of;
using ::testing::ElementsAre;
using testing::exact_array;
using testing::flat;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using testing::matrix;
using testing::ns;
using ::testing::Pair;
using testing::per_image;
using testing::shared;
using testing::SmallChip;
using testing::SmallChipParameters;
using testing::values_of;

using Floats = std::vector<float>;
using Counts = std::map<std::string, std::uint64_t>;

constexpr std::uint64_t x_at = 0, y_at = 0x1000, d_at = 0x2000, w_at = 0x3000;
constexpr float dw_min = 0x1p-7F;

struct TileTest : testing::SmallChipTest {
  /// One tile of 8 x 8 cells without variation.
  static SmallChipParameters exact(std::uint32_t inputs = 8, std::uint32_t outputs = 8) {
    SmallChipParameters p;
    p.array = exact_array(dw_min);
    p.tiles = {{inputs, outputs}};
    return p;
  }
  static Command forward(std::uint32_t inputs = 8, std::uint32_t outputs = 8) {
    return matrix(Opcode::forward, 0, flat(inputs), outputs,
                  {per_image(x_at, inputs, Access::read), per_image(y_at, outputs, Access::write)});
  }
  static Command backward(std::uint32_t inputs = 8, std::uint32_t outputs = 8) {
    return matrix(Opcode::backward, 0, flat(inputs), outputs,
                  {per_image(d_at, outputs, Access::read), per_image(y_at, inputs, Access::write)});
  }
  static Command update(std::uint32_t inputs = 8, std::uint32_t outputs = 8) {
    return matrix(Opcode::update, 0, flat(inputs), outputs,
                  {per_image(x_at, inputs, Access::read), per_image(d_at, outputs, Access::read)});
  }
  static Counts counts(Tile& tile) {
    Counts counts;
    for (const ActionKind& kind : tile.actions().kinds()) {
      if (const auto n = SmallChip::count(tile, kind.name)) counts[kind.name] = n;
    }
    return counts;
  }
};

// ---- Actions ----

TEST_F(TileTest, CountsAForwardReadAndSkipsAVectorOfZeros) {
  SmallChip& chip = build(exact(3, 2));
  chip.write(x_at, {1, 0, -0.5F, 0, 0, 0});
  chip.run({forward(3, 2)}, {.images = 2});
  EXPECT_THAT(counts(*chip.tiles[0]), IsSupersetOf({
                                          Pair("dac.drive", 2 * 2U),            // two lines, in both phases
                                          Pair("adc.convert", 2U),              // the first vector's outputs
                                          Pair("integrator.sample", 2U),        //
                                          Pair("array.read", 3 * 2 * 2U),       // two cells a weight
                                          Pair("tile_digital.search", 2 * 3U),  // zeros have to be found, too
                                          Pair("tile_digital.rescale", 2U),
                                      }));
  EXPECT_EQ(counts(*chip.tiles[0]).count("tile_digital.accumulate"), 0U);
}

TEST_F(TileTest, CountsABackwardReadWithInputsAndOutputsExchanged) {
  SmallChip& chip = build(exact(3, 2));
  chip.write(d_at, {1, -1, 0, 0.5F});
  Command command = backward(3, 2);
  command.accumulate = true;
  command.operands[1].access = Access::read_write;
  chip.run({command}, {.images = 2});
  EXPECT_THAT(
      counts(*chip.tiles[0]),
      IsSupersetOf({Pair("dac.drive", (2 + 1) * 2U), Pair("adc.convert", 2 * 3U), Pair("integrator.sample", 2 * 3U),
                    Pair("array.read", 2 * 2 * 3 * 2U), Pair("tile_digital.search", 2 * 2U),
                    Pair("tile_digital.rescale", 2 * 3U), Pair("tile_digital.accumulate", 2 * 3U)}));
}

TEST_F(TileTest, WithoutNoiseManagementNothingIsSearched) {
  SmallChipParameters p = exact(3, 2);
  p.array.management.noise = false;
  SmallChip& chip = build(p);
  chip.write(x_at, {1, 0, -0.5F});
  chip.run({forward(3, 2)});
  EXPECT_EQ(counts(*chip.tiles[0]).count("tile_digital.search"), 0U);
}

TEST_F(TileTest, CountsAnUpdateWhoseLinesAllFireInEverySlot) {
  SmallChip& chip = build(exact(3, 2));
  // k = lr / dw_min = 5 slots; the largest magnitudes fire with probability 1, a zero never does.
  chip.write(x_at, {1, 0, -1});
  chip.write(d_at, {1, -1});
  chip.run({update(3, 2)}, {.images = 1, .learning_rate = 5 * dw_min});
  const std::uint64_t slots = 5;
  const std::uint64_t coincidences = slots * 2 * 2;  // two rows, two columns
  // Two rows reach 2 cells each and two columns 3 each in every slot; a coincidence is seen from both sides.
  const std::uint64_t half_selected = slots * (2 * 2 + 2 * 3) - 2 * coincidences;
  EXPECT_EQ(counts(*chip.tiles[0]), (Counts{{"array.pulse", coincidences * 2},
                                            {"array.half_select", half_selected * 2},
                                            {"pulse_generator.slot", slots * (3 + 2)},
                                            {"random.bit", slots * (3 + 2)},
                                            {"tile_digital.search", 3 + 2}}));
  EXPECT_THAT(chip.tiles[0]->array().weights(),
              ElementsAre(-5 * dw_min, 5 * dw_min, 0.0F, 0.0F, 5 * dw_min, -5 * dw_min));
}

TEST_F(TileTest, CountsProgrammingAndReadingBack) {
  SmallChip& chip = build(exact(3, 2));
  chip.write(w_at, {0.1F, 0.2F, 0.3F, -0.1F, -0.2F, 2.0F});
  chip.run({matrix(Opcode::program_weights, 0, flat(3), 2, {shared(w_at, 6, Access::read)}),
            matrix(Opcode::read_weights, 0, flat(3), 2, {shared(y_at, 6, Access::write)})});
  EXPECT_EQ(counts(*chip.tiles[0]),
            (Counts{{"array.program", 6 * 2}, {"dac.drive", 3}, {"adc.convert", 6}, {"integrator.sample", 6}}));
  EXPECT_THAT(chip.read(y_at, 6), ElementsAre(0.1F, 0.2F, 0.3F, -0.1F, -0.2F, 1.0F));  // clipped to the bound
}

TEST_F(TileTest, CountsAreOfTheCommandsModePhaseAndLayer) {
  SmallChip& chip = build(exact(3, 2));
  chip.write(x_at, {1, 0, -0.5F});
  chip.run({forward(3, 2)}, {.images = 1, .mode = Mode::evaluation});
  const ActionCounts& actions = chip.tiles[0]->actions();
  ASSERT_EQ(actions.kinds()[1].name, "adc.convert");
  EXPECT_EQ(actions.count(1, {Mode::evaluation, Phase::forward, 1}), 2U);
  EXPECT_EQ(actions.total(1, Mode::training), 0U);
  EXPECT_EQ(chip.tiles[0]->busy().ticks({Mode::evaluation, Phase::forward, 1}), chip.duration(0));
}

TEST_F(TileTest, CountsThePhasesOfABitSerialRead) {
  SmallChipParameters p = exact(3, 2);
  p.array.dac.scheme = crossbar::DacScheme::bit_serial;
  SmallChip& chip = build(p);
  chip.write(x_at, {1, 0, -0.5F});  // codes 63 and -32 (31.5, to even): six bits and one
  chip.run({forward(3, 2)});
  EXPECT_THAT(counts(*chip.tiles[0]),
              IsSupersetOf({Pair("dac.drive", (6 + 1) * 2U), Pair("adc.convert", 6 * 2U),
                            Pair("integrator.sample", 6 * 2U), Pair("array.read", 6 * 3 * 2 * 2U),
                            Pair("tile_digital.shift_add", 5 * 2U), Pair("tile_digital.rescale", 2U)}));
  p.array.dac.accumulation = crossbar::Accumulation::analog;
  SmallChip& analog = build(p);
  analog.write(x_at, {1, 0, -0.5F});
  analog.run({forward(3, 2)});
  EXPECT_THAT(counts(*analog.tiles[0]), IsSupersetOf({Pair("dac.drive", (6 + 1) * 2U), Pair("adc.convert", 2U),
                                                      Pair("integrator.sample", 6 * 2U)}));
  EXPECT_EQ(counts(*analog.tiles[0]).count("tile_digital.shift_add"), 0U);
}

TEST_F(TileTest, CountsTheSlicesOfAWeight) {
  SmallChipParameters p = exact(3, 2);
  p.array.slicing = {4, 2};
  SmallChip& chip = build(p);
  chip.write(w_at, {0.1F, 0.2F, 0.3F, -0.1F, -0.2F, 2.0F});
  chip.run({matrix(Opcode::program_weights, 0, flat(3), 2, {shared(w_at, 6, Access::read)}),
            matrix(Opcode::read_weights, 0, flat(3), 2, {shared(y_at, 6, Access::write)})});
  EXPECT_EQ(counts(*chip.tiles[0]),
            (Counts{{"array.program", 6 * 8}, {"dac.drive", 3}, {"adc.convert", 6 * 4}, {"integrator.sample", 6 * 4}}));
  EXPECT_EQ(chip.read(y_at, 1)[0], 26.0F / 255) << "0.1 of 255 levels";

  SmallChip& forwards = build(p);
  forwards.write(x_at, {1, 0, -0.5F});
  forwards.run({forward(3, 2)});
  EXPECT_THAT(counts(*forwards.tiles[0]),
              IsSupersetOf({Pair("dac.drive", 2 * 2U), Pair("adc.convert", 4 * 2U), Pair("integrator.sample", 4 * 2U),
                            Pair("array.read", 3 * 2 * 8U), Pair("tile_digital.shift_add", 3 * 2U)}));
  SmallChip& backwards = build(p);
  backwards.write(d_at, {1, -1});
  backwards.run({backward(3, 2)});
  EXPECT_THAT(counts(*backwards.tiles[0]),
              IsSupersetOf({Pair("dac.drive", 4 * 2 * 2U), Pair("adc.convert", 4 * 3U), Pair("array.read", 3 * 2 * 8U),
                            Pair("tile_digital.shift_add", 3 * 3U)}));
}

TEST_F(TileTest, CountsBackwardConvertersOfAnotherResolutionApart) {
  SmallChipParameters p = exact(3, 2);
  p.array.backward = p.array.reads(crossbar::Direction::backward);
  p.array.backward->adc.bits = 6;
  SmallChip& chip = build(p);
  chip.write(x_at, {1, 0, -0.5F});
  chip.write(d_at, {1, -1});
  chip.run({forward(3, 2), backward(3, 2)});
  EXPECT_THAT(counts(*chip.tiles[0]), IsSupersetOf({Pair("adc.convert", 2U), Pair("adc.convert_backward", 3U),
                                                    Pair("dac.drive", (2 + 2) * 2U)}));
  EXPECT_EQ(counts(*chip.tiles[0]).count("dac.drive_backward"), 0U);
  const auto cost = [&](const std::string& action) {
    for (const ActionKind& kind : chip.tiles[0]->actions().kinds()) {
      if (kind.name == action) return kind.cost;
    }
    return std::string();
  };
  EXPECT_EQ(cost("adc.convert"), "adc.convert.9b");
  EXPECT_EQ(cost("adc.convert_backward"), "adc.convert.6b");
  EXPECT_EQ(cost("dac.drive"), "dac.drive.7b");
  EXPECT_EQ(cost("dac.drive_backward"), "");
}

TEST_F(TileTest, PaysForWhatNoiseManagementLooksFor) {
  SmallChipParameters p = exact(3, 2);
  p.array.management.noise_scale = crossbar::NoiseScale::constant;
  SmallChip& constant = build(p);
  constant.write(x_at, {1, 0, -0.5F});
  constant.run({forward(3, 2)});
  EXPECT_EQ(counts(*constant.tiles[0]).count("tile_digital.search"), 0U);
  p.array.management.noise_scale = crossbar::NoiseScale::worst_case;
  SmallChip& worst = build(p);
  worst.write(x_at, {1, 0, -0.5F});
  worst.run({forward(3, 2)});
  EXPECT_THAT(counts(*worst.tiles[0]),
              IsSupersetOf({Pair("tile_digital.search", 3U), Pair("tile_digital.accumulate", 3U)}));
}

// ---- Read charge ----

struct ReadCharge : TileTest {
  std::uint64_t charge(const Floats& x, float w, crossbar::SignScheme sign) {
    SmallChipParameters p = exact(2, 1);
    p.array.conductance = {sign, 0.1};
    p.array.management.noise = false;
    SmallChip& chip = build(p);
    chip.tiles[0]->array().program(Floats{w, w});
    chip.write(x_at, x);
    chip.run({forward(2, 1)});
    result = chip.read(y_at, 1)[0];
    return SmallChip::count(*chip.tiles[0], "array.read_charge");
  }
  float result = 0;
};

TEST_F(ReadCharge, IsMagnitudeTimesConductance) {
  using enum crossbar::SignScheme;
  const double resolution = 2 * 0.5 * 63;  // a line's conductance is resolved to 2^-16 cells a DAC step
  // Full-scale cells of 2^16 counts; off 0.1. Differential: 0.2 + 0.9 |w|; reference: 1.1 + 0.45 w.
  EXPECT_NEAR(charge({1, 0}, 0, differential), 0.2 * 65536, resolution);
  EXPECT_NEAR(charge({1, -1}, 0, differential), 0.4 * 65536, resolution);
  EXPECT_NEAR(charge({1, 0}, 1, differential), 1.1 * 65536, resolution);
  EXPECT_NEAR(charge({1, 0}, -1, differential), 1.1 * 65536, resolution);
  EXPECT_NEAR(charge({1, 0}, 0, reference), 1.1 * 65536, resolution);
  EXPECT_NEAR(charge({1, 0}, 1, reference), 1.55 * 65536, resolution);
  EXPECT_NEAR(charge({1, 0}, -1, reference), 0.65 * 65536, resolution);
}

TEST_F(ReadCharge, GrowsWithTheInputAndTheSchemeDoesNotTouchTheResult) {
  std::uint64_t before = 0;
  for (const float x : {0.25F, 0.5F, 0.75F, 1.0F}) {
    const std::uint64_t now = charge({x, 0}, 0.5F, crossbar::SignScheme::differential);
    EXPECT_GT(now, before);
    before = now;
    const float differential = result;
    EXPECT_NE(charge({x, 0}, 0.5F, crossbar::SignScheme::reference), now);
    EXPECT_EQ(result, differential);
  }
}

// ---- Time of reads ----

struct ReadTime : TileTest {
  /// Cycles of a forward read of four vectors, none of them zero, on an 8 x 8 tile.
  std::uint64_t cycles(const SmallChipParameters& p) {
    SmallChip& chip = build(p);
    chip.write(x_at, values_of(32, 1));
    chip.run({forward()}, {.images = 4});
    EXPECT_EQ(chip.duration(0) % ns, 0U);
    return chip.duration(0) / ns;
  }
  /// The operands add: granted at 1; 4 runs in 4 + 1 cycles, so 5 / 4 to the first vector; 4 cycles to write four
  /// vectors, so 1 for the last: 3.25, rounded up with the rest, which is whole.
  static std::uint64_t four_vectors(std::uint64_t interval, std::uint64_t latency) {
    return 4 + latency + 3 * interval;
  }
};

TEST_F(ReadTime, IsThatOfTheIntegrationsWhenTheyAreLongest) {
  // search 8 / 4 = 2, read 2 x 10, convert 8 lines on one converter at 1 GHz, scale 8 / 8 = 1
  EXPECT_EQ(cycles(exact()), four_vectors(20, 2 + 20 + 8 + 1));
}

TEST_F(ReadTime, OnePhaseHalvesTheIntegration) {
  SmallChipParameters p = exact();
  p.tile.read_phases = 1;
  EXPECT_EQ(cycles(p), four_vectors(10, 2 + 10 + 8 + 1));
}

TEST_F(ReadTime, IsThatOfTheSharedConvertersWhenTheyAreSlowest) {
  SmallChipParameters p = exact();
  p.tile.read_time = 1e-9;
  EXPECT_EQ(cycles(p), four_vectors(8, 2 + 2 + 8 + 1));
  p.array.adc.shared_by = 4;
  EXPECT_EQ(cycles(p), four_vectors(4, 2 + 2 + 4 + 1));
  p.array.adc.shared_by = 64;  // no more than there are columns
  EXPECT_EQ(cycles(p), four_vectors(8, 2 + 2 + 8 + 1));
}

TEST_F(ReadTime, IsThatOfTheSearchWhenItHasOneLane) {
  SmallChipParameters p = exact();
  p.tile.read_time = 1e-9;
  p.tile.search_lanes = 1;
  p.array.adc.shared_by = 1;
  EXPECT_EQ(cycles(p), four_vectors(8, 8 + 2 + 1 + 1));
  p.array.management.noise = false;
  p.tile.rescale_lanes = 4;
  EXPECT_EQ(cycles(p), four_vectors(2, 0 + 2 + 1 + 2));
}

TEST_F(ReadTime, IsThatOfTheScalingWhenItHasOneLane) {
  SmallChipParameters p = exact();
  p.tile.read_time = 1e-9;
  p.tile.rescale_lanes = 1;
  p.array.adc.shared_by = 1;
  EXPECT_EQ(cycles(p), four_vectors(8, 2 + 2 + 1 + 8));
}

TEST_F(ReadTime, OfABitSerialReadIsThatOfItsPhases) {
  SmallChipParameters p = exact();
  p.array.dac.scheme = crossbar::DacScheme::bit_serial;
  // 6 phases of 2 x 10, each with the conversions of 8 lines; 6 x 8 codes to add.
  EXPECT_EQ(cycles(p), four_vectors(120, 2 + 120 + 48 + 6));
  p.array.dac.phase_bits = 4;  // two phases
  EXPECT_EQ(cycles(p), four_vectors(40, 2 + 40 + 16 + 2));
  p.array.dac.accumulation = crossbar::Accumulation::analog;
  EXPECT_EQ(cycles(p), four_vectors(40, 2 + 40 + 8 + 1));
}

TEST_F(ReadTime, OfAPulseWidthReadIsThatOfTheCodeRange) {
  SmallChipParameters p = exact();
  p.array.dac.scheme = crossbar::DacScheme::pulse_width;
  EXPECT_EQ(cycles(p), four_vectors(2 * 63, 2 + 2 * 63 + 8 + 1));
  p.array.dac.bits = 5;
  EXPECT_EQ(cycles(p), four_vectors(2 * 15, 2 + 2 * 15 + 8 + 1));
}

TEST_F(ReadTime, OfSlicesIsThatOfMoreLinesForwardAndMoreReadsBackward) {
  SmallChipParameters p = exact();
  p.array.slicing = {4, 2};
  EXPECT_EQ(cycles(p), four_vectors(20, 2 + 20 + 8 + 4)) << "4 x 8 lines on 4 converters";
  p.array.adc.shared_by = 64;
  EXPECT_EQ(cycles(p), four_vectors(32, 2 + 20 + 32 + 4)) << "on one";
  p.array.adc.shared_by = 8;
  SmallChip& chip = build(p);
  chip.write(d_at, values_of(32, 1));
  chip.run({backward()}, {.images = 4});
  EXPECT_EQ(chip.duration(0) / ns, four_vectors(80, 2 + 80 + 32 + 4));
}

TEST_F(ReadTime, OfTheBackwardPassFollowsItsOwnConverters) {
  SmallChipParameters p = exact();
  p.array.backward = p.array.reads(crossbar::Direction::backward);
  p.array.backward->adc.rate = 0.25e9;
  EXPECT_EQ(cycles(p), four_vectors(20, 2 + 20 + 8 + 1));
  SmallChip& chip = build(p);
  chip.write(d_at, values_of(32, 1));
  chip.run({backward()}, {.images = 4});
  EXPECT_EQ(chip.duration(0) / ns, four_vectors(32, 2 + 20 + 32 + 1));
}

TEST_F(ReadTime, IsThatOfTheOperandsWhenTheTileIsFaster) {
  SmallChipParameters p = exact();
  p.tile.read_time = 1e-9;
  p.tile.read_phases = 1;
  p.tile.search_lanes = p.tile.rescale_lanes = 8;
  p.array.adc.shared_by = 1;
  p.buffer.banks = 1;  // 4 words a run: 16 cycles to read, 16 to write
  // read 1 to 17, data at 18: p = 17 / 4, latency 4, first 9.25; last max(9.25 + 3, 18 + 4) = 22.
  // write at 11 to 27, on the other port; q = 16 / 4: end max(27, 26).
  EXPECT_EQ(cycles(p), 27U);
}

TEST_F(ReadTime, AVectorOfZerosIsNotRead) {
  SmallChip& chip = build(exact());
  Floats x(32);
  x[8] = 1;  // the second of four vectors
  chip.write(x_at, x);
  chip.run({forward()}, {.images = 4});
  // One item: p = 5, first = last = 1 + 5 + 31 = 37. The write is seen then, arbitrated for 1 and takes 4 cycles.
  EXPECT_EQ(chip.duration(0), 42 * ns);
  EXPECT_EQ(SmallChip::count(*chip.tiles[0], "adc.convert"), 8U);
}

TEST_F(ReadTime, ARepeatOfBoundManagementIsOneMoreItem) {
  SmallChipParameters p = exact();
  p.array.adc.bound = 3;
  SmallChip& chip = build(p);
  chip.tiles[0]->array().program(Floats(64, 1));
  Floats x(16);
  std::fill_n(x.begin(), 8, 1.0F);  // sums to 8: reads of 8, 4 and 2, of which the last does not clip
  x[8] = 1;                         // sums to 1
  chip.write(x_at, x);
  chip.run({forward()}, {.images = 2});
  const std::uint64_t reads = 3 + 1;
  EXPECT_THAT(
      counts(*chip.tiles[0]),
      IsSupersetOf({Pair("adc.convert", reads * 8), Pair("integrator.sample", reads * 8),
                    Pair("array.read", reads * 64 * 2), Pair("dac.drive", std::uint64_t{(3 * 8 + 1) * 2}),
                    Pair("tile_digital.rescale", reads * 8), Pair("tile_digital.search", std::uint64_t{2 * 8})}));
  // Two runs in 2 + 1 cycles: p = 3 / 4; 2 cycles to write: q = 2 / 4; 1 + 0.75 + 31 + 3 x 20 + 0.5, at edge 94.
  EXPECT_EQ(chip.duration(0), 94 * ns);
  const float step = 3.0F / 255;
  EXPECT_NEAR(chip.read(y_at, 1)[0], 8, 4 * step + 0.1);
  EXPECT_NEAR(chip.read(y_at + 32, 1)[0], 1, step);

  p.array.management.forward_bound = crossbar::BoundManagement::none;
  SmallChip& without = build(p);
  without.tiles[0]->array().program(Floats(64, 1));
  without.write(x_at, x);
  without.run({forward()}, {.images = 2});
  EXPECT_EQ(SmallChip::count(*without.tiles[0], "adc.convert"), 2 * 8U);
  EXPECT_EQ(without.read(y_at, 1)[0], 3.0F);
}

// ---- Time of updates ----

struct UpdateTime : TileTest {
  std::uint64_t cycles(const SmallChipParameters& p, const Floats& largest_errors, float learning_rate = 5 * dw_min) {
    SmallChip& chip = build(p);
    const auto n = static_cast<std::uint32_t>(largest_errors.size());
    chip.write(x_at, Floats(n * 8, 1));
    Floats d(n * 8);
    for (std::size_t v = 0; v < n; ++v) d[v * 8] = largest_errors[v];
    chip.write(d_at, d);
    chip.run({update()}, {.images = n, .learning_rate = learning_rate});
    slots = SmallChip::count(*chip.tiles[0], "pulse_generator.slot") / 16;
    return chip.duration(0) / ns;
  }
  std::uint64_t slots = 0;
};

TEST_F(UpdateTime, IsTheSumOfTheTrainsOrTheSearchWhereItIsLonger) {
  // k = 5, 2.5, none, 5 / 16: trains of 5, 3, 0 and 1 slots of 2 x 1 ns. Search (8 + 8) / 4 = 4 cycles.
  // Vectors take max(4, 10), max(4, 6), 4, max(4, 2) = 24, on average 6; latency a search and a train, 4 + 18 / 4.
  // Reads: x and d in parallel from 1 to 6, p = 5 / 4. 1 + 1.25 + 8.5 + 3 x 6 = 28.75.
  EXPECT_EQ(cycles(exact(), {1, 0.5F, 0, 1.0F / 16}), 29U);
  EXPECT_EQ(slots, 5U + 3 + 1);
}

TEST_F(UpdateTime, OnePhaseHalvesTheTrains) {
  SmallChipParameters p = exact();
  p.tile.pulse_phases = 1;
  p.tile.search_lanes = 16;
  // Vectors take 5, 3, 1, 1 = 10, on average 2.5; latency 1 + 9 / 4: 1 + 1.25 + 3.25 + 7.5 = 13.
  EXPECT_EQ(cycles(p, {1, 0.5F, 0, 1.0F / 16}), 13U);
}

TEST_F(UpdateTime, OneVectorTakesItsWholeTrain) {
  // k = 40: the longest train, 31 slots of 2 ns. Reads 1 to 3: 1 + 2 + 4 + 62.
  EXPECT_EQ(cycles(exact(), {1}, 40 * dw_min), 69U);
  EXPECT_EQ(slots, 31U);
}

TEST_F(UpdateTime, WithoutLengthManagementEveryTrainIsTheLongest) {
  SmallChipParameters p = exact();
  p.tile.update.length_management = false;
  // Vectors take 62, 62, 4, 62 = 190, on average 47.5; latency 4 + 186 / 4: 1 + 1.25 + 50.5 + 142.5 = 195.25.
  EXPECT_EQ(cycles(p, {1, 0.5F, 0, 1.0F / 16}), 196U);
  EXPECT_EQ(slots, 3U * 31);
}

TEST_F(UpdateTime, IsNotShorterInBlocksOfOneVector) {
  const Floats errors{1, 0.5F, 0, 1.0F / 16};
  const std::uint64_t whole = cycles(exact(), errors);
  SmallChipParameters p = exact();
  p.controller.block_vectors = 1;
  SmallChip& chip = build(p);
  chip.write(x_at, Floats(32, 1));
  Floats d(32);
  for (std::size_t v = 0; v < 4; ++v) d[v * 8] = errors[v];
  chip.write(d_at, d);
  chip.run({update()}, {.images = 4, .learning_rate = 5 * dw_min});
  std::uint64_t sum = 0;
  for (const CommandEvent& event : chip.events) sum += event.end - event.start;
  EXPECT_GE(sum / ns, whole);
}

// ---- Time of the rest ----

TEST_F(TileTest, ProgrammingTakesItsTimeForEveryRow) {
  SmallChip& chip = build(exact());
  chip.run({matrix(Opcode::program_weights, 0, flat(8), 8, {shared(w_at, 64, Access::read)})});
  // 8 runs from 1 to 10: p = 9 / 8; 8 rows of 1 us; at edge.
  EXPECT_EQ(chip.duration(0), (1 + 2 + 8000) * ns);
}

TEST_F(TileTest, ReadingBackTakesAReadAndItsConversionsForEveryRow) {
  SmallChip& chip = build(exact());
  chip.run({matrix(Opcode::read_weights, 0, flat(8), 8, {shared(w_at, 64, Access::write)})});
  // interval max(10, 8), latency 18: last 18 + 7 x 10 = 88; 8 rows written in 8 cycles: one more for the last.
  EXPECT_EQ(chip.duration(0), 89 * ns);
}

TEST_F(TileTest, AccumulatingTakesTheLanesItHas) {
  SmallChipParameters p;
  p.tiles = {{8, 8}};
  SmallChip& chip = build(p);
  const Floats x = values_of(32, 1), d = values_of(32, 2);
  chip.write(x_at, x);
  chip.write(d_at, d);
  chip.write(w_at, Floats(64, 0.5F));
  chip.run({matrix(Opcode::accumulate, 0, flat(8), 8,
                   {per_image(x_at, 8, Access::read), per_image(d_at, 8, Access::read),
                    shared(w_at, 64, Access::read_write)})},
           {.images = 4});
  // 64 multiply-adds in 8 lanes: 8 cycles a vector. Reads: x 1 to 6 and d 1 to 6 on the two bus channels; the
  // gradient, 8 rows of 32 bytes, behind them at 5 to 13 and 14. g = 5, r = 14, p = 9 / 4:
  // first 5 + 2.25 + 8 = 15.25, last max(15.25 + 24, 14 + 8). The write's 8 cycles: q = 2. 41.25, at edge 42.
  EXPECT_EQ(chip.duration(0), 42 * ns);
  EXPECT_EQ(counts(*chip.tiles[0]), (Counts{{"ideal.mac", 4 * 64}}));
  Floats sums(64, 0.5F);
  for (std::size_t v = 0; v < 4; ++v) {
    for (std::size_t i = 0; i < 8; ++i) {
      for (std::size_t j = 0; j < 8; ++j) sums[i * 8 + j] = std::fma(x[v * 8 + i], d[v * 8 + j], sums[i * 8 + j]);
    }
  }
  EXPECT_EQ(bits_of(chip.read(w_at, 64)), bits_of(sums));
}

// ---- Values ----

TEST_F(TileTest, AnUpdateByRowsOfTheMatrixTakesEveryRowsErrors) {
  SmallChip& chip = build(exact(3, 2));
  Command command = matrix(Opcode::update, 0, flat(3), 2, {MemoryOperand{}, shared(d_at, 6, Access::read)});
  command.one_hot = true;
  chip.write(d_at, {1, -1, 0, 0, -1, 1});
  chip.run({command}, {.images = 1, .learning_rate = 5 * dw_min});
  EXPECT_THAT(chip.tiles[0]->array().weights(),
              ElementsAre(-5 * dw_min, 5 * dw_min, 0.0F, 0.0F, 5 * dw_min, -5 * dw_min));
}

TEST_F(TileTest, AConvolutionMayEndWithTheMemory) {
  // Kernels of 3 x 3 over 4 x 4 images of 3 channels, whose patches overlap, and over 1 x 1 images with padding, which
  // are smaller than a kernel's row: no run may reach behind the image.
  constexpr PatchGeometry overlapping{4, 4, 3, 3, 3, 1, 0}, padded{1, 1, 3, 3, 3, 1, 1};
  for (const PatchGeometry& conv : {overlapping, padded}) {
    for (const Granularity granularity : {Granularity::block, Granularity::burst}) {
      SmallChipParameters p;
      p.tiles = {{27, 4}};
      p.granularity = granularity;
      SmallChip& chip = build(p);
      const auto image = static_cast<std::uint32_t>(conv.image_values());
      const std::uint64_t place = 65536 - image * 4;
      chip.tiles[0]->array().program(values_of(27 * 4, 1));
      chip.write(place, values_of(image, 2));
      EXPECT_NO_THROW(
          chip.run({matrix(Opcode::forward, 0, conv, 4,
                           {per_image(place, image, Access::read),
                            per_image(y_at, static_cast<std::uint32_t>(conv.positions() * 4), Access::write)})}));
    }
  }
}

/// A layer of 12 x 10 on one tile, on two by rows or on two by columns.
struct SplitMatrix : testing::SmallChipTest {
  struct Part {
    std::uint32_t first_input, inputs, first_output, outputs;
  };
  static constexpr std::uint32_t images = 9;
  static inline const std::vector<Part> whole{{0, 12, 0, 10}}, by_rows{{0, 7, 0, 10}, {7, 5, 0, 10}},
      by_columns{{0, 12, 0, 6}, {0, 12, 6, 4}};

  struct Result {
    Floats y, dx, w, gradient;
  };
  Result run(const std::vector<Part>& parts, std::int64_t block_vectors = 0) {
    SmallChipParameters p;
    p.controller.block_vectors = block_vectors;
    for (const Part& part : parts) p.tiles.push_back({part.inputs, part.outputs});
    SmallChip& chip = build(p);
    const std::uint64_t dx_at = 0x4000, back_at = 0x5000, gradient_at = 0x6000;
    chip.write(x_at, values_of(images * 12, 1));
    chip.write(d_at, values_of(images * 10, 2));
    chip.write(w_at, values_of(12 * 10, 3));
    std::vector<Command> program;
    for (std::uint16_t t = 0; t < parts.size(); ++t) {
      const auto add = [&](Opcode opcode, std::initializer_list<MemoryOperand> operands, bool accumulate = false) {
        Command command = matrix(opcode, t, flat(12), 10, operands);
        command.first_input = parts[t].first_input;
        command.inputs = parts[t].inputs;
        command.first_output = parts[t].first_output;
        command.outputs = parts[t].outputs;
        command.accumulate = accumulate;
        program.push_back(command);
      };
      const bool adds_outputs = parts[t].first_input > 0;
      const bool adds_inputs = parts[t].first_output > 0;
      const auto access = [](bool adds) { return adds ? Access::read_write : Access::write; };
      add(Opcode::program_weights, {shared(w_at, 120, Access::read)});
      add(Opcode::forward, {per_image(x_at, 12, Access::read), per_image(y_at, 10, access(adds_outputs))},
          adds_outputs);
      add(Opcode::backward, {per_image(d_at, 10, Access::read), per_image(dx_at, 12, access(adds_inputs))},
          adds_inputs);
      add(Opcode::accumulate, {per_image(x_at, 12, Access::read), per_image(d_at, 10, Access::read),
                               shared(gradient_at, 120, Access::read_write)});
      add(Opcode::read_weights, {shared(back_at, 120, Access::write)});
    }
    chip.run(program, {.images = images});
    return {chip.read(y_at, images * 10), chip.read(dx_at, images * 12), chip.read(back_at, 120),
            chip.read(gradient_at, 120)};
  }
  static void expect_near(const Floats& a, const Floats& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-6) << i;
  }
};

TEST_F(SplitMatrix, ByRowsIsTheWholeOneToRounding) {
  const Result one = run(whole);
  const Result two = run(by_rows);
  expect_near(two.y, one.y);  // partial sums are added
  EXPECT_EQ(bits_of(two.dx), bits_of(one.dx));
  EXPECT_EQ(bits_of(two.w), bits_of(one.w));
  EXPECT_EQ(bits_of(two.gradient), bits_of(one.gradient));
}

TEST_F(SplitMatrix, ByColumnsIsTheWholeOneToTheBit) {
  const Result one = run(whole);
  const Result two = run(by_columns);
  EXPECT_EQ(bits_of(two.y), bits_of(one.y));
  expect_near(two.dx, one.dx);  // here the errors are partial sums
  EXPECT_EQ(bits_of(two.w), bits_of(one.w));
  EXPECT_EQ(bits_of(two.gradient), bits_of(one.gradient));
  EXPECT_EQ(bits_of(one.w), bits_of(values_of(12 * 10, 3)));
}

TEST_F(SplitMatrix, GivesTheSameBitsInBlocks) {
  for (const auto* parts : {&by_rows, &by_columns}) {
    const Result unbounded = run(*parts);
    const Result blocks = run(*parts, 2);
    EXPECT_EQ(bits_of(blocks.y), bits_of(unbounded.y));
    EXPECT_EQ(bits_of(blocks.dx), bits_of(unbounded.dx));
    EXPECT_EQ(bits_of(blocks.gradient), bits_of(unbounded.gradient));
  }
}

// ---- State and errors ----

TEST_F(TileTest, RefusesAMatrixThatIsLargerThanTheTile) {
  SmallChipParameters p;
  p.tile.rows = 8;
  p.tiles = {{9, 4}};
  EXPECT_THROW(build(p), InputError);
}

TEST_F(TileTest, SavedWeightsComeBackAndOthersAreRefused) {
  SmallChip& chip = build(exact());
  const Floats w = values_of(64, 1);
  chip.tiles[0]->array().program(w);
  const auto state = chip.tiles[0]->save_state();
  chip.tiles[0]->array().program(Floats(64, 0));
  chip.tiles[0]->restore_state(state);
  EXPECT_EQ(chip.tiles[0]->array().weights(), w);
  EXPECT_THROW(chip.tiles[0]->restore_state(std::span(state).first(252)), std::invalid_argument);
}

TEST_F(TileTest, HasConvertersForItsLongerEdge) {
  SmallChipParameters p = exact();
  p.tile.rows = 40;
  p.tile.columns = 24;
  SmallChip& chip = build(p);
  Counts parts;
  for (const InventoryItem& item : chip.tiles[0]->inventory()) parts[item.component] = item.count;
  EXPECT_EQ(parts, (Counts{{"array", 40 * 24 * 2},
                           {"adc", 5},
                           {"dac", 64},
                           {"integrator", 40},
                           {"pulse_generator", 64},
                           {"tile_digital", 1}}));

  p.array.slicing = {4, 2};  // 24 x 4 columns of cells
  SmallChip& sliced = build(p);
  parts.clear();
  for (const InventoryItem& item : sliced.tiles[0]->inventory()) parts[item.component] = item.count;
  EXPECT_EQ(parts, (Counts{{"array", 40 * 24 * 8},
                           {"adc", 12},
                           {"dac", 40 + 96},
                           {"integrator", 96},
                           {"pulse_generator", 64},
                           {"tile_digital", 1}}));
}

TEST_F(TileTest, HasConvertersOfTheHigherResolutionOfItsPasses) {
  const auto converter_of = [&](std::int64_t forward, std::int64_t backward) {
    SmallChipParameters p = exact();
    p.array.adc.bits = backward;
    p.array.backward = p.array.reads(crossbar::Direction::forward);
    p.array.adc.bits = forward;
    return build(p).tiles[0]->inventory().at(1).cost;
  };
  EXPECT_EQ(converter_of(7, 9), "adc.9b");
  EXPECT_EQ(converter_of(9, 7), "adc.9b");
  EXPECT_EQ(converter_of(6, 6), "adc.6b");
}

}  // namespace
}  // namespace rheo
