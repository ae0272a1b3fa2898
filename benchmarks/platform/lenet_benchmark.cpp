// benchmark_lenet [BATCHES [bare [DEVICE]]]: images a second of LeNet training at batch 512 on one thread, the whole
// chip simulated (SystemC, time, energy, memories, transfers) against the same kernels and blocks in a bare loop, in
// turn within one run; and the same for the idealised device and for burst-exact memory traffic. With the word `bare`
// only the bare loop runs, of one device if it is named: for profiles.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <systemc>
#include <vector>

#include "benchmarks/platform/bare_lenet.hpp"
#include "platforms/files.hpp"
#include "platforms/training_run.hpp"

namespace {

using namespace rheo;

constexpr std::int64_t batch = 512;

double seconds(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// A simulation of its own for every chip; the kernel keeps the old ones.
void new_simulation() {
  sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = new sc_core::sc_simcontext;
  sc_core::sc_set_time_resolution(10, sc_core::SC_FS);
}

struct Speed {
  double chip = 0, bare = 0;
};

Speed measure(const std::string& device, const std::string& granularity, int batches, bool only_bare) {
  new_simulation();
  const RunConfiguration configuration = RunConfiguration::load(
      share_folder() / "platforms/lenet_gv.toml", {"device.preset=" + device, "granularity=" + granularity,
                                                   "workload.train_samples=10240", "workload.test_samples=1"});
  TrainingRun run(configuration);
  run.elaborate(1, nullptr);
  run.chip().program_initial_state();
  benchmarks::BareLenet bare(configuration.chip.array_settings(), 8);
  const ImageSet& set = run.data().train;
  std::vector<double> chip_seconds, bare_seconds;
  for (int i = 0; i <= batches; ++i) {
    const std::size_t first = static_cast<std::size_t>(i) % 20 * batch;
    const std::span pixels(set.pixels.data() + first * 784, batch * 784);
    const std::span labels(set.labels.data() + first, batch);
    const auto sample = static_cast<std::uint64_t>(i) * batch;
    const double on_chip = only_bare ? 0 : seconds([&] {
      run.chip().train_step({pixels, labels, sample}, {0.05, 0.9, 5e-4});
    });
    const double in_loop = seconds([&] { bare.train_step(pixels, labels, sample, 0.05F, 0.9F, 5e-4F); });
    if (i == 0) continue;  // warm-up
    chip_seconds.push_back(on_chip);
    bare_seconds.push_back(in_loop);
  }
  return {batch / median(chip_seconds), batch / median(bare_seconds)};
}

}  // namespace

int sc_main(int argc, char** argv) {
  const int batches = argc > 1 ? std::max(1, std::atoi(argv[1])) : 20;
  const bool only_bare = argc > 2 && std::string(argv[2]) == "bare";
  fmt::print("LeNet training, batch {}, one thread, median of {} batches, images/s\n", batch, batches);
  fmt::print("{:<34} {:>11} {:>11} {:>7}\n", "", "whole chip", "bare loop", "ratio");
  const std::pair<const char*, const char*> cases[] = {
      {"GokmenVlasov", "block"}, {"ideal", "block"}, {"GokmenVlasov", "burst"}, {"ideal", "burst"}};
  for (const auto& [device, granularity] : cases) {
    if (only_bare && (std::string(granularity) == "burst" || (argc > 3 && std::string(argv[3]) != device))) continue;
    const Speed speed = measure(device, granularity, batches, only_bare);
    fmt::print("{:<34} {:>11.0f} {:>11.0f} {:>7.2f}\n", fmt::format("{}, {} granularity", device, granularity),
               speed.chip, speed.bare, speed.bare / speed.chip);
  }
  return 0;
}

int main(int argc, char** argv) {
  setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}
