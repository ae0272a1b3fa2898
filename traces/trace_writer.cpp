#include "traces/trace_writer.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/core/error.hpp"
#include "traces/checksum.hpp"
#include "traces/columns.hpp"
#include "traces/kind_table.hpp"
#include "traces/labels.hpp"
#include "traces/trace_schema.hpp"

namespace rheo {
namespace {

using namespace traces;

template <std::size_t N>
std::vector<std::string> strings(const std::array<std::string_view, N>& names) {
  return {names.begin(), names.end()};
}

hdf5::Handle latest_format() {
  hdf5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  hdf5::check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
  return access;
}

/// All objects: while readers may look on, none can be added.
void create_file(const std::filesystem::path& name, const TraceHeader& header) {
  const hdf5::Handle access = latest_format();
  const hdf5::Handle file(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
  write_attribute(file.get(), "schema", trace_schema);
  write_attribute(file.get(), "version", header.version);
  write_attribute(file.get(), "tick_seconds", header.tick_seconds);
  write_attribute(file.get(), "from_start", std::uint8_t{header.from_start});
  write_attribute(file.get(), "begin", header.begin);
  const hdf5::Handle images = hdf5::new_group(file.get(), "images");
  for (const auto& [key, value] : image_numbers) write_attribute(images.get(), key, header.images.*value);
  for (const auto& [key, value] : pixel_numbers) write_attribute(images.get(), key, header.images.*value);

  const hdf5::Handle names = hdf5::new_group(file.get(), "names");
  write_names(names.get(), "units", header.units);
  write_names(names.get(), "operations", header.operations);
  write_names(names.get(), "layers", header.layers);
  write_names(names.get(), "modes", strings(mode_names));
  write_names(names.get(), "phases", strings(phase_names));
  write_names(names.get(), "programs", strings(program_names));
  const hdf5::Handle memories = hdf5::new_group(file.get(), "memories");
  std::vector<std::string> memory_names;
  std::vector<std::uint64_t> addresses, sizes;
  for (const TracedMemory& memory : header.memories) {
    memory_names.push_back(memory.name);
    addresses.push_back(memory.address);
    sizes.push_back(memory.bytes);
  }
  write_names(memories.get(), "name", memory_names);
  hdf5::write(memories.get(), "address", addresses, {addresses.size()});
  hdf5::write(memories.get(), "bytes", sizes, {sizes.size()});

  for (const char* group : {"programs", "kinds", "accesses", "commands", "counts", "epochs", "checks"}) {
    static_cast<void>(hdf5::new_group(file.get(), group));
  }
  const auto wide = [&](const char* path, Storage storage) { create_column<std::uint64_t>(file.get(), path, storage); };
  const auto number = [&](const char* path) { create_column<double>(file.get(), path, Storage::plain); };
  const auto packed = [&]<class T>(T, const char* path) { create_column<T>(file.get(), path, Storage::compressed); };
  for (const char* path : program_columns) wide(path, Storage::plain);
  number(learning_rate_column);
  for (const char* path : epoch_columns) number(path);
  for (const char* path : epoch_marks) wide(path, Storage::plain);
  for (const char* path : {header_check, report_check}) wide(path, Storage::plain);
  for (const char* path : {"kinds/bytes", "kinds/check", "accesses/address", "accesses/bytes", "commands/step",
                           "commands/duration", "counts/value"}) {
    packed(std::uint64_t{}, path);
  }
  for (const char* path : {"commands/kind", "commands/sequence", "commands/items"}) packed(std::uint32_t{}, path);
  for (const char* path : {"kinds/unit", "kinds/layer", "kinds/accesses", "commands/counts"}) {
    packed(std::uint16_t{}, path);
  }
  for (const char* path :
       {"kinds/operation", "kinds/mode", "kinds/phase", "accesses/write", "configuration", "report"}) {
    packed(std::uint8_t{}, path);
  }
}

}  // namespace

struct TraceWriter::File {
  using Narrow = ColumnWriter<std::uint8_t>;
  using Middle = ColumnWriter<std::uint16_t>;
  using Half = ColumnWriter<std::uint32_t>;
  using Wide = ColumnWriter<std::uint64_t>;
  using Numbers = std::map<std::string, std::uint16_t, std::less<>>;  ///< of names

