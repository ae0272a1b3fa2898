#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/core/configuration.hpp"
#include "models/core/error.hpp"
#include "models/crossbar/crossbar_array.hpp"
#include "models/stream/crossbar_threshold.hpp"
#include "models/stream/lif.hpp"
#include "models/stream/pipeline.hpp"
#include "platforms/spiking_configuration.hpp"
#include "workloads/spiking/conversion.hpp"
#include "workloads/spiking/network.hpp"

namespace rheo {

inline constexpr std::string_view stream_fpga_platform = "stream_fpga";    ///< matrices in lanes of adders
inline constexpr std::string_view stream_tiles_platform = "stream_tiles";  ///< matrices on crossbar tiles

/// How the layers share the hardware.
enum class StreamSchedule : std::uint8_t {
  streaming,      ///< all layers at once, tick by tick (S2N2)
  tick_batching,  ///< layer by layer, all ticks of an example at a time, encoded events between them
};
inline constexpr std::array<std::string_view, 2> stream_schedule_names{"streaming", "tick_batching"};

/// FPGAs and their 18-Kbit block RAMs. Source: Xilinx DS190 (XC7Z020, PYNQ-Z1: 280), DS889 (XCZU28DR, ZCU111: 2160).
enum class FpgaPart : std::uint8_t { pynq_z1, zcu111, unlimited };
inline constexpr std::array<std::string_view, 3> fpga_part_names{"pynq_z1", "zcu111", "unlimited"};
[[nodiscard]] std::uint64_t bram18k_of(FpgaPart part) noexcept;

struct StreamWorkloadParameters {
  std::string network = "rf1";
  std::string parameters_file;
  std::int64_t test_samples = 0;

