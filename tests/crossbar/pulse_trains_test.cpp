#include "models/crossbar/pulse_kernel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/crossbar/moments.hpp"
#include "tests/crossbar/reference_array.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::crossbar {
namespace {

using testing::Moments;
using testing::uniform_values;
using testing::UpdateFormulas;
using testing::vectors_in;

constexpr std::uint32_t slot_mask = 0x7FFFFFFFU;
const RandomKey row_key(1, 2, RandomPurpose::row_trains);
const RandomKey column_key(1, 2, RandomPurpose::column_trains);
const RandomKey cycle_key(1, 2, RandomPurpose::cycle_to_cycle);

/// Trains of `slots` slots that fire with the values' own magnitudes as probabilities.
PulseSettings plain_trains(int slots) { return {1.0F, slots, false, false}; }
/// The learning rate for which one unit is probability 1.
float unit_rate(int slots) { return static_cast<float>(slots); }

/// The same vector `count` times.
InputBlock repeated(const std::vector<float>& vector) {
  InputBlock block = vectors_in(vector, vector.size());
  block.image_stride = 0;
  return block;
}

/// Rows of an event as one word a row, 0 where it does not fire.
std::vector<std::uint32_t> row_words(const PulseEvents& events, const PulseEvents::Event& event, std::size_t rows) {
  std::vector<std::uint32_t> words(rows, 0U);
  for (std::uint32_t i = 0; i < event.rows; ++i) {
    words.at(events.words[event.rows_at + 2 * i]) = events.words[event.rows_at + 2 * i + 1];
  }
  return words;
}

TEST(PulseScales, FollowTheFormulasWithAndWithoutEachManagement) {
  for (const bool update : {false, true}) {
    for (const bool length : {false, true}) {
      for (const int longest : {1, 5, 10, 31}) {
        for (const double lr : {0.001, 0.01, 0.1, 1.0}) {
          for (const double x : {0.01, 0.5, 1.0, 28.0}) {
            for (const double d : {1e-5, 1e-3, 0.3, 1.0}) {
              const PulseSettings settings{0.0016F, longest, update, length};
              const PulseScales made =
                  pulse_scales(settings, static_cast<float>(lr), static_cast<float>(x), static_cast<float>(d));
              const UpdateFormulas expected{0.0016, 0, longest, update, length, lr, x, d};
              const double distance = std::abs(expected.wanted() - std::round(expected.wanted()));
              if (length && distance < 1e-5 * expected.wanted()) continue;  // either side of a whole slot
              const std::string what = "lr " + std::to_string(lr) + " x " + std::to_string(x) + " d " +
                                       std::to_string(d) + " of " + std::to_string(longest);
              EXPECT_EQ(made.slots, static_cast<int>(expected.slots())) << what;
              EXPECT_NEAR(made.rows, expected.rows(), 1e-5 * expected.rows()) << what;
              EXPECT_NEAR(made.columns, expected.columns(), 1e-5 * expected.columns()) << what;
            }
          }
        }
      }
    }
  }
}

TEST(PulseScales, TheMeanUpdateIsTheProductAsLongAsNothingSaturates) {
  // k = 0.1 * 0.8 * 0.02 / 0.0016 = 1: dw_min BL P(x) P(d) = lr x d.
  for (const auto& [x, d] : {std::pair{0.8F, 0.02F}, std::pair{0.5F, 0.3F}, std::pair{0.01F, 0.9F}}) {
    const PulseScales s = pulse_scales({0.0016F, 31, true, true}, 0.1F, x, d);
    EXPECT_LE(x * s.rows, 1.0F + 1e-6F);
    EXPECT_LE(d * s.columns, 1.0F + 1e-6F);
    EXPECT_NEAR(x * s.rows, d * s.columns, 1e-5) << "update management balances the largest probabilities";
    EXPECT_NEAR(0.0016 * s.slots * (x * s.rows) * (d * s.columns), 0.1 * x * d, 1e-6 * 0.1 * x * d);
  }
}

TEST(PulseScales, OnlyDSaturatesBeyondTheLongestTrain) {
  // k = 0.5 * 1 * 1 / 0.0016 = 312.5 of 31 slots: x_m still fires with probability 1, d_m with 10.08.
  const PulseScales s = pulse_scales({0.0016F, 31, true, true}, 0.5F, 1.0F, 1.0F);
  EXPECT_EQ(s.slots, 31);
  EXPECT_NEAR(s.rows, 1.0, 1e-6);
  EXPECT_NEAR(s.columns, 312.5 / 31, 1e-4);
  // Exactly at the bound both are 1.
  const PulseScales at = pulse_scales({1.0F / 64, 31, true, true}, 31.0F / 64, 1.0F, 1.0F);
  EXPECT_EQ(at.slots, 31);
  EXPECT_NEAR(at.rows, 1.0, 1e-6);
  EXPECT_NEAR(at.columns, 1.0, 1e-6);
}

TEST(PulseScales, ATrainIsAsLongAsItNeedsToBe) {
  const PulseSettings managed{1.0F / 1024, 31, true, true};
  for (int slots = 1; slots <= 31; ++slots) {
    const float rate = static_cast<float>(slots) / 1024;  // exact in binary
    EXPECT_EQ(pulse_scales(managed, rate, 1.0F, 1.0F).slots, slots);
    EXPECT_EQ(pulse_scales(managed, std::nextafter(rate, 1.0F), 1.0F, 1.0F).slots, std::min(slots + 1, 31));
    EXPECT_EQ(pulse_scales({1.0F / 1024, 31, true, false}, rate, 1.0F, 1.0F).slots, 31);
  }
}

TEST(PulseScales, NothingToDoIsNoTrain) {
  const PulseSettings settings;
  EXPECT_EQ(pulse_scales(settings, 0.0F, 1.0F, 1.0F).slots, 0);
  EXPECT_EQ(pulse_scales(settings, 0.1F, 0.0F, 1.0F).slots, 0);
  EXPECT_EQ(pulse_scales(settings, 0.1F, 1.0F, 0.0F).slots, 0);
}

/// 18 lines of all strengths; the first always fires, so that every vector becomes an event.
const std::vector<float> line_values{2.0F,  0.75F, -0.5F,   0.1F,  -0.3F, 0.01F, 0.0F, 0.9F,  -0.999F,
                                     0.25F, 0.5F,  -0.003F, -1.5F, 0.05F, -0.2F, 0.6F, 0.02F, -0.45F};

class Trains : public ::testing::TestWithParam<int> {};

TEST_P(Trains, EveryLineFiresWithItsProbabilityInEverySlot) {
  const int slots = GetParam();
  constexpr std::size_t count = 40000;
  PulseEvents events;
  const PulseCounts counts = draw_pulse_trains(plain_trains(slots), unit_rate(slots), repeated(line_values),
                                               repeated(line_values), {0, count, 500}, row_key, column_key, events);
  ASSERT_EQ(events.events.size(), count);
  const std::size_t lines = line_values.size();
  std::vector<std::array<std::uint64_t, 32>> fired_row(lines);
  std::vector<std::array<std::uint64_t, 32>> fired_column(lines);
  std::uint64_t row_pulses = 0;
  std::uint64_t column_pulses = 0;
  std::uint32_t used = 0;
  for (std::size_t v = 0; v < count; ++v) {
    const PulseEvents::Event& event = events.events[v];
    ASSERT_EQ(event.identity, 500 + v);
    const std::vector<std::uint32_t> rows = row_words(events, event, lines);
    for (std::size_t i = 0; i < lines; ++i) {
      const std::uint32_t column = events.words[event.columns_at + i];
      if (line_values[i] != 0) {
        ASSERT_EQ(column >> 31, line_values[i] < 0 ? 1U : 0U) << "the sign of a column";
        if (rows[i] != 0) {
          ASSERT_EQ(rows[i] >> 31, line_values[i] < 0 ? 1U : 0U) << "the sign of a row";
        }
      }
      for (int s = 0; s < 31; ++s) {
        fired_row[i][static_cast<std::size_t>(s)] += (rows[i] >> s) & 1U;
        fired_column[i][static_cast<std::size_t>(s)] += (column >> s) & 1U;
      }
      used |= (rows[i] | column) & slot_mask;
      row_pulses += static_cast<std::uint64_t>(std::popcount(rows[i] & slot_mask));
      column_pulses += static_cast<std::uint64_t>(std::popcount(column & slot_mask));
    }
    for (std::size_t pad = lines; pad < 32; ++pad) ASSERT_EQ(events.words[event.columns_at + pad] & slot_mask, 0U);
  }
  ASSERT_EQ(std::popcount(used), slots) << "as many slots as the train is long";
  for (std::size_t i = 0; i < lines; ++i) {
    const double p = std::min(1.0, std::abs(double{line_values[i]}));
    for (const auto& fired : {fired_row[i], fired_column[i]}) {
      double all = 0;
      for (std::size_t s = 0; s < 31; ++s) {
        if (((used >> s) & 1U) == 0) continue;
        all += static_cast<double>(fired[s]);
        EXPECT_NEAR(static_cast<double>(fired[s]), p * count, 5 * std::sqrt(count * p * (1 - p)) + 1e-3)
            << "line " << i << " slot " << s;
      }
      const double expected = p * count * slots;
      EXPECT_NEAR(all, expected, 4 * std::sqrt(expected * (1 - p)) + 1e-3) << "line " << i;
    }
  }
  EXPECT_EQ(counts.vectors, count);
  EXPECT_EQ(counts.skipped, 0U);
  EXPECT_EQ(counts.slots, count * static_cast<std::size_t>(slots));
  EXPECT_EQ(counts.by_length[static_cast<std::size_t>(slots)], count);
  EXPECT_EQ(counts.row_pulses, row_pulses);
  EXPECT_EQ(counts.column_pulses, column_pulses);
  EXPECT_EQ(counts.random_bits, count * static_cast<std::size_t>(slots) * 2 * lines);
  EXPECT_EQ(counts.coincidences, 0U) << "counted when they are applied";
}

TEST_P(Trains, SlotsAndLinesAreIndependent) {
  const int slots = GetParam();
  constexpr std::size_t count = 20000;
  const std::vector<float> values{1.0F, 0.5F, 0.5F, 0.5F, 0.5F};
  PulseEvents events;
  (void)draw_pulse_trains(plain_trains(slots), unit_rate(slots), repeated(values), repeated(values), {0, count, 0},
                          row_key, column_key, events);
  ASSERT_EQ(events.events.size(), count);
  // All trains of lines 1 to 4 of both edges side by side: bits that must be pairwise independent.
  std::vector<std::vector<bool>> bits;
  std::uint32_t used = 0;
  for (const PulseEvents::Event& event : events.events) used |= events.words[event.columns_at] & slot_mask;
  for (const PulseEvents::Event& event : events.events) {
    const std::vector<std::uint32_t> rows = row_words(events, event, values.size());
    std::vector<bool> now;
    for (std::size_t i = 1; i < values.size(); ++i) {
      for (int s = 0; s < 31; ++s) {
        if (((used >> s) & 1U) == 0) continue;
        now.push_back(((rows[i] >> s) & 1U) != 0);
        now.push_back(((events.words[event.columns_at + i] >> s) & 1U) != 0);
      }
    }
    bits.push_back(std::move(now));
  }
  const std::size_t width = bits[0].size();
  ASSERT_EQ(width, static_cast<std::size_t>(slots) * 8);
  std::vector<std::uint32_t> both(width * width);
  for (const std::vector<bool>& now : bits) {
    std::vector<std::size_t> on;
    for (std::size_t i = 0; i < width; ++i) {
      if (now[i]) on.push_back(i);
    }
    for (const std::size_t i : on) {
      for (const std::size_t j : on) ++both[i * width + j];
    }
  }
  const double error = std::sqrt(count * 0.25 * 0.75);
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      ASSERT_NEAR(both[i * width + j], 0.25 * count, 5.5 * error) << "bits " << i << " and " << j;
    }
  }
}

