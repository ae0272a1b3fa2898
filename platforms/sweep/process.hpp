#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rheo::sweep {

/// How a program ended.
struct Ending {
  int status = 0;  ///< exit status, when no signal ended it
  int signal = 0;  ///< that ended it; 0: none

  [[nodiscard]] bool well() const noexcept { return status == 0 && signal == 0; }
};

/// A process that has ended.
struct Ended {
  pid_t process = 0;
  Ending ending;
  double cpu_s = 0;  ///< user and system time
};

/// What a `rheo` with these words does; returns its exit status.
using Command = std::function<int(const std::vector<std::string>& words)>;

/// Starts a copy of this process, which must have one thread, with nothing open but an empty input, an output that is
/// thrown away and a new file for its errors; it executes the command and ends. It is a process group of its own, so
/// that Ctrl-C reaches this process alone, and it dies with this process. Throws SimulationError.
[[nodiscard]] pid_t start_process(const Command& command, const std::vector<std::string>& words,
                                  const std::filesystem::path& errors);

/// A process that was started and has ended since, without waiting.
[[nodiscard]] std::optional<Ended> next_ended();

/// Runs a program (words[0]) to its end and returns its output. Throws SimulationError with its errors when it fails.
[[nodiscard]] std::string output_of(const std::vector<std::string>& words);

/// The program that runs now.
[[nodiscard]] std::filesystem::path own_program();

}  // namespace rheo::sweep
