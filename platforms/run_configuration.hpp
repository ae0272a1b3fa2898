#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/configuration.hpp"
#include "models/core/error.hpp"
#include "platforms/chip_configuration.hpp"
#include "workloads/data/augmentation.hpp"
#include "workloads/rapa/tiling.hpp"
#include "workloads/training/schedule.hpp"

namespace rheo {

enum class PixelScale : std::uint8_t {
  standard,  ///< (pixel / 255 - mean) / deviation of the training images
  unit,      ///< pixel / 255
};
inline constexpr std::array<std::string_view, 2> pixel_scale_names{"standard", "unit"};

/// How the pooling layers pool whose kind the network leaves open.
enum class PoolingChoice : std::uint8_t { as_named, max, average, stochastic, mixed };
inline constexpr std::array<std::string_view, 5> pooling_choice_names{"as_named", "max", "average", "stochastic",
                                                                      "mixed"};

struct WorkloadParameters {
  std::string network = "lenet";
  std::string dataset = "fashion-mnist";
  PoolingChoice pooling = PoolingChoice::as_named;
  std::string data_dir;
  std::int64_t train_samples = 0;
  std::int64_t test_samples = 0;
  std::int64_t epochs = 12;
  std::int64_t batch_size = 512;
  PixelScale pixels = PixelScale::standard;

  void describe(Parameters& p) {
    p.text("network", network, "`rheo list networks`");
    p.text("dataset", dataset, "`rheo list datasets`");
    p.choice("pooling", pooling, pooling_choice_names,
             "kind of the pooling layers that the network leaves open; as_named: as it has them");
    p.text("data_dir", data_dir, "folder with the data set's published files; empty: search for it");
    p.integer("train_samples", train_samples, {0, 1'000'000'000}, "the first N training samples in file order; 0: all");
    p.integer("test_samples", test_samples, {0, 1'000'000'000}, "the first N test samples in file order; 0: all");
    p.integer("epochs", epochs, {1, 1'000'000}, "passes over the training samples");
    p.integer("batch_size", batch_size, {1, 1'000'000}, "images of one mini-batch");
    p.choice("pixels", pixels, pixel_scale_names, "scale of the input: mean 0 and deviation 1, or 0 to 1");
  }
};

struct OptimiserParameters {
  MomentumTarget momentum = MomentumTarget::digital_only;
  double weight_decay = 5e-4;

  void describe(Parameters& p) {
    p.choice("momentum", momentum, momentum_target_names,
             "what momentum acts on: digital weights only, or analog weights too through a digital accumulator");
    p.number("weight_decay", weight_decay, {0, 1}, "of digital weights and biases");
  }
};

struct CheckpointParameters {
  double interval = 30;

  void describe(Parameters& p) {
    p.quantity("interval", interval, Dimension::seconds, {0, 1e9}, "wall time between two checkpoints at least");
  }
};

/// Everything that a run depends on. The same configuration gives the same report, wall time aside.
struct RunConfiguration {
  std::string platform = "analog_training_chip";
  std::int64_t seed = 1;
  WorkloadParameters workload;
  AugmentationParameters augmentation;
  rapa::TilingParameters rapa;
  ScheduleParameters schedule;
  OptimiserParameters optimiser;
  CheckpointParameters checkpoint;
  ChipConfiguration chip;

  void describe(Parameters& p);

  /// Where each key that is not at its default was set: "FILE:LINE:COLUMN: key = value" or "--set key=value".
  std::map<std::string, std::string> origins;
  /// The same error with the place where its key was set, when it names a key.
  [[nodiscard]] InputError placed(const InputError& error) const;

  /// Reads the file and lays the `--set` words over it. The device's preset fills in what neither says; one that a word
  /// or a file sets takes the place of the whole device of the files below.
  /// `more` reads what a command has beside these keys. Throws InputError: see Configuration; unknown keys, presets,
  /// networks; values that do not go together.
  [[nodiscard]] static RunConfiguration load(const std::filesystem::path& file, const std::vector<std::string>& set,
                                             const std::function<void(Configuration&)>& more = {});
  /// Reads a whole configuration, as config.toml holds it: no preset fills anything in. `name` stands for the text in
  /// errors.
  [[nodiscard]] static RunConfiguration from_resolved(std::string_view text, const std::string& name,
                                                      const std::vector<std::string>& set);

 private:
  /// What remains to be done when all layers of the source are there.
  void read(Configuration& source, const std::function<void(Configuration&)>& more);
};

/// The cost table that the configuration names: a path, or a file that comes with Rheo.
[[nodiscard]] std::filesystem::path cost_table_file(const std::string& name);

}  // namespace rheo
