#!/usr/bin/env bash
# LeNet on Fashion-MNIST with Gokmen-Vlasov devices and plain SGD, two epochs, seeds 1 to 5: batch 64 and 512 at a rate
# of 0.1, inputs from 0 to 1; and batch 64 once more with a static offset of every converter of the backward pass of
# 0.0055 of the output noise, the deviation of the mean of 32,768 normal variates.
# Each run goes on where it stopped when the script is called again. Some ten to thirty seconds a run.
#   analysis/studies/fashion_mnist_gv.sh [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:-$root/runs/fashion_mnist_gv}
rheo=${RHEO:-$root/build/release/rheo}
mkdir -p "$out"
cd "$root"
run() {
  local name=$1 seed=$2
  shift 2
  local folder=$out/$name-$seed resume=()
  [ -e "$folder/config.toml" ] && resume=(--resume)
  "$rheo" run platforms/lenet_gv.toml --quiet --seed "$seed" --out "$folder" "${resume[@]}" \
    --set workload.pixels=unit --set workload.epochs=2 --set schedule.kind=constant --set schedule.lr=0.1 \
    --set optimiser.weight_decay=0 --set schedule.momentum=0 "$@" >/dev/null
  python3 - "$folder/report.json" "$name" "$seed" <<'END'
import json, sys
epochs = json.load(open(sys.argv[1]))["accuracy"]["epochs"]
print(sys.argv[2], "seed", sys.argv[3], *(f"{100 * e['test_accuracy']:.2f}" for e in epochs))
END
}
for seed in 1 2 3 4 5; do
  run batch64 "$seed" --set workload.batch_size=64
  run batch512 "$seed" --set workload.batch_size=512
  run offset64 "$seed" --set workload.batch_size=64 --set backward.adc.offset_deviation=0.00055
done
