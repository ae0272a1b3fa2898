#!/usr/bin/env bash
# The trained S2N2 networks on crossbar tiles beside the streaming FPGA, on the same examples: accuracy for resolutions
# of the ADCs and for devices, with time and energy of the same run. A run that is there is not repeated. Prints a table.
# On a free core 40 s a run of rf1, and of cv a second an example.
#   analysis/studies/s2n2_tiles.sh rf1|cv NETWORK.h5 [FOLDER]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
network=$1
trained=$(realpath "$2")
out=$(realpath -m "${3:-$root/runs/s2n2_tiles/$network}")
rheo=${RHEO:-$root/build/release/rheo}
mkdir -p "$out"
cd "$root"
examples=()
[ "$network" = rf1 ] && examples=(--set "data.test_examples=${EXAMPLES:-1144}")
[ "$network" = cv ] && examples=(--set "workload.test_samples=${EXAMPLES:-100}" --set "data.data_dir=${DATA:-}")

# run NAME CONFIGURATION [KEY=VALUE...]
run() {
  local name=$1 file=$2 word words=()
  shift 2
  for word in "$@"; do words+=(--set "$word"); done
  if [ ! -e "$out/$name/report.json" ]; then
    rm -rf "$out/$name"
    "$rheo" run "platforms/$file.toml" --quiet --threads "${THREADS:-1}" --out "$out/$name" "${examples[@]}" \
      --set "workload.parameters_file=$trained" "${words[@]}" >/dev/null
  fi
  python3 - "$name" "$out/$name/report.json" <<'PY'
import json, sys
r = json.load(open(sys.argv[2]))
a, e, t = r["accuracy"], r["energy"], r["time"]
high = f" | {100 * a['from_10_db']:.2f}" if "from_10_db" in a else ""
part = lambda *names: sum(e["by_component"].get(n, 0) for n in names) / r["examples"] * 1e6
print(f"| {sys.argv[1]} | {r['examples']} | {100 * a['final']:.2f}{high} | {t['tick_interval_s'] * 1e6:.1f} | "
      f"{t['classifications_per_s']:.1f} | {e['per_classification_j'] * 1e6:.4g} | "
      f"{(e['total_j'] - e['by_phase']['idle']) / r['examples'] * 1e6:.4g} | {part('adc', 'dac', 'integrator', 'array'):.3g} | "
      f"{r['memory']['bram18k']} | {r['area']['total_mm2']:.3g} |")
PY
}

echo "| run | examples | accuracy (%)$([ "$network" = rf1 ] && echo ' | SNR >= 10 dB (%)') | us/tick | class/s | uJ/class | without static power | converters and array | BRAM18 | mm2 |"
tiles=s2n2_${network}_tiles
exact=(device.prog_noise_scale=0 device.read_noise_scale=0 device.drift_scale=0)
run fpga "s2n2_$network"
run ideal "$tiles" device.preset=ideal
for bits in 8 7 6 5 4; do run "pcm-$bits" "$tiles" "adc.bits=$bits"; done
for bits in 8 6 4; do run "written-exactly-$bits" "$tiles" "adc.bits=$bits" "${exact[@]}"; done
run gokmen-vlasov "$tiles" device.preset=GokmenVlasov
run pcm-day "$tiles" "device.age=86400 s"
run pcm-day-compensated "$tiles" "device.age=86400 s" device.drift_compensation=true
[ "$network" = cv ] && exit
run reram "$tiles" device.preset=ReRamES
run pcm-5-bound4 "$tiles" adc.bits=5 adc.bound=4
run pcm-4-bound4 "$tiles" adc.bits=4 adc.bound=4
run pcm-4-stochastic "$tiles" adc.bits=4 adc.rounding=stochastic
