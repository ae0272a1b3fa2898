#include "platforms/spiking_command.hpp"

#include <filesystem>
#include <iostream>
#include <map>

#include "platforms/files.hpp"
#include "platforms/spiking_training.hpp"

namespace rheo {

SpikingCommand::SpikingCommand(CLI::App& app)
    : train_(app.add_subcommand("train-spiking", "train a spiking network on the host, for a chip that infers")),
      widths_(app.add_subcommand("spiking-widths", "spikes and accuracy of a trained spiking network in fixed point")) {
  train_->add_option("CONFIG", config_, "TOML file")->required();
  train_->add_option("--set", set_, "KEY=VALUE laid over the file, as often as you like")->allow_extra_args(false);
  train_->add_option("--seed", seed_, "seed of all random numbers");
  train_->add_option("--out", out_, "folder for the results; none: a new one below runs/");
  train_->add_option("--threads", threads_, "threads of the arithmetic; the results do not depend on them")
      ->check(CLI::Range(1, 1024));
  train_->add_flag("--resume", resume_, "go on with the run in --out");
  train_->add_flag("--quiet", quiet_, "no progress");

  const CLI::Range weight_range(2, 16), membrane_range(6, 32);
  widths_->add_option("RUN", request_.run, "folder that rheo train-spiking wrote")->required();
  widths_->add_option("--weights", request_.weight_bits, "widths of weights, bits, as 4,8")
      ->delimiter(',')
      ->check(weight_range);
  widths_->add_option("--membranes", request_.membrane_bits, "widths of membranes, bits")
      ->delimiter(',')
      ->check(membrane_range);
  widths_
      ->add_option("--held-weights", request_.held_weight_bits,
                   "width of weights that the membranes are tried with, bits")
      ->check(weight_range);
  widths_->add_option("--leak-bits", request_.leak_bits, "places of membranes behind those of the weights")
      ->check(CLI::Range(0, 24));
  widths_
      ->add_option("--membrane-range", request_.membrane_ranges,
                   "lowest membranes that their places leave room for at least, thresholds below 0, as 4,64")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20));
  const std::map<std::string, stream::Decay::Kind> kinds{{"shift", stream::Decay::Kind::shift},
                                                         {"multiplier", stream::Decay::Kind::multiplier}};
  const std::map<std::string, stream::Decay::Rounding> roundings{{"floor", stream::Decay::Rounding::floor},
                                                                 {"nearest", stream::Decay::Rounding::nearest}};
  widths_->add_option("--decay", request_.decay.kind, "leak of a membrane: m - (m >> bits) or numerator m / 2^bits")
      ->transform(CLI::CheckedTransformer(kinds).description("shift or multiplier"));
  widths_->add_option("--decay-bits", request_.decay.bits, "of the shift or of the multiplier's fraction")
      ->check(CLI::Range(1, 15));
  widths_->add_option("--decay-numerator", request_.decay.numerator, "of the multiplier")->check(CLI::Range(1, 32767));
  widths_->add_option("--decay-rounding", request_.decay.rounding, "of the multiplier's product")
      ->transform(CLI::CheckedTransformer(roundings).description("floor or nearest"));
  widths_->add_option("--set", request_.set, "KEY=VALUE laid over the run's configuration")->allow_extra_args(false);
  widths_->add_option("--examples", request_.examples, "test examples, spread over the run's; 0: all");
  widths_->add_option("--ticks", request_.ticks, "of an example; 0: the network's")
      ->check(CLI::Range(std::int64_t{0}, SpikingEvaluationParameters::most_ticks));
  widths_->add_option("--threads", request_.threads, "threads of the arithmetic")->check(CLI::Range(1, 1024));
  widths_->add_option("--out", out_, "CSV file to write; none: print");
}

int SpikingCommand::run(const volatile std::sig_atomic_t& interrupted) {
  return train_->parsed() ? train(interrupted) : widths();
}

int SpikingCommand::widths() {
  const std::string csv = spiking_widths_csv(request_);
  if (out_.empty()) {
    std::cout << csv;
  } else {
    write_file(out_, csv);
  }
  return 0;
}

int SpikingCommand::train(const volatile std::sig_atomic_t& interrupted) {
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
