#!/usr/bin/env bash
# S2N2's networks, trained on the host: accuracy, confusion matrix, spike ratios. Goes on where it stopped when the
# script is called again. What each trains on and how stands in platforms/s2n2_NETWORK_training.toml.
#   rf1: 785 s on two cores.
#   rf2: 3,711 s on two cores, beside other work.
#   cv: some 400 seconds of one core: user time of 9.4 ms a training example (110 ticks) and 11 ms a test example (500
#     ticks), by the differences between runs of 80 and 480 (20 and 120) examples, one thread, on a shared machine of
#     two cores. The study itself, beside other work, took 4,153 s by the clock. Before it: ./setup.sh mnist
#   analysis/studies/s2n2_training.sh rf1|rf2|cv [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
network=${1:-}
case $network in
  rf1 | rf2 | cv) ;;
  *)
    echo "s2n2_training.sh: '$network' is no network; expected rf1, rf2 or cv" >&2
    exit 2
    ;;
esac
out=${2:-$root/runs/s2n2_$network}
rheo=${RHEO:-$root/build/release/rheo}
cd "$root"
resume=()
[ -e "$out/config.toml" ] && resume=(--resume)
"$rheo" train-spiking "platforms/s2n2_${network}_training.toml" --threads "${THREADS:-2}" --out "$out" "${resume[@]}"
