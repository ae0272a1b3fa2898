#pragma once

#include <stdexcept>
#include <string>

namespace rheo {

/// What the user gave is wrong: a file, a key, a value, a command-line word. The message is one line,
/// `WHERE: what is wrong; what is allowed`. The command line prints it and exits with status 2.
class InputError : public std::runtime_error {
 public:
  InputError(const std::string& where, const std::string& fault)
      : std::runtime_error(where + ": " + fault), where_(where), fault_(fault) {}

  /// A file position, a `--set` word, or the key of a configuration.
  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  std::string where_, fault_;
};

/// The simulation itself cannot go on (exit status 1): two commands in conflict, a chip that stalled.
class SimulationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace rheo
