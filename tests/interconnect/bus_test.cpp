#include "models/interconnect/bus.hpp"

#include <gmock/gmock.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstring>
#include <memory>

#include "models/core/error.hpp"
#include "models/interconnect/transaction.hpp"
#include "tests/interconnect/initiator.hpp"
#include "tests/support/systemc_test.hpp"

namespace rheo {
namespace {

using sc_core::SC_NS;
using sc_core::sc_time;
using testing::Initiator;
using testing::Plain;

sc_time ns(double value) { return {value, SC_NS}; }

/// A target with 4 KiB of bytes that grants and ends when the test says, and keeps what it was asked.
struct Target : sc_core::sc_module {
  tlm_utils::simple_target_socket<Target> socket{"socket"};
  std::array<unsigned char, 4096> bytes{};
  sc_time wait_before_grant;
  sc_time duration;
  bool calls_wait = false;
  std::uint64_t address = 0;
  sc_time asked_at;

  explicit Target(const sc_core::sc_module_name& name) : sc_core::sc_module(name) {
    socket.register_b_transport(this, &Target::b_transport);
    socket.register_transport_dbg(this, &Target::transport_dbg);
    socket.register_get_direct_mem_ptr(this, &Target::get_direct_mem_ptr);
  }

  void b_transport(tlm::tlm_generic_payload& payload, sc_time& delay) {
    address = payload.get_address();
    asked_at = sc_core::sc_time_stamp() + delay;
    if (calls_wait) {
      wait(delay + duration);
      delay = sc_core::SC_ZERO_TIME;
    } else {
      if (auto* bulk = payload.get_extension<BulkTransfer>()) bulk->granted = delay + wait_before_grant;
      delay += wait_before_grant + duration;
    }
    if (payload.is_read() && payload.get_data_ptr() != nullptr) {
      std::memcpy(payload.get_data_ptr(), &bytes[address], payload.get_data_length());
    }
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  unsigned transport_dbg(tlm::tlm_generic_payload& payload) {
    std::memcpy(payload.get_data_ptr(), &bytes[payload.get_address()], payload.get_data_length());
    return payload.get_data_length();
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
    address = payload.get_address();
    dmi.set_dmi_ptr(bytes.data());
    dmi.set_start_address(0);
    dmi.set_end_address(bytes.size() - 1);
    dmi.allow_read();
    return true;
  }
};

/// Two initiators, two targets at 0x1000 and 0x8000; 64 bytes a beat, a cycle of 1 ns.
class BusTest : public testing::SystemCTest {
 protected:
  explicit BusTest(std::int64_t channels = 2, std::int64_t arbitration = 1) {
    bus = std::make_unique<Bus>("bus", BusParameters{.channels = channels, .arbitration_cycles = arbitration}, ns(1), 2,
                                std::vector<AddressRange>{{0x1000, 0x1000, "low"}, {0x8000, 0x800, "high"}});
    first.socket.bind(bus->from_initiator[0]);
    second.socket.bind(bus->from_initiator[1]);
    bus->to_target[0].bind(low.socket);
    bus->to_target[1].bind(high.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }

  Initiator first{"first"};
  Initiator second{"second"};
  Target low{"low"};
  Target high{"high"};
  std::unique_ptr<Bus> bus;
};

struct OneChannelBus : BusTest {
  OneChannelBus() : BusTest(1) {}
};

TEST_F(BusTest, ATransferTakesArbitrationAndABeatForEveryStartedWidthOfEveryRun) {
  // 3 runs of 100 bytes: 3 * ceil(100 / 64) = 6 beats, after 1 cycle of arbitration.
  const auto served = first.read({.address = 0x1000, .run_bytes = 100, .runs = 3, .run_stride = 200});
  EXPECT_EQ(served.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(served.granted, ns(1));
  EXPECT_EQ(served.end, ns(1 + 6));
  EXPECT_EQ(low.asked_at, ns(1));
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 128, .begin = ns(50)}).end, ns(50 + 1 + 2));
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 129, .begin = ns(100)}).end, ns(100 + 1 + 3));
}

TEST_F(BusTest, ARequestBetweenTwoEdgesWaitsForTheNext) {
  const sc_time tick = sc_time::from_value(1);
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 64, .begin = ns(10)}).end, ns(10 + 1 + 1));
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 64, .begin = ns(20) + tick}).end, ns(21 + 1 + 1));
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 64, .begin = ns(31) - tick}).end, ns(31 + 1 + 1));
}

