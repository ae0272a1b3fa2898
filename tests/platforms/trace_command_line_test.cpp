// `rheo run --trace`, `rheo trace` and `rheo replay` as a user sees them.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/platforms/command_line.hpp"
#include "tests/traces/damage.hpp"

namespace rheo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

class TraceCommandLine : public CommandLine {
 protected:
  void record(const std::string& out, const Words& more = {}) {
    const Outcome outcome = rheo(Words{"run", "--quiet", "--trace", "--out", out} + quick(2) + more);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  void expect_bad_input(const Words& words, const std::string& what) {
    const Outcome outcome = rheo(words);
    EXPECT_EQ(outcome.status, 2) << outcome.out << outcome.err;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(what));
  }
  [[nodiscard]] Json report_of(const std::string& out) const {
    return Json::parse(read_text(work() / out / "report.json"));
  }
};

TEST_F(TraceCommandLine, TracingChangesNothingElse) {
  record("traced");
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--out", "plain"} + quick(2)).status, 0);
  EXPECT_EQ(report("traced"), report("plain"));
  EXPECT_FALSE(std::filesystem::exists(work() / "plain/trace.h5"));
}

TEST_F(TraceCommandLine, ATraceIsSummedUpAndExported) {
  record("o");
  const Outcome summary = rheo({"trace", "o"});
  ASSERT_EQ(summary.status, 0) << summary.err;
  EXPECT_THAT(summary.out, HasSubstr("the run is complete"));
  // 8 batches an epoch, 2 test batches.
  EXPECT_THAT(summary.out, HasSubstr("training           16       1024"));
  EXPECT_THAT(summary.out, HasSubstr("evaluation          4        256"));

  ASSERT_EQ(rheo({"trace", "o/trace.h5", "--to", "chrome"}).status, 0);
  const Json chrome = Json::parse(read_text(work() / "o/trace.json"));
  std::size_t slices = 0;
  for (const Json& event : chrome.at("traceEvents")) slices += event.at("ph") == "X" ? 1 : 0;
  ASSERT_EQ(rheo({"trace", "o", "--to", "csv", "--out", "t.csv"}).status, 0);
  const std::string csv = read_text(work() / "t.csv");
  EXPECT_THAT(csv, StartsWith("sequence,unit,operation,"));
  EXPECT_EQ(lines(csv), 1 + slices);
  EXPECT_GT(slices, 1000U);
}

TEST_F(TraceCommandLine, BadWordsAreRefused) {
  record("o");
  expect_bad_input({"trace", "o", "--to", "chrom"}, "did you mean chrome?");
  expect_bad_input({"trace", "o", "--out", "x"}, "--out");
  expect_bad_input({"trace", "o", "--to", "csv", "--out", "no/such/folder.csv"}, "--out");
  expect_bad_input({"trace", "absent.h5"}, "no such file");
  expect_bad_input({"trace", "o/checkpoint.h5"}, "no trace of Rheo");
  expect_bad_input({"replay", "o/config.toml"}, "no trace of Rheo");
  expect_bad_input({"replay", "o", "--out", "o"}, "exists already");
  expect_bad_input({"replay", "o", "--set", "adc.bits=8", "--out", "r"}, "--set adc.bits=8: ");
  expect_bad_input({"replay", "o", "--set", "adc.rat=1 GHz", "--out", "r"}, "did you mean");
  EXPECT_FALSE(std::filesystem::exists(work() / "r"));
}

