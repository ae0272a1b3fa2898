#pragma once

#include <CLI/CLI.hpp>
#include <csignal>
#include <string>
#include <vector>

namespace rheo {

/// `rheo trace` and `rheo replay`: what can be done with a recorded run.
class TraceCommand {
 public:
  explicit TraceCommand(CLI::App& app);

  [[nodiscard]] bool asked() const { return trace_->parsed() || replay_->parsed(); }
  /// Returns the exit status; throws InputError before anything is written.
  int run(const volatile std::sig_atomic_t& interrupted);

 private:
  int show_or_export(const volatile std::sig_atomic_t& interrupted);

  CLI::App* trace_;
  CLI::App* replay_;
  std::string file_, to_, out_;
  std::vector<std::string> set_;
  bool quiet_ = false;
};

}  // namespace rheo
