#include "models/memory/dma.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using rheo::ceil_divide;
using ::testing::HasSubstr;
using testing::ns;
using testing::SmallChip;
using testing::SmallChipParameters;
using testing::transfer;
using testing::values_of;

constexpr std::uint64_t dispatch = ceil_divide(sizeof(Command), 64) * ns;

struct DmaTest : testing::SmallChipTest {
  /// Cycles of a copy of 4096 bytes within the buffer.
  std::uint64_t copy(const SmallChipParameters& p) {
    SmallChip& chip = build(p);
    chip.run({transfer(0, 0x4000, 4096)});
    return chip.duration(0) / ns;
  }
};

// 4096 bytes are 64 bursts and 128 cycles of the buffer: read 1 to 129, the last word at 130; p = 129 / 64 = 2.016.
// Latency 16: the first burst is there at 1 + 2.016 + 16 = 19.016. Written from 21 to 149 on the other port.

TEST_F(DmaTest, ACopyTakesItsBurstsWhenTheRoundTripsBoundIt) {
  // 32 / 8 = 4 ns apart: last max(19.016 + 63 x 4, 130 + 16) = 271.016; 128 / 64 for its write: 273.016, at edge 274.
  EXPECT_EQ(copy({}), 274U);
}

TEST_F(DmaTest, OneOutstandingBurstWaitsForEveryRoundTrip) {
  SmallChipParameters p;
  p.dma.outstanding = 1;
  EXPECT_EQ(copy(p), 2038U);  // 19.016 + 63 x 32 + 2 = 2037.016
}

TEST_F(DmaTest, ACopyTakesTheMemorysTimeWhenThatBoundsIt) {
  SmallChipParameters p;
  p.dma.round_trip = 0;
  EXPECT_EQ(copy(p), 149U);  // last 130 + 16, and 2 for its write, end before the writes do
  p.buffer.ports = 1;
  EXPECT_EQ(copy(p), 257U);  // the write waits for the read's port: 129 to 257
}

TEST_F(DmaTest, ADescriptorCostsItsSetupOnce) {
  SmallChipParameters p;
  p.dma.setup_cycles = 116;
  EXPECT_EQ(copy(p), 374U);
}

TEST_F(DmaTest, TwoTransfersOnOneChannelTakeTheSumOfTheirTimes) {
  SmallChip& chip = build();
  chip.run({transfer(0, 0x4000, 4096), transfer(0x1000, 0x5000, 4096)});
  EXPECT_EQ(chip.event(1).start, chip.event(0).end);
  EXPECT_EQ(chip.duration(0), 274 * ns);
  EXPECT_EQ(chip.duration(1), 274 * ns);
}

TEST_F(DmaTest, TwoTransfersOnTwoChannelsOverlap) {
  SmallChipParameters p;
  p.dma.channels = 2;
  p.bus.channels = 4;
  SmallChip& chip = build(p);
  chip.run({transfer(0, 0x4000, 4096), transfer(0x1000, 0x5000, 4096)});
  EXPECT_EQ(chip.duration(0), 274 * ns);
  EXPECT_EQ(chip.event(1).start, chip.event(0).start + dispatch);
  EXPECT_LT(chip.event(1).end, chip.event(0).start + 2 * 274 * ns);
  EXPECT_GT(chip.duration(1), 274 * ns);  // but both use the buffer's ports
  EXPECT_EQ(chip.dma.parallel(), 2U);
}

TEST_F(DmaTest, ManyTransfersOnFewChannelsAllEnd) {
  SmallChipParameters p;
  p.dma.channels = 3;
  SmallChip& chip = build(p);
  const auto x = values_of(20 * 32, 1);
  chip.write(SmallChip::host_window, x);
  std::vector<Command> program;
  for (std::uint64_t i = 0; i < 20; ++i) program.push_back(transfer(SmallChip::host_window + i * 128, i * 128, 128));
  chip.run(program);
  EXPECT_EQ(chip.read(0, 20 * 32), x);
  EXPECT_EQ(SmallChip::count(chip.dma, "dma.byte"), 20 * 128U);
  EXPECT_EQ(SmallChip::count(chip.dma, "dma.descriptor"), 20U);
}

TEST_F(DmaTest, ValuesArriveByteForByteInBothGranularities) {
  for (const Granularity granularity : {Granularity::block, Granularity::burst}) {
    SmallChipParameters p;
    p.granularity = granularity;
    SmallChip& chip = build(p);
    const std::uint32_t odd = 1001;
    const auto from = chip.at<std::uint8_t>(SmallChip::host_window + 4, odd);
    for (std::size_t i = 0; i < odd; ++i) from[i] = static_cast<std::uint8_t>(i * 37);
    chip.run({transfer(SmallChip::host_window + 4, 3, odd)});
    const auto to = chip.at<std::uint8_t>(3, odd);
    EXPECT_TRUE(std::ranges::equal(from, to));
    EXPECT_EQ(chip.at<std::uint8_t>(2, 1)[0], 0U);
    EXPECT_EQ(chip.at<std::uint8_t>(3 + odd, 1)[0], 0U);
    EXPECT_EQ(SmallChip::count(chip.dma, "dma.byte"), odd);
    EXPECT_EQ(SmallChip::count(chip.host_port, "host.byte"), odd);
  }
}

TEST_F(DmaTest, ChainsOfTransfersWaitForEachOther) {
  SmallChipParameters p;
  p.dma.channels = 4;
  SmallChip& chip = build(p);
  const auto x = values_of(16, 1);
  chip.write(SmallChip::host_window, x);
  chip.run({transfer(SmallChip::host_window, 0, 64), transfer(0, 0x100, 64), transfer(0x100, 0x200, 64)});
  EXPECT_EQ(chip.event(1).start, chip.event(0).end + dispatch);
  EXPECT_EQ(chip.event(2).start, chip.event(1).end + dispatch);
  EXPECT_EQ(chip.read(0x200, 16), x);
}

TEST_F(DmaTest, SourceAndDestinationOfDifferentSizeAreAnError) {
  SmallChip& chip = build();
  Command command = transfer(0, 0x100, 64);
  command.operands[1].values = 63;
  try {
    chip.run({command});
    ADD_FAILURE() << "nobody noticed";
  } catch (const SimulationError& error) {
    EXPECT_THAT(error.what(), HasSubstr("source and destination differ"));
  }
}

}  // namespace
}  // namespace rheo
