#include "platforms/mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"

namespace rheo {
namespace {

constexpr std::uint64_t alignment = 64;
constexpr std::uint64_t most_tiles = 16384;

constexpr std::uint64_t aligned(std::uint64_t bytes) { return round_up(bytes, alignment); }

/// Hands out consecutive pieces of a memory.
class Allocator {
 public:
  Allocator(std::string memory, std::uint64_t base, double capacity, std::vector<Allocation>& list)
      : memory_(std::move(memory)), base_(base), capacity_(static_cast<std::uint64_t>(capacity)), list_(list) {}

  std::uint64_t take(std::string name, std::uint64_t bytes) {
    const std::uint64_t address = base_ + used_;
    used_ += aligned(bytes);
    if (used_ > capacity_) refuse(name);
    list_.push_back({std::move(name), address, bytes});
    return address;
  }

  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  [[nodiscard]] std::uint64_t left() const noexcept { return capacity_ - used_; }

  [[noreturn]] void refuse(const std::string& what) const { refuse(what, used_); }
  [[noreturn]] void refuse(const std::string& what, std::uint64_t demand) const {
    throw InputError(
        memory_ + ".capacity",
        fmt::format("{} does not fit: the {} holds {} bytes, the network needs {}; a larger {}.capacity, a "
                    "smaller network or batch",
                    what, memory_, capacity_, demand, memory_));
  }

 private:
  std::string memory_;
  std::uint64_t base_;
  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
  std::vector<Allocation>& list_;
};

/// A tensor of the network that exists in memory: the input, or the output of a layer.
struct Tensor {
  std::string name;
  TensorShape shape;
  NumberFormat format = NumberFormat::fp32;  ///< of the activations
  NumberFormat error_format = NumberFormat::fp32;
  std::uint64_t dram = 0;        ///< activations of the whole batch
  std::uint64_t error_dram = 0;  ///< errors of the whole batch
};

/// One step of the network, in order: what the chip does with one or two nodes of the graph.
struct Step {
  enum class Kind : std::uint8_t { matrix, pool, loss } kind = Kind::matrix;
  std::size_t layer = 0;  ///< index into Mapping::layers, matrix only
  LayerIndex account = shared_layer;
  std::size_t in = 0, out = 0;  ///< tensors
  vector_math::Activation activation = vector_math::Activation::identity;
  PoolKind pool = PoolKind::max;
  PatchGeometry window;
};

/// Buffer addresses of one block's pieces: the even blocks' copy; the odd blocks' lies `parity` further on.
class BlockLayout {
 public:
  void need(const std::string& name, std::uint64_t bytes_per_image) {
    if (!sizes_.empty() && std::any_of(sizes_.begin(), sizes_.end(), [&](const auto& s) { return s.first == name; }))
      return;
    sizes_.emplace_back(name, bytes_per_image);
  }

  /// Fits as many images as possible, `most` at most, into two copies within the free part of the buffer.
  void place(const Allocator& buffer, std::uint64_t base, std::uint32_t most, const std::string& phase) {
    const auto demand = [&](std::uint64_t images) {
      std::uint64_t sum = 0;
      for (const auto& [name, bytes] : sizes_) sum += aligned(bytes * images);
      return 2 * sum;
    };
    if (demand(1) > buffer.left())
      buffer.refuse("one image of the " + phase + " pass, twice", buffer.used() + demand(1));
    images_ = 1;
    while (images_ < most && demand(images_ + 1) <= buffer.left()) ++images_;
    parity_ = demand(images_) / 2;
    std::uint64_t at = base;
    for (const auto& [name, bytes] : sizes_) {
      addresses_.emplace_back(name, at);
      at += aligned(bytes * images_);
    }
  }

  [[nodiscard]] std::uint32_t images() const noexcept { return images_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return 2 * parity_; }
  [[nodiscard]] std::uint64_t parity() const noexcept { return parity_; }
  [[nodiscard]] std::uint64_t at(const std::string& name) const {
    for (const auto& [piece, address] : addresses_) {
      if (piece == name) return address;
    }
    throw std::logic_error("no piece " + name + " in the block");
  }

