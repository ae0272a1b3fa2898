#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// What Rheo's files need of HDF5. Everything throws std::runtime_error when HDF5 refuses.
namespace rheo::hdf5 {

/// An identifier that closes itself.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) { require(id); }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] hid_t get() const noexcept { return id_; }

  static void require(hid_t id) {
    if (id < 0) throw std::runtime_error("HDF5 refused");
  }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

inline void check(herr_t status) { Handle::require(status); }

template <class T>
[[nodiscard]] hid_t type_of();
template <>
[[nodiscard]] inline hid_t type_of<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
[[nodiscard]] inline hid_t type_of<std::uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
[[nodiscard]] inline hid_t type_of<std::uint16_t>() {
  return H5T_NATIVE_UINT16;
}
template <>
[[nodiscard]] inline hid_t type_of<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
[[nodiscard]] inline hid_t type_of<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
[[nodiscard]] inline hid_t type_of<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
[[nodiscard]] inline hid_t type_of<std::byte>() {
  return H5T_NATIVE_UINT8;
}
template <>
[[nodiscard]] inline hid_t type_of<char>() {
  return H5T_NATIVE_CHAR;
}

[[nodiscard]] inline Handle new_group(hid_t parent, const std::string& name) {
  return {H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose};
}
[[nodiscard]] inline Handle open_group(hid_t parent, const std::string& name) {
  return {H5Gopen2(parent, name.c_str(), H5P_DEFAULT), H5Gclose};
}

/// A data set of the shape, row by row. Without times: the same values give the same bytes.
template <class T>
void write(hid_t group, const std::string& name, const std::vector<T>& values, const std::vector<hsize_t>& shape) {
  const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  check(H5Pset_obj_track_times(creation.get(), false));
  const Handle set(H5Dcreate2(group, name.c_str(), type_of<T>(), space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                   H5Dclose);
  if (!values.empty()) check(H5Dwrite(set.get(), type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
}

/// A data set, row by row; `shape` receives its shape.
template <class T>
[[nodiscard]] std::vector<T> read(hid_t group, const std::string& name, std::vector<hsize_t>& shape) {
  const Handle set(H5Dopen2(group, name.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle space(H5Dget_space(set.get()), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  const hssize_t size = H5Sget_simple_extent_npoints(space.get());
  if (rank < 0 || size < 0) throw std::runtime_error("HDF5 refused");
  shape.resize(static_cast<std::size_t>(rank));
  if (rank > 0) check(H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr));
  std::vector<T> values(static_cast<std::size_t>(size));
  if (size > 0) check(H5Dread(set.get(), type_of<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  return values;
}
template <class T>
[[nodiscard]] std::vector<T> read(hid_t group, const std::string& name) {
  std::vector<hsize_t> shape;
  return read<T>(group, name, shape);
}

/// Keeps HDF5 from cleaning up when the process ends: version 1.10.8 crashes there over a file that a full disk kept it
/// from closing. To be called before anything else of HDF5; whoever opens files closes them.
void forgo_cleanup_at_exit();

/// The bytes of a file that `fill` fills. Built in memory: what the disk refuses cannot leave half a file, and HDF5
/// never sees the refusal.
[[nodiscard]] std::string file_image(const std::function<void(hid_t file)>& fill);

/// Opens a file for reading; HDF5's own complaints are not printed.
[[nodiscard]] Handle open_file(const std::string& name);

}  // namespace rheo::hdf5
