#include "platforms/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace rheo {
namespace {

std::string clock_text(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds + 0.5);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{}:{:02}", s / 60, s % 60);
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string rate_text(double rate, const std::string& what) {
  return rate >= 10 ? fmt::format("{:.0f} {}/s", rate, what) : fmt::format("{:.3g} {}/min", 60 * rate, what);
}

}  // namespace

Progress::Progress(bool quiet, std::string what)
    : quiet_(quiet), what_(std::move(what)), terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

void Progress::update(std::int64_t done, std::int64_t all, const std::string& status) {
  if (quiet_) return;
  const auto now = std::chrono::steady_clock::now();
  if (first_ < 0) {
    first_ = done;
    start_ = now;
    last_ = now;
    return;
  }
  const std::chrono::duration<double> since = now - last_;
  if (since.count() < (terminal_ ? 0.1 : 10.0)) return;
  last_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - first_) / elapsed;
  const double left = rate > 0 ? static_cast<double>(all - done) / rate : 0;
  const double part = all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 0;
  const std::string text =
      fmt::format("{:3.0f} %  {}  {}  {} left", 100 * part, status, rate_text(rate, what_), clock_text(left));
  if (!terminal_) {
    std::fputs((text + "\n").c_str(), stderr);
    return;
  }
  const std::size_t width = terminal_width() - 1;
  std::string shown = text;
  if (width > text.size() + 12) {
    const std::size_t bar = std::min<std::size_t>(30, width - text.size() - 3);
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(bar));
    shown = "[" + std::string(filled, '#') + std::string(bar - filled, '.') + "] " + text;
  }
  std::fputs(fmt::format("\r{}\033[K", shown.substr(0, width)).c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::line(const std::string& text) {
  if (quiet_) return;
  clear();
  std::fputs((text + "\n").c_str(), stderr);
}

}  // namespace rheo