TEST_P(Trains, EqualTheScalarReferenceBitForBit) {
  const int slots = GetParam();
  constexpr std::size_t count = 200;
  constexpr std::size_t rows = 37;
  constexpr std::size_t columns = 21;
  std::vector<float> x = uniform_values(count * rows, 1, 0.2);
  std::vector<float> d = uniform_values(count * columns, 2, 0.2);
  for (std::size_t i = 0; i < 5 * columns; ++i) d[i] *= 1e-4F;  // vectors in which few columns fire, or none
  for (std::size_t i = 7 * rows; i < 8 * rows; ++i) x[i] = 0;
  for (std::size_t i = 9 * columns; i < 10 * columns; ++i) d[i] = 0;
  const PulseSettings settings{0.01F, slots, slots % 2 == 1, false};
  const float rate = 0.01F * static_cast<float>(slots);
  for (const std::int64_t set : rheo::testing::instruction_sets()) {
    const rheo::testing::OnInstructionSet use(set);
    PulseEvents events;
    const PulseCounts counts = draw_pulse_trains(settings, rate, vectors_in(x, rows), vectors_in(d, columns),
                                                 {0, count, 33}, row_key, column_key, events);
    std::size_t next = 0;
    PulseCounts expected;
    for (std::size_t v = 0; v < count; ++v) {
      const std::vector<float> xv(x.begin() + static_cast<long>(v * rows),
                                  x.begin() + static_cast<long>((v + 1) * rows));
      const std::vector<float> dv(d.begin() + static_cast<long>(v * columns),
                                  d.begin() + static_cast<long>((v + 1) * columns));
      const PulseScales scales = pulse_scales(settings, rate, testing::largest(xv), testing::largest(dv));
      if (scales.slots == 0) {
        ++expected.skipped;
        continue;
      }
      ++expected.vectors;
      expected.random_bits += static_cast<std::uint64_t>(slots) * columns;
      std::uint32_t any_column = 0;
      std::uint32_t any_row = 0;
      std::vector<std::uint32_t> column_words;
      std::vector<std::uint32_t> row_trains;
      for (std::size_t j = 0; j < columns; ++j) {
        column_words.push_back(testing::reference_train(column_key, 33 + v, j, dv[j], scales.columns, slots));
        any_column |= column_words.back() & slot_mask;
        expected.column_pulses += static_cast<std::uint64_t>(std::popcount(column_words.back() & slot_mask));
      }
      if (any_column == 0) continue;  // columns first: the rows stay idle
      expected.random_bits += static_cast<std::uint64_t>(slots) * rows;
      for (std::size_t i = 0; i < rows; ++i) {
        const std::uint32_t train = testing::reference_train(row_key, 33 + v, i, xv[i], scales.rows, slots);
        row_trains.push_back((train & slot_mask) != 0 ? train : 0U);
        any_row |= train & slot_mask;
        expected.row_pulses += static_cast<std::uint64_t>(std::popcount(train & slot_mask));
      }
      if (any_row == 0) continue;
      ASSERT_LT(next, events.events.size());
      const PulseEvents::Event& event = events.events[next++];
      ASSERT_EQ(event.identity, 33 + v);
      ASSERT_EQ(row_words(events, event, rows), row_trains) << "vector " << v;
      for (std::size_t j = 0; j < columns; ++j) {
        ASSERT_EQ(events.words[event.columns_at + j], column_words[j]) << "vector " << v << " column " << j;
      }
    }
    EXPECT_EQ(next, events.events.size());
    EXPECT_EQ(counts.skipped, expected.skipped);
    EXPECT_EQ(counts.vectors, expected.vectors);
    EXPECT_EQ(counts.row_pulses, expected.row_pulses);
    EXPECT_EQ(counts.column_pulses, expected.column_pulses);
    EXPECT_EQ(counts.random_bits, expected.random_bits);
    EXPECT_EQ(counts.skipped, 2U);
  }
}

