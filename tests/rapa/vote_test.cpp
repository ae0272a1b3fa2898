// The majority vote, against an executor that says what it is told.
#include "workloads/rapa/vote.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace rheo::testing {
namespace {

using rapa::vote;
using rapa::VoteParameters;

/// Images of one byte, their number. Prediction and probability of an image in a round come from a script.
struct Oracle : Executor {
  std::vector<std::vector<std::pair<int, double>>> script;  ///< [image][round]
  std::size_t limit = 3;
  std::vector<std::size_t> batches;
  std::set<std::uint64_t> numbers;
  std::size_t shown = 0;
  bool labelled = false;

  BatchResults train_step(const Batch&, const StepScalars&) override { throw std::logic_error("no training"); }
  BatchResults evaluate(const Batch& batch) override {
    batches.push_back(batch.pixels.size());
    BatchResults results;
    for (std::size_t i = 0; i < batch.pixels.size(); ++i) {
      const auto [prediction, probability] = script.at(batch.pixels[i]).at(batch.first_sample >> 40);
      results.predictions.push_back(static_cast<std::uint8_t>(prediction));
      results.losses.push_back(static_cast<float>(-std::log(probability)));
      numbers.insert(batch.first_sample + i);
      ++shown;
      labelled |= batch.labels[i] != 255;
    }
    return results;
  }
  [[nodiscard]] std::size_t batch_limit() const override { return limit; }
  [[nodiscard]] double simulated_seconds() const override { return 0; }
};

Oracle oracle() {
  Oracle o;
  o.script = {{{1, 0.4}, {2, 0.5}, {2, 0.5}, {2, 0.5}, {1, 0.3}},   // 2 by three to two
              {{3, 0.95}, {4, 0.5}, {4, 0.5}, {4, 0.5}, {4, 0.5}},  // certain at first; 4 by majority
              {{5, 0.5}, {5, 0.5}, {5, 0.5}, {6, 0.99}, {6, 0.5}},  // decided after three
              {{7, 0.4}, {8, 0.92}, {7, 0.5}, {9, 0.5}, {8, 0.5}},  // 7 and 8 twice: 8 by probability
              {{1, 0.5}, {1, 0.5}, {1, 0.5}, {1, 0.5}, {1, 0.5}}};
  return o;
}

const std::vector<std::uint8_t> images{0, 1, 2, 3, 4};

TEST(Vote, TheMajorityWinsAndTiesGoToTheLargerProbability) {
  Oracle o = oracle();
  const auto result = vote(o, images, 1, {5, 1, false});
  EXPECT_EQ(result.classes, (std::vector<std::uint8_t>{2, 4, 5, 8, 1}));
  EXPECT_EQ(result.first, (std::vector<std::uint8_t>{1, 3, 5, 7, 1}));
  EXPECT_EQ(result.passes(), 25U);
  EXPECT_NEAR(result.probability[1], 0.95, 1e-6);
  EXPECT_EQ(o.batches, (std::vector<std::size_t>{3, 2, 3, 2, 3, 2, 3, 2, 3, 2}));
  EXPECT_EQ(o.numbers.size(), o.shown) << "no draw twice";
  EXPECT_FALSE(o.labelled);
}

TEST(Vote, OnePredictionIsNoVote) {
  Oracle o = oracle();
  const auto result = vote(o, images, 1, {1, 1, true});
  EXPECT_EQ(result.classes, result.first);
  EXPECT_EQ(result.passes(), 5U);
}

TEST(Vote, StoppingWhenDecidedChangesNoClassOfTheSameVotesAndSavesPasses) {
  Oracle o = oracle();
  const auto result = vote(o, images, 1, {5, 1, true});
  EXPECT_EQ(result.classes, (std::vector<std::uint8_t>{2, 4, 5, 8, 1}));
  EXPECT_EQ(result.predictions, (std::vector<std::uint8_t>{4, 4, 3, 5, 3}));
}

TEST(Vote, ACertainPredictionEndsTheVoteOfItsImage) {
  Oracle o = oracle();
  const auto result = vote(o, images, 1, {5, 0.9, false});
  EXPECT_EQ(result.predictions, (std::vector<std::uint8_t>{5, 1, 4, 2, 5}));
  EXPECT_EQ(result.classes, (std::vector<std::uint8_t>{2, 3, 5, 8, 1})) << "image 3: one vote each";
}

TEST(Vote, CertaintyZeroIsASingleAssignment) {
  Oracle o = oracle();
  const auto result = vote(o, images, 1, {5, 0, false});
  EXPECT_EQ(result.classes, result.first);
  EXPECT_EQ(result.passes(), 5U);
}

}  // namespace
}  // namespace rheo::testing
