// Every compound: the same bits whatever the blocks and threads, and after a save and restore.
#include <cstddef>
#include <string>

#include "tests/crossbar/store_fixture.hpp"

namespace rheo::crossbar::testing {
namespace {

struct Case {
  std::string name;
  std::function<void(DeviceParameters&)> change;
};

constexpr std::size_t inputs = 11, outputs = 21, batch = 24, batches = 6;

DeviceParameters device_of(const Case& c) {
  DeviceParameters device;
  device.cell.select("soft_bounds");
  device.cell.population.dw_min = 0.01;
  device.cell.population.write_noise_std = 0.5;
  device.cell.population.lifetime = 100;
  device.cell.population.diffusion = 0.001;
  c.change(device);
  return device;
}

LineReads noisy_reads() {
  LineReads reads;
  reads.converters.adc_step = 0.01F;
  reads.converters.output_noise = 0.01F;
  return reads;
}

/// The batches from `first` on, in blocks of `block` vectors.
void run(Store& store, std::size_t first, std::size_t last, std::size_t block, std::size_t threads) {
  ThreadTeam team(threads);
  for (std::size_t b = first; b < last; ++b) {
    const Floats x = some_values(batch * inputs, b);
    const Floats d = some_values(batch * outputs, 100 + b);
    store.next = b * batch;
    for (std::size_t v = 0; v < batch; v += block) {
      const std::size_t count = std::min(block, batch - v);
      const auto part = [&](const Floats& all, std::size_t width) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(v * width);
        return Floats(begin, begin + static_cast<std::ptrdiff_t>(count * width));
      };
      store.update(part(x, inputs), part(d, outputs), 0.1F, &team, batch);
    }
    store.end_batch(0.1F);
  }
}

struct SameBits : ::testing::TestWithParam<Case> {
  static Store make() { return {inputs, outputs, device_of(GetParam()), UpdateParameters{}, noisy_reads()}; }
};

TEST_P(SameBits, OverBlocksAndThreads) {
  Store whole = make();
  run(whole, 0, batches, batch, 1);
  std::vector<std::byte> expected;
  whole.store->save(expected);
  for (const std::size_t block : {1U, 5U, 24U}) {
    for (const std::size_t threads : {1U, 2U}) {
      Store other = make();
      run(other, 0, batches, block, threads);
      EXPECT_EQ(other.weights(), whole.weights()) << block << " vectors, " << threads << " threads";
      std::vector<std::byte> state;
      other.store->save(state);
      EXPECT_EQ(state, expected) << "hidden state, too";
    }
  }
}

TEST_P(SameBits, AfterASaveAndRestore) {
  Store whole = make();
  run(whole, 0, batches, batch, 1);
  for (const std::size_t stop : {1U, 3U}) {
    Store first = make();
    run(first, 0, stop, batch, 1);
    std::vector<std::byte> state;
    first.store->save(state);
    Store second = make();
    std::span<const std::byte> rest(state);
    second.store->restore(rest);
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(second.weights(), first.weights());
    run(second, stop, batches, batch, 1);
    EXPECT_EQ(second.weights(), whole.weights());
  }
  Store shorter = make();
  std::vector<std::byte> state;
  whole.store->save(state);
  std::span<const std::byte> cut(state.data(), state.size() - 1);
  EXPECT_THROW(shorter.store->restore(cut), std::invalid_argument);
}

TEST_P(SameBits, OtherSeedsGiveOtherBits) {
  Store one = make();
  Store other(inputs, outputs, device_of(GetParam()), UpdateParameters{}, noisy_reads(), 4);
  run(one, 0, 2, batch, 1);
  run(other, 0, 2, batch, 1);
  EXPECT_NE(one.weights(), other.weights());
}

TEST_P(SameBits, ThePaddingStaysZero) {
  Store store = make();
  run(store, 0, 2, batch, 1);
  for (std::size_t i = 0; i < inputs; ++i) {
    for (std::size_t j = outputs; j < store.shape.row_stride; ++j) {
      ASSERT_EQ(store.store->weights()[i * store.shape.row_stride + j], 0.0F);
    }
  }
}

TransferParameters& transfer(DeviceParameters& device, TransferRule rule) {
  device.compound.kind = Compound::transfer;
  device.compound.transfer.rule = rule;
  device.compound.transfer.gamma = 0.5;
  return device.compound.transfer;
}

const std::vector<Case> cases{
    {"single", [](DeviceParameters&) {}},
    {"vector_all", [](DeviceParameters& d) { d.compound.kind = Compound::vector; }},
    {"vector_random",
     [](DeviceParameters& d) {
       d.compound.kind = Compound::vector;
       d.compound.vector.cells = 3;
       d.compound.vector.update_policy = UpdatePolicy::single_random;
     }},
    {"vector_sequential",
     [](DeviceParameters& d) {
       d.compound.kind = Compound::vector;
       d.compound.vector.update_policy = UpdatePolicy::single_sequential;
     }},
    {"one_sided",
     [](DeviceParameters& d) {
       d.compound.kind = Compound::one_sided;
       d.compound.one_sided.refresh_every = 2;
       d.compound.one_sided.refresh_upper_thres = 0.2;
       d.compound.one_sided.refresh_lower_thres = 0.1;
     }},
    {"one_sided_by_vectors",
     [](DeviceParameters& d) {
       d.compound.kind = Compound::one_sided;
       d.compound.one_sided.refresh_every = 7;
       d.compound.one_sided.units_in_mbatch = false;
       d.compound.one_sided.copy_inverted = true;
       d.compound.one_sided.refresh_upper_thres = 0.2;
       d.compound.one_sided.refresh_lower_thres = 0.1;
     }},
    {"tiki_taka",
     [](DeviceParameters& d) {
       TransferParameters& t = transfer(d, TransferRule::direct);
       t.n_reads_per_transfer = 3;
       t.random_selection = true;
       t.with_reset_prob = 0.5;
     }},
    {"tiki_taka_by_vectors",
     [](DeviceParameters& d) {
       TransferParameters& t = transfer(d, TransferRule::direct);
       t.units_in_mbatch = false;
       t.transfer_every = 3;
       t.transfer_columns = false;
     }},
    {"buffered",
     [](DeviceParameters& d) {
       TransferParameters& t = transfer(d, TransferRule::buffered);
       t.in_chop_prob = 0;
       t.gamma = 0;
       t.units_in_mbatch = false;
       t.buffer_granularity = 0.1;
     }},
    {"chopped",
     [](DeviceParameters& d) {
       TransferParameters& t = transfer(d, TransferRule::buffered);
       t.in_chop_prob = 0.3;
       t.out_chop_prob = 0.5;
       t.units_in_mbatch = false;
       t.auto_scale = true;
       t.scale_fast_lr = false;
       t.fast_lr = 0.5;
       t.buffer_granularity = 0.1;
       d.slow.emplace("constant_step");
       d.slow->population.dw_min = 0.002;
     }},
    {"chopped_columns",
     [](DeviceParameters& d) {
       TransferParameters& t = transfer(d, TransferRule::buffered);
       t.in_chop_prob = 0.5;
       t.in_chop_random = false;
       t.transfer_columns = false;
       t.units_in_mbatch = false;
       t.forget_buffer = false;
       t.correct_gradient_magnitudes = true;
     }},
    {"dynamic",
     [](DeviceParameters& d) {
       TransferParameters& t = transfer(d, TransferRule::dynamic);
       t.in_chop_prob = 0.5;
       t.units_in_mbatch = false;
       t.buffer_granularity = 0.01;
       t.buffer_cap = 3;
       t.forget_buffer = false;
     }},
    {"mixed_precision", [](DeviceParameters& d) { d.compound.kind = Compound::mixed_precision; }},
    {"mixed_precision_quantised",
     [](DeviceParameters& d) {
       d.compound.kind = Compound::mixed_precision;
       MixedPrecisionParameters& m = d.compound.mixed_precision;
       m.device = WrittenCells::one_sided;
       d.compound.one_sided.refresh_every = 1;
       m.n_x_bins = m.n_d_bins = 8;
       m.n_rows_per_transfer = 4;
       m.random_row = true;
     }},
};

INSTANTIATE_TEST_SUITE_P(Compounds, SameBits, ::testing::ValuesIn(cases),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace rheo::crossbar::testing