TEST_F(OneChannelBus, SimultaneousTransfersTakeTheSumOfTheirBeats) {
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 640}).end, ns(1 + 10));
  // Arbitrated while the first one moves: granted at 11, 5 beats.
  const auto behind = second.read({.address = 0x1000, .run_bytes = 320});
  EXPECT_EQ(behind.granted, ns(11));
  EXPECT_EQ(behind.end, ns(11 + 5));
}

TEST_F(OneChannelBus, ATransferThatComesWhenTheChannelIsJustFreeOnlyWaitsForArbitration) {
  first.read({.address = 0x1000, .run_bytes = 640});  // until 11
  EXPECT_EQ(second.read({.address = 0x1000, .run_bytes = 64, .begin = ns(9)}).granted, ns(11));
  // The channel is now taken until 12; asked at 11, granted at 12 by arbitration as well.
  EXPECT_EQ(second.read({.address = 0x1000, .run_bytes = 64, .begin = ns(11)}).granted, ns(12));
  EXPECT_EQ(second.read({.address = 0x1000, .run_bytes = 64, .begin = ns(13)}).granted, ns(14));
}

TEST_F(BusTest, TheThirdOfThreeTakesTheChannelThatIsFreeFirst) {
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 640}).granted, ns(1));   // channel 0 until 11
  EXPECT_EQ(second.read({.address = 0x1000, .run_bytes = 256}).granted, ns(1));  // channel 1 until 5
  const auto third = first.read({.address = 0x8000, .run_bytes = 64});
  EXPECT_EQ(third.granted, ns(5));
  EXPECT_EQ(third.end, ns(6));
}

TEST_F(BusTest, TheLaterOfBusAndTargetEnds) {
  low.duration = ns(9);
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 640}).end, ns(1 + 10));  // the bus is slower
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 512, .begin = ns(100)}).end, ns(101 + 9));
}

TEST_F(BusTest, NoByteMovesBeforeTheTargetGrantsIt) {
  low.wait_before_grant = ns(30);
  low.duration = ns(2);
  const auto served = first.read({.address = 0x1000, .run_bytes = 640});
  EXPECT_EQ(served.granted, ns(1 + 30));
  EXPECT_EQ(served.end, ns(1 + 30 + 10));
}

TEST_F(OneChannelBus, AWaitingTargetDoesNotBlockTheChannel) {
  low.wait_before_grant = ns(30);
  first.read({.address = 0x1000, .run_bytes = 640});
  EXPECT_EQ(second.read({.address = 0x8000, .run_bytes = 64}).granted, ns(1 + 10));
}

TEST_F(BusTest, CountsBeatsAndSharesBusyTimeOverItsChannelsByScope) {
  const Scope backward{Mode::evaluation, Phase::backward, 3};
  first.read({.address = 0x1000, .run_bytes = 100, .runs = 3, .run_stride = 100, .scope = backward});
  second.write({.address = 0x1000, .run_bytes = 64});
  EXPECT_EQ(bus->actions().count(0, backward), 6U);
  EXPECT_EQ(bus->actions().count(0, Scope{}), 1U);
  EXPECT_EQ(bus->busy().ticks(backward), ns(6).value() / 2);
  EXPECT_EQ(bus->inventory().at(0).count, 2U);
}

TEST_F(BusTest, TheTargetSeesItsOwnAddressesAndTheInitiatorGetsItsOwnBack) {
  high.bytes[0x20] = 42;
  std::array<std::byte, 1> data{};
  Plain payload(tlm::TLM_READ_COMMAND, 0x8020, data);
  sc_time delay = ns(5);
  first.socket->b_transport(payload, delay);
  EXPECT_TRUE(payload.is_response_ok());
  EXPECT_EQ(high.address, 0x20U);
  EXPECT_EQ(payload.get_address(), 0x8020U);
  EXPECT_EQ(data[0], std::byte{42});
  EXPECT_EQ(delay, ns(5 + 1 + 1));
  EXPECT_EQ(bus->actions().count(0, Scope{}), 1U);
}

