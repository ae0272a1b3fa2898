#include "platforms/mapping/program_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "platforms/mapping/command_builder.hpp"

namespace rheo {
namespace {

/// What a pass over the network is for.
enum class Pass : std::uint8_t {
  evaluation,  ///< the classes
  training,    ///< forward and back, then the update
  probe,       ///< forward as in an evaluation and back to the images; every activation is kept
};

/// Writes the programs pass by pass, command by command.
class ProgramWriter : private CommandBuilder {
 public:
  explicit ProgramWriter(Placement& placement) : CommandBuilder(placement), place_(placement) {}

  void run() {
    Mapping& mapping = place_.mapping;
    write_initialise();
    write_evaluation();
    if (place_.request.programs == ProgramSet::probe) write_probe();
    if (place_.request.programs == ProgramSet::training) {
      write_training_passes();
      write_update();
      mapping.training.push_back(plain(Opcode::halt));
    }
    mapping.buffer_used = place_.buffer.used() + largest_block_;
    mapping.dram_used = place_.dram.used();
  }

 private:
  /// Whether the layer's tiles take their positions from a table in such a pass.
  [[nodiscard]] static bool indexed(const MatrixLayer& layer, Pass pass) noexcept {
    return layer.indexed(pass == Pass::training);
  }

  /// Draws the tables of a forward pass, and keeps them for the passes that follow.
  void draw_tables(std::vector<Command>& program, const Step& step, const BlockLayout& block, Pass pass) const {
    const MatrixLayer& layer = place_.mapping.layers[step.layer];
    if (!indexed(layer, pass) || !layer.assignment.drawn) return;
    Command draw = vector(step.account, VectorOperation::draw_partition, {table(layer, block, Access::write)});
    draw.geometry = layer.geometry;
    draw.replicas = static_cast<std::uint16_t>(layer.assignment.replicas);
    draw.constants[0] = static_cast<float>(place_.request.tiling.reshuffle_every);
    program.push_back(draw);
    if (pass == Pass::evaluation) return;
    program.push_back(transfer(step.account, table(layer, block, Access::read), tables_in_dram(layer, block)));
  }
  void load_tables(std::vector<Command>& program, const Step& step, const BlockLayout& block) const {
    const MatrixLayer& layer = place_.mapping.layers[step.layer];
    if (!layer.assignment.drawn) return;
    program.push_back(transfer(step.account, tables_in_dram(layer, block), table(layer, block, Access::write)));
  }

  void write_initialise() {
    auto& program = place_.mapping.initialise;
    for (const MatrixLayer& layer : place_.mapping.layers) {
      for (const TilePlacement& tile : layer.tiles) {
        Command command = on_tile(tile, Opcode::program_weights, Phase::update);
        command.operands[0] = matrix_of(tile, layer.weights, Access::read);
        program.push_back(command);
      }
    }
    program.push_back(plain(Opcode::halt));
  }

  void write_evaluation() {
    auto& program = place_.mapping.evaluation;
    BlockLayout block;
    need_forward(block, Pass::evaluation);
    place_block(block, "evaluation");
    program.push_back(loop(block.images()));
    write_forward(program, block, Pass::evaluation);
    program.push_back(plain(Opcode::end_loop));
    program.push_back(plain(Opcode::halt));
  }

  void write_probe() {
    auto& program = place_.mapping.probe;
    BlockLayout block;
    need_forward(block, Pass::probe);
    need_backward(block, Pass::probe);
    place_block(block, "probe");
    program.push_back(loop(block.images()));
    write_forward(program, block, Pass::probe);
    write_backward(program, block, Pass::probe);
    program.push_back(
        transfer(shared_layer, error(0, block, Access::read), error_share(0, block.images(), Access::write)));
    program.push_back(plain(Opcode::end_loop));
    program.push_back(plain(Opcode::halt));
  }

