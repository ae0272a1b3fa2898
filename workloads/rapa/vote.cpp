#include "workloads/rapa/vote.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace rheo::rapa {
namespace {

/// The votes of one image.
struct Ballot {
  std::array<std::uint8_t, 256> votes{};
  std::array<double, 256> probability{};

  [[nodiscard]] std::uint8_t winner() const {
    std::size_t best = 0;
    for (std::size_t c = 1; c < votes.size(); ++c) {
      if (votes[c] > votes[best] || (votes[c] == votes[best] && probability[c] > probability[best])) best = c;
    }
    return static_cast<std::uint8_t>(best);
  }

  /// Whether `missing` more votes for whichever class cannot even draw level.
  [[nodiscard]] bool decided(std::int64_t missing) const {
    const std::uint8_t best = winner();
    for (std::size_t c = 0; c < votes.size(); ++c) {
      if (c != best && votes[c] + missing >= votes[best]) return false;
    }
    return true;
  }
};

}  // namespace

std::uint64_t VoteResult::passes() const {
  return std::accumulate(predictions.begin(), predictions.end(), std::uint64_t{0});
}

VoteResult vote(Executor& executor, std::span<const std::uint8_t> pixels, std::size_t image_bytes,
                const VoteParameters& parameters, std::uint64_t first_sample) {
  if (image_bytes == 0 || pixels.size() % image_bytes != 0) throw std::invalid_argument("vote: no whole images");
  const std::size_t images = pixels.size() / image_bytes;
  std::vector<Ballot> ballots(images);
  VoteResult result;
  result.first.resize(images);
  result.predictions.resize(images);
  result.probability.resize(images);
  std::vector<std::size_t> asked(images);
  std::iota(asked.begin(), asked.end(), std::size_t{0});

  std::vector<std::uint8_t> batch;
  for (std::int64_t round = 0; round < parameters.predictions && !asked.empty(); ++round) {
    std::vector<std::size_t> undecided;
    for (std::size_t begin = 0; begin < asked.size(); begin += executor.batch_limit()) {
      const std::size_t count = std::min(executor.batch_limit(), asked.size() - begin);
      batch.clear();
      for (std::size_t i = begin; i < begin + count; ++i) {
        const auto image = pixels.subspan(asked[i] * image_bytes, image_bytes);
        batch.insert(batch.end(), image.begin(), image.end());
      }
      const std::vector<std::uint8_t> none(count, 255);
      const BatchResults found =
          executor.evaluate({batch, none, first_sample + (static_cast<std::uint64_t>(round) << 40) + begin});
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t image = asked[begin + i];
        Ballot& ballot = ballots[image];
        const double probability = std::exp(-static_cast<double>(found.losses[i]));
        const std::uint8_t predicted = found.predictions[i];
        if (round == 0) {
          result.first[image] = predicted;
          result.probability[image] = probability;
        }
        ++result.predictions[image];
        ++ballot.votes[predicted];
        ballot.probability[predicted] += probability;
        const bool certain = parameters.certainty < 1 && probability >= parameters.certainty;
        const bool over = parameters.stop_when_decided && ballot.decided(parameters.predictions - round - 1);
        if (!certain && !over) undecided.push_back(image);
      }
    }
    asked = std::move(undecided);
  }
  for (const Ballot& ballot : ballots) result.classes.push_back(ballot.winner());
  return result;
}

}  // namespace rheo::rapa
