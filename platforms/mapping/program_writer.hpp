#pragma once

#include "platforms/mapping/placement.hpp"

namespace rheo {

/// Writes the three programs of a placed network into its mapping, with the blocks that the buffer has room for. Throws
/// InputError when not even one image fits.
void write_programs(Placement& placement);

}  // namespace rheo
