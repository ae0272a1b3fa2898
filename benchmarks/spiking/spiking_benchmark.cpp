// benchmark_spiking [EXAMPLES]: milliseconds of one processor core (CPU time of one thread, whatever else runs) an
// example of the spiking networks: training step and inference in floating point and in integers, with first weights,
// over the ticks named; and of generating a radio signal. Default 16 examples.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <string>
#include <vector>

#include "workloads/data/synthetic.hpp"
#include "workloads/spiking/conversion.hpp"
#include "workloads/spiking/data/image_spikes.hpp"
#include "workloads/spiking/data/radio_set.hpp"
#include "workloads/spiking/evaluation.hpp"
#include "workloads/spiking/training.hpp"

namespace {

using namespace rheo;
using namespace rheo::spiking;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// CPU time of a call, ms an example.
template <class Work>
double milliseconds(std::size_t examples, Work work) {
  const double start = cpu_seconds();
  work();
  return 1e3 * (cpu_seconds() - start) / static_cast<double>(examples);
}

void measure(const std::string& name, const SpikeData& data, std::size_t examples, SpikingRecipe recipe) {
  ThreadTeam team(1);
  const SpikingNetwork network = build_spiking_network(name);
  const auto ticks = recipe.ticks > 0 ? static_cast<std::size_t>(recipe.ticks) : network.ticks;
  std::vector<std::uint32_t> chosen(std::min(examples, data.examples()));
  std::iota(chosen.begin(), chosen.end(), 0U);
  SpikingTrainer trainer(network, recipe, 1, team);
  const FloatNetwork floating{network, trainer.weights(), recipe.decay};
  const QuantisedNetwork integers = quantise(floating, {8, 16, 3, {}});
  const auto inference = [&](const std::function<std::unique_ptr<NetworkRun>()>& run) {
    return milliseconds(chosen.size(), [&] { (void)evaluate(run, data, chosen, ticks, 0, team); });
  };
  const double in_float =
      inference([&] { return std::make_unique<FloatRun>(network, floating.weights, floating.decay); });
  const double in_integers = inference([&] { return std::make_unique<IntegerRun>(integers); });
  (void)trainer.gradient(data, std::span(chosen).first(1), 0);  // memory is there
  const double training = milliseconds(chosen.size(), [&] { (void)trainer.train(data, chosen, 0, 0); });
  fmt::print("{:<12} {:>6} {:>12.2f} {:>12.2f} {:>12.2f}\n", name, ticks, training, in_float, in_integers);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t examples = argc > 1 ? std::max(1UL, std::strtoul(argv[1], nullptr, 10)) : 16;
  ThreadTeam team(1);
  RadioSetRequest request;
  request.examples = std::max<std::size_t>(examples, 286);
  RadioSet radio_2016;
  const double signal = milliseconds(request.examples, [&] { radio_2016 = generate_radio_set(request, team); });
  request.modulations = modulations_2018();
  request.ticks = 1024;
  request.examples = examples;
  const RadioSet radio_2018 = generate_radio_set(request, team);
  const ImageSet images = synthetic_digits(examples, false, 1);
  const ImageSpikes digits(images, 0.1, 1, 0);

  fmt::print("ms of one core an example\n{:<12} {:>6} {:>12} {:>12} {:>12}\n", "network", "ticks", "training", "float",
             "integers");
  measure("rf1", radio_2016, examples, {});
  SpikingRecipe rf2;
  rf2.ticks = 512;
  rf2.initial_scale = 3;  // first weights that let spikes through
  measure("rf2", radio_2018, std::min<std::size_t>(examples, 4), rf2);
  SpikingRecipe cv;
  cv.method = SpikingRecipe::Method::local;
  cv.optimiser = SpikingRecipe::Optimiser::adamax;
  cv.ticks = 110;
  cv.burn_in = 50;
  cv.readout_scale = 3;
  cv.surrogate = {Surrogate::Kind::gaussian, 0.5};
  measure("cv", digits, examples, cv);
  fmt::print("a radio signal of 128 samples: {:.3f} ms\n", signal);
}
