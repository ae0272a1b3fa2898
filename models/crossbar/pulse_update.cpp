#include "models/crossbar/pulse_update.hpp"

#include <algorithm>
#include <mutex>

namespace rheo::crossbar {

PulseUpdate::PulseUpdate(const PulseSettings& settings, std::uint64_t seed, std::uint32_t stream)
    : settings_(settings),
      row_key_(seed, stream, RandomPurpose::row_trains),
      column_key_(seed, stream, RandomPurpose::column_trains) {}

PulseCounts PulseUpdate::draw(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                              float learning_rate, ThreadTeam& team) {
  PulseCounts counts;
  std::mutex mutex;
  // Vectors are shared out in parts of their own, which keep their order.
  const std::size_t first_part = drawn_;
  const std::size_t part_size = (range.count + team.size() - 1) / team.size();
  drawn_ += team.size();
  if (parts_.size() < drawn_) parts_.resize(drawn_);
  team.for_ranges(team.size(), 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t p = first; p < last; ++p) {
      PulseEvents& part = parts_[first_part + p];
      part.clear();
      const std::size_t begin = std::min(range.count, p * part_size);
      const std::size_t end = std::min(range.count, begin + part_size);
      const PulseCounts drawn =
          draw_pulse_trains(settings_, learning_rate, inputs, errors,
                            {range.first + begin, end - begin, range.identity}, row_key_, column_key_, part);
      const std::lock_guard lock(mutex);
      counts += drawn;
    }
  });
  return counts;
}

PulseCounts PulseUpdate::apply(std::size_t rows, ThreadTeam& team, const Apply& apply) {
  PulseCounts counts;
  std::mutex mutex;
  // Cells take the vectors in order: rows are shared out.
  team.for_ranges(rows, 1, [&](std::size_t first, std::size_t last) {
    std::uint64_t coincidences = 0;
    for (std::size_t p = 0; p < drawn_; ++p) coincidences += apply(parts_[p], first, last);
    const std::lock_guard lock(mutex);
    counts.coincidences += coincidences;
  });
  drawn_ = 0;
  return counts;
}

PulseCounts PulseUpdate::operator()(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                                    float learning_rate, ThreadTeam& team, const Apply& apply_events) {
  constexpr std::size_t group = 2048;  // vectors whose trains wait together
  PulseCounts counts;
  for (std::size_t done = 0; done < range.count; done += group) {
    const VectorRange part{range.first + done, std::min(group, range.count - done), range.identity};
    counts += draw(inputs, errors, part, learning_rate, team);
    counts += apply(inputs.elements, team, apply_events);
  }
  return counts;
}

}  // namespace rheo::crossbar