INSTANTIATE_TEST_SUITE_P(Lengths, Trains, ::testing::Values(1, 2, 7, 16, 31));

TEST(PulseTrains, SmallProbabilitiesAreResolvedTo31Bits) {
  // Far below 2^-16, where only the second word of a tie decides.
  for (const int slots : {1, 31}) {
    const float p = 0.4F * 0x1p-16F;
    const std::vector<float> d(256, p);
    const std::vector<float> x{1.0F};
    const std::size_t count = slots == 1 ? 400000 : 20000;
    PulseEvents events;
    const PulseCounts counts = draw_pulse_trains(plain_trains(slots), unit_rate(slots), repeated(x), repeated(d),
                                                 {0, count, 0}, row_key, column_key, events);
    const double expected = double{p} * 256 * static_cast<double>(count) * slots;
    ASSERT_GT(expected, 500);
    EXPECT_NEAR(static_cast<double>(counts.column_pulses), expected, 4 * std::sqrt(expected)) << slots;
    // Columns first: the row's bits are drawn only for vectors in which a column fired.
    const auto length = static_cast<std::uint64_t>(slots);
    EXPECT_EQ(counts.random_bits, length * (256 * count + events.events.size())) << slots;
    EXPECT_EQ(counts.row_pulses, length * events.events.size());
    EXPECT_LT(events.events.size(), count);
  }
}

