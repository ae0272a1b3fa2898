#pragma once

#include <hdf5.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "models/core/hdf5.hpp"

namespace rheo::testing {

inline std::string bytes_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A way to damage a copy of a file.
struct Damage {
  std::string name;
  std::function<void(const std::filesystem::path& copy)> apply;
};

/// One bit turned over at `count` places, and as many lengths.
inline std::vector<Damage> damaged_bytes(const std::filesystem::path& file, std::size_t count) {
  std::vector<Damage> list;
  const std::string whole = bytes_of_file(file);
  const auto rewrite = [](const std::filesystem::path& copy, const std::string& bytes) {
    std::ofstream(copy, std::ios::binary) << bytes;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t place = whole.size() * i / count;
    list.push_back({"byte " + std::to_string(place), [=](const std::filesystem::path& copy) {
                      std::string bytes = whole;
                      bytes[place] = static_cast<char>(bytes[place] ^ (1 << i % 8));
                      rewrite(copy, bytes);
                    }});
    list.push_back({"length " + std::to_string(place),
                    [=](const std::filesystem::path& copy) { rewrite(copy, whole.substr(0, place)); }});
  }
  return list;
}

namespace damage_detail {

/// Overwrites the row (or all of an attribute) with the number, as far as its type holds it.
inline void overwrite(const std::filesystem::path& copy, const std::string& path, bool attribute, bool last,
                      double number, std::uint64_t integer) {
  const hdf5::Handle file(H5Fopen(copy.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
  const std::string owner = attribute ? path.substr(0, path.rfind('@')) : path;
  const std::string name = attribute ? path.substr(path.rfind('@') + 1) : "";
  const hdf5::Handle object(H5Oopen(file.get(), owner.c_str(), H5P_DEFAULT), H5Oclose);
  const hdf5::Handle value(
      attribute ? H5Aopen(object.get(), name.c_str(), H5P_DEFAULT) : H5Dopen2(file.get(), owner.c_str(), H5P_DEFAULT),
      attribute ? H5Aclose : H5Dclose);
  const hdf5::Handle type(attribute ? H5Aget_type(value.get()) : H5Dget_type(value.get()), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type.get());
  const std::string letters(H5Tget_size(type.get()), 'x');
  const void* data = kind == H5T_STRING  ? static_cast<const void*>(letters.data())
                     : kind == H5T_FLOAT ? static_cast<const void*>(&number)
                                         : static_cast<const void*>(&integer);
  const hid_t in_memory = kind == H5T_STRING ? type.get() : kind == H5T_FLOAT ? H5T_NATIVE_DOUBLE : H5T_NATIVE_UINT64;
  if (attribute) {
    hdf5::check(H5Awrite(value.get(), in_memory, data));
    return;
  }
  const hdf5::Handle space(H5Dget_space(value.get()), H5Sclose);
  const hssize_t rows = H5Sget_simple_extent_npoints(space.get());
  const hsize_t row = last ? static_cast<hsize_t>(rows - 1) : 0;
  const hsize_t one = 1;
  hdf5::check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &row, nullptr, &one, nullptr));
  const hdf5::Handle cell(H5Screate_simple(1, &one, nullptr), H5Sclose);
  hdf5::check(H5Dwrite(value.get(), in_memory, cell.get(), space.get(), H5P_DEFAULT, data));
}

/// "GROUP/COLUMN" of every column that has a row, "OBJECT@ATTRIBUTE" of every attribute.
inline std::vector<std::string> objects(const std::filesystem::path& name) {
  const hdf5::Handle file(H5Fopen(name.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  struct Found {
    hid_t file;
    std::vector<std::string> list;
  } found{file.get(), {}};
  const auto visit = [](hid_t, const char* path, const H5O_info_t* info, void* data) -> herr_t {
    auto& f = *static_cast<Found*>(data);
    const hdf5::Handle object(H5Oopen(f.file, path, H5P_DEFAULT), H5Oclose);
    for (hsize_t i = 0; i < info->num_attrs; ++i) {
      const hdf5::Handle attribute(
          H5Aopen_by_idx(object.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
      std::string text(256, '\0');
      const ssize_t length = H5Aget_name(attribute.get(), text.size(), text.data());
      f.list.push_back(std::string(path) + "@" + text.substr(0, static_cast<std::size_t>(length)));
    }
    if (info->type != H5O_TYPE_DATASET) return 0;
    const hdf5::Handle space(H5Dget_space(object.get()), H5Sclose);
    if (H5Sget_simple_extent_npoints(space.get()) > 0) f.list.emplace_back(path);
    return 0;
  };
  hdf5::check(H5Ovisit(file.get(), H5_INDEX_NAME, H5_ITER_INC, visit, &found));
  return found.list;
}

}  // namespace damage_detail

/// Every attribute, and every column's first and last row, overwritten with 0 and with the most that it holds (numbers
/// that are none in columns of reals, letters in those of texts), as a well-formed HDF5 file.
inline std::vector<Damage> overwritten_values(const std::filesystem::path& file) {
  std::vector<Damage> list;
  for (const std::string& path : damage_detail::objects(file)) {
    const bool attribute = path.find('@') != std::string::npos;
    for (const bool last : {false, true}) {
      if (attribute && last) continue;
      for (const bool most : {false, true}) {
        const double number = most ? std::numeric_limits<double>::quiet_NaN() : 0.0;
        const std::uint64_t integer = most ? std::numeric_limits<std::uint64_t>::max() >> 1 : 0;
        list.push_back({path + (last ? " last" : "") + (most ? " most" : " 0"), [=](const std::filesystem::path& copy) {
                          damage_detail::overwrite(copy, path, attribute, last, number, integer);
                        }});
      }
    }
  }
  return list;
}

}  // namespace rheo::testing
