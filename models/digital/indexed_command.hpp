#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "models/digital/command.hpp"

namespace rheo {

/// A matrix command whose vectors a table of positions chooses (operand 3, see Command): what the address generator of
/// a unit makes of it. The unit's datapath sees compact() instead, whose images are rows of as many pixels as the
/// replica has positions; each operand of it is a view of a tensor in memory:
///     patches   patches of an image at the positions (read only)
///     pixels    pixels of an image at the positions
///     slots     the replica's entries in a list with a patch for every entry of the table
///     plain     not chosen by position: gradients, weights
class IndexedCommand {
 public:
  enum class View : std::uint8_t { plain, patches, pixels, slots };

  /// `table` holds the bytes of operand 3. Throws SimulationError when a position does not lie in the plane or the
  /// replica's positions do not ascend: the table in memory is not one.
  IndexedCommand(const Command& asked, std::span<const std::byte> table);
  /// Without a table: for what does not depend on the positions themselves, all but gather() and runs().
  explicit IndexedCommand(const Command& asked);

  [[nodiscard]] const Command& asked() const noexcept { return asked_; }
  [[nodiscard]] const Command& compact() const noexcept { return compact_; }

  /// The index of the operand in which the address lies.
  [[nodiscard]] std::size_t index_of(std::uint64_t address) const;
  [[nodiscard]] View view(std::size_t operand) const noexcept;

  /// Fills the command's vectors of the compact operand from the tensor; the other vectors stay as they are.
  void gather(std::size_t operand, const float* tensor, float* compact) const;
  /// A contiguous part of both: offsets and number of values.
  struct Run {
    std::size_t in_tensor, in_compact, values;
  };
  /// Where the command's vectors of a pixel or slot operand lie, one run a vector.
  [[nodiscard]] std::vector<Run> runs(std::size_t operand) const;

 private:
  Command asked_, compact_;
  std::size_t count_;                     ///< of the replica, an image
  std::size_t first_;                     ///< of the replica in the table
  std::size_t entries_;                   ///< of the table, an image
  std::vector<std::uint16_t> positions_;  ///< of every image, one after the other
};

/// The positions of the table's image `image`: of replica `replica`, or of all.
[[nodiscard]] std::vector<std::uint16_t> table_positions(const MemoryOperand& operand, std::span<const std::byte> table,
                                                         std::size_t image);

}  // namespace rheo
