#pragma once

#include <hwy/highway.h>

#include <cstdint>
#include <vector>

namespace rheo::testing {

/// The instruction sets that this machine can run and the build has compiled, best first.
inline std::vector<std::int64_t> instruction_sets() { return hwy::SupportedAndGeneratedTargets(); }

/// Makes the dispatcher of Highway use one instruction set while it lives.
class OnInstructionSet {
 public:
  explicit OnInstructionSet(std::int64_t target) { use(target); }
  ~OnInstructionSet() { use(0); }
  OnInstructionSet(const OnInstructionSet&) = delete;
  OnInstructionSet& operator=(const OnInstructionSet&) = delete;

 private:
  static void use(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

}  // namespace rheo::testing
