#include "models/crossbar/wires.hpp"

#include <gtest/gtest.h>

#include <Eigen/SparseCholesky>
#include <cmath>
#include <vector>

#include "models/crossbar/crossbar_array.hpp"
#include "tests/crossbar/reference_array.hpp"

namespace rheo::crossbar {
namespace {

using testing::uniform_values;
using testing::vectors_in;
using testing::vectors_out;

using Values = std::vector<float>;

constexpr std::size_t rows = 64;
constexpr std::size_t columns = 48;

/// Wires with resistance; a wire without is one node.
struct Wires {
  bool rows, columns;
};

/// The network itself: cells between the nodes of row and column wires, rows driven at column 0, columns grounded at
/// row 0. Conductances relative to a cell at full scale; the currents into ground of every column.
std::vector<double> network(const Values& cells, const Values& x, double wire, Wires wires) {
  const double ideal = 1e9;  // conductance of what has no resistance
  const auto row_node = [](std::size_t j, std::size_t i) { return static_cast<int>(j * columns + i); };
  const auto column_node = [](std::size_t j, std::size_t i) { return static_cast<int>((rows + j) * columns + i); };
  const int nodes = 2 * rows * columns;
  std::vector<Eigen::Triplet<double>> entries;
  Eigen::VectorXd injected = Eigen::VectorXd::Zero(nodes);
  const auto connect = [&](int a, int b, double conductance) {
    entries.insert(entries.end(),
                   {{a, a, conductance}, {b, b, conductance}, {a, b, -conductance}, {b, a, -conductance}});
  };
  const auto hold = [&](int a, double voltage) {
    entries.emplace_back(a, a, ideal);
    injected[a] += ideal * voltage;
  };
  for (std::size_t j = 0; j < rows; ++j) {
    for (std::size_t i = 0; i < columns; ++i) {
      connect(row_node(j, i), column_node(j, i), cells[j * columns + i]);
      if (i == 0 || !wires.rows) {
        hold(row_node(j, i), x[j]);
      } else {
        connect(row_node(j, i), row_node(j, i - 1), wire);
      }
      if (j == 0 || !wires.columns) {
        hold(column_node(j, i), 0);
      } else {
        connect(column_node(j, i), column_node(j - 1, i), wire);
      }
    }
  }
  Eigen::SparseMatrix<double> matrix(nodes, nodes);
  matrix.setFromTriplets(entries.begin(), entries.end());
  const Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> solver(matrix);
  const Eigen::VectorXd voltage = solver.solve(injected);
  std::vector<double> currents(columns);
  for (std::size_t j = 0; j < rows; ++j) {
    for (std::size_t i = 0; i < columns; ++i) {
      currents[i] += cells[j * columns + i] * (voltage[row_node(j, i)] - voltage[column_node(j, i)]);
    }
  }
  return currents;
}

/// Cells that keep any weight and converters without faults: the wires alone act.
ArraySettings quiet(double wire, Wires wires, WireLoad load) {
  ArraySettings settings;
  settings.device.cell.population.w_max = 1;
  settings.device.cell.population.w_min = -1;
  settings.device.cell.population.w_max_dtod = settings.device.cell.population.w_min_dtod = 0;
  settings.dac.quantise = settings.adc.quantise = false;
  settings.adc.noise = 0;
  settings.adc.bound = 1e5;
  settings.management.noise = false;
  settings.wires = {wires.columns ? 1.0 : 0.0, wires.rows ? 1.0 : 0.0, load, wire};
  return settings;
}

Values read(const ArraySettings& settings, const Values& cells, const Values& x) {
  ThreadTeam team(1);
  CrossbarArray array(rows, columns, settings, 1, 1);
  array.program(cells);
  Values y(columns);
  (void)array.forward(vectors_in(x, rows), {0, 1, 0}, vectors_out(y, columns), Mode::training, team);
  return y;
}

double norm(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

/// What the wires take from the outputs, and how much of that the model misses.
struct Loss {
  double relative;  ///< lost over what is left
  double missed;    ///< error of the model over lost
};

Loss loss_of(const Values& cells, const Values& x, double wire, Wires wires, WireLoad load) {
  const std::vector<double> exact = network(cells, x, wire, wires);
  const std::vector<double> whole = network(cells, x, wire, {false, false});
  const Values model = read(quiet(wire, wires, load), cells, x);
  std::vector<double> lost(columns);
  std::vector<double> missed(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    lost[i] = whole[i] - exact[i];
    missed[i] = model[i] - exact[i];
  }
  return {norm(lost) / norm(exact), norm(missed) / norm(lost)};
}

Values between_0_and_1(std::size_t count, std::uint32_t seed) {
  Values values = uniform_values(count, seed);
  for (float& value : values) value = std::abs(value);
  return values;
}

/// The wire whose columns have the load `a` on average, with inputs and cells of one half on average.
double wire_for(double a) { return rows * rows * 0.5 / a; }

TEST(Wires, TheFarEndLosesWhatAUniformLineDoes) {
  for (const float a : {0.01F, 0.1F, 0.5F, 1.0F}) {
    EXPECT_NEAR(far_end_loss(a), 1 - 1 / std::cosh(std::sqrt(a)), 0.002) << a;
  }
  EXPECT_NEAR(far_end_loss(1.5F), 1 - 1 / std::cosh(std::sqrt(1.5)), 0.01);
  EXPECT_EQ(wire_position(0, 10), 0.0F);
  EXPECT_FLOAT_EQ(wire_position(5, 10), 0.75F);
}

TEST(Wires, WithoutResistanceNothingIsLost) {
  const Values cells = between_0_and_1(rows * columns, 1);
  const Values x = between_0_and_1(rows, 2);
  const std::vector<double> exact = network(cells, x, 1e3, {false, false});
  const Values y = read(quiet(1e3, {false, false}, WireLoad::current), cells, x);
  for (std::size_t i = 0; i < columns; ++i) EXPECT_NEAR(y[i], exact[i], 1e-4 * exact[i]);
}

TEST(Wires, ColumnsLoseWhatTheNetworkDoesByTheConductance) {
  const Values cells = between_0_and_1(rows * columns, 1);
  const Values x = between_0_and_1(rows, 2);
  for (const auto& [a, loss, missed] :
       {std::tuple{0.04, 0.013, 0.04}, std::tuple{0.2, 0.065, 0.04}, std::tuple{0.6, 0.19, 0.04}}) {
    const Loss found = loss_of(cells, x, wire_for(a), {false, true}, WireLoad::conductance);
    EXPECT_NEAR(found.relative, loss, 0.15 * loss) << a;
    EXPECT_LT(found.missed, missed) << a;
  }
}

TEST(Wires, RowsLoseWhatTheNetworkDoes) {
  const Values cells = between_0_and_1(rows * columns, 1);
  const Values x = between_0_and_1(rows, 2);
  for (const auto& [a, loss] : {std::pair{0.04, 0.008}, std::pair{0.2, 0.04}, std::pair{0.6, 0.116}}) {
    const Loss found = loss_of(cells, x, wire_for(a), {true, false}, WireLoad::conductance);
    EXPECT_NEAR(found.relative, loss, 0.15 * loss) << a;
    EXPECT_LT(found.missed, 0.02) << a;
  }
}

TEST(Wires, BothAtOnceLoseALittleLessThanTheirSum) {
  const Values cells = between_0_and_1(rows * columns, 1);
  const Values x = between_0_and_1(rows, 2);
  for (const auto& [a, loss, missed] : {std::tuple{0.04, 0.021, 0.04}, std::tuple{0.2, 0.103, 0.075}}) {
    const Loss found = loss_of(cells, x, wire_for(a), {true, true}, WireLoad::conductance);
    EXPECT_NEAR(found.relative, loss, 0.15 * loss) << a;
    EXPECT_LT(found.missed, missed) << a;
  }
}

TEST(Wires, ThePublishedColumnsAreRightAtFullScaleAndLoseHalfAtHalfScale) {
  const Values cells = between_0_and_1(rows * columns, 1);
  EXPECT_LT(loss_of(cells, Values(rows, 1.0F), wire_for(0.2), {false, true}, WireLoad::current).missed, 0.04);
  const double missed = loss_of(cells, Values(rows, 0.5F), wire_for(0.2), {false, true}, WireLoad::current).missed;
  EXPECT_NEAR(missed, 0.5, 0.05);
}

TEST(Wires, ThePublishedFormulaByHand) {
  // Two cells of 1 and 0.5 with inputs 1 and -0.5, full scale 1, wire 20: a = 2 / 20 x 1.25 = 0.125.
  ArraySettings settings = quiet(20, {false, true}, WireLoad::current);
  ThreadTeam team(1);
  CrossbarArray array(2, 1, settings, 1, 1);
  array.program(Values{1, 0.5F});
  const Values x{1, -0.5F};
  Values y(1);
  (void)array.forward(vectors_in(x, 2), {0, 1, 0}, vectors_out(y, 1), Mode::training, team);
  const double c = 0.125 * (0.125 * (0.05 * 0.125 - 0.2) + 0.5);
  // The first cell is next to the converter; the second, half-way: 1 - (1 - 1/2)^2 = 0.75.
  EXPECT_NEAR(y[0], 0.75 - c * (-0.25 * 0.75), 1e-6);
}

TEST(Wires, ABackwardReadExchangesRowsAndColumns) {
  ThreadTeam team(1);
  const Values cells = between_0_and_1(rows * columns, 1);
  Values turned(cells.size());
  for (std::size_t j = 0; j < rows; ++j) {
    for (std::size_t i = 0; i < columns; ++i) turned[i * rows + j] = cells[j * columns + i];
  }
  const Values d = between_0_and_1(columns, 2);
  for (const WireLoad load : {WireLoad::current, WireLoad::conductance}) {
    ArraySettings settings = quiet(2000, {true, true}, load);
    settings.wires.row_drop = 0.5;
    ArraySettings exchanged = settings;
    std::swap(exchanged.wires.row_drop, exchanged.wires.column_drop);
    CrossbarArray array(rows, columns, settings, 1, 1);
    CrossbarArray other(columns, rows, exchanged, 1, 1);
    array.program(cells);
    other.program(turned);
    Values x(rows);
    Values y(rows);
    (void)array.backward(vectors_in(d, columns), {0, 1, 0}, vectors_out(x, rows), team);
    (void)other.forward(vectors_in(d, columns), {0, 1, 0}, vectors_out(y, rows), Mode::training, team);
    EXPECT_EQ(x, y);
  }
}

}  // namespace
}  // namespace rheo::crossbar
