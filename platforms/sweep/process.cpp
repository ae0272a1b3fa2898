#include "platforms/sweep/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "models/core/error.hpp"

namespace rheo::sweep {
namespace {

std::vector<char*> arguments(const std::vector<std::string>& words) {
  std::vector<char*> list;
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

[[noreturn]] void become(std::vector<char*>& list) {
  execvp(list[0], list.data());
  _exit(127);
}

}  // namespace

pid_t start_process(const Command& command, const std::vector<std::string>& words,
                    const std::filesystem::path& errors) {
  const int error_file = open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const int open_reason = errno;
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  // What is not written yet would be written twice.
  std::cout.flush();
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t child = error_file < 0 || nothing < 0 ? -1 : fork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(error_file, STDERR_FILENO);
    // The database and the lock of the folder stay with the parent.
    close_range(STDERR_FILENO + 1, ~0U, 0);
    int status = 1;
    try {
      status = command(words);
    } catch (...) {
      status = 1;
    }
    std::cout.flush();
    std::fflush(nullptr);
    _exit(status);
  }
  const int reason = error_file < 0 ? open_reason : errno;
  close(error_file);
  close(nothing);
  if (error_file < 0) {
    throw SimulationError(fmt::format("{} cannot be written: {}", errors.string(), std::strerror(reason)));
  }
  if (child < 0) throw SimulationError(fmt::format("a process cannot be started: {}", std::strerror(reason)));
  return child;
}

std::optional<Ended> next_ended() {
  int status = 0;
  rusage used{};
  const pid_t process = wait4(-1, &status, WNOHANG, &used);
  if (process <= 0) return std::nullopt;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const Ending ending = WIFEXITED(status) ? Ending{WEXITSTATUS(status), 0} : Ending{0, WTERMSIG(status)};
  return Ended{process, ending, seconds(used.ru_utime) + seconds(used.ru_stime)};
}

std::string output_of(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw SimulationError(fmt::format("pipe: {}", std::strerror(errno)));
  std::vector<char*> list = arguments(words);
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    become(list);
  }
  close(ends[1]);
  std::string text;
  if (child > 0) {
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = read(ends[0], part.data(), part.size())) != 0;) {
      if (got > 0) {
        text.append(part.data(), static_cast<std::size_t>(got));
      } else if (errno != EINTR) {
        break;
      }
    }
  }
  close(ends[0]);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    throw SimulationError(fmt::format("{} failed: {}", words[0], text.empty() ? "is it installed?" : text));
  }
  return text;
}

std::filesystem::path own_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

}  // namespace rheo::sweep