  explicit File(const std::filesystem::path& name, const TraceHeader& header)
      : file([&] {
          const hdf5::Handle access = latest_format();
          return hdf5::Handle(H5Fopen(name.c_str(), H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, access.get()), H5Fclose);
        }()),
        last_end(header.begin) {
    const auto index = [](const std::vector<std::string>& names) {
      Numbers numbers;
      for (std::size_t i = 0; i < names.size(); ++i) numbers.emplace(names[i], static_cast<std::uint16_t>(i));
      return numbers;
    };
    units = index(header.units);
    operations = index(header.operations);
    for (const char* path : program_columns) programs.emplace_back(file.get(), path, Storage::plain);
    for (const char* path : epoch_columns) epochs.emplace_back(file.get(), path, Storage::plain);
    for (const char* path : epoch_marks) marks.emplace_back(file.get(), path, Storage::plain);
    configuration.add(header.configuration);
    configuration.flush();
    Wide check(file.get(), header_check, Storage::plain);
    check.add(checksum_of(header));
    check.flush();
  }

  /// std::out_of_range for a name that the header does not have.
  static std::uint16_t number(const Numbers& numbers, std::string_view name) {
    const auto found = numbers.find(name);
    if (found == numbers.end()) throw std::out_of_range("the trace has no name " + std::string(name));
    return found->second;
  }
  /// std::out_of_range when a column's type does not hold the number.
  template <class T>
  static T narrow(std::uint64_t number) {
    if (number > std::numeric_limits<T>::max()) throw std::out_of_range("the trace has no room for a number");
    return static_cast<T>(number);
  }

  void add_kind(const CommandEvent& event) {
    const std::uint16_t unit_number = number(units, event.unit);
    const std::uint16_t operation_number = number(operations, event.operation);
    Checksum sum;
    sum.add(std::array<std::uint64_t, 5>{unit_number, operation_number, scope_index(event.scope), event.bytes,
                                         event.accesses.size()});
    unit.add(unit_number);
    operation.add(static_cast<std::uint8_t>(operation_number));
    mode.add(static_cast<std::uint8_t>(event.scope.mode));
    phase.add(static_cast<std::uint8_t>(event.scope.phase));
    layer.add(event.scope.layer);
    bytes.add(event.bytes);
    accesses.add(narrow<std::uint16_t>(event.accesses.size()));
    for (const AccessedRange& range : event.accesses) {
      access_address.add(range.address);
      access_bytes.add(range.bytes);
      access_write.add(std::uint8_t{range.write});
      sum.add(std::array<std::uint64_t, 3>{range.address, range.bytes, std::uint64_t{range.write}});
    }
    kind_check.add(sum.value());
  }

  void flush_kinds() {
    for (Wide* column : {&access_address, &access_bytes, &bytes, &kind_check}) column->flush();
    access_write.flush();
    for (Middle* column : {&unit, &layer, &accesses}) column->flush();
    for (Narrow* column : {&operation, &mode, &phase}) column->flush();
  }
  void flush_programs() {
    for (Wide& column : programs) column.flush();
    learning_rate.flush();
  }
  /// What rows speak of comes before them: a reader that looks on, or after a kill, misses nothing.
  void flush() {
    flush_kinds();
    for (Wide* column : {&count_value, &step, &duration}) column->flush();
    for (Half* column : {&kind, &sequence, &items}) column->flush();
    counts.flush();
    flush_programs();
    report.flush();
  }

  template <class T>
  ColumnWriter<T> open(const char* path) {
    return {file.get(), path, Storage::compressed};
  }

  hdf5::Handle file;
  Narrow configuration = open<std::uint8_t>("configuration");
  Narrow report = open<std::uint8_t>("report");
  Middle unit = open<std::uint16_t>("kinds/unit");
  Narrow operation = open<std::uint8_t>("kinds/operation");
  Narrow mode = open<std::uint8_t>("kinds/mode");
  Narrow phase = open<std::uint8_t>("kinds/phase");
  Middle layer = open<std::uint16_t>("kinds/layer");
  Wide bytes = open<std::uint64_t>("kinds/bytes");
  Middle accesses = open<std::uint16_t>("kinds/accesses");
  Wide kind_check = open<std::uint64_t>("kinds/check");
  Wide access_address = open<std::uint64_t>("accesses/address");
  Wide access_bytes = open<std::uint64_t>("accesses/bytes");
  Narrow access_write = open<std::uint8_t>("accesses/write");
  Half kind = open<std::uint32_t>("commands/kind");
  Half sequence = open<std::uint32_t>("commands/sequence");
  Wide step = open<std::uint64_t>("commands/step");
  Wide duration = open<std::uint64_t>("commands/duration");
  Half items = open<std::uint32_t>("commands/items");
  Middle counts = open<std::uint16_t>("commands/counts");
  Wide count_value = open<std::uint64_t>("counts/value");
  std::vector<Wide> programs;
  ColumnWriter<double> learning_rate{file.get(), learning_rate_column, Storage::plain};
  std::vector<ColumnWriter<double>> epochs;
  std::vector<Wide> marks;

