#pragma once

#include <cstdint>
#include <string>

#include "models/core/scope.hpp"

namespace rheo {

/// One command as a unit executed it. Times are ticks of the simulation's resolution (10 fs).
struct CommandEvent {
  std::uint64_t sequence = 0;
  std::string unit;
  std::string operation;
  Scope scope;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t bytes = 0;  ///< moved to and from memories
  std::uint64_t items = 0;  ///< vectors, values or bursts, whatever the unit counts
};

/// Receives what happened. Units call it once per command, at its end.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void command(const CommandEvent& event) = 0;
};

}  // namespace rheo
