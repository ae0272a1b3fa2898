#include "workloads/data/idx.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/data/idx_files.hpp"

namespace rheo::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Idx : public IdxFiles {
 protected:
  /// The error of reading `file` as images: one line that begins with the file's name.
  static std::string error_of(const std::filesystem::path& file) {
    const std::string error = input_error([&] { (void)read_idx_images(file); });
    EXPECT_THAT(error, StartsWith(file.string() + ": "));
    EXPECT_THAT(error, Not(HasSubstr("\n")));
    return error;
  }
};

TEST_F(Idx, PlainAndCompressedFilesGiveTheSameImages) {
  const IdxImages plain = read_idx_images(write("plain", images(3)));
  EXPECT_EQ(plain.count, 3u);
  EXPECT_EQ(plain.height, 2u);
  EXPECT_EQ(plain.width, 3u);
  ASSERT_EQ(plain.pixels.size(), 18u);
  EXPECT_EQ(plain.pixels[0], 0);
  EXPECT_EQ(plain.pixels[17], 17);

  const IdxImages compressed = read_idx_images(write_gz("compressed.gz", images(3)));
  EXPECT_EQ(compressed.pixels, plain.pixels);
  EXPECT_EQ(compressed.content, plain.content);
  EXPECT_EQ(plain.content.bytes, 16u + 18u);
}

TEST_F(Idx, CrcIsTheOneOfTheWholeContent) {
  const Bytes bytes = labels(7);
  EXPECT_EQ(read_idx_labels(write("labels", bytes)).content.crc32, crc32(0, bytes.data(), 15));
}

TEST_F(Idx, ContentLargerThanOneChunkIsReadWhole) {
  const std::uint32_t count = 3'000'001;  // chunks are 2^20 bytes
  const IdxLabels read = read_idx_labels(write_gz("labels.gz", labels(count)));
  ASSERT_EQ(read.labels.size(), count);
  EXPECT_EQ(read.labels[2'000'003], 3);
  EXPECT_EQ(read.labels.back(), 0);
}

TEST_F(Idx, MissingFile) { EXPECT_THAT(error_of(folder() / "none"), EndsWith("no such file")); }

TEST_F(Idx, DirectoryAndSpecialFile) {
  EXPECT_THAT(error_of(folder()), HasSubstr("a directory"));
  ASSERT_EQ(mkfifo((folder() / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of(folder() / "pipe"), HasSubstr("not a regular file"));
}

TEST_F(Idx, UnreadableFile) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const std::filesystem::path file = write("secret", images(1));
  std::filesystem::permissions(file, std::filesystem::perms::none);
  EXPECT_THAT(error_of(file), HasSubstr("cannot be opened: Permission denied"));
}

TEST_F(Idx, EmptyFile) {
  EXPECT_THAT(error_of(write("plain", {})), HasSubstr("empty; expected"));
  EXPECT_THAT(error_of(write_gz("compressed.gz", {})), HasSubstr("empty; expected"));
}

TEST_F(Idx, WrongMagicNumberNamesBoth) {
  EXPECT_THAT(error_of(write("labels", labels(20))),
              EndsWith("magic number 0x00000801 (labels); expected 0x00000803 (images)"));
  EXPECT_THAT(error_of(write("text", {'<', 'h', 't', 'm', 'l'})), HasSubstr("magic number 0x3c68746d; expected"));
}

TEST_F(Idx, TruncatedHeader) {
  EXPECT_THAT(error_of(write("two", {0, 0})), EndsWith("truncated: 2 bytes found; expected 16"));
  EXPECT_THAT(error_of(write("twelve", idx({0x803, 1, 2}))), EndsWith("truncated: 12 bytes found; expected 16"));
}

TEST_F(Idx, TruncatedContentNamesBothLengths) {
  Bytes bytes = images(3);
  bytes.pop_back();
  EXPECT_THAT(error_of(write("plain", bytes)), EndsWith("truncated: 33 bytes found; expected 34"));
  EXPECT_THAT(error_of(write_gz("compressed.gz", bytes)), EndsWith("truncated: 33 bytes found; expected 34"));
}

TEST_F(Idx, BrokenOffGzipStreamAtEveryLength) {
  const Bytes whole = read(write_gz("whole.gz", images(40)));
  for (std::size_t length = 2; length < whole.size(); ++length) {
    const std::filesystem::path file = write("part.gz", Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(length)));
    EXPECT_THAT(error_of(file), HasSubstr("truncated")) << length << " of " << whole.size();
  }
}

TEST_F(Idx, DamagedGzipStream) {
  Bytes bytes = read(write_gz("whole.gz", images(40)));
  bytes[bytes.size() - 6] ^= 1;  // in the stream's own CRC
  EXPECT_THAT(error_of(write("damaged.gz", bytes)), HasSubstr("damaged gzip data"));
}

TEST_F(Idx, LongerThanItsHeaderSays) {
  Bytes bytes = images(3);
  bytes.push_back(0);
  EXPECT_THAT(error_of(write("plain", bytes)), EndsWith("longer than the 34 bytes that its header announces"));
  EXPECT_THAT(error_of(write_gz("compressed.gz", bytes)), HasSubstr("longer than the 34 bytes"));
}

TEST_F(Idx, SizeZero) {
  EXPECT_THAT(error_of(write("zero", idx({0x803, 1, 0, 3}))), HasSubstr("sizes 1 x 0 x 3; expected each at least 1"));
}

TEST_F(Idx, AbsurdSizesAreRefusedAndPlausibleOnesReserveNoMemory) {
  EXPECT_THAT(error_of(write("overflow", idx({0x803, 0xffffffff, 0xffffffff, 0xffffffff}))), HasSubstr("sizes"));
  EXPECT_THAT(error_of(write("limit", idx({0x803, 1u << 31, 1, 2}))), HasSubstr("sizes"));
  EXPECT_THAT(error_of(write("claim", idx({0x803, 1u << 31, 1, 1}))),
              EndsWith("truncated: 16 bytes found; expected 2147483664"));
}

TEST_F(Idx, SetNeedsAsManyLabelsAsImages) {
  const auto image_file = write("images", images(3));
  const auto label_file = write("labels", labels(4));
  EXPECT_EQ(input_error([&] { (void)read_idx_set(image_file, label_file, 10); }),
            label_file.string() + ": 4 labels; expected 3, as many as there are images in " + image_file.string());
}

TEST_F(Idx, SetRefusesLabelsOutOfRange) {
  const auto image_file = write("images", images(3));
  const auto label_file = write("labels", idx({0x801, 3}, {9, 10, 0}));
  EXPECT_EQ(input_error([&] { (void)read_idx_set(image_file, label_file, 10); }),
            label_file.string() + ": label 10 of sample 1; expected a class from 0 to 9");
  EXPECT_EQ(read_idx_set(image_file, label_file, 11).labels.labels[1], 10);
}

}  // namespace
}  // namespace rheo::testing
