#!/usr/bin/env bash
# The tiling schemes of RAPA-ConvNets (Rasch et al. 2019, table 1) on CIFAR-10, in floating point and on RPU arrays, at
# an equal, small budget: 10,000 training images, ten epochs (0.3 % of the paper's 700 epochs of 50,000), moderate
# augmentation, one epoch of warm-up at a twentieth of the rate, a tenth of the rate in the last two epochs; seeds 1 to
# 3. Tiled: (16, 4, 1) replicas, or (64, 16, 4). The rate is the paper's: 0.005, tiled 0.025; the plain networks also
# take 0.025, as so short a training favours large steps.
# Each run goes on where it stopped when the script is called again. One to three minutes a run, 66 runs.
#   analysis/studies/rapa_schemes.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/runs/rapa_schemes}
rheo=${RHEO:-$root/build/release/rheo}
mkdir -p "$out"
cd "$root"

rpu=(--set device.preset=GokmenVlasov --set device.dw_min=0.00025 --set device.w_max=0.6 --set device.w_min=-0.6
  --set dac.bits=7 --set adc.bits=9 --set adc.noise=0.06 --set adc.bound=12 --set tile.rows=2048)

# train ARITHMETIC NAME SEED CONFIGURATION [SETTING...]
train() {
  local folder=$out/$1-$2-$3 arithmetic=$1 seed=$3 configuration=$4 words=() resume=()
  shift 4
  [ "$arithmetic" = rpu ] && words=("${rpu[@]}")
  [ -e "$folder/config.toml" ] && resume=(--resume)  # also when it is complete: another configuration is refused
  "$rheo" run "platforms/$configuration.toml" --quiet --threads "${THREADS:-1}" --seed "$seed" --out "$folder" \
    "${resume[@]}" --set workload.train_samples=10000 --set workload.test_samples=2000 --set workload.epochs=10 \
    --set schedule.step_epochs=8 "${words[@]}" "$@" >/dev/null
}

# tiled ARITHMETIC NAME SEED CONFIGURATION SCHEME
tiled() {
  train "$1" "$2" "$3" "$4" --set rapa.conv1.scheme="$5" --set rapa.conv2.scheme="$5"
}

for seed in 1 2 3; do
  for arithmetic in fp rpu; do
    train "$arithmetic" none "$seed" rapa_cifar10
    train "$arithmetic" none-fast "$seed" rapa_cifar10 --set schedule.lr=0.025
    train "$arithmetic" enlarged "$seed" rapa_cifar10 --set workload.network=cifar10_full_enlarged
    train "$arithmetic" enlarged-fast "$seed" rapa_cifar10 --set workload.network=cifar10_full_enlarged \
      --set schedule.lr=0.025
    tiled "$arithmetic" perforated "$seed" rapa_random_cifar10 perforated
    tiled "$arithmetic" image_overlap "$seed" rapa_random_cifar10 image_overlap
    tiled "$arithmetic" image_pad "$seed" rapa_random_cifar10 image_pad
    tiled "$arithmetic" alternate "$seed" rapa_random_cifar10 alternate
    tiled "$arithmetic" random_fixed "$seed" rapa_random_cifar10 random_fixed
    tiled "$arithmetic" random "$seed" rapa_random_cifar10 random
    train "$arithmetic" random-64 "$seed" rapa_random_cifar10 --set rapa.conv1.tiles=64 --set rapa.conv2.tiles=16 \
      --set rapa.conv3.scheme=random --set rapa.conv3.tiles=4 --set 'buffer.capacity="16 MiB"' --set 'controller.program_memory="256 KiB"'
  done
done
