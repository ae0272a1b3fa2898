#include "workloads/data/dataset.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "models/core/suggest.hpp"
#include "workloads/data/cifar10.hpp"
#include "workloads/data/idx.hpp"
#include "workloads/data/synthetic.hpp"

namespace rheo {
namespace {

namespace fs = std::filesystem;

struct PublishedFile {
  std::string_view name;
  ContentCheck check;
};

/// A published set: its files, with training before test and images before labels.
struct Published {
  enum class Format : std::uint8_t {
    idx,      ///< training images, training labels, test images, test labels
    cifar10,  ///< batches of training records, one of test records
  };
  std::string_view name;
  std::string_view description;
  std::string_view how_to_get;
  std::string_view package_folder;  ///< where the distribution's package puts it, or empty
  Format format;
  std::vector<PublishedFile> files;
};

constexpr std::size_t published_classes = 10;

/// The four IDX files of MNIST and its relatives.
std::vector<PublishedFile> idx_files(const std::array<ContentCheck, 4>& checks) {
  return {{"train-images-idx3-ubyte", checks[0]},
          {"train-labels-idx1-ubyte", checks[1]},
          {"t10k-images-idx3-ubyte", checks[2]},
          {"t10k-labels-idx1-ubyte", checks[3]}};
}

const std::vector<Published>& published_sets() {
  static const std::vector<Published> sets{
      {"fashion-mnist", "60,000 + 10,000 grey images of clothing, 28x28, 10 classes (Xiao, Rasul and Vollgraf 2017)",
       "apt-get install dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist", Published::Format::idx,
       idx_files({{{47040016, 0xb4f29f28}, {60008, 0x741a4657}, {7840016, 0x678fe0b1}, {10008, 0x80142c1f}}})},
      {"mnist", "60,000 + 10,000 grey images of handwritten digits, 28x28, 10 classes (LeCun, Cortes and Burges 1998)",
       "./setup.sh mnist", "", Published::Format::idx,
       idx_files({{{47040016, 0xe9f4d8b3}, {60008, 0xe0cb4ad2}, {7840016, 0x91373bdf}, {10008, 0x4ab9eff9}}})},
      {"cifar10",
       "50,000 + 10,000 colour images of animals and vehicles, 32x32, 10 classes (Krizhevsky 2009)",
       "./setup.sh cifar10",
       "",
       Published::Format::cifar10,
       {{"data_batch_1.bin", {30730000, 0xb3220c1f}},
        {"data_batch_2.bin", {30730000, 0xc439a348}},
        {"data_batch_3.bin", {30730000, 0x8c6f54f0}},
        {"data_batch_4.bin", {30730000, 0x6a83637e}},
        {"data_batch_5.bin", {30730000, 0x2f355afd}},
        {"test_batch.bin", {30730000, 0x19777d49}}}},
  };
  return sets;
}

constexpr std::string_view synthetic_name = "synthetic";

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// NAME, or NAME.gz when only that exists.
fs::path data_file(const fs::path& folder, std::string_view name) {
  fs::path plain = folder / name;
  fs::path compressed = folder / (std::string(name) + ".gz");
  return !is_file(plain) && is_file(compressed) ? compressed : plain;
}

std::vector<fs::path> search_folders(const Published& set) {
  const auto variable = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  std::vector<fs::path> folders;
  if (const fs::path own = variable("RHEO_DATA_DIR"); !own.empty()) folders.push_back(own / set.name);
  folders.push_back(fs::path("data") / set.name);
  if (const fs::path xdg = variable("XDG_DATA_HOME"); !xdg.empty()) {
    folders.push_back(xdg / "rheo" / set.name);
  } else if (const fs::path home = variable("HOME"); !home.empty()) {
    folders.push_back(home / ".local/share/rheo" / set.name);
  }
  if (!set.package_folder.empty()) folders.emplace_back(set.package_folder);
  return folders;
}

/// The first folder of the search that holds any of the set's files.
std::optional<fs::path> find_folder(const Published& set) {
  for (const fs::path& folder : search_folders(set)) {
    for (const PublishedFile& file : set.files) {
      if (is_file(data_file(folder, file.name))) return folder;
    }
  }
  return std::nullopt;
}

fs::path folder_of(const Published& set, const fs::path& data_dir) {
  if (data_dir.empty()) {
    if (const std::optional<fs::path> found = find_folder(set)) return *found;
    std::string searched;
    for (const fs::path& folder : search_folders(set)) searched += (searched.empty() ? "" : ", ") + folder.string();
    throw InputError("data set " + std::string(set.name),
                     fmt::format("not found in {}; get it with `{}`, or set workload.data_dir to the folder of its "
                                 "files",
                                 searched, set.how_to_get));
  }
  std::error_code ignored;
  if (!fs::is_directory(data_dir, ignored)) {
    throw InputError("workload.data_dir = " + data_dir.string(),
                     fmt::format("no such folder; expected the one with {} and its fellows", set.files.front().name));
  }
  return data_dir;
}

void require_published(const fs::path& file, const ContentCheck& found, const ContentCheck& expected) {
  if (found == expected) return;
  throw InputError(file.string(),
                   fmt::format("not the published file: {} bytes with CRC-32 {:08x}; expected {} bytes with {:08x}, or "
                               "set workload.data_dir to use this folder as it is",
                               found.bytes, found.crc32, expected.bytes, expected.crc32));
}

void keep_first(ImageSet& set, std::size_t count) {
  set.count = count;
  set.pixels.resize(count * set.height * set.width * set.channels);
  set.pixels.shrink_to_fit();
  set.labels.resize(count);
}

/// How many samples to keep; `key` names the request in an error.
std::size_t samples_to_keep(std::string_view key, std::int64_t wanted, std::size_t available,
                            const std::string& source) {
  if (wanted == all_samples) return available;
  if (wanted < 1 || std::cmp_greater(wanted, available)) {
    throw InputError(fmt::format("{} = {}", key, wanted),
                     fmt::format("{} has {}; expected 1 to {}, or 0 for all", source, available, available));
  }
  return static_cast<std::size_t>(wanted);
}

/// A file of images and its file of labels. `published`: they must be the published ones.
ImageSet read_idx_pair(const fs::path& folder, std::span<const PublishedFile> files, bool published) {
  const fs::path image_file = data_file(folder, files[0].name);
  const fs::path label_file = data_file(folder, files[1].name);
  IdxSet idx = read_idx_set(image_file, label_file, published_classes);
  if (published) {
    require_published(image_file, idx.images.content, files[0].check);
    require_published(label_file, idx.labels.content, files[1].check);
  }
  return {idx.images.count,
          idx.images.height,
          idx.images.width,
          1,
          std::move(idx.images.pixels),
          std::move(idx.labels.labels),
          published_classes};
}

/// The files' records, one file after the other. A folder of one's own needs the first file; the last one that is
/// there ends the set.
ImageSet read_cifar10_files(const fs::path& folder, std::span<const PublishedFile> files, bool published) {
  ImageSet set{0, Cifar10Batch::height, Cifar10Batch::width, Cifar10Batch::channels, {}, {}, Cifar10Batch::classes};
  std::size_t last = published ? files.size() : 1;
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (is_file(data_file(folder, files[i].name))) last = i + 1;
  }
  for (const PublishedFile& part : files.first(last)) {
    const fs::path file = data_file(folder, part.name);
    const Cifar10Batch batch = read_cifar10(file);
    if (published) require_published(file, batch.content, part.check);
    set.count += batch.labels.size();
    set.pixels.insert(set.pixels.end(), batch.pixels.begin(), batch.pixels.end());
    set.labels.insert(set.labels.end(), batch.labels.begin(), batch.labels.end());
  }
  return set;
}

Dataset load_published(const Published& set, const fs::path& data_dir, std::int64_t train_samples,
                       std::int64_t test_samples) {
  const fs::path folder = folder_of(set, data_dir);
  const bool published = data_dir.empty();
  const std::span<const PublishedFile> files(set.files);
  Dataset dataset;
  dataset.name = set.name;
  if (set.format == Published::Format::idx) {
    dataset.train = read_idx_pair(folder, files.first(2), published);
    dataset.test = read_idx_pair(folder, files.last(2), published);
  } else {
    dataset.train = read_cifar10_files(folder, files.first(files.size() - 1), published);
    dataset.test = read_cifar10_files(folder, files.last(1), published);
  }
  if (dataset.test.height != dataset.train.height || dataset.test.width != dataset.train.width) {
    throw InputError(data_file(folder, files[2].name).string(),
                     fmt::format("images of {} x {} pixels; expected {} x {}, as for training", dataset.test.height,
                                 dataset.test.width, dataset.train.height, dataset.train.width));
  }
  const std::string source = fmt::format("{} in {}", set.name, folder.string());
  const std::size_t train = samples_to_keep("workload.train_samples", train_samples, dataset.train.count, source);
  const std::size_t test = samples_to_keep("workload.test_samples", test_samples, dataset.test.count, source);
  keep_first(dataset.train, train);
  keep_first(dataset.test, test);
  return dataset;
}

Dataset load_synthetic(const fs::path& data_dir, std::int64_t train_samples, std::int64_t test_samples) {
  const std::string source(synthetic_name);
  if (!data_dir.empty()) {
    throw InputError("workload.data_dir = " + data_dir.string(),
                     "the data set synthetic is generated and reads no folder; leave the key out");
  }
  const std::size_t train = samples_to_keep("workload.train_samples", train_samples, synthetic_train_samples, source);
  const std::size_t test = samples_to_keep("workload.test_samples", test_samples, synthetic_test_samples, source);
  Dataset dataset;
  dataset.name = source;
  dataset.train = synthetic_digits(train, false, synthetic_seed);
  dataset.test = synthetic_digits(test, true, synthetic_seed);
  return dataset;
}

/// Sums in integers, so that the statistics do not depend on the order of the pixels.
void measure_pixels(Dataset& dataset) {
  std::uint64_t sum = 0;
  std::uint64_t squares = 0;
  for (const std::uint64_t pixel : dataset.train.pixels) {
    sum += pixel;
    squares += pixel * pixel;
  }
  const auto count = static_cast<double>(dataset.train.pixels.size());
  const double mean = static_cast<double>(sum) / count;
  const double variance = static_cast<double>(squares) / count - mean * mean;
  dataset.pixel_mean = mean / 255;
  dataset.pixel_deviation = std::sqrt(variance > 0 ? variance : 0) / 255;
}

}  // namespace

