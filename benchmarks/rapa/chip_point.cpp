#include "benchmarks/rapa/chip_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <systemc>

#include "models/core/error.hpp"
#include "models/cost/energy.hpp"
#include "platforms/mapping/memory_layout.hpp"
#include "platforms/report.hpp"
#include "platforms/training_run.hpp"

namespace rheo::benchmarks {
namespace {

/// The tiles of a layer follow those of the layers before.
template <typename Visit>
void each_tile(AnalogChip& chip, const Visit& visit) {
  std::size_t tile = 0;
  for (std::size_t layer = 0; layer < chip.mapping().layers.size(); ++layer) {
    for (std::size_t i = 0; i < chip.mapping().layers[layer].tiles.size(); ++i) visit(layer, chip.tile(tile++));
  }
}

/// Cycles that the controller fetched: the bytes that it counted, by the bytes of a cycle.
double fetch_seconds(Component& controller, Mode mode, const ChipConfiguration& chip) {
  for (std::size_t kind = 0; kind < controller.actions().kinds().size(); ++kind) {
    if (controller.actions().kinds()[kind].name != "controller.fetch") continue;
    return static_cast<double>(controller.actions().total(kind, mode)) /
           static_cast<double>(chip.controller.fetch_bytes) / chip.clock_hz;
  }
  throw std::logic_error("the controller counts no fetches");
}

double seconds_of(std::uint64_t ticks) { return static_cast<double>(ticks) * tick_seconds; }

/// Adds up the time of what assignments cost the vector unit.
class AssignmentTime : public Recorder {
 public:
  void command(const CommandEvent& event) override {
    static constexpr std::array<std::string_view, 4> operations{"shuffle", "replica bias", "replica bias'", "fold"};
    if (std::ranges::find(operations, event.operation) == operations.end()) return;
    ticks_[static_cast<std::size_t>(event.scope.mode)] += event.end - event.start;
  }
  [[nodiscard]] double seconds(Mode mode) const { return seconds_of(ticks_[static_cast<std::size_t>(mode)]); }

 private:
  std::array<std::uint64_t, mode_count> ticks_{};
};

/// The buffer as large as what lies in it, in steps of 64 KiB: its leakage and its area follow its capacity.
double fitting_buffer(const Mapping& mapping) {
  constexpr std::uint64_t step = std::uint64_t{64} << 10U;
  return static_cast<double>((mapping.buffer_used + step - 1) / step * step);
}

ModeFigures figures(TrainingRun& run, Mode mode, double seconds, double joules, double images) {
  AnalogChip& chip = run.chip();
  ModeFigures result;
  result.seconds_per_image = seconds / images;
  result.joules_per_image = joules / images;
  for (Component* component : chip.components()) {
    if (dynamic_cast<Tile*>(component) != nullptr) continue;
    const double busy = dynamic_cast<Controller*>(component) != nullptr
                            ? fetch_seconds(*component, mode, run.configuration().chip)
                            : seconds_of(component->busy().total(mode));
    result.utilisation[component->component_name()] = busy / seconds / static_cast<double>(component->parallel());
    if (const auto* vector_unit = dynamic_cast<VectorUnit*>(component)) {
      result.vector_unit_computing = seconds_of(vector_unit->computing(mode)) / seconds;
    }
  }
  each_tile(chip, [&](std::size_t layer, Tile& tile) {
    double& most = result.utilisation[layer < 3 ? fmt::format("tile conv{}", layer + 1) : "tile fc"];
    most = std::max(most, seconds_of(tile.busy().total(mode)) / seconds);
  });
  return result;
}

/// Of the block with an image in flight; what lies in the buffer for good (biases) is no image's.
double bits_per_image(const Mapping& mapping) {
  const std::uint32_t images = mapping.backward_images;
  if (mapping.forward_images != images || mapping.update_images != images) {
    throw InputError("buffer.capacity", "the passes of the study want blocks of equally many images");
  }
  std::uint64_t fixed = 0;
  for (const Allocation& piece : mapping.buffer) fixed += aligned(piece.bytes);
  return 8.0 * static_cast<double>(mapping.buffer_used - fixed) / (2.0 * images);  // two blocks are in flight
}

}  // namespace

std::string name_of(const Replicas& replicas) {
  return fmt::format("({}, {}, {})", replicas[0], replicas[1], replicas[2]);
}

void new_simulation() {
  sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = new sc_core::sc_simcontext;
  sc_core::sc_set_time_resolution(10, sc_core::SC_FS);
}

RunConfiguration configuration_of(const std::string& file, const Replicas& replicas,
                                  const std::vector<std::string>& words) {
  std::vector<std::string> all = words;
  for (std::size_t layer = 0; layer < replicas.size(); ++layer) {
    all.push_back(fmt::format("rapa.conv{}.scheme=random", layer + 1));
    all.push_back(fmt::format("rapa.conv{}.tiles={}", layer + 1, replicas[layer]));
  }
  return RunConfiguration::load(std::string(RHEO_SOURCE_FOLDER) + "/benchmarks/rapa/" + file, all);
}

ChipPoint measure(const Replicas& replicas, const std::vector<std::string>& words) {
  new_simulation();
  RunConfiguration configuration = configuration_of("rapa_chip.toml", replicas, words);
  configuration.chip.buffer.capacity = fitting_buffer(TrainingRun(configuration).mapping());
  TrainingRun run(configuration);
  AssignmentTime assignments;
  run.elaborate(1, &assignments);
  AnalogChip& chip = run.chip();
  chip.program_initial_state();

  const ImageSet& set = run.data().train;
  const auto images = static_cast<std::size_t>(run.configuration().workload.batch_size);
  const std::size_t values = set.height * set.width * set.channels;
  const Batch batch{std::span<const std::uint8_t>(set.pixels).first(images * values),
                    std::span<const std::uint8_t>(set.labels).first(images), 0};
  chip.train_step(batch, {0.01, 0, 0});
  chip.evaluate(batch);

  const ChipActivity activity = chip_activity(chip);
  const auto figures_in = [&](Mode mode) {
    const EnergyReport energy = energy_report(activity, mode, run.costs());
    ModeFigures result = figures(run, mode, activity.duration_s[static_cast<std::size_t>(mode)], energy.total_j,
                                 static_cast<double>(images));
    for (const auto& [component, joules] : energy.by_component.parts()) {
      result.joules_by_component[component] += joules / static_cast<double>(images);
    }
    result.assignment_seconds = assignments.seconds(mode) / static_cast<double>(images);
    return result;
  };
  ChipPoint point;
  point.training = figures_in(Mode::training);
  point.evaluation = figures_in(Mode::evaluation);
  point.tiles = chip.mapping().tiles();
  point.area_mm2 = area_report(activity.inventory, run.costs()).total_mm2;
  point.buffer_bits_per_image = bits_per_image(chip.mapping());
  point.buffer_bits = 8 * chip.mapping().buffer_used;
  for (const Phase phase : {Phase::forward, Phase::backward, Phase::update}) {
    auto& longest = point.array_seconds[phase];
    each_tile(chip, [&](std::size_t layer, Tile& tile) {
      if (layer >= longest.size()) return;
      const auto ticks = tile.busy().ticks({Mode::training, phase, static_cast<LayerIndex>(layer + 1)});
      longest[layer] = std::max(longest[layer], seconds_of(ticks) / static_cast<double>(images));
    });
  }
  return point;
}

}  // namespace rheo::benchmarks
