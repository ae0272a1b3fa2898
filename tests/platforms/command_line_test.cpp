// What a user of the command line is promised: exit statuses, errors of one line that touch nothing, a report that
// holds what its schema says, and runs that survive every way of dying.
#include "command_line.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace rheo::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

const std::string demonstration = RHEO_SOURCE_FOLDER "/platforms/lenet_gv.toml";

// ---- bad input ----

struct File {
  std::string name, text;
};

struct Bad {
  std::string name;
  Words words;
  std::string start;     ///< how the line begins: where
  std::string fragment;  ///< what it says somewhere
  std::vector<File> files = {};
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

/// A `--set` word behind those of a quick run.
Bad word(std::string name, const std::string& assignment, std::string fragment) {
  return {std::move(name), Words{"run", "--out", "o"} + quick(1) + set({assignment}), "--set " + assignment + ": ",
          std::move(fragment)};
}

/// A configuration c.toml as the only argument.
Bad file(std::string name, std::string text, std::string where, std::string fragment) {
  return {std::move(name),
          {"run", "c.toml", "--out", "o"},
          std::move(where),
          std::move(fragment),
          {{"c.toml", std::move(text)}}};
}

Bad usage(std::string name, Words words, std::string fragment) {
  return {std::move(name), std::move(words), "", std::move(fragment)};
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift & 0xFFU);
  return bytes;
}
std::string images(std::uint32_t count, std::uint32_t size, std::size_t bytes) {
  return big_endian(0x803) + big_endian(count) + big_endian(size) + big_endian(size) + std::string(bytes, '\1');
}
std::string labels(std::uint32_t count, char label) {
  return big_endian(0x801) + big_endian(count) + std::string(count, label);
}

/// A data set of four small files in d/, one of them replaced.
Bad data(std::string name, const std::string& replaced, const std::string& content, std::string fragment) {
  std::vector<File> files{{"d/train-images-idx3-ubyte", images(4, 28, 4 * 784)},
                          {"d/train-labels-idx1-ubyte", labels(4, 3)},
                          {"d/t10k-images-idx3-ubyte", images(4, 28, 4 * 784)},
                          {"d/t10k-labels-idx1-ubyte", labels(4, 3)}};
  for (File& one : files) {
    if (one.name == "d/" + replaced) one.text = content;
  }
  return {std::move(name),
          Words{"run", "--out", "o"} + set({"workload.dataset=mnist", "workload.data_dir=d", "workload.network=tiny"}),
          "d/" + replaced + ": ", std::move(fragment), std::move(files)};
}

class BadInput : public CommandLine, public ::testing::WithParamInterface<Bad> {};

TEST_P(BadInput, IsRefusedInOneLineAndTouchesNothing) {
  const Bad& bad = GetParam();
  for (const File& content : bad.files) write_text(work() / content.name, content.text);
  const Words before = contents(work());
  const Outcome outcome = rheo(bad.words);
  EXPECT_EQ(outcome.status, 2) << "signal " << outcome.signal;
  EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  EXPECT_THAT(outcome.err, EndsWith("\n"));
  EXPECT_FALSE(has_control_characters(outcome.err)) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith(bad.start));
  EXPECT_THAT(outcome.err, HasSubstr(bad.fragment));
  EXPECT_THAT(outcome.err, Not(HasSubstr("filesystem error")));
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(contents(work()), before);
}

