#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/configuration.hpp"
#include "workloads/spiking/data/iq_quantiser.hpp"
#include "workloads/spiking/training.hpp"

namespace rheo {

/// The table [data].
struct SpikingDataParameters {
  enum class Kind : std::uint8_t { radio, radio_file, images };
  static constexpr std::array<std::string_view, 3> kind_names{"radio", "radio_file", "images"};
  enum class Modulations : std::uint8_t { radioml_2016, radioml_2018 };
  static constexpr std::array<std::string_view, 2> modulation_names{"radioml_2016", "radioml_2018"};

  Kind kind = Kind::radio;
  Modulations modulations = Modulations::radioml_2016;
  double snr_low = -20, snr_high = 30, snr_step = 2;
  std::int64_t bits = 4;
  spiking::IqRange range = spiking::IqRange::example;
  std::string file;
  std::string images = "mnist";
  std::string data_dir;
  double rate = 0.1;
  std::int64_t train_examples = 0, test_examples = 0;

  void describe(Parameters& p) {
    p.choice("kind", kind, kind_names, "radio: generated signals; radio_file: RadioML as HDF5; images");
    p.choice("modulations", modulations, modulation_names, "radio, radio_file: the classes, 11 or 24");
    p.number("snr_low", snr_low, {-200, 200}, "radio, radio_file: lowest SNR, dB");
    p.number("snr_high", snr_high, {-200, 200}, "radio, radio_file: highest SNR, dB");
    p.number("snr_step", snr_step, {0.01, 400}, "radio: from one SNR to the next, dB");
    p.integer("bits", bits, {1, 8}, "radio, radio_file: of I and of Q; their plane is the network's input");
    p.choice("range", range, spiking::iq_range_names, "radio, radio_file: range of the bins");
    p.text("file", file, "radio_file: HDF5 with X, Y and Z");
    p.text("images", images, "images: data set, see `rheo list datasets`");
    p.text("data_dir", data_dir, "images: folder of the data set; empty: where it is found");
    p.number("rate", rate, {0, 1}, "images: a white pixel's probability to spike at a tick");
    p.integer("train_examples", train_examples, {0, 100'000'000}, "0: all there are; radio: 22,000");
    p.integer("test_examples", test_examples, {0, 100'000'000}, "0: all there are; radio: 5,720");
  }
};

/// Throws InputError, with its place in `source`, for examples that the network cannot take: a plane of another size,
/// another number of classes, SNRs that are none.
void check_spiking_data(const Configuration& source, const SpikingDataParameters& data,
                        const spiking::SpikingNetwork& network);

/// The table [evaluation].
struct SpikingEvaluationParameters {
  static constexpr std::int64_t most_ticks = 1'000'000;

  std::int64_t ticks = 0;
  std::int64_t epoch_examples = 1000;
  std::int64_t epoch_ticks = 0;
  double snr_from = 10;

  void describe(Parameters& p) {
    p.integer("ticks", ticks, {0, most_ticks}, "of a test example; 0: the network's");
    p.integer("epoch_examples", epoch_examples, {1, 100'000'000}, "test examples after each epoch; at the end, all");
    p.integer("epoch_ticks", epoch_ticks, {0, most_ticks}, "of these; 0: as at the end");
    p.number("snr_from", snr_from, {-200, 200}, "accuracy is also reported from this SNR on, dB");
  }
};

/// What `rheo train-spiking` reads.
struct SpikingConfiguration {
  std::int64_t seed = 1;
  std::string network = "rf1";
  SpikingDataParameters data;
  spiking::SpikingRecipe training;
  SpikingEvaluationParameters evaluation;
  double checkpoint_interval = 60;

  void describe(Parameters& p);
  [[nodiscard]] std::string text() const;

  /// Throws InputError: see Configuration; unknown keys and networks; values that do not go together; more ticks than a
  /// signal has samples.
  [[nodiscard]] static SpikingConfiguration load(const std::filesystem::path& file,
                                                 const std::vector<std::string>& set);
};

}  // namespace rheo