 private:
  std::vector<std::pair<std::string, std::uint64_t>> sizes_, addresses_;
  std::uint32_t images_ = 0;
  std::uint64_t parity_ = 0;
};

class Mapper {
 public:
  Mapper(const Graph& graph, const ChipConfiguration& chip, const MappingRequest& request)
      : graph_(graph),
        chip_(chip),
        request_(request),
        buffer_("buffer", data_map::buffer, chip.buffer.capacity, mapping_.buffer),
        dram_("dram", data_map::dram, chip.dram.capacity, mapping_.dram) {}

  Mapping run() {
    if (chip_.buffer.capacity > static_cast<double>(data_map::host - data_map::buffer)) {
      throw InputError("buffer.capacity", "expected at most 1 GiB: the window of the host begins there");
    }
    if (chip_.numbers.activations == NumberFormat::uint8 || chip_.numbers.gradients == NumberFormat::uint8) {
      throw InputError(chip_.numbers.activations == NumberFormat::uint8 ? "numbers.activations" : "numbers.gradients",
                       "uint8 holds no signs; expected fp32, fp16, bf16 or int8");
    }
    read_graph();
    place_tiles();
    choose_formats();
    place_host_window();
    place_parameters();
    place_batch();
    write_initialise();
    write_forward(mapping_.training, true);
    write_forward(mapping_.evaluation, false);
    mapping_.evaluation.push_back(plain(Opcode::halt));
    write_backward();
    write_update();
    mapping_.training.push_back(plain(Opcode::halt));
    mapping_.buffer_used = buffer_.used() + largest_block_;
    mapping_.dram_used = dram_.used();
    const std::uint64_t program_bytes =
        (mapping_.initialise.size() + mapping_.training.size() + mapping_.evaluation.size()) * sizeof(Command);
    if (program_bytes > chip_.controller.program_memory) {
      throw InputError(
          "controller.program_memory",
          fmt::format("the program does not fit: the program memory holds {:.0f} bytes, the network needs {}",
                      chip_.controller.program_memory, program_bytes));
    }
    return std::move(mapping_);
  }

 private:
  /// Whether weights are computed digitally and written, not pulsed.
  [[nodiscard]] bool written() const { return !chip_.device.pulsed(); }
  /// Whether gradients of the matrices are summed digitally.
  [[nodiscard]] bool accumulates() const { return written() || request_.momentum == MomentumTarget::accumulator; }

  [[noreturn]] void refuse(const Node& node, const std::string& what) const {
    throw InputError("workload.network", graph_.name() + ": " + node.name + ": " + what);
  }

  void read_graph() {
    const auto& nodes = graph_.nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Node& node = nodes[i];
      if (i > 0 && (node.inputs.size() != 1 || node.inputs[0] != i - 1)) {
        refuse(node, "the analog training chip maps chains of layers only");
      }
      std::visit([&](const auto& operation) { read_node(node, operation); }, node.operation);
    }
    if (steps_.empty() || steps_.back().kind != Step::Kind::loss) {
      throw InputError("workload.network", graph_.name() + " does not end in softmax and cross-entropy");
    }
    std::vector<std::string> others;
    for (const MatrixLayer& layer : mapping_.layers) mapping_.layer_names.push_back(layer.name);
    for (Step& step : steps_) {
      if (step.kind == Step::Kind::matrix) {
        step.account = static_cast<LayerIndex>(step.layer + 1);
      } else {
        mapping_.layer_names.push_back(step.kind == Step::Kind::loss ? "loss" : tensors_[step.out].name);
        step.account = static_cast<LayerIndex>(mapping_.layer_names.size());
      }
    }
  }

  void add_matrix(const Node& node, const PatchGeometry& geometry, std::uint32_t outputs) {
    MatrixLayer layer;
    layer.name = node.name;
    layer.geometry = geometry;
    layer.inputs = static_cast<std::uint32_t>(geometry.elements());
    layer.outputs = outputs;
    mapping_.layers.push_back(layer);
    Step step;
    step.layer = mapping_.layers.size() - 1;
    add_step(node, step);
  }

