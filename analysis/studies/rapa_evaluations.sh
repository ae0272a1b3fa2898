#!/usr/bin/env bash
# What the networks of rapa_schemes.sh say: error by a single assignment and by a vote of nine, votes that end early,
# robustness against the fast gradient sign attack, reduction to one matrix a layer; all but the attack (2,000) on the
# 10,000 test images. An evaluation that is there is not repeated. From seconds to two minutes each.
#   analysis/studies/rapa_evaluations.sh [FOLDER OF rapa_schemes.sh]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
runs=${1:-$root/runs/rapa_schemes}
rheo=${RHEO:-$root/build/release/rheo}
out=$runs/evaluations
mkdir -p "$out"
cd "$root"

# evaluate RUN NAME SEED [WORD...]
evaluate() {
  local run=$1 folder=$out/$2-$3
  shift 3
  [ -e "$folder/evaluation.json" ] && return
  rm -rf "$folder"
  "$rheo" evaluate "$run" --quiet --threads "${THREADS:-1}" --out "$folder" --set workload.test_samples=0 "$@" >/dev/null
}

# reduced RUN NAME SEED WAY
reduced() {
  local weights=$out/$2-$4-$3.h5 word words=()
  [ -e "$weights" ] || "$rheo" reduce "$1" --quiet --threads "${THREADS:-1}" --by "$4" --out "$weights" >/dev/null
  for word in conv1 conv2 conv3; do words+=(--set "rapa.$word.scheme=none" --set "rapa.$word.tiles=1"); done
  evaluate "$1" "$2-reduced_$4" "$3" --weights "$weights" "${words[@]}"
}

for run in "$runs"/*-[0-9]; do
  [ -e "$run/weights.h5" ] || continue
  seed=${run##*-}
  name=$(basename "${run%-*}")
  case $name in
    *-random | *-random-64) evaluate "$run" "$name" "$seed" --set inference.predictions=9 ;;
    *) evaluate "$run" "$name" "$seed" ;;
  esac
  case $name in
    *-none | *-none-fast | *-enlarged-fast | *-random | *-random-64)
      for epsilon in 1 2 3 4 6 8 12 16; do
        evaluate "$run" "$name-attack$epsilon" "$seed" --set attack.epsilon="$epsilon" --set workload.test_samples=2000
      done
      ;;
  esac
  case $name in
    *-random)
      for certainty in 0.5 0.7 0.9 1; do
        evaluate "$run" "$name-until$certainty" "$seed" --set inference.predictions=9 \
          --set inference.stop_when_decided=true --set inference.certainty="$certainty"
      done
      ;;
  esac
  case $name in
    *-random | *-random-64 | *-random_fixed | *-alternate | *-image_overlap)
      for way in norm random_tile first_tile random_filters winner; do reduced "$run" "$name" "$seed" "$way"; done
      ;;
  esac
done
