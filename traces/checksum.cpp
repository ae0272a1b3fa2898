#include "traces/checksum.hpp"

#include "traces/trace_schema.hpp"

namespace rheo::traces {

std::uint64_t checksum_of(const TraceHeader& header) {
  Checksum sum;
  sum.add(header.version);
  sum.add(header.configuration);
  sum.add(header.tick_seconds);
  sum.add(std::uint64_t{header.from_start});
  sum.add(header.begin);
  for (const auto* names : {&header.units, &header.operations, &header.layers}) {
    sum.add(std::uint64_t{names->size()});
    for (const std::string& name : *names) sum.add(name);
  }
  for (const TracedMemory& memory : header.memories) {
    sum.add(memory.name);
    sum.add(memory.address);
    sum.add(memory.bytes);
  }
  for (const auto& [key, value] : image_numbers) sum.add(header.images.*value);
  for (const auto& [key, value] : pixel_numbers) sum.add(header.images.*value);
  return sum.value();
}

std::uint64_t checksum_of(std::string_view report, std::uint64_t programs, std::uint64_t epochs) {
  Checksum sum;
  sum.add(report);
  sum.add(programs);
  sum.add(epochs);
  return sum.value();
}

std::uint64_t checksum_of(const TracedEpoch& epoch) {
  Checksum sum;
  for (const double value : {epoch.epoch, epoch.train_loss, epoch.train_accuracy, epoch.test_loss, epoch.test_accuracy,
                             epoch.learning_rate, epoch.momentum}) {
    sum.add(value);
  }
  sum.add(epoch.end);
  return sum.value();
}

}  // namespace rheo::traces
