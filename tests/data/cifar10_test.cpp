#include "workloads/data/cifar10.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "tests/data/idx_files.hpp"
#include "workloads/data/dataset.hpp"

namespace rheo::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t record_bytes = 3073;

/// Record r has label r mod 10; byte i of its planes is (i + r) mod 256.
Bytes records(std::size_t count) {
  Bytes bytes;
  for (std::size_t r = 0; r < count; ++r) {
    bytes.push_back(static_cast<std::uint8_t>(r % 10));
    for (std::size_t i = 0; i < 3072; ++i) bytes.push_back(static_cast<std::uint8_t>(i + r));
  }
  return bytes;
}

using Cifar10 = IdxFiles;

TEST_F(Cifar10, PlanesBecomeChannelsLast) {
  const Cifar10Batch batch = read_cifar10(write("batch.bin", records(3)));
  EXPECT_EQ(batch.labels, (Bytes{0, 1, 2}));
  ASSERT_EQ(batch.pixels.size(), 3u * 3072u);
  // Pixel 5 of image 2: red 5 + 2, green 1024 + 5 + 2, blue 2048 + 5 + 2, modulo 256.
  const std::size_t at = 2 * 3072 + 5 * 3;
  EXPECT_EQ((Bytes{batch.pixels[at], batch.pixels[at + 1], batch.pixels[at + 2]}), (Bytes{7, 7, 7}));
  Bytes one = records(1);
  one[1 + 1024 + 40] = 99;  // green of pixel 40
  EXPECT_EQ(read_cifar10(write("one.bin", one)).pixels[40 * 3 + 1], 99);
}

TEST_F(Cifar10, PlainAndCompressedFilesAreTheSame) {
  const Cifar10Batch plain = read_cifar10(write("a.bin", records(4)));
  const Cifar10Batch compressed = read_cifar10(write_gz("a.bin.gz", records(4)));
  EXPECT_EQ(plain.pixels, compressed.pixels);
  EXPECT_EQ(plain.content, compressed.content);
}

TEST_F(Cifar10, BadFilesGiveOneClearLine) {
  const auto error = [](const std::filesystem::path& file) { return input_error([&] { (void)read_cifar10(file); }); };
  EXPECT_EQ(error(folder() / "none.bin"), (folder() / "none.bin").string() + ": no such file");
  EXPECT_EQ(error(folder()), folder().string() + ": a directory; expected a file of the CIFAR-10 binary version");
  EXPECT_THAT(error(write("empty.bin", {})), HasSubstr("empty; expected records of 3073 bytes"));
  Bytes cut = records(2);
  cut.pop_back();
  EXPECT_THAT(error(write("cut.bin", cut)),
              HasSubstr("truncated: 6145 bytes; expected records of 3073 bytes, 3073 in all or 6146"));
  Bytes wrong = records(3);
  wrong[2 * record_bytes] = 10;
  EXPECT_THAT(error(write("wrong.bin", wrong)), HasSubstr("label 10 of record 2; expected a class from 0 to 9"));
  Bytes gz = read(write_gz("whole.gz", records(5)));
  gz.resize(gz.size() / 2);
  EXPECT_THAT(error(write("half.gz", gz)), HasSubstr("truncated"));
  Bytes damaged = read(folder() / "whole.gz");
  for (std::size_t i = damaged.size() / 2; i < damaged.size() / 2 + 20; ++i) damaged[i] ^= 0xff;
  EXPECT_FALSE(error(write("damaged.gz", damaged)).empty());
  for (const char* name : {"empty.bin", "cut.bin", "wrong.bin", "half.gz", "damaged.gz"}) {
    EXPECT_EQ(error(folder() / name).find('\n'), std::string::npos);
    EXPECT_THAT(error(folder() / name), StartsWith((folder() / name).string() + ": "));
  }
}

TEST_F(Cifar10, AFolderOfOnesOwnMayHoldFewerBatches) {
  write("set/data_batch_1.bin", records(3));
  write_gz("set/test_batch.bin.gz", records(2));
  const Dataset one = load_dataset("cifar10", folder() / "set");
  EXPECT_EQ(one.train.count, 3u);
  EXPECT_EQ(one.test.count, 2u);
  EXPECT_EQ(one.train.channels, 3u);
  EXPECT_EQ(one.train.classes, 10u);
  write("set/data_batch_2.bin", records(4));
  const Dataset two = load_dataset("cifar10", folder() / "set", 5, 1);
  EXPECT_EQ(two.train.labels, (Bytes{0, 1, 2, 0, 1}));
  EXPECT_EQ(two.test.count, 1u);
}

TEST_F(Cifar10, AGapBetweenTheBatchesIsAnError) {
  write("set/data_batch_1.bin", records(1));
  write("set/data_batch_3.bin", records(1));
  write("set/test_batch.bin", records(1));
  EXPECT_EQ(input_error([&] { (void)load_dataset("cifar10", folder() / "set"); }),
            (folder() / "set/data_batch_2.bin").string() + ": no such file");
}

TEST_F(Cifar10, WhatIsFoundBySearchMustBeThePublishedSet) {
  setenv("RHEO_DATA_DIR", folder().c_str(), 1);
  write("cifar10/data_batch_1.bin", records(1));
  EXPECT_THAT(
      input_error([] { (void)load_dataset("cifar10"); }),
      AllOf(HasSubstr("not the published file: 3073 bytes"), HasSubstr("expected 30730000 bytes with b3220c1f")));
  unsetenv("RHEO_DATA_DIR");
}

/// CIFAR-10 where ./setup.sh cifar10 puts it.
TEST_F(Cifar10, FetchedSet) {
  const std::filesystem::path data =
      std::getenv("RHEO_CIFAR10") ? std::getenv("RHEO_CIFAR10") : RHEO_SOURCE_DIR "/data";
  if (!std::filesystem::exists(data / "cifar10/data_batch_5.bin")) {
    GTEST_SKIP() << "no CIFAR-10 in " << data << "; get it: ./setup.sh cifar10";
  }
  setenv("RHEO_DATA_DIR", data.c_str(), 1);
  const Dataset set = load_dataset("cifar10");
  unsetenv("RHEO_DATA_DIR");
  EXPECT_EQ(set.train.count, 50000u);
  EXPECT_EQ(set.test.count, 10000u);
  for (std::uint8_t label = 0; label < 10; ++label) EXPECT_EQ(std::ranges::count(set.train.labels, label), 5000);
  // The published means of the channels are .4914, .4822 and .4465.
  EXPECT_NEAR(set.pixel_mean, (0.4914 + 0.4822 + 0.4465) / 3, 1e-4);
}

}  // namespace
}  // namespace rheo::testing
