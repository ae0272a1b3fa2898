#include "platforms/checkpoint.hpp"

#include <zlib.h>

#include <stdexcept>

#include "models/core/error.hpp"
#include "platforms/files.hpp"
#include "models/core/hdf5.hpp"

namespace rheo {
namespace {

constexpr std::uint64_t version = 4;

using Crc = unsigned long;

/// The CRC of what came before and these values. Of no data at all zlib would begin anew.
template <class T>
Crc extended(Crc crc, const std::vector<T>& values) {
  if (values.empty()) return crc;
  return crc32_z(crc, reinterpret_cast<const unsigned char*>(values.data()), values.size() * sizeof(T));
}

template <class T>
void write(hid_t group, const char* name, const std::vector<T>& values, Crc& crc) {
  crc = extended(crc, values);
  hdf5::write(group, name, values, {values.size()});
}

template <class T>
std::vector<T> read(hid_t group, const char* name, Crc& crc) {
  std::vector<T> values = hdf5::read<T>(group, name);
  crc = extended(crc, values);
  return values;
}

void write_trainer(hid_t group, const TrainerState& state, Crc& crc) {
  write(group, "position",
        std::vector<std::uint64_t>{static_cast<std::uint64_t>(state.epoch), state.testing ? 1U : 0U,
                                   static_cast<std::uint64_t>(state.next_sample),
                                   static_cast<std::uint64_t>(state.correct)},
        crc);
  write(group, "loss_sum", std::vector<double>{state.loss_sum}, crc);
  std::vector<double> table;
  auto all = state.records;
  all.push_back(state.current);
  for (const EpochRecord& r : all) {
    table.insert(table.end(), {static_cast<double>(r.epoch), r.train_loss, r.train_accuracy, r.test_loss,
                               r.test_accuracy, r.learning_rate, r.momentum});
  }
  write(group, "records", table, crc);
}

TrainerState read_trainer(hid_t group, Crc& crc) {
  TrainerState state;
  const auto position = read<std::uint64_t>(group, "position", crc);
  state.epoch = static_cast<std::int64_t>(position.at(0));
  state.testing = position.at(1) != 0;
  state.next_sample = static_cast<std::int64_t>(position.at(2));
  state.correct = static_cast<std::int64_t>(position.at(3));
  state.loss_sum = read<double>(group, "loss_sum", crc).at(0);
  const auto table = read<double>(group, "records", crc);
  constexpr std::size_t columns = 7;
  for (std::size_t at = 0; at + columns <= table.size(); at += columns) {
    const double* row = table.data() + at;
    state.records.push_back({static_cast<std::int64_t>(row[0]), row[1], row[2], row[3], row[4], row[5], row[6]});
  }
  if (state.records.empty()) throw std::runtime_error("no records");
  state.current = state.records.back();
  state.records.pop_back();
  return state;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint) {
  std::string image;
  try {
    image = hdf5::file_image([&](hid_t out) {
      Crc crc = 0;
      write(out, "version", std::vector<std::uint64_t>{version}, crc);
      write(out, "configuration", std::vector<char>(checkpoint.configuration.begin(), checkpoint.configuration.end()),
            crc);
      const hdf5::Handle trainer = hdf5::new_group(out, "trainer");
      write_trainer(trainer.get(), checkpoint.trainer, crc);
      const hdf5::Handle chip = hdf5::new_group(out, "chip");
      write(chip.get(), "time", std::vector<std::uint64_t>{checkpoint.chip.now, checkpoint.chip.components.size()},
            crc);
      write(chip.get(), "modes", std::vector<std::uint64_t>(checkpoint.chip.time.begin(), checkpoint.chip.time.end()),
            crc);
      for (std::size_t i = 0; i < checkpoint.chip.components.size(); ++i) {
        const auto& component = checkpoint.chip.components[i];
        const hdf5::Handle group = hdf5::new_group(chip.get(), std::to_string(i));
        write(group.get(), "name", std::vector<char>(component.name.begin(), component.name.end()), crc);
        write(group.get(), "actions", component.actions, crc);
        write(group.get(), "busy", component.busy, crc);
        write(group.get(), "state", component.state, crc);
      }
      Crc unused = 0;
      write(out, "crc32", std::vector<std::uint64_t>{crc}, unused);
    });
  } catch (const std::runtime_error&) {
    throw SimulationError(file.string() + ": the checkpoint cannot be put together");
  }
  write_file(file, image);
}

Checkpoint read_checkpoint(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    throw InputError(file.string(), "no such file; expected a checkpoint");
  try {
    const hdf5::Handle in = hdf5::open_file(file.string());
    Crc crc = 0;
    if (read<std::uint64_t>(in.get(), "version", crc).at(0) != version) {
      throw InputError(file.string(), "written by another version of Rheo");
    }
    Checkpoint checkpoint;
    const auto configuration = read<char>(in.get(), "configuration", crc);
    checkpoint.configuration.assign(configuration.begin(), configuration.end());
    const hdf5::Handle trainer = hdf5::open_group(in.get(), "trainer");
    checkpoint.trainer = read_trainer(trainer.get(), crc);
    const hdf5::Handle chip = hdf5::open_group(in.get(), "chip");
    const auto time = read<std::uint64_t>(chip.get(), "time", crc);
    checkpoint.chip.now = time.at(0);
    const auto modes = read<std::uint64_t>(chip.get(), "modes", crc);
    for (std::size_t mode = 0; mode < mode_count; ++mode) checkpoint.chip.time[mode] = modes.at(mode);
    for (std::uint64_t i = 0; i < time.at(1); ++i) {
      const hdf5::Handle group = hdf5::open_group(chip.get(), std::to_string(i));
      AnalogChip::ComponentState component;
      const auto name = read<char>(group.get(), "name", crc);
      component.name.assign(name.begin(), name.end());
      component.actions = read<std::uint64_t>(group.get(), "actions", crc);
      component.busy = read<std::uint64_t>(group.get(), "busy", crc);
      component.state = read<std::byte>(group.get(), "state", crc);
      checkpoint.chip.components.push_back(std::move(component));
    }
    Crc unused = 0;
    if (read<std::uint64_t>(in.get(), "crc32", unused).at(0) != crc) throw std::runtime_error("CRC");
    return checkpoint;
  } catch (const InputError&) {
    throw;
  } catch (const std::exception&) {
    throw InputError(file.string(), "damaged, or not a checkpoint of Rheo");
  }
}

}  // namespace rheo
