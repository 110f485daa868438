#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Leaks: starts runs, in guests and on the host, kills each with SIGKILL at a random moment, and looks whether anything
# of it survives: processes at once, files and cgroups once a later run has cleaned up.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: kills.sh KTSTR [--runs N] [--seed N] [--kernel KERNEL] [--host-only]

  KTSTR        the program to test
  --runs       how many runs are killed (200); every second one is on the host, where root runs this
  --seed       of the moments (1)
  --kernel     as ktstr run takes it (the default kernel)
  --host-only  no guests
USAGE
}

runs=200 seed=1 kernel=() host_only=0
if (($# == 0)) || [[ $1 == -h || $1 == --help ]]; then
  usage
  exit 64
fi
ktstr=$(realpath "$1")
shift
while (($# > 0)); do
  case $1 in
    --runs) runs=${2:?} && shift 2 ;;
    --seed) seed=${2:?} && shift 2 ;;
    --kernel) kernel=(--kernel "${2:?}") && shift 2 ;;
    --host-only) host_only=1 && shift ;;
    *)
      usage >&2
      exit 64
      ;;
  esac
done

work=$(mktemp -d)
ram=$(mktemp -d -p /dev/shm)
trap 'rm -rf "$work" "$ram"' EXIT
# Inherited by all that a run starts, whatever session or cgroup it is in.
export KTSTR_KILLS_TAG=$work KTSTR_RAM_DIR=$ram XDG_STATE_HOME=$work/state

# What workers and cgroups of many kinds a scenario can have at once.
cat >"$work/many.toml" <<'TOML'
duration = "1500ms"
[[cgroup]]
name = "a"
workers = 4
work = "SpinWait"
[[cgroup]]
name = "b"
work = "ForkExit"
[[cgroup]]
name = "c"
pcomm = "threads"
work = { type = "FutexFanOut", fan_out = 3 }
[[cgroup]]
name = "d"
[[cgroup.work]]
type = "EpollStorm"
[[cgroup.work]]
type = "PipeIo"
[[cgroup.work]]
type = "SignalStorm"
TOML
TOPOLOGY=(--topology 1n2l2c1t)

# Processes with our tag in their environment, but for this script and what it runs itself.
survivors() {
  local file pid
  for file in /proc/[0-9]*/environ; do
    pid=${file//[!0-9]/}
    if ((pid == $$ || pid == BASHPID)); then continue; fi
    if tr '\0' '\n' <"$file" 2>/dev/null | grep -qx "KTSTR_KILLS_TAG=$work"; then
      # A subshell of ours is gone by the time that its state is read.
      if [[ -r /proc/$pid/comm && $(</proc/"$pid"/comm) != kills.sh ]]; then printf '%s ' "$pid"; fi
    fi
  done 2>/dev/null
}

cgroups() { find /sys/fs/cgroup -type d -name '*ktstr*' 2>/dev/null | sort; }
shared_memory() { find /dev/shm -mindepth 1 2>/dev/null | sort; }
mounts() { grep -c ktstr /proc/self/mounts || true; }

command_of() { # RUN: in a guest or on the host
  if ((host_only || (EUID == 0 && $1 % 2 == 1))); then
    printf '%s\0' "$ktstr" run "$work/many.toml" --host --scheduler ''
  else
    printf '%s\0' "$ktstr" run "$work/many.toml" --scheduler '' "${TOPOLOGY[@]}" "${kernel[@]}"
  fi
}

# What a run takes that nobody kills: moments are within that.
declare -a length=()
for i in 0 1; do
  mapfile -d '' -t command < <(command_of "$i")
  for _ in 1 2; do # the first may make an image
    started=${EPOCHREALTIME/[.,]/}
    if ! "${command[@]}" >"$work/output" 2>&1 </dev/null; then
      printf 'kills: a run that nobody kills does not pass: %s\n' "${command[*]:1}"
      cat "$work/output"
      exit 1
    fi
    length[i]=$(((${EPOCHREALTIME/[.,]/} - started) / 1000))
  done
done

RANDOM=$seed
failed=0
before_cgroups=$(cgroups) before_shared=$(shared_memory) before_mounts=$(mounts)
for ((i = 0; i < runs; ++i)); do
  mapfile -d '' -t command < <(command_of "$i")
  moment=$((RANDOM % length[i % 2]))
  setsid "${command[@]}" >"$work/output" 2>&1 </dev/null &
  child=$!
  sleep "$((moment / 1000)).$(printf '%03d' $((moment % 1000)))"
  kill -9 "$child" 2>/dev/null || true
  wait "$child" 2>/dev/null || true
  left=
  for ((try = 0; try < 100; ++try)); do
    left=$(survivors)
    if [[ -z $left ]]; then break; fi
    sleep 0.1
  done
  if [[ -n $left ]]; then
    failed=$((failed + 1))
    printf 'kills: run %d, killed after %d ms (%s): survived 10 s:\n' "$i" "$moment" "${command[*]:1}"
    ps -o pid,ppid,stat,comm,args -p "${left// /,}0" || true
    # shellcheck disable=SC2086
    kill -9 $left 2>/dev/null || true
  fi
done

# The next runs clean up.
for i in 0 1; do
  mapfile -d '' -t command < <(command_of "$i")
  if ! "${command[@]}" >"$work/output" 2>&1 </dev/null; then
    failed=$((failed + 1))
    printf 'kills: a run after all the kills did not pass: %s\n' "${command[*]:1}"
    cat "$work/output"
  fi
done
same() { # WHAT BEFORE AFTER
  if [[ $2 == "$3" ]]; then return; fi
  failed=$((failed + 1))
  printf 'kills: %s left behind:\n' "$1"
  diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | sed -n 's/^> /  /p'
}
same cgroups "$before_cgroups" "$(cgroups)"
same 'shared memory' "$before_shared" "$(shared_memory)"
same mounts "$before_mounts" "$(mounts)"
printf '%d killed, %d failed\n' "$runs" "$failed"
((failed == 0))
