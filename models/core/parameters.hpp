#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/core/quantity.hpp"

namespace rheo {

/// Both ends belong to the allowed range.
template <class T>
struct Range {
  T low;
  T high;
};

/// Visits the parameters of a block. A block's typed struct describes itself once,
///
///     void describe(Parameters& p) { p.integer("bits", bits, {1, 16}, "resolution of one conversion"); }
///
/// and the same description reads it from TOML, writes the resolved configuration and lists what exists.
class Parameters {
 public:
  virtual ~Parameters() = default;

  virtual void integer(std::string_view key, std::int64_t& value, Range<std::int64_t> range,
                       std::string_view description) = 0;
  virtual void number(std::string_view key, double& value, Range<double> range, std::string_view description) = 0;
  /// A value with a unit, in SI units.
  virtual void quantity(std::string_view key, double& value, Dimension dimension, Range<double> range,
                        std::string_view description) = 0;
  /// A list of at least `fewest` numbers.
  virtual void numbers(std::string_view key, std::vector<double>& values, std::size_t fewest, Range<double> range,
                       std::string_view description) = 0;
  virtual void flag(std::string_view key, bool& value, std::string_view description) = 0;
  virtual void text(std::string_view key, std::string& value, std::string_view description) = 0;
  virtual void choice(std::string_view key, std::string& value, std::span<const std::string> allowed,
                      std::string_view description) = 0;

  /// Opens and closes the table `[key]`.
  virtual void begin_section(std::string_view key, std::string_view description) = 0;
  virtual void end_section() = 0;

  /// Opens and closes a table whose keys repeat keys that were visited before: `[key.adc] bits` is `[adc] bits` once
  /// more, and what it does not say is as there.
  virtual void begin_variation(std::string_view key, std::string_view description) { begin_section(key, description); }
  virtual void end_variation() { end_section(); }
  /// Whether the values visited are filled in; otherwise they are only looked at.
  [[nodiscard]] virtual bool fills_in() const { return false; }

  /// Marks the key or the table that is visited next: it decides when things happen and what they cost, but neither a
  /// value that the hardware computes nor a command, so that a recorded run can be timed anew with another one.
  Parameters& retimable() {
    marked_ = true;
    return *this;
  }

  /// A struct whose values are those of `base`, visited before under the same keys without the leading `key`, unless
  /// said otherwise.
  template <class Struct>
  void variation(std::string_view key, Struct& content, const Struct& base, std::string_view description) {
    if (fills_in()) content = base;
    begin_variation(key, description);
    content.describe(*this);
    end_variation();
  }

  /// A nested struct with a describe() of its own.
  template <class Struct>
  void section(std::string_view key, Struct& content, std::string_view description) {
    begin_section(key, description);
    content.describe(*this);
    end_section();
  }

  /// An enumeration whose values stand in `names` in order.
  template <class Enum, std::size_t N>
  void choice(std::string_view key, Enum& value, const std::array<std::string_view, N>& names,
              std::string_view description) {
    std::array<std::string, N> allowed;
    for (std::size_t i = 0; i < N; ++i) allowed[i] = names[i];
    std::string word = allowed[static_cast<std::size_t>(value)];
    choice(key, word, std::span<const std::string>(allowed), description);
    for (std::size_t i = 0; i < N; ++i) {
      if (allowed[i] == word) value = static_cast<Enum>(i);
    }
  }

 protected:
  /// Whether what is visited now is marked.
  [[nodiscard]] bool take_mark() { return std::exchange(marked_, false); }

 private:
  bool marked_ = false;
};

/// What is wrong with parameters that each are in range.
struct ParameterFault {
  std::string key;   ///< within its section
  std::string text;  ///< what is wrong; what is allowed
};

inline constexpr double unbounded = std::numeric_limits<double>::max();

}  // namespace rheo
