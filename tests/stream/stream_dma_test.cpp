#include "models/stream/stream_dma.hpp"

#include <gtest/gtest.h>

#include "tests/stream/streams.hpp"

namespace rheo::stream {
namespace {

using namespace rheo::stream::testing;

/// Reads nothing until it is opened.
class Gate : public Stage {
 public:
  Gate(const sc_core::sc_module_name& name, SpikeStream& in) : Stage(name, stage_context(), {}), in_(in) {
    in_.connect_reader(*this);
  }
  void open(Cycle cycle) {
    rest_until(cycle);
    open_ = true;
    run();
  }
  [[nodiscard]] std::vector<InventoryItem> inventory() const override { return {}; }

  Spikes spikes;

 private:
  void work() override {
    while (open_ && in_.ready_to_read()) {
      const Cycle cycle = std::max(next_, in_.data_from());
      in_.read(cycle);
      step(cycle);
      std::uint64_t word[2] = {};
      in_.take(word, 0, 1);
      spikes.push_back(static_cast<std::uint8_t>(word[0]));
    }
  }

  SpikeStream& in_;
  bool open_ = false;
};

using DmaInTest = rheo::testing::SystemCTest;

TEST_F(DmaInTest, AFullFifoBetweenTwoFramesRepeatsNoBit) {
  std::mt19937_64 random(1);
  // Two frames of eight words fill the FIFO; the third waits before its first word.
  SpikeStream stream("fifo", {1, 1, 16, 8, true}, 1);
  DmaIn source("dma", stage_context(), always_ready(), 8, stream);
  Gate gate("gate", stream);
  std::vector<Spikes> frames;
  Spikes sent;
  std::uint64_t spikes = 0;
  for (int frame = 0; frame < 5; ++frame) {
    frames.push_back(random_spikes(random, 8, 0.5));
    sent.insert(sent.end(), frames.back().begin(), frames.back().end());
    for (const std::uint8_t spike : frames.back()) spikes += spike;
  }
  send_all(source, frames);
  sc_core::sc_start();
  EXPECT_EQ(stream.bits_written(), 16U);
  gate.open(100);
  sc_core::sc_start();
  EXPECT_EQ(gate.spikes, sent);
  EXPECT_EQ(stream.spikes(), spikes);
}

}  // namespace
}  // namespace rheo::stream
