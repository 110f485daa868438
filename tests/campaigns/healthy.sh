#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# False findings: runs every canned scenario under schedulers that are known to be sound, with several seeds each, and
# fails where a run is not a pass. Each failure prints its report; a failure here is a defect of the harness, of the
# scenario, or of the scheduler that was thought to be sound.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: healthy.sh KTSTR [--seeds A..B] [--kernel KERNEL]... [--scheduler "PATH ARGS"]...
                  [--topology NnNlNcNt]... [SCENARIO...]

  KTSTR         the program to test
  --seeds       of each scenario under each scheduler (1..4)
  --kernel      as ktstr run takes it, can be given several times (the default kernel)
  --scheduler   can be given several times; '' is the kernel's own ('' and scx_ktstr)
  --topology    can be given several times (that of each scenario)
  SCENARIO      names of canned scenarios (all)
USAGE
}

seeds=1..4
kernels=() schedulers=() topologies=() scenarios=()
if (($# == 0)) || [[ $1 == -h || $1 == --help ]]; then
  usage
  exit 64
fi
ktstr=$1
shift
while (($# > 0)); do
  case $1 in
    --seeds) seeds=${2:?} && shift 2 ;;
    --kernel) kernels+=("${2:?}") && shift 2 ;;
    --scheduler) schedulers+=("${2-}") && shift 2 ;;
    --topology) topologies+=("${2:?}") && shift 2 ;;
    -*)
      usage >&2
      exit 64
      ;;
    *) scenarios+=("$1") && shift ;;
  esac
done
if ((${#kernels[@]} == 0)); then kernels=(default); fi
if ((${#schedulers[@]} == 0)); then schedulers=('' scx_ktstr); fi
if ((${#topologies[@]} == 0)); then topologies=(own); fi
if ((${#scenarios[@]} == 0)); then mapfile -t scenarios < <("$ktstr" scenarios | awk '{print $1}'); fi

output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0 failed=0
count=$((${seeds#*..} - ${seeds%..*} + 1))
for kernel in "${kernels[@]}"; do
  for scheduler in "${schedulers[@]}"; do
    for topology in "${topologies[@]}"; do
      for scenario in "${scenarios[@]}"; do
        arguments=(run "$scenario" --mode det --seeds "$seeds" --scheduler "$scheduler")
        if [[ $kernel != default ]]; then arguments+=(--kernel "$kernel"); fi
        if [[ $topology != own ]]; then arguments+=(--topology "$topology"); fi
        status=0
        "$ktstr" "${arguments[@]}" >"$output" 2>&1 </dev/null || status=$?
        if ((status == 0)); then
          passed=$((passed + count))
        else
          # How many of the seeds it were stands in the report.
          failed=$((failed + count))
          cat "$output"
        fi
        printf 'healthy: %-8s %-12s %-9s %-20s seeds %s: exit %d\n' \
          "$kernel" "${scheduler:-EEVDF}" "$topology" "$scenario" "$seeds" "$status"
      done
    done
  done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
