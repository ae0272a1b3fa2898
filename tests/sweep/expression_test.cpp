#include "platforms/sweep/expression.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <map>
#include <stdexcept>

namespace rheo::sweep {
namespace {

using ::testing::ElementsAre;

bool holds(const std::string& text, const std::map<std::string, double>& values) {
  return Expression(text).holds([&](const std::string& name) { return values.at(name); });
}

TEST(ExpressionTest, NamesAreDottedAndEachOnce) {
  EXPECT_THAT(Expression("adc.bits <= 9 && area.total_mm2 < adc.bits * 2").names(),
              ElementsAre("adc.bits", "area.total_mm2"));
}

TEST(ExpressionTest, ComparesAndCalculates) {
  EXPECT_TRUE(holds("adc.bits <= 9", {{"adc.bits", 9}}));
  EXPECT_FALSE(holds("adc.bits <= 9", {{"adc.bits", 10}}));
  EXPECT_TRUE(holds("tile.rows * tile.columns <= 2^16", {{"tile.rows", 256}, {"tile.columns", 256}}));
  EXPECT_FALSE(holds("tile.rows * tile.columns < 2^16", {{"tile.rows", 256}, {"tile.columns", 256}}));
  EXPECT_TRUE(holds("a.x == 1 || a.y == 1", {{"a.x", 0}, {"a.y", 1}}));
}

TEST(ExpressionTest, WhatIsNoNumberDoesNotHold) {
  EXPECT_FALSE(holds("a.x / a.y", {{"a.x", 0}, {"a.y", 0}}));
  EXPECT_FALSE(holds("a.x", {{"a.x", std::numeric_limits<double>::infinity()}}));
}

TEST(ExpressionTest, BadGrammarIsRefused) {
  for (const char* text : {"", "adc.bits <", "<= 9", "(adc.bits", "adc.bits 9", "3 < 4", "adc..bits <", "f(adc.bits)",
                           "adc.bits = 5", "adc.bits <= 5, 1", "adc.bits =< 5"}) {
    EXPECT_THROW(Expression{text}, std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace rheo::sweep