TEST_F(TraceCommandLine, AReplayOfTheSameChipHasTheSameReport) {
  record("o");
  const Outcome outcome = rheo({"replay", "o", "--quiet", "--out", "r"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Changed: nothing"));
  Json replayed = report_of("r");
  EXPECT_EQ(replayed.at("accuracy").at("recorded"), true);
  replayed.at("accuracy").erase("recorded");
  replayed.erase("replay");
  Json run = report_of("o");
  for (Json* json : {&replayed, &run}) json->at("time").erase("wall_s");
  EXPECT_EQ(replayed, run);
}

TEST_F(TraceCommandLine, AReplayOfAChangedChipHasTheReportOfItsRun) {
  record("o");
  const Words change{"--set", "dram.channels=1", "--set", "adc.rate=200 MHz"};
  const Outcome outcome = rheo(Words{"replay", "o", "--quiet", "--out", "r"} + change);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Changed: adc.rate, dram.channels"));
  record("changed", change);
  for (const char* section : {"energy", "memory", "area", "actions", "layers", "evaluation", "config"}) {
    EXPECT_EQ(report_of("r").at(section), report_of("changed").at(section)) << section;
  }
  EXPECT_EQ(report_of("r").at("time").at("cycles"), report_of("changed").at("time").at("cycles"));
}

TEST_F(TraceCommandLine, AReplayNeedsNoData) {
  // A run on files that are gone.
  const Words mnist{"--set", "workload.dataset=mnist", "--set", "workload.data_dir=data"};
  const auto number = [](std::uint32_t n) {
    return std::string{static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                       static_cast<char>(n)};
  };
  for (const auto& [name, count] : {std::pair{"train", 512}, std::pair{"t10k", 128}}) {
    std::string pixels(static_cast<std::size_t>(count) * 784, '\0');
    std::string labels(static_cast<std::size_t>(count), '\0');
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<char>(i * 31 % 251);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<char>(i % 10);
    const auto n = static_cast<std::uint32_t>(count);
    write_text(work() / "data" / (std::string(name) + "-images-idx3-ubyte"),
               number(0x803) + number(n) + number(28) + number(28) + pixels);
    write_text(work() / "data" / (std::string(name) + "-labels-idx1-ubyte"), number(0x801) + number(n) + labels);
  }
  record("o", mnist);
  std::filesystem::remove_all(work() / "data");
  EXPECT_EQ(rheo(Words{"run", "--quiet", "--out", "again"} + quick(2) + mnist).status, 2);
  EXPECT_EQ(rheo({"replay", "o", "--quiet", "--out", "r"}).status, 0);
  EXPECT_EQ(report_of("r").at("time").at("cycles"), report_of("o").at("time").at("cycles"));
}

TEST_F(TraceCommandLine, TheSampleTraceIsReadAndReplayed) {
  const Outcome summary = rheo({"trace", RHEO_SOURCE_FOLDER "/traces/tiny.h5"});
  ASSERT_EQ(summary.status, 0) << summary.err;
  EXPECT_THAT(summary.out, HasSubstr("training            3         48"));
  EXPECT_EQ(rheo({"replay", RHEO_SOURCE_FOLDER "/traces/tiny.h5", "--set", "clock_hz=5e8", "--out", "r"}).status, 0);
}

TEST_F(TraceCommandLine, AKilledRunLeavesATraceAndAResumedOneAnother) {
  // Commands of one image: some chunks of them an epoch.
  const Words words = quick(4) + set({"mapping.images_per_block=1"});
  for (int attempt = 0; attempt < 5; ++attempt) {
    std::filesystem::remove_all(work() / "o");
    Process process = start(Words{"run", "--quiet", "--trace", "--out", "o"} + words);
    std::uintmax_t size = 0;
    for (int i = 0; i < 10'000 && size < 200'000; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::error_code error;
      size = std::filesystem::file_size(work() / "o/trace.h5", error);
      if (error) size = 0;
    }
    process.send(SIGKILL);
    static_cast<void>(process.wait());
    if (!std::filesystem::exists(work() / "o/report.json")) break;
  }
  const std::string first = read_text(work() / "o/trace.h5");
  const Outcome summary = rheo({"trace", "o"});
  ASSERT_EQ(summary.status, 0) << summary.err;
  EXPECT_THAT(summary.out, HasSubstr("the run did not end"));
  const Outcome replay = rheo({"replay", "o", "--quiet", "--out", "r"});
  ASSERT_EQ(replay.status, 0) << replay.err;
  EXPECT_EQ(report_of("r").at("replay").at("whole_run"), false);
  EXPECT_EQ(read_text(work() / "o/trace.h5"), first) << "reading changed the trace";

  ASSERT_EQ(rheo({"run", "--quiet", "--resume", "--trace", "--out", "o"}).status, 0);
  EXPECT_EQ(read_text(work() / "o/trace.h5"), first) << "the first trace is lost";
  const Outcome second = rheo({"trace", "o/trace-2.h5"});
  ASSERT_EQ(second.status, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("begins at a checkpoint"));
  expect_bad_input({"replay", "o/trace-2.h5"}, "in the middle of a run");
}

TEST_F(TraceCommandLine, AKilledAndResumedRunHasTheTraceOfOneThatWasNot) {
  // Commands of one image: some chunks of them an epoch.
  const Words words = quick(3) + set({"mapping.images_per_block=1"});
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--trace", "--out", "whole"} + words).status, 0);
  ASSERT_EQ(rheo({"trace", "whole", "--to", "csv", "--out", "whole.csv"}).status, 0);
  // Killed again and again, each time some checkpoints on: a save renames a new file over the old one.
  const auto checkpoint = work() / "o/checkpoint.h5";
  int kills = 0;
  for (Words next = Words{"run", "--quiet", "--trace", "--out", "o"} + words; kills < 3; ++kills) {
    struct stat before {
    }, now{};
    ::stat(checkpoint.c_str(), &before);
    Process process = start(next);
    for (int saves = 0, i = 0; saves < 4 && i < 5'000; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (::stat(checkpoint.c_str(), &now) != 0 || now.st_ino == before.st_ino) continue;
      before = now;
      ++saves;
    }
    process.send(SIGKILL);
    static_cast<void>(process.wait());
    if (std::filesystem::exists(work() / "o/report.json")) break;
    next = {"run", "--quiet", "--resume", "--trace", "--out", "o"};
  }
  ASSERT_GT(kills, 0) << "the run was over before it was killed";
  ASSERT_EQ(rheo({"run", "--quiet", "--resume", "--trace", "--out", "o"}).status, 0);

  const Outcome summary = rheo({"trace", "o"});
  EXPECT_THAT(summary.out, HasSubstr("files, read as one"));
  EXPECT_THAT(summary.out, HasSubstr("the run is complete"));
  ASSERT_EQ(rheo({"trace", "o", "--to", "csv", "--out", "o.csv"}).status, 0);
  EXPECT_TRUE(read_text(work() / "o.csv") == read_text(work() / "whole.csv"));
  for (const std::string out : {"o", "whole"}) {
    const Outcome replay = rheo({"replay", out, "--quiet", "--out", "r-" + out, "--set", "dram.channels=1"});
    ASSERT_EQ(replay.status, 0) << replay.err;
  }
  Json joined = report_of("r-o"), whole = report_of("r-whole");
  for (Json* json : {&joined, &whole}) {
    json->at("time").erase("wall_s");
    json->erase("replay");
  }
  EXPECT_EQ(joined, whole);
}

TEST_F(TraceCommandLine, ARefusalLeavesNothing) {
  record("o");
  const std::string whole = read_text(work() / "o/trace.h5");
  const Words before = contents(work());
  // The last programs are damaged: found when the others have been timed.
  ASSERT_GT(overwritten_values(work() / "o/trace.h5").size(), 100U);
  std::size_t late = 0;
  for (const Damage& damage : overwritten_values(work() / "o/trace.h5")) {
    if (damage.name != "commands/step last most" && damage.name != "counts/value last most" &&
        damage.name != "programs/check last 0" && damage.name != "images@classes 0") {
      continue;
    }
    ++late;
    damage.apply(work() / "o/trace.h5");
    for (const Words& where : {Words{"--out", "new/folder/r"}, Words{}}) {
      expect_bad_input(Words{"replay", "o", "--quiet"} + where, "trace.h5: damaged");
      EXPECT_EQ(contents(work()), before) << damage.name;
    }
    write_text(work() / "o/trace.h5", whole);
  }
  EXPECT_EQ(late, 4U);
  const Outcome taken = rheo({"replay", "o", "--quiet", "--out", "o"});
  EXPECT_EQ(taken.status, 2);
  EXPECT_THAT(taken.err, Not(HasSubstr("--resume")));
  EXPECT_EQ(contents(work()), before);
}

TEST_F(TraceCommandLine, AnInterruptedExportLeavesNothing) {
  ASSERT_EQ(
      rheo(Words{"run", "--quiet", "--trace", "--out", "o"} + quick(4) + set({"mapping.images_per_block=1"})).status,
      0);
  for (const std::string format : {"chrome", "csv"}) {
    const auto out = work() / ("t." + format);
    const auto partial = work() / ("t." + format + ".partial");
    Outcome outcome;
    for (int attempt = 0; attempt < 10 && outcome.status != 130; ++attempt) {
      std::filesystem::remove(out);
      Process process = start({"trace", "o", "--to", format, "--out", out.string()});
      while (!std::filesystem::exists(partial) && !std::filesystem::exists(out)) std::this_thread::yield();
      process.send(SIGINT);
      outcome = process.wait();
    }
    EXPECT_EQ(outcome.status, 130) << outcome.signal;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_FALSE(std::filesystem::exists(partial));
    EXPECT_FALSE(std::filesystem::exists(out));
  }
}

TEST_F(TraceCommandLine, AFullDiskEndsTheRunWithOneLine) {
  for (const std::uint64_t limit : {std::uint64_t{20'000}, std::uint64_t{100'000}}) {
    std::filesystem::remove_all(work() / "o");
    const Outcome outcome =
        rheo(Words{"run", "--quiet", "--trace", "--out", "o"} + quick(4) + set({"mapping.images_per_block=1"}),
             {.file_limit = limit});
    EXPECT_EQ(outcome.status, 1) << outcome.signal;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  }
}

}  // namespace
}  // namespace rheo::testing
