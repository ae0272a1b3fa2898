#include "workloads/data/idx.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "workloads/data/content.hpp"

namespace rheo {
namespace {

constexpr std::uint32_t images_magic = 0x00000803;
constexpr std::uint32_t labels_magic = 0x00000801;
constexpr std::uint64_t largest_content = std::uint64_t{1} << 31;
constexpr std::size_t chunk_bytes = std::size_t{1} << 20;
constexpr const char* kind = "an IDX file";

std::uint32_t big_endian(std::span<const std::uint8_t> bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

std::string describe_magic(std::uint32_t magic) {
  if (magic == images_magic) return "0x00000803 (images)";
  if (magic == labels_magic) return "0x00000801 (labels)";
  return fmt::format("0x{:08x}", magic);
}

template <std::size_t Dimensions>
struct Idx {
  std::array<std::uint64_t, Dimensions> sizes;
  std::vector<std::uint8_t> bytes;
  ContentCheck content;
};

template <std::size_t Dimensions>
Idx<Dimensions> read_idx(const std::filesystem::path& file, std::uint32_t magic) {
  Content content(file, kind);
  std::array<std::uint8_t, 4 + 4 * Dimensions> header{};
  const std::size_t header_found = content.read(header);
  if (header_found == 0 && !content.ends_early()) {
    throw InputError(content.name(), "empty; expected an IDX file with magic number " + describe_magic(magic));
  }
  if (header_found >= 4 && big_endian(header) != magic) {
    throw InputError(content.name(), fmt::format("magic number {}; expected {}", describe_magic(big_endian(header)),
                                                 describe_magic(magic)));
  }
  if (header_found < header.size()) content.too_short(header.size());

  Idx<Dimensions> idx;
  std::uint64_t expected = 1;
  bool plausible = true;
  for (std::size_t i = 0; i < Dimensions; ++i) {
    idx.sizes[i] = big_endian(std::span(header).subspan(4 + 4 * i));
    plausible = plausible && idx.sizes[i] > 0 && expected <= largest_content / idx.sizes[i];
    if (plausible) expected *= idx.sizes[i];
  }
  if (!plausible) {
    throw InputError(content.name(), fmt::format("sizes {}; expected each at least 1 and at most {} bytes in all",
                                                 fmt::join(idx.sizes, " x "), largest_content));
  }

  while (idx.bytes.size() < expected) {
    const std::size_t have = idx.bytes.size();
    const std::size_t want = std::min<std::uint64_t>(chunk_bytes, expected - have);
    idx.bytes.resize(have + want);
    if (content.read(std::span(idx.bytes).subspan(have)) < want) content.too_short(header.size() + expected);
  }
  std::array<std::uint8_t, 1> beyond{};  // reading on also makes zlib verify the checksum at the end of the stream
  if (content.read(beyond) > 0) {
    throw InputError(content.name(),
                     fmt::format("longer than the {} bytes that its header announces", header.size() + expected));
  }
  if (content.ends_early()) content.too_short(header.size() + expected);
  idx.content = content.check();
  return idx;
}

}  // namespace

IdxImages read_idx_images(const std::filesystem::path& file) {
  Idx<3> idx = read_idx<3>(file, images_magic);
  return {idx.sizes[0], idx.sizes[1], idx.sizes[2], std::move(idx.bytes), idx.content};
}

IdxLabels read_idx_labels(const std::filesystem::path& file) {
  Idx<1> idx = read_idx<1>(file, labels_magic);
  return {std::move(idx.bytes), idx.content};
}

IdxSet read_idx_set(const std::filesystem::path& images, const std::filesystem::path& labels, std::size_t classes) {
  IdxSet set{read_idx_images(images), read_idx_labels(labels)};
  const std::vector<std::uint8_t>& values = set.labels.labels;
  if (values.size() != set.images.count) {
    throw InputError(labels.string(), fmt::format("{} labels; expected {}, as many as there are images in {}",
                                                  values.size(), set.images.count, images.string()));
  }
  const auto wrong = std::find_if(values.begin(), values.end(), [&](std::uint8_t label) { return label >= classes; });
  if (wrong != values.end()) {
    throw InputError(labels.string(), fmt::format("label {} of sample {}; expected a class from 0 to {}", *wrong,
                                                  wrong - values.begin(), classes - 1));
  }
  return set;
}

}  // namespace rheo