  /// The forward and the backward pass of a block follow each other where the buffer holds the activations and the
  /// errors of an image together: the backward pass then finds what it reads in the buffer. Else all blocks go forward
  /// first, and their activations come back from the DRAM.
  void write_training_passes() {
    Mapping& mapping = place_.mapping;
    auto& program = mapping.training;
    BlockLayout both;
    need_forward(both, Pass::training);
    need_backward(both, Pass::training);
    one_pass_ = both.fits(place_.buffer);
    if (one_pass_) {
      place_block(both, "training");
      mapping.forward_images = mapping.backward_images = both.images();
      program.push_back(loop(both.images()));
      write_forward(program, both, Pass::training);
      write_backward(program, both, Pass::training);
      program.push_back(plain(Opcode::end_loop));
      return;
    }
    BlockLayout forward;
    need_forward(forward, Pass::training);
    place_block(forward, "forward");
    mapping.forward_images = forward.images();
    program.push_back(loop(forward.images()));
    write_forward(program, forward, Pass::training);
    program.push_back(plain(Opcode::end_loop));

    BlockLayout backward;
    need_backward(backward, Pass::training);
    place_block(backward, "backward");
    mapping.backward_images = backward.images();
    program.push_back(loop(backward.images()));
    write_loads(program, backward);
    write_backward(program, backward, Pass::training);
    program.push_back(plain(Opcode::end_loop));
  }

  void need_forward(BlockLayout& block, Pass pass) const {
    block.need("pixels", place_.network.tensors[0].shape.values());
    block.need("labels", 1);
    block.need("results", 2 * sizeof(float));
    for (std::size_t t = 0; t + 1 < place_.network.tensors.size(); ++t) {
      block.need("activation " + place_.network.tensors[t].name, place_.activation_bytes(t));
    }
    for (const MatrixLayer& layer : place_.mapping.layers) need_table(layer, pass == Pass::training, block);
    block.need(logits_piece(), std::uint64_t{place_.network.tensors.back().shape.values()} * sizeof(float));
  }

  /// Where the logits are, their gradient is after the loss.
  [[nodiscard]] std::string logits_piece() const { return "error " + place_.network.tensors.back().name; }

  void write_forward(std::vector<Command>& program, const BlockLayout& block, Pass pass) {
    const TensorShape& in = place_.network.tensors[0].shape;
    const std::uint32_t images = block.images();

    const auto bytes_operand = [&](const std::string& piece, std::uint32_t values, NumberFormat format) {
      return MemoryOperand{block.at(piece), 0, block.parity(), values, format, Access::read, true, 1};
    };
    const HostLayout& host = place_.mapping.host;
    program.push_back(transfer(
        shared_layer, batch_share(data_map::host + host.images, in.values(), NumberFormat::uint8, images, Access::read),
        bytes_operand("pixels", in.values(), NumberFormat::uint8)));
    program.push_back(transfer(shared_layer,
                               batch_share(data_map::host + host.labels, 1, NumberFormat::uint8, images, Access::read),
                               bytes_operand("labels", 1, NumberFormat::uint8)));
    Command normalise =
        vector(shared_layer, VectorOperation::normalise_pixels,
               {bytes_operand("pixels", in.values(), NumberFormat::uint8), activation(0, block, Access::write)});
    // (pixel / 255 - mean) / deviation
    normalise.constants = {static_cast<float>(1.0 / (255.0 * place_.request.pixel_deviation)),
                           static_cast<float>(-place_.request.pixel_mean / place_.request.pixel_deviation)};
    program.push_back(normalise);
    save_activation(program, 0, block, pass);

    const std::size_t last = place_.network.tensors.size() - 1;
    const MemoryOperand logits{block.at(logits_piece()),
                               0,
                               block.parity(),
                               place_.network.tensors[last].shape.values(),
                               NumberFormat::fp32,
                               Access::read_write,
                               true,
                               1};
    for (const Step& step : place_.network.steps) {
      const auto result = [&](Access access) {
        MemoryOperand operand = step.out == last ? logits : activation(step.out, block, access);
        operand.access = access;
        return operand;
      };
      switch (step.kind) {
        case Step::Kind::matrix: {
          const MatrixLayer& layer = place_.mapping.layers[step.layer];
          const bool by_position = indexed(layer, pass);
          draw_tables(program, step, block, pass);
          for (const TilePlacement& tile : layer.tiles) {
            Command command = on_tile(tile, Opcode::forward, Phase::forward);
            command.accumulate = tile.first_input > 0;
            command.operands[0] = activation(step.in, block, Access::read);
            // A tile that holds part of the columns writes part of each pixel.
            const bool part = command.accumulate || tile.outputs < layer.outputs;
            command.operands[1] = result(part ? Access::read_write : Access::write);
            if (by_position) {
              command.operands[1] = part_of(command.operands[1], tile);
              take_positions(command, layer, block);
            }
            program.push_back(command);
          }
          const MemoryOperand biases = fixed(layer.bias, bias_values(layer), Access::read);
          Command bias = by_position ? by_table(step, layer, block, VectorOperation::replica_bias_activation,
                                                result(Access::read_write), biases)
                                     : vector(step.account, VectorOperation::bias_activation,
                                              {result(Access::read_write), biases});
          bias.activation = step.activation;
          program.push_back(bias);
          if (step.out != last) save_activation(program, step.out, block, pass);
          break;
        }
        case Step::Kind::pool:
        case Step::Kind::norm: {
          const MemoryOperand in_operand = activation(step.in, block, Access::read);
          const MemoryOperand out_operand = activation(step.out, block, Access::write);
          program.push_back(step.kind == Step::Kind::norm ? normalise_locally(step, in_operand, out_operand)
                                                          : pool(step, in_operand, out_operand, pass));
          save_activation(program, step.out, block, pass);
          break;
        }
        case Step::Kind::loss: {
          program.push_back(vector(step.account, VectorOperation::softmax_cross_entropy,
                                   {logits, bytes_operand("labels", 1, NumberFormat::uint8), [&] {
                                      MemoryOperand results = bytes_operand("results", 2, NumberFormat::fp32);
                                      results.access = Access::write;
                                      return results;
                                    }()}));
          program.push_back(
              transfer(shared_layer, bytes_operand("results", 2, NumberFormat::fp32),
                       batch_share(data_map::host + host.results, 2, NumberFormat::fp32, images, Access::write)));
          if (pass == Pass::training) save_last_error(program, block, logits);
          break;
        }
      }
    }
  }

