// What a user of `rheo device` and `rheo list devices` is promised: whole files, errors of one line that write nothing.
#include <gmock/gmock.h>

#include <sstream>

#include "command_line.hpp"

namespace rheo::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class DeviceCommandLine : public CommandLine {
 protected:
  /// One line, exit status 2, nothing written.
  void refuses(const Words& words, const std::string& fragment, const Start& how = {}) {
    const Words before = contents(work());
    const Outcome outcome = rheo(words, how);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(fragment));
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_EQ(contents(work()), before);
  }
};

// ---- rheo list devices ----

TEST_F(DeviceCommandLine, ListDescribesEveryPresetAndEveryFamilyIn80Columns) {
  const Outcome outcome = rheo({"list", "devices"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char* part : {"GokmenVlasov", "ReRamArrayOM", "semi_ideal", "constant_step", "soft_bounds_reference",
                           "dw_min_std", "default 0.3", "weight units", "pow_gamma", "piecewise_up", "transfer_every",
                           "tail_weightening", "refresh_every", "n_x_bins", "g_max"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
  std::istringstream text(outcome.out);
  for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 80U) << line;
}

// ---- rheo device response ----

TEST_F(DeviceCommandLine, ResponseIsPrintedOrWrittenWhole) {
  const Words words{"device", "response", "GokmenVlasov", "--up", "10", "--down", "5", "--cells", "64"};
  const Outcome printed = rheo(words);
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_THAT(printed.err, IsEmpty());
  EXPECT_THAT(printed.out,
              StartsWith("pulse_index(1..10 up then 5 down),mean_w,std_w,p05,p50,p95\n0,0,0,0,0,0\n1,0.001"));
  EXPECT_EQ(lines(printed.out), 17U);
  const Outcome written = rheo(words + Words{"--out", "r.csv", "--cells-out", "c.csv"});
  EXPECT_EQ(written.status, 0) << written.err;
  EXPECT_THAT(written.out, IsEmpty());
  EXPECT_EQ(read_text(work() / "r.csv"), printed.out);
  const std::string cells = read_text(work() / "c.csv");
  EXPECT_EQ(lines(cells), 65U);
  EXPECT_THAT(cells, StartsWith("cell,max_bound,min_bound,dwmin_up,dwmin_down,reset_bias,w_after_10_up,"
                                "w_after_then_5_down\n0,"));
  EXPECT_THAT(contents(work()), ElementsAre("c.csv", "r.csv"));
}

TEST_F(DeviceCommandLine, ResponseOfAFileOfOnesOwn) {
  write_text(work() / "mine.toml", "# Mine.\n[device]\nfamily = \"exp_step\"\ndw_min = 0.01\nw_max = 2.0\n");
  const Words few{"--up", "2", "--down", "0", "--cells", "8"};
  const Outcome own = rheo(Words{"device", "response", "mine.toml"} + few);
  EXPECT_EQ(own.status, 0) << own.err;
  const Outcome other = rheo(Words{"device", "response", "mine.toml"} + few + set({"device.dw_min=0.02"}));
  EXPECT_EQ(other.status, 0) << other.err;
  EXPECT_NE(own.out, other.out);
  const Outcome seed = rheo(Words{"device", "response", "mine.toml", "--seed", "2"} + few);
  EXPECT_NE(own.out, seed.out);
}

TEST_F(DeviceCommandLine, ThousandsOfPulses) {
  const Outcome outcome =
      rheo({"device", "response", "GokmenVlasov", "--up", "2500", "--down", "4000", "--out", "r.csv"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(lines(read_text(work() / "r.csv")), 6502U);
}

TEST_F(DeviceCommandLine, PlotIsDrawnByTheAnalysisPackage) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "no /usr/bin/python3";
  const Outcome outcome =
      rheo({"device", "response", "EcRam", "--up", "50", "--down", "50", "--out", "r.csv", "--plot", "r.png"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(read_text(work() / "r.png"), StartsWith("\x89PNG"));
  EXPECT_THAT(contents(work()), ElementsAre("r.csv", "r.png"));
}

// ---- rheo device fit ----

TEST_F(DeviceCommandLine, AFitIsAPresetThatResponseTakes) {
  ASSERT_EQ(rheo({"device", "response", "SoftBoundsDefault", "--up", "300", "--down", "300", "--out", "m.csv"}).status,
            0);
  const Outcome fit =
      rheo({"device", "fit", "m.csv", "--family", "soft_bounds", "--family", "constant_step", "--out", "fit.toml"});
  EXPECT_EQ(fit.status, 0) << fit.err;
  EXPECT_THAT(fit.err, IsEmpty());
  for (const char* part :
       {"m.csv: 300 pulses up, 300 down", "AICc", "proposed: soft_bounds", "dw_min", "+-", "the data do not tell: "}) {
    EXPECT_THAT(fit.out, HasSubstr(part));
  }
  EXPECT_LT(fit.out.find("  soft_bounds"), fit.out.find("  constant_step")) << "best first";
  EXPECT_THAT(read_text(work() / "fit.toml"), StartsWith("# Fit of soft_bounds to m.csv."));
  const Outcome again = rheo({"device", "response", "fit.toml", "--up", "3", "--down", "3"});
  EXPECT_EQ(again.status, 0) << again.err;
  const Outcome run = rheo(Words{"run", "--quiet", "--out", "o"} + quick(1) + set({"device.preset=fit.toml"}));
  EXPECT_EQ(run.status, 0) << run.err;
}

TEST_F(DeviceCommandLine, AFitIsDrawnOverItsMeasurement) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "no /usr/bin/python3";
  std::string text = "pulse,weight\n";
  for (int i = 0; i <= 40; ++i) text += std::to_string(i) + "," + std::to_string(0.01 * (i <= 20 ? i : 40 - i)) + "\n";
  write_text(work() / "m.csv", text);
  const Outcome fit = rheo({"device", "fit", "m.csv", "--family", "constant_step", "--plot", "fit.svg"});
  EXPECT_EQ(fit.status, 0) << fit.err;
  EXPECT_THAT(read_text(work() / "fit.svg"), HasSubstr("</svg>"));
  EXPECT_THAT(contents(work()), ElementsAre("fit.svg", "m.csv"));
}

TEST_F(DeviceCommandLine, FitRefusesWhatItCannotRead) {
  write_text(work() / "m.csv", "0,0\n1,x\n");
  refuses({"device", "fit"}, "MEASURED");
  refuses({"device", "fit", "absent.csv"}, "absent.csv: no such file");
  refuses({"device", "fit", "."}, ".: is a folder");
  refuses({"device", "fit", "m.csv", "--out", "fit.toml"}, "m.csv:2: expected numbers separated by commas");
  std::string text;
  for (int i = 0; i <= 40; ++i) text += std::to_string(i) + "," + std::to_string(0.01 * i) + "\n";
  write_text(work() / "good.csv", text);
  refuses({"device", "fit", "good.csv", "--up", "99"}, "--up: 99: good.csv has no such pulse index");
  refuses({"device", "fit", "good.csv", "--family", "soft_bound"}, "did you mean soft_bounds?");
  refuses({"device", "fit", "good.csv", "--out", "absent/fit.toml"}, "its folder does not exist");
  refuses({"device", "fit", "good.csv", "--plot", "fit.gif"}, "expected .png, .svg or .pdf");
}

// ---- bad input ----

TEST_F(DeviceCommandLine, BadInputWritesNothing) {
  const Words response{"device", "response"};
  refuses({"device"}, "rheo --help");
  refuses({"device", "respond"}, "rheo --help");
  refuses(response, "NAME");
  refuses(response + Words{"nothing"}, "nothing: no such device");
  refuses(response + Words{"gokmen_vlasof"}, "did you mean GokmenVlasov?");
  refuses(response + Words{"nowhere.toml"}, "nowhere.toml: no such file");
  refuses(response + Words{"ideal", "--out", "r.csv"}, "ideal: is written, not pulsed");
  refuses(response + Words{"EcRam", "--up", "-1"}, "--up");
  refuses(response + Words{"EcRam", "--cells", "0"}, "--cells");
  refuses(response + Words{"EcRam", "--seed", "x"}, "--seed");
  refuses(response + Words{"EcRam", "--out", "absent/r.csv"}, "--out: absent/r.csv: its folder does not exist");
  refuses(response + Words{"EcRam", "--cells-out", "."}, "--cells-out: . is a folder");
  refuses(response + Words{"EcRam", "--out", "r.csv", "--plot", "r.gif"}, "expected .png, .svg or .pdf");
  refuses(response + Words{"EcRam"} + set({"device.dw_mim=1"}), "did you mean device.dw_min?");
  refuses(response + Words{"EcRam"} + set({"device.dw_min=2"}),
          "--set device.dw_min=2: expected a number from 1e-09 to 1");
  refuses(response + Words{"EcRam"} + set({"adc.bits=8"}), "adc.bits: no such key");
  refuses(response + Words{"EcRam"} + set({"device.preset=GokmenVlasov"}), "the device is EcRam already");
  refuses(response + Words{"EcRam", "--out", "r.csv", "--plot", "r.png"}, "there is no /nowhere/python3",
          {.environment = {"RHEO_PYTHON=/nowhere/python3"}});
}

TEST_F(DeviceCommandLine, AFullDeviceIsAnErrorAndLeavesNothing) {
  EXPECT_EQ(rheo({"device", "response", "EcRam"}, {.out = "/dev/full"}).status, 1);
  const Outcome outcome = rheo({"device", "response", "EcRam", "--out", "r.csv"}, {.file_limit = 100});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(lines(outcome.err), 1U) << outcome.err;
  EXPECT_THAT(contents(work()), IsEmpty());
}

}  // namespace
}  // namespace rheo::testing
