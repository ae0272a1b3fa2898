#include "models/digital/access_tracker.hpp"

#include <gmock/gmock.h>

#include "models/core/error.hpp"

namespace rheo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string conflict(AccessTracker& tracker, std::uint64_t address, std::uint64_t bytes, bool write) {
  try {
    tracker.use(2, "#2 forward", address, bytes, write);
  } catch (const SimulationError& error) {
    return error.what();
  }
  return {};
}

TEST(AccessTracker, NamesTheTwoCommandsThatConflict) {
  AccessTracker tracker;
  tracker.use(1, "#1 transfer", 0x100, 64, true);
  EXPECT_THAT(conflict(tracker, 0x100, 64, false),
              AllOf(HasSubstr("command #2 forward reads"), HasSubstr("command #1 transfer writes")));
  EXPECT_THAT(conflict(tracker, 0x100, 64, true), HasSubstr("command #2 forward writes"));
}

TEST(AccessTracker, AWriteConflictsWithAReadToo) {
  AccessTracker tracker;
  tracker.use(1, "#1 transfer", 0x100, 64, false);
  EXPECT_THAT(conflict(tracker, 0x100, 64, true), HasSubstr("command #1 transfer reads"));
}

TEST(AccessTracker, LetsManyReadTheSame) {
  AccessTracker tracker;
  tracker.use(1, "#1 transfer", 0x100, 64, false);
  EXPECT_EQ(conflict(tracker, 0x100, 64, false), "");
}

TEST(AccessTracker, SeesTheLastByteAndNotTheNextOne) {
  AccessTracker tracker;
  tracker.use(1, "#1 transfer", 0x100, 64, true);
  EXPECT_EQ(conflict(tracker, 0x140, 64, true), "");
  EXPECT_EQ(conflict(tracker, 0xC0, 64, true), "");
  EXPECT_NE(conflict(tracker, 0x13F, 1, false), "");
  AccessTracker other;
  other.use(1, "#1 transfer", 0x100, 64, true);
  EXPECT_NE(conflict(other, 0xFF, 2, false), "");
}

TEST(AccessTracker, ACommandMayReadWhatItWrites) {
  AccessTracker tracker;
  tracker.use(2, "#2 forward", 0x100, 64, false);
  EXPECT_EQ(conflict(tracker, 0x100, 64, true), "");
}

TEST(AccessTracker, ForgetsAllOfACommandThatEnded) {
  AccessTracker tracker;
  tracker.use(1, "#1 transfer", 0x100, 64, true);
  tracker.use(1, "#1 transfer", 0x400, 64, true);
  tracker.use(3, "#3 zero", 0x800, 64, true);
  tracker.release(1);
  EXPECT_EQ(conflict(tracker, 0x100, 64, true), "");
  EXPECT_EQ(conflict(tracker, 0x400, 64, true), "");
  EXPECT_NE(conflict(tracker, 0x800, 64, true), "");
}

TEST(AccessTracker, NothingConflictsWithNoBytes) {
  AccessTracker tracker;
  tracker.use(1, "#1 transfer", 0x100, 64, true);
  EXPECT_EQ(conflict(tracker, 0x110, 0, true), "");
}

}  // namespace
}  // namespace rheo
