#include "workloads/spiking/data/radio_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "workloads/data/hdf5_file.hpp"

namespace rheo::spiking {
namespace {

class RadioFile : public ::testing::Test {
 protected:
  RadioFile() {
    // 3000 examples of 6 samples and 2 classes: sample t of example i is (t, (i % 7) t); SNR i % 5 - 2.
    for (std::size_t i = 0; i < count; ++i) {
      for (int t = 0; t < 6; ++t) {
        x_.push_back(static_cast<float>(t));
        x_.push_back(static_cast<float>((i % 7) * static_cast<std::size_t>(t)));
      }
      y_.push_back(i % 3 == 0 ? 1.0F : 0.0F);
      y_.push_back(i % 3 == 0 ? 0.0F : 1.0F);
      z_.push_back(static_cast<std::int32_t>(i % 5) - 2);
    }
  }
  ~RadioFile() override { std::filesystem::remove(file_); }

  void write(std::vector<std::uint64_t> x, std::vector<std::uint64_t> y, std::vector<std::uint64_t> z) {
    Hdf5Image image;
    image.write("X", x_, std::move(x));
    image.write("Y", y_, std::move(y));
    image.write("Z", z_, std::move(z));
    std::ofstream(file_, std::ios::binary) << image.bytes();
  }
  void write() { write({count, 6, 2}, {count, 2}, {count, 1}); }
  RadioFileRequest request() {
    RadioFileRequest request;
    request.file = file_;
    request.modulations = {"a", "b"};
    request.ticks = 5;
    return request;
  }
  void expect_refused(const RadioFileRequest& request, const std::string& fragment) {
    try {
      (void)read_radio_file(request);
      ADD_FAILURE() << "read, expected " << fragment;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
    }
  }

  static constexpr std::size_t count = 3000;
  std::vector<float> x_, y_;
  std::vector<std::int32_t> z_;
  std::filesystem::path file_ = std::filesystem::temp_directory_path() / ("rheo-radio-" + std::to_string(::getpid()));
};

TEST_F(RadioFile, ExamplesLabelsAndSnrsBelongTogether) {
  write();
  const RadioSet set = read_radio_file(request());
  ASSERT_EQ(set.examples(), 2700U);  // nine of ten
  for (std::size_t at : {0U, 8U, 9U, 2699U}) {
    const std::size_t i = at / 9 * 10 + at % 9;
    EXPECT_EQ(set.label(at), i % 3 == 0 ? 0U : 1U);
    EXPECT_EQ(set.snr_db(at), static_cast<double>(i % 5) - 2);
    // I runs from 0 to 4 of 4: bins 0, 3, 7, 11, 15. Q the same, or constant: bin 7.
    const std::uint16_t row = i % 7 == 0 ? 7 : 3;
    EXPECT_EQ(set.cells[at * 5 + 1], row * 16 + 3) << i;
  }
  RadioFileRequest rest = request();
  rest.first = 9;
  rest.last = 10;
  EXPECT_EQ(read_radio_file(rest).examples(), 300U);
  rest.examples = 7;
  EXPECT_EQ(read_radio_file(rest).examples(), 7U);
  RadioFileRequest loud = request();
  loud.snr_low = 2;
  EXPECT_EQ(read_radio_file(loud).examples(), 300U);
}

TEST_F(RadioFile, WhatIsNoRadioMLIsRefused) {
  expect_refused(request(), "no such file");
  std::ofstream(file_) << "no HDF5";
  expect_refused(request(), "not HDF5");
  write({count, 12}, {count, 2}, {count, 1});
  expect_refused(request(), "X is not examples x samples x 2");
  write({count, 6, 2}, {count / 2, 4}, {count, 1});
  expect_refused(request(), "Y is not one row");
  write();
  RadioFileRequest three = request();
  three.modulations = {"a", "b", "c"};
  expect_refused(three, "has 2 classes; expected 3");
  RadioFileRequest long_one = request();
  long_one.ticks = 7;
  expect_refused(long_one, "has 6 samples an example; expected at least 7");
  RadioFileRequest loud = request();
  loud.snr_low = 3;
  expect_refused(loud, "no example within the SNRs");
  y_.assign(y_.size(), 0);
  write();
  expect_refused(request(), "row 0 of Y names no class");
}

}  // namespace
}  // namespace rheo::spiking