  [[nodiscard]] static std::uint64_t bias_values(const MatrixLayer& layer) {
    return std::uint64_t{layer.assignment.replicas} * layer.outputs;
  }

  /// Keeps an activation for the passes that follow: the update wants the inputs of the matrices.
  void save_activation(std::vector<Command>& program, std::size_t t, const BlockLayout& block, Pass pass) const {
    if (pass == Pass::evaluation) return;
    if (pass == Pass::training && one_pass_ && !place_.feeds_matrix(t)) return;
    program.push_back(transfer(account_of(t), activation(t, block, Access::read),
                               batch_share(place_.network.tensors[t].dram, place_.network.tensors[t].shape.values(),
                                           place_.network.tensors[t].format, block.images(), Access::write)));
  }

  void save_last_error(std::vector<Command>& program, const BlockLayout& block, MemoryOperand logits) const {
    const std::size_t t = place_.network.tensors.size() - 1;
    program.push_back(transfer(account_of(t), logits, error_share(t, block.images(), Access::write)));
  }

  /// The account of the step that makes the tensor.
  [[nodiscard]] LayerIndex account_of(std::size_t t) const {
    for (const Step& step : place_.network.steps) {
      if (step.out == t && step.kind != Step::Kind::loss) return step.account;
    }
    return shared_layer;
  }

  void load_activation(std::vector<Command>& program, std::size_t t, const BlockLayout& block) const {
    program.push_back(transfer(account_of(t),
                               batch_share(place_.network.tensors[t].dram, place_.network.tensors[t].shape.values(),
                                           place_.network.tensors[t].format, block.images(), Access::read),
                               activation(t, block, Access::write)));
  }

  void place_block(BlockLayout& block, const std::string& phase) {
    block.place(place_.buffer, data_map::buffer + place_.buffer.used(),
                static_cast<std::uint32_t>(place_.chip.mapping.images_per_block), phase);
    largest_block_ = std::max(largest_block_, block.bytes());
    if (block.images() < std::min<std::int64_t>(place_.chip.mapping.images_per_block, place_.request.batch_size)) {
      place_.mapping.remarks.push_back(fmt::format("{}: the buffer holds {} images per block instead of {}", phase,
                                                   block.images(), place_.chip.mapping.images_per_block));
    }
  }

