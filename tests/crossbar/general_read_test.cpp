#include "models/crossbar/general_read.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/crossbar/weight_slices.hpp"
#include "tests/crossbar/reference_general_read.hpp"
#include "tests/digital/vector_targets.hpp"

namespace rheo::crossbar {
namespace {

using rheo::testing::first_difference;
using testing::Packed;
using testing::ReferenceReader;
using testing::uniform_values;
using testing::vectors_in;
using testing::vectors_out;

struct Size {
  std::size_t inputs, outputs;
};
constexpr std::array sizes{Size{1, 1}, Size{5, 3}, Size{37, 10}, Size{70, 33}, Size{200, 40}};

const RandomKey key(42, 3, RandomPurpose::forward_noise);

std::vector<float> mixed_vectors(std::size_t count, std::size_t elements) {
  std::vector<float> values;
  for (std::size_t v = 0; v < count; ++v) {
    std::vector<float> vector = uniform_values(elements, 10 + static_cast<std::uint32_t>(v),
                                               v % 5 == 1   ? 0.9
                                               : v % 5 == 3 ? 1.0
                                                            : 0.0);
    if (v % 7 == 5) {
      for (float& value : vector) value = -std::abs(value);
    }
    const float scale = v % 7 == 2 ? 100.0F : v % 7 == 4 ? 1e-3F : 1.0F;
    for (float& value : vector) values.push_back(value * scale);
  }
  return values;
}

/// A case: what differs from the default read, and the slices of the weights.
struct Case {
  std::string name;
  std::function<void(GeneralReadSettings&)> change;
  SlicingParameters slicing;
  bool backward = false;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto add = [&](const std::string& name, auto change, SlicingParameters slicing = {}, bool backward = false) {
    all.push_back({name, change, slicing, backward});
  };
  using S = GeneralReadSettings;
  add("as it is", [](S&) {});
  add("no noise", [](S& s) { s.parameters.adc.noise = 0; });
  add("no management", [](S& s) { s.parameters.management.noise = false; });
  add("maximum", [](S& s) { s.parameters.management.noise_scale = NoiseScale::maximum; });
  add("constant", [](S& s) {
    s.parameters.management.noise_scale = NoiseScale::constant;
    s.parameters.management.noise_constant = 2;
  });
  add("worst case", [](S& s) {
    s.parameters.management.noise_scale = NoiseScale::worst_case;
    s.parameters.adc.bound = 3;
  });
  add("limited", [](S& s) { s.parameters.management.noise_limit = 0.7; });
  for (const BoundManagement bound :
       {BoundManagement::iterative, BoundManagement::iterative_worst_case, BoundManagement::shift}) {
    add("bound " + std::string(bound_management_names[static_cast<std::size_t>(bound)]), [bound](S& s) {
      s.bound = bound;
      s.parameters.adc.bound = 0.5;
    });
  }
  add("stochastic rounding", [](S& s) {
    s.parameters.dac.rounding = s.parameters.adc.rounding = Rounding::stochastic;
    s.bound = BoundManagement::iterative;
    s.parameters.adc.bound = 1;
  });
  add("no rounding", [](S& s) { s.parameters.dac.quantise = s.parameters.adc.quantise = false; });
  add("input faults", [](S& s) {
    s.parameters.dac.noise = 0.05;
    s.parameters.dac.asymmetry = 0.1;
    s.parameters.dac.bound = 0.8;
  });
  add("output faults", [](S& s) {
    s.parameters.adc.asymmetry = -0.2;
    s.parameters.adc.nonlinearity = 0.3;
  });
  const ReadParameters faulty = [] {
    ReadParameters p;
    p.adc.noise_deviation = 0.3;
    p.adc.offset_deviation = 0.5;
    p.adc.gain_deviation = 0.1;
    p.adc.nonlinearity = 0.2;
    p.adc.nonlinearity_deviation = 0.4;
    p.adc.shared_by = 3;
    return p;
  }();
  add("static errors", [faulty](S& s) { s.parameters = faulty; });
  for (const WeightNoise kind : {WeightNoise::constant, WeightNoise::pcm}) {
    add("weight noise " + std::string(weight_noise_names[static_cast<std::size_t>(kind)]), [kind](S& s) {
      s.parameters.read.weight_noise = 0.05;
      s.parameters.read.weight_noise_kind = kind;
    });
  }
  add("wires", [](S& s) {
    s.collecting_drop = 1;
    s.feeding_drop = 0.5F;
    s.parameters.wires.conductance_ratio = 5000;
    s.full_scale = 0.9F;
  });
  add("wires by conductance", [](S& s) {
    s.collecting_drop = 1;
    s.parameters.wires.load = WireLoad::conductance;
  });
  for (const std::int64_t group : {1, 2, 3, 6}) {
    for (const Accumulation accumulation : {Accumulation::digital, Accumulation::analog}) {
      add("bit serial by " + std::to_string(group) + (accumulation == Accumulation::analog ? ", analog" : ""),
          [=](S& s) {
            s.parameters.dac.scheme = DacScheme::bit_serial;
            s.parameters.dac.phase_bits = group;
            s.parameters.dac.accumulation = accumulation;
            s.parameters.dac.noise = 0.02;
            s.parameters.read.weight_noise = 0.01;
          });
    }
  }
  for (const bool backward : {false, true}) {
    const std::string way = backward ? " in turn" : "";
    add(
        "slices" + way, [](S&) {}, {4, 2}, backward);
    add(
        "everything" + way,
        [faulty](S& s) {
          s.parameters = faulty;
          s.parameters.dac = {.scheme = DacScheme::bit_serial, .bound = 1.2, .noise = 0.03, .asymmetry = 0.05};
          s.parameters.adc.rounding = Rounding::stochastic;
          s.parameters.adc.bound = 4;
          s.parameters.read = {false, 0.05, WeightNoise::pcm};
          s.parameters.wires.conductance_ratio = 3000;
          s.collecting_drop = 1;
          s.feeding_drop = 1;
          s.bound = BoundManagement::iterative;
          s.output_scale = 0.37F;
        },
        {3, 3}, backward);
  }
  return all;
}

/// A case with its weights, errors and losses.
class PreparedCase {
 public:
  /// Without converters' steps (`fine`) a change of the last bit shows.
  PreparedCase(const Case& c, const Size& size, bool fine = false) : size_(size) {
    c.change(settings);
    if (fine) settings.parameters.adc.quantise = false;
    const std::vector<float> weights = uniform_values(size.inputs * size.outputs, 1);
    settings.slices = c.slicing.pairs();
    settings.slices_in_turn = c.backward;
    if (c.slicing.on()) {
      const WeightSlices slices(c.slicing, 1.0F);
      settings.slice_bits = slices.bits();
      settings.slice_scale = static_cast<float>(slices.cell_levels()) / static_cast<float>(slices.weight_levels());
      for (int s = 0; s < c.slicing.slices; ++s) {
        std::vector<float>& cells = plain.emplace_back();
        for (const float w : weights) cells.push_back(slices.cell(slices.integer(w), s));
      }
    } else {
      plain.push_back(weights);
    }
    for (const std::vector<float>& slice : plain) {
      const Packed packed(slice, size.inputs, size.outputs);
      matrix_ = packed.matrix;
      packed_.insert(packed_.end(), packed.values.begin(), packed.values.end());
    }
    matrix_.values = packed_.data();
    const AdcParameters& adc = settings.parameters.adc;
    if (adc.gain_deviation > 0) {
      errors_.emplace(adc, OutputLines{size.outputs, settings.slices, settings.slices, 1}, key);
      settings.errors = &*errors_;
    }
    loss_ = uniform_values(settings.slices * ((size.inputs + 15) / 16 * 16), 77);
    for (float& value : loss_) value = 0.2F * std::abs(value);
    settings.feeding_loss = loss_.data();
    collecting_loss_.assign(settings.slices * ((size.outputs + 15) / 16 * 16), 0.03F);
    if (settings.parameters.wires.load == WireLoad::conductance) settings.collecting_loss = collecting_loss_.data();
    conductance_.assign((size.inputs + 15) / 16 * 16, 0.0F);
    for (std::size_t i = 0; i < size.inputs; ++i) conductance_[i] = 1.0F + static_cast<float>(i % 3);
    settings.conductance = conductance_.data();
  }

