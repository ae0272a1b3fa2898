#include "traces/trace_reader.hpp"

#include <algorithm>

#include "models/core/error.hpp"
#include "traces/columns.hpp"
#include "traces/trace_schema.hpp"

namespace rheo {
namespace {

using namespace traces;

/// A file that was not closed can only be opened as one that may still grow.
hdf5::Handle open_trace(const std::string& name) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const hid_t whole = H5Fopen(name.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (whole >= 0) return {whole, H5Fclose};
  return {H5Fopen(name.c_str(), H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, H5P_DEFAULT), H5Fclose};
}

template <class T>
T attribute(hid_t object, const char* name) {
  const hdf5::Handle handle(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  T value{};
  hdf5::check(H5Aread(handle.get(), hdf5::type_of<T>(), &value));
  return value;
}

std::string text_attribute(hid_t object, const char* name) {
  const hdf5::Handle handle(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
  const hdf5::Handle type(H5Aget_type(handle.get()), H5Tclose);
  if (H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0) {
    throw std::runtime_error("no text");
  }
  std::string text(H5Tget_size(type.get()), '\0');
  hdf5::check(H5Aread(handle.get(), type.get(), text.data()));
  return text.substr(0, text.find('\0'));
}

std::vector<std::string> names(hid_t file, const char* path) {
  const hdf5::Handle set(H5Dopen2(file, path, H5P_DEFAULT), H5Dclose);
  const hdf5::Handle type(H5Dget_type(set.get()), H5Tclose);
  const hdf5::Handle space(H5Dget_space(set.get()), H5Sclose);
  const hssize_t rows = H5Sget_simple_extent_npoints(space.get());
  const std::size_t length = H5Tget_size(type.get());
  if (rows < 0 || H5Tget_class(type.get()) != H5T_STRING || H5Tis_variable_str(type.get()) != 0) {
    throw std::runtime_error("no names");
  }
  std::string table(length * static_cast<std::size_t>(rows), '\0');
  if (rows > 0) hdf5::check(H5Dread(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, table.data()));
  std::vector<std::string> list;
  for (std::size_t at = 0; at < table.size(); at += length) {
    const std::string name = table.substr(at, length);
    list.push_back(name.substr(0, name.find('\0')));
  }
  return list;
}

std::string text(hid_t file, const char* path) {
  ColumnReader<std::uint8_t> column(file, path);
  std::string all;
  while (!column.at_end()) all += static_cast<char>(column.take());
  return all;
}

/// An index into a table of so many names.
template <class T>
T below(T value, std::size_t size) {
  if (value >= size) throw std::runtime_error("an index without a name");
  return value;
}

}  // namespace

struct TraceReader::Columns {
  using Narrow = ColumnReader<std::uint8_t>;
  using Middle = ColumnReader<std::uint16_t>;
  using Wide = ColumnReader<std::uint64_t>;

  explicit Columns(const std::string& name) : file(open_trace(name)) {}

  hdf5::Handle file;
  Wide sequence{file.get(), "commands/sequence"};
  Middle unit{file.get(), "commands/unit"};
  Narrow operation{file.get(), "commands/operation"};
  Narrow mode{file.get(), "commands/mode"};
  Narrow phase{file.get(), "commands/phase"};
  Middle layer{file.get(), "commands/layer"};
  Wide start{file.get(), "commands/start"};
  Wide end{file.get(), "commands/end"};
  Wide bytes{file.get(), "commands/bytes"};
  Wide items{file.get(), "commands/items"};
  Wide count_command{file.get(), "counts/command"};
  Wide count_value{file.get(), "counts/value"};
  Wide access_command{file.get(), "accesses/command"};
  Wide access_address{file.get(), "accesses/address"};
  Wide access_bytes{file.get(), "accesses/bytes"};
  Narrow access_write{file.get(), "accesses/write"};
  std::uint64_t row = 0;  ///< of the next command

  [[nodiscard]] std::uint64_t commands() const {
    return std::min({sequence.rows(), unit.rows(), operation.rows(), mode.rows(), phase.rows(), layer.rows(),
                     start.rows(), end.rows(), bytes.rows(), items.rows()});
  }
  [[nodiscard]] std::uint64_t counts() const { return std::min(count_command.rows(), count_value.rows()); }
  [[nodiscard]] std::uint64_t accesses() const {
    return std::min({access_command.rows(), access_address.rows(), access_bytes.rows(), access_write.rows()});
  }
  std::uint64_t counts_taken = 0, accesses_taken = 0;
};

TraceReader::TraceReader(const std::filesystem::path& file) : name_(file.string()) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    refuse("no such file; expected a trace that `rheo run --trace` wrote");
  }
  try {
    columns_ = std::make_unique<Columns>(name_);
    const auto schema = attribute<std::uint64_t>(columns_->file.get(), "schema");
    if (schema != trace_schema) {
      refuse("is of schema " + std::to_string(schema) + "; this version of Rheo reads schema " +
             std::to_string(trace_schema));
    }
    read_header();
    commands_ = columns_->commands();
    read_programs();
  } catch (const InputError&) {
    throw;
  } catch (const std::exception&) {
    refuse("damaged, or no trace of Rheo");
  }
}

TraceReader::~TraceReader() = default;

void TraceReader::refuse(const std::string& fault) const { throw InputError(name_, fault); }

void TraceReader::read_header() {
  const hid_t file = columns_->file.get();
  header_.version = text_attribute(file, "version");
  header_.tick_seconds = attribute<double>(file, "tick_seconds");
  header_.from_start = attribute<std::uint8_t>(file, "from_start") != 0;
  header_.configuration = text(file, "configuration");
  report_ = text(file, "report");
  const hdf5::Handle images = hdf5::open_group(file, "images");
  for (const auto& [key, value] : image_numbers) header_.images.*value = attribute<std::uint64_t>(images.get(), key);
  for (const auto& [key, value] : pixel_numbers) header_.images.*value = attribute<double>(images.get(), key);
  header_.units = names(file, "names/units");
  header_.operations = names(file, "names/operations");
  header_.layers = names(file, "names/layers");
  const std::vector<std::string> memory_names = names(file, "memories/name");
  const auto addresses = hdf5::read<std::uint64_t>(file, "memories/address");
  const auto sizes = hdf5::read<std::uint64_t>(file, "memories/bytes");
  for (std::size_t i = 0; i < memory_names.size(); ++i) {
    header_.memories.push_back({memory_names[i], addresses.at(i), sizes.at(i)});
  }
}

void TraceReader::read_programs() {
  const hid_t file = columns_->file.get();
  std::vector<ColumnReader<std::uint64_t>> columns;
  for (const char* path : program_columns) columns.emplace_back(file, path);
  ColumnReader<double> learning_rate(file, learning_rate_column);
  std::uint64_t rows = learning_rate.rows();
  for (const auto& column : columns) rows = std::min(rows, column.rows());
  std::uint64_t commands = 0, counts = 0, accesses = 0;
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::array<std::uint64_t, program_columns.size()> v{};
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = columns[i].take();
    TracedProgram program;
    program.program = program_names.at(v[0]);
    program.mode = static_cast<Mode>(below(v[1], mode_count));
    program.images = v[2];
    program.first_sample = v[3];
    program.start = v[4];
    program.end = v[5];
    program.commands = v[6];
    program.learning_rate = learning_rate.take();
    commands += v[6];
    counts += v[7];
    accesses += v[8];
    if (commands > commands_ || counts > columns_->counts() || accesses > columns_->accesses()) break;
    programs_.push_back(program);
  }

