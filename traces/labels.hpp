#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "models/core/hdf5.hpp"

namespace rheo::traces {

template <class T>
void write_attribute(hid_t object, const char* name, T value) {
  const hdf5::Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const hdf5::Handle attribute(H5Acreate2(object, name, hdf5::type_of<T>(), space.get(), H5P_DEFAULT, H5P_DEFAULT),
                               H5Aclose);
  hdf5::check(H5Awrite(attribute.get(), hdf5::type_of<T>(), &value));
}

inline void write_attribute(hid_t object, const char* name, const std::string& text) {
  const hdf5::Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  hdf5::check(H5Tset_size(type.get(), std::max<std::size_t>(text.size(), 1)));
  const hdf5::Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const hdf5::Handle attribute(H5Acreate2(object, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  hdf5::check(H5Awrite(attribute.get(), type.get(), text.empty() ? "" : text.data()));
}

/// Strings of one length, padded with zeros.
inline void write_names(hid_t parent, const char* name, const std::vector<std::string>& names) {
  std::size_t length = 1;
  for (const std::string& text : names) length = std::max(length, text.size());
  std::string table(length * names.size(), '\0');
  for (std::size_t i = 0; i < names.size(); ++i) names[i].copy(table.data() + i * length, length);
  const hdf5::Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  hdf5::check(H5Tset_size(type.get(), length));
  hdf5::check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD));
  const hsize_t rows = names.size();
  const hdf5::Handle space(H5Screate_simple(1, &rows, nullptr), H5Sclose);
  const hdf5::Handle set(H5Dcreate2(parent, name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                         H5Dclose);
  if (!names.empty()) hdf5::check(H5Dwrite(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, table.data()));
}

}  // namespace rheo::traces
