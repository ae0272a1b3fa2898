#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/core/parameters.hpp"
#include "workloads/training/executor.hpp"

namespace rheo::rapa {

/// Inference by majority vote over predictions with assignments drawn anew for each (Rasch et al. 2019, section 3.1),
/// and its early end: "run time increase ... could be minimized by implementing this mechanism only in the case of
/// uncertain output predictions (as judged from the magnitude of the softmax layer output)" (section 4.2).
struct VoteParameters {
  std::int64_t predictions = 9;  ///< 1: no vote
  double certainty = 1;          ///< an image is done once a prediction has at least this probability; 1: never
  bool stop_when_decided = false;

  void describe(Parameters& p) {
    p.integer("predictions", predictions, {1, 255}, "predictions of an image that vote, each with its own assignment");
    p.number("certainty", certainty, {0, 1}, "softmax of a prediction at which an image needs no more; 1: never");
    p.flag("stop_when_decided", stop_when_decided, "stop once the missing predictions cannot change the majority");
  }
};

struct VoteResult {
  std::vector<std::uint8_t> classes;      ///< the class with most votes; of equals, that with the larger sum of
                                          ///< probabilities; of those, the first
  std::vector<std::uint8_t> first;        ///< the first prediction: what a single assignment says
  std::vector<std::uint8_t> predictions;  ///< how many each image took
  std::vector<double> probability;        ///< of the first prediction

  [[nodiscard]] std::uint64_t passes() const;  ///< images that went through the hardware, in all
};

/// Votes on the executor, round by round: the images that need one more prediction go through together, in batches of
/// at most its limit. Round r numbers its images from first_sample + (r << 40) on, so that every round draws its own
/// assignments (and noise); which of them an image meets depends on how many images before it are asked, so an early
/// end changes the draws of the others, not their distribution. `pixels` holds whole images of `image_bytes` each. No
/// label is shown.
[[nodiscard]] VoteResult vote(Executor& executor, std::span<const std::uint8_t> pixels, std::size_t image_bytes,
                              const VoteParameters& parameters, std::uint64_t first_sample = 0);

}  // namespace rheo::rapa
