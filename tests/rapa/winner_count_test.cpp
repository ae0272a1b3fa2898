// Which replica wins the maximum poolings, on planes whose winners a reader can see.
#include "workloads/rapa/winner_count.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "workloads/rapa/replicas.hpp"

namespace rheo::testing {
namespace {

using rapa::WinnerCount;
using Wins = std::vector<std::uint64_t>;

/// 4 x 4, one channel.
constexpr std::array<float, 16> plane{1, 2, 0, 0,  //
                                      3, 0, 0, 0,  //
                                      0, 7, 4, 4,  //
                                      5, 0, 0, 0};

TEST(WinnerCount, TheOwnerOfTheLargestCellWinsAndAWindowOfZerosHasNoWinner) {
  WinnerCount count(2, 1);
  // Replica 0 has the even rows, replica 1 the odd ones.
  const std::vector<std::uint16_t> order{0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};
  count.add(plane, order, {1, 4, 4, 1, 2, 2});
  // Upper left 3 (row 1), upper right none, lower left 7 (row 2), lower right 4 (row 2).
  EXPECT_EQ(count.wins(), (Wins{2, 1}));
  count.add(plane, order, {1, 4, 4, 1, 2, 2});
  EXPECT_EQ(count.wins(), (Wins{4, 2}));
}

TEST(WinnerCount, TheFirstOfEqualsWinsAndWindowsMayReachOverTheEnds) {
  WinnerCount columns(4, 1);
  std::vector<std::uint16_t> order;
  for (std::uint16_t x = 0; x < 4; ++x) {
    for (std::uint16_t y = 0; y < 4; ++y) order.push_back(static_cast<std::uint16_t>(4 * y + x));
  }
  // Windows of 3 every 2, ceiling: rows and columns 0 to 2 and 2 to 3.
  columns.add(plane, order, {1, 4, 4, 1, 3, 2, 0, true});
  // 7 in column 1; 4 in column 2 before that of column 3; rows 2 to 3: 7; 4.
  EXPECT_EQ(columns.wins(), (Wins{0, 2, 2, 0}));
  WinnerCount padded(4, 1);
  // Windows of 3 every 2 with a padding of 1: rows and columns 0 to 1, 1 to 3.
  padded.add(plane, order, {1, 4, 4, 1, 3, 2, 1});
  EXPECT_EQ(padded.wins(), (Wins{1, 3, 0, 0}));  // 3; 2 (rows 0 to 1, columns 1 to 3); 7; 7
}

TEST(WinnerCount, ChannelsCountOnTheirOwn) {
  WinnerCount count(2, 2);
  const std::array<float, 8> two{1, 9, 2, 8, 0, 0, 0, 0};  // 2 x 2, channels last
  const std::vector<std::uint16_t> order{0, 2, 1, 3};
  count.add(two, order, {1, 2, 2, 2, 2, 2});
  EXPECT_EQ(count.wins(), (Wins{0, 1, 1, 0}));

  const rapa::KernelMatrix first{1, 2, {10, 11}, {1, 2}};
  const rapa::KernelMatrix second{1, 2, {20, 21}, {3, 4}};
  EXPECT_EQ(rapa::reduce(std::vector{first, second}, rapa::Reduction::winner, 1, 0, count.wins()),
            (rapa::KernelMatrix{1, 2, {20, 11}, {3, 2}}));
  EXPECT_THROW(rapa::reduce(std::vector{first, second}, rapa::Reduction::winner, 1, 0), std::invalid_argument);
}

TEST(WinnerCount, WhatDoesNotFitIsRefused) {
  WinnerCount count(2, 1);
  const std::vector<std::uint16_t> order{0, 1, 2};
  EXPECT_THROW(count.add(plane, order, {1, 4, 4, 1, 2, 2}), std::invalid_argument);
  EXPECT_THROW(count.add(plane, {}, {2, 4, 4, 1, 2, 2}), std::invalid_argument);
}

}  // namespace
}  // namespace rheo::testing
