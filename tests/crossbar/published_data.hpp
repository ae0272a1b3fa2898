#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace rheo::crossbar::testing {

/// Tables that another simulator (aihwkit 1.1.0) produced. They are not part of the repository: the folder is
/// named by the environment variable RHEO_SHARED_REFERENCE, or lies beside the sources as shared/reference.
class PublishedData : public ::testing::Test {
 protected:
  using Row = std::vector<std::string>;

  void SetUp() override {
    const char* named = std::getenv("RHEO_SHARED_REFERENCE");
    const std::filesystem::path reference =
        named != nullptr ? std::filesystem::path(named)
                         : std::filesystem::path(RHEO_SOURCE_DIR).parent_path() / "shared" / "reference";
    folder_ = reference / "aihwkit";
    if (!std::filesystem::is_directory(folder_)) {
      GTEST_SKIP() << "no published tables at " << folder_ << "; set RHEO_SHARED_REFERENCE";
    }
  }

  /// The lines of a table as their fields.
  [[nodiscard]] std::vector<Row> table(const std::string& name) const {
    std::ifstream in(folder_ / name);
    EXPECT_TRUE(in) << name;
    std::vector<Row> rows;
    for (std::string line; std::getline(in, line);) {
      Row row;
      std::istringstream fields(line);
      for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
      if (!row.empty()) rows.push_back(row);
    }
    return rows;
  }

  /// A table of numbers alone, row by row.
  [[nodiscard]] std::vector<float> numbers(const std::string& name) const {
    std::vector<float> values;
    for (const Row& row : table(name)) {
      for (const std::string& field : row) values.push_back(std::stof(field));
    }
    return values;
  }

  /// The column of that title, without the title.
  [[nodiscard]] static std::vector<double> column(const std::vector<Row>& rows, const std::string& title) {
    std::size_t at = 0;
    while (at < rows.front().size() && rows.front()[at] != title) ++at;
    std::vector<double> values;
    for (std::size_t i = 1; i < rows.size(); ++i) values.push_back(std::stod(rows[i].at(at)));
    return values;
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace rheo::crossbar::testing
