#include "workloads/data/dataset.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

#include "tests/data/idx_files.hpp"

namespace rheo::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Runs in an empty folder with an environment that names no data; puts both back afterwards.
class LoadDataset : public IdxFiles {
 protected:
  void SetUp() override {
    IdxFiles::SetUp();
    for (const char* name : {"RHEO_DATA_DIR", "XDG_DATA_HOME", "HOME"}) {
      const char* value = std::getenv(name);
      environment_[name] = value ? std::optional<std::string>(value) : std::nullopt;
      unsetenv(name);
    }
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder());
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    for (const auto& [name, value] : environment_) {
      value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
    }
    IdxFiles::TearDown();
  }

  /// A set of its own: 5 + 4 images of 2 x 3 pixels.
  std::filesystem::path small_set(const std::string& name = "set") const {
    write(name + "/train-images-idx3-ubyte", images(5));
    write_gz(name + "/train-labels-idx1-ubyte.gz", labels(5));
    write_gz(name + "/t10k-images-idx3-ubyte.gz", images(4));
    write(name + "/t10k-labels-idx1-ubyte", labels(4));
    return folder() / name;
  }

  static std::string error_of(std::string_view name, const std::filesystem::path& data_dir = {},
                              std::int64_t train = all_samples, std::int64_t test = all_samples) {
    const std::string error = input_error([&] { (void)load_dataset(name, data_dir, train, test); });
    EXPECT_THAT(error, Not(HasSubstr("\n")));
    return error;
  }

 private:
  std::map<std::string, std::optional<std::string>> environment_;
  std::filesystem::path before_;
};

TEST_F(LoadDataset, OwnFolderWithPlainAndCompressedFiles) {
  const Dataset set = load_dataset("mnist", small_set());
  EXPECT_EQ(set.name, "mnist");
  EXPECT_EQ(set.train.count, 5u);
  EXPECT_EQ(set.train.height, 2u);
  EXPECT_EQ(set.train.width, 3u);
  EXPECT_EQ(set.train.channels, 1u);
  EXPECT_EQ(set.train.classes, 10u);
  EXPECT_EQ(set.train.labels, (Bytes{0, 1, 2, 3, 4}));
  EXPECT_EQ(set.test.count, 4u);
  EXPECT_EQ(set.test.pixels.size(), 24u);
}

TEST_F(LoadDataset, StatisticsAreThoseOfTheTrainingPixelsInUse) {
  // Pixels 0 to 29: mean 29/2, variance (30^2 - 1)/12. Of the first image alone, 0 to 5: 5/2 and 35/12.
  const Dataset all = load_dataset("mnist", small_set());
  EXPECT_DOUBLE_EQ(all.pixel_mean, 14.5 / 255);
  EXPECT_DOUBLE_EQ(all.pixel_deviation, std::sqrt(899.0 / 12) / 255);
  const Dataset one = load_dataset("mnist", small_set(), 1);
  EXPECT_DOUBLE_EQ(one.pixel_mean, 2.5 / 255);
  EXPECT_DOUBLE_EQ(one.pixel_deviation, std::sqrt(35.0 / 12) / 255);
}

TEST_F(LoadDataset, FirstSamplesInFileOrder) {
  const Dataset set = load_dataset("mnist", small_set(), 3, 1);
  EXPECT_EQ(set.train.count, 3u);
  EXPECT_EQ(set.train.labels, (Bytes{0, 1, 2}));
  EXPECT_EQ(set.train.pixels.size(), 18u);
  EXPECT_EQ(set.train.pixels.back(), 17);
  EXPECT_EQ(set.test.count, 1u);
}

TEST_F(LoadDataset, MoreSamplesThanThereAreNamesBothNumbers) {
  EXPECT_EQ(load_dataset("mnist", small_set(), 5, 4).train.count, 5u);
  EXPECT_THAT(error_of("mnist", small_set(), 6),
              AllOf(StartsWith("workload.train_samples = 6: mnist in "), HasSubstr(" has 5; expected 1 to 5")));
  EXPECT_THAT(error_of("mnist", small_set(), 5, 5), StartsWith("workload.test_samples = 5: "));
  EXPECT_THAT(error_of("mnist", small_set(), 0), StartsWith("workload.train_samples = 0: "));
  EXPECT_THAT(error_of("mnist", small_set(), -2), StartsWith("workload.train_samples = -2: "));
}

TEST_F(LoadDataset, UnknownNameSuggestsTheNearest) {
  EXPECT_EQ(error_of("fashion-mnsit"),
            "workload.dataset = fashion-mnsit: no such data set; expected one of synthetic, fashion-mnist, mnist, "
            "cifar10; did "
            "you mean fashion-mnist?");
}

TEST_F(LoadDataset, AbsentSetSaysWhereItLookedAndWhatToDo) {
  setenv("RHEO_DATA_DIR", "/nowhere", 1);
  setenv("HOME", "/no-home", 1);
  EXPECT_EQ(error_of("mnist"),
            "data set mnist: not found in /nowhere/mnist, data/mnist, /no-home/.local/share/rheo/mnist; get it with "
            "`./setup.sh mnist`, or set workload.data_dir to the folder of its files");
}