  Numbers units, operations;
  KindTable kinds;
  std::uint64_t commands = 0;        ///< so far
  std::uint64_t first_sequence = 0;  ///< of the present program
  std::uint64_t last_end;            ///< of the last command, or of the program before
  Checksum check;                    ///< of the present program
  /// Rows since the last program ended.
  std::uint64_t commands_of_program = 0, counts_of_program = 0;
  std::uint64_t program_count = 0, epoch_count = 0;
};

namespace {

/// Runs what may be refused by the disk.
template <class Work>
void guarded(const std::filesystem::path& name, Work work) {
  try {
    work();
  } catch (const std::runtime_error&) {
    throw SimulationError(name.string() + ": the trace cannot be written");
  }
}

}  // namespace

TraceWriter::TraceWriter(const std::filesystem::path& file, const TraceHeader& header) : name_(file) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  guarded(name_, [&] {
    create_file(file, header);
    file_ = std::make_unique<File>(file, header);
  });
}

TraceWriter::~TraceWriter() {
  try {
    file_->flush();
  } catch (const std::runtime_error&) {
    // The reader takes what is whole.
  }
}

void TraceWriter::command(const CommandEvent& event) {
  guarded(name_, [&] {
    File& f = *file_;
    const auto [kind, is_new] = f.kinds.find(event);
    if (is_new) f.add_kind(event);
    if ((f.commands + 1) % long_chunk == 0) f.flush_kinds();
    const std::array<std::uint64_t, 6> row{kind,
                                           event.sequence - f.first_sequence,
                                           event.end - f.last_end,
                                           event.end - event.start,
                                           event.items,
                                           event.counts.size()};
    f.check.add(row);
    f.check.add(event.counts);
    for (const std::uint64_t value : event.counts) f.count_value.add(value);
    f.kind.add(kind);
    f.sequence.add(File::narrow<std::uint32_t>(row[1]));
    f.step.add(row[2]);
    f.duration.add(row[3]);
    f.items.add(File::narrow<std::uint32_t>(row[4]));
    f.counts.add(File::narrow<std::uint16_t>(row[5]));
    f.last_end = event.end;
    f.counts_of_program += event.counts.size();
    ++f.commands_of_program;
    if (++f.commands % long_chunk == 0) f.flush_programs();
  });
}

void TraceWriter::program(const ProgramEvent& event) {
  guarded(name_, [&] {
    File& f = *file_;
    const auto name = std::find(program_names.begin(), program_names.end(), event.program);
    std::array<std::uint64_t, program_columns.size()> row{static_cast<std::uint64_t>(name - program_names.begin()),
                                                          static_cast<std::uint64_t>(event.mode),
                                                          event.images,
                                                          event.first_sample,
                                                          event.start,
                                                          event.end,
                                                          f.commands_of_program,
                                                          f.counts_of_program};
    Checksum check = std::exchange(f.check, {});
    check.add(std::span(row).first(row.size() - 1));
    check.add(event.learning_rate);
    row.back() = check.value();
    for (std::size_t i = 0; i < row.size(); ++i) f.programs[i].add(row[i]);
    f.learning_rate.add(event.learning_rate);
    ++f.program_count;
    f.first_sequence += std::exchange(f.commands_of_program, 0);
    f.counts_of_program = 0;
    f.last_end = event.end;
  });
}

void TraceWriter::epoch(const TracedEpoch& epoch) {
  guarded(name_, [&] {
    const std::array<double, epoch_columns.size()> row{epoch.epoch,     epoch.train_loss,    epoch.train_accuracy,
                                                       epoch.test_loss, epoch.test_accuracy, epoch.learning_rate,
                                                       epoch.momentum};
    File& f = *file_;
    for (std::size_t i = 0; i < row.size(); ++i) {
      f.epochs[i].add(row[i]);
      f.epochs[i].flush();
    }
    f.marks[0].add(epoch.end);
    f.marks[1].add(checksum_of(epoch));
    for (auto& column : f.marks) column.flush();
    ++f.epoch_count;
  });
}

void TraceWriter::flush() {
  guarded(name_, [&] { file_->flush(); });
}

void TraceWriter::finish(std::string_view report) {
  guarded(name_, [&] {
    file_->report.add(report);
    file_->flush();
    File::Wide check(file_->file.get(), report_check, Storage::plain);
    check.add(checksum_of(report, file_->program_count, file_->epoch_count));
    check.flush();
  });
}

}  // namespace rheo