  /// The pooling of a forward pass. By chance only where a backward pass follows.
  [[nodiscard]] Command pool(const Step& step, const MemoryOperand& in, const MemoryOperand& out, Pass pass) const {
    Command command;
    switch (step.pool.kind) {
      case PoolKind::max:
        command = vector(step.account, VectorOperation::max_pool, {in, out});
        break;
      case PoolKind::average:
        command = vector(step.account, VectorOperation::average_pool, {in, out});
        break;
      case PoolKind::stochastic:
        command =
            vector(step.account,
                   pass == Pass::evaluation ? VectorOperation::stochastic_pool_mean : VectorOperation::stochastic_pool,
                   {in, out});
        break;
      case PoolKind::mixed:
        command = vector(step.account, VectorOperation::mixed_pool, {in, mixture_of(step, Access::read), out});
        break;
    }
    return windowed(step, command);
  }

  [[nodiscard]] Command pool_backward(const Step& step, const BlockLayout& block) const {
    const MemoryOperand from = error(step.out, block, Access::read);
    const MemoryOperand to = error(step.in, block, Access::write);
    Command command;
    switch (step.pool.kind) {
      case PoolKind::max:
      case PoolKind::stochastic:
        command =
            vector(step.account, VectorOperation::max_pool_backward,
                   {from, activation(step.in, block, Access::read), activation(step.out, block, Access::read), to});
        break;
      case PoolKind::average:
        command = vector(step.account, VectorOperation::average_pool_backward, {from, to});
        break;
      case PoolKind::mixed:
        command = vector(step.account, VectorOperation::mixed_pool_backward,
                         {from, activation(step.in, block, Access::read), mixture_of(step, Access::read_write), to});
        break;
    }
    return windowed(step, command);
  }

  [[nodiscard]] static Command windowed(const Step& step, Command command) {
    command.geometry = step.window;
    command.ceiling = step.pool.ceiling;
    if (step.pool.kind == PoolKind::mixed) command.constants[0] = step.pool.mu;
    return command;
  }

  /// The mixtures of a pooling step: beta, then its gradient.
  [[nodiscard]] MemoryOperand mixture_of(const Step& step, Access access) const {
    const PoolMixture& mixture = place_.mapping.mixtures[step.layer];
    return fixed(mixture.parameters, 2 * std::uint64_t{mixture.channels}, access);
  }

  [[nodiscard]] static Command normalise_locally(const Step& step, const MemoryOperand& in, const MemoryOperand& out) {
    return local(step, vector(step.account, VectorOperation::local_response_norm, {in, out}));
  }

  [[nodiscard]] Command norm_backward(const Step& step, const BlockLayout& block) const {
    return local(step, vector(step.account, VectorOperation::local_response_norm_backward,
                              {error(step.out, block, Access::read), activation(step.in, block, Access::read),
                               error(step.in, block, Access::write)}));
  }

  [[nodiscard]] static Command local(const Step& step, Command command) {
    command.geometry = step.window;
    command.constants = {step.norm.alpha, step.norm.beta};
    return command;
  }

  /// Activations that the step's backward pass reads.
  [[nodiscard]] static std::vector<std::size_t> activations_of_backward(const Step& step) {
    switch (step.kind) {
      case Step::Kind::matrix:
        if (step.activation != vector_math::Activation::identity) return {step.out};
        return {};
      case Step::Kind::pool:
        if (step.pool.kind == PoolKind::average) return {};
        if (step.pool.kind == PoolKind::mixed) return {step.in};
        return {step.in, step.out};
      case Step::Kind::norm:
        return {step.in};
      case Step::Kind::loss:
        return {};
    }
    return {};
  }

  /// Whether the step's backward pass reaches its input: nobody but the probe needs the gradient of the images.
  [[nodiscard]] static bool goes_back(const Step& step, Pass pass) noexcept {
    return step.in != 0 || pass == Pass::probe;
  }

  void need_backward(BlockLayout& block, Pass pass) const {
    if (pass == Pass::probe) block.need("error " + place_.network.tensors[0].name, place_.error_bytes(0));
    for (const Step& step : place_.network.steps) {
      for (const std::size_t t : activations_of_backward(step)) {
        block.need("activation " + place_.network.tensors[t].name, place_.activation_bytes(t));
      }
      if (step.kind != Step::Kind::loss) {
        block.need("error " + place_.network.tensors[step.out].name, place_.error_bytes(step.out));
      }
      if (step.kind != Step::Kind::matrix) continue;
      const MatrixLayer& layer = place_.mapping.layers[step.layer];
      need_table(layer, pass == Pass::training, block);
      if (indexed(layer, pass) && goes_back(step, pass)) {
        block.need("patches " + layer.name, std::uint64_t{layer.assignment.positions} * layer.inputs * sizeof(float));
      }
    }
  }