TEST_F(LoadDataset, SearchOrder) {
  // A set found by search must be the published one, so each find shows in the error about its first file.
  setenv("HOME", folder().c_str(), 1);
  small_set(".local/share/rheo/mnist");
  EXPECT_THAT(error_of("mnist"), StartsWith(folder().string() + "/.local/share/rheo/mnist/train-images-idx3-ubyte"));
  setenv("XDG_DATA_HOME", (folder() / "xdg").c_str(), 1);
  small_set("xdg/rheo/mnist");
  EXPECT_THAT(error_of("mnist"), StartsWith(folder().string() + "/xdg/rheo/mnist/"));
  small_set("data/mnist");
  EXPECT_THAT(error_of("mnist"), StartsWith("data/mnist/"));
  setenv("RHEO_DATA_DIR", (folder() / "own").c_str(), 1);
  EXPECT_THAT(error_of("mnist"), StartsWith("data/mnist/"));
  small_set("own/mnist");
  EXPECT_THAT(error_of("mnist"), AllOf(StartsWith(folder().string() + "/own/mnist/train-images-idx3-ubyte: "),
                                       HasSubstr("not the published file: 46 bytes")));
}

TEST_F(LoadDataset, IncompleteFolder) {
  const std::filesystem::path set = small_set();
  std::filesystem::remove(set / "t10k-labels-idx1-ubyte");
  EXPECT_EQ(error_of("mnist", set), (set / "t10k-labels-idx1-ubyte").string() + ": no such file");
  EXPECT_THAT(error_of("mnist", folder() / "none"), StartsWith("workload.data_dir = "));
}

TEST_F(LoadDataset, TestImagesOfAnotherSize) {
  const std::filesystem::path set = small_set();
  write("set/t10k-images-idx3-ubyte", idx({0x803, 4, 3, 2}, Bytes(24)));
  EXPECT_THAT(error_of("mnist", set), HasSubstr("images of 3 x 2 pixels; expected 2 x 3"));
}

TEST_F(LoadDataset, SyntheticReadsNoFolder) {
  const Dataset set = load_dataset("synthetic", {}, 100, 20);
  EXPECT_EQ(set.train.count, 100u);
  EXPECT_EQ(set.test.count, 20u);
  EXPECT_GT(set.pixel_deviation, 0.1);
  EXPECT_THAT(error_of("synthetic", folder()), HasSubstr("reads no folder"));
  EXPECT_THAT(error_of("synthetic", {}, 10001), HasSubstr("expected 1 to 10000"));
}

TEST_F(LoadDataset, ListTellsWhatIsThere) {
  const std::vector<DatasetEntry> before = list_datasets();
  ASSERT_EQ(before.size(), 4u);
  EXPECT_EQ(before[1].name, "mnist");
  EXPECT_FALSE(before[1].available);
  EXPECT_EQ(before[1].where, "get it with `./setup.sh mnist`");
  EXPECT_FALSE(before[2].available);
  EXPECT_EQ(before[2].where, "get it with `./setup.sh cifar10`");
  EXPECT_TRUE(before[3].available);
  small_set("data/mnist");
  EXPECT_TRUE(list_datasets()[1].available);
  EXPECT_EQ(list_datasets()[1].where, "data/mnist");
}

TEST_F(LoadDataset, PackagedFashionMnist) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
  }
  const Dataset set = load_dataset("fashion-mnist");
  EXPECT_EQ(set.train.count, 60000u);
  EXPECT_EQ(set.test.count, 10000u);
  EXPECT_NEAR(set.pixel_mean, 0.2860, 5e-5);
  EXPECT_NEAR(set.pixel_deviation, 0.3530, 5e-5);
  EXPECT_EQ(std::count(set.train.labels.begin(), set.train.labels.end(), 3), 6000);
  EXPECT_EQ(set.train.labels[0], 9);
}

/// MNIST where ./setup.sh mnist puts it.
TEST_F(LoadDataset, FetchedMnist) {
  setenv("RHEO_DATA_DIR", RHEO_SOURCE_DIR "/data", 1);
  if (!list_datasets()[1].available) GTEST_SKIP() << "no MNIST in " RHEO_SOURCE_DIR "/data; get it: ./setup.sh mnist";
  const Dataset set = load_dataset("mnist");
  EXPECT_NEAR(set.pixel_mean, 0.1307, 5e-5);
  EXPECT_NEAR(set.pixel_deviation, 0.3081, 5e-5);
  EXPECT_EQ(std::count(set.train.labels.begin(), set.train.labels.end(), 1), 6742);
}

/// Subsets of real data beside the checkout, 2,000 + 1,000 balanced samples.
TEST_F(LoadDataset, SubsetsOfPublishedSets) {
  const char* given = std::getenv("RHEO_SHARED_DATA");
  const std::filesystem::path subsets = given ? given : RHEO_SOURCE_DIR "/../shared/data";
  for (const char* name : {"fashion-mnist", "mnist", "cifar10"}) {
    if (!std::filesystem::exists(subsets / name)) {
      GTEST_SKIP() << "no subset in " << subsets / name << "; set RHEO_SHARED_DATA";
    }
    const Dataset set = load_dataset(name, subsets / name);
    EXPECT_EQ(set.train.count, 2000u);
    EXPECT_EQ(set.test.count, 1000u);
    EXPECT_EQ(set.train.height * set.train.width, std::string_view(name) == "cifar10" ? 1024u : 784u);
    EXPECT_EQ(std::count(set.train.labels.begin(), set.train.labels.end(), 9), 200);
  }
}

}  // namespace
}  // namespace rheo::testing
