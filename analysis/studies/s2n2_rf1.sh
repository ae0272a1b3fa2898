#!/usr/bin/env bash
# S2N2 rf1 on the generated 11 modulations, all SNRs from -20 to +30 dB, 4-bit I/Q plane, 128 ticks: training on the
# host, accuracy against SNR, confusion matrix, spike ratios. Goes on where it stopped when the script is called again.
# 785 s on two cores.
#   analysis/studies/s2n2_rf1.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/runs/s2n2_rf1}
rheo=${RHEO:-$root/build/release/rheo}
cd "$root"
resume=()
[ -e "$out/config.toml" ] && resume=(--resume)
"$rheo" train-spiking platforms/s2n2_rf1_training.toml --threads "${THREADS:-2}" --out "$out" "${resume[@]}"