  /// What the backward pass reads, from the DRAM.
  void write_loads(std::vector<Command>& program, const BlockLayout& block) const {
    const auto& tensors = place_.network.tensors;
    const auto& steps = place_.network.steps;
    std::vector<bool> loaded(tensors.size());
    const std::size_t last = tensors.size() - 1;
    program.push_back(
        transfer(account_of(last), error_share(last, block.images(), Access::read), error(last, block, Access::write)));
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      for (const std::size_t t : activations_of_backward(*step)) {
        if (!loaded[t]) load_activation(program, t, block);
        loaded[t] = true;
      }
      if (step->kind == Step::Kind::matrix) load_tables(program, *step, block);
    }
  }

  void write_backward(std::vector<Command>& program, const BlockLayout& block, Pass pass) const {
    const auto& steps = place_.network.steps;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      if (step->kind == Step::Kind::matrix) {
        write_matrix_backward(program, *step, block, pass);
      } else if (step->kind == Step::Kind::pool) {
        program.push_back(pool_backward(*step, block));
      } else if (step->kind == Step::Kind::norm) {
        program.push_back(norm_backward(*step, block));
      }
    }
  }

  void write_matrix_backward(std::vector<Command>& program, const Step& step, const BlockLayout& block,
                             Pass pass) const {
    const MatrixLayer& layer = place_.mapping.layers[step.layer];
    if (step.activation != vector_math::Activation::identity) {
      Command derivative =
          vector(step.account, VectorOperation::activation_backward,
                 {error(step.out, block, Access::read_write), activation(step.out, block, Access::read)});
      derivative.activation = step.activation;
      program.push_back(derivative);
    }
    if (pass == Pass::training) keep_errors(program, step, block);
    if (!goes_back(step, pass)) return;
    if (indexed(layer, pass)) return write_replicas_backward(program, step, block);
    const bool adds = Placement::adds_errors(layer);
    if (adds) {
      program.push_back(vector(step.account, VectorOperation::fill_zero, {error(step.in, block, Access::write)}));
    }
    for (const TilePlacement& tile : layer.tiles) {
      Command command = on_tile(tile, Opcode::backward, Phase::backward);
      command.accumulate = adds;
      const bool part = command.accumulate || tile.inputs < layer.inputs;
      command.operands[0] = error(step.out, block, Access::read);
      command.operands[1] = error(step.in, block, part ? Access::read_write : Access::write);
      program.push_back(command);
    }
  }

  /// What the update needs of a layer's errors: the gradient of its biases, and the errors themselves.
  void keep_errors(std::vector<Command>& program, const Step& step, const BlockLayout& block) const {
    const MatrixLayer& layer = place_.mapping.layers[step.layer];
    const MemoryOperand errors = error(step.out, block, Access::read);
    const MemoryOperand bias_gradient = fixed(layer.bias_gradient, bias_values(layer), Access::read_write);
    program.push_back(indexed(layer, Pass::training)
                          ? by_table(step, layer, block, VectorOperation::replica_bias_gradient, errors, bias_gradient)
                          : vector(step.account, VectorOperation::bias_gradient, {errors, bias_gradient}));
    if (step.out == place_.network.tensors.size() - 1) return;  // the loss has kept them
    program.push_back(transfer(step.account, errors, error_share(step.out, block.images(), Access::write)));
  }

  /// Replicas put their patches side by side, in parallel; then all patches are added up in the order of their
  /// positions, so that the sum does not depend on who computed what.
  void write_replicas_backward(std::vector<Command>& program, const Step& step, const BlockLayout& block) const {
    const MatrixLayer& layer = place_.mapping.layers[step.layer];
    for (const TilePlacement& tile : layer.tiles) {
      Command command = on_tile(tile, Opcode::backward, Phase::backward);
      command.accumulate = tile.first_output > 0;
      const bool part = command.accumulate || tile.inputs < layer.inputs;
      command.operands[0] = error(step.out, block, Access::read);
      command.operands[1] = part_of(slots(layer, block, part ? Access::read_write : Access::write), tile);
      take_positions(command, layer, block);
      program.push_back(command);
    }
    program.push_back(by_table(step, layer, block, VectorOperation::fold_patches, slots(layer, block, Access::read),
                               error(step.in, block, Access::write)));
  }

