#!/usr/bin/env bash
# LeNet on MNIST, 12 epochs, one-cycle 0.01-0.1: the devices N (ideal), SI and GV, seeds 1 to 3.
# Each run goes on where it stopped when the script is called again. About three minutes a run.
#   ./setup.sh mnist && analysis/studies/lenet_mnist.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/runs/lenet_mnist}
rheo=${RHEO:-$root/build/release/rheo}
mkdir -p "$out"
cd "$root"
for seed in 1 2 3; do
  for device in ideal semi_ideal GokmenVlasov; do
    folder=$out/$device-$seed
    resume=()
    [ -e "$folder/config.toml" ] && resume=(--resume)
    "$rheo" run platforms/lenet_mnist.toml --quiet --set device.preset=$device --seed $seed --out "$folder" "${resume[@]}" >/dev/null
    echo "$device seed $seed: $(grep -o 'Accuracy.*' "$folder/report.txt")"
  done
done
