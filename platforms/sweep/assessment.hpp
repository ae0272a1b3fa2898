#pragma once

#include <functional>
#include <string>

#include "platforms/sweep/database.hpp"

namespace rheo::sweep {

/// The number of a key of a point's configuration; throws std::out_of_range.
using KeyNumber = std::function<double(const std::string&)>;

/// Fills in a finished point's objectives and feasibility from its report. Throws InputError, with the place in the
/// sweep's file, for a figure that the report lacks; std::out_of_range when one is not finite.
void assess(const SweepFile& sweep, Point& point, const KeyNumber& number_of_key);

}  // namespace rheo::sweep
