#include "models/digital/controller.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"
#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using rheo::ceil_divide;
using ::testing::AllOf;
using testing::bits_of;
using ::testing::ElementsAre;
using testing::flat;
using ::testing::HasSubstr;
using testing::matrix;
using testing::ns;
using testing::per_image;
using testing::shared;
using testing::SmallChip;
using testing::SmallChipParameters;
using testing::transfer;
using testing::values_of;

constexpr std::uint64_t fetch = ceil_divide(sizeof(Command), 64) * ns;
constexpr std::uint64_t dispatch = fetch;

Command loop(std::uint32_t images_per_block) {
  Command command;
  command.opcode = Opcode::loop;
  command.images_per_block = images_per_block;
  return command;
}

Command end_loop() {
  Command command;
  command.opcode = Opcode::end_loop;
  return command;
}

/// [address, address + 64) = 0 on the vector unit.
Command zero(std::uint64_t address, std::uint32_t values = 16) {
  return testing::vector(VectorOperation::fill_zero, {shared(address, values, Access::write)});
}

/// Writes to `address` without reading: from the host's window.
Command fill(std::uint64_t address) { return transfer(SmallChip::host_window, address, 64); }

/// Reads from `address`: to the host's window.
Command drain(std::uint64_t address) { return transfer(address, SmallChip::host_window + 0x1000, 64); }

struct ControllerTest : testing::SmallChipTest {};

// ---- Sequence ----

TEST_F(ControllerTest, AnEmptyProgramTakesItsFetch) {
  SmallChip& chip = build();
  EXPECT_EQ(chip.run({}), fetch);
  EXPECT_EQ(chip.controller.dispatched(), 0U);
  EXPECT_EQ(SmallChip::count(chip.controller, "controller.fetch"), sizeof(Command));
}

TEST_F(ControllerTest, FetchingAndDispatchingOverlap) {
  SmallChip& chip = build();
  chip.run({zero(0), fill(0x100), zero(0x200)});
  EXPECT_EQ(chip.event(0).start, fetch + dispatch);
  EXPECT_EQ(chip.event(1).start, fetch + 2 * dispatch);  // fetched while the first one was on the link
  EXPECT_EQ(SmallChip::count(chip.controller, "controller.fetch"), 4 * sizeof(Command));
  EXPECT_EQ(SmallChip::count(chip.controller, "controller.command"), 3U);
}

TEST_F(ControllerTest, WidthsOfFetchAndLinkSetTheirTimes) {
  SmallChipParameters p;
  p.controller.fetch_bytes = 8;
  p.controller.link_bytes = 16;
  SmallChip& chip = build(p);
  chip.run({zero(0)});
  EXPECT_EQ(chip.event(0).start, (ceil_divide(sizeof(Command), 8) + ceil_divide(sizeof(Command), 16)) * ns);
}

TEST_F(ControllerTest, AFullScoreboardHoldsTheFetchBack) {
  SmallChipParameters p;
  p.controller.scoreboard_entries = 1;
  SmallChip& chip = build(p);
  chip.run({fill(0), zero(0x100), fill(0x200)});
  EXPECT_GE(chip.event(1).start, chip.event(0).end);
  EXPECT_GE(chip.event(2).start, chip.event(1).end);
}

// ---- Loops and registers ----

/// Rows of 4 values an image travel from the host through the buffer to `out`, in blocks of two places.
struct LoopTest : ControllerTest {
  static constexpr std::uint64_t in = SmallChip::host_window, out = SmallChip::host_window + 0x4000;

  std::vector<Command> program(std::uint32_t block) {
    const MemoryOperand here{0, 0, 0x100, 4, NumberFormat::fp32, Access::read, true, 1};  // alternates
    const auto row = [&](std::uint64_t address, Access access) {
      return MemoryOperand{address, std::uint64_t{block} * 16, 0, 4, NumberFormat::fp32, access, true, 1};
    };
    Command load = transfer(0, 0, 0);
    load.operands[0] = row(in, Access::read);
    load.operands[1] = here;
    load.operands[1].access = Access::write;
    Command keep = transfer(0, 0, 0);
    keep.operands[0] = here;
    keep.operands[1] = row(out, Access::write);
    return {loop(block), load, keep, end_loop(), zero(0x1000)};
  }
};

