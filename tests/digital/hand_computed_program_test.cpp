// A chip put together by hand and a program whose time is a sum that a reader can check, cycle for cycle.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tests/digital/small_chip.hpp"

namespace rheo {
namespace {

using testing::bits_of;
using rheo::ceil_divide;
using testing::flat;
using testing::matrix;
using testing::ns;
using testing::per_image;
using testing::shared;
using testing::SmallChip;
using testing::SmallChipParameters;
using testing::transfer;
using testing::values_of;

constexpr std::uint32_t images = 4;
// Where the tensors of the two-layer program lie: x (8 values an image), h (16), y (4), the bias of layer 1.
constexpr std::uint64_t x_at = 0, h_at = 0x1000, y_at = 0x2000, bias_at = 0x3000;
constexpr std::uint64_t x_host = SmallChip::host_window, y_host = SmallChip::host_window + 0x1000;

/// x in, layer 1, bias and tanh, layer 2, y out.
std::vector<Command> two_layers() {
  return {
      transfer(x_host, x_at, images * 8 * 4),
      matrix(Opcode::forward, 0, flat(8), 16, {per_image(x_at, 8, Access::read), per_image(h_at, 16, Access::write)}),
      testing::vector(VectorOperation::bias_activation,
                      {per_image(h_at, 16, Access::read_write), shared(bias_at, 16, Access::read)}, Activation::tanh),
      matrix(Opcode::forward, 1, flat(16), 4, {per_image(h_at, 16, Access::read), per_image(y_at, 4, Access::write)}),
      transfer(y_at, y_host, images * 4 * 4)};
}

struct TwoLayers : testing::SmallChipTest {
  static SmallChipParameters parameters() {
    SmallChipParameters p;
    p.tiles = {{8, 16}, {16, 4}};
    return p;
  }
  SmallChip& chip_with_values(const SmallChipParameters& p) {
    SmallChip& chip = build(p);
    chip.tiles[0]->array().program(w1);
    chip.tiles[1]->array().program(w2);
    chip.write(x_host, x);
    chip.write(bias_at, bias);
    return chip;
  }
  const std::vector<float> x = values_of(images * 8, 1), w1 = values_of(8 * 16, 2), bias = values_of(16, 3),
                           w2 = values_of(16 * 4, 4);
};

TEST_F(TwoLayers, TakeTheCyclesThatTheLawsOfTheBlocksAddUpTo) {
  SmallChip& chip = chip_with_values(parameters());
  const std::uint64_t ticks = chip.run(two_layers(), {.images = images});

  // Times in ns = cycles. Of every command the start is 0. A request reaches the buffer or the host one cycle after
  // the edge at which the bus sees it (arbitration). The buffer moves 32 bytes a cycle, a read ends one later.
  //
  // Transfer in, 128 bytes, n = 2 bursts, interval 32 / 8 = 4, latency 16.
  //   host read   at the host 1, granted 1 + 20 = 21, end 21 + 128 / 4 = 53; p = (53 - 21) / 2 = 16
  //   first       21 + 16 + 16 = 53; last max(53 + 1 * 4, 53 + 16) = 69
  //   write       at the buffer 53 + 1 = 54, end 54 + 128 / 32 = 58; q = 4 / 2 = 2; end max(58, 69 + 2)
  constexpr double transfer_in = 69 + 2;
  EXPECT_EQ(chip.duration(0), transfer_in * ns);

  // Layer 1, n = 4 vectors of 8: search 8 / 4 = 2, read 2 * 10 = 20, convert min(16, 8) = 8, scale 16 / 8 = 2:
  // interval 20, latency 2 + 20 + 8 + 2 = 32.
  //   read x      4 runs of 4 words: granted 1, end 1 + 4 + 1 = 6; p = 5 / 4
  //   first       1 + 1.25 + 32 = 34.25; last max(34.25 + 3 * 20, 6 + 32) = 94.25
  //   write h     seen at 35, at the buffer 36, end 36 + 256 / 32 = 44; q = 8 / 4 = 2; end max(44, 96.25), at edge 97
  constexpr double layer_1 = 97;
  EXPECT_EQ(chip.duration(1), layer_1 * ns);

  // Bias and tanh, 64 values in n = 4 issues of 16 lanes, interval 4, latency 20.
  //   read h      granted 1, end 1 + 256 / 32 + 1 = 10;  the bias on the other bus channel and ports: 1 to 4
  //   first       p = (10 - 1) / 4 = 2.25: 1 + 2.25 + 20 = 23.25; last max(23.25 + 3 * 4, 10 + 20) = 35.25
  //   write h     seen at 24, at the buffer 25, end 25 + 8 = 33; q = 8 / 4 = 2; end max(33, 37.25), at edge 38
  constexpr double activation = 38;
  EXPECT_EQ(chip.duration(2), activation * ns);

  // Layer 2, n = 4 vectors of 16: search 4, read 20, convert min(4, 8) = 4, scale 1: interval 20, latency 29.
  //   read h      4 runs of 8 words: granted 1, end 1 + 8 + 1 = 10; p = 9 / 4
  //   first       1 + 2.25 + 29 = 32.25; last max(32.25 + 3 * 20, 10 + 29) = 92.25
  //   write y     seen at 33, at the buffer 34, end 34 + 64 / 32 = 36; q = 2 / 4; end max(36, 92.75), at edge 93
  constexpr double layer_2 = 93;
  EXPECT_EQ(chip.duration(3), layer_2 * ns);

  // Transfer out, 64 bytes, one burst.
  //   read y      granted 1, end 1 + 2 + 1 = 4; p = 3
  //   first       1 + 3 + 16 = 20 = last
  //   host write  at the host 21, granted 21 + 20 = 41, end 41 + 64 / 4 = 57; q = 16; end max(57, 20 + 16)
  constexpr double transfer_out = 57;
  EXPECT_EQ(chip.duration(4), transfer_out * ns);

  // Each command waits for the one before; it is dispatched at that one's end, over a link of 64 bytes a cycle. The
  // first one has to be fetched (64 bytes a cycle too), the others and the halt are fetched meanwhile.
  constexpr std::uint64_t fetch = ceil_divide(sizeof(Command), 64);
  constexpr std::uint64_t dispatch = ceil_divide(sizeof(Command), 64);
  EXPECT_EQ(ticks, (fetch + 5 * dispatch) * ns +
                       static_cast<std::uint64_t>(transfer_in + layer_1 + activation + layer_2 + transfer_out) * ns);
}

TEST_F(TwoLayers, GiveTheNetworksOutputsAtTheHost) {
  SmallChip& chip = chip_with_values(parameters());
  chip.run(two_layers(), {.images = images});
  const std::vector<float> y = chip.read(y_host, images * 4);
  for (std::size_t i = 0; i < images; ++i) {
    std::vector<double> h(16);
    for (std::size_t j = 0; j < 16; ++j) {
      double sum = bias[j];
      for (std::size_t k = 0; k < 8; ++k) sum += double{x[i * 8 + k]} * w1[k * 16 + j];
      h[j] = std::tanh(sum);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < 16; ++k) sum += h[k] * w2[k * 4 + j];
      EXPECT_NEAR(y[i * 4 + j], sum, 1e-5) << "image " << i << " output " << j;
    }
  }
}

TEST_F(TwoLayers, WaitForAForeignTransferOnABusOfOneChannel) {
  SmallChipParameters p = parameters();
  p.bus.channels = 1;
  p.buffer.banks = 16;  // 128 bytes a cycle, twice what the bus moves
  p.dma.channels = 2;
  SmallChip& alone = chip_with_values(p);
  alone.run(two_layers(), {.images = images});
  const std::uint64_t quiet = alone.event(4).end;
  const std::vector<float> y = alone.read(y_host, images * 4);

  // 16 KiB within the buffer: 256 beats to read, 256 to write; the copy is the first command.
  std::vector<Command> program = two_layers();
  program.insert(program.begin(), transfer(0x8000, 0xC000, 16384));
  SmallChip& busy = chip_with_values(p);
  busy.run(program, {.images = images});
  const std::uint64_t dispatch = ceil_divide(sizeof(Command), 64) * ns;
  // The chain's first read finds the bus taken from 1 to 257 after the copy's start, one dispatch before its own.
  EXPECT_EQ(busy.event(1).start, busy.event(0).start + dispatch);
  const std::uint64_t held_up = busy.event(5).end;
  EXPECT_GE(held_up, quiet + dispatch + 200 * ns);
  EXPECT_EQ(bits_of(busy.read(y_host, images * 4)), bits_of(y));

  p.bus.channels = 3;  // the copy reads on one, writes on one and leaves one
  SmallChip& wide = chip_with_values(p);
  wide.run(program, {.images = images});
  EXPECT_LT(wide.event(5).end, held_up);
}

TEST_F(TwoLayers, TakeLongerWithOnePortABank) {
  SmallChipParameters p = parameters();
  p.buffer.ports = 1;
  SmallChip& chip = chip_with_values(p);
  const std::uint64_t one = chip.run(two_layers(), {.images = images});
  // The bias waits for h: 9 to 9 + 2 + 1 = 12, so g = 9, r = 12, p = 3 / 4; first 29.75, last 41.75, h written from
  // 31 to 39, end max(39, 43.75), at edge 44 instead of 38.
  EXPECT_EQ(chip.duration(2), 44 * ns);
  SmallChip& two = chip_with_values(parameters());
  EXPECT_EQ(one, two.run(two_layers(), {.images = images}) + 6 * ns);
}

/// Reads of 64 images by tiles 0 to `tiles` - 1, each with tensors of its own.
struct ParallelTiles : testing::SmallChipTest {
  std::vector<std::uint64_t> times(std::size_t tiles) {
    SmallChipParameters p;
    p.bus.channels = 1;
    p.tile.read_time = 0.5e-9;  // 1 ns a vector: the operands decide
    p.tile.read_phases = 2;
    p.tile.search_lanes = 64;
    p.tile.rescale_lanes = 64;
    p.array.adc.shared_by = 1;
    p.tiles.assign(tiles, {64, 8});
    SmallChip& chip = build(p);
    std::vector<Command> program;
    for (std::size_t t = 0; t < tiles; ++t) {
      program.push_back(
          matrix(Opcode::forward, static_cast<std::uint16_t>(t), flat(64), 8,
                 {per_image(t * 0x4000, 64, Access::read), per_image(0xC000 + t * 0x1000, 8, Access::write)}));
    }
    chip.run(program, {.images = 64});
    std::vector<std::uint64_t> times;
    for (std::size_t t = 0; t < tiles; ++t) times.push_back(chip.duration(t));
    last_end = chip.events.back().end;
    return times;
  }
  std::uint64_t last_end = 0;
};

TEST_F(ParallelTiles, ShareTheBusAndStillBeatOneAfterTheOther) {
  const std::uint64_t alone = times(1)[0];
  const std::uint64_t alone_end = last_end;
  const auto both = times(2);
  EXPECT_GE(both[0], alone);
  EXPECT_GT(both[1], alone + 32 * ns);  // most of the 64 beats of the first one's reads
  EXPECT_LT(last_end, alone_end + alone);
  const auto three = times(3);
  EXPECT_GT(three[2], both[1]);
}

// ---- The same bits however the work is cut ----

struct Outcome {
  std::uint64_t ticks = 0;
  std::vector<std::uint32_t> bits;
  std::map<std::string, std::uint64_t> actions;
};

/// A training step of a convolution and a fully connected layer on noisy devices, cut in all ways.
struct OneStep : testing::SmallChipTest {
  struct Cut {
    std::int64_t block_vectors = 0;
    std::size_t threads = 1;
    Granularity granularity = Granularity::block;
  };

