#include "models/memory/bram_geometry.hpp"

#include <gtest/gtest.h>

namespace rheo {
namespace {

TEST(BramGeometry, OneBlockHoldsEachShapeOfTheLadder) {
  EXPECT_EQ(bram18k_blocks(16384, 1), 1U);
  EXPECT_EQ(bram18k_blocks(8192, 2), 1U);
  EXPECT_EQ(bram18k_blocks(4096, 4), 1U);
  EXPECT_EQ(bram18k_blocks(2048, 9), 1U);
  EXPECT_EQ(bram18k_blocks(1024, 18), 1U);
  EXPECT_EQ(bram18k_blocks(512, 36), 1U);
}

TEST(BramGeometry, OneBitOrOneWordMoreTakesAnotherBlock) {
  EXPECT_EQ(bram18k_blocks(16385, 1), 2U);
  EXPECT_EQ(bram18k_blocks(1024, 19), 2U);
  EXPECT_EQ(bram18k_blocks(513, 36), 2U);
  EXPECT_EQ(bram18k_blocks(512, 37), 2U);
}

TEST(BramGeometry, WideAndDeepMemoriesTakeTheShapeThatNeedsFewest) {
  EXPECT_EQ(bram18k_blocks(512, 72), 2U);  // 512 x 36, two side by side
  EXPECT_EQ(bram18k_blocks(512, 64), 2U);  // likewise: ceil(64 / 36)
  // 8192 x 64: 512 x 36 takes 16 * 2 = 32, 1K x 18 takes 8 * 4, 2K x 9 takes 4 * 8, 4K x 4 takes 2 * 16,
  // 8K x 2 takes 1 * 32: all 32; 16K x 1 takes 1 * 64.
  EXPECT_EQ(bram18k_blocks(8192, 64), 32U);
  // 1100 x 9: 2K x 9 takes 1 * 1, while 1K x 18 takes 2 * 1 and 512 x 36 takes 3 * 1.
  EXPECT_EQ(bram18k_blocks(1100, 9), 1U);
  // 1500 x 36: 512 x 36 takes 3, 1K x 18 takes 2 * 2, 2K x 9 takes 4.
  EXPECT_EQ(bram18k_blocks(1500, 36), 3U);
  // 1500 x 10: 512 x 36 takes 3 * 1, 1K x 18 takes 2 * 1, 2K x 9 takes 1 * 2.
  EXPECT_EQ(bram18k_blocks(1500, 10), 2U);
}

TEST(BramGeometry, NothingTakesNothing) {
  EXPECT_EQ(bram18k_blocks(0, 64), 0U);
  EXPECT_EQ(bram18k_blocks(64, 0), 0U);
}

TEST(BramGeometry, FinnTakesTheShapeOfTheWidth) {
  EXPECT_EQ(finn_bram18k_blocks(16385, 1), 2U);
  EXPECT_EQ(finn_bram18k_blocks(8193, 2), 2U);
  EXPECT_EQ(finn_bram18k_blocks(4096, 3), 1U);
  EXPECT_EQ(finn_bram18k_blocks(2049, 8), 2U);
  EXPECT_EQ(finn_bram18k_blocks(512, 18), 1U);
  EXPECT_EQ(finn_bram18k_blocks(512, 72), 2U);
  // 1500 x 36: 1K x 18 takes 2 * 2, although 512 x 36 would take 3.
  EXPECT_EQ(finn_bram18k_blocks(1500, 36), 4U);
  EXPECT_EQ(finn_bram18k_blocks(513, 19), 2U);
}

TEST(BramGeometry, FinnPutsShallowMemoriesIntoLookUpTables) {
  EXPECT_EQ(finn_bram18k_blocks(128, 512), 0U);
  EXPECT_EQ(finn_bram18k_blocks(129, 36), 1U);
}

}  // namespace
}  // namespace rheo
