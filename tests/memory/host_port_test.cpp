#include "models/memory/host_port.hpp"

#include <gmock/gmock.h>

#include <array>

#include "tests/interconnect/initiator.hpp"
#include "tests/support/systemc_test.hpp"

namespace rheo {
namespace {

using sc_core::SC_NS;
using sc_core::sc_time;
using testing::Plain;

sc_time ns(double value) { return {value, SC_NS}; }

/// 4 KiB behind a link of 4 bytes a ns and a latency of 500 ns.
struct HostPortTest : testing::SystemCTest {
  HostPortTest() {
    initiator.socket.bind(port.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
  }
  testing::Initiator initiator{"initiator"};
  HostPort port{"host_port", {.bandwidth = 4e9, .latency = 500e-9}, 4096};
};

TEST_F(HostPortTest, ATransferTakesTheLatencyAndItsBytes) {
  const auto served = initiator.read({.run_bytes = 1000, .begin = ns(7)});
  EXPECT_EQ(served.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(served.granted, ns(7 + 500));
  EXPECT_EQ(served.end, ns(7 + 500 + 250));
}

TEST_F(HostPortTest, ServesOneTransferAtATime) {
  initiator.read({.run_bytes = 1000});
  const auto second = initiator.write({.run_bytes = 400, .begin = ns(100)});
  EXPECT_EQ(second.granted, ns(750 + 500));
  EXPECT_EQ(second.end, ns(750 + 500 + 100));
}

TEST_F(HostPortTest, RunsCostTheirBytesAndOneLatency) {
  EXPECT_EQ(initiator.read({.run_bytes = 40, .runs = 10, .run_stride = 100}).end, ns(500 + 100));
}

TEST_F(HostPortTest, CountsBytesAndTheTimeTheyMove) {
  const Scope scope{Mode::evaluation, Phase::transfer, 0};
  initiator.read({.run_bytes = 1000, .scope = scope});
  initiator.write({.run_bytes = 24, .scope = scope});
  EXPECT_EQ(port.actions().count(0, scope), 1024U);
  EXPECT_EQ(port.busy().ticks(scope), ns(256).value());
  EXPECT_EQ(port.actions().total(0, Mode::training), 0U);
}

TEST_F(HostPortTest, TheHostSeesWhatIsWrittenAndTheChipWhatTheHostPutThere) {
  std::array<std::byte, 4> bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  Plain write(tlm::TLM_WRITE_COMMAND, 16, bytes);
  sc_time delay;
  initiator.socket->b_transport(write, delay);
  EXPECT_EQ(write.get_response_status(), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(port.window()[18], std::byte{3});
  port.window()[18] = std::byte{9};
  Plain read(tlm::TLM_READ_COMMAND, 16, bytes);
  initiator.socket->b_transport(read, delay);
  EXPECT_EQ(bytes[2], std::byte{9});
}

TEST_F(HostPortTest, GrantsDirectAccessToTheWindow) {
  Plain payload(tlm::TLM_READ_COMMAND, 100, {});
  tlm::tlm_dmi dmi;
  ASSERT_TRUE(initiator.socket->get_direct_mem_ptr(payload, dmi));
  EXPECT_EQ(reinterpret_cast<std::byte*>(dmi.get_dmi_ptr()), port.window().data());
  EXPECT_EQ(dmi.get_end_address(), 4095U);
}

TEST_F(HostPortTest, RefusesWhatLiesOutsideAndCountsNothing) {
  EXPECT_EQ(initiator.read({.address = 4000, .run_bytes = 97}).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_EQ(initiator.read({.address = 4000, .run_bytes = 96}).status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(port.actions().total(0, Mode::training), 96U);
}

}  // namespace
}  // namespace rheo
