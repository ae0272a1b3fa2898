#include "workloads/spiking/evaluation.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "workloads/spiking/training.hpp"

namespace rheo::spiking {
namespace {

std::uint32_t count_of(std::span<const std::uint64_t> words) {
  std::uint32_t sum = 0;
  for (const std::uint64_t word : words) sum += static_cast<std::uint32_t>(std::popcount(word));
  return sum;
}

bool counts_from(float snr_db, double snr_from) { return !(snr_db < snr_from); }

}  // namespace

std::uint32_t SpikingEvaluation::predicted(std::size_t example) const {
  return class_of(std::span(counts).subspan(example * classes, classes));
}

double SpikingEvaluation::accuracy(std::size_t best, double snr_from) const {
  std::size_t all = 0, right = 0;
  for (std::size_t i = 0; i < examples(); ++i) {
    if (!counts_from(snr_db[i], snr_from)) continue;
    ++all;
    const std::uint32_t* row = counts.data() + i * classes;
    std::size_t before = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      before += row[c] > row[labels[i]] || (row[c] == row[labels[i]] && c < labels[i]) ? 1 : 0;
    }
    right += before < best ? 1 : 0;
  }
  return all == 0 ? 0 : static_cast<double>(right) / static_cast<double>(all);
}

double SpikingEvaluation::accuracy() const { return accuracy(1, -std::numeric_limits<double>::infinity()); }

std::vector<std::uint64_t> SpikingEvaluation::confusion(double snr_from) const {
  std::vector<std::uint64_t> table(classes * classes);
  for (std::size_t i = 0; i < examples(); ++i) {
    if (counts_from(snr_db[i], snr_from)) ++table[labels[i] * classes + predicted(i)];
  }
  return table;
}

std::vector<SpikingEvaluation::AtSnr> SpikingEvaluation::by_snr() const {
  std::map<float, AtSnr> groups;
  for (std::size_t i = 0; i < examples(); ++i) {
    if (std::isnan(snr_db[i])) continue;
    AtSnr& group = groups[snr_db[i]];
    group.snr_db = snr_db[i];
    ++group.examples;
    group.correct += predicted(i) == labels[i] ? 1 : 0;
  }
  std::vector<AtSnr> rows;
  for (const auto& [snr, group] : groups) rows.push_back(group);
  return rows;
}

double SpikingEvaluation::spike_ratio(std::size_t layer) const {
  double sum = 0;
  for (const std::uint64_t at_tick : spikes[layer]) sum += static_cast<double>(at_tick);
  return sum / (static_cast<double>(values[layer]) * static_cast<double>(ticks) * static_cast<double>(examples()));
}

double SpikingEvaluation::fullest_ratio(std::size_t layer) const {
  return static_cast<double>(fullest[layer]) / (static_cast<double>(values[layer]) * static_cast<double>(ticks));
}

SpikingEvaluation evaluate(const std::function<std::unique_ptr<NetworkRun>()>& make_run, const SpikeData& data,
                           std::span<const std::uint32_t> examples, std::size_t ticks, std::uint64_t presentation,
                           ThreadTeam& team, const std::function<bool()>& keep_going) {
  SpikingEvaluation result;
  std::atomic<bool> going = true;
  std::mutex mutex;
  result.ticks = ticks;
  result.classes = data.classes().size();
  result.labels.resize(examples.size());
  result.snr_db.resize(examples.size());
  result.counts.resize(examples.size() * result.classes);
  team.for_ranges(examples.size(), 1, [&](std::size_t first, std::size_t last) {
    const std::unique_ptr<NetworkRun> run = make_run();
    const SpikingNetwork& network = run->network();
    const std::size_t layers = network.layers.size();
    std::vector<std::vector<std::uint64_t>> spikes(layers + 1, std::vector<std::uint64_t>(ticks));
    std::vector<std::uint32_t> largest(layers + 1);
    std::vector<std::uint64_t> fullest(layers + 1);
    SpikeTrain input(ticks, network.input.values());
    for (std::size_t i = first; i < last && going; ++i) {
      if (!keep_going()) going = false;
      data.encode(examples[i], presentation, input);
      result.labels[i] = data.label(examples[i]);
      result.snr_db[i] = static_cast<float>(data.snr_db(examples[i]));
      run->reset();
      std::vector<std::uint64_t> example(layers + 1);
      for (std::size_t t = 0; t < ticks; ++t) {
        run->tick(input.at(t));
        for (std::size_t l = 0; l <= layers; ++l) {
          const std::uint32_t count = count_of(l == 0 ? std::as_const(input).at(t) : run->spikes(l - 1));
          spikes[l][t] += count;
          largest[l] = std::max(largest[l], count);
          example[l] += count;
        }
        for_spikes(run->spikes(layers - 1), [&](std::size_t c) { ++result.counts[i * result.classes + c]; });
      }
      for (std::size_t l = 0; l <= layers; ++l) fullest[l] = std::max(fullest[l], example[l]);
    }
    const std::lock_guard lock(mutex);
    if (result.spikes.empty()) {
      result.spikes.assign(layers + 1, std::vector<std::uint64_t>(ticks));
      result.largest.resize(layers + 1);
      result.fullest.resize(layers + 1);
      for (std::size_t l = 0; l < layers; ++l) result.values.push_back(network.input_of(l).values());
      result.values.push_back(network.classes());
    }
    for (std::size_t l = 0; l <= layers; ++l) {
      for (std::size_t t = 0; t < ticks; ++t) result.spikes[l][t] += spikes[l][t];
      result.largest[l] = std::max(result.largest[l], largest[l]);
      result.fullest[l] = std::max(result.fullest[l], fullest[l]);
    }
  });
  if (!going) return {};
  return result;
}

}  // namespace rheo::spiking
