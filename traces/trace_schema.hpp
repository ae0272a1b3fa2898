#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "traces/trace_header.hpp"

/// What the objects of a trace file are called. README.md says what they hold.
namespace rheo::traces {

inline constexpr std::uint64_t trace_schema = 2;

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

// Columns whose rows are all of one type.
inline constexpr std::array<const char*, 9> program_columns{
    "programs/program", "programs/mode",     "programs/images", "programs/first_sample", "programs/start",
    "programs/end",     "programs/commands", "programs/counts", "programs/check"};
inline constexpr const char* learning_rate_column = "programs/learning_rate";
inline constexpr std::array<const char*, 7> epoch_columns{
    "epochs/epoch",         "epochs/train_loss", "epochs/train_accuracy", "epochs/test_loss",
    "epochs/test_accuracy", "epochs/lr",         "epochs/momentum"};
inline constexpr std::array<const char*, 2> epoch_marks{"epochs/end", "epochs/check"};
inline constexpr const char* header_check = "checks/header";
inline constexpr const char* report_check = "checks/report";

}  // namespace rheo::traces
