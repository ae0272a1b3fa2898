#include "models/core/quantity.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <stdexcept>

namespace rheo {
namespace {

struct Prefix {
  std::string_view text;
  int exponent;  ///< a power of ten, or of two for Ki, Mi, Gi and Ti
};

/// From the smallest to the largest.
constexpr std::array<Prefix, 10> decimal_prefixes{
    {{"f", -15}, {"p", -12}, {"n", -9}, {"u", -6}, {"m", -3}, {"", 0}, {"k", 3}, {"M", 6}, {"G", 9}, {"T", 12}}};
constexpr std::array<Prefix, 4> binary_prefixes{{{"Ki", 10}, {"Mi", 20}, {"Gi", 30}, {"Ti", 40}}};

struct Unit {
  std::string_view symbol;
  std::string_view expected;  ///< what an error message asks for
  std::size_t first;          ///< the decimal prefixes it takes, indices into decimal_prefixes
  std::size_t last;
  int power;  ///< the prefix counts this often: 2 for square metres
  bool binary;
};

/// In the order of Dimension. "5 Ms" and "5 mB" are slips of the pen; an area takes nm2 to m2.
constexpr std::array<Unit, 9> units{{
    {"s", "a time such as \"80 ns\"", 0, 5, 1, false},
    {"Hz", "a frequency such as \"1.28 GHz\"", 0, 9, 1, false},
    {"B", "a size such as \"2 MiB\"", 5, 9, 1, true},
    {"B/s", "a data rate such as \"25.6 GB/s\"", 5, 9, 1, true},
    {"J", "an energy such as \"1.67 pJ\"", 0, 9, 1, false},
    {"W", "a power such as \"2 mW\"", 0, 9, 1, false},
    {"m2", "an area such as \"1200 um2\"", 2, 5, 2, false},
    {"V", "a voltage such as \"0.15 V\"", 0, 9, 1, false},
    {"S", "a conductance such as \"40 nS\"", 0, 9, 1, false},
}};

const Unit& unit_of(Dimension dimension) { return units[static_cast<std::size_t>(dimension)]; }

std::span<const Prefix> decimal_prefixes_of(const Unit& unit) {
  return std::span(decimal_prefixes).subspan(unit.first, unit.last - unit.first + 1);
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// The whole text as a finite number.
std::optional<double> finite_number(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// Moves the decimal point in the text, so that "80" and -9 give the same double as 80e-9: a product
/// with 1e-9 would be rounded twice.
std::optional<double> with_exponent(std::string_view number, int shift) {
  int exponent = 0;
  const std::size_t e = number.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view digits = number.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (error != std::errc{}) return std::nullopt;
    number = number.substr(0, e);
  }
  return finite_number(fmt::format("{}e{}", number, exponent + shift));
}

std::optional<double> read(std::string_view text, const Unit& unit) {
  text = trim(text);
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  std::string_view rest = trim(text.substr(digits.size()));
  if (!rest.ends_with(unit.symbol)) return std::nullopt;
  rest.remove_suffix(unit.symbol.size());
  for (const Prefix& prefix : decimal_prefixes_of(unit)) {
    if (rest == prefix.text) return with_exponent(digits, prefix.exponent * unit.power);
  }
  if (!unit.binary) return std::nullopt;
  for (const Prefix& prefix : binary_prefixes) {
    const double value = std::ldexp(number, prefix.exponent);
    if (rest == prefix.text && std::isfinite(value)) return value;
  }
  return std::nullopt;
}

/// The shortest digits that stand for `value`, and the power of ten of the first of them.
struct Decimal {
  std::string_view sign;
  std::string digits;
  int exponent = 0;

  explicit Decimal(double value) {
    std::array<char, 32> buffer;
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value), std::chars_format::scientific).ptr;
    const std::string_view shortest(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    const std::size_t e = shortest.find('e');
    for (const char c : shortest.substr(0, e)) {
      if (c != '.') digits += c;
    }
    const std::size_t start = shortest[e + 1] == '+' ? e + 2 : e + 1;
    std::from_chars(shortest.data() + start, end, exponent);
    if (std::signbit(value)) sign = "-";
  }

  /// The number times 10^-shift, written without an exponent where that stays short.
  [[nodiscard]] std::string text(int shift) const {
    const int point = exponent - shift + 1;  // digits before the decimal point
    const int count = static_cast<int>(digits.size());
    if (point > 15 || point < -5) {
      const std::string fraction = count > 1 ? fmt::format(".{}", digits.substr(1)) : std::string{};
      return fmt::format("{}{}{}e{}", sign, digits[0], fraction, point - 1);
    }
    if (point <= 0) return fmt::format("{}0.{}{}", sign, std::string(static_cast<std::size_t>(-point), '0'), digits);
    if (count <= point) {
      return fmt::format("{}{}{}", sign, digits, std::string(static_cast<std::size_t>(point - count), '0'));
    }
    return fmt::format("{}{}.{}", sign, digits.substr(0, static_cast<std::size_t>(point)),
                       digits.substr(static_cast<std::size_t>(point)));
  }
};

}  // namespace

std::string_view symbol(Dimension dimension) noexcept { return units[static_cast<std::size_t>(dimension)].symbol; }

double parse_quantity(std::string_view text, Dimension dimension) {
  const Unit& unit = unit_of(dimension);
  if (const std::optional<double> value = read(text, unit)) return *value;
  throw std::invalid_argument(fmt::format("expected {}", unit.expected));
}

std::string format_quantity(double value, Dimension dimension) {
  const Unit& unit = unit_of(dimension);
  if (!std::isfinite(value) || value == 0.0) return fmt::format("{} {}", value, unit.symbol);

  const Decimal decimal(value);
  const std::span<const Prefix> prefixes = decimal_prefixes_of(unit);
  const Prefix* best = &prefixes.front();
  for (const Prefix& prefix : prefixes) {
    if (decimal.exponent >= prefix.exponent * unit.power) best = &prefix;
  }
  std::string text = fmt::format("{} {}{}", decimal.text(best->exponent * unit.power), best->text, unit.symbol);
  if (unit.binary) {
    for (const Prefix& prefix : binary_prefixes) {
      const double scaled = std::ldexp(value, -prefix.exponent);
      if (std::abs(scaled) < 1.0 || scaled != std::trunc(scaled)) break;
      const std::string binary = fmt::format("{} {}{}", Decimal(scaled).text(0), prefix.text, unit.symbol);
      if (binary.size() <= text.size()) text = binary;
    }
  }
  return text;
}

}  // namespace rheo
