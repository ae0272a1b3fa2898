#!/usr/bin/env bash
# S2N2 cv on MNIST as Bernoulli spikes, local learning (DECOLLE): training on the
# host, accuracy, confusion matrix, spike ratios. Goes on where it stopped when the script is called again.
# Some 400 seconds of one core: user time of 9.4 ms a training example (110 ticks) and 11 ms a test example (500 ticks),
# by the differences between runs of 80 and 480 (20 and 120) examples, one thread, on a shared machine of two
# cores. The study itself, beside other work, took 4,153 s by the clock.
#   ./setup.sh mnist && analysis/studies/s2n2_cv.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/runs/s2n2_cv}
rheo=${RHEO:-$root/build/release/rheo}
cd "$root"
resume=()
[ -e "$out/config.toml" ] && resume=(--resume)
"$rheo" train-spiking platforms/s2n2_cv_training.toml --threads "${THREADS:-2}" --out "$out" "${resume[@]}"