TEST_F(LoopTest, CoversEveryImageOnceAlsoInARaggedLastBlock) {
  for (const std::uint32_t block : {1U, 3U, 4U, 7U, 10U}) {
    SCOPED_TRACE("blocks of " + std::to_string(block));
    SmallChip& chip = build();
    const std::vector<float> x = values_of(7 * 4, 1);
    chip.write(in, x);
    chip.run(program(block), {.images = 7});
    EXPECT_EQ(chip.read(out, 7 * 4), x);
    EXPECT_EQ(chip.read(out + 7 * 16, 4), std::vector<float>(4, 0.0F));  // and no image more
    EXPECT_EQ(chip.controller.dispatched(), 2 * ceil_divide(7, block) + 1);
    EXPECT_EQ(SmallChip::count(chip.dma, "dma.byte"), 2U * 7 * 16);
    // loop, blocks of three commands each, the zero and the halt
    EXPECT_EQ(SmallChip::count(chip.controller, "controller.fetch"), (3 + 3 * ceil_divide(7, block)) * sizeof(Command));
  }
}

TEST_F(LoopTest, BlocksAlternateBetweenTheirTwoPlaces) {
  SmallChip& chip = build();
  const std::vector<float> x = values_of(7 * 4, 1);
  chip.write(in, x);
  chip.run(program(3), {.images = 7});
  // Blocks 0, 1, 2 of 3, 3, 1 images: place 0 holds block 2's one image over block 0, place 1 block 1.
  const auto rows = [&](std::size_t first, std::size_t count) {
    return std::vector<float>(x.begin() + static_cast<std::ptrdiff_t>(first * 4),
                              x.begin() + static_cast<std::ptrdiff_t>((first + count) * 4));
  };
  EXPECT_EQ(chip.read(0, 4), rows(6, 1));
  EXPECT_EQ(chip.read(16, 8), rows(1, 2));
  EXPECT_EQ(chip.read(0x100, 12), rows(3, 3));
}

TEST_F(LoopTest, TwoPlacesLetTheNextBlockLoadWhileThisOneDrains) {
  SmallChipParameters p;
  p.dma.channels = 2;
  p.host.latency = 0;
  p.host.bandwidth = 64e9;
  SmallChip& chip = build(p);
  chip.run(program(1), {.images = 4});
  EXPECT_LT(chip.event(2).start, chip.event(1).end);  // block 1 loads while block 0 drains
  EXPECT_GE(chip.event(4).start, chip.event(1).end);  // block 2 needs block 0's place
}

TEST_F(ControllerTest, RegistersReachTheUnits) {
  SmallChip& chip = build();
  // One weight: g = 0.5 + wd 2 = 2.5 with wd = 1; v = 0.5 * 4 + 2.5 = 4.5; w = 2 - 0.25 * 4.5.
  chip.write(0, {2});
  chip.write(0x100, {0.5F});
  chip.write(0x200, {4});
  Command step = testing::vector(
      VectorOperation::momentum_step,
      {shared(0, 1, Access::read_write), shared(0x100, 1, Access::read_write), shared(0x200, 1, Access::read_write)});
  step.layer = 2;
  chip.run({step},
           {.images = 1, .mode = Mode::evaluation, .learning_rate = 0.25F, .momentum = 0.5F, .weight_decay = 1});
  EXPECT_THAT(chip.read(0, 1), ElementsAre(2 - 0.25F * 4.5F));
  EXPECT_THAT(chip.read(0x100, 1), ElementsAre(0.0F));
  EXPECT_THAT(chip.read(0x200, 1), ElementsAre(4.5F));
  EXPECT_EQ(chip.event(0).scope, (Scope{Mode::evaluation, Phase::digital, 2}));
}

TEST_F(ControllerTest, AProgramCanBeRungAgainWithOtherRegistersAndAnotherEntry) {
  SmallChip& chip = build();
  chip.write(SmallChip::host_window, values_of(16, 1));
  chip.run({fill(0), zero(0x100), drain(0)});
  EXPECT_EQ(chip.read(SmallChip::host_window + 0x1000, 16), chip.read(SmallChip::host_window, 16));
  chip.write(SmallChip::host_window, values_of(16, 2));
  HostRegisters registers{.images = 1};
  ASSERT_EQ(chip.host_write(controller_map::registers, &registers, sizeof registers), tlm::TLM_OK_RESPONSE);
  ASSERT_EQ(chip.ring(), tlm::TLM_OK_RESPONSE);
  chip.finish();
  EXPECT_EQ(chip.read(0, 16), values_of(16, 2));
  chip.write(0, std::vector<float>(16, 5));
  registers.entry = 2 * sizeof(Command);  // the drain alone
  ASSERT_EQ(chip.host_write(controller_map::registers, &registers, sizeof registers), tlm::TLM_OK_RESPONSE);
  ASSERT_EQ(chip.ring(), tlm::TLM_OK_RESPONSE);
  chip.finish();
  EXPECT_EQ(chip.controller.dispatched(), 7U);
  EXPECT_EQ(chip.read(SmallChip::host_window + 0x1000, 16), std::vector<float>(16, 5));
}

