#!/usr/bin/env bash
# A Slurm of one node, this computer, from the packages slurm-wlm and munge (`./setup.sh slurm` installs them): for tests
# and for a first look. Needs root. Everything it writes lies in FOLDER, but munge's socket below /run.
#   single_node_slurm.sh start FOLDER    then: export SLURM_CONF=FOLDER/slurm.conf
#   single_node_slurm.sh stop FOLDER
set -euo pipefail

fail() {
  echo "single_node_slurm.sh: $*" >&2
  exit 1
}

[[ $# -eq 2 ]] || fail "usage: single_node_slurm.sh start|stop FOLDER"
folder=$(realpath -m "$2")

start() {
  local program host cpus
  for program in slurmctld slurmd munged sbatch; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || fail "$program is missing: ./setup.sh slurm"
  done
  [[ $EUID -eq 0 ]] || fail "needs root"
  mkdir -p "$folder/state" "$folder/spool"
  if ! munge -n >/dev/null 2>&1; then
    install -d -o munge -g munge /run/munge
    setpriv --reuid munge --regid munge --clear-groups /usr/sbin/munged
    touch "$folder/munged"
  fi
  host=$(hostname -s)
  cpus=$(nproc)
  cat >"$folder/slurm.conf" <<END
ClusterName=rheo
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  export SLURM_CONF=$folder/slurm.conf
  /usr/sbin/slurmctld
  /usr/sbin/slurmd
  for _ in $(seq 100); do
    sinfo --noheader --format %t 2>/dev/null | grep -q idle && return
    sleep 0.2
  done
  fail "the node is not idle after 20 s; see $folder/slurmctld.log and slurmd.log"
}

stop() {
  local name
  for name in slurmd slurmctld; do
    [[ -e $folder/$name.pid ]] || continue
    kill "$(cat "$folder/$name.pid")" 2>/dev/null || continue
    for _ in $(seq 100); do
      [[ -e $folder/$name.pid ]] || break
      sleep 0.1
    done
  done
  [[ -e $folder/munged ]] && pkill -u munge munged || true
}

case $1 in
  start | stop) "$1" ;;
  *) fail "usage: single_node_slurm.sh start|stop FOLDER" ;;
esac
