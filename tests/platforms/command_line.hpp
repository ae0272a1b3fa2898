#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rheo::testing {

using Words = std::vector<std::string>;

/// Words one after the other.
inline Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// `--set` before each assignment.
inline Words set(const Words& assignments) {
  Words words;
  for (const std::string& assignment : assignments) words = words + Words{"--set", assignment};
  return words;
}

/// A run that takes some tenths of a second: 8 batches an epoch, a checkpoint after each.
inline Words quick(int epochs) {
  return set({"workload.dataset=synthetic", "workload.network=tiny", "workload.train_samples=512",
              "workload.test_samples=128", "workload.batch_size=64", "workload.epochs=" + std::to_string(epochs),
              "schedule.kind=constant", "schedule.lr=0.1", "checkpoint.interval=0 s"});
}

inline std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

/// Every path below a folder, in order.
inline Words contents(const std::filesystem::path& folder) {
  Words names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    names.push_back(entry.path().lexically_relative(folder).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Control characters other than the end of a line: what a terminal would act on.
inline bool has_control_characters(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7F;
  });
}

inline std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// How a process ended and what it printed.
struct Outcome {
  int status = -1;  ///< exit status; -1: ended by a signal
  int signal = 0;   ///< the signal that ended it
  std::string out, err;
};

/// What differs from an ordinary start.
struct Start {
  std::string in = "";                           ///< what a pipe on standard input holds, at most 4 KiB
  std::string out = "";                          ///< where standard output goes, empty: captured
  std::string err = "";                          ///< the same for standard error
  std::vector<int> closed = {};                  ///< descriptors that are closed
  std::optional<std::uint64_t> file_limit = {};  ///< largest file in bytes, as if the disk were full
  Words environment = {};                        ///< NAME=VALUE
};

/// `rheo` as a process of its own in a working folder of its own, both gone when the test is over.
class CommandLine : public ::testing::Test {
 public:
  /// A `rheo` that runs. Killed when nobody has waited for it.
  class Process {
   public:
    Process(pid_t id, std::filesystem::path out, std::filesystem::path err)
        : id_(id), out_(std::move(out)), err_(std::move(err)) {}
    Process(Process&& other) noexcept
        : id_(std::exchange(other.id_, -1)), out_(std::move(other.out_)), err_(std::move(other.err_)) {}
    Process& operator=(Process&&) = delete;
    ~Process() {
      if (id_ < 0) return;
      ::kill(id_, SIGKILL);
      ::waitpid(id_, nullptr, 0);
    }

    [[nodiscard]] pid_t id() const { return id_; }

    void send(int signal) const {
      if (id_ > 0) ::kill(id_, signal);
    }

    Outcome wait(std::chrono::seconds limit = std::chrono::seconds(60)) {
      const auto end = std::chrono::steady_clock::now() + limit;
      int status = 0;
      while (::waitpid(id_, &status, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > end) {
          ADD_FAILURE() << "rheo did not end within " << limit.count() << " s";
          ::kill(id_, SIGKILL);
          ::waitpid(id_, &status, 0);
          break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      id_ = -1;
      Outcome outcome;
      outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      outcome.out = read_text(out_);
      outcome.err = read_text(err_);
      return outcome;
    }

   private:
    pid_t id_;
    std::filesystem::path out_, err_;
  };

 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "rheo-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directories(folder_ / "work");
    std::filesystem::create_directories(folder_ / "printed");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// The working folder of every command.
  [[nodiscard]] std::filesystem::path work() const { return folder_ / "work"; }

  Process start(const Words& words, const Start& how = {}) {
    const std::string number = std::to_string(++started_);
    const auto printed = [&](const std::string& elsewhere, const char* ending) {
      return elsewhere.empty() ? folder_ / "printed" / (number + ending) : std::filesystem::path(elsewhere);
    };
    const std::filesystem::path out = printed(how.out, ".out");
    const std::filesystem::path err = printed(how.err, ".err");
    const std::string binary = RHEO_BINARY;
    std::vector<char*> arguments{const_cast<char*>(binary.c_str())};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t id = ::fork();
    if (id == 0) {
      become(binary, arguments, out, err, how);
      ::_exit(127);
    }
    return {id, how.out.empty() ? out : std::filesystem::path(), how.err.empty() ? err : std::filesystem::path()};
  }

  Outcome rheo(const Words& words, const Start& how = {}) { return start(words, how).wait(); }

  /// Waits until a file is there; false after ten seconds.
  static bool appears(const std::filesystem::path& file) {
    for (int i = 0; i < 10000; ++i) {
      if (std::filesystem::exists(file)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

  /// Starts a run and sends the signal after its first checkpoint, so that the folder holds half a run.
  Outcome run_and_send(int signal, const std::string& out, const Words& words) {
    for (int attempt = 0; attempt < 5; ++attempt) {
      std::filesystem::remove_all(work() / out);
      Process process = start(Words{"run", "--quiet", "--out", out} + words);
      EXPECT_TRUE(appears(work() / out / "checkpoint.h5"));
      process.send(signal);
      Outcome outcome = process.wait();
      if (!std::filesystem::exists(work() / out / "report.json")) return outcome;
    }
    ADD_FAILURE() << "the run was over before the signal reached it, five times";
    return {};
  }

  /// report.json without the one line that tells the wall time.
  [[nodiscard]] std::string report(const std::string& out) const {
    std::istringstream in(read_text(work() / out / "report.json"));
    std::string text;
    for (std::string line; std::getline(in, line);) {
      if (line.find("\"wall_s\"") == std::string::npos) text += line + '\n';
    }
    EXPECT_FALSE(text.empty()) << "no report in " << out;
    return text;
  }

 private:
  void become(const std::string& binary, std::vector<char*>& arguments, const std::filesystem::path& out,
              const std::filesystem::path& err, const Start& how) const {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_DFL);
    ::setenv("RHEO_SHARE", RHEO_SOURCE_FOLDER, 1);
    for (const char* name : {"RHEO_DATA_DIR", "XDG_DATA_HOME", "HOME"}) ::unsetenv(name);
    for (const std::string& pair : how.environment) {
      const auto equals = pair.find('=');
      ::setenv(pair.substr(0, equals).c_str(), pair.substr(equals + 1).c_str(), 1);
    }
    if (::chdir(work().c_str()) != 0) return;
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0 || ::write(pipe[1], how.in.data(), how.in.size()) < 0) return;
    const int out_file = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const int err_file = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(pipe[0], 0);
    ::dup2(out_file, 1);
    ::dup2(err_file, 2);
    for (const int descriptor : {pipe[0], pipe[1], out_file, err_file}) {
      if (descriptor > 2) ::close(descriptor);
    }
    for (const int descriptor : how.closed) ::close(descriptor);
    if (how.file_limit) {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{*how.file_limit, *how.file_limit};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execv(binary.c_str(), arguments.data());
  }
  std::filesystem::path folder_;
  int started_ = 0;
};

}  // namespace rheo::testing