TEST_F(ControllerTest, SplitsMatrixCommandsIntoBlocksOfVectors) {
  SmallChipParameters p;
  p.tiles = {{8, 4}};
  for (const auto& [bound, parts] : std::initializer_list<std::pair<std::int64_t, std::uint64_t>>{
           {0, 1}, {100, 1}, {10, 1}, {9, 2}, {4, 3}, {1, 10}}) {
    p.controller.block_vectors = bound;
    SmallChip& chip = build(p);
    chip.run(
        {matrix(Opcode::forward, 0, flat(8), 4, {per_image(0, 8, Access::read), per_image(0x1000, 4, Access::write)})},
        {.images = 10});
    EXPECT_EQ(chip.controller.dispatched(), parts);
    std::uint64_t items = 0;
    for (const CommandEvent& event : chip.events) items += event.items;
    EXPECT_EQ(items, 10U);
  }
}

// ---- The scoreboard ----

TEST_F(ControllerTest, AReaderWaitsForTheWriter) {
  SmallChip& chip = build();
  chip.run({zero(0), drain(0)});
  EXPECT_EQ(chip.event(1).start, chip.event(0).end + dispatch);
}

TEST_F(ControllerTest, AWriterWaitsForTheReader) {
  SmallChip& chip = build();
  chip.run({drain(0), zero(0)});
  EXPECT_EQ(chip.event(1).start, chip.event(0).end + dispatch);
}

TEST_F(ControllerTest, AWriterWaitsForTheWriter) {
  SmallChip& chip = build();
  chip.write(SmallChip::host_window, std::vector<float>(16, 1));
  chip.run({fill(0), zero(0)});
  EXPECT_EQ(chip.event(1).start, chip.event(0).end + dispatch);
  EXPECT_EQ(chip.read(0, 16), std::vector<float>(16, 0));
}

TEST_F(ControllerTest, OneCommonByteIsADependencyAndTheNextByteIsNone) {
  SmallChip& chip = build();
  chip.run({drain(0), zero(60)});
  EXPECT_EQ(chip.event(1).start, chip.event(0).end + dispatch);
  SmallChip& apart = build();
  apart.run({drain(0), zero(64)});
  EXPECT_EQ(apart.event(1).start, apart.event(0).start + dispatch);
}

TEST_F(ControllerTest, ReadersOfTheSameGoTogether) {
  SmallChipParameters p;
  p.dma.channels = 2;
  SmallChip& chip = build(p);
  chip.run({drain(0), transfer(0, 0x1000, 64)});
  EXPECT_EQ(chip.event(1).start, chip.event(0).start + dispatch);
}

TEST_F(ControllerTest, IndependentCommandsOfDifferentUnitsOverlap) {
  SmallChip& chip = build();
  const std::uint64_t together = chip.run({fill(0), zero(0x1000, 1024)});
  EXPECT_LT(chip.event(1).start, chip.event(0).end);
  EXPECT_LT(together, fetch + 2 * dispatch + chip.duration(0) + chip.duration(1));
}

TEST_F(ControllerTest, ALaterIndependentCommandOvertakesOneThatIsHeldBack) {
  SmallChip& chip = build();
  SmallChipParameters p;
  p.tiles = {{8, 4}};
  SmallChip& with_tile = build(p);
  static_cast<void>(chip);
  with_tile.run({fill(0), zero(0),
                 matrix(Opcode::forward, 0, flat(8), 4,
                        {per_image(0x1000, 8, Access::read), per_image(0x2000, 4, Access::write)})});
  // Dispatch order: the transfer, the read of the tile, and when the transfer has ended the zero. Numbers are those of
  // the program all the same.
  EXPECT_EQ(with_tile.event(2).unit, "tile0");
  EXPECT_LT(with_tile.event(2).start, with_tile.event(0).end);
  EXPECT_EQ(with_tile.event(1).unit, "vector_unit");
  EXPECT_EQ(with_tile.event(1).start, with_tile.event(0).end + dispatch);
}

