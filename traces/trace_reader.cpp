#include "traces/trace_reader.hpp"

#include <algorithm>

#include "models/core/error.hpp"
#include "traces/checksum.hpp"
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
  const std::vector<std::uint8_t> bytes = ColumnReader<std::uint8_t>(file, path).take_all();
  return {bytes.begin(), bytes.end()};
}

/// An index into a table of so many names.
template <class T>
T below(T value, std::size_t size) {
  if (value >= size) throw std::runtime_error("an index without a name");
  return value;
}

}  // namespace

/// Columns that kinds need are opened after those of commands: what a command of a growing file speaks of is there.
struct TraceReader::Columns {
  using Middle = ColumnReader<std::uint16_t>;
  using Half = ColumnReader<std::uint32_t>;
  using Wide = ColumnReader<std::uint64_t>;

  explicit Columns(const std::string& name) : file(open_trace(name)) {}

  hdf5::Handle file;
  Half kind{file.get(), "commands/kind"};
  Half sequence{file.get(), "commands/sequence"};
  Wide step{file.get(), "commands/step"};
  Wide duration{file.get(), "commands/duration"};
  Half items{file.get(), "commands/items"};
  Middle counts{file.get(), "commands/counts"};
  Wide count_value{file.get(), "counts/value"};

  [[nodiscard]] std::uint64_t commands() const {
    return std::min({kind.rows(), sequence.rows(), step.rows(), duration.rows(), items.rows(), counts.rows()});
  }

  // Where the reader is.
  std::uint64_t row = 0;             ///< of the next command
  std::uint64_t row_of_program = 0;  ///< the same in its program
  std::size_t program = 0;           ///< that it belongs to, maybe the one that did not end
  std::uint64_t first_sequence = 0;  ///< of that program
  std::uint64_t last_end = 0;        ///< of the last command, or of the program before
  std::uint64_t counts_taken = 0;
  Checksum check;  ///< of that program so far

  /// By program, as they stand in the file.
  std::vector<std::array<std::uint64_t, program_columns.size()>> program_rows;

  // What the last read returned.
  std::vector<TracedCommand> commands_read;
  std::vector<std::uint32_t> kinds_read, sequences_read, items_read;
  std::vector<std::uint64_t> steps_read, durations_read, counts_read;
  std::vector<std::uint16_t> counts_of_read;
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
    read_kinds();
    commands_ = columns_->commands();
    read_programs();
    read_epochs();
    const std::vector<std::uint64_t> ended = hdf5::read<std::uint64_t>(columns_->file.get(), report_check);
    if (ended.empty()) {
      report_.clear();  // killed while it was written
    } else if (ended.front() != checksum_of(report_, programs_.size(), epochs_.size())) {
      throw std::runtime_error("the report");
    }
    columns_->last_end = header_.begin;
    end_programs();
  } catch (const InputError&) {
    throw;
  } catch (const std::exception&) {
    refuse("damaged, or no trace of Rheo");
  }
}

TraceReader::~TraceReader() = default;
TraceReader::TraceReader(TraceReader&&) noexcept = default;

void TraceReader::refuse(const std::string& fault) const { throw InputError(name_, fault); }

void TraceReader::read_header() {
  const hid_t file = columns_->file.get();
  header_.version = text_attribute(file, "version");
  header_.tick_seconds = attribute<double>(file, "tick_seconds");
  header_.from_start = attribute<std::uint8_t>(file, "from_start") != 0;
  header_.begin = attribute<std::uint64_t>(file, "begin");
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
  if (hdf5::read<std::uint64_t>(file, header_check).at(0) != checksum_of(header_)) throw std::runtime_error("header");
}

void TraceReader::read_kinds() {
  const hid_t file = columns_->file.get();
  ColumnReader<std::uint16_t> unit(file, "kinds/unit"), layer(file, "kinds/layer"), accesses(file, "kinds/accesses");
  ColumnReader<std::uint8_t> operation(file, "kinds/operation"), mode(file, "kinds/mode"), phase(file, "kinds/phase");
  ColumnReader<std::uint64_t> bytes(file, "kinds/bytes"), check(file, "kinds/check");
  ColumnReader<std::uint64_t> address(file, "accesses/address"), size(file, "accesses/bytes");
  ColumnReader<std::uint8_t> write(file, "accesses/write");
  const std::uint64_t rows = std::min({unit.rows(), layer.rows(), accesses.rows(), operation.rows(), mode.rows(),
                                       phase.rows(), bytes.rows(), check.rows()});
  for (std::uint64_t row = 0; row < rows; ++row) {
    TracedKind kind;
    kind.unit = below(unit.take(), header_.units.size());
    kind.operation = below(operation.take(), header_.operations.size());
    kind.scope = {static_cast<Mode>(below(mode.take(), mode_count)),
                  static_cast<Phase>(below(phase.take(), phase_count)), below(layer.take(), header_.layers.size())};
    kind.bytes = bytes.take();
    kind.accesses.resize(accesses.take());
    Checksum sum;
    sum.add(std::array<std::uint64_t, 5>{kind.unit, kind.operation, scope_index(kind.scope), kind.bytes,
                                         kind.accesses.size()});
    for (AccessedRange& range : kind.accesses) {
      range = {address.take(), size.take(), write.take() != 0};
      sum.add(std::array<std::uint64_t, 3>{range.address, range.bytes, std::uint64_t{range.write}});
    }
    if (sum.value() != check.take()) throw std::runtime_error("a kind");
    kinds_.push_back(std::move(kind));
  }
}