TEST_F(BusTest, WhatLiesInNoTargetIsAnAddressErrorThatCostsNothing) {
  EXPECT_EQ(first.read({.address = 0x1000, .run_bytes = 0x1000}).status, tlm::TLM_OK_RESPONSE);
  const auto beats = bus->actions().total(0, Mode::training);
  EXPECT_EQ(first.read({.address = 0xfff, .run_bytes = 1}).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(first.read({.address = 0x2000, .run_bytes = 1}).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(first.read({.address = 0x1001, .run_bytes = 0x1000}).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(first.read({.address = 0x8000, .run_bytes = 8, .runs = 2, .run_stride = 0x7f9}).status,
            tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_THAT(bus->refusal(), ::testing::AllOf(::testing::HasSubstr("0x8000"), ::testing::HasSubstr("high")));
  EXPECT_EQ(first.read({.address = 0x8000, .run_bytes = 8, .runs = 2, .run_stride = 0x7f8}).status,
            tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(first.read({.address = 0x8000, .run_bytes = 8, .runs = 3, .run_stride = 1ULL << 63U}).status,
            tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(bus->actions().total(0, Mode::training), beats + 2);
}

TEST_F(BusTest, DebugTransportStopsAtTheEndOfTheTarget) {
  low.bytes[0xffe] = 7;
  low.bytes[0xfff] = 8;
  std::array<std::byte, 4> data{};
  Plain payload(tlm::TLM_READ_COMMAND, 0x1ffe, data);
  EXPECT_EQ(first.socket->transport_dbg(payload), 2U);
  EXPECT_THAT(data, ::testing::ElementsAre(std::byte{7}, std::byte{8}, std::byte{0}, std::byte{0}));
  EXPECT_EQ(payload.get_address(), 0x1ffeU);
  EXPECT_EQ(payload.get_data_length(), 4U);
}

TEST_F(BusTest, DirectMemoryIsTranslatedAndCutToTheRange) {
  Plain payload(tlm::TLM_READ_COMMAND, 0x8010, {});
  tlm::tlm_dmi dmi;
  ASSERT_TRUE(second.socket->get_direct_mem_ptr(payload, dmi));
  EXPECT_EQ(dmi.get_dmi_ptr(), high.bytes.data());
  EXPECT_EQ(dmi.get_start_address(), 0x8000U);
  EXPECT_EQ(dmi.get_end_address(), 0x87ffU);  // the target has 0x1000 bytes, its range 0x800
  EXPECT_EQ(payload.get_address(), 0x8010U);
  payload.set_address(0);
  EXPECT_FALSE(second.socket->get_direct_mem_ptr(payload, dmi));

  high.socket->invalidate_direct_mem_ptr(0x10, 0xfff);
  EXPECT_EQ(first.invalidated_first, 0x8010U);
  EXPECT_EQ(second.invalidated_last, 0x87ffU);
}

/// An initiator of another make, in a thread, with a target that waits.
struct Caller : sc_core::sc_module {
  Initiator& initiator;
  sc_time end;
  bool completed = false;
  Caller(const sc_core::sc_module_name& name, Initiator& by) : sc_core::sc_module(name), initiator(by) {
    SC_HAS_PROCESS(Caller);
    SC_THREAD(run);
  }
  void run() {
    wait(ns(3));
    const auto served = initiator.read({.address = 0x1000, .run_bytes = 128});
    end = sc_core::sc_time_stamp() + served.end;
    completed = true;
  }
};

class WaitingTarget : public testing::SystemCTest {};

TEST_F(WaitingTarget, GetsTheSameTimes) {
  Initiator initiator("initiator");
  Caller caller("caller", initiator);
  Target target("target");
  Bus bus("bus", {}, ns(1), 1, {{0x1000, 0x1000, "target"}});
  initiator.socket.bind(bus.from_initiator[0]);
  bus.to_target[0].bind(target.socket);
  target.calls_wait = true;
  target.duration = ns(20);
  sc_core::sc_start();
  EXPECT_TRUE(caller.completed);
  EXPECT_EQ(caller.end, ns(3 + 1 + 20));
}

class AddressMap : public testing::SystemCTest {};

TEST_F(AddressMap, RangesThatOverlapOrAreEmptyAreRefused) {
  using Map = std::vector<AddressRange>;
  EXPECT_THROW(Bus("a", {}, ns(1), 1, Map{{0, 16, "x"}, {15, 16, "y"}}), InputError);
  EXPECT_THROW(Bus("b", {}, ns(1), 1, Map{{8, 1, "x"}, {0, 16, "y"}}), InputError);
  EXPECT_THROW(Bus("c", {}, ns(1), 1, Map{{8, 0, "x"}}), InputError);
  EXPECT_NO_THROW(Bus("d", {}, ns(1), 1, Map{{0, 16, "x"}, {16, 16, "y"}}));
}

}  // namespace
}  // namespace rheo
