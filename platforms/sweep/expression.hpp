#pragma once

#include <functional>
#include <string>
#include <vector>

namespace rheo::sweep {

/// A condition on numbers with names like `adc.bits`: "adc.bits <= 9", "tile.rows * tile.columns < 65536 && ...", in
/// muParser's grammar (https://beltoforion.de/en/muparser).
class Expression {
 public:
  /// Throws std::invalid_argument with what is wrong in the text.
  explicit Expression(std::string text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The names in it, each once, in alphabetical order.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

  /// Whether the condition holds: its value is a number other than zero.
  [[nodiscard]] bool holds(const std::function<double(const std::string&)>& value_of) const;

 private:
  std::string text_;
  std::vector<std::string> names_;
};

}  // namespace rheo::sweep
