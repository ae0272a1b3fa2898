#include "platforms/spiking_command.hpp"

#include <filesystem>

#include "platforms/spiking_training.hpp"

namespace rheo {

SpikingCommand::SpikingCommand(CLI::App& app)
    : command_(app.add_subcommand("train-spiking", "train a spiking network on the host, for a chip that infers")) {
  command_->add_option("CONFIG", config_, "TOML file")->required();
  command_->add_option("--set", set_, "KEY=VALUE laid over the file, as often as you like")->allow_extra_args(false);
  command_->add_option("--seed", seed_, "seed of all random numbers");
  command_->add_option("--out", out_, "folder for the results; none: a new one below runs/");
  command_->add_option("--threads", threads_, "threads of the arithmetic; the results do not depend on them")
      ->check(CLI::Range(1, 1024));
  command_->add_flag("--resume", resume_, "go on with the run in --out");
  command_->add_flag("--quiet", quiet_, "no progress");
}

int SpikingCommand::run(const volatile std::sig_atomic_t& interrupted) {
  std::vector<std::string> set = set_;
  if (!seed_.empty()) set.push_back("seed=" + seed_);
  const SpikingConfiguration configuration = SpikingConfiguration::load(config_, set);
  SpikingRunOptions options;
  options.out = out_;
  options.name = std::filesystem::path(config_).stem().string();
  options.threads = threads_;
  options.resume = resume_;
  options.quiet = quiet_;
  return run_spiking_training(configuration, options, interrupted);
}

}  // namespace rheo