  std::vector<ColumnReader<double>> numbers;
  for (const char* path : epoch_columns) numbers.emplace_back(file, path);
  rows = numbers.front().rows();
  for (const auto& column : numbers) rows = std::min(rows, column.rows());
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::array<double, epoch_columns.size()> v{};
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = numbers[i].take();
    epochs_.push_back({v[0], v[1], v[2], v[3], v[4], v[5], v[6]});
  }
}

std::uint64_t TraceReader::left() const noexcept { return commands_ - columns_->row; }

std::vector<TracedCommand> TraceReader::next(std::uint64_t count) {
  Columns& c = *columns_;
  std::vector<TracedCommand> commands(std::min(count, left()));
  try {
    for (TracedCommand& command : commands) {
      command.sequence = c.sequence.take();
      command.unit = below(c.unit.take(), header_.units.size());
      command.operation = below(c.operation.take(), header_.operations.size());
      command.scope = {static_cast<Mode>(below(c.mode.take(), mode_count)),
                       static_cast<Phase>(below(c.phase.take(), phase_count)),
                       below(c.layer.take(), header_.layers.size())};
      command.start = c.start.take();
      command.end = c.end.take();
      if (command.end < command.start) throw std::runtime_error("an end before its start");
      command.bytes = c.bytes.take();
      command.items = c.items.take();
      while (c.counts_taken < c.counts() && c.count_command.peek() == c.row) {
        c.count_command.take();
        command.counts.push_back(c.count_value.take());
        ++c.counts_taken;
      }
      while (c.accesses_taken < c.accesses() && c.access_command.peek() == c.row) {
        c.access_command.take();
        const std::uint64_t address = c.access_address.take();
        const std::uint64_t bytes = c.access_bytes.take();
        command.accesses.push_back({address, bytes, c.access_write.take() != 0});
        ++c.accesses_taken;
      }
      ++c.row;
    }
  } catch (const std::runtime_error&) {
    refuse("damaged near command " + std::to_string(c.row));
  }
  return commands;
}

CommandEvent TraceReader::named(const TracedCommand& command) const {
  return {command.sequence,
          header_.units[command.unit],
          header_.operations[command.operation],
          command.scope,
          command.start,
          command.end,
          command.bytes,
          command.items,
          command.counts,
          command.accesses};
}

void TraceReader::read_into(Recorder& recorder) {
  while (left() > 0) {
    for (const TracedCommand& command : next(long_chunk)) recorder.command(named(command));
  }
}

}  // namespace rheo
