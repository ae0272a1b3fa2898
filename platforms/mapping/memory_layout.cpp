#include "platforms/mapping/memory_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "models/core/error.hpp"
#include "models/core/rounding.hpp"

namespace rheo {

std::uint64_t aligned(std::uint64_t bytes) noexcept { return round_up(bytes, memory_alignment); }

std::uint64_t Allocator::take(std::string name, std::uint64_t bytes) {
  const std::uint64_t address = base_ + used_;
  used_ += aligned(bytes);
  if (used_ > capacity_) refuse(name, used_);
  list_->push_back({std::move(name), address, bytes});
  return address;
}

void Allocator::refuse(const std::string& what, std::uint64_t demand) const {
  throw InputError(memory_ + ".capacity",
                   fmt::format("{} does not fit: the {} holds {} bytes, the network needs {}; a larger {}.capacity, a "
                               "smaller network or batch",
                               what, memory_, capacity_, demand, memory_));
}

void BlockLayout::need(const std::string& name, std::uint64_t bytes_per_image) {
  if (std::any_of(sizes_.begin(), sizes_.end(), [&](const auto& piece) { return piece.first == name; })) return;
  sizes_.emplace_back(name, bytes_per_image);
}

std::uint64_t BlockLayout::demand(std::uint64_t images) const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [name, bytes] : sizes_) sum += aligned(bytes * images);
  return 2 * sum;
}

void BlockLayout::place(const Allocator& buffer, std::uint64_t base, std::uint32_t most, const std::string& phase) {
  if (demand(1) > buffer.left()) buffer.refuse("one image of the " + phase + " pass, twice", buffer.used() + demand(1));
  images_ = 1;
  while (images_ < most && demand(images_ + 1) <= buffer.left()) ++images_;
  parity_ = demand(images_) / 2;
  std::uint64_t at = base;
  for (const auto& [name, bytes] : sizes_) {
    addresses_.emplace_back(name, at);
    at += aligned(bytes * images_);
  }
}

std::uint64_t BlockLayout::at(const std::string& name) const {
  for (const auto& [piece, address] : addresses_) {
    if (piece == name) return address;
  }
  throw std::logic_error("no piece " + name + " in the block");
}

}  // namespace rheo
