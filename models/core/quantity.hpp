#pragma once

#include <string>
#include <string_view>

namespace rheo {

/// The dimension of a value in a configuration or a cost table. Values are kept in SI units.
enum class Dimension { seconds, hertz, bytes, bytes_per_second, joules, watts, square_metres, volts, siemens };

/// The SI unit's symbol: "s", "Hz", "B", "B/s", "J", "W", "m2", "V", "S".
[[nodiscard]] std::string_view symbol(Dimension dimension) noexcept;

/// Reads "1.28 GHz", "80 ns", "2 MiB", "25.6 GB/s", "1.67 pJ", "1200 um2", "0.0012 mm2", "2 mW".
/// A number, white space as one likes, a prefix (f p n u m k M G T, or Ki Mi Gi before B), the symbol.
/// Throws std::invalid_argument with "expected a ... such as \"80 ns\"" when the text is anything else.
[[nodiscard]] double parse_quantity(std::string_view text, Dimension dimension);

/// The shortest text that parse_quantity reads back to the same value, with the prefix that suits it.
[[nodiscard]] std::string format_quantity(double value, Dimension dimension);

}  // namespace rheo
