#include "models/memory/dram.hpp"

#include <gmock/gmock.h>

#include <array>
#include <memory>
#include <set>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/interconnect/bus.hpp"
#include "tests/interconnect/initiator.hpp"
#include "tests/support/systemc_test.hpp"

namespace rheo {
namespace {

using sc_core::SC_NS;
using sc_core::sc_time;
using testing::Initiator;
using testing::Plain;

constexpr std::uint64_t used = 4 * 1024 * 1024;

sc_time ns(double value) { return {value, SC_NS}; }
sc_time tick() { return sc_time::from_value(1); }

/// The first byte of a row on channel 0: four channels share 8192 bytes for a row each, eight banks follow each other.
constexpr std::uint64_t row_address(std::uint64_t row, std::uint64_t bank) { return (row * 8 + bank) * 8192; }

/// LPDDR4: t_rcd 18, t_rp 18, t_cl 17.5, t_ras 42, t_rrd 10, t_wr 18, turnaround 10, t_refi 3904, t_rfc 180, a burst
/// of 32 bytes 5 ns. The first data of a closed row come 18 + 17.5 = 35.5 ns after the request, of another row
/// 18 + 35.5 = 53.5 ns, of the open one 17.5 ns.
class DramTest : public testing::SystemCTest {
 protected:
  explicit DramTest(const DramParameters& parameters = {}) {
    dram = std::make_unique<Dram>("dram", parameters, used);
    initiator.socket.bind(dram->socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }

  [[nodiscard]] std::uint64_t count(std::size_t action) const { return dram->actions().total(action, Mode::training); }
  [[nodiscard]] std::uint64_t read_bits() const { return count(0); }
  [[nodiscard]] std::uint64_t written_bits() const { return count(1); }
  [[nodiscard]] std::uint64_t activations() const { return count(2); }
  [[nodiscard]] std::uint64_t refreshes() const { return count(3); }

  Initiator initiator{"initiator"};
  std::unique_ptr<Dram> dram;
};

struct OneChannelDram : DramTest {
  OneChannelDram() : DramTest({.channels = 1}) {}
};

struct DramWithoutRefresh : DramTest {
  DramWithoutRefresh() : DramTest({.t_refi = 0}) {}
};

TEST_F(DramTest, AClosedRowIsActivatedFirst) {
  const auto served = initiator.read({.run_bytes = 32, .begin = ns(100)});
  EXPECT_EQ(served.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(served.granted, ns(100 + 18 + 17.5));
  EXPECT_EQ(served.end, ns(100 + 35.5 + 5));
  EXPECT_TRUE(served.dmi_hint);
  EXPECT_EQ(activations(), 1U);
  EXPECT_EQ(read_bits(), 256U);
}

TEST_F(DramTest, TheOpenRowIsAHit) {
  initiator.read({.run_bytes = 32});
  const auto hit = initiator.read({.address = 1024 + 64, .run_bytes = 64, .begin = ns(100)});  // the row's second 256 B
  EXPECT_EQ(hit.granted, ns(100 + 17.5));
  EXPECT_EQ(hit.end, ns(100 + 17.5 + 2 * 5));
  EXPECT_EQ(activations(), 1U);
}

TEST_F(DramTest, AnotherRowOfTheBankIsAConflict) {
  initiator.read({.run_bytes = 32});
  EXPECT_EQ(initiator.read({.address = row_address(1, 0), .run_bytes = 32, .begin = ns(200)}).granted,
            ns(200 + 18 + 18 + 17.5));
  EXPECT_EQ(activations(), 2U);
  // The first one is closed now.
  EXPECT_EQ(initiator.read({.run_bytes = 32, .begin = ns(400)}).granted, ns(400 + 53.5));
}

TEST_F(DramTest, ARowStaysOpenForTras) {
  // Activated at 0, read until 40.5: precharged at 42 at the earliest.
  initiator.read({.run_bytes = 32});
  EXPECT_EQ(initiator.read({.address = row_address(1, 0), .run_bytes = 32, .begin = ns(42) - tick()}).granted,
            ns(42 + 53.5));
}

TEST_F(DramTest, AfterTrasARowClosesAtOnce) {
  initiator.read({.run_bytes = 32});
  EXPECT_EQ(initiator.read({.address = row_address(1, 0), .run_bytes = 32, .begin = ns(42) + tick()}).granted,
            ns(42 + 53.5) + tick());
}

TEST_F(DramTest, ARowStaysOpenUntilItsDataHaveMoved) {
  initiator.read({.run_bytes = 128});  // until 35.5 + 4 * 5 = 55.5
  EXPECT_EQ(initiator.read({.address = row_address(1, 0), .run_bytes = 32}).granted, ns(55.5 + 53.5));
}

TEST_F(DramTest, AWrittenRowClosesAfterTheWriteRecovery) {
  initiator.write({.run_bytes = 32});  // until 40.5
  EXPECT_EQ(initiator.write({.address = row_address(1, 0), .run_bytes = 32}).granted, ns(40.5 + 18 + 53.5));
}

TEST_F(DramTest, AnotherBankActivatesAfterTrrdWhileTheFirstMovesItsData) {
  initiator.read({.run_bytes = 32});
  EXPECT_EQ(initiator.read({.address = row_address(0, 1), .run_bytes = 32}).granted, ns(10 + 35.5));
  initiator.read({.address = row_address(0, 2), .run_bytes = 256, .begin = ns(100)});  // until 135.5 + 40 = 175.5
  EXPECT_EQ(initiator.read({.address = row_address(0, 3), .run_bytes = 32, .begin = ns(100)}).granted, ns(175.5));
}

TEST_F(DramTest, ChangingBetweenReadingAndWritingTakesTheTurnaround) {
  initiator.read({.run_bytes = 32});                                                   // until 40.5
  EXPECT_EQ(initiator.read({.run_bytes = 32}).granted, ns(40.5));                      // until 45.5
  EXPECT_EQ(initiator.write({.run_bytes = 32}).granted, ns(45.5 + 10));                // until 60.5
  EXPECT_EQ(initiator.write({.run_bytes = 32}).granted, ns(60.5));                     // until 65.5
  EXPECT_EQ(initiator.read({.run_bytes = 32}).granted, ns(65.5 + 10));                 // until 80.5
  EXPECT_EQ(initiator.write({.run_bytes = 32, .begin = ns(200)}).granted, ns(217.5));  // it is long over
  EXPECT_EQ(read_bits(), 3U * 256);
  EXPECT_EQ(written_bits(), 3U * 256);
}

TEST_F(DramTest, FourChannelsMoveFourTimes256BytesInTheTimeOfOne) {
  EXPECT_EQ(initiator.read({.run_bytes = 256}).end, ns(35.5 + 8 * 5));
  EXPECT_EQ(initiator.read({.address = row_address(0, 1), .run_bytes = 1024, .begin = ns(200)}).end,
            ns(200 + 35.5 + 8 * 5));
  EXPECT_EQ(activations(), 1U + 4U);
  // 256 bytes more are a second piece for the first channel.
  EXPECT_EQ(initiator.read({.address = row_address(0, 2), .run_bytes = 1280, .begin = ns(400)}).end,
            ns(400 + 35.5 + 16 * 5));
}

TEST_F(DramTest, SimultaneousTransfersShareTheDataBus) {
  EXPECT_EQ(initiator.read({.run_bytes = 1024}).end, ns(35.5 + 40));
  const auto second = initiator.read({.run_bytes = 1024});
  EXPECT_EQ(second.granted, ns(35.5 + 40));
  EXPECT_EQ(second.end, ns(35.5 + 40 + 40));
  EXPECT_EQ(initiator.read({.run_bytes = 1024}).end, ns(35.5 + 3 * 40));
}

TEST_F(OneChannelDram, TheNextRowOpensWhileThePresentOneMoves) {
  // Two rows of 64 bursts each, in two banks: only the first activation shows.
  const auto served = initiator.read({.run_bytes = 4096});
  EXPECT_EQ(served.granted, ns(35.5));
  EXPECT_EQ(served.end, ns(35.5 + 128 * 5));
  EXPECT_EQ(activations(), 2U);
}

TEST_F(DramWithoutRefresh, ABankComesBackWithItsNextRowWithoutAGap) {
  // 1 MiB: 8192 bursts on each channel, 128 rows of 64 bursts, each bank again after eight.
  EXPECT_EQ(initiator.read({.run_bytes = 1 << 20}).end, ns(35.5 + 8192 * 5));
  EXPECT_EQ(activations(), 4U * 128);
  EXPECT_EQ(refreshes(), 0U);
}

TEST_F(DramTest, PartialBurstsCostWholeOnes) {
  EXPECT_EQ(initiator.read({.address = 31, .run_bytes = 2}).end, ns(35.5 + 2 * 5));
  EXPECT_EQ(read_bits(), 2U * 256);
  EXPECT_EQ(dram->bytes_read(), 2U);
  // Three runs of 4 bytes 64 apart, in the open row.
  const auto runs = initiator.write({.run_bytes = 4, .runs = 3, .run_stride = 64, .begin = ns(100)});
  EXPECT_EQ(runs.end, ns(100 + 17.5 + 3 * 5));
  EXPECT_EQ(written_bits(), 3U * 256);
  EXPECT_EQ(dram->bytes_written(), 12U);
}

TEST_F(DramTest, RunsInDifferentBanksOverlapAndRunsInOneBankDoNot) {
  // Channel 0, banks 0, 1, 2: activated at 0, 10, 20; the third's data at 20 + 35.5.
  EXPECT_EQ(initiator.read({.run_bytes = 32, .runs = 3, .run_stride = row_address(0, 1)}).end, ns(20 + 35.5 + 5));
  EXPECT_EQ(activations(), 3U);
  // Rows 1, 2, 3 of bank 0: each closes after t_ras, and takes 42 + 18 + 18 + 17.5 to its data after the activation of
  // the one before; the first one waits for nothing but the precharge.
  const sc_time begin = ns(200);
  EXPECT_EQ(initiator
                .read({.address = row_address(1, 0),
                       .run_bytes = 32,
                       .runs = 3,
                       .run_stride = row_address(1, 0),
                       .begin = begin})
                .end,
            begin + ns(18 + 2 * (42 + 18) + 35.5 + 5));
}

TEST_F(DramTest, ARunOverTheEdgeOfAPieceUsesTwoChannels) {
  EXPECT_EQ(initiator.read({.address = 255, .run_bytes = 2}).end, ns(35.5 + 5));
  EXPECT_EQ(activations(), 2U);
  EXPECT_EQ(initiator.read({.address = 1023, .run_bytes = 2, .begin = ns(100)}).end, ns(100 + 35.5 + 5));
  EXPECT_EQ(activations(), 3U);  // channel 3 is new, channel 0 has its row open
}

TEST_F(DramWithoutRefresh, EveryRunMovesItsBurstsAndOpensItsRows) {
  // Against the address map, byte by byte. Fresh rows each time, because the runs go up.
  std::uint64_t address = 5;
  for (const std::uint32_t bytes : {1U, 27U, 32U, 300U, 1023U, 2048U, 9000U, 70000U}) {
    const auto bits = read_bits();
    const auto opened = activations();
    initiator.read({.address = address, .run_bytes = bytes});
    std::set<std::uint64_t> bursts;
    std::set<std::array<std::uint64_t, 3>> rows;
    for (std::uint64_t at = address; at < address + bytes; ++at) {
      const std::uint64_t in_channel = at / 1024 * 256 + at % 256;
      bursts.insert(at / 32);
      rows.insert({at / 256 % 4, in_channel / 2048 % 8, in_channel / 2048 / 8});
    }
    EXPECT_EQ(read_bits() - bits, bursts.size() * 256) << bytes << " bytes from " << address;
    EXPECT_EQ(activations() - opened, rows.size()) << bytes << " bytes from " << address;
    address += bytes + 8192 * 9 + 77;  // other rows of other banks
  }
}

TEST_F(DramTest, ARequestJustBeforeARefreshGoesFirst) {
  EXPECT_EQ(initiator.read({.run_bytes = 32, .begin = ns(3904) - tick()}).granted, ns(3904 + 35.5) - tick());
  EXPECT_EQ(refreshes(), 0U);
  // The refresh begins when the data have moved, at 3944.5, and closes the row.
  EXPECT_EQ(initiator.read({.run_bytes = 32, .begin = ns(3904)}).granted, ns(3944.5 + 180 + 35.5) - tick());
  EXPECT_EQ(refreshes(), 1U);
}

TEST_F(DramTest, ARequestAtARefreshWaitsForIt) {
  EXPECT_EQ(initiator.read({.run_bytes = 32, .begin = ns(3904)}).granted, ns(3904 + 180 + 35.5));
  EXPECT_EQ(refreshes(), 1U);
  // The same refresh does not come again: a hit.
  EXPECT_EQ(initiator.read({.run_bytes = 32, .begin = ns(5000)}).granted, ns(5000 + 17.5));
  EXPECT_EQ(refreshes(), 1U);
}

TEST_F(DramTest, IdleRefreshesOnlyCloseTheRows) {
  initiator.read({.run_bytes = 32});
  EXPECT_EQ(initiator.read({.run_bytes = 32, .begin = ns(100 * 3904 + 180)}).granted, ns(100 * 3904 + 180 + 35.5));
  EXPECT_EQ(activations(), 2U);
  EXPECT_EQ(refreshes(), 1U);
  // One tick inside the 101st.
  EXPECT_EQ(initiator.read({.run_bytes = 32, .begin = ns(101 * 3904 + 180) - tick()}).granted,
            ns(101 * 3904 + 180 + 35.5));
}

TEST_F(DramTest, ALongSequentialReadReachesThePeakRateLessTheRefreshes) {
  // 1 MiB on four channels: 8192 bursts, 40960 ns of data on each, 35.5 ns to the first. A refresh costs 180 + 35.5 ns
  // more. Ten fall into the transfer: with ten it ends at 40960 + 35.5 + 10 * 215.5 = 43150.5, its last row (64 bursts)
  // begins at 42830.5, before the eleventh refresh at 42944.
  const auto served = initiator.read({.run_bytes = 1 << 20});
  EXPECT_EQ(served.end, ns(40960 + 35.5 + 10 * 215.5));
  EXPECT_EQ(refreshes(), 4U * 10);
  EXPECT_EQ(activations(), 4U * 128);
  EXPECT_EQ(read_bits(), 8U << 20U);
  const double rate = (1 << 20) / served.end.to_seconds();
  EXPECT_NEAR(rate, 25.6e9 * (1 - 215.5 / 3904), 0.01 * 25.6e9);
}

TEST_F(DramTest, ActionsAndBusyTimeGoToTheScope) {
  const Scope transfer{Mode::evaluation, Phase::transfer, 4};
  initiator.write({.run_bytes = 256, .scope = transfer});  // one channel of four for 40 ns
  EXPECT_EQ(dram->actions().count(1, transfer), 2048U);
  EXPECT_EQ(dram->actions().count(2, transfer), 1U);
  EXPECT_EQ(dram->busy().ticks(transfer), ns(10).value());
  EXPECT_EQ(dram->actions().total(1, Mode::training), 0U);
}

TEST_F(DramTest, DelaysCountFromTheTimeOfTheCall) {
  sc_core::sc_start(ns(30));
  initiator.read({.run_bytes = 32});  // until 70.5
  EXPECT_EQ(initiator.read({.run_bytes = 32, .begin = ns(5)}).granted, ns(70.5 - 30));
}

TEST_F(DramTest, APlainInitiatorWritesAndReadsBytes) {
  std::array<std::byte, 3> data{std::byte{1}, std::byte{2}, std::byte{3}};
  Plain store(tlm::TLM_WRITE_COMMAND, used - 3, data);
  sc_time delay = ns(7);
  initiator.socket->b_transport(store, delay);
  EXPECT_TRUE(store.is_response_ok());
  EXPECT_EQ(delay, ns(7 + 35.5 + 5));
  std::array<std::byte, 2> back{};
  Plain load(tlm::TLM_READ_COMMAND, used - 2, back);
  initiator.socket->b_transport(load, delay);
  EXPECT_THAT(back, ::testing::ElementsAre(std::byte{2}, std::byte{3}));
  dram->read_bytes(used - 3, back);
  EXPECT_THAT(back, ::testing::ElementsAre(std::byte{1}, std::byte{2}));
  dram->write_bytes(used - 1, std::array{std::byte{9}});
  Plain debug(tlm::TLM_READ_COMMAND, used - 1, back);
  EXPECT_EQ(initiator.socket->transport_dbg(debug), 1U);
  EXPECT_EQ(back[0], std::byte{9});
  EXPECT_THROW(dram->read_bytes(used - 1, back), SimulationError);
  EXPECT_THROW(dram->write_bytes(~0ULL, back), SimulationError);
}

TEST_F(DramTest, WhatLiesBeyondTheBytesInUseIsAnAddressErrorThatNamesIt) {
  EXPECT_EQ(initiator.read({.address = used - 32, .run_bytes = 32}).status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(initiator.read({.address = used - 31, .run_bytes = 32}).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_THAT(dram->refusal(), ::testing::HasSubstr("dram (4194304 bytes in use, capacity 1073741824 bytes)"));
  EXPECT_EQ(initiator.read({.run_bytes = 32, .runs = 2, .run_stride = used}).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(read_bits(), 256U);
}

TEST_F(DramTest, GrantsOnePointerOverTheBytesInUse) {
  auto payload = Plain(tlm::TLM_WRITE_COMMAND, 12345, {});
  tlm::tlm_dmi dmi;
  ASSERT_TRUE(initiator.socket->get_direct_mem_ptr(payload, dmi));
  EXPECT_TRUE(dmi.is_read_write_allowed());
  EXPECT_EQ(dmi.get_start_address(), 0U);
  EXPECT_EQ(dmi.get_end_address(), used - 1);
  dmi.get_dmi_ptr()[12345] = 8;
  std::array<std::byte, 1> back{};
  dram->read_bytes(12345, back);
  EXPECT_EQ(back[0], std::byte{8});
  payload.set_address(used);
  EXPECT_FALSE(initiator.socket->get_direct_mem_ptr(payload, dmi));
  EXPECT_EQ(dram->buffers().at(0).capacity_bits, 8ULL << 30U);
  EXPECT_EQ(dram->buffers().at(0).peak_bits, used * 8);
}

class TwoDrams : public testing::SystemCTest {};

TEST_F(TwoDrams, ARestoredOneAnswersLikeTheOneThatWasSaved) {
  Initiator to_saved("to_saved");
  Initiator to_restored("to_restored");
  Dram saved("saved", {}, used);
  Dram restored("restored", {}, used);
  Dram narrow("narrow", {.channels = 2}, used);
  Initiator to_narrow("to_narrow");
  to_saved.socket.bind(saved.socket);
  to_restored.socket.bind(restored.socket);
  to_narrow.socket.bind(narrow.socket);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);

  to_saved.write({.run_bytes = 20000, .begin = ns(5000)});
  to_saved.read({.address = row_address(2, 1), .run_bytes = 3000, .begin = ns(5100)});
  restored.restore_state(saved.save_state());
  EXPECT_EQ(restored.save_state(), saved.save_state());
  EXPECT_EQ(restored.bytes_read(), 3000U);
  EXPECT_EQ(restored.bytes_written(), 20000U);
  // The row that was read is still open.
  EXPECT_EQ(to_restored.read({.address = row_address(2, 1), .run_bytes = 32, .begin = ns(6000)}).granted,
            ns(6000 + 17.5));
  to_saved.read({.address = row_address(2, 1), .run_bytes = 32, .begin = ns(6000)});
  // Hits, a conflict, a turnaround, a refresh: whatever the state decides.
  for (const double begin : {5150.0, 6500.0, 7900.0}) {
    for (const std::uint64_t address : {row_address(0, 0), row_address(2, 1), row_address(3, 1), row_address(7, 5)}) {
      const auto expected = to_saved.write({.address = address, .run_bytes = 700, .begin = ns(begin)});
      const auto served = to_restored.write({.address = address, .run_bytes = 700, .begin = ns(begin)});
      EXPECT_EQ(served.granted, expected.granted);
      EXPECT_EQ(served.end, expected.end);
    }
  }
  EXPECT_EQ(restored.save_state(), saved.save_state());
  EXPECT_THROW(narrow.restore_state(saved.save_state()), std::invalid_argument);
}

class DramAlone : public testing::SystemCTest {};

TEST_F(DramAlone, RefusesWhatDoesNotFitOrDoesNotGoTogether) {
  EXPECT_THROW(Dram("a", {.capacity = 1000}, 1001), InputError);
  EXPECT_THROW(Dram("b", {.interleave = 48}, 1000), InputError);
  EXPECT_THROW(Dram("c", {.row_bytes = 2040}, 1000), InputError);
  EXPECT_THROW(Dram("d", {.t_refi = 100e-9}, 1000), InputError);
  EXPECT_NO_THROW(Dram("e", {.capacity = 1000}, 1000));
}

TEST_F(DramAlone, BehindABusItsTimeStartsAtTheGrant) {
  Initiator initiator("initiator");
  Bus bus("bus", {}, ns(1), 1, {{0x8000'0000, used, "dram"}});
  Dram dram("dram", {}, used);
  initiator.socket.bind(bus.from_initiator[0]);
  bus.to_target[0].bind(dram.socket);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  // 1 cycle of the bus, then 35.5 + 8 * 5 ns; the 16 beats of the bus are over before.
  const auto served = initiator.read({.address = 0x8000'0000, .run_bytes = 1024});
  EXPECT_EQ(served.granted, ns(1 + 35.5));
  EXPECT_EQ(served.end, ns(1 + 35.5 + 40));
}

}  // namespace
}  // namespace rheo
