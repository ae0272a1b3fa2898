#include "platforms/checkpoint.hpp"

#include <hdf5.h>
#include <zlib.h>

#include <cstring>
#include <stdexcept>

#include "models/core/error.hpp"
#include "platforms/files.hpp"

namespace rheo {
namespace {

constexpr std::uint64_t version = 3;

using Crc = unsigned long;

/// An HDF5 identifier that closes itself.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {
    if (id_ < 0) throw std::runtime_error("HDF5 refused");
  }
  ~Handle() { close_(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] hid_t get() const noexcept { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

void check(herr_t status) {
  if (status < 0) throw std::runtime_error("HDF5 refused");
}

template <class T>
hid_t type_of();
template <>
hid_t type_of<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
hid_t type_of<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t type_of<std::byte>() {
  return H5T_NATIVE_UINT8;
}
template <>
hid_t type_of<char>() {
  return H5T_NATIVE_CHAR;
}

/// The CRC of what came before and these values. Of no data at all zlib would begin anew.
template <class T>
Crc extended(Crc crc, const std::vector<T>& values) {
  if (values.empty()) return crc;
  return crc32_z(crc, reinterpret_cast<const unsigned char*>(values.data()), values.size() * sizeof(T));
}

template <class T>
void write(hid_t group, const char* name, const std::vector<T>& values, Crc& crc) {
  crc = extended(crc, values);
  const hsize_t size = values.size();
  const Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const Handle set(H5Dcreate2(group, name, type_of<T>(), space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
  if (size > 0) check(H5Dwrite(set.get(), type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
}

template <class T>
std::vector<T> read(hid_t group, const char* name, Crc& crc) {
  const Handle set(H5Dopen2(group, name, H5P_DEFAULT), H5Dclose);
  const Handle space(H5Dget_space(set.get()), H5Sclose);
  const hssize_t size = H5Sget_simple_extent_npoints(space.get());
  if (size < 0) throw std::runtime_error("HDF5 refused");
  std::vector<T> values(static_cast<std::size_t>(size));
  if (size > 0) check(H5Dread(set.get(), type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
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
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  std::string image;
  try {
    // Built in memory: what the disk refuses cannot leave half a file, and HDF5 never sees the refusal.
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    check(H5Pset_fapl_core(access.get(), std::size_t{1} << 20, 0));
    const Handle out(H5Fcreate("checkpoint", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
    Crc crc = 0;
    {
      write(out.get(), "version", std::vector<std::uint64_t>{version}, crc);
      write(out.get(), "configuration",
            std::vector<char>(checkpoint.configuration.begin(), checkpoint.configuration.end()), crc);
      const Handle trainer(H5Gcreate2(out.get(), "trainer", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
      write_trainer(trainer.get(), checkpoint.trainer, crc);
      const Handle chip(H5Gcreate2(out.get(), "chip", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
      write(chip.get(), "time",
            std::vector<std::uint64_t>{checkpoint.chip.now, checkpoint.chip.time.training,
                                       checkpoint.chip.time.evaluation, checkpoint.chip.components.size()},
            crc);
      for (std::size_t i = 0; i < checkpoint.chip.components.size(); ++i) {
        const auto& component = checkpoint.chip.components[i];
        const Handle group(H5Gcreate2(chip.get(), std::to_string(i).c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                           H5Gclose);
        write(group.get(), "name", std::vector<char>(component.name.begin(), component.name.end()), crc);
        write(group.get(), "actions", component.actions, crc);
        write(group.get(), "busy", component.busy, crc);
        write(group.get(), "state", component.state, crc);
      }
    }
    Crc unused = 0;
    write(out.get(), "crc32", std::vector<std::uint64_t>{crc}, unused);
    check(H5Fflush(out.get(), H5F_SCOPE_GLOBAL));
    const ssize_t size = H5Fget_file_image(out.get(), nullptr, 0);
    if (size < 0) throw std::runtime_error("HDF5 refused");
    image.resize(static_cast<std::size_t>(size));
    if (H5Fget_file_image(out.get(), image.data(), image.size()) != size) throw std::runtime_error("HDF5 refused");
  } catch (const std::runtime_error&) {
    throw SimulationError(file.string() + ": the checkpoint cannot be put together");
  }
  write_file(file, image);
}

Checkpoint read_checkpoint(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    throw InputError(file.string(), "no such file; expected a checkpoint");
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  try {
    const Handle in(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    Crc crc = 0;
    if (read<std::uint64_t>(in.get(), "version", crc).at(0) != version) {
      throw InputError(file.string(), "written by another version of Rheo");
    }
    Checkpoint checkpoint;
    const auto configuration = read<char>(in.get(), "configuration", crc);
    checkpoint.configuration.assign(configuration.begin(), configuration.end());
    const Handle trainer(H5Gopen2(in.get(), "trainer", H5P_DEFAULT), H5Gclose);
    checkpoint.trainer = read_trainer(trainer.get(), crc);
    const Handle chip(H5Gopen2(in.get(), "chip", H5P_DEFAULT), H5Gclose);
    const auto time = read<std::uint64_t>(chip.get(), "time", crc);
    checkpoint.chip.now = time.at(0);
    checkpoint.chip.time = {time.at(1), time.at(2)};
    for (std::uint64_t i = 0; i < time.at(3); ++i) {
      const Handle group(H5Gopen2(chip.get(), std::to_string(i).c_str(), H5P_DEFAULT), H5Gclose);
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
