#pragma once

#include <limits>
#include <string>
#include <vector>

#include "workloads/data/word_stream.hpp"
#include "workloads/spiking/data/spike_data.hpp"
#include "workloads/spiking/network.hpp"

namespace rheo::spiking {

/// Two convolutions (one with padding and pooling that leaves a row and a column out) and a linear layer; neither 3
/// nor 5 channels fill a vector.
inline SpikingNetwork tiny_network() {
  return {"tiny",
          {7, 7, 2},
          12,
          {{"conv1", SpikingLayer::Kind::convolution, 3, 1, 3, 2, 0.3, 0},
           {"conv2", SpikingLayer::Kind::convolution, 2, 0, 5, 1, 0.25, 0},
           {"dense", SpikingLayer::Kind::linear, 1, 0, 3, 1, 0.3, 0}}};
}

/// Twenty examples of three classes: every input spikes with probability 1/3 at a tick.
class RandomSpikes : public SpikeData {
 public:
  [[nodiscard]] std::size_t examples() const override { return 20; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return names_; }
  [[nodiscard]] std::uint32_t label(std::size_t example) const override {
    return static_cast<std::uint32_t>(example % 3);
  }
  void encode(std::size_t example, std::uint64_t presentation, SpikeTrain& train) const override {
    train.clear();
    WordStream words(9, StreamPurpose::radio_signal, presentation * 100 + example);
    for (std::size_t t = 0; t < train.ticks(); ++t) {
      for (std::size_t i = 0; i < train.values(); ++i) {
        if (words.below(3) == 0) train.set(t, i);
      }
    }
  }
  [[nodiscard]] double snr_db(std::size_t /*example*/) const override {
    return std::numeric_limits<double>::quiet_NaN();
  }

 private:
  std::vector<std::string> names_{"a", "b", "c"};
};

}  // namespace rheo::spiking
