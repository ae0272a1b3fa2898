#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rheo {

/// Watches what the commands in flight read and write. Values are read and written when a command starts;
/// as nobody else may touch them before it ends, that cannot be told from publishing them at its end. Two
/// commands that overlap, one of them writing, are a missing dependency: an error that names both.
class AccessTracker {
 public:
  /// `name` describes the command, `part` is the operand's (see MemoryOperand); throws SimulationError on a conflict
  /// with another command in flight.
  void use(std::uint64_t sequence, const std::string& name, std::uint64_t address, std::uint64_t bytes, bool write,
           std::uint32_t part = 0);
  /// The command has ended.
  void release(std::uint64_t sequence);

 private:
  struct Use {
    std::uint64_t sequence;
    std::uint64_t first;
    std::uint64_t last;
    bool write;
    std::uint32_t part;
    std::string name;
  };
  std::vector<Use> uses_;
};

}  // namespace rheo
