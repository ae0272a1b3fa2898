#include "workloads/data/cifar10.hpp"

#include <fmt/format.h>

#include <array>

namespace rheo {
namespace {

constexpr std::size_t record_bytes = 1 + Cifar10Batch::image_bytes;
constexpr std::size_t most_records = 100'000;

}  // namespace

Cifar10Batch read_cifar10(const std::filesystem::path& file) {
  Content content(file, "a file of the CIFAR-10 binary version");
  Cifar10Batch batch;
  std::array<std::uint8_t, record_bytes> record{};
  constexpr std::size_t plane = Cifar10Batch::height * Cifar10Batch::width;
  while (true) {
    const std::size_t found = content.read(record);
    if (found == 0 && !content.ends_early()) break;
    if (found < record.size()) {
      throw InputError(
          content.name(),
          fmt::format("truncated: {} bytes; expected records of {} bytes, {} in all or {}", content.check().bytes,
                      record_bytes, batch.labels.size() * record_bytes, (batch.labels.size() + 1) * record_bytes));
    }
    if (batch.labels.size() == most_records) {
      throw InputError(content.name(), fmt::format("more than {} records; expected at most that", most_records));
    }
    if (record[0] >= Cifar10Batch::classes) {
      throw InputError(content.name(), fmt::format("label {} of record {}; expected a class from 0 to {}", record[0],
                                                   batch.labels.size(), Cifar10Batch::classes - 1));
    }
    batch.labels.push_back(record[0]);
    for (std::size_t pixel = 0; pixel < plane; ++pixel) {
      for (std::size_t channel = 0; channel < Cifar10Batch::channels; ++channel) {
        batch.pixels.push_back(record[1 + channel * plane + pixel]);
      }
    }
  }
  if (batch.labels.empty()) {
    throw InputError(content.name(), fmt::format("empty; expected records of {} bytes", record_bytes));
  }
  batch.content = content.check();
  return batch;
}

}  // namespace rheo