  void add_step(const Node& node, Step step) {
    step.in = tensors_.size() - 1;
    tensors_.push_back({.name = node.name, .shape = node.shape});
    step.out = tensors_.size() - 1;
    steps_.push_back(step);
  }

  void read_node(const Node& node, const Input&) { tensors_.push_back({.name = "input", .shape = node.shape}); }
  void read_node(const Node& node, const Conv2d& conv) {
    const TensorShape& in = tensors_.back().shape;
    add_matrix(node, {in.height, in.width, in.channels, conv.kernel, conv.kernel, conv.stride, conv.padding},
               conv.channels);
  }
  void read_node(const Node& node, const Linear& linear) {
    add_matrix(node, PatchGeometry::pixels(1, 1, tensors_.back().shape.values()), linear.outputs);
  }
  void read_node(const Node& node, const ActivationLayer& activation) {
    if (steps_.empty() || steps_.back().kind != Step::Kind::matrix ||
        steps_.back().activation != vector_math::Activation::identity) {
      refuse(node, "an activation must follow a convolution or a linear layer");
    }
    steps_.back().activation = activation.kind;
  }
  void read_node(const Node& node, const Pool2d& pool) {
    const TensorShape& in = tensors_.back().shape;
    Step step;
    step.kind = Step::Kind::pool;
    step.pool = pool.kind;
    step.window = {in.height, in.width, in.channels, pool.kernel, pool.kernel, pool.stride, pool.padding};
    add_step(node, step);
  }
  void read_node(const Node& node, const SoftmaxCrossEntropy&) {
    if (steps_.empty() || steps_.back().kind != Step::Kind::matrix) refuse(node, "must follow a linear layer");
    Step step;
    step.kind = Step::Kind::loss;
    step.in = step.out = tensors_.size() - 1;
    steps_.push_back(step);
  }

  void place_tiles() {
    std::uint16_t unit = unit_index::first_tile;
    for (std::size_t l = 0; l < mapping_.layers.size(); ++l) {
      MatrixLayer& layer = mapping_.layers[l];
      const auto down =
          static_cast<std::uint32_t>(ceil_divide(layer.inputs, static_cast<std::uint64_t>(chip_.tile.rows)));
      const auto across =
          static_cast<std::uint32_t>(ceil_divide(layer.outputs, static_cast<std::uint64_t>(chip_.tile.columns)));
      if (unit + std::uint64_t{down} * across > most_tiles) {
        throw InputError(chip_.tile.rows < chip_.tile.columns ? "tile.rows" : "tile.columns",
                         fmt::format("the network needs more than {} tiles; expected larger ones", most_tiles));
      }
      for (std::uint32_t r = 0; r < down; ++r) {
        for (std::uint32_t c = 0; c < across; ++c) {
          TilePlacement tile;
          tile.unit = unit++;
          tile.layer = static_cast<std::uint16_t>(l);
          tile.first_input = share(layer.inputs, down, r);
          tile.inputs = share(layer.inputs, down, r + 1) - tile.first_input;
          tile.first_output = share(layer.outputs, across, c);
          tile.outputs = share(layer.outputs, across, c + 1) - tile.first_output;
          layer.tiles.push_back(tile);
        }
      }
      if (layer.tiles.size() > 1) {
        mapping_.remarks.push_back(fmt::format("{}: {} x {} split evenly over {} x {} tiles", layer.name, layer.inputs,
                                               layer.outputs, down, across));
      }
    }
  }

  static std::uint32_t share(std::uint32_t total, std::uint32_t parts, std::uint32_t part) {
    return static_cast<std::uint32_t>(std::uint64_t{total} * part / parts);
  }

