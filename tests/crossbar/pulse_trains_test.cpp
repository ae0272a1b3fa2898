#include "models/crossbar/pulse_trains.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/crossbar/event_words.hpp"
#include "tests/crossbar/reference_update.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::crossbar {
namespace {

using testing::column_words;
using testing::row_words;
using testing::slot_mask;
using testing::uniform_values;
using testing::vectors_in;

const RandomKey row_key(1, 2, RandomPurpose::row_trains);
const RandomKey column_key(1, 2, RandomPurpose::column_trains);

/// Trains of `slots` slots that fire with the values' own magnitudes as probabilities.
PulseSettings plain_trains(int slots) { return {UpdateMode::stochastic_compressed, 1.0F, slots, false, false}; }
/// The learning rate for which one unit is probability 1.
float unit_rate(int slots) { return static_cast<float>(slots); }

std::size_t segments_of(int slots) { return static_cast<std::size_t>(slots + 30) / 31; }

/// The same vector `count` times.
InputBlock repeated(const std::vector<float>& vector) {
  InputBlock block = vectors_in(vector, vector.size());
  block.image_stride = 0;
  return block;
}

/// 18 lines of all strengths; the first always fires, so that every segment of every vector becomes an event.
const std::vector<float> line_values{2.0F,  0.75F, -0.5F,   0.1F,  -0.3F, 0.01F, 0.0F, 0.9F,  -0.999F,
                                     0.25F, 0.5F,  -0.003F, -1.5F, 0.05F, -0.2F, 0.6F, 0.02F, -0.45F};

class Trains : public ::testing::TestWithParam<int> {};

TEST_P(Trains, EveryLineFiresWithItsProbabilityInEverySlot) {
  const int slots = GetParam();
  const std::size_t segments = segments_of(slots);
  const std::size_t count = 40000 / segments;
  PulseEvents events;
  const PulseCounts counts = draw_pulse_trains(plain_trains(slots), unit_rate(slots), repeated(line_values),
                                               repeated(line_values), {0, count, 500}, row_key, column_key, events);
  ASSERT_EQ(events.events.size(), count * segments);
  const std::size_t lines = line_values.size();
  std::vector<std::vector<std::uint64_t>> fired_row(lines, std::vector<std::uint64_t>(31 * segments));
  std::vector<std::vector<std::uint64_t>> fired_column = fired_row;
  std::vector<std::uint32_t> used(segments);
  std::uint64_t row_pulses = 0;
  std::uint64_t column_pulses = 0;
  for (std::size_t e = 0; e < events.events.size(); ++e) {
    const PulseEvents::Event& event = events.events[e];
    const std::size_t segment = e % segments;
    ASSERT_EQ(event.identity, 500 + e / segments);
    ASSERT_EQ(event.segment, segment);
    ASSERT_EQ(event.polarity, 0);
    ASSERT_EQ(event.kind, slots == 1 ? PulseEvents::Kind::list : PulseEvents::Kind::trains);
    const std::vector<std::uint32_t> rows = row_words(events, event, lines);
    const std::vector<std::uint32_t> columns = column_words(events, event, lines);
    for (std::size_t i = 0; i < lines; ++i) {
      for (const std::uint32_t word : {rows[i], columns[i]}) {
        ASSERT_TRUE(word == 0 || (word >> 31 != 0) == (line_values[i] < 0)) << "the sign of line " << i;
        used[segment] |= word & slot_mask;
      }
      for (std::size_t s = 0; s < 31; ++s) {
        fired_row[i][31 * segment + s] += (rows[i] >> s) & 1U;
        fired_column[i][31 * segment + s] += (columns[i] >> s) & 1U;
      }
      row_pulses += static_cast<std::uint64_t>(std::popcount(rows[i] & slot_mask));
      column_pulses += static_cast<std::uint64_t>(std::popcount(columns[i] & slot_mask));
    }
    if (event.kind == PulseEvents::Kind::trains) {
      for (std::size_t pad = lines; pad < 32; ++pad) ASSERT_EQ(events.words[event.columns_at + pad] & slot_mask, 0U);
    }
  }
  int played = 0;
  for (const std::uint32_t word : used) played += std::popcount(word);
  ASSERT_EQ(played, slots) << "as many slots as the train is long";
  for (std::size_t i = 0; i < lines; ++i) {
    const double p = std::min(1.0, std::abs(double{line_values[i]}));
    const double mean = p * static_cast<double>(count);
    for (const auto& fired : {fired_row[i], fired_column[i]}) {
      double all = 0;
      for (std::size_t s = 0; s < fired.size(); ++s) {
        if (((used[s / 31] >> (s % 31)) & 1U) == 0) continue;
        all += static_cast<double>(fired[s]);
        // Where fewer than 40 are expected the tail of the binomial is longer than the normal one.
        EXPECT_NEAR(static_cast<double>(fired[s]), mean, 5 * std::sqrt(mean * (1 - p)) + (mean < 40 ? 8 : 1e-3))
            << "line " << i << " slot " << s;
      }
      const double expected = mean * slots;
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
  const std::size_t segments = segments_of(slots);
  const std::size_t lines = segments == 1 ? 4 : 1;
  const std::size_t count = segments == 1 ? 20000 : 10000;
  std::vector<float> values(lines + 1, 0.5F);
  values[0] = 1.0F;  // makes every segment an event
  PulseEvents events;
  (void)draw_pulse_trains(plain_trains(slots), unit_rate(slots), repeated(values), repeated(values), {0, count, 0},
                          row_key, column_key, events);
  ASSERT_EQ(events.events.size(), count * segments);
  // All trains of the other lines of both edges side by side: bits that must be pairwise independent.
  std::vector<std::vector<std::size_t>> on(count);  // numbers of the bits that are set
  std::size_t width = 0;
  for (std::size_t v = 0; v < count; ++v) {
    width = 0;
    for (std::size_t segment = 0; segment < segments; ++segment) {
      const PulseEvents::Event& event = events.events[v * segments + segment];
      const std::vector<std::uint32_t> rows = row_words(events, event, values.size());
      const std::vector<std::uint32_t> columns = column_words(events, event, values.size());
      const std::uint32_t used = columns[0] & slot_mask;
      for (std::size_t i = 1; i < values.size(); ++i) {
        for (std::uint32_t left = used; left != 0; left &= left - 1) {
          const int s = std::countr_zero(left);
          if (((rows[i] >> s) & 1U) != 0) on[v].push_back(width);
          if (((columns[i] >> s) & 1U) != 0) on[v].push_back(width + 1);
          width += 2;
        }
      }
    }
  }
  ASSERT_EQ(width, static_cast<std::size_t>(slots) * 2 * lines);
  std::vector<std::uint32_t> both(width * width);
  for (const std::vector<std::size_t>& bits : on) {
    for (const std::size_t i : bits) {
      for (const std::size_t j : bits) ++both[i * width + j];
    }
  }
  const double error = std::sqrt(static_cast<double>(count) * 0.25 * 0.75);
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      ASSERT_NEAR(both[i * width + j], 0.25 * static_cast<double>(count), 5.5 * error) << "bits " << i << " and " << j;
    }
  }
}

TEST_P(Trains, EqualTheScalarReferenceBitForBit) {
  const int slots = GetParam();
  constexpr std::size_t count = 100;
  constexpr std::size_t rows = 37;
  constexpr std::size_t columns = 21;
  std::vector<float> x = uniform_values(count * rows, 1, 0.2);
  std::vector<float> d = uniform_values(count * columns, 2, 0.2);
  for (std::size_t i = 0; i < 5 * columns; ++i) d[i] *= 1e-4F;  // vectors in which few columns fire, or none
  for (std::size_t i = 7 * rows; i < 8 * rows; ++i) x[i] = 0;
  for (std::size_t i = 9 * columns; i < 10 * columns; ++i) d[i] = 0;
  for (const UpdateMode mode : {UpdateMode::stochastic_compressed, UpdateMode::stochastic}) {
    const PulseSettings settings{mode, 0.01F, slots, slots % 2 == 1, false};
    const float rate = 0.01F * static_cast<float>(slots);
    for (const std::int64_t set : rheo::testing::instruction_sets()) {
      const rheo::testing::OnInstructionSet use(set);
      PulseEvents events;
      (void)draw_pulse_trains(settings, rate, vectors_in(x, rows), vectors_in(d, columns), {0, count, 33}, row_key,
                              column_key, events);
      std::size_t next = 0;
      for (std::size_t v = 0; v < count; ++v) {
        const std::vector<float> xv = testing::gather(vectors_in(x, rows), v);
        const std::vector<float> dv = testing::gather(vectors_in(d, columns), v);
        const PulseScales scales =
            testing::reference_scales(settings, rate, testing::largest(xv), testing::largest(dv));
        std::uint32_t segment = 0;
        for (int pass = 0; pass < (mode == UpdateMode::stochastic ? 2 : 1); ++pass) {
          for (int left = scales.slots; left > 0; left -= 31, ++segment) {
            const auto trains = [&](const RandomKey& key, const std::vector<float>& values, float scale) {
              std::vector<std::uint32_t> words;
              for (std::size_t i = 0; i < values.size(); ++i) {
                const std::uint32_t word =
                    testing::reference_train(key, 33 + v, i, values[i], scale, std::min(left, 31), segment);
                words.push_back((word & slot_mask) != 0 ? word : 0U);
              }
              return words;
            };
            const std::vector<std::uint32_t> on_columns = trains(column_key, dv, scales.columns);
            const std::vector<std::uint32_t> on_rows = trains(row_key, xv, scales.rows);
            if (*std::max_element(on_columns.begin(), on_columns.end()) == 0) continue;
            if (*std::max_element(on_rows.begin(), on_rows.end()) == 0) continue;
            ASSERT_LT(next, events.events.size());
            const PulseEvents::Event& event = events.events[next++];
            ASSERT_EQ(event.identity, 33 + v);
            ASSERT_EQ(event.segment, segment);
            ASSERT_EQ(event.polarity, mode == UpdateMode::stochastic ? 1 - 2 * pass : 0);
            ASSERT_EQ(row_words(events, event, rows), on_rows) << "vector " << v;
            ASSERT_EQ(column_words(events, event, columns), on_columns) << "vector " << v;
          }
        }
      }
      EXPECT_EQ(next, events.events.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lengths, Trains, ::testing::Values(1, 2, 7, 16, 31, 32, 63, 100));

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
  for (std::size_t mode = 0; mode < update_mode_names.size(); ++mode) {
    PulseSettings settings;
    settings.mode = static_cast<UpdateMode>(mode);
    for (const auto& [x, d] : {std::pair{&zeros, &some}, std::pair{&some, &zeros}, std::pair{&zeros, &zeros}}) {
      const PulseCounts counts =
          draw_pulse_trains(settings, 0.1F, repeated(*x), repeated(*d), {0, 5, 0}, row_key, column_key, events);
      EXPECT_EQ(counts.skipped, 5U);
      EXPECT_EQ(counts.vectors + counts.slots + counts.random_bits + counts.row_pulses + counts.column_pulses, 0U);
    }
    EXPECT_TRUE(events.events.empty());
    EXPECT_EQ(events.used, 0U);
    const PulseCounts idle =
        draw_pulse_trains(settings, 0.0F, repeated(some), repeated(some), {0, 5, 0}, row_key, column_key, events);
    EXPECT_EQ(idle.skipped, 5U) << "a learning rate of zero";
  }
}

/// All that an event says, its words included.
bool same_event(const PulseEvents& a, std::size_t i, const PulseEvents& b, std::size_t j) {
  const PulseEvents::Event& e = a.events.at(i);
  const PulseEvents::Event& f = b.events.at(j);
  return e.identity == f.identity && e.columns_at == f.columns_at && e.rows_at == f.rows_at && e.columns == f.columns &&
         e.rows == f.rows && e.segment == f.segment && e.kind == f.kind && e.polarity == f.polarity &&
         e.divisor == f.divisor;
}

TEST(PulseTrains, AppendToWhatIsThereAndDependOnTheIdentityAlone) {
  const std::vector<float> x = uniform_values(60 * 25, 1, 0.3);
  const std::vector<float> d = uniform_values(60 * 16, 2, 0.3);
  for (std::size_t mode = 0; mode < update_mode_names.size(); ++mode) {
    const PulseSettings settings{static_cast<UpdateMode>(mode), 0.0016F, 63, true, true};
    const float rate = mode % 2 == 0 ? 0.05F : 0.005F;
    PulseEvents all;
    const PulseCounts whole =
        draw_pulse_trains(settings, rate, vectors_in(x, 25), vectors_in(d, 16), {0, 60, 7}, row_key, column_key, all);
    PulseEvents pieces;
    PulseCounts sum;
    for (std::size_t v = 0; v < 60; v += 7) {
      sum += draw_pulse_trains(settings, rate, vectors_in(x, 25), vectors_in(d, 16),
                               {v, std::min<std::size_t>(7, 60 - v), 7}, row_key, column_key, pieces);
    }
    ASSERT_EQ(pieces.used, all.used);
    all.words.resize(all.used);
    pieces.words.resize(pieces.used);
    EXPECT_EQ(pieces.words, all.words);
    ASSERT_EQ(pieces.events.size(), all.events.size());
    for (std::size_t i = 0; i < all.events.size(); ++i) EXPECT_TRUE(same_event(pieces, i, all, i)) << i;
    EXPECT_EQ(sum.row_pulses, whole.row_pulses);
    EXPECT_EQ(sum.column_pulses, whole.column_pulses);
    EXPECT_EQ(sum.random_bits, whole.random_bits);
    EXPECT_EQ(sum.slots, whole.slots);
    EXPECT_EQ(sum.by_length, whole.by_length);
  }
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
  for (std::size_t mode = 0; mode < update_mode_names.size(); ++mode) {
    PulseSettings settings;
    settings.mode = static_cast<UpdateMode>(mode);
    PulseEvents direct;
    PulseEvents flat;
    const VectorRange range{0, g.positions(), 3};
    (void)draw_pulse_trains(settings, 0.1F, patches, vectors_in(d, 6), range, row_key, column_key, direct);
    (void)draw_pulse_trains(settings, 0.1F, vectors_in(unrolled, 22), vectors_in(d, 6), range, row_key, column_key,
                            flat);
    ASSERT_EQ(direct.used, flat.used);
    direct.words.resize(direct.used);
    flat.words.resize(flat.used);
    EXPECT_EQ(direct.words, flat.words);
    EXPECT_FALSE(direct.words.empty());
  }
}

}  // namespace
}  // namespace rheo::crossbar
