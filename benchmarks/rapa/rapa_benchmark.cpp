// benchmark_rapa [--out FILE.json] [--most N] [--arrays-only] [--set key=value]...: the speed-up of
// RAPA-ConvNets (Rasch et al. 2019) on the modelled chip. First the time of the analog arrays alone, where the paper's
// numbers must come out; then the whole chip for 1 to N replicas of the first convolution. `python3 -m rheo_analysis
// rapa-speedup FILE.json` draws it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <systemc>

#include "benchmarks/rapa/array_time.hpp"
#include "benchmarks/rapa/chip_time.hpp"
#include "models/core/error.hpp"
#include "platforms/files.hpp"

int sc_main(int argc, char** argv) {
  CLI::App app("Speed-up of RAPA-ConvNets on the modelled chip");
  std::string out;
  int most = 1024;
  std::vector<std::string> words;
  bool arrays_only = false;
  app.add_option("--out", out, "JSON file to write");
  app.add_option("--most", most, "replicas of the first convolution at most")->check(CLI::Range(1, 1024));
  app.add_flag("--arrays-only", arrays_only, "only the time of the arrays");
  app.add_option("--set", words, "key=value of the configuration, such as workload.data_dir")->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);
  try {
    rheo::require_place("--out", out);
    nlohmann::ordered_json result;
    result["arrays"] = rheo::benchmarks::study_array_time(words);
    if (!arrays_only) result["points"] = rheo::benchmarks::study_chip_time(most, words);
    if (!out.empty()) rheo::write_file(out, result.dump(1) + "\n");
  } catch (const rheo::InputError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
