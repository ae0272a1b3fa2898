#include "models/core/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rheo {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Converter {
  std::int64_t bits = 8;
  double bound = 20.0;
  double rate = 1.28e9;

  void describe(Parameters& p) {
    p.integer("bits", bits, {2, 12}, "resolution");
    p.number("bound", bound, {0.0, 1e6}, "largest output");
    p.quantity("rate", rate, Dimension::hertz, {1e3, 1e12}, "conversions a second");
  }
  friend bool operator==(const Converter&, const Converter&) = default;
};

enum class Scheme : std::uint8_t { differential, reference };
constexpr std::array<std::string_view, 2> scheme_names{"differential", "reference"};

struct Chip {
  std::int64_t seed = 1;
  double clock_hz = 1e9;
  bool trace = false;
  std::string name = "reference chip";
  Scheme scheme = Scheme::differential;
  Converter adc;
  Converter dac{7, 1.0, 1e9};

  void describe(Parameters& p) {
    p.integer("seed", seed, {0, std::numeric_limits<std::int64_t>::max()}, "seed");
    p.number("clock_hz", clock_hz, {1e3, 1e12}, "clock");
    p.flag("trace", trace, "write a trace");
    p.text("name", name, "what it is called");
    p.choice("scheme", scheme, scheme_names, "how a sign is carried");
    p.section("adc", adc, "output converters");
    p.section("dac", dac, "input converters");
  }
  friend bool operator==(const Chip&, const Chip&) = default;
};

Chip read(Configuration& configuration) {
  Chip chip;
  configuration.read(chip);
  configuration.refuse_unknown_keys();
  return chip;
}

Chip chip_of(std::string_view text, const std::vector<std::string>& words = {}) {
  Configuration configuration = Configuration::from_text(text, "chip.toml");
  for (const std::string& word : words) configuration.set(word);
  return read(configuration);
}

