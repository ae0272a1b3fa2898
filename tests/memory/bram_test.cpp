#include "models/memory/bram.hpp"

#include <gmock/gmock.h>

#include <array>
#include <memory>
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

sc_time ns(double value) { return {value, SC_NS}; }

/// 64 KiB, 16 banks of 64-bit words (128 bytes a cycle when all banks work), 2 ports, a cycle of 1 ns.
class BramTest : public testing::SystemCTest {
 protected:
  explicit BramTest(const BramParameters& parameters = {.capacity = 65536}) {
    bram = std::make_unique<Bram>("bram", parameters, ns(1));
    initiator.socket.bind(bram->socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }

  [[nodiscard]] std::uint64_t reads() const { return bram->actions().total(0, Mode::training); }
  [[nodiscard]] std::uint64_t writes() const { return bram->actions().total(1, Mode::training); }

  Initiator initiator{"initiator"};
  std::unique_ptr<Bram> bram;
};

struct SinglePortBram : BramTest {
  SinglePortBram() : BramTest({.capacity = 65536, .ports = 1, .read_latency_cycles = 0}) {}
};

TEST_F(BramTest, ABlockTakesAWordOfEveryBankACycleAndTheLatencyOnce) {
  // 4096 bytes are 512 words, 512 / 16 = 32 in each bank.
  const auto served = initiator.read({.run_bytes = 4096});
  EXPECT_EQ(served.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(served.granted, ns(0));
  EXPECT_EQ(served.end, ns(32 + 1));
  EXPECT_TRUE(served.dmi_hint);
  // A 513th word is a 33rd one in bank 0; a write has no latency.
  EXPECT_EQ(initiator.write({.run_bytes = 4097, .begin = ns(100)}).end, ns(100 + 33));
  EXPECT_EQ(reads(), 512U);
  EXPECT_EQ(writes(), 513U);
}

TEST_F(BramTest, CountsTheWordsThatEveryRunTouches) {
  initiator.read({.address = 6, .run_bytes = 2});  // bytes 6, 7: word 0
  EXPECT_EQ(reads(), 1U);
  initiator.read({.address = 6, .run_bytes = 3});  // bytes 6 to 8: words 0, 1
  EXPECT_EQ(reads(), 1U + 2U);
  // Runs of 4 bytes every 6 bytes from 0: bytes 0-3 | 6-9 | 12-15 | 18-21 | 24-27, in words 0 | 0 1 | 1 | 2 | 3.
  initiator.read({.run_bytes = 4, .runs = 5, .run_stride = 6});
  EXPECT_EQ(reads(), 3U + 6U);
}

TEST_F(BramTest, ManyRunsCountAsTheSumOfSingleOnes) {
  // Strides that are no power of two, against run after run; the alignments repeat after 128 / gcd(128, stride) runs.
  for (const std::uint64_t stride : {0U, 1U, 10U, 28U, 36U, 100U, 128U, 300U}) {
    for (const std::uint32_t bytes : {1U, 5U, 20U, 130U}) {
      const auto before = reads();
      initiator.read({.address = 3, .run_bytes = bytes, .runs = 150, .run_stride = stride});
      std::uint64_t sum = 0;
      for (std::uint64_t run = 0; run < 150; ++run) {
        const std::uint64_t first = 3 + run * stride;
        sum += (first + bytes - 1) / 8 - first / 8 + 1;
      }
      EXPECT_EQ(reads() - before, sum) << bytes << " bytes, stride " << stride;
    }
  }
}

TEST_F(SinglePortBram, AStrideOfAllBanksMakesOneBankServeEveryRun) {
  // 10 words in bank 0: 10 cycles. With a stride of one word more they lie in 10 banks: 1 cycle.
  EXPECT_EQ(initiator.read({.run_bytes = 8, .runs = 10, .run_stride = 128}).end, ns(10));
  EXPECT_EQ(initiator.read({.run_bytes = 8, .runs = 10, .run_stride = 136, .begin = ns(100)}).end, ns(101));
  // Half of the banks: banks 0, 2, ... 14 twice or once.
  EXPECT_EQ(initiator.read({.run_bytes = 8, .runs = 10, .run_stride = 16, .begin = ns(200)}).end, ns(202));
}

TEST_F(BramTest, TwoTransfersShareTheTwoPortsAndTheThirdWaits) {
  EXPECT_EQ(initiator.read({.run_bytes = 4096}).end, ns(32 + 1));
  const auto second = initiator.read({.address = 8192, .run_bytes = 2048});  // 16 words in each bank
  EXPECT_EQ(second.granted, ns(0));
  EXPECT_EQ(second.end, ns(16 + 1));
  const auto third = initiator.read({.address = 16384, .run_bytes = 1024});  // 8 words, on the port free at 16
  EXPECT_EQ(third.granted, ns(16));
  EXPECT_EQ(third.end, ns(16 + 8 + 1));
}

TEST_F(SinglePortBram, ThreeTransfersTakeTheSumOfTheirTimes) {
  EXPECT_EQ(initiator.read({.run_bytes = 1280}).end, ns(10));
  EXPECT_EQ(initiator.read({.run_bytes = 1280}).end, ns(20));
  EXPECT_EQ(initiator.write({.run_bytes = 1280}).end, ns(30));
}

TEST_F(SinglePortBram, DifferentBanksDoNotWaitForEachOther) {
  EXPECT_EQ(initiator.read({.run_bytes = 8, .runs = 10, .run_stride = 128}).end, ns(10));  // bank 0
  const auto other = initiator.read({.address = 8, .run_bytes = 8});                       // bank 1
  EXPECT_EQ(other.granted, ns(0));
  EXPECT_EQ(other.end, ns(1));
  // Words in banks 15 (free) and 0 (taken until 10): the first byte moves at once, the last at 11.
  const auto both = initiator.read({.address = 120, .run_bytes = 16});
  EXPECT_EQ(both.granted, ns(0));
  EXPECT_EQ(both.end, ns(11));
  // Banks 0 (taken until 11) and 1 (free since 1): the first byte waits for bank 0.
  EXPECT_EQ(initiator.read({.run_bytes = 16}).granted, ns(11));
}

TEST_F(SinglePortBram, ARequestBetweenTwoEdgesWaitsForTheNext) {
  const sc_time tick = sc_time::from_value(1);
  EXPECT_EQ(initiator.read({.run_bytes = 8, .begin = ns(10)}).end, ns(11));
  EXPECT_EQ(initiator.read({.run_bytes = 8, .begin = ns(20) + tick}).end, ns(22));
  EXPECT_EQ(initiator.read({.run_bytes = 8, .begin = ns(31) - tick}).end, ns(32));
}

TEST_F(SinglePortBram, DelaysCountFromTheTimeOfTheCall) {
  sc_core::sc_start(ns(7));
  EXPECT_EQ(initiator.read({.run_bytes = 1280}).end, ns(10));  // until 17
  const auto next = initiator.read({.run_bytes = 1280, .begin = ns(2)});
  EXPECT_EQ(next.granted, ns(10));
  EXPECT_EQ(next.end, ns(20));
}

TEST_F(SinglePortBram, ActionsAndBusyTimeGoToTheScope) {
  const Scope update{Mode::evaluation, Phase::update, 2};
  initiator.write({.run_bytes = 4096, .scope = update});
  EXPECT_EQ(bram->actions().count(1, update), 512U);
  EXPECT_EQ(bram->busy().ticks(update), ns(32).value());
  EXPECT_EQ(bram->busy().total(Mode::training), 0U);
}

TEST_F(BramTest, APlainInitiatorWritesAndReadsBytes) {
  std::array<std::byte, 4> data{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  Plain store(tlm::TLM_WRITE_COMMAND, 0x106, data);
  sc_time delay = ns(3);
  initiator.socket->b_transport(store, delay);
  EXPECT_TRUE(store.is_response_ok());
  EXPECT_TRUE(store.is_dmi_allowed());
  EXPECT_EQ(delay, ns(3 + 1));
  std::array<std::byte, 4> back{};
  Plain load(tlm::TLM_READ_COMMAND, 0x107, std::span(back).first(3));
  delay = ns(10);
  initiator.socket->b_transport(load, delay);
  EXPECT_EQ(delay, ns(10 + 1 + 1));  // words 0x100 and 0x108, in two banks
  EXPECT_THAT(back, ::testing::ElementsAre(std::byte{2}, std::byte{3}, std::byte{4}, std::byte{0}));
  EXPECT_EQ(writes(), 2U);
  EXPECT_EQ(reads(), 2U);

  Plain debug(tlm::TLM_READ_COMMAND, 65535, back);
  EXPECT_EQ(initiator.socket->transport_dbg(debug), 1U);
}

TEST_F(BramTest, BulkTransfersLeaveTheBytesToDmi) {
  auto payload = Plain(tlm::TLM_READ_COMMAND, 0x40, {});
  tlm::tlm_dmi dmi;
  ASSERT_TRUE(initiator.socket->get_direct_mem_ptr(payload, dmi));
  EXPECT_TRUE(dmi.is_read_write_allowed());
  EXPECT_EQ(dmi.get_end_address(), 65535U);
  dmi.get_dmi_ptr()[0x40] = 9;
  EXPECT_EQ(initiator.write({.address = 0x40, .run_bytes = 8}).status, tlm::TLM_OK_RESPONSE);
  std::array<std::byte, 1> back{};
  Plain debug(tlm::TLM_READ_COMMAND, 0x40, back);
  initiator.socket->transport_dbg(debug);
  EXPECT_EQ(back[0], std::byte{9});
}

TEST_F(BramTest, RefusesWhatItCannotServe) {
  std::array<std::byte, 8> data{};
  sc_time delay;
  Plain beyond(tlm::TLM_READ_COMMAND, 65529, data);
  initiator.socket->b_transport(beyond, delay);
  EXPECT_EQ(beyond.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_THAT(bram->refusal(), ::testing::HasSubstr("bytes 0xfff9 to 0x10000"));
  Plain last(tlm::TLM_READ_COMMAND, 65528, data);
  initiator.socket->b_transport(last, delay);
  EXPECT_TRUE(last.is_response_ok());

  Plain enables(tlm::TLM_READ_COMMAND, 0, data);
  unsigned char mask = 0xff;
  enables.set_byte_enable_ptr(&mask);
  enables.set_byte_enable_length(1);
  initiator.socket->b_transport(enables, delay);
  EXPECT_EQ(enables.get_response_status(), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);

  Plain stream(tlm::TLM_READ_COMMAND, 0, data);
  stream.set_streaming_width(4);
  initiator.socket->b_transport(stream, delay);
  EXPECT_EQ(stream.get_response_status(), tlm::TLM_BURST_ERROR_RESPONSE);

  EXPECT_EQ(initiator.read({.run_bytes = 8, .runs = 2, .run_stride = 65528}).status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(initiator.read({.run_bytes = 8, .runs = 2, .run_stride = 65529}).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(initiator.read({.run_bytes = 8, .runs = 0}).status, tlm::TLM_BURST_ERROR_RESPONSE);
  EXPECT_EQ(reads(), 1U + 2U);
}

TEST_F(BramTest, SeveralRunsInThePayloadAreRefusedRatherThanCutShort) {
  std::array<std::byte, 8> data{};
  Plain payload(tlm::TLM_READ_COMMAND, 0, data);
  BulkTransfer bulk;
  bulk.values_by_dmi = false;
  bulk.run_bytes = 8;
  bulk.runs = 2;
  payload.set_extension(&bulk);
  sc_time delay;
  initiator.socket->b_transport(payload, delay);
  payload.clear_extension(&bulk);
  EXPECT_EQ(payload.get_response_status(), tlm::TLM_BURST_ERROR_RESPONSE);
}

TEST_F(BramTest, ReportsItsBlocksAndItsPeak) {
  // 65536 / 8 / 16 = 512 words of 64 bits in a bank: 512 x 36, two side by side; 16 banks.
  bram->reserve_peak(1000);
  bram->reserve_peak(100);
  const auto use = bram->buffers().at(0);
  EXPECT_EQ(use.kind, "bram");
  EXPECT_EQ(use.capacity_bits, 65536U * 8);
  EXPECT_EQ(use.peak_bits, 8000U);
  EXPECT_EQ(use.bram18k, 32U);
  EXPECT_EQ(bram->inventory().at(0).count, 32U);
  EXPECT_NO_THROW(bram->reserve_peak(65536));
  EXPECT_THROW(bram->reserve_peak(65537), InputError);
}

TEST_F(BramTest, ACheckpointHoldsTheContentsAndKeepsTheAddress) {
  auto payload = Plain(tlm::TLM_READ_COMMAND, 0, {});
  tlm::tlm_dmi dmi;
  ASSERT_TRUE(initiator.socket->get_direct_mem_ptr(payload, dmi));
  dmi.get_dmi_ptr()[65535] = 5;
  const auto state = bram->save_state();
  dmi.get_dmi_ptr()[65535] = 6;
  bram->restore_state(state);
  EXPECT_EQ(dmi.get_dmi_ptr()[65535], 5);
  EXPECT_THROW(bram->restore_state(std::span(state).first(100)), std::invalid_argument);
}

class BramAlone : public testing::SystemCTest {};

TEST_F(BramAlone, AWordIsOfWholeBytes) { EXPECT_THROW(Bram("bram", {.port_bits = 12}, ns(1)), InputError); }

TEST_F(BramAlone, BehindABusOverlapsWithItAndGrantsDmiInBusAddresses) {
  Initiator initiator("initiator");
  Bus bus("bus", {}, ns(1), 1, {{0x10000, 4096, "other"}, {0x40000, 65536, "bram"}});
  Bram other("other", {.capacity = 4096}, ns(1));
  Bram bram("bram", {.capacity = 65536}, ns(1));
  initiator.socket.bind(bus.from_initiator[0]);
  bus.to_target[0].bind(other.socket);
  bus.to_target[1].bind(bram.socket);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);

  // Bus: 1 cycle, then 4096 / 64 = 64 beats. Buffer: from cycle 1 on, 32 + 1 cycles. The bus is slower.
  const auto served = initiator.read({.address = 0x40000, .run_bytes = 4096});
  EXPECT_EQ(served.granted, ns(1));
  EXPECT_EQ(served.end, ns(1 + 64));
  // 8 runs in one bank: 8 beats, and 8 + 1 cycles in the buffer.
  EXPECT_EQ(initiator.read({.address = 0x40000, .run_bytes = 8, .runs = 8, .run_stride = 128, .begin = ns(200)}).end,
            ns(201 + 9));

  auto payload = Plain(tlm::TLM_READ_COMMAND, 0x40010, {});
  tlm::tlm_dmi dmi;
  ASSERT_TRUE(initiator.socket->get_direct_mem_ptr(payload, dmi));
  EXPECT_EQ(dmi.get_start_address(), 0x40000U);
  EXPECT_EQ(dmi.get_end_address(), 0x4ffffU);
  dmi.get_dmi_ptr()[0x40010 - dmi.get_start_address()] = 77;
  EXPECT_EQ(bram.save_state()[0x10], std::byte{77});
}

}  // namespace
}  // namespace rheo
