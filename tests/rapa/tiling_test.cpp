#include "workloads/rapa/tiling.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "models/core/error.hpp"
#include "models/digital/partition.hpp"

namespace rheo::rapa {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Order = std::vector<std::uint16_t>;

Assignment assigned(Scheme scheme, std::int64_t tiles, std::uint32_t side = 32, std::uint64_t seed = 1) {
  return assign({scheme, tiles}, side, side, seed, 0, "rapa.conv1");
}

Order part(const Order& order, std::size_t parts, std::size_t index) {
  const auto begin = order.begin() + static_cast<std::ptrdiff_t>(part_begin(order.size(), parts, index));
  return {begin, order.begin() + static_cast<std::ptrdiff_t>(part_begin(order.size(), parts, index + 1))};
}

/// Which replica computes each position; fails unless every position appears once.
std::vector<std::size_t> replica_of(const Order& order, std::size_t replicas, std::size_t positions) {
  std::vector<std::size_t> replica(positions, replicas);
  for (std::size_t j = 0; j < replicas; ++j) {
    for (const std::uint16_t position : part(order, replicas, j)) {
      EXPECT_EQ(replica.at(position), replicas) << "position " << position << " twice";
      replica.at(position) = j;
    }
  }
  EXPECT_EQ(std::ranges::count(replica, replicas), 0) << "positions that nobody computes";
  return replica;
}

void expect_balanced(const Order& order, std::size_t replicas) {
  std::set<std::size_t> sizes;
  for (std::size_t j = 0; j < replicas; ++j) {
    const Order own = part(order, replicas, j);
    sizes.insert(own.size());
    EXPECT_TRUE(std::ranges::is_sorted(own));
  }
  EXPECT_LE(*sizes.rbegin() - *sizes.begin(), 1U);
}

// ---- The permutation generator ----

TEST(Partition, CoversEveryPositionOnceAndBalancesWithinOne) {
  const RandomKey key(3, 1, RandomPurpose::patch_assignment);
  for (const std::size_t positions : {1, 7, 64, 255, 1024}) {
    for (const std::size_t parts : {1, 2, 3, 7, 16, 64, 1000}) {
      if (parts > positions) continue;
      Order order(positions);
      draw_partition(key, 5, positions, parts, order);
      replica_of(order, parts, positions);
      expect_balanced(order, parts);
    }
  }
}

TEST(Partition, TakesAWordAnExchangeAndFewMore) {
  Order order(1024);
  const std::uint64_t words =
      draw_partition(RandomKey(3, 1, RandomPurpose::patch_assignment), 5, 1024, 16, order).words;
  EXPECT_GE(words, 1023U);
  EXPECT_LE(words, 1025U) << "a word is rejected with a probability below 1024 / 2^32";
}

TEST(Partition, IsAFunctionOfKeyAndDraw) {
  const RandomKey key(3, 1, RandomPurpose::patch_assignment);
  const auto drawn = [](const RandomKey& with, std::uint64_t draw) {
    Order order(64);
    draw_partition(with, draw, 64, 4, order);
    return order;
  };
  EXPECT_EQ(drawn(key, 5), drawn(key, 5));
  EXPECT_NE(drawn(key, 5), drawn(key, 6));
  EXPECT_NE(drawn(key, 5), drawn(RandomKey(4, 1, RandomPurpose::patch_assignment), 5));
  EXPECT_NE(drawn(key, 5), drawn(RandomKey(3, 2, RandomPurpose::patch_assignment), 5));
}

TEST(Partition, EveryPartitionIsEquallyLikely) {
  // 4 positions in 2 parts: 6 partitions.
  const RandomKey key(1, 0, RandomPurpose::patch_assignment);
  std::map<Order, int> times;
  constexpr int draws = 6000;
  for (int draw = 0; draw < draws; ++draw) {
    Order order(4);
    draw_partition(key, static_cast<std::uint64_t>(draw), 4, 2, order);
    ++times[order];
  }
  ASSERT_EQ(times.size(), 6U);
  double chi_square = 0;
  for (const auto& [order, n] : times) chi_square += std::pow(n - draws / 6.0, 2) / (draws / 6.0);
  EXPECT_LT(chi_square, 20.5) << "1 in 1000 with 5 degrees of freedom";
}

TEST(Partition, EveryPositionIsLeftOutEquallyOften) {
  const RandomKey key(2, 0, RandomPurpose::patch_assignment);
  std::vector<int> kept(16);
  constexpr int draws = 4000;
  for (int draw = 0; draw < draws; ++draw) {
    Order order(4);
    draw_partition(key, static_cast<std::uint64_t>(draw), 16, 1, order);
    ASSERT_TRUE(std::ranges::is_sorted(order));
    for (const std::uint16_t position : order) ++kept[position];
  }
  for (const int n : kept) EXPECT_NEAR(n, draws / 4, 5 * std::sqrt(draws * 0.25 * 0.75));
}

TEST(Partition, WhatCannotBeDividedIsRefused) {
  Order order(4);
  const RandomKey key;
  EXPECT_THROW(draw_partition(key, 0, 3, 1, order), std::invalid_argument);
  EXPECT_THROW(draw_partition(key, 0, 4, 5, order), std::invalid_argument);
  EXPECT_THROW(draw_partition(key, 0, 4, 0, order), std::invalid_argument);
  EXPECT_THROW(draw_partition(key, 0, 65536, 1, order), std::invalid_argument);
}

// ---- Schemes ----

TEST(Tiling, EveryFixedSchemeCoversThePlaneInEqualParts) {
  for (const Scheme scheme : {Scheme::image_overlap, Scheme::image_pad, Scheme::alternate, Scheme::random_fixed}) {
    for (const std::int64_t tiles : {4, 16, 64, 256, 1024}) {
      const Assignment a = assigned(scheme, tiles);
      EXPECT_EQ(a.replicas, tiles);
      EXPECT_EQ(a.positions, 1024U);
      EXPECT_FALSE(a.drawn);
      replica_of(a.order, a.replicas, 1024);
      expect_balanced(a.order, a.replicas);
    }
  }
}

TEST(Tiling, ImageTilingIsThePapersFormula) {
  // n = 4, q = 2: x and y in {0, 1} or {2, 3}; replica = 2 floor(x / 2) + floor(y / 2).
  const auto replica = replica_of(assigned(Scheme::image_overlap, 4, 4).order, 4, 16);
  EXPECT_THAT(replica, ElementsAre(0, 0, 2, 2,  //
                                   0, 0, 2, 2,  //
                                   1, 1, 3, 3,  //
                                   1, 1, 3, 3));
  EXPECT_EQ(assigned(Scheme::image_overlap, 4, 4).regions, 0U);
  EXPECT_EQ(assigned(Scheme::image_pad, 4, 4).regions, 2U);
  EXPECT_EQ(assigned(Scheme::image_pad, 4, 4).order, assigned(Scheme::image_overlap, 4, 4).order);
}

TEST(Tiling, AlternateTilingIsThePapersFormula) {
  const auto replica = replica_of(assigned(Scheme::alternate, 4, 4).order, 4, 16);
  EXPECT_THAT(replica, ElementsAre(0, 1, 0, 1,  //
                                   2, 3, 2, 3,  //
                                   0, 1, 0, 1,  //
                                   2, 3, 2, 3));
}

TEST(Tiling, RandomFixedTakesAnyCountAndItsSeed) {
  const Assignment a = assigned(Scheme::random_fixed, 17);
  replica_of(a.order, 17, 1024);
  expect_balanced(a.order, 17);
  EXPECT_EQ(a.order, assigned(Scheme::random_fixed, 17).order);
  EXPECT_NE(a.order, assigned(Scheme::random_fixed, 17, 32, 2).order);
  EXPECT_NE(a.order, assign({Scheme::random_fixed, 17}, 32, 32, 1, 1, "").order) << "another layer";
}

TEST(Tiling, RandomDrawsForEveryImage) {
  const Assignment a = assigned(Scheme::random, 16);
  EXPECT_TRUE(a.drawn);
  EXPECT_TRUE(a.uses_table());
  EXPECT_TRUE(a.order.empty());
  EXPECT_EQ(a.replicas, 16U);
  EXPECT_FALSE(assigned(Scheme::random, 1).uses_table()) << "one replica is the plain convolution";
}

TEST(Tiling, PerforatedHasOneMatrixAndAShareOfThePatches) {
  const Assignment a = assigned(Scheme::perforated, 16);
  EXPECT_EQ(a.replicas, 1U);
  EXPECT_EQ(a.positions, 64U);
  EXPECT_TRUE(a.drawn);
  EXPECT_EQ(assigned(Scheme::perforated, 1000).positions, 1U);
}

TEST(Tiling, TheLoadsOf16And4And1AreAlike) {
  const auto patches = [](std::uint32_t side, std::int64_t tiles) {
    const Assignment a = assigned(Scheme::random, tiles, side);
    return a.positions / a.replicas;
  };
  EXPECT_EQ(patches(32, 16), 64U);
  EXPECT_EQ(patches(16, 4), 64U);
  EXPECT_EQ(patches(8, 1), 64U);
}

std::string refusal(const LayerTiling& tiling, std::uint32_t height, std::uint32_t width) {
  try {
    static_cast<void>(assign(tiling, height, width, 1, 0, "rapa.conv2"));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Tiling, WhatDoesNotFitIsAClearError) {
  EXPECT_EQ(refusal({Scheme::alternate, 8}, 16, 16),
            "rapa.conv2.tiles: 8 does not share out a plane of 16 x 16 evenly by alternate; expected one of 1, 4, 16, "
            "64, 256");
  EXPECT_THAT(refusal({Scheme::image_pad, 9}, 16, 16), HasSubstr("rapa.conv2.tiles: 9 "));
  EXPECT_THAT(refusal({Scheme::image_overlap, 4}, 16, 8),
              AllOf(HasSubstr("rapa.conv2.scheme"), HasSubstr("the layer's is 16 x 8")));
  EXPECT_THAT(refusal({Scheme::random, 65}, 8, 8), HasSubstr("65 for a plane of 64 positions"));
  EXPECT_THAT(refusal({Scheme::none, 4}, 8, 8), HasSubstr("expected 1 without a scheme"));
  EXPECT_THAT(refusal({Scheme::random, 4}, 300, 300), HasSubstr("at most 65535"));
  EXPECT_EQ(refusal({Scheme::random, 17}, 32, 32), "");
}

}  // namespace
}  // namespace rheo::rapa
