#include "models/core/quantity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rheo {
namespace {

using enum Dimension;

const std::vector<Dimension> all_dimensions{seconds, hertz,         bytes, bytes_per_second, joules,
                                            watts,   square_metres, volts, siemens};

std::string refusal(std::string_view text, Dimension dimension) {
  try {
    return "read as " + std::to_string(parse_quantity(text, dimension));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Quantity, ReadsValuesAsPeopleWriteThem) {
  EXPECT_EQ(parse_quantity("80 ns", seconds), 80e-9);
  EXPECT_EQ(parse_quantity("80ns", seconds), 80e-9);
  EXPECT_EQ(parse_quantity("  80 \t ns ", seconds), 80e-9);
  EXPECT_EQ(parse_quantity("1.28 GHz", hertz), 1.28e9);
  EXPECT_EQ(parse_quantity("2 MiB", bytes), 2.0 * 1024 * 1024);
  EXPECT_EQ(parse_quantity("64 KiB", bytes), 65536.0);
  EXPECT_EQ(parse_quantity("4 GiB", bytes), 4294967296.0);
  EXPECT_EQ(parse_quantity("64 kB", bytes), 64000.0);
  EXPECT_EQ(parse_quantity("512 B", bytes), 512.0);
  EXPECT_EQ(parse_quantity("25.6 GB/s", bytes_per_second), 25.6e9);
  EXPECT_EQ(parse_quantity("1.67 pJ", joules), 1.67e-12);
  EXPECT_EQ(parse_quantity("0 J", joules), 0.0);
  EXPECT_EQ(parse_quantity("1.5e-3 fJ", joules), 1.5e-18);
  EXPECT_EQ(parse_quantity("2 mW", watts), 2e-3);
  EXPECT_EQ(parse_quantity("10.4 W", watts), 10.4);
  EXPECT_EQ(parse_quantity("-3 V", volts), -3.0);
  EXPECT_EQ(parse_quantity("40 nS", siemens), 40e-9);
}

TEST(Quantity, AreasCountThePrefixTwice) {
  EXPECT_EQ(parse_quantity("1200 um2", square_metres), 1200e-12);
  EXPECT_EQ(parse_quantity("0.0012 mm2", square_metres), 0.0012e-6);
  EXPECT_EQ(parse_quantity("0.0012 mm2", square_metres), parse_quantity("1200 um2", square_metres));
  EXPECT_EQ(parse_quantity("3 m2", square_metres), 3.0);
}

TEST(Quantity, IsTheNearestDoubleNotAProduct) {
  EXPECT_NE(5.52 * 1e-12, 5.52e-12) << "the case must show the difference";
  EXPECT_EQ(parse_quantity("5.52 pJ", joules), 5.52e-12);
}

TEST(Quantity, RefusesWhatIsNotAValueWithItsUnit) {
  for (const char* text :
       {"",        " ",       "80",    "ns",    "80 n",    "80 s s", "80 Ns",  "80 Hz", "80 n s",  "eighty ns",
        "80,5 ns", "0x10 ns", "inf s", "nan s", "1e999 s", "1e s",   "80 Kis", "80 Ms", "--80 ns", "80 ns!"}) {
    EXPECT_EQ(refusal(text, seconds), "expected a time such as \"80 ns\"") << '\'' << text << '\'';
  }
  for (const char* text : {"2 mB", "2 mib", "2 Kb", "2 KB", "2 MiB/s", "2 Mi"}) {
    EXPECT_EQ(refusal(text, bytes), "expected a size such as \"2 MiB\"") << '\'' << text << '\'';
  }
  EXPECT_EQ(refusal("1200 um", square_metres), "expected an area such as \"1200 um2\"");
  EXPECT_EQ(refusal("1e300 TJ", joules), "expected an energy such as \"1.67 pJ\"");
}

TEST(Quantity, EachDimensionAsksForItself) {
  for (const Dimension dimension : all_dimensions) {
    const std::string message = refusal("?", dimension);
    const auto start = message.find('"') + 1;
    ASSERT_THAT(message, testing::StartsWith("expected a"));
    EXPECT_NO_THROW((void)parse_quantity(message.substr(start, message.size() - start - 1), dimension)) << message;
    EXPECT_THAT(message, testing::EndsWith(std::string(symbol(dimension)) + "\""));
  }
}

TEST(Quantity, FormatsWithThePrefixThatSuits) {
  EXPECT_EQ(format_quantity(80e-9, seconds), "80 ns");
  EXPECT_EQ(format_quantity(1200.0, seconds), "1200 s");
  EXPECT_EQ(format_quantity(1.28e9, hertz), "1.28 GHz");
  EXPECT_EQ(format_quantity(2.0 * 1024 * 1024, bytes), "2 MiB");
  EXPECT_EQ(format_quantity(64000.0, bytes), "64 kB");
  EXPECT_EQ(format_quantity(1000.0, bytes), "1 kB");
  EXPECT_EQ(format_quantity(100.0, bytes), "100 B");
  EXPECT_EQ(format_quantity(25.6e9, bytes_per_second), "25.6 GB/s");
  EXPECT_EQ(format_quantity(1.67e-12, joules), "1.67 pJ");
  EXPECT_EQ(format_quantity(1.0172526e-19, joules), "0.00010172526 fJ");
  EXPECT_EQ(format_quantity(0.0012e-6, square_metres), "1200 um2");
  EXPECT_EQ(format_quantity(2.68e-6, square_metres), "2.68 mm2");
  EXPECT_EQ(format_quantity(-0.15, volts), "-150 mV");
  EXPECT_EQ(format_quantity(0.0, joules), "0 J");
  EXPECT_EQ(format_quantity(999.9999, watts), "999.9999 W");
}

TEST(Quantity, FormattedTextReadsBackToTheSameDouble) {
  std::vector<double> values{0.0,
                             1.0,
                             0.1,
                             1.0 / 3.0,
                             5e-324,
                             std::numeric_limits<double>::min(),
                             std::numeric_limits<double>::max(),
                             std::nextafter(1e-12, 1.0),
                             std::nextafter(1024.0, 0.0),
                             1e22,
                             9007199254740993.0};
  std::mt19937_64 bits(7);
  while (values.size() < 20000) {
    const std::uint64_t word = bits();
    double value = 0.0;
    std::memcpy(&value, &word, sizeof value);
    if (std::isfinite(value)) values.push_back(value);
    values.push_back(std::ldexp(static_cast<double>(word % 4096), static_cast<int>(word >> 12) % 50));
    values.push_back(static_cast<double>(word % 100000) * std::pow(10.0, static_cast<int>(word >> 20) % 20));
  }
  for (const Dimension dimension : all_dimensions) {
    for (const double value : values) {
      const std::string text = format_quantity(value, dimension);
      ASSERT_EQ(parse_quantity(text, dimension), value) << text;
    }
  }
}

}  // namespace
}  // namespace rheo
