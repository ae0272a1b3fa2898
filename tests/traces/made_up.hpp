#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "traces/trace_reader.hpp"
#include "traces/trace_writer.hpp"

/// A run that never was, and its trace.
namespace rheo::testing {

inline TraceHeader header() {
  TraceHeader h;
  h.version = "1.2.3";
  h.configuration = "seed = 1\n";
  h.tick_seconds = 1e-14;
  h.units = {"dma", "vector_unit", "tile0"};
  h.operations = {"transfer", "forward", "max-pool"};
  h.layers = {"shared", "conv1"};
  h.memories = {{"buffer", 0, 4096}, {"dram", 1ULL << 32, 1ULL << 20}};
  h.images = {28, 28, 1, 10, 5, 3, 0.25, 0.5};
  return h;
}

inline constexpr std::array<std::string_view, 3> units{"dma", "vector_unit", "tile0"};
inline constexpr std::array<std::string_view, 3> operations{"transfer", "forward", "max-pool"};

/// Command n of a made-up run, with what it points to.
struct MadeUp {
  /// Programs of 500 commands each.
  static constexpr std::uint64_t a_program = 500;

  explicit MadeUp(std::uint64_t n) {
    // What commands have in common repeats, as it does from batch to batch.
    const std::uint64_t kind = (n % a_program % 90) * 0x9E3779B97F4A7C15ULL;
    const std::uint64_t mixed = n * 0x9E3779B97F4A7C15ULL;
    for (std::uint64_t i = 0; i < n % 4; ++i) counts.push_back(mixed >> (8 * i));
    for (std::uint64_t i = 0; i < n % a_program % 3; ++i) accesses.push_back({kind >> 30, n % 90 + i, i % 2 == 1});
    // Within a program the order of the ends is not that of the sequence.
    const std::uint64_t sequence = n % a_program < 400 ? n ^ 1U : n;
    event = {sequence,
             units[kind % 3],
             operations[(kind >> 8) % 3],
             {static_cast<Mode>((kind >> 16) % 3), static_cast<Phase>((kind >> 24) % 5),
              static_cast<LayerIndex>((kind >> 32) % 2)},
             n < 100 ? 10 * n : 1000 * n - (mixed >> 50),
             1000 * n,
             kind >> 50,
             n % 77,
             counts,
             accesses};
  }
  MadeUp(const MadeUp&) = delete;
  MadeUp& operator=(const MadeUp&) = delete;

  std::vector<std::uint64_t> counts;
  std::vector<AccessedRange> accesses;
  CommandEvent event;
};

inline void expect_equal(const CommandEvent& a, const CommandEvent& b) {
  EXPECT_EQ(a.sequence, b.sequence);
  EXPECT_EQ(a.unit, b.unit);
  EXPECT_EQ(a.operation, b.operation);
  EXPECT_EQ(a.scope, b.scope);
  EXPECT_EQ(a.start, b.start);
  EXPECT_EQ(a.end, b.end);
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.items, b.items);
  EXPECT_TRUE(std::ranges::equal(a.counts, b.counts));
  ASSERT_EQ(a.accesses.size(), b.accesses.size());
  for (std::size_t i = 0; i < a.accesses.size(); ++i) {
    EXPECT_EQ(a.accesses[i].address, b.accesses[i].address);
    EXPECT_EQ(a.accesses[i].bytes, b.accesses[i].bytes);
    EXPECT_EQ(a.accesses[i].write, b.accesses[i].write);
  }
}

inline constexpr std::uint64_t commands_a_program = MadeUp::a_program;

/// Commands first to last of the made-up run, with their programs. `of_file`: the first that the file has.
inline void write_commands(TraceWriter& writer, std::uint64_t last, std::uint64_t first = 0,
                           std::uint64_t of_file = 0) {
  for (std::uint64_t n = first; n < last; ++n) {
    const MadeUp made_up(n);
    CommandEvent event = made_up.event;
    event.sequence -= of_file;
    writer.command(event);
    if ((n + 1) % commands_a_program != 0) continue;
    const std::uint64_t program = n / commands_a_program;
    writer.program({program == 0 ? "initialise" : "training", Mode::training, 64, 64 * program, 0.125,
                    1000 * (n + 1 - commands_a_program), 1000 * n + 1});
  }
}

/// Reads so many commands and compares each with the made-up one.
template <class Reader>
void expect_made_up(Reader& reader, std::uint64_t count, std::uint64_t at_a_time = 700) {
  std::uint64_t n = 0;
  while (n < count) {
    const auto commands = reader.next(std::min(at_a_time, count - n));
    ASSERT_FALSE(commands.empty());
    for (const TracedCommand& command : commands) expect_equal(named(command, reader.header()), MadeUp(n++).event);
  }
}

}  // namespace rheo::testing
