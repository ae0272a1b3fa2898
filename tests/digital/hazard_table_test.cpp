// Conflicts between the commands on the scoreboard, against the definition.
#include "models/digital/hazard_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

namespace rheo {
namespace {

using Range = HazardTable::Range;

bool conflict(const Range& a, const Range& b) {
  const bool disjoint_parts = a.part != 0 && b.part != 0 && a.part != b.part;
  return (a.write || b.write) && !disjoint_parts && a.first <= b.last && b.first <= a.last;
}

std::vector<std::size_t> by_definition(const std::vector<std::optional<std::vector<Range>>>& entries,
                                       const std::vector<Range>& ranges) {
  std::vector<std::size_t> found;
  for (std::size_t entry = 0; entry < entries.size(); ++entry) {
    if (!entries[entry]) continue;
    const bool any = std::ranges::any_of(ranges, [&](const Range& a) {
      return std::ranges::any_of(*entries[entry], [&](const Range& b) { return conflict(a, b); });
    });
    if (any) found.push_back(entry);
  }
  return found;
}

class HazardTables : public ::testing::TestWithParam<std::size_t> {};

TEST_P(HazardTables, FindWhatTheDefinitionFinds) {
  const std::size_t size = GetParam();
  HazardTable table(size);
  std::vector<std::optional<std::vector<Range>>> entries(size);
  std::mt19937_64 random(7);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  std::size_t hits = 0, misses = 0;
  for (int step = 0; step < 4000; ++step) {
    std::vector<Range> ranges(below(HazardTable::max_ranges + 1));
    for (Range& range : ranges) {
      // Short and long ones, neighbours, the weights of a unit; parts only now and then.
      range.first = below(8) == 0 ? (std::uint64_t{1} << 62) + below(3) : 8 * below(200);
      range.last = range.first + below(4) * 8 + (below(20) == 0 ? 400 : 7);
      if (range.first >= std::uint64_t{1} << 62) range.last = range.first;
      range.part = step > 500 && below(3) == 0 ? static_cast<std::uint32_t>(below(4)) : 0;
      range.write = below(3) == 0;
    }
    const auto found = table.conflicts(ranges);
    const auto expected = by_definition(entries, ranges);
    ASSERT_EQ(std::vector(found.begin(), found.end()), expected) << "step " << step;
    hits += expected.size();
    misses += size - expected.size();
    const std::size_t entry = below(size);
    if (entries[entry]) {
      table.leave(entry);
      entries[entry].reset();
    } else {
      table.enter(entry, ranges);
      entries[entry] = ranges;
    }
  }
  EXPECT_GT(hits, 100U);
  EXPECT_GT(misses, 100U);
}
INSTANTIATE_TEST_SUITE_P(Sizes, HazardTables, ::testing::Values(1, 7, 32, 100));

}  // namespace
}  // namespace rheo
