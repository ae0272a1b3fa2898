#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "models/cost/cost_table.hpp"

namespace rheo {
namespace {

const CostTable& reference() {
  static const CostTable table = CostTable::from_file(RHEO_REFERENCE_COSTS);
  return table;
}

const std::vector<std::string> actions{"array.read_charge",
                                       "array.read_charge.mnsim",
                                       "array.pulse",
                                       "array.half_select",
                                       "array.program",
                                       "integrator.sample",
                                       "pulse_generator.slot",
                                       "random.bit",
                                       "tile_digital.search",
                                       "tile_digital.rescale",
                                       "tile_digital.accumulate",
                                       "tile_digital.shift_add",
                                       "bram.read",
                                       "bram.write",
                                       "register.byte",
                                       "dram.read",
                                       "dram.write",
                                       "dram.activate",
                                       "dram.refresh",
                                       "bus.beat",
                                       "dma.byte",
                                       "host.byte",
                                       "controller.command",
                                       "controller.fetch",
                                       "vector.add",
                                       "vector.mul",
                                       "vector.special",
                                       "vector.compare",
                                       "vector.convert",
                                       "ideal.mac",
                                       "stream.add",
                                       "stream.multiply",
                                       "stream.buffer_bit",
                                       "stream.lutram_access",
                                       "stream.fifo_bit"};

const std::vector<std::string> instances{"dac",
                                         "dac.line_driver",
                                         "sample_hold",
                                         "integrator",
                                         "pulse_generator",
                                         "array.cell",
                                         "tile_digital",
                                         "bram.18k",
                                         "dram",
                                         "bus",
                                         "dma",
                                         "host",
                                         "controller",
                                         "vector.lane",
                                         "stream.lane",
                                         "stream.lutram_bit"};

TEST(ReferenceCosts, PriceEveryActionAndPartOfTheReferenceChip) {
  std::set<std::string> expected;
  std::vector<std::string> placed = instances;
  for (int bits = 1; bits <= 12; ++bits) placed.push_back("adc." + std::to_string(bits) + "b");
  for (const std::string& name : placed) {
    EXPECT_NO_THROW((void)reference().static_power(name)) << name;
    EXPECT_NO_THROW((void)reference().area(name)) << name;
    expected.insert(name);
  }
  std::vector<std::string> priced = actions;
  for (int bits = 1; bits <= 12; ++bits) priced.push_back("adc.convert." + std::to_string(bits) + "b");
  for (int bits = 1; bits <= 10; ++bits) priced.push_back("dac.drive." + std::to_string(bits) + "b");
  for (const std::string& name : priced) {
    EXPECT_NO_THROW((void)reference().energy(name)) << name;
    expected.insert(name);
  }
  std::set<std::string> present;
  for (const CostEntry& entry : reference().entries()) present.insert(entry.name);
  EXPECT_EQ(present, expected) << "an entry that nothing here names";
}

TEST(ReferenceCosts, AreFreeOnlyWhereTheEntrySaysWhy) {
  for (const CostEntry& entry : reference().entries()) {
    if (entry.energy == 0.0 || entry.static_power == 0.0 || entry.area == 0.0) {
      EXPECT_TRUE(entry.assumption && !entry.derivation.empty()) << entry.where << ": " << entry.name;
    }
  }
}

/// Derived entries show their arithmetic: it ends in the value, to the digits that the text gives.
TEST(ReferenceCosts, AreWhatTheirSourcesComeTo) {
  const auto near = [](double derived, double tolerance = 1e-4) {
    return testing::DoubleNear(derived, std::abs(derived) * tolerance);
  };
  const CostTable& table = reference();
  // Lower-bound fit to the ADC survey, 32 nm, 1.28 GS/s.
  EXPECT_EQ(table.energy("adc.convert.4b"), 0.92e-12);
  EXPECT_EQ(table.energy("adc.convert.5b"), 0.94e-12);
  EXPECT_EQ(table.energy("adc.convert.6b"), 1.06e-12);
  EXPECT_EQ(table.energy("adc.convert.8b"), 1.93e-12);
  EXPECT_EQ(table.energy("adc.convert.9b"), 5.52e-12);
  EXPECT_EQ(table.energy("adc.convert.10b"), 16.4e-12);
  EXPECT_THAT(table.energy("adc.convert.1b"), near(0.92e-12 / 8));
  EXPECT_THAT(table.energy("adc.convert.7b"), near(std::sqrt(1.06e-12 * 1.93e-12)));
  EXPECT_THAT(table.energy("adc.convert.12b"), near(16.4e-12 * std::pow(16.4 / 5.52, 2), 1e-3));
  // ISAAC: 8 ADCs in 0.0096 mm2; 1024 DACs with 4 mW at 100 ns; 1024 sample-and-holds with 0.01 mW.
  EXPECT_THAT(table.area("adc.8b"), near(0.0096e-6 / 8, 1e-12));
  // Andrulis et al.: area goes with the power 0.299 of energy.
  for (int bits = 1; bits <= 12; ++bits) {
    const std::string name = std::to_string(bits) + "b";
    EXPECT_THAT(table.area("adc." + name),
                near(1200e-12 * std::pow(table.energy("adc.convert." + name) / 1.93e-12, 0.2991), 1e-3));
  }
  EXPECT_THAT(table.energy("dac.drive.1b"), near(4e-3 / (8 * 128) * 100e-9, 1e-12));
  EXPECT_THAT(table.energy("dac.drive.7b"), near(4e-3 / (8 * 128) * 100e-9 + 37.5e-15 / 2, 1e-12));
  EXPECT_THAT(table.area("dac"), near(0.00017e-6 / 1024 + 240e-12 * std::pow(32.0 / 65.0, 2)));
  EXPECT_THAT(table.area("dac.line_driver"), near(0.00017e-6 / 1024, 1e-12));
  EXPECT_THAT(table.static_power("sample_hold"), near(0.01e-3 / 1024, 1e-12));
  EXPECT_THAT(table.area("sample_hold"), near(0.00004e-6 / 1024, 1e-12));
  EXPECT_THAT(table.area("tile_digital"), near(0.00024e-6 / 4, 1e-12));
  // The cell: V^2 / R * t.
  EXPECT_THAT(table.energy("array.read_charge"), near(1.0 * (2.0 / 24e6) * 80e-9 / 65536, 1e-7));
  EXPECT_THAT(table.energy("array.read_charge.mnsim"), near(0.15 * 0.15 / 10e3 * 80e-9 / 65536, 1e-7));
  EXPECT_THAT(table.energy("array.pulse"), near(1.0 / 24e6 * 1e-9, 1e-7));
  EXPECT_THAT(table.energy("array.half_select"), near(table.energy("array.pulse") / 4, 1e-7));
  EXPECT_THAT(table.energy("array.program"), near(3.0 * 3.0 / 10e3 * 10e-9, 1e-12));
  EXPECT_THAT(table.area("array.cell"), near(2.68e-6 / (4096.0 * 4096.0)));
  // Pulses: an 8-bit comparison, and the line; a flip-flop, and a bit of an adder.
  const double line = 512 * std::sqrt(table.area("array.cell")) * 0.2e-15 / 1e-6 * 0.5 * 0.5;
  EXPECT_THAT(table.energy("pulse_generator.slot"), near(0.02947e-12 * 8 / 32 + line, 1e-3));
  EXPECT_THAT(table.energy("random.bit"), near(0.009e-12 + 0.21e-12 / 32, 1e-12));
  EXPECT_THAT(table.energy("integrator.sample"), near(10e-6 * 1.0 * 80e-9 + 100e-15 * 1.0 * 1.0, 1e-12));
  // 45 nm arithmetic.
  EXPECT_EQ(table.energy("vector.add"), 0.9e-12);
  EXPECT_EQ(table.energy("vector.mul"), 3.7e-12);
  EXPECT_THAT(table.energy("vector.special"), near(6 * (3.7e-12 + 0.9e-12), 1e-12));
  EXPECT_EQ(table.energy("tile_digital.shift_add"), 0.1e-12);
  EXPECT_THAT(table.energy("tile_digital.rescale"), near(3.7e-12 + 0.9e-12, 1e-12));
  EXPECT_THAT(table.energy("ideal.mac"), near(3.7e-12 + 0.9e-12, 1e-12));
  // Memory and transport.
  EXPECT_THAT(table.energy("bram.read"), near(10e-12 * std::sqrt(2304.0 / 8192.0)));
  EXPECT_THAT(table.static_power("bram.18k"), near(0.33e-3 * 2304 / 2048, 1e-12));
  EXPECT_THAT(table.area("bram.18k"), near(0.00392e-6 * 2304 / 2048, 1e-12));
  EXPECT_EQ(table.energy("dram.read"), 8e-12);
  EXPECT_THAT(table.energy("bus.beat"), near(6e-3 * 1e-9 * 512 / 384, 1e-12));
  EXPECT_THAT(table.static_power("bus"), near(1e-3 * 512 / 384));
  EXPECT_THAT(table.energy("host.byte"), near(10.4 / (4 * 6.4e9), 1e-12));
  // FPGA: 14 times the energy and 35 times the area in look-up tables.
  EXPECT_THAT(table.energy("stream.add"), near(14 * table.energy("tile_digital.shift_add"), 1e-12));
  EXPECT_THAT(table.energy("stream.buffer_bit"), near(table.energy("bram.read") / 64));
  EXPECT_THAT(table.energy("stream.lutram_access"), near(14 * table.energy("register.byte") / 8, 1e-12));
  EXPECT_THAT(table.area("stream.lutram_bit"), near(35 * table.area("bram.18k") / 18432));
  EXPECT_THAT(table.static_power("stream.lutram_bit"), near(table.static_power("bram.18k") / 18432));
  EXPECT_THAT(table.area("stream.lane"), near(35 * 137e-12, 1e-12));
  EXPECT_THAT(table.energy("controller.fetch"), near(0.65e-3 * std::sqrt(8.0) * 1e-9 / 8));
}

TEST(ReferenceCosts, RiseWithTheResolution) {
  for (const auto& [stem, last] : {std::pair{"adc.convert.", 12}, std::pair{"dac.drive.", 10}}) {
    for (int bits = 2; bits <= last; ++bits) {
      const auto name = [stem = stem](int n) { return stem + std::to_string(n) + "b"; };
      EXPECT_GT(reference().energy(name(bits)), reference().energy(name(bits - 1))) << name(bits);
    }
  }
}

}  // namespace
}  // namespace rheo
