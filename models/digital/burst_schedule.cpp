#include "models/digital/burst_schedule.hpp"

#include <algorithm>

namespace rheo {

BurstSchedule::BurstSchedule(std::uint64_t chunks, std::uint64_t items, const Law& law, std::uint64_t now)
    : chunks_(chunks), items_(items), law_(law), arrival_(now), free_(now), end_(now) {
  begin_.reserve(chunks);
}

std::uint64_t BurstSchedule::read_from(std::uint64_t chunk) const {
  // Portions are read in order, so the one that makes room has arrived.
  const std::uint64_t room = chunk < law_.outstanding ? 0 : begin_[chunk - law_.outstanding];
  return std::max(room, reads_.room_from(law_.outstanding));
}

void BurstSchedule::read(std::uint64_t chunk, std::uint64_t now, std::uint64_t end) {
  arrived_before(chunk);
  reads_.add(now, end);
  arrival_ = std::max(arrival_, end);
  end_ = std::max(end_, end);
}

void BurstSchedule::arrived_before(std::uint64_t chunk) {
  while (begin_.size() < chunk) {
    const std::uint64_t begin = std::max(arrival_, free_);
    const std::uint64_t items = items_of(begin_.size());
    begin_.push_back(begin);
    free_ = begin + items * law_.interval;
    end_ = std::max(end_, write_from(begin_.size() - 1));
  }
}

std::uint64_t BurstSchedule::write_from(std::uint64_t chunk) const {
  if (chunk >= begin_.size()) return never;
  const std::uint64_t items = std::max<std::uint64_t>(items_of(chunk), 1);
  return std::max(begin_[chunk] + (items - 1) * law_.interval + law_.latency, writes_.room_from(law_.outstanding));
}

void BurstSchedule::written(std::uint64_t now, std::uint64_t end) {
  writes_.add(now, end);
  end_ = std::max(end_, end);
}

}  // namespace rheo
