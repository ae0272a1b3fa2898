// trace.h5: what is written comes back, also after a kill; what is damaged is refused.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>

#include "models/core/error.hpp"
#include "tests/traces/damage.hpp"
#include "tests/traces/made_up.hpp"
#include "traces/checksum.hpp"
#include "traces/csv_trace.hpp"
#include "traces/trace_reader.hpp"
#include "traces/trace_writer.hpp"

namespace rheo {
namespace {

using rheo::testing::commands_a_program;
using rheo::testing::expect_made_up;
using rheo::testing::header;
using rheo::testing::MadeUp;
using rheo::testing::write_commands;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using traces::checksum_of;

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class TraceFile : public ::testing::Test {
 protected:
  ~TraceFile() override {
    std::filesystem::remove(file_);
    std::filesystem::remove(other_);
  }

  void write_whole(std::uint64_t count) const {
    TraceWriter writer(file_, header());
    write_commands(writer, count);
    writer.epoch({1, 2.5, 0.5, 2.25, 0.75, 0.01, 0.9, 12'345});
    writer.finish("{\"schema\": 1}\n");
  }
  /// The error of reading everything, or "".
  static std::string error_of(const std::filesystem::path& file) {
    try {
      TraceReader reader(file);
      while (reader.left() > 0) static_cast<void>(reader.next(1000));
      return "";
    } catch (const InputError& error) {
      return error.what();
    }
  }

  const std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("rheo-trace-" + std::to_string(::getpid()) + ".h5");
  const std::filesystem::path other_ =
      std::filesystem::temp_directory_path() / ("rheo-trace-" + std::to_string(::getpid()) + "-2.h5");
};

TEST_F(TraceFile, WhatIsWrittenComesBack) {
  constexpr std::uint64_t count = 20'000;  // two chunks and a part of one
  write_whole(count);
  TraceReader reader(file_);
  const TraceHeader& h = reader.header();
  EXPECT_EQ(h.version, "1.2.3");
  EXPECT_EQ(h.configuration, "seed = 1\n");
  EXPECT_EQ(h.tick_seconds, 1e-14);
  EXPECT_TRUE(h.from_start);
  EXPECT_EQ(h.units, header().units);
  EXPECT_EQ(h.operations, header().operations);
  EXPECT_EQ(h.layers, header().layers);
  ASSERT_EQ(h.memories.size(), 2U);
  EXPECT_EQ(h.memories[1].name, "dram");
  EXPECT_EQ(h.memories[1].address, 1ULL << 32);
  EXPECT_EQ(h.images.height, 28U);
  EXPECT_EQ(h.images.test, 3U);
  EXPECT_EQ(h.images.pixel_deviation, 0.5);
  EXPECT_EQ(reader.report(), "{\"schema\": 1}\n");
  ASSERT_EQ(reader.epochs().size(), 1U);
  EXPECT_EQ(reader.epochs()[0].test_accuracy, 0.75);
  EXPECT_EQ(reader.epochs()[0].momentum, 0.9);
  EXPECT_EQ(reader.epochs()[0].end, 12'345U);

  ASSERT_EQ(reader.programs().size(), count / commands_a_program);
  EXPECT_EQ(reader.programs()[0].program, "initialise");
  EXPECT_EQ(reader.programs()[3].first_sample, 192U);
  EXPECT_EQ(reader.programs()[3].learning_rate, 0.125);
  EXPECT_EQ(reader.programs()[3].commands, commands_a_program);

  ASSERT_EQ(reader.commands(), count);
  expect_made_up(reader, count);
  EXPECT_EQ(reader.left(), 0U);
}

TEST_F(TraceFile, IsReadableWhileItIsWrittenAndAfterAKill) {
  std::array<int, 2> written{};
  ASSERT_EQ(::pipe(written.data()), 0);
  constexpr std::uint64_t count = 30'000;
  constexpr std::uint64_t flushed = 3 * 8192;  // whole chunks
  const pid_t writer = ::fork();
  if (writer == 0) {
    TraceWriter trace(file_, header());
    write_commands(trace, count);
    trace.epoch({});
    const char done = 1;
    if (::write(written[1], &done, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  struct End {  // also where the test ends early
    explicit End(pid_t id) : process(id) {}
    End(const End&) = delete;
    pid_t process;
    ~End() {
      ::kill(process, SIGKILL);
      ::waitpid(process, nullptr, 0);
    }
  };
  auto end = std::make_unique<End>(writer);
  char done = 0;
  ASSERT_EQ(::read(written[0], &done, 1), 1);
  const auto expect_prefix = [&] {
    TraceReader reader(file_);
    EXPECT_EQ(reader.commands(), flushed);
    EXPECT_EQ(reader.report(), "");
    EXPECT_EQ(reader.epochs().size(), 1U);
    // Programs whose commands and counts are all there: 1.5 counts a command on average.
    ASSERT_GT(reader.programs().size(), 30U);
    EXPECT_LE(reader.programs().size() * commands_a_program, flushed);
    std::uint64_t n = reader.programs().size() * commands_a_program;
    expect_made_up(reader, n);
    for (const TracedCommand& command : reader.next(flushed)) EXPECT_EQ(command.sequence, MadeUp(n++).event.sequence);
    EXPECT_EQ(n, flushed);
  };
  expect_prefix();
  end.reset();
  expect_prefix();
}

TEST_F(TraceFile, AnInterruptedRunLosesNothing) {
  {
    TraceWriter writer(file_, header());
    write_commands(writer, 1234);
  }
  TraceReader reader(file_);
  EXPECT_EQ(reader.commands(), 1234U);
  EXPECT_EQ(reader.programs().size(), 2U);
  EXPECT_EQ(reader.report(), "");
}

TEST_F(TraceFile, WhatIsNoTraceIsRefusedInOneLine) {
  const auto refused = [&](const std::string& words) {
    const std::string error = error_of(file_);
    EXPECT_THAT(error, HasSubstr(file_.string() + ": "));
    EXPECT_THAT(error, HasSubstr(words));
    EXPECT_EQ(error.find('\n'), std::string::npos);
  };
  refused("no such file");
  std::ofstream(file_) << "";
  refused("no trace");
  std::ofstream(file_) << "sequence,unit\n1,dma\n";
  refused("no trace");
}

TEST_F(TraceFile, ATruncatedOneIsRefusedOrReadAsFarAsItGoes) {
  write_whole(20'000);
  const std::string whole = content(file_);
  for (std::size_t part = 1; part < 24; ++part) {
    std::ofstream(other_, std::ios::binary) << whole.substr(0, whole.size() * part / 24);
    EXPECT_THAT(error_of(other_), EndsWith("damaged, or no trace of Rheo")) << part << " / 24";
  }
}

TEST_F(TraceFile, ADamagedOneIsRefusedOrReadsAsBefore) {
  write_whole(20'000);
  const std::string whole = content(file_);
  int refused = 0;
  for (int place = 0; place < 60; ++place) {
    std::string damaged = whole;
    damaged[whole.size() * static_cast<std::size_t>(place) / 60] ^= 0x55;
    std::ofstream(other_, std::ios::binary) << damaged;
    if (!error_of(other_).empty()) {
      ++refused;
      continue;
    }
    // The byte belongs to nothing.
    TraceReader reader(other_);
    EXPECT_EQ(reader.commands(), 20'000U);
    expect_made_up(reader, 20'000);
  }
  EXPECT_GT(refused, 30);
}

TEST_F(TraceFile, OneWithOtherNumbersIsRefused) {
  write_whole(1500);
  const auto damages = rheo::testing::overwritten_values(file_);
  EXPECT_GT(damages.size(), 150U);
  const std::string whole = content(file_);
  for (const rheo::testing::Damage& damage : damages) {
    std::ofstream(other_, std::ios::binary) << whole;
    damage.apply(other_);
    if (error_of(other_).empty()) {  // only where it has the old number, or one that nothing reads
      TraceReader reader(other_);
      expect_made_up(reader, 1500);
      EXPECT_EQ(checksum_of(reader.header()), checksum_of(TraceReader(file_).header())) << damage.name;
      EXPECT_EQ(reader.report(), "{\"schema\": 1}\n") << damage.name;
    }
  }
}

TEST_F(TraceFile, FlushedItIsReadableUpToThere) {
  TraceWriter writer(file_, header());
  std::uint64_t written = 0;
  for (const std::uint64_t count : {600, 601, 9000, 9001, 20'000}) {
    write_commands(writer, count, written);
    written = count;
    writer.flush();
    TraceReader reader(file_);
    ASSERT_EQ(reader.commands(), count);
    EXPECT_EQ(reader.programs().size(), count / commands_a_program);
    expect_made_up(reader, count);
  }
}

TEST_F(TraceFile, ADiskThatRefusesIsAnError) {
  EXPECT_THROW(TraceWriter("/proc/no/such/folder.h5", header()), SimulationError);
}

TEST_F(TraceFile, AsCsvItIsALineACommand) {
  write_whole(3);
  TraceReader reader(file_);
  CsvTrace csv(other_, reader.header().layers);
  for (const TracedCommand& command : reader.next(3)) csv.command(named(command, reader.header()));
  csv.finish();
  std::istringstream in(content(other_));
  std::string line;
  ASSERT_TRUE(std::getline(in, line));
  EXPECT_EQ(line, "sequence,unit,operation,layer,mode,phase,start_s,end_s,bytes,items");
  ASSERT_TRUE(std::getline(in, line));
  EXPECT_EQ(line, "1,dma,transfer,shared,training,forward,0.00000000000000,0.00000000000000,0,0");
  ASSERT_TRUE(std::getline(in, line));
  // 1000 ticks of 10 fs.
  EXPECT_THAT(line, HasSubstr(",0.00000000001000,"));
}

}  // namespace
}  // namespace rheo