  /// Memory holds the configured formats, but partial sums that commands add to are fp32: rounding them after
  /// every command would make the result depend on the blocking. So are the logits and their gradient.
  void choose_formats() {
    for (Tensor& tensor : tensors_) {
      tensor.format = chip_.numbers.activations;
      tensor.error_format = chip_.numbers.gradients;
    }
    tensors_.back().error_format = NumberFormat::fp32;
    for (const Step& step : steps_) {
      if (step.kind != Step::Kind::matrix) continue;
      const MatrixLayer& layer = mapping_.layers[step.layer];
      if (layer.tiles.front().inputs < layer.inputs) keep_fp32(tensors_[step.out].format, tensors_[step.out].name);
      if (step.in != 0 && adds_errors(layer))
        keep_fp32(tensors_[step.in].error_format, "errors of " + tensors_[step.in].name);
    }
  }

  void keep_fp32(NumberFormat& format, const std::string& name) {
    if (format != NumberFormat::fp32) mapping_.remarks.push_back(name + ": partial sums are kept in fp32");
    format = NumberFormat::fp32;
  }

  /// Whether the backward pass of the layer adds to what is there: overlapping patches, or several tiles.
  [[nodiscard]] static bool adds_errors(const MatrixLayer& layer) {
    return layer.geometry.kernel_height > 1 || layer.geometry.kernel_width > 1 ||
           layer.tiles.front().outputs < layer.outputs;
  }

  void place_host_window() {
    HostLayout& host = mapping_.host;
    const std::uint64_t batch = request_.batch_size;
    host.batch_limit = request_.batch_size;
    host.images = 0;
    host.labels = aligned(batch * graph_.input_shape().values());
    host.results = host.labels + aligned(batch);
    host.bytes = host.results + aligned(batch * 2 * sizeof(float));
  }

  void place_parameters() {
    for (MatrixLayer& layer : mapping_.layers) {
      const std::uint64_t bytes = layer.outputs * sizeof(float);
      layer.bias = buffer_.take(layer.name + ".bias", bytes);
      layer.bias_gradient = buffer_.take(layer.name + ".bias.gradient", bytes);
      layer.bias_velocity = buffer_.take(layer.name + ".bias.velocity", bytes);
    }
    for (MatrixLayer& layer : mapping_.layers) {
      const std::uint64_t bytes = std::uint64_t{layer.inputs} * layer.outputs * sizeof(float);
      if (written()) {
        layer.weights = buffer_.take(layer.name + ".weights", bytes);
      } else {
        layer.weights = dram_.take(layer.name + ".initial weights", bytes);
      }
      if (accumulates()) {
        layer.gradient = buffer_.take(layer.name + ".gradient", bytes);
        layer.velocity = buffer_.take(layer.name + ".velocity", bytes);
      }
    }
  }

  void place_batch() {
    const std::uint64_t batch = request_.batch_size;
    for (std::size_t t = 0; t + 1 < tensors_.size(); ++t) {
      tensors_[t].dram = dram_.take(tensors_[t].name + ".activations", batch * activation_bytes(t));
    }
    for (const Step& step : steps_) {
      if (step.kind != Step::Kind::matrix) continue;
      tensors_[step.out].error_dram = dram_.take(tensors_[step.out].name + ".errors", batch * error_bytes(step.out));
    }
  }

  // ---- operands ----

  [[nodiscard]] std::uint64_t activation_bytes(std::size_t t) const {
    return std::uint64_t{tensors_[t].shape.values()} * bytes_of(tensors_[t].format);
  }
  [[nodiscard]] std::uint64_t error_bytes(std::size_t t) const {
    return std::uint64_t{tensors_[t].shape.values()} * bytes_of(tensors_[t].error_format);
  }