  [[nodiscard]] static Command momentum_step(const Step& step, std::uint64_t values, std::uint64_t gradient,
                                             std::uint64_t velocity, std::uint64_t count) {
    return vector(step.account, VectorOperation::momentum_step,
                  {fixed(values, count, Access::read_write), fixed(gradient, count, Access::read_write),
                   fixed(velocity, count, Access::read_write)});
  }

  void write_update() {
    auto& program = place_.mapping.training;
    BlockLayout block;
    for (const Step& step : place_.network.steps) {
      if (step.kind != Step::Kind::matrix) continue;
      block.need("activation " + place_.network.tensors[step.in].name, place_.activation_bytes(step.in));
      block.need("error " + place_.network.tensors[step.out].name, place_.error_bytes(step.out));
      need_table(place_.mapping.layers[step.layer], true, block);
    }
    place_block(block, "update");
    place_.mapping.update_images = block.images();

    program.push_back(loop(block.images()));
    for (const Step& step : place_.network.steps) {
      if (step.kind != Step::Kind::matrix) continue;
      load_activation(program, step.in, block);
      program.push_back(transfer(step.account, error_share(step.out, block.images(), Access::read),
                                 error(step.out, block, Access::write)));
      load_tables(program, step, block);
      const MatrixLayer& layer = place_.mapping.layers[step.layer];
      for (const TilePlacement& tile : layer.tiles) {
        Command command = on_tile(tile, place_.accumulates() ? Opcode::accumulate : Opcode::update, Phase::update);
        command.operands[0] = activation(step.in, block, Access::read);
        command.operands[1] = error(step.out, block, Access::read);
        if (place_.accumulates()) command.operands[2] = matrix_of(tile, layer.gradient, Access::read_write);
        if (layer.indexed(true)) take_positions(command, layer, block);
        program.push_back(command);
      }
    }
    program.push_back(plain(Opcode::end_loop));
    for (const Step& step : place_.network.steps) {
      if (step.kind == Step::Kind::pool && step.pool.kind == PoolKind::mixed) {
        const PoolMixture& mixture = place_.mapping.mixtures[step.layer];
        program.push_back(momentum_step(step, mixture.parameters, mixture.parameters + mixture.channels * sizeof(float),
                                        mixture.velocity, mixture.channels));
      }
      if (step.kind != Step::Kind::matrix) continue;
      const MatrixLayer& layer = place_.mapping.layers[step.layer];
      program.push_back(momentum_step(step, layer.bias, layer.bias_gradient, layer.bias_velocity, bias_values(layer)));
      if (!place_.accumulates()) continue;
      const std::uint64_t weights = layer.assignment.replicas * std::uint64_t{layer.inputs} * layer.outputs;
      if (place_.written()) {
        program.push_back(momentum_step(step, layer.weights, layer.gradient, layer.velocity, weights));
      } else {
        program.push_back(vector(
            step.account, VectorOperation::momentum_velocity,
            {fixed(layer.gradient, weights, Access::read_write), fixed(layer.velocity, weights, Access::read_write)}));
      }
      for (const TilePlacement& tile : layer.tiles) {
        Command command = on_tile(tile, place_.written() ? Opcode::program_weights : Opcode::update, Phase::update);
        if (place_.written()) {
          command.operands[0] = matrix_of(tile, layer.weights, Access::read);
        } else {
          command.one_hot = true;
          command.operands[1] = matrix_of(tile, layer.velocity, Access::read);
        }
        program.push_back(command);
      }
    }
    if (!place_.chip.device.acts_at_end_of_batch()) return;
    for (const MatrixLayer& layer : place_.mapping.layers) {
      for (const TilePlacement& tile : layer.tiles) {
        program.push_back(on_tile(tile, Opcode::end_batch, Phase::update));
      }
    }
  }

  Placement& place_;
  bool one_pass_ = false;  ///< the blocks of a training step go forward and back in one loop
  std::uint64_t largest_block_ = 0;
};

}  // namespace

void write_programs(Placement& placement) { ProgramWriter(placement).run(); }

}  // namespace rheo
