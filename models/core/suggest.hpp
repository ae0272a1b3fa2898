#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rheo {

/// The candidate nearest to `word` by edit distance, or an empty string when none is near enough
/// (at most a third of the longer word, at least 2 edits).
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean X?" for the nearest candidate, or an empty string.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace rheo
