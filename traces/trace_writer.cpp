#include "traces/trace_writer.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/core/error.hpp"
#include "traces/columns.hpp"
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

  for (const char* group : {"programs", "commands", "counts", "accesses", "epochs"}) {
    static_cast<void>(hdf5::new_group(file.get(), group));
  }
  const auto column = [&]<class T>(T, const char* path, Storage storage) {
    create_column<T>(file.get(), path, storage);
  };
  for (const char* path : program_columns) column(std::uint64_t{}, path, Storage::plain);
  column(double{}, learning_rate_column, Storage::plain);
  for (const char* path : epoch_columns) column(double{}, path, Storage::plain);
  for (const char* path : wide_columns) column(std::uint64_t{}, path, Storage::compressed);
  for (const char* path : middle_columns) column(std::uint16_t{}, path, Storage::compressed);
  for (const char* path : narrow_columns) column(std::uint8_t{}, path, Storage::compressed);
}

}  // namespace

struct TraceWriter::File {
  using Narrow = ColumnWriter<std::uint8_t>;
  using Middle = ColumnWriter<std::uint16_t>;
  using Wide = ColumnWriter<std::uint64_t>;
  using Numbers = std::map<std::string, std::uint16_t, std::less<>>;  ///< of names

  explicit File(const std::filesystem::path& name, const TraceHeader& header)
      : file([&] {
          const hdf5::Handle access = latest_format();
          return hdf5::Handle(H5Fopen(name.c_str(), H5F_ACC_RDWR | H5F_ACC_SWMR_WRITE, access.get()), H5Fclose);
        }()) {
    const auto index = [](const std::vector<std::string>& names) {
      Numbers numbers;
      for (std::size_t i = 0; i < names.size(); ++i) numbers.emplace(names[i], static_cast<std::uint16_t>(i));
      return numbers;
    };
    units = index(header.units);
    operations = index(header.operations);
    for (const char* path : program_columns) programs.emplace_back(file.get(), path, Storage::plain);
    for (const char* path : epoch_columns) epochs.emplace_back(file.get(), path, Storage::plain);
    configuration.add(header.configuration);
    configuration.flush();
  }

  /// std::out_of_range for a name that the header does not have.
  static std::uint16_t number(const Numbers& numbers, std::string_view name) {
    const auto found = numbers.find(name);
    if (found == numbers.end()) throw std::out_of_range("the trace has no name " + std::string(name));
    return found->second;
  }

  void flush() {
    for (Wide* column : {&sequence, &start, &end, &bytes, &items, &count_command, &count_value, &access_command,
                         &access_address, &access_bytes}) {
      column->flush();
    }
    for (Middle* column : {&unit, &layer}) column->flush();
    for (Narrow* column : {&operation, &mode, &phase, &access_write, &report}) column->flush();
  }

  template <class T>
  ColumnWriter<T> open(const char* path) {
    return {file.get(), path, Storage::compressed};
  }

  hdf5::Handle file;
  Narrow configuration = open<std::uint8_t>("configuration");
  Narrow report = open<std::uint8_t>("report");
  Wide sequence = open<std::uint64_t>("commands/sequence");
  Middle unit = open<std::uint16_t>("commands/unit");
  Narrow operation = open<std::uint8_t>("commands/operation");
  Narrow mode = open<std::uint8_t>("commands/mode");
  Narrow phase = open<std::uint8_t>("commands/phase");
  Middle layer = open<std::uint16_t>("commands/layer");
  Wide start = open<std::uint64_t>("commands/start");
  Wide end = open<std::uint64_t>("commands/end");
  Wide bytes = open<std::uint64_t>("commands/bytes");
  Wide items = open<std::uint64_t>("commands/items");
  Wide count_command = open<std::uint64_t>("counts/command");
  Wide count_value = open<std::uint64_t>("counts/value");
  Wide access_command = open<std::uint64_t>("accesses/command");
  Wide access_address = open<std::uint64_t>("accesses/address");
  Wide access_bytes = open<std::uint64_t>("accesses/bytes");
  Narrow access_write = open<std::uint8_t>("accesses/write");
  std::vector<Wide> programs;
  ColumnWriter<double> learning_rate{file.get(), learning_rate_column, Storage::plain};
  std::vector<ColumnWriter<double>> epochs;

  Numbers units, operations;
  std::uint64_t commands = 0;  ///< so far
  /// Rows since the last program ended.
  std::uint64_t commands_of_program = 0, counts_of_program = 0, accesses_of_program = 0;
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
    f.sequence.add(event.sequence);
    f.unit.add(File::number(f.units, event.unit));
    f.operation.add(static_cast<std::uint8_t>(File::number(f.operations, event.operation)));
    f.mode.add(static_cast<std::uint8_t>(event.scope.mode));
    f.phase.add(static_cast<std::uint8_t>(event.scope.phase));
    f.layer.add(event.scope.layer);
    f.start.add(event.start);
    f.end.add(event.end);
    f.bytes.add(event.bytes);
    f.items.add(event.items);
    for (const std::uint64_t value : event.counts) {
      f.count_command.add(f.commands);
      f.count_value.add(value);
    }
    for (const AccessedRange& range : event.accesses) {
      f.access_command.add(f.commands);
      f.access_address.add(range.address);
      f.access_bytes.add(range.bytes);
      f.access_write.add(std::uint8_t{range.write});
    }
    ++f.commands;
    ++f.commands_of_program;
    f.counts_of_program += event.counts.size();
    f.accesses_of_program += event.accesses.size();
  });
}

void TraceWriter::program(const ProgramEvent& event) {
  guarded(name_, [&] {
    File& f = *file_;
    const auto name = std::find(program_names.begin(), program_names.end(), event.program);
    const std::array<std::uint64_t, program_columns.size()> row{
        static_cast<std::uint64_t>(name - program_names.begin()),
        static_cast<std::uint64_t>(event.mode),
        event.images,
        event.first_sample,
        event.start,
        event.end,
        std::exchange(f.commands_of_program, 0),
        std::exchange(f.counts_of_program, 0),
        std::exchange(f.accesses_of_program, 0)};
    for (std::size_t i = 0; i < row.size(); ++i) f.programs[i].add(row[i]);
    f.learning_rate.add(event.learning_rate);
  });
}

void TraceWriter::epoch(const TracedEpoch& epoch) {
  guarded(name_, [&] {
    const std::array<double, epoch_columns.size()> row{epoch.epoch,     epoch.train_loss,    epoch.train_accuracy,
                                                       epoch.test_loss, epoch.test_accuracy, epoch.learning_rate,
                                                       epoch.momentum};
    for (std::size_t i = 0; i < row.size(); ++i) file_->epochs[i].add(row[i]);
  });
}

void TraceWriter::finish(std::string_view report) {
  guarded(name_, [&] {
    file_->report.add(report);
    file_->flush();
  });
}

}  // namespace rheo
