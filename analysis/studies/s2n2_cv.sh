#!/usr/bin/env bash
# S2N2 cv on MNIST as Bernoulli spikes, local learning (DECOLLE): training on the
# host, accuracy, confusion matrix, spike ratios. Goes on where it stopped when the script is called again.
# Half an hour on two free cores.
#   ./setup.sh mnist && analysis/studies/s2n2_cv.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/runs/s2n2_cv}
rheo=${RHEO:-$root/build/release/rheo}
cd "$root"
resume=()
[ -e "$out/config.toml" ] && resume=(--resume)
"$rheo" train-spiking platforms/s2n2_cv_training.toml --threads "${THREADS:-2}" --out "$out" "${resume[@]}"