TEST_F(ControllerTest, InOrderAUnitsCommandsKeepTheirOrder) {
  SmallChipParameters p;
  p.controller.issue = IssueOrder::in_order;
  SmallChip& chip = build(p);
  // The second zero waits for the transfer; the third is free to go but is of the same unit.
  chip.run({fill(0), zero(0), zero(0x1000)});
  EXPECT_EQ(chip.event(0).unit, "dma");
  EXPECT_EQ(chip.event(1).start, chip.event(0).end + dispatch);
  EXPECT_GE(chip.event(2).start, chip.event(1).end);
}

TEST_F(ControllerTest, ByDataflowACommandOvertakesThoseOfItsUnitThatAreHeldBack) {
  SmallChip& chip = build();
  chip.run({fill(0), zero(0), zero(0x1000)});
  // The third goes while the transfer runs, the second behind it.
  EXPECT_EQ(chip.event(2).unit, "vector_unit");
  EXPECT_LT(chip.event(2).start, chip.event(0).end);
  EXPECT_EQ(chip.event(1).start, chip.event(0).end + dispatch);
}

TEST_F(ControllerTest, ByDataflowWhatReadsTheWeightsWaitsForWhatChangesThem) {
  SmallChipParameters p;
  p.tiles = {{8, 4}};
  const Command program = matrix(Opcode::program_weights, 0, flat(8), 4, {shared(0, 32, Access::read)});
  const auto forward = [](std::uint64_t in, std::uint64_t out) {
    return matrix(Opcode::forward, 0, flat(8), 4, {per_image(in, 8, Access::read), per_image(out, 4, Access::write)});
  };
  // The weights wait for the transfer, and the read behind it for the weights, although no memory makes it wait.
  SmallChip& changed = build(p);
  changed.run({fill(0), program, forward(0x1000, 0x2000)});
  EXPECT_EQ(changed.event(1).operation, "program");
  EXPECT_GT(changed.event(1).start, changed.event(0).end);
  EXPECT_GT(changed.event(2).start, changed.event(1).end);
  // A read keeps no other read back, but what changes the weights does not overtake it.
  SmallChip& read = build(p);
  read.run({fill(0), forward(0, 0x2000), forward(0x1000, 0x4000), program});
  EXPECT_LT(read.event(2).start, read.event(0).end);
  EXPECT_GT(read.event(1).start, read.event(0).end);
  EXPECT_EQ(read.event(3).operation, "program");
  EXPECT_GT(read.event(3).start, read.event(1).end);
}

TEST_F(ControllerTest, SendsNoMoreThanAUnitHasRoomFor) {
  SmallChip& chip = build();
  std::vector<Command> program;
  for (std::uint64_t i = 0; i < 8; ++i) program.push_back(zero(i * 0x1000, 1024));
  // A unit works on one and keeps two: the drain behind them goes at once, as its dependencies allow.
  program.push_back(drain(0x8000));
  chip.run(program);
  // Zeros 0, 1, 2 go first; 3 waits for room, so that the transfer goes as soon as it is fetched.
  EXPECT_EQ(chip.event(8).unit, "dma");
  EXPECT_EQ(chip.event(8).start, chip.event(0).start + 8 * fetch);
  EXPECT_LT(chip.event(8).start, chip.event(3).start);
}

TEST_F(ControllerTest, WithoutAScoreboardAMissingDependencyIsAnErrorThatNamesBothCommands) {
  SmallChipParameters p;
  p.controller.scoreboard = false;
  SmallChip& chip = build(p);
  Command write = fill(0);
  Command clear = zero(0);
  clear.layer = 3;
  try {
    chip.run({write, clear});
    ADD_FAILURE() << "the conflict went unseen";
  } catch (const SimulationError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("#1 zero of layer 3 on unit 1 writes"),
                                    HasSubstr("#0 transfer on unit 0 writes"), HasSubstr("missing dependency")));
  }
}

TEST_F(ControllerTest, WithoutAScoreboardIndependentCommandsRunAsBefore) {
  SmallChipParameters p;
  p.controller.scoreboard = false;
  SmallChip& chip = build(p);
  chip.run({fill(0), zero(0x1000)});
  EXPECT_EQ(chip.event(1).start, chip.event(0).start + dispatch);
}

// ---- The host's side ----

