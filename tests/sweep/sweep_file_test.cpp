#include "platforms/sweep/sweep_file.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "models/core/error.hpp"

namespace rheo::sweep {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SweepFileTest : public ::testing::Test {
 protected:
  ~SweepFileTest() override { std::filesystem::remove(file_); }

  SweepFile load(const std::string& text) {
    std::ofstream(file_) << text;
    return SweepFile::load(file_);
  }
  void expect_refused(const std::string& text, const std::string& place, const std::string& fragment) {
    try {
      static_cast<void>(load(text));
      ADD_FAILURE() << "was taken: " << text;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), StartsWith(file_.string() + place));
      EXPECT_THAT(error.what(), HasSubstr(fragment));
    }
  }

  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("rheo-sweep-" + std::to_string(getpid()) + ".toml");
};

TEST_F(SweepFileTest, ReadsEverything) {
  const SweepFile sweep = load(R"(
config = "../c.toml"
set = ["workload.epochs=2"]
repeats = 3
keep = true
constraints = ["adc.bits <= 9", "area.total_mm2 < 10"]
[axes]
device.preset = ["PCM", "Ideal"]
adc.bits = { range = [4, 9] }
"tile.rows" = { values = [128, 256], also = ["tile.columns"] }
device.dw_min = { log_range = [1e-4, 1e-2], steps = 5 }
tile.read_time = { range = ["20 ns", "80 ns"] , steps = 3 }
folding.pe = [[1, 2], [2, 4]]
[sampling]
kind = "sobol"
points = 16
seed = 4
[objectives]
accuracy.final = "max"
energy.total_j = "min"
)");
  EXPECT_EQ(sweep.config, (file_.parent_path() / "../c.toml").lexically_normal());
  EXPECT_EQ(sweep.repeats, 3);
  EXPECT_TRUE(sweep.keep);
  ASSERT_EQ(sweep.constraints.size(), 2U);
  ASSERT_EQ(sweep.axes.size(), 6U);  // in the order of the file
  EXPECT_EQ(sweep.axes[0].key, "device.preset");
  EXPECT_EQ(sweep.axes[0].values[0].toml, "\"PCM\"");
  EXPECT_EQ(sweep.axes[1].key, "adc.bits");
  EXPECT_TRUE(sweep.axes[1].integers);
  EXPECT_EQ(sweep.axes[2].also, std::vector<std::string>{"tile.columns"});
  EXPECT_EQ(sweep.axes[3].kind, Axis::Kind::log_range);
  EXPECT_EQ(sweep.axes[3].steps, 5);
  EXPECT_EQ(sweep.axes[4].unit, "ns");
  EXPECT_EQ(sweep.axes[5].values[1].toml, "[2, 4]");
  EXPECT_EQ(sweep.sampling.kind, SamplingKind::sobol);
  EXPECT_EQ(sweep.sampling.points, 16);
  ASSERT_EQ(sweep.objectives.size(), 2U);
  EXPECT_EQ(sweep.objectives[0].goal, Goal::max);
  EXPECT_EQ(sweep.objectives[1].name, "energy.total_j");
}

