#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "traces/trace_header.hpp"

/// What the objects of a trace file are called. README.md says what they hold.
namespace rheo::traces {

inline constexpr std::uint64_t trace_schema = 1;

inline constexpr std::array<std::string_view, 4> program_names{"initialise", "training", "evaluation", "probe"};

inline constexpr std::array<std::pair<const char*, std::uint64_t TracedImages::*>, 6> image_numbers{
    {{"height", &TracedImages::height},
     {"width", &TracedImages::width},
     {"channels", &TracedImages::channels},
     {"classes", &TracedImages::classes},
     {"train", &TracedImages::train},
     {"test", &TracedImages::test}}};
inline constexpr std::array<std::pair<const char*, double TracedImages::*>, 2> pixel_numbers{
    {{"pixel_mean", &TracedImages::pixel_mean}, {"pixel_deviation", &TracedImages::pixel_deviation}}};

// Columns by the width of their numbers: 64 bits, uncompressed; then 64, 16 and 8 bits, compressed.
inline constexpr std::array<const char*, 9> program_columns{
    "programs/program", "programs/mode",     "programs/images", "programs/first_sample", "programs/start",
    "programs/end",     "programs/commands", "programs/counts", "programs/accesses"};
inline constexpr const char* learning_rate_column = "programs/learning_rate";
inline constexpr std::array<const char*, 7> epoch_columns{
    "epochs/epoch",         "epochs/train_loss", "epochs/train_accuracy", "epochs/test_loss",
    "epochs/test_accuracy", "epochs/lr",         "epochs/momentum"};
inline constexpr std::array<const char*, 10> wide_columns{
    "commands/sequence", "commands/start", "commands/end",     "commands/bytes",   "commands/items",
    "counts/command",    "counts/value",   "accesses/command", "accesses/address", "accesses/bytes"};
inline constexpr std::array<const char*, 2> middle_columns{"commands/unit", "commands/layer"};
inline constexpr std::array<const char*, 6> narrow_columns{"commands/operation", "commands/mode", "commands/phase",
                                                           "accesses/write",     "configuration", "report"};

}  // namespace rheo::traces