std::string name_of(const ::testing::TestParamInfo<Bad>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Set, BadInput,
    ::testing::Values(
        word("NoEquals", "adc.bits", "expected key=value"), word("OnlyEquals", "=", "expected key=value"),
        word("NoKey", "=3", "expected key=value"), word("NoWord", "", "expected key=value"),
        word("NoValue", "adc.bits=", "an integer from 2 to 12"),
        word("TooLarge", "adc.bits=33", "an integer from 2 to 12"),
        word("Negative", "adc.bits=-1", "an integer from 2 to 12"), word("NotWhole", "adc.bits=9.0", "an integer"),
        word("BeyondInt64", "adc.bits=99999999999999999999", "an integer"),
        word("Quoted", "adc.bits=\"9\"", "an integer"), word("Array", "adc.bits=[9]", "an integer"),
        word("Table", "adc.bits={a=1}", "an integer"), word("TooDeep", "adc.bits.x=3", "an integer"),
        word("ScalarForSection", "adc=3", "adc"), word("UnknownInTable", "adc={bits=8,foo=1}", "adc.foo: no such key"),
        word("Typo", "adc.bist=8", "did you mean adc.bits?"),
        word("WrongTable", "dac.shared_by=8", "did you mean adc.shared_by?"),
        word("DottedKeyInQuotes", "\"adc.bits\"=8", "no such key"), word("TwoDots", "adc..bits=8", "key=value"),
        word("NotANumber", "adc.noise=nan", "a number from 0"), word("Infinite", "adc.noise=inf", "a number from 0"),
        word("Overflow", "adc.noise=1e999", "a number from 0"),
        word("NegativeNoise", "adc.noise=-1", "a number from 0"), word("NoRows", "tile.rows=0", "from 1 to 65536"),
        word("NumberForFlag", "tile.update_management=1", "true or false"),
        word("NoUnit", "checkpoint.interval=3", "with a unit"),
        word("OddUnit", "checkpoint.interval=3 parsecs", "a time such as"),
        word("NegativeTime", "checkpoint.interval=-1 s", "from 0 s"),
        word("NotATime", "checkpoint.interval=nan s", "a time such as"),
        word("SlowClock", "clock_hz=1", "a number from 1000"), word("NegativeSeed", "seed=-1", "of at least 0"),
        word("NoEpochs", "workload.epochs=0", "from 1"), word("Choice", "granularity=blok", "did you mean block?"),
        word("Platform", "platform=analog_training_chp", "did you mean analog_training_chip?"),
        word("Network", "workload.network=lenett", "did you mean lenet?"),
        word("NoNetwork", "workload.network=", "no such network"),
        word("Unicode", "workload.network=Ünïcode", "no such network"),
        word("Device", "device.preset=idael", "did you mean ideal?"),
        word("Nested", "adc.bits=" + std::string(3000, '['), "an integer"),
        word("RateBelow", "schedule.lr_min=nan", "a number from 0"),
        word("Scheme", "dac.scheme=bit_seriall", "did you mean bit_serial?"),
        word("BackwardBits", "backward.adc.bits=33", "an integer from 2 to 12"),
        word("BackwardTypo", "backward.adc.bist=8", "did you mean backward.adc.bits?"),
        word("BackwardBound", "backward.management.forward_bound=none", "did you mean management.forward_bound?"),
        word("PhaseOfTooManyBits", "dac={scheme=\"bit_serial\",phase_bits=7}", "at most the 6 bits of the magnitude"),
        word("BackwardPhaseOfTooManyBits", "backward={dac={scheme=\"bit_serial\",phase_bits=7}}", "at most the 6 bits"),
        word("SlicesOfTrainedWeights", "slicing.slices=4", "expected 0"),
        word("Format", "numbers.activations=fp8", "expected one of fp32")),
    name_of);

