// benchmark_crossbar [SECONDS]: microseconds a vector of the arithmetic of one tile on one thread, for forward and
// backward reads in blocks of 64 vectors and one by one, and for updates with trains of k = 31, 1 and 0.1 expected
// pulses at the largest cross-point. Beside it the published figures of aihwkit 1.1.0 on one thread of the same class
// of server (as shipped, converters of its presets; update of 31 slots, with management of their length for k <= 1).
// "kernel": published figures of the bare kernels that this code set out from, one thread, another server.
// Best of the repetitions that fit SECONDS (default 0.3) a figure.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "models/core/counter_random.hpp"
#include "models/crossbar/crossbar_array.hpp"

namespace {

using namespace rheo;
using namespace rheo::crossbar;

constexpr std::size_t block = 64;

struct TileSize {
  std::size_t inputs, outputs;
  std::array<double, 5> peer;    ///< forward, backward, update k = 31, 1, 0.1; us a vector
  std::array<double, 5> kernel;  ///< the same of the bare kernels that this code set out from, on another server
};
constexpr std::array tiles{TileSize{25, 16, {.288, .304, 47.3, 1.95, .68}, {.021, .030, .49, .16, .07}},
                           TileSize{400, 32, {1.52, 3.69, 1109, 39.3, 9.30}, {.32, .45, 9.8, 3.2, .87}},
                           TileSize{512, 128, {4.72, 7.16, 4684, 156, 25.1}, {1.48, 1.63, 41, 16.5, 4.2}},
                           TileSize{512, 512, {19.0, 18.6, 16408, 528, 76.4}, {5.9, 5.9, 153, 64, 16.6}}};

double seconds_a_figure = 0.3;

/// Best time of one call, us.
template <class Work>
double best_us(const Work& work) {
  using Clock = std::chrono::steady_clock;
  const auto time = [&](std::size_t calls) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < calls; ++i) work();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const double once = std::max(time(1), 1e-7);
  const auto calls = static_cast<std::size_t>(std::max(1.0, 0.01 / once));
  double best = 1e9;
  for (double spent = 0; spent < seconds_a_figure;) {
    const double taken = time(calls);
    spent += taken;
    best = std::min(best, taken / static_cast<double>(calls));
  }
  return best * 1e6;
}

/// `block` vectors, uniform in (-1, 1), the largest magnitude of each exactly 1.
std::vector<float> vectors(std::size_t elements, std::uint32_t stream) {
  std::vector<std::uint32_t> words(block * elements);
  random_words(RandomKey(1, stream, RandomPurpose::initial_weights), 0, 0, words);
  std::vector<float> values(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) values[i] = 2 * uniform_from_word(words[i]) - 1;
  for (std::size_t v = 0; v < block; ++v) values[v * elements + v % elements] = v % 2 == 0 ? 1.0F : -1.0F;
  return values;
}

InputBlock in_block(const std::vector<float>& values, std::size_t elements) {
  const auto count = static_cast<std::uint32_t>(elements);
  return {values.data(), elements, PatchGeometry::pixels(1, 1, count), 0, count};
}

OutputBlock out_block(std::vector<float>& values, std::size_t elements) {
  const auto count = static_cast<std::uint32_t>(elements);
  return {values.data(), elements, PatchGeometry::pixels(1, 1, count), 0, count, false};
}

ArraySettings gokmen_vlasov() {
  ArraySettings settings;
  settings.device.cell.population.dw_min = 0.0016;
  settings.device.cell.population.w_max = 1;
  settings.device.cell.population.w_min = -1;
  return settings;
}

struct Bench {
  explicit Bench(const TileSize& tile, const ArraySettings& settings)
      : size(tile),
        array(tile.inputs, tile.outputs, settings, 1, 1),
        x(vectors(tile.inputs, 2)),
        d(vectors(tile.outputs, 3)),
        y(block * std::max(tile.inputs, tile.outputs)) {
    std::vector<float> weights(tile.inputs * tile.outputs);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.3F * x[i % x.size()];
    array.program(weights);
  }

