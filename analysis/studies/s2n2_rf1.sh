#!/usr/bin/env bash
# S2N2 rf1 on the generated 11 modulations, all SNRs from -20 to +30 dB, 4-bit I/Q plane, 128 ticks: training on the
# host, accuracy against SNR, confusion matrix, spike ratios. Goes on where it stopped when the script is called again.
# Some 1,450 seconds of one core: user time of 3.1 ms a training example and 0.39 ms a test example, by the differences
# between runs of 1,144 and 4,576 (286 and 2,860) examples, one thread, on a shared machine of two cores. The
# study itself, beside other work, took 4,546 s by the clock.
#   analysis/studies/s2n2_rf1.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/runs/s2n2_rf1}
rheo=${RHEO:-$root/build/release/rheo}
cd "$root"
resume=()
[ -e "$out/config.toml" ] && resume=(--resume)
"$rheo" train-spiking platforms/s2n2_rf1_training.toml --threads "${THREADS:-2}" --out "$out" "${resume[@]}"