TEST(PulseTrains, ZeroVectorsArePlayedByNobody) {
  const std::vector<float> zeros(20, 0.0F);
  const std::vector<float> some = uniform_values(20, 1);
  PulseEvents events;
  const PulseSettings settings;
  for (const auto& [x, d] : {std::pair{&zeros, &some}, std::pair{&some, &zeros}, std::pair{&zeros, &zeros}}) {
    const PulseCounts counts =
        draw_pulse_trains(settings, 0.1F, repeated(*x), repeated(*d), {0, 5, 0}, row_key, column_key, events);
    EXPECT_EQ(counts.skipped, 5U);
    EXPECT_EQ(counts.vectors + counts.slots + counts.random_bits + counts.row_pulses + counts.column_pulses, 0U);
  }
  EXPECT_TRUE(events.events.empty());
  EXPECT_TRUE(events.words.empty());
  const PulseCounts idle =
      draw_pulse_trains(settings, 0.0F, repeated(some), repeated(some), {0, 5, 0}, row_key, column_key, events);
  EXPECT_EQ(idle.skipped, 5U) << "a learning rate of zero";
}

TEST(PulseTrains, AppendToWhatIsThereAndDependOnTheIdentityAlone) {
  const std::vector<float> x = uniform_values(60 * 25, 1, 0.3);
  const std::vector<float> d = uniform_values(60 * 16, 2, 0.3);
  const PulseSettings settings{0.0016F, 31, true, true};
  PulseEvents all;
  const PulseCounts whole =
      draw_pulse_trains(settings, 0.005F, vectors_in(x, 25), vectors_in(d, 16), {0, 60, 7}, row_key, column_key, all);
  PulseEvents pieces;
  PulseCounts sum;
  for (std::size_t v = 0; v < 60; v += 7) {
    sum += draw_pulse_trains(settings, 0.005F, vectors_in(x, 25), vectors_in(d, 16),
                             {v, std::min<std::size_t>(7, 60 - v), 7}, row_key, column_key, pieces);
  }
  EXPECT_EQ(pieces.words, all.words);
  ASSERT_EQ(pieces.events.size(), all.events.size());
  for (std::size_t i = 0; i < all.events.size(); ++i) {
    EXPECT_EQ(pieces.events[i].identity, all.events[i].identity);
    EXPECT_EQ(pieces.events[i].columns_at, all.events[i].columns_at);
    EXPECT_EQ(pieces.events[i].rows_at, all.events[i].rows_at);
    EXPECT_EQ(pieces.events[i].rows, all.events[i].rows);
  }
  EXPECT_EQ(sum.row_pulses, whole.row_pulses);
  EXPECT_EQ(sum.column_pulses, whole.column_pulses);
  EXPECT_EQ(sum.random_bits, whole.random_bits);
  EXPECT_EQ(sum.slots, whole.slots);
  EXPECT_EQ(sum.by_length, whole.by_length);
}