  double forward(std::size_t vectors_a_call) {
    return best_us([&] {
             (void)array.forward(in_block(x, size.inputs), {0, vectors_a_call, identity += block},
                                 out_block(y, size.outputs), Mode::training, team);
           }) /
           static_cast<double>(vectors_a_call);
  }
  double backward(std::size_t vectors_a_call) {
    return best_us([&] {
             (void)array.backward(in_block(d, size.outputs), {0, vectors_a_call, identity += block},
                                  out_block(y, size.inputs), team);
           }) /
           static_cast<double>(vectors_a_call);
  }
  /// Steps forth and back, so that weights stay away from their bounds.
  double update(double k) {
    float rate = static_cast<float>(k * 0.0016);
    return best_us([&] {
             rate = -rate;
             std::vector<float>& error = rate > 0 ? d : minus_d;
             if (error.empty()) {
               error = d;
               for (float& value : error) value = -value;
             }
             (void)array.update(in_block(x, size.inputs), in_block(error, size.outputs), {0, block, identity += block},
                                std::abs(rate), team);
           }) /
           static_cast<double>(block);
  }

  TileSize size;
  CrossbarArray array;
  std::vector<float> x, d, minus_d, y;
  ThreadTeam team{1};
  std::uint64_t identity = 0;
};

/// One layer of LeNet on 16 images: the patches of a convolution, errors of which a quarter is not zero after pooling.
void print_layer(const char* name, const PatchGeometry& g, std::size_t outputs) {
  constexpr std::size_t images = 16;
  const std::size_t inputs = g.elements();
  const std::size_t count = images * g.positions();
  CrossbarArray array(inputs, outputs, gokmen_vlasov(), 1, 1);
  std::vector<float> weights(inputs * outputs);
  std::vector<std::uint32_t> words(std::max({weights.size(), images * g.image_values(), count * outputs}));
  random_words(RandomKey(1, 9, RandomPurpose::initial_weights), 0, 0, words);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.2F * (2 * uniform_from_word(words[i]) - 1);
  array.program(weights);
  std::vector<float> x(images * g.image_values());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 2 * uniform_from_word(words[i]) - 1;
  std::vector<float> d(count * outputs);
  const bool pooled = g.positions() > 1;
  for (std::size_t i = 0; i < d.size(); ++i) {
    d[i] = pooled && words[i] % 4 != 0 ? 0.0F : 2 * uniform_from_word(words[i]) - 1;
  }
  std::vector<float> y(count * outputs), e(images * g.image_values());
  const auto channels = static_cast<std::uint32_t>(outputs);
  const PatchGeometry pixels = PatchGeometry::pixels(g.out_height(), g.out_width(), channels);
  const InputBlock in{x.data(), g.image_values(), g, 0, static_cast<std::uint32_t>(inputs)};
  const InputBlock errors{d.data(), pixels.image_values(), pixels, 0, channels};
  const OutputBlock out{y.data(), pixels.image_values(), pixels, 0, channels, false};
  const OutputBlock back{e.data(), g.image_values(), g, 0, static_cast<std::uint32_t>(inputs), pooled};
  ThreadTeam team(1);
  std::uint64_t identity = 0;
  const auto us = [&](const auto& work) { return best_us(work) / images; };
  fmt::print("{:<28}{:>15.2f}{:>17.2f}{:>19.2f}\n", name, us([&] {
               (void)array.forward(in, {0, count, identity += count}, out, Mode::training, team);
             }),
             us([&] {
               (void)array.backward(errors, {0, count, identity += count}, back, team);
             }),
             us([&] {
               (void)array.update(in, errors, {0, count, identity += count}, 2e-6F, team);
             }));
  std::fflush(stdout);
}

