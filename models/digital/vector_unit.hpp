#pragma once

#include "models/core/parameters.hpp"
#include "models/digital/unit.hpp"

namespace rheo {

struct VectorUnitParameters {
  std::int64_t lanes = 64;            ///< values that one issue takes
  std::int64_t interval = 1;          ///< cycles between two issues of add, multiply, compare, convert
  std::int64_t special_interval = 4;  ///< the same for exp, tanh and the like
  std::int64_t latency = 8;           ///< cycles of one issue
  std::int64_t special_latency = 20;

  void describe(Parameters& p) {
    p.integer("lanes", lanes, {1, 65536}, "values that the vector unit takes at once");
    p.integer("interval", interval, {1, 1000}, "cycles between two issues of add, multiply, compare, convert");
    p.integer("special_interval", special_interval, {1, 1000}, "cycles between two issues of exp, tanh and the like");
    p.integer("latency", latency, {1, 1000}, "cycles of one issue");
    p.integer("special_latency", special_latency, {1, 1000}, "cycles of one issue of a special function");
  }
};

/// The digital vector unit: everything of a network that is not a matrix product (see VectorOperation).
///
/// Timing: an operation over v values takes ceil(v / lanes) issues, an item each, `interval` cycles apart
/// (`special_interval` where a special function is evaluated), streamed from and to memory by the law of Unit.
/// Max and average pooling issue once per value of the windows, backwards once per value of the larger side.
/// Operations that take several steps for an output, over windows of w values, have an item an issue of outputs: the
/// interval is the sum of its steps, `interval` or (special) `special_interval` cycles each, the latency that sum and
/// the latency of an issue, of a special one where there is any:
///     stochastic pooling            2 w       (sum, then running sum and comparison)
///     its mean                      w + 1 special (division)
///     mixed pooling                 w         backwards 2 w
///     local response normalisation  w + 2 special (log, exp), backwards 2 w + 3 special (division)
/// A partition takes 2 cycles a position for each table that is drawn anew (an exchange, then collecting), one position
/// at a time; the generator holds a table of each layer while a batch lasts, for the images that share it; a replica's
/// bias and its gradient an issue a value; folding an issue a value of the patches. What an operation derives once a
/// channel (square roots of batch normalisation, mixtures) is counted, not timed. Actions: vector.add, .mul, .special,
/// .compare, .convert, one a value; random.bit. Value counts: of a partition, the random words that it took; of
/// everything else, none.
class VectorUnit : public Unit {
 public:
  /// `seed` keys the choices of stochastic pooling and the partitions, with the command's layer and the number of the
  /// image in the run (for partitions: training and evaluation apart).
  VectorUnit(const sc_core::sc_module_name& name, std::uint16_t index, const UnitContext& context,
             const VectorUnitParameters& parameters, std::uint64_t seed);

  [[nodiscard]] std::vector<InventoryItem> inventory() const override;

 private:
  enum Kind : std::size_t { add, mul, special, compare, convert, random_bit };

  ValueCounts compute(const Command& command) override;
  Work account(const Command& command, ValueCountsView counts) override;
  /// Draws the tables of the command's images. Returns the random words that this took.
  std::uint64_t draw(const Command& command);
  void compute_values(const Command& command);
  Work account_draw(const Command& command, std::uint64_t words);
  [[nodiscard]] Work timing(const Command& command, std::uint64_t values, bool special) const;
  /// The time of `outputs` values that take so many steps each.
  [[nodiscard]] Work stepped(const Command& command, std::uint64_t outputs, std::uint64_t plain_steps,
                             std::uint64_t special_steps) const;

  VectorUnitParameters parameters_;
  std::uint64_t seed_;
  std::array<std::vector<float>, Command::max_operands> scratch_;
  std::vector<float> losses_;
  std::vector<std::uint8_t> predictions_;
};

}  // namespace rheo