TEST(PulseTrains, GatherThePatchesOfAConvolution) {
  const PatchGeometry g{5, 4, 3, 3, 3, 1, 1};
  const std::vector<float> image = uniform_values(g.image_values(), 1);
  const std::vector<float> d = uniform_values(g.positions() * 6, 2);
  const InputBlock patches{image.data(), 0, g, 2, 22};
  std::vector<float> unrolled;
  for (std::size_t v = 0; v < g.positions(); ++v) {
    const std::vector<float> patch = testing::gather(patches, v);
    unrolled.insert(unrolled.end(), patch.begin(), patch.end());
  }
  const PulseSettings settings;
  PulseEvents direct;
  PulseEvents flat;
  const VectorRange range{0, g.positions(), 3};
  (void)draw_pulse_trains(settings, 0.1F, patches, vectors_in(d, 6), range, row_key, column_key, direct);
  (void)draw_pulse_trains(settings, 0.1F, vectors_in(unrolled, 22), vectors_in(d, 6), range, row_key, column_key, flat);
  EXPECT_EQ(direct.words, flat.words);
  EXPECT_FALSE(direct.words.empty());
}

/// Cells of one kind: `rows` rows of 16 columns, or as many as fit `columns`, padding bounded to zero.
struct Cells {
  std::size_t rows, columns, stride;
  std::vector<float> weights, up, down, low, high;

