#pragma once

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace rheo {

/// `rheo evaluate` and `rheo reduce`: what can be done with a trained network.
class EvaluationCommand {
 public:
  explicit EvaluationCommand(CLI::App& app);

  [[nodiscard]] bool asked() const { return evaluate_->parsed() || reduce_->parsed(); }
  /// Returns the exit status; throws InputError before anything is written.
  int run(const volatile std::sig_atomic_t& interrupted);

 private:
  void add_common(CLI::App& command);

  CLI::App* evaluate_;
  CLI::App* reduce_;
  std::string run_, weights_, out_, by_ = "norm", seed_;
  std::vector<std::string> set_;
  std::size_t threads_ = 1;
  bool quiet_ = false;
};

}  // namespace rheo
