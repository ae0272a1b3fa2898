#include "models/crossbar/pulse_update.hpp"

#include <algorithm>
#include <mutex>

namespace rheo::crossbar {

PulseUpdate::PulseUpdate(const PulseSettings& settings, std::uint64_t seed, std::uint32_t stream)
    : settings_(settings),
      row_key_(seed, stream, RandomPurpose::row_trains),
      column_key_(seed, stream, RandomPurpose::column_trains) {}

PulseCounts PulseUpdate::operator()(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                                    float learning_rate, ThreadTeam& team, const Apply& apply) {
  constexpr std::size_t group = 2048;  // vectors whose trains wait together
  PulseCounts counts;
  parts_.resize(team.size());
  for (std::size_t done = 0; done < range.count; done += group) {
    const std::size_t count = std::min(group, range.count - done);
    // Trains do not depend on the weights: vectors are shared out. Cells take them in order: rows are.
    const std::size_t part_size = (count + parts_.size() - 1) / parts_.size();
    std::mutex mutex;
    team.for_ranges(parts_.size(), 1, [&](std::size_t first, std::size_t last) {
      for (std::size_t p = first; p < last; ++p) {
        parts_[p].clear();
        const std::size_t begin = std::min(count, p * part_size);
        const std::size_t end = std::min(count, begin + part_size);
        const PulseCounts drawn =
            draw_pulse_trains(settings_, learning_rate, inputs, errors,
                              {range.first + done + begin, end - begin, range.identity}, row_key_, column_key_, parts_[p]);
        const std::lock_guard lock(mutex);
        counts += drawn;
      }
    });
    team.for_ranges(inputs.elements, 1, [&](std::size_t first, std::size_t last) {
      std::uint64_t coincidences = 0;
      for (const PulseEvents& part : parts_) coincidences += apply(part, first, last);
      const std::lock_guard lock(mutex);
      counts.coincidences += coincidences;
    });
  }
  return counts;
}

}  // namespace rheo::crossbar