// Errors that only show when the parts meet still say who asked.
INSTANTIATE_TEST_SUITE_P(
    SetMet, BadInput,
    ::testing::Values(
        word("Dataset", "workload.dataset=synthetik", "did you mean synthetic?"),
        word("TooManySamples", "workload.train_samples=10001", "10000"),
        word("TooManyTests", "workload.test_samples=2001", "2000"), word("DataFolder", "workload.data_dir=nowhere", ""),
        word("UnsignedNumbers", "numbers.activations=uint8", "fp32"), word("NoCosts", "costs=", "expected"),
        word("SmallBuffer", "buffer.capacity=10 KiB", "the buffer holds 10240 bytes, the network needs"),
        word("SmallDram", "dram.capacity=10 KiB", "the dram holds 10240 bytes, the network needs"),
        word("HugeBuffer", "buffer.capacity=1 TB", "expected"),
        word("SmallProgramMemory", "controller.program_memory=1 KiB", "holds 1024 bytes, the network needs"),
        word("OddRow", "dram.row_bytes=100", "multiples of burst_bytes"),
        word("OddWord", "buffer.port_bits=9", "a multiple of 8"),
        Bad{"Costs", Words{"run", "--out", "o"} + quick(1) + set({"costs=nowhere.toml"}), "",
            "nowhere.toml: no such file"},
        Bad{"Cycle", Words{"run", "--out", "o"} + quick(1) + set({"schedule.kind=one_cycle"}), demonstration + ":",
            "at most half of workload.epochs = 1"},
        word("Base", "base=nowhere.toml", "base")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    ControlCharacters, BadInput,
    ::testing::Values(
        Bad{"WordOfTwoLines", Words{"run", "--out", "o"} + quick(1) + set({"adc.bits=8\nfoo=1"}), "--set adc.bits=8",
            ""},
        Bad{"ValueOfTwoLines", Words{"run", "--out", "o"} + quick(1) + set({"workload.network=a\nb"}),
            "--set workload.network=a", ""},
        Bad{"FileOfTwoLines", {"run", "a\nb", "--out", "o"}, "a", "no such file"},
        usage("OptionOfTwoLines", {"run", "--a\nb"}, "--a"), usage("EscapeInOption", {"run", "--a\x1b[2Jb"}, "--a"),
        file("KeyOfTwoLines", "\"a\\nb\" = 1\n", "c.toml:1:1: a", "no such key"),
        file("KeyWithEscape", "\"\\u001b[2J\" = 1\n", "c.toml:1:1: ", "no such key"),
        file("TextOfTwoLines", "granularity = \"\"\"a\nb\"\"\"\n", "c.toml:1:15: granularity", "one of block, burst"),
        file("PathOfTwoLines", "costs = \"a\\nb\"\n[workload]\ndataset = \"synthetic\"\n", "", "no such file")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    File, BadInput,
    ::testing::Values(file("Garbage", "\xff\xfe\x01garbage\x80", "c.toml:1:1: ", "not valid TOML"),
                      file("Zeros", std::string(99, '\0'), "c.toml:1:1: ", "not valid TOML"),
                      file("Unterminated", "a = \"", "c.toml:1:", "not valid TOML"),
                      file("Deep", "a = " + std::string(99999, '['), "c.toml:1:", "not valid TOML"),
                      file("DeepKey", "a" + std::string(4000, '.') + "a = 1\n", "c.toml:1:", "not valid TOML"),
                      file("KeyTwice", "seed = 1\nseed = 2\n", "c.toml:2:", "seed"),
                      file("TableTwice", "[adc]\nbits = 8\n[adc]\n", "c.toml:3:1: ", "adc"),
                      file("Typo", "[adc]\nbist = 8\n", "c.toml:2:1: adc.bist: ", "did you mean adc.bits?"),
                      file("WrongType", "[adc]\nbits = \"nine\"\n",
                           "c.toml:2:8: adc.bits = ", "an integer from 2 to 12"),
                      file("Negative", "[tile]\nrows = -1\n", "c.toml:2:8: tile.rows = -1: ", "from 1 to 65536"),
                      file("TooLong", "seed = 99999999999999999999\n", "c.toml:1:", "64 bit"),
                      file("Date", "seed = 2024-01-01\n", "c.toml:1:8: ", "an integer"),
                      file("Nan", "[adc]\nnoise = nan\n", "c.toml:2:9: ", "a number"),
                      file("ScalarForSection", "adc = 3\n", "c.toml:1:1: adc", ""),
                      file("ArrayOfTables", "[[adc]]\nbits = 8\n", "c.toml:1:", "adc"),
                      file("Circle", "base = \"c.toml\"\n", "c.toml:1:8: ", "circle"),
                      file("NoBase", "base = \"nowhere.toml\"\n", "c.toml:1:8: ", "nowhere.toml"),
                      file("BaseIsNumber", "base = 3\n", "c.toml:1:8: base = 3: ", "a TOML file"),
                      file("Network", "[workload]\nnetwork = \"lenett\"\n",
                           "c.toml:2:11: workload.network = ", "did you mean lenet?"),
                      file("Dataset", "[workload]\ndataset = \"mnistt\"\n", "c.toml:2:11: ", "did you mean mnist?"),
                      Bad{"Absent", {"run", "nowhere.toml", "--out", "o"}, "nowhere.toml: ", "no such file"},
                      Bad{"Folder", {"run", ".", "--out", "o"}, ".: ", "is a directory"},
                      Bad{"Nameless", {"run", "", "--out", "o"}, "", "expected"},
                      Bad{"LongName", {"run", std::string(5000, 'x'), "--out", "o"}, "xxx", ""},
                      Bad{"BelowAFile", {"run", "f/x", "--out", "o"}, "f/x: ", "", {{"f", "x"}}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Data, BadInput,
    ::testing::Values(data("Empty", "train-images-idx3-ubyte", "", "empty"),
                      data("Short", "train-images-idx3-ubyte", std::string("\0\0\x08", 3), "truncated"),
                      data("Truncated", "train-images-idx3-ubyte", images(4, 28, 4 * 784 - 1), "truncated"),
                      data("TooLong", "train-images-idx3-ubyte", images(4, 28, 4 * 784 + 1), "longer than"),
                      data("WrongMagic", "train-images-idx3-ubyte", labels(4, 3), "magic number 0x00000801"),
                      data("Garbage", "t10k-images-idx3-ubyte", "this is no image file at all", "magic number"),
                      data("HugeSizes", "train-images-idx3-ubyte", images(0xFFFFFFFFU, 0xFFFFFFFFU, 0), "at most"),
                      data("PromisesGigabytes", "train-images-idx3-ubyte", images(1 << 20, 32, 0), "truncated"),
                      data("NoImages", "train-images-idx3-ubyte", images(0, 28, 0), "at least 1"),
                      data("FewerLabels", "train-labels-idx1-ubyte", labels(3, 3), "3 labels; expected 4"),
                      data("LabelTen", "t10k-labels-idx1-ubyte", labels(4, 10), "expected a class from 0 to 9"),
                      data("OtherSize", "t10k-images-idx3-ubyte", images(4, 14, 4 * 196), "as for training"),
                      data("BrokenGzip", "train-images-idx3-ubyte",
                           std::string("\x1f\x8b\x08\0\0\0\0\0\0\3garbage", 17), "gzip")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Usage, BadInput,
    ::testing::Values(
        usage("NoCommand", {}, "rheo --help"), usage("Misspelt", {"rum"}, "did you mean run?"),
        usage("Nonsense", {"zzzzzz"}, "rheo --help"), usage("UnknownOption", {"run", "--ouy", "x"}, "--ouy"),
        usage("TwoFiles", {"run", "a", "b"}, "b"), usage("TwoCommands", {"inspect", demonstration, "run"}, "run"),
        usage("InspectNothing", {"inspect"}, "CONFIG"), usage("RangeOfNothing", {"lr-range"}, "CONFIG"),
        usage("OptionWithoutValue", {"run", "--set"}, "--set"),
        usage("Topic", {"list", "netwroks"}, "did you mean networks?"),
        usage("SeedTwice", {"run", "--seed", "1", "--seed", "2"}, "--seed"),
        usage("NoThreads", {"run", "--threads", "0"}, "1 to 1024"),
        usage("NegativeThreads", {"run", "--threads", "-1"}, "1 to 1024"),
        usage("TooManyThreads", {"run", "--threads", "99999999999999999999"}, "1 to 1024"),
        usage("NegativeSeed", Words{"run", "--out", "o", "--seed", "-1"} + quick(1), "seed"),
        usage("SeedWord", Words{"run", "--out", "o", "--seed", "x"} + quick(1), "seed"),
        usage("SeedBeyondInt64", Words{"run", "--out", "o", "--seed", "9223372036854775808"} + quick(1), "seed"),
        usage("ResumeWithoutOut", {"run", "--resume"}, "--out"),
        usage("ResumeOfNothing", Words{"run", "--resume", "--out", "o"} + quick(1), "holds no run"),
        usage("OutWithoutName", Words{"run", "--out", ""} + quick(1), "--out"),
        usage("OutWithLongName", Words{"run", "--out", std::string(300, 'x')} + quick(1), "--out"),
        Bad{"OutIsFile", Words{"run", "--out", "f"} + quick(1), "--out: f", "is a file", {{"f", "x"}}},
        Bad{"OutBelowFile", Words{"run", "--out", "f/o"} + quick(1), "--out: f/o", "", {{"f", "x"}}},
        Bad{"OutIsFull", Words{"run", "--out", "d"} + quick(1), "--out: d", "exists already", {{"d/x", "x"}}},
        usage("OutInProc", Words{"run", "--out", "/proc/o"} + quick(1), "--out: /proc/o"),
        Bad{"ResumeGarbage",
            {"run", "--resume", "--out", "d"},
            "d/config.toml:1:",
            "not valid TOML",
            {{"d/config.toml", "\xff\xff"}}},
        usage("MoreTilesThanUnits",
              Words{"run", "--out", "o"} + set({"workload.dataset=synthetic", "tile.rows=1", "tile.columns=1",
                                                "controller.program_memory=1 GB"}),
              "tile")),
    name_of);

// ---- what prints and ends ----

TEST_F(CommandLine, HelpAndVersionEndWell) {
  for (const Words& words :
       {Words{"--help"}, Words{"-h"}, Words{"run", "--help"}, Words{"lr-range", "--help"}, Words{"inspect", "-h"},
        Words{"list", "--help"}, Words{"device", "--help"}, Words{"device", "response", "--help"},
        Words{"device", "fit", "--help"}, Words{"--version"}}) {
    const Outcome outcome = rheo(words);
    EXPECT_EQ(outcome.status, 0) << words.front();
    EXPECT_THAT(outcome.out, HasSubstr("rheo"));
    EXPECT_THAT(outcome.err, IsEmpty());
  }
  EXPECT_THAT(rheo({"--help"}).out, HasSubstr("Exit status: 0 done, 1 the run failed, 2 bad usage or bad input"));
}

TEST_F(CommandLine, ListPrintsEveryTopic) {
  EXPECT_THAT(rheo({"list", "platforms"}).out, HasSubstr("analog_training_chip"));
  EXPECT_THAT(rheo({"list", "networks"}).out, HasSubstr("lenet"));
  EXPECT_THAT(rheo({"list", "devices"}).out, HasSubstr("GokmenVlasov"));
  EXPECT_THAT(rheo({"list", "datasets"}).out, HasSubstr("synthetic"));
  const Outcome all = rheo({"list"});
  EXPECT_EQ(all.status, 0);
  EXPECT_THAT(all.out, HasSubstr("platforms\n"));
  EXPECT_THAT(all.out, HasSubstr("datasets\n"));
  EXPECT_FALSE(has_control_characters(all.out));
}

TEST_F(CommandLine, ListedKeysAreAConfiguration) {
  write_text(work() / "keys.toml", rheo({"list", "keys"}).out);
  const Outcome outcome = rheo(Words{"inspect", "keys.toml"} + quick(1));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(CommandLine, WithoutTheShippedFilesListSaysSo) {
  const Outcome outcome = rheo({"list", "devices"}, {.environment = {"RHEO_SHARE=/nonexistent"}});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(lines(outcome.err), 1U);
  EXPECT_THAT(outcome.err, HasSubstr("/nonexistent"));
}

TEST_F(CommandLine, InspectPrintsTheMappingAndSimulatesNothing) {
  const Outcome text = rheo(Words{"inspect", demonstration} + quick(1));
  EXPECT_EQ(text.status, 0) << text.err;
  for (const char* part : {"Layers", "Buffer:", "DRAM:", "Training program", "Evaluation program"}) {
    EXPECT_THAT(text.out, HasSubstr(part));
  }
  EXPECT_FALSE(has_control_characters(text.out));
  EXPECT_THAT(text.err, IsEmpty());
  const Outcome json = rheo(Words{"inspect", "--json", demonstration} + quick(1));
  EXPECT_EQ(json.status, 0) << json.err;
  const Json mapping = Json::parse(json.out);
  for (const char* key : {"network", "layers", "buffer", "dram", "program_commands"})
    EXPECT_TRUE(mapping.contains(key)) << key;
  EXPECT_THAT(contents(work()), IsEmpty());
}

TEST_F(CommandLine, ConfigurationMayComeFromAPipe) {
  const Outcome outcome = rheo(Words{"inspect", "/dev/stdin"} + quick(1), {.in = "[adc]\nbits = 33\n"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, StartsWith("/dev/stdin:2:8: adc.bits = 33: ")) << "bash's <(...) is such a pipe";
}

double sum(const Json& parts) {
  double total = 0;
  for (const auto& [name, value] : parts.items()) total += value.get<double>();
  return total;
}

void expect_sane(const Json& json, const std::string& path) {
  if (json.is_number()) {
    EXPECT_TRUE(std::isfinite(json.get<double>()) && json.get<double>() >= 0) << path;
  }
  if (json.is_null()) ADD_FAILURE() << path << " is null";
  if (!json.is_structured()) return;
  for (const auto& [key, inner] : json.items()) expect_sane(inner, path + "." + key);
}

TEST_F(CommandLine, ReportHoldsWhatItsSchemaSays) {
  const Outcome outcome = rheo(Words{"run", "--out", "o"} + quick(2));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(contents(work() / "o"),
              ElementsAre("checkpoint.h5", "config.toml", "report.json", "report.txt", "weights.h5"));
  EXPECT_EQ(read_text(work() / "o/report.txt"), outcome.out);
  EXPECT_FALSE(has_control_characters(outcome.out));
  EXPECT_FALSE(has_control_characters(outcome.err)) << outcome.err;
  EXPECT_GE(lines(outcome.err), 2U) << "a line an epoch where there is no terminal:\n" << outcome.err;

  const Json report = Json::parse(read_text(work() / "o/report.json"));
  expect_sane(report, "report");
  const std::vector<std::pair<std::string, Words>> schema{
      {"",
       {"schema", "version", "config", "seed", "accuracy", "time", "energy", "memory", "area", "actions", "layers"}},
      {"/accuracy", {"metric", "final", "best", "epochs"}},
      {"/accuracy/epochs/0", {"epoch", "train_loss", "test_loss", "test_accuracy", "lr", "momentum"}},
      {"/time", {"simulated_s", "cycles", "clock_hz", "wall_s", "by_phase", "utilisation"}},
      {"/time/by_phase", {"forward", "backward", "update", "digital", "transfer"}},
      {"/time/utilisation", {"tile0"}},
      {"/energy", {"total_j", "by_component", "by_phase", "by_layer", "assumed_fraction"}},
      {"/energy/by_phase", {"idle"}},
      {"/energy/by_layer", {"shared"}},
      {"/memory", {"buffers", "bram18k", "dram_read_bytes", "dram_written_bytes"}},
      {"/memory/buffers/0", {"name", "kind", "capacity_bits", "peak_bits"}},
      {"/area", {"total_mm2", "by_component"}},
      {"/actions", {"adc.convert", "dac.drive", "array.read", "array.pulse"}},
      {"/layers/0",
       {"name", "tiles", "rows", "columns", "vectors", "forward_s", "backward_s", "update_s", "energy_j"}}};
  for (const auto& [path, keys] : schema) {
    const Json::json_pointer pointer(path);
    ASSERT_TRUE(report.contains(pointer)) << path;
    for (const std::string& key : keys) EXPECT_TRUE(report.at(pointer).contains(key)) << path << "/" << key;
  }
  EXPECT_EQ(report["schema"], 1);
  EXPECT_EQ(report["seed"], 1);
  EXPECT_EQ(report["accuracy"]["metric"], "top1");
  EXPECT_EQ(report["accuracy"]["epochs"].size(), 2U);
  EXPECT_EQ(report["accuracy"]["final"], report["accuracy"]["epochs"][1]["test_accuracy"]);
  EXPECT_EQ(report["config"]["workload.epochs"], "2");
  const double total = report["energy"]["total_j"].get<double>();
  EXPECT_GT(total, 0);
  for (const char* view : {"by_component", "by_phase", "by_layer"}) {
    EXPECT_NEAR(sum(report["energy"][view]) / total, 1, 1e-12) << view;
  }
  EXPECT_NEAR(sum(report["area"]["by_component"]) / report["area"]["total_mm2"].get<double>(), 1, 1e-12);
  EXPECT_NEAR(report["time"]["cycles"].get<double>(),
              report["time"]["simulated_s"].get<double>() * report["time"]["clock_hz"].get<double>(), 0.5);
  for (const Json& buffer : report["memory"]["buffers"]) EXPECT_LE(buffer["peak_bits"], buffer["capacity_bits"]);
}

TEST_F(CommandLine, ResolvedConfigurationRunsToTheSameReport) {
  ASSERT_EQ(
      rheo(Words{"run", "--out", "a", "--seed", "7"} + quick(1) + set({"adc.bits=8", "buffer.capacity=1 MiB"})).status,
      0);
  const Outcome again = rheo({"run", "a/config.toml", "--out", "b", "--threads", "2"},
                             {.environment = {"LC_ALL=de_DE.UTF-8", "LANG=none"}});
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(report("b"), report("a"));
  EXPECT_EQ(read_text(work() / "b/config.toml"), read_text(work() / "a/config.toml"));
}

TEST_F(CommandLine, QuietPrintsTheReportAlone) {
  const Outcome outcome = rheo(Words{"run", "--quiet", "--out", "o"} + quick(1));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out, HasSubstr("Accuracy"));
}

TEST_F(CommandLine, WithoutOutEveryRunGetsAFolder) {
  ASSERT_EQ(rheo(Words{"run", "--quiet"} + quick(1)).status, 0);
  ASSERT_EQ(rheo(Words{"run", "--quiet"} + quick(1)).status, 0);
  EXPECT_EQ(report("runs/lenet_gv-2"), report("runs/lenet_gv-1"));
}

TEST_F(CommandLine, RangeTestWritesItsCurve) {
  const Outcome outcome = rheo(Words{"lr-range", demonstration, "--quiet", "--out", "o"} + quick(2));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Curve in o/lr_range.csv"));
  const std::string curve = read_text(work() / "o/lr_range.csv");
  EXPECT_THAT(curve, StartsWith("lr,loss,smoothed_loss\n0.01,"));
  EXPECT_EQ(lines(curve), 1U + 2 * 8);
}

TEST_F(CommandLine, RangeTestGivesNoNameToAShell) {
  static_cast<void>(rheo(Words{"lr-range", demonstration, "--quiet", "--out", "a'; touch injected; '"} + quick(1)));
  EXPECT_FALSE(std::filesystem::exists(work() / "injected"));
}

// ---- runs that fail ----

TEST_F(CommandLine, TimeBeyondTheSimulatorsClockIsAnError) {
  // 64 bits of 10 fs end at 184,467 s; two epochs over a link of 1 B/s take twice that.
  const Outcome outcome = rheo(Words{"run", "--quiet", "--out", "o"} + quick(2) + set({"host.bandwidth=1 B/s"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(work() / "o/report.json"));
}

TEST_F(CommandLine, DivergedTrainingIsAnError) {
  const Outcome outcome = rheo(Words{"run", "--quiet", "--out", "o"} + quick(3) +
                               set({"device.preset=ideal", "schedule.lr=1000", "schedule.momentum=0.9999"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(work() / "o/report.json"));
}

TEST_F(CommandLine, PrintingToAFullDeviceIsAnErrorWhereTheOutputIsAllThereIs) {
  for (const Words& words : {Words{"list"}, Words{"list", "keys"}, Words{"inspect", demonstration} + quick(1),
                             Words{"inspect", "--json", demonstration} + quick(1)}) {
    const Outcome outcome = rheo(words, {.out = "/dev/full"});
    EXPECT_EQ(outcome.status, 1) << words.front();
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  }
}

TEST_F(CommandLine, ARunOutlivesItsStandardError) {
  EXPECT_EQ(rheo(Words{"run", "--out", "full"} + quick(1), {.err = "/dev/full"}).status, 0);
  EXPECT_TRUE(std::filesystem::exists(work() / "full/report.json"));
  EXPECT_EQ(rheo(Words{"run", "--out", "closed"} + quick(1), {.closed = {2}}).status, 0);
  EXPECT_TRUE(std::filesystem::exists(work() / "closed/report.json"));
  EXPECT_EQ(rheo(Words{"run", "--out", "o"} + quick(1) + set({"adc.bits=33"}), {.err = "/dev/full"}).status, 2);
  EXPECT_EQ(rheo(Words{"run", "--nonsense"}, {.closed = {2}}).status, 2);
}

TEST_F(CommandLine, NoFileTakesThePlaceOfAClosedStream) {
  static_cast<void>(rheo(Words{"run", "--quiet", "--trace", "--out", "o"} + quick(1), {.closed = {0, 1, 2}}));
  EXPECT_TRUE(std::filesystem::exists(work() / "o/report.json"));
  EXPECT_EQ(rheo({"trace", "o"}).status, 0) << "the report was printed into the trace";
}

TEST_F(CommandLine, AFullDiskSparesTheLastCheckpoint) {
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--out", "whole"} + quick(4)).status, 0);
  ASSERT_EQ(run_and_send(SIGKILL, "o", quick(4)).signal, SIGKILL);
  const std::string saved = read_text(work() / "o/checkpoint.h5");
  for (const std::uint64_t missing :
       {std::uint64_t{1024}, std::uint64_t{20'000}, std::uint64_t{100'000}, std::uint64_t{saved.size() / 2}}) {
    const Outcome outcome = rheo({"run", "--quiet", "--resume", "--out", "o"}, {.file_limit = saved.size() - missing});
    EXPECT_EQ(outcome.status, 1) << "signal " << outcome.signal;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_TRUE(read_text(work() / "o/checkpoint.h5") == saved) << "replaced by a damaged one";
    EXPECT_THAT(contents(work() / "o"), ElementsAre("checkpoint.h5", "config.toml"));
  }
  ASSERT_EQ(rheo({"run", "--quiet", "--resume", "--out", "o"}).status, 0);
  EXPECT_EQ(report("o"), report("whole"));
}

// ---- interrupt, kill, resume ----

TEST_F(CommandLine, KilledRunGoesOnToTheSameReport) {
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--out", "whole"} + quick(3)).status, 0);
  EXPECT_EQ(run_and_send(SIGKILL, "o", quick(3)).signal, SIGKILL);
  const Outcome resumed = rheo({"run", "--quiet", "--resume", "--out", "o"});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(report("o"), report("whole"));
  EXPECT_EQ(read_text(work() / "o/weights.h5"), read_text(work() / "whole/weights.h5"));
  EXPECT_THAT(contents(work() / "o"),
              ElementsAre("checkpoint.h5", "config.toml", "report.json", "report.txt", "weights.h5"));
}

class Interrupted : public CommandLine, public ::testing::WithParamInterface<int> {};

TEST_P(Interrupted, SavesEndsWith130AndGoesOnToTheSameReport) {
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--out", "whole"} + quick(3)).status, 0);
  const Outcome outcome = run_and_send(GetParam(), "o", quick(3));
  EXPECT_EQ(outcome.status, 130);
  EXPECT_THAT(contents(work() / "o"), ElementsAre("checkpoint.h5", "config.toml"));
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--resume", "--out", "o"} + quick(3)).status, 0);
  EXPECT_EQ(report("o"), report("whole"));
}

INSTANTIATE_TEST_SUITE_P(Signals, Interrupted, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& one) { return std::string(one.param == SIGINT ? "Interrupt" : "Terminate"); });

TEST_F(CommandLine, ASecondInterruptEndsAtOnceAndLeavesAResumableRun) {
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--out", "whole"} + quick(3)).status, 0);
  Process process = start(Words{"run", "--quiet", "--out", "o"} + quick(3));
  ASSERT_TRUE(appears(work() / "o/checkpoint.h5"));
  process.send(SIGINT);
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_TRUE(outcome.status == 130 || outcome.signal == SIGINT);
  ASSERT_EQ(rheo({"run", "--quiet", "--resume", "--out", "o"}).status, 0);
  EXPECT_EQ(report("o"), report("whole"));
}

TEST_F(CommandLine, AFinishedRunIsNotRunAgain) {
  const Outcome first = rheo(Words{"run", "--quiet", "--out", "o"} + quick(1));
  const std::string before = read_text(work() / "o/report.json");
  const Outcome second = rheo({"run", "--resume", "--out", "o"});
  EXPECT_EQ(second.status, 0);
  EXPECT_EQ(second.out, first.out);
  EXPECT_THAT(second.err, HasSubstr("complete"));
  EXPECT_EQ(read_text(work() / "o/report.json"), before);
  const Outcome anew = rheo(Words{"run", "--out", "o"} + quick(1));
  EXPECT_EQ(anew.status, 2);
  EXPECT_THAT(anew.err, HasSubstr("--resume goes on with it"));
}

TEST_F(CommandLine, TheBackwardPassIsAsTheForwardUnlessSaidOtherwise) {
  const Words words = set({"dac.scheme=bit_serial", "management.forward_bound=none", "adc.bits=8",
                           "backward.adc.bits=6", "backward.dac.scheme=parallel"});
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--out", "o"} + quick(1) + words).status, 0);
  const std::string config = read_text(work() / "o/config.toml");
  EXPECT_THAT(config, HasSubstr("[backward.adc]\nbits = 6"));
  EXPECT_THAT(config, HasSubstr("[backward.dac]\nscheme = \"parallel\""));
  EXPECT_THAT(config, Not(HasSubstr("[backward.read]"))) << "what does not differ is not written";
  ASSERT_EQ(rheo({"run", "--quiet", "--out", "p", "o/config.toml"}).status, 0);
  const Json first = Json::parse(read_text(work() / "o/report.json"));
  const Json second = Json::parse(read_text(work() / "p/report.json"));
  EXPECT_EQ(first.at("actions"), second.at("actions"));
  EXPECT_EQ(first.at("accuracy"), second.at("accuracy"));
  EXPECT_GT(first.at("actions").at("adc.convert_backward").get<std::uint64_t>(), 0U);
  EXPECT_EQ(first.at("config").at("backward.adc.bits"), "6");
}

TEST_F(CommandLine, ReportsRemarkOnReadsThatAreNotWhatTheySeem) {
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--out", "o"} + quick(1) +
                 set({"dac.scheme=bit_serial", "backward.read.perfect=true"}))
                .status,
            0);
  const std::string text = read_text(work() / "o/report.txt");
  EXPECT_THAT(text, HasSubstr("Remark     forward: halving a bit-serial input only shifts its phases"));
  EXPECT_THAT(text, HasSubstr("Remark     backward: reads are perfect"));
}

TEST_F(CommandLine, ResumeRefusesAChangedKeyByItsName) {
  ASSERT_EQ(run_and_send(SIGKILL, "o", quick(3)).signal, SIGKILL);
  std::filesystem::remove(work() / "o/checkpoint.h5.partial");
  const std::string saved = read_text(work() / "o/checkpoint.h5");
  const std::array<std::pair<Words, const char*>, 6> changes{{{{"--seed", "5"}, "seed"},
                                                              {{"--set", "backward.dac.bits=5"}, "backward.dac.bits"},
                                                              {{"--set", "adc.bits=8"}, "adc.bits"},
                                                              {{"--set", "workload.epochs=9"}, "workload.epochs"},
                                                              {{"--set", "device.preset=ideal"}, "device.preset"},
                                                              {{demonstration}, "workload.network"}}};
  for (const auto& [words, key] : changes) {
    const Outcome outcome = rheo(Words{"run", "--resume", "--out", "o"} + words);
    EXPECT_EQ(outcome.status, 2) << key;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(key));
    EXPECT_THAT(contents(work() / "o"), ElementsAre("checkpoint.h5", "config.toml"));
  }
  EXPECT_TRUE(read_text(work() / "o/checkpoint.h5") == saved);
}

TEST_F(CommandLine, ResumeRefusesADamagedCheckpoint) {
  ASSERT_EQ(run_and_send(SIGKILL, "o", quick(3)).signal, SIGKILL);
  std::filesystem::remove(work() / "o/checkpoint.h5.partial");
  const std::string whole = read_text(work() / "o/checkpoint.h5");
  std::string flipped = whole;
  for (std::size_t at = 4096; at < flipped.size(); at += 4096) flipped[at] = static_cast<char>(flipped[at] ^ 1);
  const std::array<std::string, 6> damaged{"",
                                           "garbage",
                                           whole.substr(0, whole.size() / 2),
                                           whole.substr(0, whole.size() - 1),
                                           whole.substr(0, 8) + std::string(200, 'x') + whole.substr(208),
                                           flipped};
  for (std::size_t i = 0; i < damaged.size(); ++i) {
    write_text(work() / "o/checkpoint.h5", damaged[i]);
    const Outcome outcome = rheo({"run", "--resume", "--out", "o"});
    EXPECT_EQ(outcome.status, 2) << "damage " << i << ", signal " << outcome.signal;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("o/checkpoint.h5: "));
    EXPECT_THAT(contents(work() / "o"), ElementsAre("checkpoint.h5", "config.toml"));
    std::filesystem::remove(work() / "o/report.json");
  }
}

TEST_F(CommandLine, AFlippedBitIsFoundOrDoesNoHarm) {
  const Words words = quick(2) + set({"buffer.capacity=64 KiB"});  // little unused memory in the checkpoint
  ASSERT_EQ(rheo(Words{"run", "--quiet", "--out", "whole"} + words).status, 0);
  ASSERT_EQ(run_and_send(SIGKILL, "o", words).signal, SIGKILL);
  const std::string whole = read_text(work() / "o/checkpoint.h5");
  for (std::size_t i = 1; i < 8; ++i) {
    std::string flipped = whole;
    char& byte = flipped[flipped.size() * i / 8];
    byte = static_cast<char>(byte ^ 0x10);
    write_text(work() / "o/checkpoint.h5", flipped);
    const Outcome outcome = rheo({"run", "--quiet", "--resume", "--out", "o"});
    EXPECT_TRUE(outcome.status == 0 || outcome.status == 2) << outcome.err << "signal " << outcome.signal;
    if (outcome.status == 0) {
      EXPECT_TRUE(report("o") == report("whole")) << "another result after a flipped bit at " << i << "/8";
    }
    std::filesystem::remove(work() / "o/report.json");
  }
}

TEST_F(CommandLine, WhatMayNotBeReadSaysSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  write_text(work() / "c.toml", "seed = 1\n");
  std::filesystem::permissions(work() / "c.toml", std::filesystem::perms::none);
  const Outcome outcome = rheo({"run", "c.toml", "--out", "o"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err, "c.toml: cannot be read\n");
}

TEST_F(CommandLine, ResumeRefusesTheCheckpointOfAnotherRun) {
  ASSERT_EQ(run_and_send(SIGKILL, "o", quick(3)).signal, SIGKILL);
  ASSERT_EQ(run_and_send(SIGKILL, "other", quick(3) + set({"seed=2"})).signal, SIGKILL);
  std::filesystem::copy_file(work() / "other/checkpoint.h5", work() / "o/checkpoint.h5",
                             std::filesystem::copy_options::overwrite_existing);
  const Outcome outcome = rheo({"run", "--quiet", "--resume", "--out", "o"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(work() / "o/report.json"));
}

TEST_F(CommandLine, TwoRunsDoNotShareAFolder) {
  Process first = start(Words{"run", "--quiet", "--out", "o"} + quick(200));
  ASSERT_TRUE(appears(work() / "o/checkpoint.h5"));
  Process second = start({"run", "--quiet", "--resume", "--out", "o"});
  const Outcome outcome = second.wait(std::chrono::seconds(5));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--out"));
  first.send(SIGKILL);
  EXPECT_EQ(first.wait().signal, SIGKILL);
}

}  // namespace
}  // namespace rheo::testing
