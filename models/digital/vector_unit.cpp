#include "models/digital/vector_unit.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "models/core/counter_random.hpp"
#include "models/core/error.hpp"
#include "models/core/rounding.hpp"
#include "models/digital/indexed_command.hpp"
#include "models/digital/local_response_norm.hpp"
#include "models/digital/partition.hpp"
#include "models/digital/patch_access.hpp"
#include "models/digital/pooling.hpp"
#include "models/digital/vector_math.hpp"

namespace rheo {
namespace {

std::vector<ActionKind> action_kinds() {
  return {{"vector.add", "addition", "additions and subtractions of the vector unit", "vector.add"},
          {"vector.mul", "multiplication", "multiplications of the vector unit", "vector.mul"},
          {"vector.special", "evaluation", "special functions (exp, tanh, log, division) of the vector unit",
           "vector.special"},
          {"vector.compare", "comparison", "comparisons of the vector unit", "vector.compare"},
          {"vector.convert", "conversion", "number-format conversions of the vector unit", "vector.convert"},
          {"random.bit", "bit", "random bits that choose the cells of stochastic pooling", "random.bit"}};
}

vector_math::PoolShape pool_shape(const Command& command) {
  const PatchGeometry& g = command.geometry;
  return {command.images, g.height, g.width, g.channels, g.kernel_height, g.stride, g.padding, command.ceiling};
}

vector_math::LocalResponseShape norm_shape(const Command& command) {
  const PatchGeometry& g = command.geometry;
  return {command.images, g.height, g.width, g.channels, g.kernel_height, command.constants[0], command.constants[1]};
}

/// Tables of positions are counted as bytes, but no number is converted.
bool is_table(const Command& command, const MemoryOperand& operand) {
  switch (command.operation) {
    case VectorOperation::draw_partition:
      return &operand == &command.operands[0];
    case VectorOperation::replica_bias_activation:
    case VectorOperation::replica_bias_gradient:
    case VectorOperation::fold_patches:
      return &operand == &command.operands[2];
    default:
      return false;
  }
}

/// Of a word, as uniform_from_word takes them.
constexpr std::uint64_t bits_of_a_choice = 23;

/// Channels of a batch normalisation whose parameters are operand `operand`.
std::size_t channels_of_batch_norm(const Command& command, std::size_t operand) {
  return command.operands[operand].values / 4;
}

bool is_special(Activation activation) {
  return activation == Activation::tanh || activation == Activation::celu || activation == Activation::sigmoid;
}

}  // namespace

VectorUnit::VectorUnit(const sc_core::sc_module_name& name, std::uint16_t index, const UnitContext& context,
                       const VectorUnitParameters& parameters, std::uint64_t seed)
    : Unit(name, index, context, action_kinds()), parameters_(parameters), seed_(seed) {}

std::vector<InventoryItem> VectorUnit::inventory() const {
  return {{"vector", "vector.lane", static_cast<std::uint64_t>(parameters_.lanes)}};
}

Unit::Work VectorUnit::timing(const Command& command, std::uint64_t values, bool special) const {
  Work work;
  for (const MemoryOperand& operand : command.operands) {
    const std::uint64_t bytes = operand.bytes(command.images);
    if (bytes == 0) continue;
    if (operand.reads()) work.reads.push_back(Traffic::contiguous(operand.address, bytes));
    if (operand.writes()) work.writes.push_back(Traffic::contiguous(operand.address, bytes));
  }
  work.items = std::max<std::uint64_t>(1, ceil_divide(values, static_cast<std::uint64_t>(parameters_.lanes)));
  work.interval = cycles(static_cast<std::uint64_t>(special ? parameters_.special_interval : parameters_.interval));
  work.latency = cycles(static_cast<std::uint64_t>(special ? parameters_.special_latency : parameters_.latency));
  return work;
}

Unit::Work VectorUnit::stepped(const Command& command, std::uint64_t outputs, std::uint64_t plain_steps,
                               std::uint64_t special_steps) const {
  Work work = timing(command, outputs, special_steps > 0);
  work.interval = cycles(plain_steps * static_cast<std::uint64_t>(parameters_.interval) +
                         special_steps * static_cast<std::uint64_t>(parameters_.special_interval));
  work.latency += work.interval;
  return work;
}

Unit::Work VectorUnit::account(const Command& command, ValueCountsView counts) {
  const auto values = [&](std::size_t operand) { return command.operands[operand].count(command.images); };
  const std::uint64_t n = values(0);
  for (const MemoryOperand& operand : command.operands) {
    if (is_table(command, operand)) continue;
    const bool narrow = operand.format != NumberFormat::fp32 || operand.scale != 1.0F;
    if (operand.access != Access::none && narrow) {
      count(convert, command, operand.count(command.images) * (operand.access == Access::read_write ? 2 : 1));
    }
  }
  const PatchGeometry& g = command.geometry;
  const std::uint64_t windows = std::uint64_t{g.kernel_height} * g.kernel_width;
  switch (command.operation) {
    case VectorOperation::normalise_pixels:
      count(mul, command, n);
      count(add, command, n);
      return timing(command, n, false);
    case VectorOperation::bias_activation:
      count(add, command, n);
      if (is_special(command.activation)) count(special, command, n);
      if (command.activation == Activation::relu) count(compare, command, n);
      return timing(command, n, is_special(command.activation));
    case VectorOperation::activation_backward:
      count(mul, command, 2 * n);
      count(add, command, n);
      return timing(command, n, false);
    case VectorOperation::max_pool:
      count(compare, command, values(1) * (windows - 1));
      return timing(command, values(1) * windows, false);
    case VectorOperation::max_pool_backward:
      count(compare, command, n * windows);
      return timing(command, std::max(n * windows, values(3)), false);
    case VectorOperation::average_pool:
      count(add, command, values(1) * (windows - 1));
      count(mul, command, values(1));
      return timing(command, values(1) * windows, false);
    case VectorOperation::average_pool_backward:
      count(add, command, n * windows);
      count(mul, command, n);
      return timing(command, std::max(n * windows, values(1)), false);
    case VectorOperation::softmax_cross_entropy:
      count(compare, command, n);
      count(special, command, 2 * n + command.images);
      count(add, command, 2 * n);
      count(mul, command, n);
      return timing(command, 2 * n, true);
    case VectorOperation::bias_gradient:
      count(add, command, n);
      return timing(command, n, false);
    case VectorOperation::momentum_step:
      count(mul, command, 3 * n);
      count(add, command, 3 * n);
      return timing(command, 3 * n, false);
    case VectorOperation::momentum_velocity:
      count(mul, command, n);
      count(add, command, n);
      return timing(command, n, false);
    case VectorOperation::fill_zero:
      return timing(command, n, false);
    case VectorOperation::add:
      count(add, command, n);
      return timing(command, n, false);
    case VectorOperation::batch_norm_statistics:  // two passes: means, then variances
      count(add, command, 3 * n);
      count(mul, command, n);
      return timing(command, 2 * n, false);
    case VectorOperation::batch_norm:
      count(add, command, 2 * n);
      count(mul, command, n);
      count(special, command, channels_of_batch_norm(command, 1));
      return timing(command, n, false);
    case VectorOperation::batch_norm_backward:  // sums, then errors
      count(add, command, 5 * n);
      count(mul, command, 4 * n);
      count(special, command, channels_of_batch_norm(command, 2));
      return timing(command, 2 * n, false);
    case VectorOperation::stochastic_pool:
      count(compare, command, 2 * values(1) * windows);
      count(add, command, 2 * values(1) * windows);
      count(mul, command, values(1));
      count(random_bit, command, values(1) * bits_of_a_choice);
      return stepped(command, values(1), 2 * windows, 0);
    case VectorOperation::stochastic_pool_mean:
      count(compare, command, values(1) * windows);
      count(add, command, 2 * values(1) * windows);
      count(mul, command, values(1) * windows);
      count(special, command, values(1));
      return stepped(command, values(1), windows, 1);
    case VectorOperation::mixed_pool:
      count(compare, command, values(2) * (windows - 1));
      count(add, command, values(2) * windows);
      count(mul, command, 3 * values(2));
      count(special, command, 2 * g.channels);  // exp and division of alpha
      return stepped(command, values(2), windows, 0);
    case VectorOperation::mixed_pool_backward:  // maximum and average again, then their shares
      count(compare, command, n * (2 * windows - 1));
      count(add, command, n * (3 * windows + 1));
      count(mul, command, 6 * n);
      count(special, command, 2 * g.channels);
      return stepped(command, n, 2 * windows, 0);
    case VectorOperation::local_response_norm:
      count(mul, command, n * (windows + 3));
      count(add, command, n * (windows + 1));
      count(special, command, 2 * n);
      return stepped(command, n, windows, 2);
    case VectorOperation::local_response_norm_backward:  // the scales again, then the sums of the window
      count(mul, command, n * (windows + 6));
      count(add, command, n * (2 * windows + 2));
      count(special, command, 3 * n);
      return stepped(command, n, 2 * windows, 3);
    case VectorOperation::draw_partition:
      if (counts.empty()) throw std::invalid_argument("these are not the counts of a partition");
      return account_draw(command, counts[0]);
    case VectorOperation::replica_bias_activation:
      count(add, command, n);
      if (is_special(command.activation)) count(special, command, n);
      if (command.activation == Activation::relu) count(compare, command, n);
      return timing(command, n, is_special(command.activation));
    case VectorOperation::replica_bias_gradient:
      count(add, command, n);
      return timing(command, n, false);
    case VectorOperation::fold_patches:
      count(add, command, n);
      return timing(command, n, false);
  }
  throw SimulationError("vector unit: unknown operation in command " + command.name());
}

namespace {

/// Images that use one table, a partition for all of them.
std::uint64_t images_a_table(const Command& command) {
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(command.constants[0]));
}

/// Whether the generator draws for this image of the block. It keeps a table as long as a batch lasts.
bool begins_table(const Command& command, std::uint64_t image) {
  return (command.begins_batch && image == 0) || (command.first_sample + image) % images_a_table(command) == 0;
}

}  // namespace

