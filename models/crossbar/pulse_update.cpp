#include "models/crossbar/pulse_update.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace rheo::crossbar {
namespace {

constexpr std::size_t group = 2048;  // vectors whose trains wait together

RandomKey generator_key(std::uint64_t seed, std::uint32_t stream, RandomPurpose purpose, std::uint32_t generators) {
  return {seed, stream, static_cast<RandomPurpose>(static_cast<std::uint32_t>(purpose) | generators << 16)};
}

/// The vectors of one group after the other.
template <class Work>
void in_groups(const VectorRange& range, Work work) {
  for (std::size_t done = 0; done < range.count; done += group) {
    work(VectorRange{range.first + done, std::min(group, range.count - done), range.identity});
  }
}

}  // namespace

PulseUpdate::PulseUpdate(const PulseSettings& settings, std::uint64_t seed, std::uint32_t stream,
                         std::uint32_t generators)
    : settings_(settings),
      row_key_(generator_key(seed, stream, RandomPurpose::row_trains, generators)),
      column_key_(generator_key(seed, stream, RandomPurpose::column_trains, generators)) {}

void PulseUpdate::draw(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                       float learning_rate, ThreadTeam& team, PulseCounts& counts) {
  // Trains do not depend on the weights: vectors are shared out.
  parts_.resize(team.size());
  const std::size_t part_size = (range.count + parts_.size() - 1) / parts_.size();
  std::mutex mutex;
  team.for_ranges(parts_.size(), 1, [&](std::size_t first, std::size_t last) {
    for (std::size_t p = first; p < last; ++p) {
      parts_[p].clear();
      const std::size_t begin = std::min(range.count, p * part_size);
      const std::size_t end = std::min(range.count, begin + part_size);
      const PulseCounts drawn =
          draw_pulse_trains(settings_, learning_rate, inputs, errors,
                            {range.first + begin, end - begin, range.identity}, row_key_, column_key_, parts_[p]);
      const std::lock_guard lock(mutex);
      counts += drawn;
    }
  });
}

void PulseUpdate::consume(std::size_t rows, ThreadTeam& team, PulseCounts& counts, const Consume& work) {
  // Cells take the trains in order: rows are shared out.
  std::mutex mutex;
  team.for_ranges(rows, 1, [&](std::size_t first, std::size_t last) {
    const std::uint64_t coincidences = work(first, last);
    const std::lock_guard lock(mutex);
    counts.coincidences += coincidences;
  });
}

PulseCounts PulseUpdate::operator()(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                                    float learning_rate, ThreadTeam& team, const Apply& apply) {
  PulseCounts counts;
  in_groups(range, [&](const VectorRange& vectors) {
    draw(inputs, errors, vectors, learning_rate, team, counts);
    consume(inputs.elements, team, counts, [&](std::size_t first, std::size_t last) {
      std::uint64_t coincidences = 0;
      for (const PulseEvents& part : parts_) coincidences += apply(part, first, last);
      return coincidences;
    });
  });
  return counts;
}

PulseCounts PulseUpdate::to_one_of(std::size_t planes, const PlaneOf& plane_of, const InputBlock& inputs,
                                   const InputBlock& errors, const VectorRange& range, float learning_rate,
                                   ThreadTeam& team, const ApplyTo& apply) {
  PulseCounts counts;
  in_groups(range, [&](const VectorRange& vectors) {
    draw(inputs, errors, vectors, learning_rate, team, counts);
    // The events of a part sorted by plane, in order; planes do not see each other.
    std::vector<std::vector<std::vector<PulseEvents::Event>>> sorted(parts_.size());
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      sorted[p].resize(planes);
      for (const PulseEvents::Event& event : parts_[p].events) sorted[p][plane_of(event.identity)].push_back(event);
    }
    for (std::size_t plane = 0; plane < planes; ++plane) {
      for (std::size_t p = 0; p < parts_.size(); ++p) parts_[p].events = std::move(sorted[p][plane]);
      consume(inputs.elements, team, counts, [&](std::size_t first, std::size_t last) {
        std::uint64_t coincidences = 0;
        for (const PulseEvents& part : parts_) coincidences += apply(plane, part, first, last);
        return coincidences;
      });
    }
  });
  return counts;
}

}  // namespace rheo::crossbar
