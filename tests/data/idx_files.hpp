#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "models/core/error.hpp"

namespace rheo::testing {

using Bytes = std::vector<std::uint8_t>;

/// A folder of its own for every test, gone when the test is over.
class IdxFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "rheo-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path folder() const { return folder_; }

  std::filesystem::path write(const std::string& name, const Bytes& bytes) const {
    const std::filesystem::path file = folder_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file;
  }

  std::filesystem::path write_gz(const std::string& name, const Bytes& bytes) const {
    const std::filesystem::path file = write(name, {});
    const gzFile out = gzopen(file.c_str(), "wb");
    gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(out);
    return file;
  }

  static Bytes read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path folder_;
};

/// A magic number or a size, sizes, payload.
inline Bytes idx(const std::vector<std::uint32_t>& header, const Bytes& payload = {}) {
  Bytes bytes;
  for (const std::uint32_t word : header) {
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

/// `count` images of 2 x 3 pixels 0, 1, 2, ...
inline Bytes images(std::uint32_t count) {
  Bytes pixels(count * 6);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i);
  return idx({0x803, count, 2, 3}, pixels);
}

/// Labels 0, 1, ..., 9, 0, ...
inline Bytes labels(std::uint32_t count) {
  Bytes values(count);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i % 10);
  return idx({0x801, count}, values);
}

/// What the InputError of `action` says; an empty string when none is thrown.
template <class Action>
std::string input_error(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

}  // namespace rheo::testing
