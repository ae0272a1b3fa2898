#include "workloads/rapa/replicas.hpp"

#include <cmath>
#include <stdexcept>

#include "models/core/counter_random.hpp"

namespace rheo::rapa {
namespace {

void require_alike(std::span<const KernelMatrix> replicas, std::size_t least) {
  if (replicas.size() < least) throw std::invalid_argument("replicas: too few");
  for (const KernelMatrix& replica : replicas) {
    if (replica.inputs != replicas[0].inputs || replica.outputs != replicas[0].outputs ||
        replica.weights.size() != replica.inputs * replica.outputs || replica.bias.size() != replica.outputs) {
      throw std::invalid_argument("replicas: of different shapes");
    }
  }
}

/// Filter by filter, less its mean and of length 1 (0 where it is constant): correlations are products of these.
std::vector<double> standardised(const KernelMatrix& matrix) {
  const std::size_t outputs = matrix.outputs;
  std::vector<double> filters(matrix.weights.begin(), matrix.weights.end());
  for (std::size_t o = 0; o < outputs; ++o) {
    double mean = 0;
    for (std::size_t i = o; i < filters.size(); i += outputs) mean += filters[i];
    mean /= static_cast<double>(matrix.inputs);
    double square = 0;
    for (std::size_t i = o; i < filters.size(); i += outputs) {
      filters[i] -= mean;
      square += filters[i] * filters[i];
    }
    const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
    for (std::size_t i = o; i < filters.size(); i += outputs) filters[i] *= scale;
  }
  return filters;
}

double squared_norm(const KernelMatrix& matrix, std::size_t output) {
  double sum = static_cast<double>(matrix.bias[output]) * static_cast<double>(matrix.bias[output]);
  for (std::size_t i = output; i < matrix.weights.size(); i += matrix.outputs) {
    sum += static_cast<double>(matrix.weights[i]) * static_cast<double>(matrix.weights[i]);
  }
  return sum;
}

/// One of `count`, from the output-th word of the layer's draw. The draw that assigns positions is number 0.
std::size_t chosen(std::size_t count, std::uint64_t seed, std::uint32_t layer, Reduction reduction,
                   std::size_t output) {
  std::array<std::uint32_t, 4> words{};
  random_words(RandomKey(seed, layer, RandomPurpose::fixed_assignment), 1 + static_cast<std::uint64_t>(reduction),
               output / 4, words);
  return static_cast<std::size_t>(std::uint64_t{words[output % 4]} * count >> 32);
}

}  // namespace

double filter_similarity(std::span<const KernelMatrix> replicas) {
  require_alike(replicas, 2);
  std::vector<std::vector<double>> filters;
  for (const KernelMatrix& replica : replicas) filters.push_back(standardised(replica));
  double sum = 0;
  for (std::size_t a = 0; a < filters.size(); ++a) {
    for (std::size_t b = a + 1; b < filters.size(); ++b) {
      for (std::size_t i = 0; i < filters[a].size(); ++i) sum += filters[a][i] * filters[b][i];
    }
  }
  const auto count = static_cast<double>(replicas.size());
  return sum / (count * (count - 1) / 2) / static_cast<double>(replicas[0].outputs);
}

KernelMatrix reduce(std::span<const KernelMatrix> replicas, Reduction reduction, std::uint64_t seed,
                    std::uint32_t layer, std::span<const std::uint64_t> wins) {
  require_alike(replicas, 1);
  const std::size_t outputs = replicas[0].outputs;
  if (reduction == Reduction::winner && wins.size() != replicas.size() * outputs) {
    throw std::invalid_argument("reduce: wins of other replicas");
  }
  const auto best_of = [&](std::size_t output) -> std::size_t {
    switch (reduction) {
      case Reduction::norm: {
        std::size_t best = 0;
        for (std::size_t r = 1; r < replicas.size(); ++r) {
          if (squared_norm(replicas[r], output) > squared_norm(replicas[best], output)) best = r;
        }
        return best;
      }
      case Reduction::random_tile:
        return chosen(replicas.size(), seed, layer, reduction, 0);
      case Reduction::first_tile:
        return 0;
      case Reduction::random_filters:
        return chosen(replicas.size(), seed, layer, reduction, output);
      case Reduction::winner: {
        std::size_t best = 0;
        for (std::size_t r = 1; r < replicas.size(); ++r) {
          if (wins[r * outputs + output] > wins[best * outputs + output]) best = r;
        }
        return best;
      }
    }
    return 0;
  };
  KernelMatrix single = replicas[0];
  for (std::size_t o = 0; o < single.outputs; ++o) {
    const KernelMatrix& from = replicas[best_of(o)];
    single.bias[o] = from.bias[o];
    for (std::size_t i = o; i < single.weights.size(); i += single.outputs) single.weights[i] = from.weights[i];
  }
  return single;
}

}  // namespace rheo::rapa