  [[nodiscard]] MemoryOperand activation(std::size_t t, const BlockLayout& block, Access access) const {
    const NumberFormat format = tensors_[t].format;
    return {block.at("activation " + tensors_[t].name),
            0,
            block.parity(),
            tensors_[t].shape.values(),
            format,
            access,
            true,
            format == NumberFormat::fp32 ? 1.0F : static_cast<float>(chip_.numbers.activation_scale)};
  }
  [[nodiscard]] MemoryOperand error(std::size_t t, const BlockLayout& block, Access access) const {
    const NumberFormat format = tensors_[t].error_format;
    return {block.at("error " + tensors_[t].name),
            0,
            block.parity(),
            tensors_[t].shape.values(),
            format,
            access,
            true,
            format == NumberFormat::fp32 ? 1.0F : static_cast<float>(chip_.numbers.gradient_scale)};
  }
  [[nodiscard]] MemoryOperand error_share(std::size_t t, std::uint32_t images, Access access) const {
    return batch_share(tensors_[t].error_dram, tensors_[t].shape.values(), tensors_[t].error_format, images, access);
  }
  [[nodiscard]] static MemoryOperand fixed(std::uint64_t address, std::uint64_t values, Access access) {
    return {address, 0, 0, static_cast<std::uint32_t>(values), NumberFormat::fp32, access, false, 1};
  }
  /// The block's share of a tensor that lies in one piece for the whole batch.
  [[nodiscard]] static MemoryOperand batch_share(std::uint64_t address, std::uint32_t values, NumberFormat format,
                                                 std::uint32_t images, Access access) {
    return {address, std::uint64_t{values} * bytes_of(format) * images, 0, values, format, access, true, 1};
  }

  // ---- commands ----

  [[nodiscard]] static Command plain(Opcode opcode) {
    Command command;
    command.opcode = opcode;
    return command;
  }
  [[nodiscard]] static Command loop(std::uint32_t images) {
    Command command = plain(Opcode::loop);
    command.images_per_block = images;
    return command;
  }
  [[nodiscard]] static Command transfer(LayerIndex layer, MemoryOperand from, MemoryOperand to) {
    Command command = plain(Opcode::transfer);
    command.phase = Phase::transfer;
    command.layer = layer;
    command.unit = unit_index::dma;
    from.access = Access::read;
    to.access = Access::write;
    // Bytes are copied as they are, whatever they mean.
    for (MemoryOperand* operand : {&from, &to}) operand->scale = 1;
    command.operands = {from, to};
    return command;
  }
  [[nodiscard]] static Command vector(LayerIndex layer, VectorOperation operation,
                                      std::initializer_list<MemoryOperand> operands) {
    Command command = plain(Opcode::vector);
    command.operation = operation;
    command.layer = layer;
    command.unit = unit_index::vector_unit;
    std::copy(operands.begin(), operands.end(), command.operands.begin());
    return command;
  }
  [[nodiscard]] Command on_tile(const TilePlacement& tile, Opcode opcode, Phase phase) const {
    const MatrixLayer& layer = mapping_.layers[tile.layer];
    Command command = plain(opcode);
    command.phase = phase;
    command.layer = static_cast<LayerIndex>(tile.layer + 1);
    command.unit = tile.unit;
    command.geometry = layer.geometry;
    command.first_input = tile.first_input;
    command.inputs = tile.inputs;
    command.first_output = tile.first_output;
    command.outputs = tile.outputs;
    command.layer_inputs = layer.inputs;
    command.layer_outputs = layer.outputs;
    return command;
  }

  void write_initialise() {
    auto& program = mapping_.initialise;
    for (const MatrixLayer& layer : mapping_.layers) {
      for (const TilePlacement& tile : layer.tiles) {
        Command command = on_tile(tile, Opcode::program_weights, Phase::update);
        command.operands[0] = fixed(layer.weights, std::uint64_t{layer.inputs} * layer.outputs, Access::read);
        program.push_back(command);
      }
    }
    program.push_back(plain(Opcode::halt));
  }

