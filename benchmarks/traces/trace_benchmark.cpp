// benchmark_traces [REPEATS [--set KEY=VALUE]...]: what writing a trace costs and how much faster a replay is. For
// LeNet on Fashion-MNIST (2 epochs of 10,240 images at batch 512, one thread; burst by burst 1 epoch of 512) with two
// devices, `rheo` runs in turn, REPEATS times (5): without a trace, with one, and as a replay of it. Printed: medians
// of the processor time of the whole process, in seconds, and of the ratios, in processor time and in wall time; the
// microseconds of a command in the replay (processor time of the whole process), the bytes of the trace a command, and
// whether the replay's report is that of the run in every number but the wall time.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Words = std::vector<std::string>;
using Json = nlohmann::json;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// Of a whole process, in seconds.
struct Seconds {
  double processor = 0, wall = 0;
};

/// Runs `rheo` quietly.
Seconds seconds_of(const Words& words) {
  const std::string binary = RHEO_BINARY;
  std::vector<char*> arguments{const_cast<char*>(binary.c_str())};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::fflush(stdout);
  const auto start = std::chrono::steady_clock::now();
  const pid_t id = ::fork();
  if (id == 0) {
    if (std::freopen("/dev/null", "w", stdout) != nullptr) ::execv(binary.c_str(), arguments.data());
    ::_exit(127);
  }
  int status = 0;
  rusage use{};
  if (::wait4(id, &status, 0, &use) != id || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error("rheo failed");
  }
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  return {seconds(use.ru_utime) + seconds(use.ru_stime), wall.count()};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double median(const std::vector<Seconds>& all, double Seconds::*which) {
  std::vector<double> values;
  for (const Seconds& seconds : all) values.push_back(seconds.*which);
  return median(values);
}

/// The median of the ratios of what ran one after the other: a shared machine is faster now and slower then.
double ratio(const std::vector<Seconds>& above, const std::vector<Seconds>& below, double Seconds::*which) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.size(); ++i) ratios.push_back(above[i].*which / below[i].*which);
  return median(ratios);
}

Json report_of(const std::filesystem::path& folder) {
  std::ifstream in(folder / "report.json");
  Json report = Json::parse(in);
  report.at("time").erase("wall_s");
  return report;
}

/// The report of a replay without what only a replay has.
Json as_of_a_run(Json replayed) {
  replayed.erase("replay");
  replayed.at("accuracy").erase("recorded");
  return replayed;
}

void measure(const std::filesystem::path& folder, const std::string& device, const std::string& granularity,
             int repeats, const Words& more) {
  const Words run = Words{"run",
                          RHEO_SOURCE_FOLDER "/platforms/lenet_gv.toml",
                          "--quiet",
                          "--set",
                          "device.preset=" + device,
                          "--set",
                          "granularity=" + granularity,
                          "--set",
                          "workload.train_samples=10240",
                          "--set",
                          "workload.test_samples=1024",
                          "--set",
                          "workload.epochs=2",
                          "--set",
                          "schedule.kind=constant"} +
                    more;
  const std::filesystem::path plain = folder / "plain", traced = folder / "traced", replayed = folder / "replayed";
  std::vector<Seconds> off, on, replay;
  for (int i = 0; i < repeats; ++i) {
    for (const auto& old : {plain, traced, replayed}) std::filesystem::remove_all(old);
    off.push_back(seconds_of(run + Words{"--out", plain.string()}));
    on.push_back(seconds_of(run + Words{"--trace", "--out", traced.string()}));
    replay.push_back(seconds_of({"replay", traced.string(), "--quiet", "--out", replayed.string()}));
  }
  const Json recorded = report_of(traced);
  const Json again = report_of(replayed);
  const bool same = as_of_a_run(again) == recorded && recorded == report_of(plain);
  std::uint64_t commands = 0;
  for (const Json& actions : {recorded.at("actions"), recorded.at("evaluation").at("actions")}) {
    commands += actions.at("controller.command").get<std::uint64_t>();
  }
  constexpr auto processor = &Seconds::processor;
  constexpr auto wall = &Seconds::wall;
  fmt::print("{:<22} {:>7.2f} {:>7.3f} {:>7.3f} {:>7.3f} {:>7.1f} {:>7.1f} {:>7.2f} {:>9.1f}   {}\n",
             device + ", " + granularity, median(off, processor), ratio(on, off, processor), ratio(on, off, wall),
             median(replay, processor), ratio(off, replay, processor), ratio(off, replay, wall),
             1e6 * median(replay, processor) / static_cast<double>(commands),
             static_cast<double>(std::filesystem::file_size(traced / "trace.h5")) / static_cast<double>(commands),
             same ? "identical" : "DIFFERENT");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  const Words few{"--set", "workload.train_samples=512", "--set", "workload.test_samples=64",
                  "--set", "workload.epochs=1"};
  Words more;
  for (int i = 2; i < argc; ++i) more.emplace_back(argv[i]);
  std::string name = (std::filesystem::temp_directory_path() / "rheo-benchmark-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return 1;
  fmt::print("{:<22} {:>7} {:>15} {:>7} {:>15} {:>7} {:>9}\n", "", "run", "traced / run", "replay", "run / replay", "",
             "");
  fmt::print("{:<22} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9}\n", "LeNet", "s", "proc.", "wall", "s", "proc.",
             "wall", "us/cmd", "B/command");
  int status = 0;
  try {
    for (const char* device : {"gokmen_vlasov", "ideal"}) {
      measure(name, device, "block", repeats, more);
      measure(name, device, "burst", repeats, few + more);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    status = 1;
  }
  std::filesystem::remove_all(name);
  return status;
}