std::uint64_t VectorUnit::draw(const Command& command) {
  const MemoryOperand& operand = command.operands[0];
  const auto table = memory(command, operand);
  const std::uint64_t shared_by = images_a_table(command);
  const std::uint32_t stream = command.layer | (command.mode == Mode::evaluation ? 1U << 16 : 0U);
  const RandomKey key(seed_, stream, RandomPurpose::patch_assignment);
  std::vector<std::uint16_t> order(operand.values / sizeof(std::uint16_t));
  std::uint64_t words = 0;
  for (std::size_t image = 0; image < command.images; ++image) {
    const std::uint64_t sample = command.first_sample + image;
    const PartitionCost cost =
        draw_partition(key, sample / shared_by, command.geometry.positions(), command.replicas, order);
    std::memcpy(table.data() + image * operand.values, order.data(), operand.values);
    if (begins_table(command, image)) words += cost.words;  // else the generator still holds the table
  }
  return words;
}

Unit::Work VectorUnit::account_draw(const Command& command, std::uint64_t words) {
  const std::uint64_t positions = command.geometry.positions();
  std::uint64_t drawn = 0;
  for (std::uint64_t image = 0; image < command.images; ++image) drawn += begins_table(command, image) ? 1 : 0;
  count(random_bit, command, words * 32);
  count(mul, command, drawn * positions);      // a word becomes a position
  count(compare, command, drawn * positions);  // collecting
  Work work = timing(command, 0, false);
  work.items = std::max<std::uint64_t>(1, drawn * 2 * positions);
  return work;
}

