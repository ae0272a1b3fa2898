#include "models/core/hdf5.hpp"

namespace rheo::hdf5 {

void forgo_cleanup_at_exit() { check(H5dont_atexit()); }

std::string file_image(const std::function<void(hid_t file)>& fill) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  check(H5Pset_fapl_core(access.get(), std::size_t{1} << 20, 0));
  const Handle out(H5Fcreate("image", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
  fill(out.get());
  check(H5Fflush(out.get(), H5F_SCOPE_GLOBAL));
  const ssize_t size = H5Fget_file_image(out.get(), nullptr, 0);
  if (size < 0) throw std::runtime_error("HDF5 refused");
  std::string image(static_cast<std::size_t>(size), '\0');
  if (H5Fget_file_image(out.get(), image.data(), image.size()) != size) throw std::runtime_error("HDF5 refused");
  return image;
}

Handle open_file(const std::string& name) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  return {H5Fopen(name.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose};
}

}  // namespace rheo::hdf5
