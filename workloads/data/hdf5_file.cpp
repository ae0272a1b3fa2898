#include "workloads/data/hdf5_file.hpp"

#include <hdf5.h>
#include <zlib.h>

#include <numeric>

namespace rheo {
namespace {

/// An HDF5 identifier that closes itself.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  [[nodiscard]] hid_t get() const noexcept { return id_; }
  [[nodiscard]] bool good() const noexcept { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

template <class Number>
hid_t type_of();
template <>
hid_t type_of<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t type_of<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t type_of<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t type_of<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
hid_t type_of<std::uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
hid_t type_of<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}

void require(bool good, const char* what) {
  if (!good) throw SimulationError(std::string("HDF5 refused to ") + what);
}

/// Of no data at all zlib would begin anew.
unsigned long extended(unsigned long crc, const void* data, std::size_t bytes) {
  return bytes == 0 ? crc : crc32_z(crc, static_cast<const unsigned char*>(data), bytes);
}

std::uint64_t product(std::span<const std::uint64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{1}, std::multiplies<>());
}

}  // namespace

Hdf5Image::Hdf5Image() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  require(access.good() && H5Pset_fapl_core(access.get(), std::size_t{1} << 20, 0) >= 0, "work in memory");
  file_ = H5Fcreate("image", H5F_ACC_TRUNC, H5P_DEFAULT, access.get());
  require(file_ >= 0, "make a file");
}

Hdf5Image::~Hdf5Image() { H5Fclose(file_); }

template <class Number>
void Hdf5Image::write(const std::string& path, std::span<const Number> values, std::vector<std::uint64_t> shape) {
  if (shape.empty()) shape = {values.size()};
  require(product(shape) == values.size(), "take values that do not fill their shape");
  crc_ = extended(crc_, values.data(), values.size_bytes());
  const std::vector<hsize_t> sizes(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr), H5Sclose);
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  require(space.good() && links.good() && H5Pset_create_intermediate_group(links.get(), 1) >= 0, "make a group");
  // Without the time of day: the same content, the same bytes.
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  require(creation.good() && H5Pset_obj_track_times(creation.get(), 0) >= 0, "forget the time");
  const Handle set(
      H5Dcreate2(file_, path.c_str(), type_of<Number>(), space.get(), links.get(), creation.get(), H5P_DEFAULT),
      H5Dclose);
  require(set.good(), "make a data set");
  if (values.empty()) return;
  require(H5Dwrite(set.get(), type_of<Number>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0, "write");
}

void Hdf5Image::write_text(const std::string& path, std::string_view text) {
  write(path, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string Hdf5Image::bytes() {
  write("crc32", std::vector<std::uint64_t>{crc_});
  require(H5Fflush(file_, H5F_SCOPE_GLOBAL) >= 0, "flush");
  const ssize_t size = H5Fget_file_image(file_, nullptr, 0);
  require(size >= 0, "measure the file");
  std::string image(static_cast<std::size_t>(size), '\0');
  require(H5Fget_file_image(file_, image.data(), image.size()) == size, "hand the file over");
  return image;
}

Hdf5File::Hdf5File(const std::filesystem::path& file, std::string kind) : name_(file.string()), kind_(std::move(kind)) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) refuse("no such file; expected " + kind_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  file_ = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file_ < 0) refuse("not HDF5, or damaged; expected " + kind_);
}

Hdf5File::~Hdf5File() { H5Fclose(file_); }

void Hdf5File::refuse(const std::string& fault) const { throw InputError(name_, fault); }

bool Hdf5File::has(const std::string& path) const {
  // Every group on the way must be there, or HDF5 answers with an error.
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    if (H5Lexists(file_, path.substr(0, end).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return H5Lexists(file_, path.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::uint64_t> Hdf5File::shape(const std::string& path) const {
  if (!has(path)) refuse("has no " + path + "; expected " + kind_);
  const Handle set(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle space(set.good() ? H5Dget_space(set.get()) : -1, H5Sclose);
  const int dimensions = space.good() ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (dimensions < 0) refuse(path + " is not a data set; expected " + kind_);
  std::vector<hsize_t> sizes(static_cast<std::size_t>(dimensions));
  if (dimensions > 0) H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

template <class Number>
std::vector<Number> Hdf5File::read(const std::string& path) {
  const std::vector<std::uint64_t> sizes = shape(path);
  return read_part<Number>(path, 0, sizes.empty() ? 1 : sizes[0]);
}

template <class Number>
std::vector<Number> Hdf5File::read_part(const std::string& path, std::uint64_t first, std::uint64_t count) {
  std::vector<std::uint64_t> sizes = shape(path);
  if (sizes.empty()) sizes = {1};
  if (first > sizes[0] || count > sizes[0] - first) refuse(path + " is shorter than expected");
  const Handle set(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle space(H5Dget_space(set.get()), H5Sclose);
  std::vector<hsize_t> start(sizes.size()), part(sizes.begin(), sizes.end());
  start[0] = first;
  part[0] = count;
  const std::uint64_t total = product(sizes) / std::max<std::uint64_t>(sizes[0], 1) * count;
  std::vector<Number> values(total);
  if (total > 0) {
    const Handle memory(H5Screate_simple(static_cast<int>(part.size()), part.data(), nullptr), H5Sclose);
    const bool whole = H5Sget_simple_extent_ndims(space.get()) == 0;
    if ((!whole && H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, part.data(), nullptr) < 0) ||
        H5Dread(set.get(), type_of<Number>(), memory.get(), space.get(), H5P_DEFAULT, values.data()) < 0) {
      refuse(path + " cannot be read: damaged, or not numbers; expected " + kind_);
    }
  }
  crc_ = extended(crc_, values.data(), values.size() * sizeof(Number));
  return values;
}

std::string Hdf5File::read_text(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read<std::uint8_t>(path);
  return {bytes.begin(), bytes.end()};
}

void Hdf5File::require_crc() {
  const unsigned long got = crc_;
  const std::vector<std::uint64_t> expected = read<std::uint64_t>("crc32");
  if (expected.size() != 1 || expected[0] != got) refuse("damaged: its checksum is another; expected " + kind_);
}

template void Hdf5Image::write(const std::string&, std::span<const float>, std::vector<std::uint64_t>);
template void Hdf5Image::write(const std::string&, std::span<const double>, std::vector<std::uint64_t>);
template void Hdf5Image::write(const std::string&, std::span<const std::int32_t>, std::vector<std::uint64_t>);
template void Hdf5Image::write(const std::string&, std::span<const std::uint8_t>, std::vector<std::uint64_t>);
template void Hdf5Image::write(const std::string&, std::span<const std::uint32_t>, std::vector<std::uint64_t>);
template void Hdf5Image::write(const std::string&, std::span<const std::uint64_t>, std::vector<std::uint64_t>);

template std::vector<float> Hdf5File::read(const std::string&);
template std::vector<double> Hdf5File::read(const std::string&);
template std::vector<std::int32_t> Hdf5File::read(const std::string&);
template std::vector<std::uint8_t> Hdf5File::read(const std::string&);
template std::vector<std::uint32_t> Hdf5File::read(const std::string&);
template std::vector<std::uint64_t> Hdf5File::read(const std::string&);
template std::vector<float> Hdf5File::read_part(const std::string&, std::uint64_t, std::uint64_t);

}  // namespace rheo
