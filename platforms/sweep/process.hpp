#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace rheo::sweep {

/// A program that has ended.
struct Ended {
  pid_t process = 0;
  int status = 0;    ///< exit status; 128 + N after signal N
  double cpu_s = 0;  ///< user and system time
};

/// Starts a program (words[0] is its path) without input, its output thrown away and its errors in a file. It is a
/// process group of its own, so that Ctrl-C reaches this process alone, and it dies with this process.
/// Throws SimulationError.
[[nodiscard]] pid_t start_process(const std::vector<std::string>& words, const std::filesystem::path& errors);

/// A program that was started and has ended since, without waiting.
[[nodiscard]] std::optional<Ended> next_ended();

/// Runs a program to its end and returns its output. Throws SimulationError with its errors when it fails.
[[nodiscard]] std::string output_of(const std::vector<std::string>& words);

/// The program that runs now.
[[nodiscard]] std::filesystem::path own_program();

}  // namespace rheo::sweep
