#include "models/core/suggest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rheo {
namespace {

const std::vector<std::string> keys{"adc.bits", "adc.bound", "dac.bits", "seed", "tile.rows"};

TEST(Suggest, FindsTheKeyWithASlip) {
  EXPECT_EQ(nearest("adc.bit", keys), "adc.bits");
  EXPECT_EQ(nearest("sede", keys), "seed");
  EXPECT_EQ(nearest("tile.row", keys), "tile.rows");
  EXPECT_EQ(nearest("adc_bits", keys), "adc.bits");
  EXPECT_EQ(nearest("seed", keys), "seed");
}

TEST(Suggest, TakesTheNearestNotTheFirst) {
  EXPECT_EQ(nearest("dac.bitz", keys), "dac.bits") << "one edit, adc.bits is three away";
}

TEST(Suggest, AllowsAThirdOfTheWordAndAtLeastTwoEdits) {
  const std::vector<std::string> nine{"abcdefghi"};
  EXPECT_EQ(nearest("abcdefxyz", nine), "abcdefghi") << "three edits of nine";
  EXPECT_EQ(nearest("abcdewxyz", nine), "") << "four of nine";
  const std::vector<std::string> four{"lenet"};
  EXPECT_EQ(nearest("lexyt", four), "lenet") << "two edits";
  EXPECT_EQ(nearest("wxyet", four), "") << "three";
}

TEST(Suggest, StaysSilentWhereNothingIsLeftOfTheWord) {
  EXPECT_EQ(nearest("xy", std::vector<std::string>{"ab"}), "") << "two edits replace the whole word";
  EXPECT_EQ(nearest("", keys), "");
  EXPECT_EQ(nearest("adc.bits", {}), "");
}

TEST(Suggest, AsksAQuestionOrSaysNothing) {
  EXPECT_EQ(did_you_mean("adc.bit", keys), "; did you mean adc.bits?");
  EXPECT_EQ(did_you_mean("converter", keys), "");
}

}  // namespace
}  // namespace rheo