  // 6 x 6 images of 2 channels, 3 x 3 kernels, 5 channels out: 16 vectors of 18 an image; 80 values, 6 classes.
  static constexpr std::uint32_t batch = 5;
  static constexpr PatchGeometry conv{6, 6, 2, 3, 3, 1, 0};

  Outcome step(const Cut& cut) {
    SmallChipParameters p;
    p.controller.block_vectors = cut.block_vectors;
    p.threads = cut.threads;
    p.granularity = cut.granularity;
    p.array = {};  // Gokmen-Vlasov with noise
    p.array.adc.shared_by = 8;
    p.tile.rows = 128;
    p.tiles = {{18, 5}, {80, 6}};
    SmallChip& chip = build(p);
    chip.tiles[0]->array().program(values_of(18 * 5, 1, 0.4F));
    chip.tiles[1]->array().program(values_of(80 * 6, 2, 0.3F));
    const std::uint64_t x = 0, h = 0x1000, y = 0x2000, dh = 0x3000, dx = 0x4000, bias = 0x5000, labels = 0x5800,
                        loss = 0x5900;
    chip.write(SmallChip::host_window, values_of(batch * 72, 3));
    chip.write(bias, values_of(16, 4, 0.1F));
    for (std::size_t i = 0; i < batch; ++i) chip.at<std::uint8_t>(labels, batch)[i] = static_cast<std::uint8_t>(i);
    auto add_to =
        matrix(Opcode::backward, 0, conv, 5, {per_image(dh, 80, Access::read), per_image(dx, 72, Access::read_write)});
    add_to.accumulate = true;
    const std::vector<Command> program{
        transfer(SmallChip::host_window, x, batch * 72 * 4),
        matrix(Opcode::forward, 0, conv, 5, {per_image(x, 72, Access::read), per_image(h, 80, Access::write)}),
        testing::vector(VectorOperation::bias_activation,
                        {per_image(h, 80, Access::read_write), shared(bias, 5, Access::read)}, Activation::tanh),
        matrix(Opcode::forward, 1, flat(80), 6, {per_image(h, 80, Access::read), per_image(y, 6, Access::write)}),
        testing::vector(VectorOperation::softmax_cross_entropy,
                        {per_image(y, 6, Access::read_write), per_image(labels, 1, Access::read, NumberFormat::uint8),
                         per_image(loss, 2, Access::write)}),
        matrix(Opcode::backward, 1, flat(80), 6, {per_image(y, 6, Access::read), per_image(dh, 80, Access::write)}),
        matrix(Opcode::update, 1, flat(80), 6, {per_image(h, 80, Access::read), per_image(y, 6, Access::read)}),
        testing::vector(VectorOperation::activation_backward,
                        {per_image(dh, 80, Access::read_write), per_image(h, 80, Access::read)}, Activation::tanh),
        testing::vector(VectorOperation::fill_zero, {per_image(dx, 72, Access::write)}),
        add_to,
        matrix(Opcode::update, 0, conv, 5, {per_image(x, 72, Access::read), per_image(dh, 80, Access::read)}),
        transfer(y, SmallChip::host_window + 0x2000, batch * 6 * 4)};
    Outcome outcome;
    outcome.ticks = chip.run(program, {.images = batch, .learning_rate = 0.5F});
    for (const auto& values :
         {chip.read(SmallChip::host_window + 0x2000, batch * 6), chip.read(loss, batch * 2), chip.read(dx, batch * 72),
          chip.tiles[0]->array().weights(), chip.tiles[1]->array().weights()}) {
      for (const std::uint32_t bits : bits_of(values)) outcome.bits.push_back(bits);
    }
    for (Component* component : std::initializer_list<Component*>{&chip.dma, &chip.vector_unit, chip.tiles[0].get(),
                                                                  chip.tiles[1].get(), &chip.host_port}) {
      for (const ActionKind& kind : component->actions().kinds()) {
        outcome.actions[component->component_name() + " " + kind.name] = SmallChip::count(*component, kind.name);
      }
    }
    return outcome;
  }
};

TEST_F(OneStep, GivesTheSameBitsAndActionsForEveryBlockThreadCountAndGranularity) {
  const Outcome reference = step({});
  EXPECT_GT(reference.actions.at("tile0 array.pulse"), 0U);
  EXPECT_GT(reference.actions.at("tile0 adc.convert"), 0U);
  for (const std::int64_t block_vectors : {1, 16, 0}) {
    for (const std::size_t threads : {1, 2}) {
      for (const Granularity granularity : {Granularity::block, Granularity::burst}) {
        SCOPED_TRACE("block_vectors " + std::to_string(block_vectors) + ", threads " + std::to_string(threads) + ", " +
                     std::string(granularity_names[static_cast<std::size_t>(granularity)]));
        const Outcome outcome = step({block_vectors, threads, granularity});
        EXPECT_EQ(outcome.bits, reference.bits);
        EXPECT_EQ(outcome.actions, reference.actions);
      }
    }
  }
}

TEST_F(OneStep, TakesTheSameTimeForEveryThreadCount) {
  for (const Granularity granularity : {Granularity::block, Granularity::burst}) {
    EXPECT_EQ(step({0, 1, granularity}).ticks, step({0, 2, granularity}).ticks);
  }
}

TEST_F(OneStep, IsNotFasterInSmallBlocks) {
  const std::uint64_t whole = step({0}).ticks;
  const std::uint64_t sixteen = step({16}).ticks;
  const std::uint64_t single = step({1}).ticks;
  EXPECT_GE(sixteen, whole);
  EXPECT_GE(single, sixteen);
}

TEST_F(OneStep, TakesAboutTheSameTimeInBurstsAsInBlocks) {
  const auto block = static_cast<double>(step({}).ticks);
  const auto burst = static_cast<double>(step({0, 1, Granularity::burst}).ticks);
  EXPECT_NEAR(burst / block, 1, 0.1);
}

}  // namespace
}  // namespace rheo