  void write_forward(std::vector<Command>& program, bool training) {
    const TensorShape& in = tensors_[0].shape;
    BlockLayout block;
    block.need("pixels", in.values());
    block.need("labels", 1);
    block.need("results", 2 * sizeof(float));
    for (std::size_t t = 0; t + 1 < tensors_.size(); ++t)
      block.need("activation " + tensors_[t].name, activation_bytes(t));
    block.need("logits", std::uint64_t{tensors_.back().shape.values()} * sizeof(float));
    place_block(block, training ? "forward" : "evaluation");
    if (training) mapping_.forward_images = block.images();
    const std::uint32_t images = block.images();

    const auto bytes_operand = [&](const std::string& piece, std::uint32_t values, NumberFormat format) {
      return MemoryOperand{block.at(piece), 0, block.parity(), values, format, Access::read, true, 1};
    };
    const HostLayout& host = mapping_.host;
    program.push_back(loop(images));
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
    normalise.constants = {static_cast<float>(1.0 / (255.0 * request_.pixel_deviation)),
                           static_cast<float>(-request_.pixel_mean / request_.pixel_deviation)};
    program.push_back(normalise);
    if (training) save_activation(program, 0, block);

    const std::size_t last = tensors_.size() - 1;
    const MemoryOperand logits{block.at("logits"),
                               0,
                               block.parity(),
                               tensors_[last].shape.values(),
                               NumberFormat::fp32,
                               Access::read_write,
                               true,
                               1};
    for (const Step& step : steps_) {
      const auto result = [&](Access access) {
        MemoryOperand operand = step.out == last ? logits : activation(step.out, block, access);
        operand.access = access;
        return operand;
      };
      switch (step.kind) {
        case Step::Kind::matrix: {
          const MatrixLayer& layer = mapping_.layers[step.layer];
          for (const TilePlacement& tile : layer.tiles) {
            Command command = on_tile(tile, Opcode::forward, Phase::forward);
            command.accumulate = tile.first_input > 0;
            command.operands[0] = activation(step.in, block, Access::read);
            // A tile that holds part of the columns writes part of each pixel.
            const bool part = command.accumulate || tile.outputs < layer.outputs;
            command.operands[1] = result(part ? Access::read_write : Access::write);
            program.push_back(command);
          }
          Command bias = vector(step.account, VectorOperation::bias_activation,
                                {result(Access::read_write), fixed(layer.bias, layer.outputs, Access::read)});
          bias.activation = step.activation;
          program.push_back(bias);
          if (training && step.out != last) save_activation(program, step.out, block);
          break;
        }
        case Step::Kind::pool: {
          Command pool = vector(step.account,
                                step.pool == PoolKind::max ? VectorOperation::max_pool : VectorOperation::average_pool,
                                {activation(step.in, block, Access::read), activation(step.out, block, Access::write)});
          pool.geometry = step.window;
          program.push_back(pool);
          if (training) save_activation(program, step.out, block);
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
          if (training) save_last_error(program, block, logits);
          break;
        }
      }
    }
    program.push_back(plain(Opcode::end_loop));
  }

  void save_activation(std::vector<Command>& program, std::size_t t, const BlockLayout& block) const {
    program.push_back(transfer(
        account_of(t), activation(t, block, Access::read),
        batch_share(tensors_[t].dram, tensors_[t].shape.values(), tensors_[t].format, block.images(), Access::write)));
  }

  /// Where the logits are, their gradient is after the loss.
  void save_last_error(std::vector<Command>& program, const BlockLayout& block, MemoryOperand logits) const {
    const std::size_t t = tensors_.size() - 1;
    program.push_back(transfer(account_of(t), logits, error_share(t, block.images(), Access::write)));
  }

  /// The account of the step that makes the tensor.
  [[nodiscard]] LayerIndex account_of(std::size_t t) const {
    for (const Step& step : steps_) {
      if (step.out == t && step.kind != Step::Kind::loss) return step.account;
    }
    return shared_layer;
  }

  void load_activation(std::vector<Command>& program, std::size_t t, const BlockLayout& block) const {
    program.push_back(transfer(
        account_of(t),
        batch_share(tensors_[t].dram, tensors_[t].shape.values(), tensors_[t].format, block.images(), Access::read),
        activation(t, block, Access::write)));
  }

  void place_block(BlockLayout& block, const std::string& phase) {
    block.place(buffer_, data_map::buffer + buffer_.used(), static_cast<std::uint32_t>(chip_.mapping.images_per_block),
                phase);
    largest_block_ = std::max(largest_block_, block.bytes());
    if (block.images() < std::min<std::int64_t>(chip_.mapping.images_per_block, request_.batch_size)) {
      mapping_.remarks.push_back(fmt::format("{}: the buffer holds {} images per block instead of {}", phase,
                                             block.images(), chip_.mapping.images_per_block));
    }
  }