Dataset load_dataset(std::string_view name, const std::filesystem::path& data_dir, std::int64_t train_samples,
                     std::int64_t test_samples) {
  std::optional<Dataset> dataset;
  std::vector<std::string> names = {std::string(synthetic_name)};
  if (name == synthetic_name) dataset = load_synthetic(data_dir, train_samples, test_samples);
  for (const Published& set : published_sets()) {
    if (set.name == name) dataset = load_published(set, data_dir, train_samples, test_samples);
    names.emplace_back(set.name);
  }
  if (!dataset) {
    throw InputError(
        fmt::format("workload.dataset = {}", name),
        fmt::format("no such data set; expected one of {}{}", fmt::join(names, ", "), did_you_mean(name, names)));
  }
  measure_pixels(*dataset);
  return *std::move(dataset);
}

std::vector<DatasetEntry> list_datasets() {
  std::vector<DatasetEntry> entries;
  for (const Published& set : published_sets()) {
    const std::optional<fs::path> folder = find_folder(set);
    entries.push_back({std::string(set.name), std::string(set.description), folder.has_value(),
                       folder ? folder->string() : fmt::format("get it with `{}`", set.how_to_get)});
  }
  entries.push_back({std::string(synthetic_name),
                     fmt::format("{} + {} generated seven-segment digits, 28x28, 10 classes, for tests and first tries",
                                 synthetic_train_samples, synthetic_test_samples),
                     true, "built in"});
  return entries;
}

}  // namespace rheo
