#include "models/crossbar/pulse_update.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace rheo::crossbar {
namespace {

/// Vectors whose trains wait together: as many as fit 64 MiB in the worst case.
std::size_t group_of(const PulseSettings& settings, const InputBlock& inputs, const InputBlock& errors) {
  constexpr std::size_t words = std::size_t{1} << 24;
  const std::size_t segments = (static_cast<std::size_t>(settings.train_length) + 30) / 31;
  const std::size_t vector = 2 * segments * (2 * std::size_t{inputs.elements} + errors.elements + 32);
  return std::clamp<std::size_t>(words / vector, 1, 2048);
}

RandomKey generator_key(std::uint64_t seed, std::uint32_t stream, RandomPurpose purpose, std::uint32_t generators) {
  return {seed, stream, static_cast<RandomPurpose>(static_cast<std::uint32_t>(purpose) | generators << 16)};
}

/// The vectors of one group after the other.
template <class Work>
void in_groups(const VectorRange& range, std::size_t group, Work work) {
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

PulseCounts PulseUpdate::draw(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                              float learning_rate, ThreadTeam& team) {
  // Vectors are shared out in parts, which keep their order behind those that wait already.
  PulseCounts counts;
  const std::size_t first_part = waiting_;
  const std::size_t part_size = (range.count + team.size() - 1) / team.size();
  waiting_ += team.size();
  if (parts_.size() < waiting_) parts_.resize(waiting_);
  std::mutex mutex;
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

void PulseUpdate::consume(std::size_t rows, ThreadTeam& team, PulseCounts& counts, const Consume& work) {
  // Cells take the trains in order: rows are shared out.
  std::mutex mutex;
  team.for_ranges(rows, 1, [&](std::size_t first, std::size_t last) {
    const std::uint64_t coincidences = work(first, last);
    const std::lock_guard lock(mutex);
    counts.coincidences += coincidences;
  });
}

PulseCounts PulseUpdate::apply(std::size_t rows, ThreadTeam& team, const Apply& apply) {
  PulseCounts counts;
  consume(rows, team, counts, [&](std::size_t first, std::size_t last) {
    std::uint64_t coincidences = 0;
    for (std::size_t p = 0; p < waiting_; ++p) coincidences += apply(parts_[p], first, last);
    return coincidences;
  });
  waiting_ = 0;
  return counts;
}

PulseCounts PulseUpdate::operator()(const InputBlock& inputs, const InputBlock& errors, const VectorRange& range,
                                    float learning_rate, ThreadTeam& team, const Apply& apply_events) {
  PulseCounts counts;
  in_groups(range, group_of(settings_, inputs, errors), [&](const VectorRange& vectors) {
    counts += draw(inputs, errors, vectors, learning_rate, team);
    counts += apply(inputs.elements, team, apply_events);
  });
  return counts;
}

PulseCounts PulseUpdate::to_one_of(std::size_t planes, const PlaneOf& plane_of, const InputBlock& inputs,
                                   const InputBlock& errors, const VectorRange& range, float learning_rate,
                                   ThreadTeam& team, const ApplyTo& apply_to) {
  PulseCounts counts;
  in_groups(range, group_of(settings_, inputs, errors), [&](const VectorRange& vectors) {
    counts += draw(inputs, errors, vectors, learning_rate, team);
    // The events of a part sorted by plane, in order; planes do not see each other.
    std::vector<std::vector<std::vector<PulseEvents::Event>>> sorted(waiting_);
    for (std::size_t p = 0; p < waiting_; ++p) {
      sorted[p].resize(planes);
      for (const PulseEvents::Event& event : parts_[p].events) sorted[p][plane_of(event.identity)].push_back(event);
    }
    for (std::size_t plane = 0; plane < planes; ++plane) {
      for (std::size_t p = 0; p < waiting_; ++p) parts_[p].events = std::move(sorted[p][plane]);
      consume(inputs.elements, team, counts, [&](std::size_t first, std::size_t last) {
        std::uint64_t coincidences = 0;
        for (std::size_t p = 0; p < waiting_; ++p) coincidences += apply_to(plane, parts_[p], first, last);
        return coincidences;
      });
    }
    waiting_ = 0;
  });
  return counts;
}

}  // namespace rheo::crossbar