  void write_backward() {
    auto& program = mapping_.training;
    std::vector<bool> loaded(tensors_.size());
    const auto wants = [&](const Step& step) {  // activations that the step's backward pass reads
      std::vector<std::size_t> list;
      if (step.kind == Step::Kind::matrix && step.activation != vector_math::Activation::identity) list = {step.out};
      if (step.kind == Step::Kind::pool && step.pool == PoolKind::max) list = {step.in, step.out};
      return list;
    };
    BlockLayout block;
    for (const Step& step : steps_) {
      for (const std::size_t t : wants(step)) block.need("activation " + tensors_[t].name, activation_bytes(t));
      if (step.kind != Step::Kind::loss) block.need("error " + tensors_[step.out].name, error_bytes(step.out));
    }
    place_block(block, "backward");
    mapping_.backward_images = block.images();

    program.push_back(loop(block.images()));
    program.push_back(transfer(account_of(tensors_.size() - 1),
                               error_share(tensors_.size() - 1, block.images(), Access::read),
                               error(tensors_.size() - 1, block, Access::write)));
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      for (const std::size_t t : wants(*step)) {
        if (!loaded[t]) load_activation(program, t, block);
        loaded[t] = true;
      }
    }
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      if (step->kind == Step::Kind::matrix) {
        write_matrix_backward(program, *step, block);
      } else if (step->kind == Step::Kind::pool) {
        Command pool = step->pool == PoolKind::max
                           ? vector(step->account, VectorOperation::max_pool_backward,
                                    {error(step->out, block, Access::read), activation(step->in, block, Access::read),
                                     activation(step->out, block, Access::read), error(step->in, block, Access::write)})
                           : vector(step->account, VectorOperation::average_pool_backward,
                                    {error(step->out, block, Access::read), error(step->in, block, Access::write)});
        pool.geometry = step->window;
        program.push_back(pool);
      }
    }
    program.push_back(plain(Opcode::end_loop));
  }

  void write_matrix_backward(std::vector<Command>& program, const Step& step, const BlockLayout& block) const {
    const MatrixLayer& layer = mapping_.layers[step.layer];
    if (step.activation != vector_math::Activation::identity) {
      Command derivative =
          vector(step.account, VectorOperation::activation_backward,
                 {error(step.out, block, Access::read_write), activation(step.out, block, Access::read)});
      derivative.activation = step.activation;
      program.push_back(derivative);
    }
    program.push_back(
        vector(step.account, VectorOperation::bias_gradient,
               {error(step.out, block, Access::read), fixed(layer.bias_gradient, layer.outputs, Access::read_write)}));
    if (step.out != tensors_.size() - 1) {
      program.push_back(transfer(step.account, error(step.out, block, Access::read),
                                 error_share(step.out, block.images(), Access::write)));
    }
    if (step.in == 0) return;  // nobody needs the gradient of the images
    const bool adds = adds_errors(layer);
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

  void write_update() {
    auto& program = mapping_.training;
    BlockLayout block;
    for (const Step& step : steps_) {
      if (step.kind != Step::Kind::matrix) continue;
      block.need("activation " + tensors_[step.in].name, activation_bytes(step.in));
      block.need("error " + tensors_[step.out].name, error_bytes(step.out));
    }
    place_block(block, "update");
    mapping_.update_images = block.images();

    program.push_back(loop(block.images()));
    for (const Step& step : steps_) {
      if (step.kind != Step::Kind::matrix) continue;
      load_activation(program, step.in, block);
      program.push_back(transfer(step.account, error_share(step.out, block.images(), Access::read),
                                 error(step.out, block, Access::write)));
      const MatrixLayer& layer = mapping_.layers[step.layer];
      for (const TilePlacement& tile : layer.tiles) {
        Command command = on_tile(tile, accumulates() ? Opcode::accumulate : Opcode::update, Phase::update);
        command.operands[0] = activation(step.in, block, Access::read);
        command.operands[1] = error(step.out, block, Access::read);
        if (accumulates()) {
          command.operands[2] = fixed(layer.gradient, std::uint64_t{layer.inputs} * layer.outputs, Access::read_write);
        }
        program.push_back(command);
      }
    }
    program.push_back(plain(Opcode::end_loop));
    for (const Step& step : steps_) {
      if (step.kind != Step::Kind::matrix) continue;
      const MatrixLayer& layer = mapping_.layers[step.layer];
      const auto momentum_step = [&](std::uint64_t values, std::uint64_t gradient, std::uint64_t velocity,
                                     std::uint64_t count) {
        program.push_back(vector(step.account, VectorOperation::momentum_step,
                                 {fixed(values, count, Access::read_write), fixed(gradient, count, Access::read_write),
                                  fixed(velocity, count, Access::read_write)}));
      };
      momentum_step(layer.bias, layer.bias_gradient, layer.bias_velocity, layer.outputs);
      if (!accumulates()) continue;
      const std::uint64_t weights = std::uint64_t{layer.inputs} * layer.outputs;
      if (written()) {
        momentum_step(layer.weights, layer.gradient, layer.velocity, weights);
      } else {
        program.push_back(vector(
            step.account, VectorOperation::momentum_velocity,
            {fixed(layer.gradient, weights, Access::read_write), fixed(layer.velocity, weights, Access::read_write)}));
      }
      for (const TilePlacement& tile : layer.tiles) {
        Command command = on_tile(tile, written() ? Opcode::program_weights : Opcode::update, Phase::update);
        if (written()) {
          command.operands[0] = fixed(layer.weights, weights, Access::read);
        } else {
          command.one_hot = true;
          command.operands[1] = fixed(layer.velocity, weights, Access::read);
        }
        program.push_back(command);
      }
    }
    if (!chip_.device.acts_at_end_of_batch()) return;
    for (const MatrixLayer& layer : mapping_.layers) {
      for (const TilePlacement& tile : layer.tiles) {
        program.push_back(on_tile(tile, Opcode::end_batch, Phase::update));
      }
    }
  }

  const Graph& graph_;
  const ChipConfiguration& chip_;
  MappingRequest request_;
  Mapping mapping_;
  Allocator buffer_, dram_;
  std::vector<Tensor> tensors_;
  std::vector<Step> steps_;
  std::uint64_t largest_block_ = 0;
};

}  // namespace