  Cells(std::size_t row_count, std::size_t column_count, float step_up, float step_down, float bound_low,
        float bound_high)
      : rows(row_count),
        columns(column_count),
        stride((column_count + 15) / 16 * 16),
        weights(rows * stride),
        up(rows * stride),
        down(rows * stride),
        low(rows * stride),
        high(rows * stride) {
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        up[i * stride + j] = step_up;
        down[i * stride + j] = step_down;
        low[i * stride + j] = bound_low;
        high[i * stride + j] = bound_high;
      }
    }
  }
  CellArrays arrays(float sigma) {
    return {weights.data(), up.data(), down.data(), low.data(), high.data(), stride, sigma};
  }
};

/// An event in which every row of `row_train` meets every column of `column_train`.
PulseEvents meeting(std::uint64_t identity, std::size_t rows, std::size_t stride, std::uint32_t row_train,
                    std::uint32_t column_train) {
  PulseEvents events;
  events.words.assign(stride, column_train);
  for (std::size_t i = 0; i < rows; ++i) {
    events.words.push_back(static_cast<std::uint32_t>(i));
    events.words.push_back(row_train);
  }
  events.events.push_back({identity, 0, stride, static_cast<std::uint32_t>(rows)});
  return events;
}

TEST(PulseApplication, NCoincidencesMoveByNStepsWithTheVarianceOfNPulses) {
  for (const int n : {1, 2, 5, 31}) {
    const std::uint32_t slots = (n == 31 ? slot_mask : (1U << n) - 1U);
    for (const bool up : {false, true}) {
      constexpr float sigma = 0.3F;
      Moments moments;
      std::uint64_t coincidences = 0;
      for (std::uint64_t identity = 0; identity < 2000; ++identity) {
        Cells cells(8, 16, 0.001F, 0.002F, -10.0F, 10.0F);
        coincidences += apply_pulse_trains(meeting(identity, 8, 16, slots | (up ? 0x80000000U : 0U), slot_mask),
                                           cells.arrays(sigma), cycle_key, 0, 8);
        for (const float w : cells.weights) moments.add(w);
      }
      const double step = up ? 0.001 : -0.002;
      EXPECT_EQ(coincidences, 2000U * 128 * static_cast<unsigned>(n));
      EXPECT_NEAR(moments.mean(), n * step, 4 * moments.mean_error()) << n;
      EXPECT_NEAR(moments.variance(), n * 0.09 * step * step, 4 * moments.variance_error()) << n;
    }
  }
}

TEST(PulseApplication, TheSignIsMinusTheProduct) {
  for (const std::uint32_t row_sign : {0U, 0x80000000U}) {
    for (const std::uint32_t column_sign : {0U, 0x80000000U}) {
      Cells cells(1, 16, 0.001F, 0.002F, -10.0F, 10.0F);
      (void)apply_pulse_trains(meeting(0, 1, 16, row_sign | 1U, column_sign | 1U), cells.arrays(0.0F), cycle_key, 0, 1);
      for (const float w : cells.weights) EXPECT_FLOAT_EQ(w, row_sign == column_sign ? -0.002F : 0.001F);
    }
  }
}

TEST(PulseApplication, OnlySharedSlotsCount) {
  Cells cells(1, 16, 0.5F, 0.5F, -10.0F, 10.0F);
  EXPECT_EQ(
      apply_pulse_trains(meeting(0, 1, 16, 0x80000000U | 0b0110101U, 0b1010100U), cells.arrays(0.0F), cycle_key, 0, 1),
      16U * 2);
  for (const float w : cells.weights) EXPECT_EQ(w, 1.0F);
  EXPECT_EQ(apply_pulse_trains(meeting(0, 1, 16, 0x80000000U | 0b01U, 0x80000000U | 0b10U), cells.arrays(0.0F),
                               cycle_key, 0, 1),
            0U)
      << "shared signs are not slots";
  for (const float w : cells.weights) EXPECT_EQ(w, 1.0F);
}

