#!/usr/bin/env bash
# A Slurm of one node, this computer, from the packages slurm-wlm and munge (`./setup.sh slurm` installs them): for tests
# and for a first look. Needs root. Everything it writes lies in FOLDER, munge's key and socket, too.
# Its daemons listen on ports that are free when it starts.
#   single_node_slurm.sh start FOLDER    then: export SLURM_CONF=FOLDER/slurm.conf
#   single_node_slurm.sh stop FOLDER
set -euo pipefail

fail() {
  echo "single_node_slurm.sh: $*" >&2
  exit 1
}

[[ $# -eq 2 ]] || fail "usage: single_node_slurm.sh start|stop FOLDER"
folder=$(realpath -m "$2")

# So many different TCP ports that nobody uses now: the system chooses them.
free_ports() {
  /usr/bin/python3 -c '
import socket, sys
held = [socket.create_server(("", 0)) for _ in range(int(sys.argv[1]))]
print(*(one.getsockname()[1] for one in held))' "$1"
}

start() {
  local program host cpus controller_port node_port
  for program in slurmctld slurmd munged sbatch; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || fail "$program is missing: ./setup.sh slurm"
  done
  [[ $EUID -eq 0 ]] || fail "needs root"
  mkdir -p "$folder/state" "$folder/spool"
  (umask 077 && head -c 1024 /dev/urandom >"$folder/munge.key")
  # --force: FOLDER may be closed to others.
  /usr/sbin/munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" 2>/dev/null
  host=$(hostname -s)
  cpus=$(nproc)
  read -r controller_port node_port < <(free_ports 2)
  cat >"$folder/slurm.conf" <<END
ClusterName=rheo
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
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
  for name in slurmd slurmctld munged; do
    [[ -e $folder/$name.pid ]] || continue
    kill "$(cat "$folder/$name.pid")" 2>/dev/null || continue
    for _ in $(seq 100); do
      [[ -e $folder/$name.pid ]] || break
      sleep 0.1
    done
  done
}

case $1 in
  start | stop) "$1" ;;
  *) fail "usage: single_node_slurm.sh start|stop FOLDER" ;;
esac