  void describe(Parameters& p) {
    p.text("network", network, "a spiking network: rf1, rf2, rf2_hardware, cv");
    p.text("parameters_file", parameters_file, "trained network, network.h5 of `rheo train-spiking`; for runs only");
    p.integer("test_samples", test_samples, {0, 1'000'000'000}, "the first N test examples; 0: all");
  }
};

/// Lanes of the stages, one number a layer; a list that is absent: 1 each.
struct FoldingParameters {
  std::vector<double> pe, simd, window_simd;

  void describe(Parameters& p) {
    p.numbers("pe", pe, 0, {1, 65536}, "processing elements of each layer, divisors of its outputs");
    p.numbers("simd", simd, 0, {1, 65536}, "lanes of a processing element, divisors of the layer's inputs");
    p.numbers("window_simd", window_simd, 0, {0, 65536},
              "channels a cycle of each layer's sliding window, divisors of its channels; 0 or absent: as simd");
  }
};

struct FifoParameters {
  std::vector<double> depth, window_depth;

  void describe(Parameters& p) {
    p.numbers("depth", depth, 0, {1, 1 << 20}, "words of the FIFO in front of each layer; absent: 512");
    p.numbers("window_depth", window_depth, 0, {1, 1 << 20},
              "words of the FIFO between each layer's sliding window and its MVTU; absent: 512");
  }
};

inline constexpr std::array<std::string_view, 2> decay_kind_names{"shift", "multiplier"};
inline constexpr std::array<std::string_view, 2> decay_rounding_names{"floor", "nearest"};

struct SpikingNumberParameters {
  std::int64_t weight_bits = 8;
  std::int64_t membrane_bits = 16;
  std::int64_t leak_bits = 3;
  stream::Decay decay;
  double membrane_range = spiking::FixedPointWidths{}.membrane_range;

  void describe(Parameters& p) {
    p.integer("weight_bits", weight_bits, {2, 16}, "of a weight, sign included");
    p.number("membrane_range", membrane_range, {1, 1 << 20},
             "lowest membrane that its places leave room for at least, thresholds below 0");
    describe_membranes(p);
  }
  /// Where cells hold the weights.
  void describe_membranes(Parameters& p) {
    p.integer("membrane_bits", membrane_bits, {6, 32}, "of a membrane, sign included; sums saturate");
    p.integer("leak_bits", leak_bits, {0, 16},
              "fractional bits that membranes have more than weights (on tiles: than codes of the ADCs); each leak by "
              "0.875 would use three more");
    p.choice("decay", decay.kind, decay_kind_names, "leak of a membrane: m - (m >> bits) or numerator m / 2^bits");
    std::int64_t bits = decay.bits;
    p.integer("decay_bits", bits, {1, 15}, "bits of the leak's shift or of the multiplier's fraction");
    decay.bits = static_cast<std::uint32_t>(bits);
    std::int64_t numerator = decay.numerator;
    p.integer("decay_numerator", numerator, {1, 32767}, "of the multiplier, below 2^decay_bits");
    decay.numerator = static_cast<std::uint32_t>(numerator);
    p.choice("decay_rounding", decay.rounding, decay_rounding_names, "of the multiplier's product");
  }
};

struct DelayParameters {
  std::vector<double> axonal, synaptic;
  stream::DelayPlace place = stream::DelayPlace::inside;

  void describe(Parameters& p) {
    p.numbers("axonal", axonal, 0, {0, 65536}, "ticks from a layer's neurons to what is behind it; absent: 0");
    p.numbers("synaptic", synaptic, 0, {0, 65536}, "ticks from the arrival at a layer to its neurons; absent: 0");
    p.choice("place", place, stream::delay_place_names, "delay lines inside the network, or one at its output");
  }
};

struct StreamPortParameters {
  std::int64_t bits_per_cycle = 64;
  std::int64_t latency_cycles = 32;
  std::int64_t tick_interval_cycles = 0;

  void describe(Parameters& p) {
    p.integer("bits_per_cycle", bits_per_cycle, {1, 4096}, "of the port to the memory that holds the input");
    p.integer("latency_cycles", latency_cycles, {0, 100000}, "from the first request to its data");
    p.integer("tick_interval_cycles", tick_interval_cycles, {0, 1LL << 40},
              "cycles between two ticks of the input at least; 0: as fast as the stages go");
  }
};

struct EventBufferParameters {
  std::vector<double> capacity_bits;

  void describe(Parameters& p) {
    p.numbers(
        "capacity_bits", capacity_bits, 0, {0, 1e12},
        "bits of the event buffer in front of each layer; absent: for accounting.spike_ratio, in whole 64 events; "
        "0: as many as the examples of the run take");
  }
};

/// The 1-bit converters that spikes drive.
struct SpikeDriverParameters {
  double noise = 0;

  void describe(Parameters& p) {
    p.number("noise", noise, {0.0, 1e6}, "standard deviation of the noise on every row, in parts of a spike");
  }
};

/// Crossbar tiles of the platform stream_tiles. Of `adc`, the bound, the noise and the deviation of the offset count
/// thresholds of the layer: the integrators of a layer are set to what its neurons need.
struct TileArrayParameters {
  crossbar::DeviceParameters device;
  stream::SpikeTileParameters tile;
  double weight_range = 1;  ///< see map_tiles()
  SpikeDriverParameters dac;
  crossbar::AdcParameters adc{.bits = 8, .bound = 2, .noise = 0.01};
  std::vector<double> layer_bound;  ///< of adc, by layer; empty: adc.bound
  crossbar::ArrayReadParameters read;
  crossbar::WireParameters wires;
  crossbar::ConductanceParameters conductance;

  void describe(Parameters& p) {
    p.section("device", device, "cross-point devices");
    p.begin_section("tile", "crossbar tiles");
    tile.describe(p);
    p.number("weight_range", weight_range, {0.001, 1.0},
             "weight that a full-scale cell stands for, in parts of the layer's largest; larger ones are cut to it");
    p.end_section();
    p.section("dac", dac, "1-bit drivers of the rows");
    p.begin_section("adc", "output converters; bound, noise and offset_deviation count thresholds of the layer");
    adc.describe(p);
    p.numbers("layer_bound", layer_bound, 0, {1e-6, 1e6}, "bound of each layer's converters; absent: bound for all");
    p.end_section();
    p.section("read", read, "the array while it is read");
    p.section("wires", wires, "resistance of the wires (IR drop)");
    p.section("conductance", conductance, "how weights become conductances, for the read energy");
  }
};

/// Everything that an inference on a streaming platform depends on.
struct StreamConfiguration {
  std::string platform = std::string(stream_fpga_platform);
  std::int64_t seed = 1;
  double clock_hz = 200e6;
  std::string costs = "reference_costs.toml";
  StreamSchedule schedule = StreamSchedule::streaming;
  bool zero_skipping = false;
  FpgaPart part = FpgaPart::unlimited;  ///< of stream_fpga
  std::vector<double> spike_ratio;      ///< by layer; empty: as printed in the thesis
  StreamWorkloadParameters workload;
  SpikingDataParameters data;
  FoldingParameters folding;
  FifoParameters fifo;
  SpikingNumberParameters numbers;
  DelayParameters delays;
  StreamPortParameters dma;
  EventBufferParameters events;
  TileArrayParameters tiles;  ///< of stream_tiles

  [[nodiscard]] bool on_tiles() const noexcept { return platform == stream_tiles_platform; }

  void describe(Parameters& p);

  /// Where each key that is not at its default was set, see RunConfiguration.
  std::map<std::string, std::string> origins;
  [[nodiscard]] InputError placed(const InputError& error) const;
  /// The key to blame for the leak: of those in use the first that is set, numbers.decay when none is.
  [[nodiscard]] std::string leak_key() const;

  /// Reads the file and lays the `--set` words over it. Throws InputError: unknown keys and networks, examples that the
  /// network cannot take, lists that are not one number a layer, foldings that do not divide.
  [[nodiscard]] static StreamConfiguration load(const std::filesystem::path& file, const std::vector<std::string>& set);
};

/// Whether a configuration names one of these platforms.
[[nodiscard]] bool names_streaming_platform(const std::filesystem::path& file, const std::vector<std::string>& set);

}  // namespace rheo
