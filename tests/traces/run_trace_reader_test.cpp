// The trace files of a run that was resumed, read as one.
#include "traces/run_trace_reader.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "models/core/error.hpp"
#include "tests/traces/made_up.hpp"

namespace rheo::testing {
namespace {

using ::testing::HasSubstr;

class RunTraces : public ::testing::Test {
 protected:
  RunTraces() { std::filesystem::create_directories(folder_); }
  ~RunTraces() override { std::filesystem::remove_all(folder_); }

  /// The part of the made-up run from command `first` on, in front of which a program ends, up to `last`.
  void write(const std::string& name, std::uint64_t first, std::uint64_t last, const std::string& report = "",
             const std::string& configuration = "seed = 1\n") const {
    TraceHeader h = header();
    h.from_start = first == 0;
    h.begin = first == 0 ? 0 : 1000 * (first - 1) + 1;
    h.configuration = configuration;
    TraceWriter writer(folder_ / name, h);
    write_commands(writer, last, first, first);
    for (std::uint64_t epoch = first / 1000; epoch < last / 1000; ++epoch) {
      writer.epoch({static_cast<double>(epoch), 0, 0, 0, 0, 0, 0, 1000 * (1000 * epoch + 999) + 1});
    }
    if (!report.empty()) writer.finish(report);
  }
  void expect_refused(const std::string& words) const {
    try {
      RunTraceReader reader(folder_);
      ADD_FAILURE() << "it was accepted";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  }
  /// What a reader of the folder finds is the run from its beginning up to command `last`.
  void expect_whole(std::uint64_t last) const {
    RunTraceReader reader(folder_);
    ASSERT_EQ(reader.commands(), last);
    ASSERT_EQ(reader.programs().size(), last / commands_a_program);
    for (std::size_t p = 0; p < reader.programs().size(); ++p) EXPECT_EQ(reader.programs()[p].first_sample, 64 * p);
    ASSERT_EQ(reader.epochs().size(), last / 1000);
    for (std::size_t e = 0; e < reader.epochs().size(); ++e) EXPECT_EQ(reader.epochs()[e].epoch, e);
    expect_made_up(reader, last);
    EXPECT_EQ(reader.left(), 0U);
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("rheo-run-traces-" + std::to_string(::getpid()));
};

TEST_F(RunTraces, OneFileIsItself) {
  write("trace.h5", 0, 2300);
  expect_whole(2300);
  EXPECT_EQ(RunTraceReader(folder_ / "trace.h5").parts(), 1U);
}

TEST_F(RunTraces, WhatStandsInTwoFilesIsReadOnce) {
  write("trace.h5", 0, 4321);
  write("trace-2.h5", 2500, 3100);  // killed before its first checkpoint
  write("trace-3.h5", 2500, 6000);
  write("trace-4.h5", 4500, 7200, "{}");
  expect_whole(7200);
  RunTraceReader reader(folder_);
  EXPECT_EQ(reader.parts(), 4U);
  EXPECT_EQ(reader.report(), "{}");
}

TEST_F(RunTraces, ARunThatBeginsAnewIsReadFromThere) {
  write("trace.h5", 0, 700);
  write("trace-2.h5", 0, 1500);
  expect_whole(1500);
}

TEST_F(RunTraces, MissingCommandsAreRefused) {
  write("trace.h5", 0, 1499);  // its last program did not reach the disk
  write("trace-2.h5", 1500, 3000);
  expect_refused("trace.h5: ends before");
  expect_refused("are missing");
}

TEST_F(RunTraces, OtherRunsAreRefused) {
  write("trace.h5", 0, 1500);
  write("trace-2.h5", 1000, 3000, "", "seed = 2\n");
  expect_refused("is not of the same run as");
}

}  // namespace
}  // namespace rheo::testing