TEST(PulseApplication, WeightsStopExactlyAtTheirBounds) {
  Cells cells(4, 16, 0.1F, 0.1F, -0.25F, 0.35F);
  for (std::uint64_t i = 0; i < 30; ++i) {
    (void)apply_pulse_trains(meeting(i, 4, 16, 0x80000001U, 1U), cells.arrays(0.3F), cycle_key, 0, 4);
    for (const float w : cells.weights) ASSERT_LE(w, 0.35F);
  }
  // Thirty steps of 0.1 with deviation 0.03: each cell has reached the bound, and noise may have moved it
  // below by less than a few deviations; without noise it stays.
  (void)apply_pulse_trains(meeting(31, 4, 16, 0x8000001FU, 31U), cells.arrays(0.0F), cycle_key, 0, 4);
  for (const float w : cells.weights) EXPECT_EQ(w, 0.35F);
  for (std::uint64_t i = 0; i < 30; ++i) {
    (void)apply_pulse_trains(meeting(100 + i, 4, 16, 1U, 1U), cells.arrays(0.3F), cycle_key, 0, 4);
    for (const float w : cells.weights) ASSERT_GE(w, -0.25F);
  }
  (void)apply_pulse_trains(meeting(131, 4, 16, 0x1FU, 31U), cells.arrays(0.0F), cycle_key, 0, 4);
  for (const float w : cells.weights) EXPECT_EQ(w, -0.25F);
}

TEST(PulseApplication, PaddingColumnsNeverMove) {
  Cells cells(3, 10, 0.1F, 0.1F, -1.0F, 1.0F);
  for (std::uint64_t i = 0; i < 100; ++i) {
    (void)apply_pulse_trains(meeting(i, 3, 16, (i % 2) << 31 | 7U, slot_mask), cells.arrays(0.3F), cycle_key, 0, 3);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 16; ++j) {
      if (j < 10) {
        EXPECT_NE(cells.weights[i * 16 + j], 0.0F);
      } else {
        EXPECT_EQ(cells.weights[i * 16 + j], 0.0F);
      }
    }
  }
}

TEST(PulseApplication, EqualsTheScalarReferenceInAnySplitOfTheRows) {
  constexpr std::size_t rows = 37;
  constexpr std::size_t columns = 21;
  const std::vector<float> x = uniform_values(50 * rows, 1, 0.3);
  const std::vector<float> d = uniform_values(50 * columns, 2, 0.3);
  PulseEvents events;
  (void)draw_pulse_trains({0.01F, 31, true, true}, 0.05F, vectors_in(x, rows), vectors_in(d, columns), {0, 50, 4},
                          row_key, column_key, events);
  Cells start(rows, columns, 0.01F, 0.011F, -0.05F, 0.06F);
  std::vector<float> steps = uniform_values(start.up.size(), 3);
  for (std::size_t i = 0; i < steps.size(); ++i) start.up[i] *= 1 + 0.5F * steps[i];

  Cells expected = start;
  std::uint64_t coincidences = 0;
  for (const PulseEvents::Event& event : events.events) {
    const std::vector<std::uint32_t> row_trains = row_words(events, event, rows);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        const std::uint32_t column = events.words[event.columns_at + j];
        const int n = std::popcount(row_trains[i] & column & slot_mask);
        if (n == 0) continue;
        coincidences += static_cast<std::uint64_t>(n);
        const std::size_t at = i * expected.stride + j;
        const bool up = ((row_trains[i] ^ column) >> 31) != 0;
        expected.weights[at] = testing::reference_pulse(
            expected.weights[at], up ? expected.up[at] : -expected.down[at], n, 0.3F,
            testing::reference_normal(cycle_key, event.identity, 0, at), expected.low[at], expected.high[at]);
      }
    }
  }
  ASSERT_GT(coincidences, 1000U);
  for (const std::int64_t set : rheo::testing::instruction_sets()) {
    const rheo::testing::OnInstructionSet use(set);
    for (const std::size_t part : {std::size_t{1}, std::size_t{5}, rows}) {
      Cells cells = start;
      std::uint64_t counted = 0;
      for (std::size_t first = 0; first < rows; first += part) {
        counted += apply_pulse_trains(events, cells.arrays(0.3F), cycle_key, first, std::min(first + part, rows));
      }
      EXPECT_EQ(counted, coincidences);
      EXPECT_TRUE(rheo::testing::same_bits(cells.weights, expected.weights))
          << hwy::TargetName(set) << " by " << part << ": first at "
          << rheo::testing::first_difference(cells.weights, expected.weights);
    }
  }
}

}  // namespace
}  // namespace rheo::crossbar
