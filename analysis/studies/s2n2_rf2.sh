#!/usr/bin/env bash
# S2N2 rf2 on the generated 24 modulations at 30 dB, 4-bit I/Q plane: training on the host on 256 ticks, test on 1024:
# accuracy, confusion matrix, spike ratios. Goes on where it stopped when the script is called again.
#   analysis/studies/s2n2_rf2.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/runs/s2n2_rf2}
rheo=${RHEO:-$root/build/release/rheo}
cd "$root"
resume=()
[ -e "$out/config.toml" ] && resume=(--resume)
"$rheo" train-spiking platforms/s2n2_rf2_training.toml --threads "${THREADS:-2}" --out "$out" "${resume[@]}"