TEST_F(ControllerTest, AProgramThatDoesNotFitIsRefused) {
  SmallChipParameters p;
  p.controller.program_memory = 4 * sizeof(Command);
  SmallChip& chip = build(p);
  const Command command = zero(0);
  EXPECT_EQ(chip.host_write(controller_map::program + 3 * sizeof(Command), &command, sizeof command),
            tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(chip.host_write(controller_map::program + 3 * sizeof(Command) + 1, &command, sizeof command),
            tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(chip.host_write(controller_map::program + 4 * sizeof(Command), &command, sizeof command),
            tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(ControllerTest, AProgramWithoutAHaltIsAnErrorAtTheEndOfTheProgramMemory) {
  SmallChipParameters p;
  p.controller.program_memory = 4 * sizeof(Command);
  SmallChip& chip = build(p);
  for (std::uint64_t i = 0; i < 4; ++i) {
    const Command command = zero(i * 0x100);
    ASSERT_EQ(chip.host_write(controller_map::program + i * sizeof command, &command, sizeof command),
              tlm::TLM_OK_RESPONSE);
  }
  const HostRegisters registers{.images = 1};
  ASSERT_EQ(chip.host_write(controller_map::registers, &registers, sizeof registers), tlm::TLM_OK_RESPONSE);
  ASSERT_EQ(chip.ring(), tlm::TLM_OK_RESPONSE);
  try {
    chip.finish();
    ADD_FAILURE() << "nobody noticed";
  } catch (const SimulationError& error) {
    EXPECT_THAT(error.what(), HasSubstr("past the end of the program memory"));
  }
}

TEST_F(ControllerTest, ReportsThePeakOfTheProgramMemory) {
  SmallChip& chip = build();
  chip.run({zero(0), zero(0x100)});
  const auto buffers = chip.controller.buffers();
  ASSERT_EQ(buffers.size(), 1U);
  EXPECT_EQ(buffers[0].capacity_bits, 65536U * 8);
  EXPECT_EQ(buffers[0].peak_bits, 3 * sizeof(Command) * 8);
}

TEST_F(ControllerTest, RefusesTheDoorbellWhileAProgramRuns) {
  SmallChip& chip = build();
  chip.prepare({zero(0)}, {.images = 1});
  ASSERT_EQ(chip.ring(), tlm::TLM_OK_RESPONSE);
  EXPECT_FALSE(chip.controller.idle());
  EXPECT_EQ(chip.ring(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_NS));
  EXPECT_EQ(chip.ring(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  chip.finish();
  EXPECT_EQ(chip.controller.dispatched(), 1U);
  EXPECT_EQ(chip.ring(), tlm::TLM_OK_RESPONSE);
  chip.finish();
  EXPECT_EQ(chip.controller.dispatched(), 2U);
}

TEST_F(ControllerTest, AnyTlmInitiatorCanWriteAndReadBackAProgramAndRunIt) {
  SmallChip& chip = build();  // its host is a plain initiator socket: no extension, no knowledge of the controller
  const Command command = zero(0, 4);
  chip.write(0, {1, 2, 3, 4});
  chip.prepare({command}, {.images = 1});
  std::vector<std::byte> bytes(sizeof(Command));
  testing::Plain read(tlm::TLM_READ_COMMAND, controller_map::program, bytes);
  sc_core::sc_time delay;
  chip.host.socket->b_transport(read, delay);
  EXPECT_EQ(read.get_response_status(), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(delay.value(), ceil_divide(sizeof(Command), 64) * ns);
  EXPECT_EQ(std::memcmp(bytes.data(), &command, sizeof command), 0);
  ASSERT_EQ(chip.ring(), tlm::TLM_OK_RESPONSE);
  chip.finish();
  EXPECT_EQ(chip.read(0, 4), std::vector<float>(4, 0));
}

TEST_F(ControllerTest, RefusesAccessesThatItsMapDoesNotHave) {
  SmallChip& chip = build();
  HostRegisters registers;
  EXPECT_EQ(chip.host_write(controller_map::registers, &registers, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(chip.host_write(0x800, &registers, sizeof registers), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(ControllerTest, ACommandForTheWrongUnitIsAnErrorThatNamesIt) {
  SmallChip& chip = build();
  Command wrong = zero(0);
  wrong.unit = SmallChip::dma_unit;
  EXPECT_THROW(
      {
        try {
          chip.run({wrong});
        } catch (const SimulationError& error) {
          EXPECT_THAT(error.what(), HasSubstr("#0 zero on unit 0"));
          throw;
        }
      },
      SimulationError);
}

TEST_F(ControllerTest, AnAddressWithoutMemoryIsAnErrorThatNamesTheCommand) {
  SmallChip& chip = build();
  try {
    chip.run({zero(0x0800'0000)});
    ADD_FAILURE() << "no memory is there";
  } catch (const SimulationError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("#0 zero"), HasSubstr("no memory holds")));
  }
}

}  // namespace
}  // namespace rheo