/// The message of the InputError that reading ends with.
std::string refusal(std::string_view text, const std::vector<std::string>& words = {}) {
  try {
    (void)chip_of(text, words);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

/// A folder of TOML files that goes away with the test.
class ConfigurationFiles : public ::testing::Test {
 protected:
  ConfigurationFiles()
      : folder_(std::filesystem::path(::testing::TempDir()) / ("rheo_configuration_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_ / "sub");
  }
  ~ConfigurationFiles() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name) << text;
    return path(name);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static std::string refusal_of_file(const std::string& file) {
    try {
      Configuration configuration = Configuration::from_file(file);
      (void)read(configuration);
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  }

 private:
  std::filesystem::path folder_;
};

TEST(Configuration, WhatIsAbsentKeepsItsDefault) {
  EXPECT_EQ(chip_of(""), Chip{});
  Chip expected;
  expected.adc.bits = 9;
  EXPECT_EQ(chip_of("[adc]\nbits = 9\n"), expected);
}

TEST(Configuration, ReadsEveryKindOfValue) {
  const Chip chip = chip_of(R"(
seed = 7
clock_hz = 5e8
trace = true
name = "mine"
scheme = "reference"
[adc]
bits = 12
bound = 3
rate = "200 MHz"
[dac]
rate = "2 GHz"
)");
  EXPECT_EQ(chip.seed, 7);
  EXPECT_EQ(chip.clock_hz, 5e8);
  EXPECT_TRUE(chip.trace);
  EXPECT_EQ(chip.name, "mine");
  EXPECT_EQ(chip.scheme, Scheme::reference);
  EXPECT_EQ(chip.adc, (Converter{12, 3.0, 200e6}));
  EXPECT_EQ(chip.dac, (Converter{7, 1.0, 2e9}));
}

TEST(Configuration, BothEndsOfARangeAreAllowed) {
  EXPECT_EQ(chip_of("[adc]\nbits = 2").adc.bits, 2);
  EXPECT_EQ(chip_of("[adc]\nbits = 12").adc.bits, 12);
  EXPECT_EQ(chip_of("[adc]\nbound = 0").adc.bound, 0.0);
  EXPECT_EQ(chip_of("[adc]\nrate = \"1 THz\"").adc.rate, 1e12);
  EXPECT_EQ(chip_of("seed = 9223372036854775807").seed, std::numeric_limits<std::int64_t>::max());
}

TEST(Configuration, OutOfRangeNamesPlaceValueAndRange) {
  EXPECT_EQ(refusal("[adc]\nbits = 33"), "chip.toml:2:8: adc.bits = 33: expected an integer from 2 to 12");
  EXPECT_EQ(refusal("[adc]\nbits = 1"), "chip.toml:2:8: adc.bits = 1: expected an integer from 2 to 12");
  EXPECT_EQ(refusal("[adc]\n  bound  =  -0.5"),
            "chip.toml:2:13: adc.bound = -0.5: expected a number from 0 to 1000000");
  EXPECT_EQ(refusal("seed = -1"), "chip.toml:1:8: seed = -1: expected an integer of at least 0");
  EXPECT_THAT(refusal("[adc]\nrate = \"1 Hz\""), HasSubstr(": expected a value from 1 kHz to 1 THz"));
  EXPECT_THAT(refusal("clock_hz = inf"), HasSubstr("expected a number from 1000 to"));
  EXPECT_THAT(refusal("clock_hz = nan"), HasSubstr("expected a number from 1000 to"));
}

TEST(Configuration, WrongTypesAreNotConverted) {
  EXPECT_EQ(refusal("seed = 1.0"), "chip.toml:1:8: seed = 1.0: expected an integer of at least 0");
  EXPECT_THAT(refusal("seed = \"1\""), HasSubstr("expected an integer"));
  EXPECT_THAT(refusal("seed = true"), HasSubstr("expected an integer"));
  EXPECT_THAT(refusal("clock_hz = \"1e9\""), HasSubstr("expected a number"));
  EXPECT_THAT(refusal("clock_hz = true"), HasSubstr("expected a number"));
  EXPECT_EQ(refusal("trace = 1"), "chip.toml:1:9: trace = 1: expected true or false");
  EXPECT_EQ(refusal("name = 5"), "chip.toml:1:8: name = 5: expected a text in quotation marks");
  EXPECT_EQ(refusal("adc = {bits = [8, 9]}"), "chip.toml:1:15: adc.bits = an array: expected an integer from 2 to 12");
  EXPECT_EQ(refusal("[adc.bits]\nx = 1"), "chip.toml:1:1: adc.bits = a table: expected an integer from 2 to 12");
}

TEST(Configuration, AQuantityWantsItsUnit) {
  EXPECT_EQ(refusal("[adc]\nrate = 1e9"),
            "chip.toml:2:8: adc.rate = 1000000000.0: expected a value with a unit, such as \"1.28 GHz\"");
  EXPECT_THAT(refusal("[adc]\nrate = \"5 ns\""), HasSubstr("expected a frequency such as \"1.28 GHz\""));
  EXPECT_THAT(refusal("[adc]\nrate = \"1e9\""), HasSubstr("expected a frequency such as \"1.28 GHz\""));
}

TEST(Configuration, AMisspeltChoiceListsAllAndSuggestsOne) {
  const std::string message = refusal("scheme = \"diferential\"");
  EXPECT_THAT(message, StartsWith("chip.toml:1:10: scheme = "));
  EXPECT_THAT(message, HasSubstr(": expected one of differential, reference; did you mean differential?"));
  EXPECT_THAT(refusal("scheme = \"xyz\""), ::testing::EndsWith("expected one of differential, reference"));
  EXPECT_THAT(refusal("scheme = 1"), ::testing::EndsWith("expected one of differential, reference"));
}

TEST(Configuration, AnUnknownKeyIsAnErrorWithPlaceAndSuggestion) {
  EXPECT_EQ(refusal("[adc]\nbits = 9\nbit = 9"), "chip.toml:3:1: adc.bit: no such key; did you mean adc.bits?");
  EXPECT_EQ(refusal("\n\n  sede = 9"), "chip.toml:3:3: sede: no such key; did you mean seed?");
  EXPECT_EQ(refusal("[ad]\nbits = 9"), "chip.toml:2:1: ad.bits: no such key; did you mean adc.bits?");
  EXPECT_THAT(refusal("[adc]\nclock_hz = 1e9"), HasSubstr("adc.clock_hz: no such key"));
  EXPECT_THAT(refusal("adc = 5"), HasSubstr("adc: is a table; expected a key of it, such as adc.bits"));
  EXPECT_THAT(refusal("nothing_like_it = 5"), HasSubstr("nothing_like_it: no such key; `rheo list keys` prints all"));
}

TEST(Configuration, AKeyInQuotesWithADotInsideIsNotThePathOfThatName) {
  EXPECT_THAT(refusal("\"adc.bits\" = 9"), StartsWith("chip.toml:1:1: adc.bits: no such key"));
}

TEST(Configuration, TheRightKeyOutsideItsTableIsSuggested) {
  EXPECT_EQ(refusal("bound = 2.0"), "chip.toml:1:1: bound: no such key; did you mean dac.bound?");
}

TEST(Configuration, WordsLieOverTheFile) {
  const std::string_view text = "seed = 5\nname = \"file\"\n[adc]\nbits = 9\n";
  EXPECT_EQ(chip_of(text, {"adc.bits=10"}).adc.bits, 10);
  EXPECT_EQ(chip_of(text, {"adc.bits = 10"}).adc.bits, 10) << "white space";
  EXPECT_EQ(chip_of(text, {"seed=6"}).adc.bits, 9) << "the rest stays";
  EXPECT_EQ(chip_of(text, {"adc.bits=10", "adc.bits=11"}).adc.bits, 11) << "the last word wins";
  EXPECT_EQ(chip_of(text, {"dac.bits=5"}).dac.bits, 5) << "a key that the file lacks";
  EXPECT_EQ(chip_of(text, {"clock_hz=2e8"}).clock_hz, 2e8);
  EXPECT_EQ(chip_of(text, {"adc.bound=2"}).adc.bound, 2.0) << "an integer is a number";
  EXPECT_TRUE(chip_of(text, {"trace=true"}).trace);
}

TEST(Configuration, AWordThatIsNotTomlIsAString) {
  EXPECT_EQ(chip_of("", {"name=gokmen_vlasov"}).name, "gokmen_vlasov");
  EXPECT_EQ(chip_of("", {"name=two words"}).name, "two words");
  EXPECT_EQ(chip_of("", {"name=\"in quotes\""}).name, "in quotes");
  EXPECT_EQ(chip_of("", {"name='in quotes'"}).name, "in quotes");
  EXPECT_EQ(chip_of("", {"name=a=b"}).name, "a=b");
  EXPECT_EQ(chip_of("", {"name=C:\\data \"x\""}).name, "C:\\data \"x\"");
  EXPECT_EQ(chip_of("", {"name=tab\there"}).name, "tab\there");
  EXPECT_EQ(chip_of("", {"name="}).name, "");
  EXPECT_EQ(chip_of("", {"adc.rate=100 MHz"}).adc.rate, 100e6);
  EXPECT_EQ(chip_of("", {"scheme=reference"}).scheme, Scheme::reference);
}

TEST(Configuration, ARefusedWordIsNamedWhole) {
  EXPECT_EQ(refusal("", {"adc.bits=33"}), "--set adc.bits=33: expected an integer from 2 to 12");
  EXPECT_EQ(refusal("", {"adc.bits=[9]"}), "--set adc.bits=[9]: expected an integer from 2 to 12");
  EXPECT_EQ(refusal("", {"name=[\"a\", \"b\"]"}), "--set name=[\"a\", \"b\"]: expected a text in quotation marks");
  EXPECT_EQ(refusal("", {"adc.bits=nine"}), "--set adc.bits=nine: expected an integer from 2 to 12");
  EXPECT_EQ(refusal("", {"adc.bit=9"}), "--set adc.bit=9: adc.bit: no such key; did you mean adc.bits?");
  EXPECT_EQ(refusal("", {"scheme=referenc"}),
            "--set scheme=referenc: expected one of differential, reference; did you mean reference?");
  for (const char* word : {"adc.bits", "=3", ""}) {
    EXPECT_EQ(refusal("", {word}), "--set " + std::string(word) + ": expected key=value, such as adc.bits=8");
  }
  for (const char* word : {"a b=3", "a..b=3", " =3"}) EXPECT_THAT(refusal("", {word}), StartsWith("--set")) << word;
}

TEST(Configuration, TellsWhereAValueCameFrom) {
  Configuration configuration = Configuration::from_text("\n[adc]\nbits = 9\nbound = 2.5\n", "chip.toml");
  configuration.set("adc.bits=10");
  EXPECT_EQ(configuration.where("adc.bits"), "--set adc.bits=10");
  EXPECT_EQ(configuration.where("adc.bound"), "chip.toml:4:9: adc.bound = 2.5");
  EXPECT_EQ(configuration.where("seed"), "seed");
}

TEST(Configuration, SeveralStructsShareOneTree) {
  struct Part {
    std::int64_t lanes = 1;
    void describe(Parameters& p) { p.integer("lanes", lanes, {1, 64}, "lanes"); }
  };
  Configuration configuration = Configuration::from_text("lanes = 4\nseed = 3\n", "chip.toml");
  Part part;
  configuration.read(part);
  EXPECT_THROW(configuration.refuse_unknown_keys(), InputError) << "nobody has asked for seed";
  Chip chip;
  configuration.read(chip);
  EXPECT_NO_THROW(configuration.refuse_unknown_keys());
  EXPECT_EQ(part.lanes, 4);
  EXPECT_EQ(chip.seed, 3);
}

TEST(Configuration, DefaultsFromAnotherTreeLieUnderneath) {
  Configuration configuration = Configuration::from_text("[adc]\nbits = 9\n", "chip.toml");
  configuration.add_base(Configuration::from_text("seed = 4\n[adc]\nbits = 5\nbound = 2.0\n", "preset.toml"));
  configuration.set("adc.bound=3");
  const Chip chip = read(configuration);
  EXPECT_EQ(chip.adc.bits, 9);
  EXPECT_EQ(chip.adc.bound, 3.0);
  EXPECT_EQ(chip.seed, 4);
  EXPECT_EQ(configuration.where("seed"), "preset.toml:1:8: seed = 4");

  Configuration wrong = Configuration::from_text("", "chip.toml");
  wrong.add_base(Configuration::from_text("[adc]\nbit = 5\n", "preset.toml"));
  Chip unread;
  wrong.read(unread);
  EXPECT_THROW(wrong.refuse_unknown_keys(), InputError) << "an unknown key of the preset";
}

TEST(Configuration, TextThatIsNotTomlIsRefusedWithItsPlace) {
  EXPECT_THAT(refusal("seed = 1\nname = \n"), StartsWith("chip.toml:2:"));
  EXPECT_THAT(refusal("seed = 1\nname = \n"), HasSubstr("not valid TOML"));
  EXPECT_THAT(refusal("seed = 1\nseed = 2\n"), StartsWith("chip.toml:2:"));
  EXPECT_THAT(refusal("[adc\n"), StartsWith("chip.toml:1:"));
  EXPECT_THAT(refusal("[adc\n"), ::testing::Not(HasSubstr("\n"))) << "one line";
}

TEST_F(ConfigurationFiles, AFileIsRead) {
  Configuration configuration = Configuration::from_file(write("chip.toml", "seed = 12\n"));
  EXPECT_EQ(read(configuration).seed, 12);
  Configuration empty = Configuration::from_file(write("empty.toml", ""));
  EXPECT_EQ(read(empty), Chip{});
}

TEST_F(ConfigurationFiles, ErrorsNameTheFile) {
  const std::string file = write("chip.toml", "[adc]\nbits = 33\n");
  EXPECT_EQ(refusal_of_file(file), file + ":2:8: adc.bits = 33: expected an integer from 2 to 12");
  const std::string broken = write("broken.toml", "x = = 1\n");
  EXPECT_THAT(refusal_of_file(broken), StartsWith(broken + ":1:"));
}

TEST_F(ConfigurationFiles, AMissingFileAndAFolderAreRefused) {
  EXPECT_EQ(refusal_of_file(path("none.toml")), path("none.toml") + ": no such file");
  EXPECT_EQ(refusal_of_file(path("sub")), path("sub") + ": is a directory; expected a TOML file");
}

TEST_F(ConfigurationFiles, BasesFormAChainAndTheNearestWins) {
  write("ground.toml", "seed = 1\nclock_hz = 1e6\nname = \"ground\"\n[adc]\nbits = 5\nbound = 1.0\n");
  write("sub/middle.toml", "base = \"../ground.toml\"\nclock_hz = 2e6\nname = \"middle\"\n[adc]\nbits = 6\n");
  const std::string top = write("top.toml", "base = \"sub/middle.toml\"\nname = \"top\"\n");
  Configuration configuration = Configuration::from_file(top);
  const Chip chip = read(configuration);
  EXPECT_EQ(chip.name, "top");
  EXPECT_EQ(chip.clock_hz, 2e6);
  EXPECT_EQ(chip.seed, 1);
  EXPECT_EQ(chip.adc, (Converter{6, 1.0, 1.28e9}));
}

TEST_F(ConfigurationFiles, AChoiceTakesThePlaceOfItsWholeTableInTheFilesBelow) {
  write("ground.toml", "seed = 1\n[adc]\nbits = 5\nbound = 1.0\n");
  const std::string top = write("top.toml", "base = \"ground.toml\"\n[adc]\nbits = 6\n");
  const auto adc = [&](const std::vector<std::string>& words) {
    Configuration configuration = Configuration::from_file(top);
    for (const std::string& word : words) configuration.set(word);
    configuration.replace_table_below("adc", "bits");
    const Chip chip = read(configuration);
    EXPECT_EQ(chip.seed, 1);
    return chip.adc;
  };
  const double unset = Converter{}.bound;
  EXPECT_EQ(adc({}).bits, 6);
  EXPECT_EQ(adc({}).bound, unset) << "that of the file below is forgotten";
  EXPECT_EQ(adc({"adc.bound=3"}).bound, 3.0);
  EXPECT_EQ(adc({"adc.bound=3", "adc.bits=7"}), (Converter{7, 3.0, Converter{}.rate})) << "in any order";
  EXPECT_EQ(adc({"adc.bits=7", "adc.bound=3"}), (Converter{7, 3.0, Converter{}.rate}));
}

TEST_F(ConfigurationFiles, AnUnknownKeyOfABaseNamesTheBase) {
  const std::string ground = write("ground.toml", "\nsede = 1\n");
  const std::string message = refusal_of_file(write("top.toml", "base = \"ground.toml\"\n"));
  EXPECT_EQ(message, ground + ":2:1: sede: no such key; did you mean seed?");
}

TEST_F(ConfigurationFiles, ABaseMayNotLeadBackToItself) {
  EXPECT_THAT(refusal_of_file(write("self.toml", "base = \"self.toml\"\n")), HasSubstr("circle"));
  write("sub/b.toml", "base = \"../a.toml\"\n");
  EXPECT_THAT(refusal_of_file(write("a.toml", "base = \"sub/b.toml\"\n")), HasSubstr("circle"));
  // By another spelling of the same file.
  EXPECT_THAT(refusal_of_file(write("c.toml", "base = \"sub/../c.toml\"\n")), HasSubstr("circle"));
}

TEST_F(ConfigurationFiles, ABaseThatIsNoFileIsRefused) {
  EXPECT_THAT(refusal_of_file(write("a.toml", "base = \"none.toml\"\n")),
              HasSubstr("a.toml:1:8: base = \"none.toml\": no such file"));
  const std::string file = write("b.toml", "base = 3\n");
  EXPECT_EQ(refusal_of_file(file), file + ":1:8: base = 3: expected the name of a TOML file");
}

/// Writes a struct and reads it back.
template <class Struct>
Struct round_trip(Struct content) {
  ConfigurationText text;
  content.describe(text);
  Configuration configuration = Configuration::from_text(text.str(), "resolved.toml");
  Struct back;
  try {
    configuration.read(back);
    configuration.refuse_unknown_keys();
  } catch (const InputError& error) {
    ADD_FAILURE() << error.what() << '\n' << text.str();
  }
  return back;
}

TEST(ConfigurationText, ReadsBackToTheSameStruct) {
  EXPECT_EQ(round_trip(Chip{}), Chip{});
  Chip chip{std::numeric_limits<std::int64_t>::max(), 123456.789, true, "x", Scheme::reference, {3, 0.1, 1e3}, {}};
  EXPECT_EQ(round_trip(chip), chip);
}

TEST(ConfigurationText, KeepsEveryBitOfANumber) {
  for (const double value : {0.1, 1.0 / 3, 5e-324, 2.2250738585072014e-308, 1e5, 999999.9999999999, 1e-7, 12345.0}) {
    Chip chip;
    chip.adc.bound = value;
    EXPECT_EQ(round_trip(chip).adc.bound, value);
  }
  for (const double value : {1e3, 1.28e9, 1e12, 33333.333333333336, 1e9 / 3}) {
    Chip chip;
    chip.clock_hz = chip.dac.rate = value;
    EXPECT_EQ(round_trip(chip), chip) << value;
  }
}

TEST(ConfigurationText, KeepsEveryCharacterOfAText) {
  for (const char* name : {"", "a \"quoted\" word", "back\\slash", "line\nbreak", "tab\t", "return\r", "bell\a\x1F\x7F",
                           "# no comment", "\xC3\xA9\xE2\x82\xAC", "'single'", "[adc]"}) {
    Chip chip;
    chip.name = name;
    EXPECT_EQ(round_trip(chip).name, name);
  }
}

TEST(ConfigurationText, AKeyAfterASectionStaysOutsideIt) {
  struct Inner {
    std::int64_t x = 1;
    void describe(Parameters& p) { p.integer("x", x, {0, 100}, "x"); }
    bool operator==(const Inner&) const = default;
  };
  struct Middle {
    Inner inner;
    std::int64_t x = 2;
    void describe(Parameters& p) {
      p.section("inner", inner, "inside");
      p.integer("x", x, {0, 100}, "after a section");
    }
    bool operator==(const Middle&) const = default;
  };
  struct Outer {
    Middle middle;
    std::int64_t x = 3;
    void describe(Parameters& p) {
      p.section("middle", middle, "between");
      p.integer("x", x, {0, 100}, "after a section");
    }
    bool operator==(const Outer&) const = default;
  };
  const Outer values{{{11}, 12}, 13};
  EXPECT_EQ(round_trip(values), values);
}

/// Values, and a variation of some of them.
struct Twice {
  struct Part {
    struct Inner {
      std::int64_t x = 1;
      double y = 2;
      void describe(Parameters& p) {
        p.integer("x", x, {0, 100}, "x");
        p.number("y", y, {0, 100}, "y");
      }
      bool operator==(const Inner&) const = default;
    };
    Inner inner;
    void describe(Parameters& p) { p.section("inner", inner, "inside"); }
    bool operator==(const Part&) const = default;
  };
  Part base;
  Part other;
  void describe(Parameters& p) {
    base.describe(p);
    p.variation("other", other, base, "as the base, unless said otherwise");
  }
  bool operator==(const Twice&) const = default;
};

TEST(Variation, HasTheValuesOfTheBaseUnlessItSaysOtherwise) {
  const auto read = [](const char* text) {
    Configuration configuration = Configuration::from_text(text, "c.toml");
    Twice content;
    configuration.read(content);
    configuration.refuse_unknown_keys();
    return content;
  };
  EXPECT_EQ(read("inner.x = 5"), (Twice{{{5, 2}}, {{5, 2}}}));
  EXPECT_EQ(read("inner.x = 5\nother.inner.y = 3"), (Twice{{{5, 2}}, {{5, 3}}}));
  EXPECT_EQ(read("other.inner = {x = 7, y = 8}"), (Twice{{{1, 2}}, {{7, 8}}}));
  EXPECT_THROW((void)read("other.inner.z = 3"), InputError);
  EXPECT_THROW((void)read("other.x = 3"), InputError);
}

TEST(Variation, IsWrittenWhereItDiffers) {
  Twice content{{{5, 2}}, {{5, 3}}};
  ConfigurationText text;
  content.describe(text);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"inner.x", "5"}, {"inner.y", "2.0"}, {"other.inner.y", "3.0"}};
  EXPECT_EQ(text.values(), expected);
  EXPECT_THAT(text.str(), HasSubstr("# other: as the base, unless said otherwise\n"));
  EXPECT_THAT(text.str(), HasSubstr("[other.inner]\ny = 3.0"));
  EXPECT_EQ(round_trip(content), content);
  content.other = content.base;
  ConfigurationText same;
  content.describe(same);
  EXPECT_EQ(same.values().size(), 2U);
  EXPECT_EQ(same.str().find("[other"), std::string::npos);
  EXPECT_EQ(round_trip(content), content);
}

TEST(ConfigurationText, ListsEveryKeyWithItsValueAndDescription) {
  Chip chip;
  ConfigurationText text;
  chip.describe(text);
  const std::vector<std::pair<std::string, std::string>> expected{{"seed", "1"},
                                                                  {"clock_hz", "1000000000.0"},
                                                                  {"trace", "false"},
                                                                  {"name", "\"reference chip\""},
                                                                  {"scheme", "\"differential\""},
                                                                  {"adc.bits", "8"},
                                                                  {"adc.bound", "20.0"},
                                                                  {"adc.rate", "\"1.28 GHz\""},
                                                                  {"dac.bits", "7"},
                                                                  {"dac.bound", "1.0"},
                                                                  {"dac.rate", "\"1 GHz\""}};
  EXPECT_EQ(text.values(), expected);
  EXPECT_THAT(text.str(), HasSubstr("\nbits = 8  # resolution (an integer from 2 to 12)\n"));
  EXPECT_THAT(text.str(), HasSubstr("\n# output converters\n[adc]\n"));
  EXPECT_THAT(text.str(), HasSubstr("one of differential, reference"));
}

// ---- what a recorded run can be timed anew with ----

struct Inner {
  double x = 0;
  double y = 0;
  void describe(Parameters& p) {
    p.number("x", x, {0, 1}, "");
    p.retimable().number("y", y, {0, 1}, "");
  }
};
struct Outer {
  double before = 0;
  std::int64_t marked = 0;
  double after = 0;
  Inner plain, whole;
  void describe(Parameters& p) {
    p.number("before", before, {0, 1}, "");
    p.retimable().integer("marked", marked, {0, 1}, "");
    p.number("after", after, {0, 1}, "");
    p.section("plain", plain, "");
    p.retimable().section("whole", whole, "");
    p.section("behind", plain, "");
  }
};

TEST(Retimable, MarksTheNextKeyOrTableOnly) {
  Outer outer;
  ConfigurationText text;
  outer.describe(text);
  std::vector<std::string> marked;
  for (const auto& entry : text.entries()) {
    if (entry.retimable) marked.push_back(entry.key);
  }
  EXPECT_EQ(marked, (std::vector<std::string>{"marked", "plain.y", "whole.x", "whole.y", "behind.y"}));
}

}  // namespace
}  // namespace rheo