/// Resident memory of the process, bytes.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// A large tile: memory a cross-point once all passes have run, and their times.
void print_large(std::size_t lines) {
  const double before = resident_bytes();
  ThreadTeam team(1);
  CrossbarArray array(lines, lines, gokmen_vlasov(), 1, 1);
  const std::vector<float> x = vectors(lines, 2);
  const std::vector<float> d = vectors(lines, 3);
  std::vector<float> y(block * lines);
  const auto us = [&](const auto& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / block;
  };
  const VectorRange range{0, block, 0};
  // Twice: the first time makes what is kept beside the weights.
  double forward = 0, backward = 0, update = 0;
  for (int i = 0; i < 2; ++i) {
    forward = us([&] { (void)array.forward(in_block(x, lines), range, out_block(y, lines), Mode::training, team); });
    backward = us([&] { (void)array.backward(in_block(d, lines), range, out_block(y, lines), team); });
    if (i == 0) update = us([&] { (void)array.update(in_block(x, lines), in_block(d, lines), range, 0.0016F, team); });
  }
  const double scratch = static_cast<double>((x.size() + d.size() + y.size()) * sizeof(float));
  fmt::print(
      "\n{0}x{0}: {1:.1f} bytes a cross-point; us a vector: forward {2:.0f}, backward {3:.0f}, update k=1 {4:.0f}\n",
      lines, (resident_bytes() - before - scratch) / static_cast<double>(lines * lines), forward, backward, update);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) seconds_a_figure = std::max(0.01, std::atof(argv[1]));
  const std::array ks{31.0, 1.0, 0.1};
  fmt::print("GokmenVlasov cells, converters of 7 and 9 bits; us a vector, in brackets times the peer's speed\n");
  fmt::print("{:<9}{:>17}{:>9}{:>17}{:>19}{:>17}{:>17}\n", "tile", "forward", "one", "backward", "update k=31", "k=1",
             "k=0.1");
  for (const TileSize& tile : tiles) {
    Bench bench(tile, gokmen_vlasov());
    const auto cell = [&](double us, std::size_t peer) {
      return fmt::format("{:.3f} ({:.1f})", us, tile.peer[peer] / us);
    };
    fmt::print("{:<9}{:>17}{:>9.3f}{:>17}", fmt::format("{}x{}", tile.outputs, tile.inputs),
               cell(bench.forward(block), 0), bench.forward(1), cell(bench.backward(block), 1));
    for (std::size_t i = 0; i < ks.size(); ++i)
      fmt::print("{:>{}}", cell(bench.update(ks[i]), 2 + i), i == 0 ? 19 : 17);
    const auto& kernel = tile.kernel;
    fmt::print("\n{:<9}{:>11.3f}{:>32.3f}{:>21.3f}{:>17.3f}{:>17.3f}\n", "  kernel", kernel[0], kernel[1], kernel[2],
               kernel[3], kernel[4]);
    std::fflush(stdout);
  }

  fmt::print("\nThe layers of LeNet; us an image\n{:<28}{:>15}{:>17}{:>19}\n", "", "forward", "backward", "update");
  print_layer("conv1 5x5, 28x28x1 -> 16", {28, 28, 1, 5, 5, 1, 0}, 16);
  print_layer("conv2 5x5, 12x12x16 -> 32", {12, 12, 16, 5, 5, 1, 0}, 32);
  print_layer("fc1 512 -> 128", PatchGeometry::pixels(1, 1, 512), 128);
  print_layer("fc2 128 -> 10", PatchGeometry::pixels(1, 1, 128), 10);

  fmt::print("\nPulse by pulse instead of one Gaussian for the coincidences of a train; us a vector\n");
  for (const TileSize& tile : tiles) {
    ArraySettings settings = gokmen_vlasov();
    settings.update.coincidences = CoincidenceMode::exact;
    Bench bench(tile, settings);
    fmt::print("{:<9}", fmt::format("{}x{}", tile.outputs, tile.inputs));
    for (std::size_t i = 0; i < ks.size(); ++i) {
      const double us = bench.update(ks[i]);
      fmt::print("{:>{}}", fmt::format("{:.3f} ({:.1f})", us, tile.peer[2 + i] / us), i == 0 ? 62 : 17);
    }
    fmt::print("\n");
    std::fflush(stdout);
  }

  fmt::print("\nFamilies of cells, 512x512, default parameters; us a vector\n");
  for (const std::string& family : cell_family_names()) {
    ArraySettings settings;
    settings.device.cell.select(family);
    settings.device.cell.population.dw_min = 0.0016;
    Bench bench(tiles[3], settings);
    const double scale = settings.device.cell.granularity() / 0.0016;
    fmt::print("{:<28}", family);
    for (std::size_t i = 0; i < ks.size(); ++i) fmt::print("{:>{}.2f}", bench.update(ks[i] * scale), i == 0 ? 43 : 17);
    fmt::print("\n");
    std::fflush(stdout);
  }
  print_large(4096);
  return 0;
}
