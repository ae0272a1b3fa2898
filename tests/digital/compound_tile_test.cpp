// What compounds do on a tile: time and counts of updates with transfers, of the end of a batch, and without pulses.
#include <gmock/gmock.h>

#include <map>

#include "models/crossbar/tile.hpp"
#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using testing::bits_of;
using ::testing::ElementsAre;
using testing::exact_array;
using testing::flat;
using testing::matrix;
using testing::ns;
using testing::per_image;
using testing::SmallChip;
using testing::SmallChipParameters;

using Counts = std::map<std::string, std::uint64_t>;

constexpr std::uint64_t x_at = 0, d_at = 0x2000;
constexpr float dw_min = 0x1p-7F;
constexpr std::uint32_t inputs = 4, outputs = 8;

struct CompoundTile : testing::SmallChipTest {
  static SmallChipParameters exact() {
    SmallChipParameters p;
    p.array = exact_array(dw_min);
    p.array.adc.bound = 2;
    p.tile.update.mode = crossbar::UpdateMode::deterministic_implicit;
    p.tiles = {{inputs, outputs}};
    return p;
  }
  static Command update() {
    return matrix(Opcode::update, 0, flat(inputs), outputs,
                  {per_image(x_at, inputs, Access::read), per_image(d_at, outputs, Access::read)});
  }
  static Command end_of_batch() { return matrix(Opcode::end_batch, 0, flat(inputs), outputs, {}); }
  static Counts counts(Tile& tile) {
    Counts counts;
    for (const ActionKind& kind : tile.actions().kinds()) {
      if (const auto n = SmallChip::count(tile, kind.name)) counts[kind.name] = n;
    }
    return counts;
  }
  SmallChip& with_ones(const SmallChipParameters& p) {
    SmallChip& chip = build(p);
    chip.write(x_at, std::vector<float>(2 * inputs, 1.0F));
    chip.write(d_at, std::vector<float>(2 * outputs, -1.0F));
    return chip;
  }
};

TEST_F(CompoundTile, DecayTakesNoTimeAndNoEnergyAndHappensOncePerCommand) {
  SmallChipParameters p = exact();
  p.array.device.cell.population.lifetime = 4;
  SmallChip& chip = build(p);
  chip.tiles[0]->array().program(std::vector<float>(inputs * outputs, 0.5F));
  chip.run({end_of_batch()});
  EXPECT_THAT(chip.tiles[0]->array().weights(), ::testing::Each(0.375F));
  EXPECT_EQ(counts(*chip.tiles[0]), Counts{});
  EXPECT_EQ(chip.duration(0), 0U);
}

TEST_F(CompoundTile, TransferAtTheEndOfABatchIsAReadThenAWrite) {
  SmallChipParameters p = exact();
  p.array.device.compound.kind = crossbar::Compound::transfer;
  p.array.device.compound.transfer.direct_update.mode = crossbar::UpdateMode::deterministic_implicit;
  SmallChip& chip = with_ones(p);
  chip.run({update(), end_of_batch()}, {.images = 1, .learning_rate = 8 * dw_min});
  // fast_lr 1 x 8 steps to A; converters with steps of 2 / 255: 8 steps of 2^-7 are 7.97 of them, read as 8.
  // C: 8 / 127.5 x 8 dw_min = half a step, in a train of one slot: all 8 values of the line, rint(0.502) = 1.
  const Counts n = counts(*chip.tiles[0]);
  EXPECT_EQ(n.at("adc.convert"), outputs);
  EXPECT_EQ(n.at("dac.drive"), 1U);
  EXPECT_EQ(n.at("array.read"), inputs * outputs * 2);
  EXPECT_EQ(n.at("array.pulse"), (8 * inputs * outputs + outputs) * 2);
  EXPECT_EQ(n.at("pulse_generator.slot"), (8 + 1) * (inputs + outputs));
  // Read 10 ns, 8 conversions at 1 GHz, then the longer of search (12 / 4 lanes) and a slot of two phases of 1 ns.
  EXPECT_EQ(chip.duration(1), (10 + 8 + 3) * ns);
}