void TraceReader::read_programs() {
  const hid_t file = columns_->file.get();
  std::vector<ColumnReader<std::uint64_t>> columns;
  for (const char* path : program_columns) columns.emplace_back(file, path);
  ColumnReader<double> learning_rate(file, learning_rate_column);
  std::uint64_t rows = learning_rate.rows();
  for (const auto& column : columns) rows = std::min(rows, column.rows());
  std::uint64_t commands = 0, counts = 0;
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
    // What is left may be less than what the columns hold of it: a kill cut it off.
    if (v[6] > commands_ - commands || v[7] > columns_->count_value.rows() - counts) break;
    commands += v[6];
    counts += v[7];
    programs_.push_back(program);
    columns_->program_rows.push_back(v);
  }
}

void TraceReader::read_epochs() {
  const hid_t file = columns_->file.get();
  std::vector<ColumnReader<double>> numbers;
  for (const char* path : epoch_columns) numbers.emplace_back(file, path);
  ColumnReader<std::uint64_t> end(file, epoch_marks[0]), check(file, epoch_marks[1]);
  std::uint64_t rows = std::min(end.rows(), check.rows());
  for (const auto& column : numbers) rows = std::min(rows, column.rows());
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::array<double, epoch_columns.size()> v{};
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = numbers[i].take();
    const TracedEpoch epoch{v[0], v[1], v[2], v[3], v[4], v[5], v[6], end.take()};
    if (checksum_of(epoch) != check.take()) throw std::runtime_error("an epoch");
    epochs_.push_back(epoch);
  }
}

std::uint64_t TraceReader::left() const noexcept { return commands_ - columns_->row; }

/// Compares the checksums of programs all of whose commands have been read.
void TraceReader::end_programs() {
  Columns& c = *columns_;
  while (c.program < programs_.size() && c.row_of_program == programs_[c.program].commands) {
    const auto& row = c.program_rows[c.program];
    c.check.add(std::span(row).first(row.size() - 1));
    c.check.add(programs_[c.program].learning_rate);
    if (c.check.value() != row.back()) throw std::runtime_error("a program");
    c.check = {};
    c.first_sequence += c.row_of_program;
    c.row_of_program = 0;
    c.last_end = programs_[c.program].end;
    ++c.program;
  }
}

std::span<const TracedCommand> TraceReader::next(std::uint64_t count) {
  Columns& c = *columns_;
  try {
    const std::size_t n = std::min(count, left());
    const auto read = [n](auto& column, auto& values) {
      values.resize(n);
      column.take(std::span(values));
    };
    read(c.kind, c.kinds_read);
    read(c.sequence, c.sequences_read);
    read(c.step, c.steps_read);
    read(c.duration, c.durations_read);
    read(c.items, c.items_read);
    read(c.counts, c.counts_of_read);
    std::uint64_t counts = 0;
    for (const std::uint16_t of_command : c.counts_of_read) counts += of_command;
    // Those of a program that a kill cut off may lack.
    c.counts_read.resize(std::min(counts, c.count_value.rows() - c.counts_taken));
    c.count_value.take(std::span(c.counts_read));
    c.counts_taken += c.counts_read.size();
    c.commands_read.resize(n);
    std::span<const std::uint64_t> values(c.counts_read);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t kind = below(c.kinds_read[i], kinds_.size());
      TracedCommand& command = c.commands_read[i];
      command.sequence = c.first_sequence + c.sequences_read[i];
      command.kind = &kinds_[kind];
      command.end = c.last_end + c.steps_read[i];
      if (c.durations_read[i] > command.end) throw std::runtime_error("a start before the first");
      command.start = command.end - c.durations_read[i];
      command.items = c.items_read[i];
      command.counts = values.first(std::min<std::size_t>(c.counts_of_read[i], values.size()));
      values = values.subspan(command.counts.size());
      c.check.add(std::array<std::uint64_t, 6>{kind, c.sequences_read[i], c.steps_read[i], c.durations_read[i],
                                               c.items_read[i], c.counts_of_read[i]});
      c.check.add(command.counts);
      c.last_end = command.end;
      ++c.row;
      ++c.row_of_program;
      end_programs();
    }
  } catch (const std::exception&) {
    refuse("damaged near command " + std::to_string(c.row));
  }
  return c.commands_read;
}

CommandEvent named(const TracedCommand& command, const TraceHeader& header) {
  const TracedKind& kind = *command.kind;
  return {command.sequence, header.units[kind.unit], header.operations[kind.operation],
          kind.scope,       command.start,           command.end,
          kind.bytes,       command.items,           command.counts,
          kind.accesses};
}

}  // namespace rheo