TEST_F(SweepFileTest, SaysLineAndColumnOfWhatIsWrong) {
  const std::string head = "config = \"c.toml\"\n";
  const std::string axes = "[axes]\nadc.bits = [4]\n";
  expect_refused("", ": ", "config: is missing");
  expect_refused("config = [", ":1:", "not valid TOML");
  expect_refused(head, ": ", "axes: is missing");
  expect_refused(head + "[axes]\n", ":2:1: ", "axes: is empty; expected a configuration key");
  expect_refused(head + "[axes.adc]\n", ":2:1: ", "axes.adc: is empty");
  expect_refused(head + axes + "[axes.tile]\n", ":4:1: ", "axes.tile: is empty");
  expect_refused(head + axes + "[objectives]\n", ":4:1: ", "objectives: is empty; expected a figure");
  expect_refused(head + axes + "[objectives.energy]\n", ":4:1: ", "objectives.energy: is empty");
  expect_refused(head + "axes = {}\n", ":2:8: ", "axes: is empty");
  expect_refused(head + "repeat = 2\n" + axes, ":2:10", "did you mean repeats?");
  expect_refused(head + "repeats = 0\n" + axes, ":2:11", "an integer from 1");
  expect_refused(head + "keep = 1\n" + axes, ":2:8", "true or false");
  expect_refused(head + "axes = 3\n", ":2:8", "axes: expected a table");
  expect_refused(head + "[axes]\nadc.bits = []\n", ":3:12", "at least one value");
  expect_refused(head + "[axes]\nadc.bits = [4, 4]\n", ":3:16", "each value once");
  expect_refused(head + "[axes]\nadc.bits = 4\n", ":3:12", "one of values, range, log_range");
  expect_refused(head + "[axes]\nadc.bits = { range = [4, 9], values = [1] }\n", ":3:12", "one of values, range");
  expect_refused(head + "[axes]\nadc.bits = { range = [9, 4] }\n", ":3:22", "the smaller number first");
  expect_refused(head + "[axes]\nadc.bits = { range = [4] }\n", ":3:22", "two numbers");
  expect_refused(head + "[axes]\nadc.bits = { range = [\"1 ns\", \"2 us\"] }\n", ":3:22", "of one unit");
  expect_refused(head + "[axes]\nx.y = { log_range = [0.0, 1.0], steps = 2 }\n", ":3:21", "above zero");
  expect_refused(head + "[axes]\nx.y = { range = [0.0, 1.0] }\n", ":3:7", "steps: is missing");
  expect_refused(head + "[axes]\nx.y = { range = [0.0, 1.0], stepps = 2 }\n", ":3:", "did you mean steps?");
  expect_refused(head + "[axes]\nx.y = { values = [1], steps = 2 }\n", ":3:7", "belongs to a range");
  expect_refused(head + "[axes]\nseed = [1, 2]\n", ":3:8", "repeats");
  expect_refused(head + "[axes]\na.b = [1]\nc.d = { values = [1], also = [\"a.b\"] }\n", ":4:7", "two axes");
  expect_refused(head + axes + "[sampling]\nkind = \"gird\"\n", ":5:8", "did you mean grid?");
  expect_refused(head + axes + "[sampling]\nkind = \"sobol\"\n", ":4:1", "points: is missing");
  expect_refused(head + axes + "[sampling]\nkind = \"grid\"\npoints = 3\n", ":6:10", "no such key");
  expect_refused(head + axes + "[sampling]\nkind = \"nsga2\"\npopulation = 10\n", ":6:14", "multiple of four");
  expect_refused(head + axes + "[sampling]\nkind = \"nsga2\"\n", ":3:12", "nsga2 wants two values at least");
  expect_refused(head + "[axes]\nadc.bits = [4, 5]\n[sampling]\nkind = \"nsga2\"\n", ": ", "at least two of them");
  expect_refused(head + axes + "[objectives]\nenergy.total_j = \"low\"\n", ":5:18", "\"min\" or \"max\"");
  expect_refused(head + axes + "[objectives]\na.b = \"min\"\n\"a.b\" = \"max\"\n", ":6:9", "each figure once");
  expect_refused(head + "constraints = [\"adc.bits <\"]\n" + axes, ":2:16", "expected as");
  expect_refused(head + "constraints = [3]\n" + axes, ":2:16", "list of texts");
  expect_refused(head + "task = \"evaluate\"\n" + axes, ": ", "weights: is missing");
  expect_refused(head + "task = \"evaluate\"\nweights = \"no.h5\"\n" + axes, ":3:11", "no such file");
}

TEST_F(SweepFileTest, AFileThatIsNotThereIsRefused) {
  EXPECT_THROW(SweepFile::load(file_.string() + ".none"), InputError);
  EXPECT_THROW(SweepFile::load(file_.parent_path()), InputError);
}

TEST_F(SweepFileTest, AGridWithoutEndIsRefused) {
  std::string text = "config = \"c.toml\"\n[axes]\n";
  for (const char key : {'a', 'b', 'c'}) text += std::string(1, key) + ".x = { range = [1, 1000] }\n";
  expect_refused(text, ": ", "a grid of 1000000000 points");
}

}  // namespace
}  // namespace rheo::sweep
