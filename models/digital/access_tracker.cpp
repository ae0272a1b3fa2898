#include "models/digital/access_tracker.hpp"

#include <algorithm>

#include "models/core/error.hpp"

namespace rheo {

void AccessTracker::use(std::uint64_t sequence, const std::string& name, std::uint64_t address, std::uint64_t bytes,
                        bool write, std::uint32_t part) {
  if (bytes == 0) return;
  const std::uint64_t last = address + bytes - 1;
  for (const Use& other : uses_) {
    const bool disjoint = part != 0 && other.part != 0 && part != other.part;
    const bool overlap = !disjoint && other.first <= last && address <= other.last;
    if (overlap && other.sequence != sequence && (write || other.write)) {
      throw SimulationError("missing dependency: command " + name + (write ? " writes" : " reads") +
                            " memory that command " + other.name + (other.write ? " writes" : " reads") +
                            ", and both are in flight");
    }
  }
  uses_.push_back({sequence, address, last, write, part, name});
}

void AccessTracker::release(std::uint64_t sequence) {
  std::erase_if(uses_, [sequence](const Use& use) { return use.sequence == sequence; });
}

}  // namespace rheo