ValueCounts VectorUnit::compute(const Command& command) {
  if (command.operation == VectorOperation::draw_partition) return {draw(command)};
  compute_values(command);
  return {};
}

void VectorUnit::compute_values(const Command& command) {
  const auto& operands = command.operands;
  const auto read = [&](std::size_t i) { return load(command, operands[i], scratch_[i]); };
  const auto change = [&](std::size_t i) { return open(command, operands[i], scratch_[i]); };
  const auto finish = [&](std::size_t i) { store(command, operands[i], scratch_[i]); };
  const std::uint64_t n = operands[0].count(command.images);
  switch (command.operation) {
    case VectorOperation::normalise_pixels: {
      const auto pixels = memory(command, operands[0]);
      vector_math::normalise_pixels(reinterpret_cast<const std::uint8_t*>(pixels.data()), n, command.constants[0],
                                    command.constants[1], change(1));
      return finish(1);
    }
    case VectorOperation::bias_activation: {
      const std::size_t channels = operands[1].values;
      vector_math::add_bias_activate(change(0), n / channels, channels, read(1), command.activation);
      return finish(0);
    }
    case VectorOperation::activation_backward:
      vector_math::activation_backward(change(0), read(1), n, command.activation);
      return finish(0);
    case VectorOperation::max_pool:
      vector_math::max_pool_forward(read(0), pool_shape(command), change(1));
      return finish(1);
    case VectorOperation::max_pool_backward:
      vector_math::max_pool_backward(read(0), read(1), read(2), pool_shape(command), change(3));
      return finish(3);
    case VectorOperation::average_pool:
      vector_math::average_pool_forward(read(0), pool_shape(command), change(1));
      return finish(1);
    case VectorOperation::average_pool_backward:
      vector_math::average_pool_backward(read(0), pool_shape(command), change(1));
      return finish(1);
    case VectorOperation::softmax_cross_entropy: {
      const auto labels = memory(command, operands[1]);
      losses_.resize(command.images);
      predictions_.resize(command.images);
      float* logits = change(0);
      vector_math::softmax_cross_entropy(logits, reinterpret_cast<const std::uint8_t*>(labels.data()), command.images,
                                         operands[0].values, 1.0F / static_cast<float>(command.batch_images), logits,
                                         losses_.data(), predictions_.data());
      float* results = change(2);
      for (std::size_t i = 0; i < command.images; ++i) {
        results[2 * i] = losses_[i];
        results[2 * i + 1] = static_cast<float>(predictions_[i]);
      }
      finish(2);
      return finish(0);
    }
    case VectorOperation::bias_gradient: {
      const std::size_t channels = operands[1].values;
      vector_math::bias_gradient(read(0), n / channels, channels, change(1));
      return finish(1);
    }
    case VectorOperation::momentum_step:
      vector_math::sgd_momentum(change(0), change(1), change(2), n, command.learning_rate, command.momentum,
                                command.weight_decay);
      finish(0);
      finish(1);
      return finish(2);
    case VectorOperation::momentum_velocity: {
      float* gradients = change(0);
      float* velocity = change(1);
      vector_math::scale_add(gradients, velocity, n, command.momentum, velocity);
      std::fill_n(gradients, n, 0.0F);
      finish(0);
      return finish(1);
    }
    case VectorOperation::fill_zero:
      std::fill_n(change(0), n, 0.0F);
      return finish(0);
    case VectorOperation::add:
      vector_math::add(read(0), read(1), n, change(2));
      return finish(2);
    case VectorOperation::batch_norm_statistics: {
      const std::size_t channels = channels_of_batch_norm(command, 1);
      float* parameters = change(1);
      vector_math::batch_norm_statistics(read(0), n / channels, channels, parameters, parameters + channels);
      return finish(1);
    }
    case VectorOperation::batch_norm: {
      const std::size_t channels = channels_of_batch_norm(command, 1);
      const float* p = read(1);
      vector_math::batch_norm_forward(read(0), n / channels, channels, p, p + channels, p + 2 * channels,
                                      p + 3 * channels, command.constants[0], change(2));
      return finish(2);
    }
    case VectorOperation::batch_norm_backward: {
      const std::size_t channels = channels_of_batch_norm(command, 2);
      const float* p = read(2);
      float* errors = change(0);
      float* gradients = change(3);
      vector_math::batch_norm_backward(errors, read(1), n / channels, channels, p, p + channels, p + 2 * channels,
                                       command.constants[0], errors, gradients, gradients + channels);
      finish(0);
      return finish(3);
    }
    case VectorOperation::stochastic_pool: {
      const RandomKey key(seed_, command.layer, RandomPurpose::stochastic_pooling);
      vector_math::stochastic_pool_forward(read(0), pool_shape(command), key, command.first_sample, change(1));
      return finish(1);
    }
    case VectorOperation::stochastic_pool_mean:
      vector_math::stochastic_pool_mean(read(0), pool_shape(command), change(1));
      return finish(1);
    case VectorOperation::mixed_pool:
      vector_math::mixed_pool_forward(read(0), pool_shape(command), read(1), command.constants[0], change(2));
      return finish(2);
    case VectorOperation::mixed_pool_backward: {
      float* parameters = change(2);
      vector_math::mixed_pool_backward(read(0), read(1), pool_shape(command), parameters, command.constants[0],
                                       change(3), parameters + command.geometry.channels);
      finish(2);
      return finish(3);
    }
    case VectorOperation::local_response_norm:
      vector_math::local_response_norm_forward(read(0), norm_shape(command), change(1));
      return finish(1);
    case VectorOperation::local_response_norm_backward:
      vector_math::local_response_norm_backward(read(0), read(1), norm_shape(command), change(2));
      return finish(2);
    case VectorOperation::draw_partition:
      return;  // see compute()
    case VectorOperation::replica_bias_activation:
    case VectorOperation::replica_bias_gradient: {
      const bool forward = command.operation == VectorOperation::replica_bias_activation;
      const auto table = memory(command, operands[2]);
      const std::size_t channels = operands[1].values / command.replicas;
      const std::size_t plane = operands[0].values / channels;
      float* values = change(0);
      float* rows = change(1);
      std::vector<bool> computed(plane);
      for (std::size_t image = 0; image < command.images; ++image, values += operands[0].values) {
        const std::vector<std::uint16_t> positions = table_positions(operands[2], table, image);
        computed.assign(plane, false);
        for (std::size_t replica = 0; replica < command.replicas; ++replica) {
          const std::size_t end = part_begin(positions.size(), command.replicas, replica + 1);
          for (std::size_t i = part_begin(positions.size(), command.replicas, replica); i < end; ++i) {
            float* value = values + positions[i] * channels;
            float* row = rows + replica * channels;
            if (forward) {
              vector_math::add_bias_activate(value, 1, channels, row, command.activation);
            } else {
              vector_math::bias_gradient(value, 1, channels, row);
            }
            computed[positions[i]] = true;
          }
        }
        for (std::size_t p = 0; forward && p < plane; ++p) {
          if (!computed[p]) std::fill_n(values + p * channels, channels, 0.0F);
        }
      }
      return finish(forward ? 0 : 1);
    }
    case VectorOperation::fold_patches: {
      const auto table = memory(command, operands[2]);
      const float* patches = read(0);
      float* errors = change(1);
      for (std::size_t image = 0; image < command.images; ++image) {
        fold_patches(patches + image * operands[0].values, command.geometry, command.regions,
                     table_positions(operands[2], table, image), errors + image * operands[1].values);
      }
      return finish(1);
    }
  }
}

}  // namespace rheo
