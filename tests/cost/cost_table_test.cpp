#include "models/cost/cost_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>

#include "models/core/error.hpp"

namespace rheo {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* two_entries = R"([adc.convert.9b]
energy = "5.52 pJ"
node = "32 nm"
source = "a survey"

[adc]
static_power = "0.2 mW"
area = "0.0012 mm2"
node = "32 nm"
source = "a paper"
assumption = true
derivation = "0.0096 mm2 / 8"
original = "0.0096 mm2"
note = "eight bits"
)";

/// The message of the InputError that `act` throws.
template <class Act>
std::string refusal(Act act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal_of(const std::string& text) {
  return refusal([&] { (void)CostTable::from_text(text, "costs.toml"); });
}

/// An entry that is right but for `lines`, which start on line 4.
std::string entry_with(const std::string& lines) {
  return "[adc]\nnode = \"32 nm\"\nsource = \"a paper\"\n" + lines + "\n";
}

TEST(CostTable, ReadsEntriesInTheOrderOfTheFile) {
  const CostTable table = CostTable::from_text(two_entries, "costs.toml");
  ASSERT_EQ(table.entries().size(), 2u);
  const CostEntry& conversion = table.entries()[0];
  EXPECT_EQ(conversion.name, "adc.convert.9b");
  EXPECT_EQ(conversion.energy, 5.52e-12);
  EXPECT_FALSE(conversion.static_power || conversion.area || conversion.assumption);
  EXPECT_EQ(conversion.where, "costs.toml:1:1");
  const CostEntry& adc = table.entries()[1];
  EXPECT_EQ(adc.name, "adc");
  EXPECT_FALSE(adc.energy);
  EXPECT_EQ(adc.static_power, 0.2e-3);
  EXPECT_EQ(adc.area, 1200e-12);
  EXPECT_TRUE(adc.assumption);
  EXPECT_EQ(adc.node, "32 nm");
  EXPECT_EQ(adc.source, "a paper");
  EXPECT_EQ(adc.derivation, "0.0096 mm2 / 8");
  EXPECT_EQ(adc.original, "0.0096 mm2");
  EXPECT_EQ(adc.note, "eight bits");
  EXPECT_EQ(adc.where, "costs.toml:6:1");
}

TEST(CostTable, FindsEntriesByName) {
  const CostTable table = CostTable::from_text(two_entries, "costs.toml");
  EXPECT_EQ(table.entry("adc").name, "adc");
  EXPECT_EQ(table.energy("adc.convert.9b"), 5.52e-12);
  EXPECT_EQ(table.static_power("adc"), 0.2e-3);
  EXPECT_EQ(table.area("adc"), 1200e-12);
}

TEST(CostTable, AMissingEntrySuggestsTheNearest) {
  const CostTable table = CostTable::from_text(two_entries, "costs.toml");
  EXPECT_EQ(refusal([&] { (void)table.entry("adc.convert.19b"); }),
            "costs.toml: no entry adc.convert.19b; did you mean adc.convert.9b?");
  EXPECT_EQ(refusal([&] { (void)table.entry("interposer"); }),
            "costs.toml: no entry interposer; it has entries of adc");
  EXPECT_EQ(refusal([&] { (void)table.entry("adc.convert"); }),
            "costs.toml: no entry adc.convert; did you mean adc.convert.9b?")
      << "a header that only groups others is no entry";
}

TEST(CostTable, AnEntryMustSayWhatItIsAskedFor) {
  const CostTable table = CostTable::from_text(two_entries, "costs.toml");
  EXPECT_EQ(refusal([&] { (void)table.energy("adc"); }), "costs.toml:6:1: adc has no energy; expected one, 0 included");
  EXPECT_EQ(refusal([&] { (void)table.area("adc.convert.9b"); }),
            "costs.toml:1:1: adc.convert.9b has no area; expected one, 0 included");
}

TEST(CostTable, RefusesABadTableInOneLineWithItsPlace) {
  EXPECT_THAT(refusal_of("[adc\n"), StartsWith("costs.toml:1:5: not valid TOML: "));
  EXPECT_EQ(refusal_of(""), "costs.toml:1:1: no entries; expected tables such as [adc.convert.9b]");
  EXPECT_EQ(refusal_of("  energy = 1\n"),
            "costs.toml:1:3: energy is not an entry; expected tables such as [adc.convert.9b]");
  EXPECT_EQ(refusal_of(entry_with("  enrgy = \"1 pJ\"")),
            "costs.toml:4:3: adc.enrgy: no such key; did you mean adc.energy?");
  EXPECT_EQ(refusal_of(entry_with("colour = \"red\"")),
            "costs.toml:4:1: adc.colour: no such key; expected one of energy, static_power, area, node, source, "
            "derivation, original, note, assumption");
  EXPECT_EQ(refusal_of(entry_with("energy = \"5.52 pW\"")),
            "costs.toml:4:10: adc.energy = \"5.52 pW\": expected an energy such as \"1.67 pJ\"");
  EXPECT_EQ(refusal_of(entry_with("energy = 5.52")),
            "costs.toml:4:10: adc.energy: expected an energy such as \"1.67 pJ\"");
  EXPECT_EQ(refusal_of(entry_with("energy = \"inf J\"")),
            "costs.toml:4:10: adc.energy = \"inf J\": expected an energy such as \"1.67 pJ\"");
  EXPECT_EQ(refusal_of(entry_with("area = \"-1 um2\"")),
            "costs.toml:4:8: adc.area = -1 um2 is negative; expected 0 or more");
  EXPECT_EQ(refusal_of(entry_with("static_power = \"2 mJ\"")),
            "costs.toml:4:16: adc.static_power = \"2 mJ\": expected a power such as \"2 mW\"");
  EXPECT_EQ(refusal_of(entry_with("")), "costs.toml:1:1: adc costs nothing; expected energy, static_power or area");
  EXPECT_EQ(refusal_of("\n  [adc]\n"), "costs.toml:2:3: adc costs nothing; expected energy, static_power or area");
  EXPECT_EQ(refusal_of("[adc]\nenergy = \"1 pJ\"\nsource = \"x\"\n"),
            "costs.toml:1:1: adc has no node; expected one such as node = \"32 nm\"");
  EXPECT_EQ(refusal_of("[adc]\nenergy = \"1 pJ\"\nnode = \"32 nm\"\n"),
            "costs.toml:1:1: adc has no source; expected a citation");
  EXPECT_EQ(refusal_of(entry_with("energy = \"1 pJ\"\nassumption = true")),
            "costs.toml:1:1: adc is an assumption without derivation; expected how the value was found");
  EXPECT_EQ(refusal_of(entry_with("energy = \"1 pJ\"\nassumption = \"yes\"")),
            "costs.toml:5:14: adc.assumption is not a flag; expected true or false");
  EXPECT_EQ(refusal_of(entry_with("energy = \"1 pJ\"\nnote = 3")),
            "costs.toml:5:8: adc.note is not a text; expected words in quotes");
  EXPECT_EQ(refusal_of(entry_with("energy = \"1 pJ\"\nnote = \"\"")),
            "costs.toml:5:8: adc.note is not a text; expected words in quotes");
  EXPECT_THAT(refusal_of(entry_with("energy = \"1 pJ\"\nenergy = \"2 pJ\"")), StartsWith("costs.toml:5:"));
  EXPECT_EQ(refusal_of(entry_with("energy = \"1 pJ\"\n[adc.area]\nnode = \"32 nm\"")),
            "costs.toml:5:1: adc.area: expected an area such as \"1200 um2\"");
  for (const char* text : {"[adc\n", "", "x = 1\n", "[adc]\nfoo = 1\n", "[adc]\nenergy = [1]\n"}) {
    EXPECT_THAT(refusal_of(text), AllOf(StartsWith("costs.toml:"), Not(HasSubstr("\n")))) << text;
  }
}

TEST(CostTable, RefusesAFileThatCannotBeRead) {
  const auto load = [](const std::string& file) { return refusal([&] { (void)CostTable::from_file(file); }); };
  EXPECT_EQ(load("/no/such/costs.toml"), "/no/such/costs.toml: no such file; expected a cost table");
  const std::string folder = std::filesystem::temp_directory_path().string();
  EXPECT_EQ(load(folder), folder + ": is a directory; expected a cost table");
}

TEST(CostTable, ACopyWithOneEnergyScaledLeavesTheRest) {
  const CostTable table = CostTable::from_text(two_entries, "costs.toml");
  const CostTable doubled = table.with_energy_scaled("adc.convert.9b", 2.0);
  EXPECT_EQ(doubled.energy("adc.convert.9b"), 2.0 * 5.52e-12);
  EXPECT_EQ(table.energy("adc.convert.9b"), 5.52e-12);
  EXPECT_EQ(doubled.area("adc"), table.area("adc"));
  EXPECT_THAT(refusal([&] { (void)table.with_energy_scaled("adc", 2.0); }), HasSubstr("adc has no energy"));
  EXPECT_THAT(refusal([&] { (void)table.with_energy_scaled("adx", 2.0); }), HasSubstr("did you mean adc?"));
  for (const double factor :
       {-1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW((void)table.with_energy_scaled("adc.convert.9b", factor), std::invalid_argument);
  }
}

}  // namespace
}  // namespace rheo