std::size_t Mapping::tiles() const noexcept {
  std::size_t count = 0;
  for (const MatrixLayer& layer : layers) count += layer.tiles.size();
  return count;
}

Mapping map_network(const Graph& graph, const ChipConfiguration& chip, const MappingRequest& request) {
  return Mapper(graph, chip, request).run();
}

std::string listing(const std::vector<Command>& program) {
  std::string text;
  std::string indent = "  ";
  for (const Command& command : program) {
    if (command.opcode == Opcode::end_loop) indent = "  ";
    text += fmt::format("{}{:<18}", indent, command.operation_name());
    if (command.opcode == Opcode::loop) {
      text += fmt::format(" blocks of {} images", command.images_per_block);
      indent = "    ";
    } else if (command.opcode != Opcode::halt && command.opcode != Opcode::end_loop) {
      text += fmt::format(" unit {:<3} layer {:<3}", command.unit, command.layer);
      for (const MemoryOperand& operand : command.operands) {
        if (operand.access == Access::none) continue;
        constexpr std::array<std::string_view, 4> access{"", "r", "w", "rw"};
        text += fmt::format("  {}:{:#x}[{}{} {}]", access[static_cast<std::size_t>(operand.access)], operand.address,
                            operand.per_image ? "images x " : "", operand.values,
                            number_format_names[static_cast<std::size_t>(operand.format)]);
      }
    }
    text += '\n';
  }
  return text;
}

}  // namespace rheo
