#include "platforms/sweep/expression.hpp"

#include <muParser.h>

#include <cmath>
#include <stdexcept>

namespace rheo::sweep {
namespace {

mu::Parser parser_for(const std::string& text) {
  mu::Parser parser;
  parser.DefineNameChars("0123456789_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
  parser.SetExpr(text);
  return parser;
}

/// muParser would assign, and take the last of a list: either holds for everything.
void refuse_what_is_no_condition(const std::string& text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char before = i > 0 ? text[i - 1] : ' ';
    const char after = i + 1 < text.size() ? text[i + 1] : ' ';
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (text[i] == ',' && depth == 0) throw std::invalid_argument("a list; write && between conditions");
    if (text[i] == '=' && after != '=' && std::string("<>=!").find(before) == std::string::npos) {
      throw std::invalid_argument("= assigns; write == to compare");
    }
  }
}

}  // namespace

Expression::Expression(std::string text) : text_(std::move(text)) {
  refuse_what_is_no_condition(text_);
  try {
    mu::Parser parser = parser_for(text_);
    for (const auto& [name, unused] : parser.GetUsedVar()) names_.push_back(name);
    // A trial with ones finds the errors of grammar.
    std::vector<double> ones(names_.size(), 1.0);
    for (std::size_t i = 0; i < names_.size(); ++i) parser.DefineVar(names_[i], &ones[i]);
    static_cast<void>(parser.Eval());
  } catch (const mu::Parser::exception_type& error) {
    throw std::invalid_argument(error.GetMsg());
  }
  if (names_.empty()) throw std::invalid_argument("names no key and no figure of a report");
}

bool Expression::holds(const std::function<double(const std::string&)>& value_of) const {
  mu::Parser parser = parser_for(text_);
  std::vector<double> values;
  values.reserve(names_.size());
  for (const std::string& name : names_) {
    values.push_back(value_of(name));
    parser.DefineVar(name, &values.back());
  }
  const double value = parser.Eval();
  return std::isfinite(value) && value != 0;
}

}  // namespace rheo::sweep
