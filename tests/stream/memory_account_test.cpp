#include "platforms/stream_fpga/memory_account.hpp"

#include <gmock/gmock.h>

#include "models/stream/finn_cycles.hpp"
#include "models/stream/tick_batching.hpp"
#include "platforms/stream_fpga/layer_mapping.hpp"
#include "platforms/stream_fpga/stream_inspect.hpp"
#include "tests/support/systemc_test.hpp"

namespace rheo {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

StreamConfiguration shipped(const std::string& name, const std::vector<std::string>& set = {}) {
  return StreamConfiguration::load(std::string(RHEO_SOURCE_FOLDER) + "/platforms/" + name + ".toml", set);
}

/// A row of tables 2.3, 2.5 and 2.8 as printed, with the inputs of a dense layer beside the outputs that stand there.
struct Row {
  std::uint64_t ticks, inputs;
  double spike_ratio;
  std::uint64_t tick_batching_bits, buffer_bits;
  std::uint64_t dense_inputs = 0;
};

void expect_table(const std::string& file, const std::vector<Row>& rows) {
  const nlohmann::ordered_json listing = inspect_json(shipped(file));
  ASSERT_EQ(listing["layers"].size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& layer = listing["layers"][i];
    SCOPED_TRACE(file + " " + std::string(layer["name"]));
    EXPECT_EQ(layer["ticks"], rows[i].ticks);
    EXPECT_EQ(layer["inputs"], rows[i].inputs);
    EXPECT_EQ(layer["spike_ratio"], rows[i].spike_ratio);
    EXPECT_EQ(layer["tick_batching_bits"], rows[i].tick_batching_bits);
    EXPECT_EQ(layer["input_buffer_bits_printed_rule"], rows[i].buffer_bits);
    EXPECT_EQ(layer["input_buffer_bits"], rows[i].dense_inputs == 0 ? rows[i].buffer_bits : rows[i].dense_inputs);
    EXPECT_EQ(layer["binary_tensor_bits"], rows[i].ticks * rows[i].inputs);
  }
}

TEST(MemoryAccount, EveryCellOfTable23) {
  expect_table("s2n2_rf1", {{128, 16 * 16, 0.0039, 1917, 25},
                            {128, 16 * 16 * 16, 0.07, 697304, 400},
                            {128, 8 * 12 * 12, 0.08, 212337, 128, 1152},
                            {128, 128, 0.12, 27526, 11, 128}});
}

TEST(MemoryAccount, EveryCellOfTable25) {
  expect_table("s2n2_rf2", {{1024, 16 * 16, 0.0039, 18403, 25},
                            {1024, 16 * 16 * 64, 0.005, 2013266, 1600},
                            {1024, 12 * 12 * 64, 0.06, 13589545, 576},
                            {1024, 10 * 10 * 128, 0.12, 37748736, 1152},
                            {1024, 10 * 10 * 128, 0.14, 44040192, 1024, 12800},
                            {1024, 1024, 0.05, 1048576, 24, 1024}});
}

TEST(MemoryAccount, EveryCellOfTable28) {
  // Conv.1 is printed as "5,2136".
  expect_table("s2n2_cv", {{500, 28 * 28, 0.007, 52136, 49},
                           {500, 16 * 13 * 13, 0.16, 4542720, 784},
                           {500, 24 * 11 * 11, 0.33, 10062360, 1176},
                           {500, 32 * 4 * 4, 0.41, 1889280, 10, 512}});
}

TEST(MemoryAccount, OnlyTheFirstLayersOfRfAndCvAreSparseEnoughForEvents) {
  // Equation 2.6, p log2(S T) < 1; by hand: rf1 conv1 0.0039 x 15 = 0.06, conv2 0.07 x 19 = 1.3; rf2 conv2 0.005 x 24.
  for (const std::string file : {"s2n2_rf1", "s2n2_rf2", "s2n2_cv"}) {
    for (const auto& layer : inspect_json(shipped(file))["layers"]) {
      const bool first = layer["name"] == "conv1" || (file == "s2n2_rf2" && layer["name"] == "conv2");
      EXPECT_EQ(layer["events_are_smaller"], first) << file << " " << layer["name"];
      // 0.05 x 20 = 1 is not below 1.
      if (file == "s2n2_rf2" && layer["name"] == "dense2") {
        EXPECT_DOUBLE_EQ(layer["break_even"], 1.0);
      }
    }
  }
}

TEST(MemoryAccount, EventsOfTheThesisExample) {
  // Section 2.2.1: 64 x 16 x 16 inputs, 16 ticks: 18 bits an event.
  EXPECT_EQ(event_bits(64 * 16 * 16, 16), 18U);
  EXPECT_EQ(event_bits(64 * 16 * 16 + 1, 16), 19U);
  EXPECT_EQ(event_buffer_bits(1.0 / 16, 64 * 16 * 16, 16), (1U << 14) * 18U);
}

TEST(MemoryAccount, LineBuffersAndMembranesThatTheTablesLeaveOut) {
  const StreamConfiguration rf1 = shipped("s2n2_rf1");
  const MemoryAccount account = memory_account(rf1, spiking::build_spiking_network("rf1"));
  // 6 lines of 20 pixels of 1 bit; 6 lines of 16 pixels of 16 bits.
  EXPECT_EQ(account.layers[0].lines.bits(), 6U * 20);
  EXPECT_EQ(account.layers[1].lines.bits(), 6U * 16 * 16);
  std::uint64_t words = 0;
  for (const LayerMemory& layer : account.layers) words += layer.membranes.bits() / 16;
  EXPECT_EQ(words, 16U * 16 * 16 + 12 * 12 * 8 + 128 + 11);  // 5387
}

TEST(MemoryAccount, WeightsAndMembranesOfCvTake96BlockRams) {
  // 8-bit weights and 32-bit membranes at the published folding, by the ladder (the thesis prints 35 % of 280).
  const MemoryAccount account = memory_account(shipped("s2n2_cv"), spiking::build_spiking_network("cv"));
  const auto weights = [&account](std::size_t layer) { return account.layers[layer].weights.bram18k(); };
  const auto membranes = [&account](std::size_t layer) { return account.layers[layer].membranes.bram18k(); };
  EXPECT_EQ(weights(0), 0U);         // 98 words
  EXPECT_EQ(weights(1), 2U * 8);     // 1176 words of 128 bits
  EXPECT_EQ(weights(2), 2U * 15);    // 1176 of 256
  EXPECT_EQ(weights(3), 2U * 2);     // 1280 of 32
  EXPECT_EQ(membranes(0), 2U * 15);  // 1352 of 256
  EXPECT_EQ(membranes(1), 1U * 8);   // 726 of 128
  EXPECT_EQ(membranes(2), 1U * 8);   // 324 of 256, 512 x 36
  EXPECT_EQ(membranes(3), 0U);
}

TEST(MemoryAccount, Rf2DoesNotFitAndSaysWhatItNeeds) {
  const StreamConfiguration rf2 = shipped("s2n2_rf2");
  const MemoryAccount account = memory_account(rf2, spiking::build_spiking_network("rf2"));
  // 13,456,960 weights of 4 bits alone are 2921 blocks of 18,432 bits; the device has 2160.
  std::uint64_t weights = 0;
  for (const LayerMemory& layer : account.layers) weights += layer.weights.bits();
  EXPECT_EQ(weights, 13456960U * 4);
  EXPECT_GT(account.least_bram18k(), 2920U);
  EXPECT_THAT(does_not_fit(account, rf2.part), StartsWith("does not fit: "));
  EXPECT_THAT(does_not_fit(account, rf2.part), HasSubstr("of 2160 on the device"));
  EXPECT_THAT(does_not_fit(account, rf2.part), HasSubstr("for the weights of dense1"));
  EXPECT_THROW(require_fit(account, rf2.part), InputError);
  EXPECT_NO_THROW(require_fit(account, FpgaPart::unlimited));
  // The published hardware's two convolutions fit.
  EXPECT_NO_THROW(require_fit(memory_account(rf2, spiking::build_spiking_network("rf2_hardware")), rf2.part));
}

class AccountTest : public rheo::testing::SystemCTest, public ::testing::WithParamInterface<const char*> {};

/// Bits and blocks of a pipeline's memories.
std::pair<std::uint64_t, std::uint64_t> buffers_of(const std::vector<Component*>& components) {
  std::uint64_t bits = 0;
  std::uint64_t blocks = 0;
  for (Component* component : components) {
    for (const BufferUse& use : component->buffers()) {
      // Counters and pooling rows are registers that the account leaves out.
      if (use.name == "counters" || use.name.ends_with("_pool")) continue;
      bits += use.capacity_bits;
      blocks += use.bram18k;
    }
  }
  return {bits, blocks};
}

TEST_P(AccountTest, IsWhatThePipelineReports) {
  StreamConfiguration c = shipped(GetParam());
  const spiking::SpikingNetwork network = spiking::build_spiking_network(c.workload.network);
  for (const auto place : {stream::DelayPlace::inside, stream::DelayPlace::output}) {
    rheo::testing::new_simulation();
    c.delays.axonal.assign(network.layers.size(), 2);
    c.delays.synaptic.assign(network.layers.size(), 3);
    c.delays.place = place;
    std::vector<stream::LayerParameters> layers = map_layers(c, network);
    for (stream::LayerParameters& layer : layers)
      layer.weights.resize(std::size_t{layer.in_features()} * layer.outputs);
    stream::PipelineParameters parameters;
    parameters.clock = sc_core::sc_time(5, sc_core::SC_NS);
    parameters.ticks = network.ticks;
    parameters.delays = place;
    const stream::Pipeline pipeline(parameters, layers);
    const auto [bits, blocks] = buffers_of(pipeline.components());
    const MemoryAccount account = memory_account(c, network);
    std::uint64_t expected = account.shared_fifo_bits + account.output_delay_bits;
    for (const LayerMemory& m : account.layers) {
      expected += m.input.bits() + m.lines.bits() + m.weights.bits() + m.membranes.bits() + m.delay_bits + m.fifo_bits;
    }
    EXPECT_EQ(bits, expected);
    EXPECT_EQ(blocks, account.bram18k());
  }
}

TEST_P(AccountTest, IsWhatTheTickBatchedPipelineReports) {
  StreamConfiguration c = shipped(GetParam(), {"schedule=tick_batching"});
  c.events.capacity_bits.clear();
  const spiking::SpikingNetwork network = spiking::build_spiking_network(c.workload.network);
  std::vector<stream::LayerParameters> layers = map_layers(c, network);
  for (stream::LayerParameters& layer : layers) layer.weights.resize(std::size_t{layer.in_features()} * layer.outputs);
  stream::PipelineParameters parameters;
  parameters.clock = sc_core::sc_time(5, sc_core::SC_NS);
  parameters.ticks = network.ticks;
  const stream::TickBatchedPipeline pipeline(parameters, layers, event_capacities(c, network));
  const auto [bits, blocks] = buffers_of(pipeline.components());
  const MemoryAccount account = memory_account(c, network);
  std::uint64_t expected = account.shared_fifo_bits;
  for (const LayerMemory& m : account.layers) {
    expected += m.input.bits() + m.lines.bits() + m.weights.bits() + m.membranes.bits() + m.events.bits() + m.fifo_bits;
  }
  EXPECT_EQ(bits, expected);
  EXPECT_EQ(blocks, account.bram18k());
}

TEST(EventCapacities, AreThePrintedRatiosInWhole64EventsUnlessSaid) {
  StreamConfiguration c = shipped("s2n2_rf1", {"schedule=tick_batching"});
  c.events.capacity_bits.clear();
  const spiking::SpikingNetwork rf1 = spiking::build_spiking_network("rf1");
  // Table 2.3 at 15, 19, 18 and 14 bits an event: 127.8, 36,700.2, 11,796.5 and 1,966.1 events.
  EXPECT_EQ(event_capacities(c, rf1), (std::vector<std::uint64_t>{128 * 15, 36736 * 19, 11840 * 18, 1984 * 14}));
  c.events.capacity_bits = {1, 2, 3, 0};
  EXPECT_EQ(event_capacities(c, rf1), (std::vector<std::uint64_t>{1, 2, 3, 0}));
  EXPECT_TRUE(memory_account(c, rf1).events_by_run);
  // Nothing is printed of the input of rf2_hardware's last layer.
  const StreamConfiguration rf2 = shipped("s2n2_rf2", {"workload.network=rf2_hardware", "schedule=tick_batching"});
  EXPECT_THROW((void)event_capacities(rf2, spiking::build_spiking_network("rf2_hardware")), InputError);
}

TEST(EventCapacities, CountBeforeTheRun) {
  // 1 Mbit of 19-bit events: 55,188 words, 54 x 2 blocks of 1024 x 18.
  const std::vector<std::string> set{"schedule=tick_batching", "events.capacity_bits=[2000,1048576,2000,2000]"};
  const auto listing = inspect_json(shipped("s2n2_rf1", set));
  EXPECT_EQ(listing["layers"][1]["memory"]["event_buffer"]["bram18k"], 108);
  EXPECT_EQ(listing["schedule"], "tick_batching");
  EXPECT_THAT(inspect_text(shipped("s2n2_rf1", set)), HasSubstr("1048572 / 108"));
  const StreamConfiguration large =
      shipped("s2n2_rf1", {"schedule=tick_batching", "events.capacity_bits=[2000,10485760,2000,2000]"});
  const MemoryAccount account = memory_account(large, spiking::build_spiking_network("rf1"));
  EXPECT_THAT(does_not_fit(account, large.part), HasSubstr("1078 for the events of conv2"));
}

INSTANTIATE_TEST_SUITE_P(Networks, AccountTest, ::testing::Values("s2n2_rf1", "s2n2_cv"));

TEST(FinnCycles, OfThePublishedFoldings) {
  // cv at its published folding takes 142,296 cycles a tick, 711 us at 5 ns.
  const StreamConfiguration cv = shipped("s2n2_cv");
  std::uint64_t slowest = 0;
  for (const stream::LayerParameters& layer : map_layers(cv, spiking::build_spiking_network("cv"))) {
    slowest = std::max({slowest, stream::finn_threshold_cycles(layer.geometry, layer.outputs, layer.folding),
                        layer.has_window() ? stream::finn_window_cycles(layer.geometry, layer.window_lanes()) : 0});
  }
  EXPECT_EQ(slowest, 142296U);
}

std::string refusal(const std::vector<std::string>& set) {
  try {
    (void)shipped("s2n2_rf1", set);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(StreamConfiguration, BadInputIsOneLineThatNamesTheKey) {
  EXPECT_THAT(refusal({"folding.pe=[3,8,8,11]"}), HasSubstr("folding.pe=[3,8,8,11]"));
  EXPECT_THAT(refusal({"folding.pe=[3,8,8,11]"}), HasSubstr("3 for layer conv1; expected a divisor of its 16 outputs"));
  EXPECT_THAT(refusal({"folding.simd=[25,16,8,1]"}), HasSubstr("expected a divisor of its 1 channels"));
  EXPECT_EQ(refusal({"folding.simd=[25,16,8,1]", "folding.window_simd=[1,0,0,0]"}), "accepted");
  EXPECT_THAT(refusal({"folding.pe=[16,8]"}), HasSubstr("2 numbers; expected 4, one a layer"));
  EXPECT_THAT(refusal({"workload.network=rf3"}), HasSubstr("rf1"));
  EXPECT_THAT(refusal({"numbers.weight_bit=3"}), HasSubstr("did you mean numbers.weight_bits?"));
  EXPECT_EQ(refusal({"numbers.decay_bits=2"}), "accepted");  // a shift has no numerator
  EXPECT_EQ(refusal({"numbers.decay=multiplier", "numbers.decay_bits=2"}),
            "--set numbers.decay_bits=2: the numerator 7 is not below 2^2; expected 3 or less");
  EXPECT_THAT(refusal({"numbers.decay=multiplier", "numbers.decay_numerator=8"}),
              StartsWith("--set numbers.decay_numerator=8: the numerator 8 is not below 2^3"));
  EXPECT_THAT(refusal({"nothing_like_it=3"}), HasSubstr("`rheo list keys stream_fpga` prints all"));
  EXPECT_THAT(refusal({"events.capacity_bits=[1,2]"}), HasSubstr("2 numbers; expected 4, one a layer"));
  EXPECT_EQ(refusal({"data.bits=8"}),
            "--set data.bits=8: makes a plane of another size than the input of rf1, 16 x 16: expected 4");
  EXPECT_THAT(refusal({"data.bits=3"}), StartsWith("--set data.bits=3: "));
  EXPECT_THAT(refusal({"data.snr_low=10", "data.snr_high=9", "data.snr_step=1"}),
              StartsWith("--set data.snr_high=9: is below data.snr_low"));
  EXPECT_THAT(refusal({"data.modulations=radioml_2018"}), HasSubstr("24 classes, the network 11; expected as many"));
  EXPECT_THAT(refusal({"data.kind=radio_file"}), HasSubstr("analysis/radioml2016.py"));
  EXPECT_THAT(refusal({"device.part=virtex"}), HasSubstr("pynq_z1"));
}

}  // namespace
}  // namespace rheo