TEST_F(CompoundTile, TransfersWithinAnUpdateTakeTimeOfIt) {
  SmallChipParameters p = exact();
  p.array.device.compound.kind = crossbar::Compound::transfer;
  p.array.device.compound.transfer.units_in_mbatch = false;
  p.array.device.compound.transfer.transfer_every = 0;
  const auto duration = [&] {
    SmallChip& chip = with_ones(p);
    chip.run({update()}, {.images = 2, .learning_rate = 8 * dw_min});
    return chip.duration(0);
  };
  const std::uint64_t without = duration();
  p.array.device.compound.transfer.transfer_every = 1;
  // Each vector: a read and a write more, as above.
  EXPECT_EQ(duration() - without, 2 * (10 + 8 + 3) * ns);
}

TEST_F(CompoundTile, MixedPrecisionTakesMultiplyAddsThenPulses) {
  SmallChipParameters p = exact();
  p.array.device.compound.kind = crossbar::Compound::mixed_precision;
  SmallChip& chip = with_ones(p);
  chip.run({update(), end_of_batch()}, {.images = 2, .learning_rate = 8 * dw_min});
  EXPECT_THAT(chip.tiles[0]->array().weights(), ::testing::Each(16 * dw_min));
  const Counts n = counts(*chip.tiles[0]);
  EXPECT_EQ(n.at("ideal.mac"), (2 + 1) * inputs * outputs) << "two products, one look at every value";
  EXPECT_EQ(n.at("array.pulse"), 16 * inputs * outputs * 2);
  // 8 writes of 16 slots of 2 ns; 32 values on 8 lanes.
  EXPECT_EQ(chip.duration(1), (8 * 32 + 4) * ns);
  ASSERT_EQ(chip.tiles[0]->buffers().size(), 1U);
  EXPECT_EQ(chip.tiles[0]->buffers()[0].capacity_bits, inputs * outputs * 32U);
}

TEST_F(CompoundTile, RefreshReadsBothCellsOfEveryRow) {
  SmallChipParameters p = exact();
  p.array.device.compound.kind = crossbar::Compound::one_sided;
  p.array.device.compound.one_sided.refresh_every = 1;
  SmallChip& chip = with_ones(p);
  chip.run({end_of_batch()});
  const Counts n = counts(*chip.tiles[0]);
  EXPECT_EQ(n.at("adc.convert"), 2 * inputs * outputs);
  EXPECT_EQ(n.at("array.read"), 2 * inputs * inputs * outputs) << "every read has the whole plane on its lines";
  EXPECT_EQ(chip.duration(0), 2 * inputs * (10 + 8) * ns);
}

TEST_F(CompoundTile, AnUpdateWithoutPulsesTakesMultiplyAddsInstead) {
  SmallChipParameters p = exact();
  p.tile.update.mode = crossbar::UpdateMode::none_with_device;
  SmallChip& chip = with_ones(p);
  chip.run({update()}, {.images = 2, .learning_rate = 0.25F});
  EXPECT_THAT(chip.tiles[0]->array().weights(), ::testing::Each(0.5F));
  EXPECT_EQ(counts(*chip.tiles[0]),
            (Counts{{"ideal.mac", 2 * inputs * outputs}, {"tile_digital.search", 2 * (inputs + outputs)}}));
  // As the digital gradient of the ideal device: 32 products on 8 lanes a vector, here after a search of 3 cycles.
  SmallChipParameters slow = p;
  slow.tile.accumulate_lanes = 1;
  const std::uint64_t quick = chip.duration(0);
  SmallChip& other = with_ones(slow);
  other.run({update()}, {.images = 2, .learning_rate = 0.25F});
  EXPECT_EQ(other.duration(0) - quick, 2 * (32 - 4) * ns);
}

}  // namespace
}  // namespace rheo