  ReadCounts read(const std::vector<float>& x, const VectorRange& range, std::vector<float>& y,
                  bool accumulate = false) const {
    return general_read(settings, matrix_, vectors_in(x, size_.inputs), range, key,
                        vectors_out(y, size_.outputs, accumulate));
  }
  [[nodiscard]] const PackedMatrix& matrix() const { return matrix_; }

  GeneralReadSettings settings;
  std::vector<std::vector<float>> plain;  ///< the slices without padding

 private:
  Size size_;
  PackedMatrix matrix_;
  std::vector<float> packed_, loss_, collecting_loss_, conductance_;
  std::optional<ConverterErrors> errors_;
};

void expect_same(const std::vector<float>& made, const std::vector<float>& expected, const std::string& what) {
  ASSERT_EQ(made.size(), expected.size());
  const std::size_t at = first_difference(made, expected);
  EXPECT_EQ(at, made.size()) << what << ": value " << at << " is " << made[std::min(at, made.size() - 1)]
                             << ", expected " << expected[std::min(at, made.size() - 1)];
}

void expect_same(const ReadCounts& made, const ReadCounts& expected, const std::string& what) {
  EXPECT_EQ(made.reads, expected.reads) << what;
  EXPECT_EQ(made.skipped, expected.skipped) << what;
  EXPECT_EQ(made.driven, expected.driven) << what;
}

TEST(GeneralRead, EqualsTheScalarReferenceBitForBit) {
  constexpr std::size_t count = 19;
  for (const Case& c : cases()) {
    for (const Size& size : sizes) {
      const std::vector<float> x = mixed_vectors(count, size.inputs);
      for (const auto& [accumulate, fine] : {std::pair{false, false}, std::pair{true, false}, std::pair{true, true}}) {
        const PreparedCase setup(c, size, fine);
        std::vector<float> y = uniform_values(count * size.outputs, 99);
        std::vector<float> expected = y;
        const ReadCounts made = setup.read(x, {0, count, 1000}, y, accumulate);
        ReferenceReader reference(setup.settings, setup.plain, size.inputs, size.outputs, key);
        const ReadCounts wanted = reference.read(vectors_in(x, size.inputs), {0, count, 1000},
                                                 vectors_out(expected, size.outputs, accumulate));
        const std::string what = c.name + ", " + std::to_string(size.inputs) + "x" + std::to_string(size.outputs) +
                                 (accumulate ? ", accumulated" : "") + (fine ? ", fine" : "");
        expect_same(y, expected, what);
        expect_same(made, wanted, what);
        EXPECT_NEAR(
            static_cast<double>(made.activity), reference.activity,
            1e-3 * reference.activity + static_cast<double>(made.reads) * setup.settings.parameters.dac.phases())
            << what;
      }
    }
  }
}

TEST(GeneralRead, AnyGroupingAndInstructionSetGivesTheSameBits) {
  constexpr std::size_t count = 19;
  const Size size{70, 33};
  for (const Case& c : cases()) {
    const PreparedCase setup(c, size);
    const std::vector<float> x = mixed_vectors(count, size.inputs);
    std::vector<float> all(count * size.outputs);
    const ReadCounts whole = setup.read(x, {0, count, 9}, all);
    for (const std::int64_t set : rheo::testing::instruction_sets()) {
      const rheo::testing::OnInstructionSet use(set);
      for (const std::size_t group : {std::size_t{1}, std::size_t{3}, count}) {
        std::vector<float> y(count * size.outputs);
        ReadCounts sum;
        for (std::size_t v = 0; v < count; v += group) sum += setup.read(x, {v, std::min(group, count - v), 9}, y);
        const std::string what = c.name + " by " + std::to_string(group) + ", " + hwy::TargetName(set);
        expect_same(y, all, what);
        expect_same(sum, whole, what);
        EXPECT_EQ(sum.activity, whole.activity) << what;
      }
    }
  }
}

TEST(GeneralRead, GivesTheBitsOfTheFastKernelWhereThatKnowsAll) {
  constexpr std::size_t count = 37;
  struct Basic {
    bool management;
    BoundManagement bound;
    double noise, adc_bound;
    std::int64_t dac_bits, adc_bits;
  };
  for (const Basic& b :
       {Basic{true, BoundManagement::iterative, 0.1, 20, 7, 9}, Basic{true, BoundManagement::iterative, 0.1, 1, 7, 9},
        Basic{false, BoundManagement::none, 0, 12, 5, 12}, Basic{true, BoundManagement::none, 0.06, 3, 2, 2}}) {
    for (const Size& size : {Size{1, 1}, Size{25, 16}, Size{37, 10}, Size{400, 32}, Size{512, 70}, Size{70, 160}}) {
      const Case plain{"",
                       [&](GeneralReadSettings& s) {
                         s.parameters.management.noise = b.management;
                         s.bound = b.bound;
                         s.parameters.adc.noise = b.noise;
                         s.parameters.adc.bound = b.adc_bound;
                         s.parameters.dac.bits = b.dac_bits;
                         s.parameters.adc.bits = b.adc_bits;
                       },
                       {}};
      const PreparedCase setup(plain, size);
      const ReadParameters& p = setup.settings.parameters;
      std::vector<std::uint32_t> units(size.inputs);
      for (std::size_t k = 0; k < units.size(); ++k) {
        units[k] = per_dac_step(setup.settings.conductance[k], p.dac.levels());
      }
      const ReadSettings fast{p.dac.levels(),
                              p.adc.levels(),
                              p.adc.step(),
                              static_cast<float>(p.adc.noise),
                              1,
                              b.management,
                              b.bound == BoundManagement::iterative ? static_cast<int>(p.management.max_halvings) : 0,
                              units.data()};
      const std::vector<float> x = mixed_vectors(count, size.inputs);
      for (const std::int64_t set : rheo::testing::instruction_sets()) {
        const rheo::testing::OnInstructionSet use(set);
        std::vector<float> y(count * size.outputs);
        std::vector<float> expected = y;
        const ReadCounts made = setup.read(x, {0, count, 5}, y);
        const ReadCounts wanted = analog_read(fast, setup.matrix(), vectors_in(x, size.inputs), {0, count, 5}, key,
                                              vectors_out(expected, size.outputs));
        const std::string what = std::to_string(size.inputs) + "x" + std::to_string(size.outputs) + ", bound " +
                                 std::to_string(b.adc_bound) + ", " + hwy::TargetName(set);
        expect_same(y, expected, what);
        expect_same(made, wanted, what);
        EXPECT_EQ(made.activity, wanted.activity) << what;
      }
    }
  }
}

TEST(GeneralRead, GathersAndScattersPatches) {
  // Overlapping patches of a convolution come and, added, go in the order of the vectors.
  const PatchGeometry g{7, 6, 2, 3, 3, 2, 1};
  constexpr std::size_t images = 2;
  const std::size_t count = images * g.positions();
  const std::vector<float> pixels = uniform_values(images * g.image_values(), 3, 0.3);
  const PreparedCase setup(cases().front(), {18, 18});
  const InputBlock in{pixels.data(), g.image_values(), g, 0, 18};
  std::vector<float> y = uniform_values(images * g.image_values(), 4);
  std::vector<float> expected = y;
  const VectorRange range{1, count - 1, 7};
  (void)general_read(setup.settings, setup.matrix(), in, range, key, {y.data(), g.image_values(), g, 0, 18, true});
  (void)ReferenceReader(setup.settings, setup.plain, 18, 18, key)
      .read(in, range, {expected.data(), g.image_values(), g, 0, 18, true});
  expect_same(y, expected, "patches");
}

}  // namespace
}  // namespace rheo::crossbar
