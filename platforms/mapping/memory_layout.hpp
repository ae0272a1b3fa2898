#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "platforms/mapping.hpp"

namespace rheo {

/// Every piece of a memory begins at a multiple of this many bytes.
inline constexpr std::uint64_t memory_alignment = 64;
[[nodiscard]] std::uint64_t aligned(std::uint64_t bytes) noexcept;

/// Hands out consecutive pieces of a memory and lists them.
class Allocator {
 public:
  /// `memory` is the configuration's table of the memory, `capacity` its bytes; the list must outlive the allocator.
  Allocator(std::string memory, std::uint64_t base, double capacity, std::vector<Allocation>& list)
      : memory_(std::move(memory)), base_(base), capacity_(static_cast<std::uint64_t>(capacity)), list_(&list) {}

  /// The address of `bytes` bytes. Throws InputError naming the memory, its capacity and the demand.
  std::uint64_t take(std::string name, std::uint64_t bytes);

  [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
  [[nodiscard]] std::uint64_t left() const noexcept { return capacity_ - used_; }

  /// Throws the InputError: `what` does not fit, `demand` bytes would.
  [[noreturn]] void refuse(const std::string& what, std::uint64_t demand) const;

 private:
  std::string memory_;
  std::uint64_t base_;
  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
  std::vector<Allocation>* list_;
};

/// Buffer addresses of the pieces that one block of images needs: those of the even blocks; the odd blocks' copy lies
/// `parity()` further on, so that two blocks may be in flight.
class BlockLayout {
 public:
  /// Asks for a piece. A second piece of the same name is the first one.
  void need(const std::string& name, std::uint64_t bytes_per_image);

  /// Whether one image fits, twice.
  [[nodiscard]] bool fits(const Allocator& buffer) const noexcept { return demand(1) <= buffer.left(); }

  /// Fits as many images as possible, `most` at most, into two copies within the free part of the buffer, from `base`
  /// on. Throws InputError when not even one image fits.
  void place(const Allocator& buffer, std::uint64_t base, std::uint32_t most, const std::string& phase);

  [[nodiscard]] std::uint32_t images() const noexcept { return images_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return 2 * parity_; }
  [[nodiscard]] std::uint64_t parity() const noexcept { return parity_; }
  /// Throws std::logic_error for a piece that was not asked for.
  [[nodiscard]] std::uint64_t at(const std::string& name) const;

 private:
  /// Bytes of two blocks of that many images.
  [[nodiscard]] std::uint64_t demand(std::uint64_t images) const noexcept;

  std::vector<std::pair<std::string, std::uint64_t>> sizes_, addresses_;
  std::uint32_t images_ = 0;
  std::uint64_t parity_ = 0;
};

}  // namespace rheo
