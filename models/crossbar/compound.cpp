#include "models/crossbar/compound.hpp"

namespace rheo::crossbar {

void CompoundParameters::describe(Parameters& p) {
  p.choice("compound", kind, compound_names, "how cells together carry one weight");
  if (kind == Compound::vector) p.section("vector", vector, "several cells a weight");
  if (kind == Compound::transfer)
    p.section("transfer", transfer, "fast cells for the gradient, slow ones for the weight");
  if (kind == Compound::mixed_precision)
    p.section("mixed_precision", mixed_precision, "a digital gradient, then pulses");
  const bool pair = kind == Compound::one_sided ||
                    (kind == Compound::mixed_precision && mixed_precision.device == WrittenCells::one_sided);
  if (pair) p.section("one_sided", one_sided, "two cells a weight that only step up");
}

std::optional<ParameterFault> CompoundParameters::check() const {
  std::optional<ParameterFault> fault;
  if (kind == Compound::vector) {
    fault = vector.check();
    if (fault) fault->key = "vector." + fault->key;
  }
  return fault;
}

bool CompoundParameters::acts_at_end_of_batch() const noexcept {
  switch (kind) {
    case Compound::single:
    case Compound::vector:
      return false;
    case Compound::one_sided:
      return one_sided.refresh_every > 0 && one_sided.units_in_mbatch;
    case Compound::transfer:
      return transfer.transfer_every > 0 && transfer.units_in_mbatch;
    case Compound::mixed_precision:
      return true;
  }
  return false;
}

void TransferParameters::describe(Parameters& p) {
  p.choice("rule", rule, transfer_rule_names, "Tiki-Taka v1; v2 and chopped; AGAD");
  p.number("gamma", gamma, {-1e6, 1e6}, "weight of the fast cells in the sum");
  p.number("transfer_every", transfer_every, {0.0, 1e9},
           "mini-batches (or vectors) from one transfer to the next; 0: none");
  p.flag("units_in_mbatch", units_in_mbatch, "transfer_every counts mini-batches, else vectors");
  p.flag("transfer_columns", transfer_columns, "lines are the rows of the crossbar, one an input, else its columns");
  p.number("fast_lr", fast_lr, {0.0, 1e9}, "learning rate of the fast cells; 0: that of the run");
  p.flag("scale_fast_lr", scale_fast_lr, "fast_lr is relative to the learning rate of the run");
  p.number("transfer_lr", transfer_lr, {0.0, 1e9}, "learning rate of a transfer");
  p.flag("scale_transfer_lr", scale_transfer_lr, "transfer_lr is relative to the learning rate of the run");
  if (rule == TransferRule::direct) {
    p.integer("n_reads_per_transfer", n_reads_per_transfer, {1, 65536}, "lines of one transfer");
    p.flag("random_selection", random_selection,
           "begin at a line drawn for each transfer, not where the last one ended");
    p.number("with_reset_prob", with_reset_prob, {0.0, 1.0},
             "probability that a line of the fast cells is reset once read");
    p.section("transfer_update", direct_update, "the update that writes the slow cells");
    return;
  }
  p.number("in_chop_prob", in_chop_prob, {0.0, 1.0}, "how often the sign of a line switches, per read of it; 0: never");
  p.flag("in_chop_random", in_chop_random, "at random, else every 1 / in_chop_prob rounds, all lines alike");
  p.number("buffer_granularity", buffer_granularity, {1e-30, 1e30}, "of the buffer, in steps of the fast cell");
  p.number("auto_granularity", auto_granularity, {0.0, 1e30},
           "scale the granularity by this over the vectors of a round; 0: do not");
  p.number("step", step, {0.0, 1e6}, "what a unit of the buffer writes, in steps of the slow cell");
  p.number("momentum", momentum, {0.0, 1.0}, "share that stays in the buffer");
  p.flag("forget_buffer", forget_buffer,
         "a buffer that was written keeps only that share, else loses what was written");
  p.flag("auto_scale", auto_scale, "scale the update of the fast cells by the recent magnitudes of x and d");
  p.number("auto_momentum", auto_momentum, {0.0, 1.0}, "of those magnitudes, per mini-batch");
  p.flag("correct_gradient_magnitudes", correct_gradient_magnitudes, "divide a transfer by the fast learning rate");
  if (rule == TransferRule::buffered) {
    p.number("out_chop_prob", out_chop_prob, {0.0, 1.0}, "how often the sign of an output switches, per round");
  } else {
    p.number("buffer_cap", buffer_cap, {0.0, 1e9}, "largest buffer, in longest trains, if it is not forgotten; 0: any");
    p.number("tail_weightening", tail_weightening, {0.0, 1e6},
             "weight of the newest read, in shares of a chopper period");
  }
  p.section("transfer_update", step_update, "the update that writes the slow cells");
}

}  // namespace rheo::crossbar
