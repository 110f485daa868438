#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Schedulers that are swapped under load: one replaced by another, by nothing, by a third one. Every seed must pass, with
# each life in the record, and runs of one seed must be the same.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: swaps.sh KTSTR FIRST SECOND THIRD [--seeds A..B] [--repeat N] [--kernel KERNEL]...

  KTSTR                 the program to test
  FIRST SECOND THIRD    "PATH ARGS" of three schedulers
  --seeds               to be run (1..100)
  --repeat              how often one of them (10)
  --kernel              as ktstr run takes it, can be given several times (the default kernel)
USAGE
}

if (($# < 4)) || [[ $1 == -h || $1 == --help ]]; then
  usage
  exit 64
fi
ktstr=$1 first=$2 second=$3 third=$4
shift 4
seeds=1..100 repeat=10 kernels=()
while (($# > 0)); do
  case $1 in
    --seeds) seeds=${2:?} && shift 2 ;;
    --repeat) repeat=${2:?} && shift 2 ;;
    --kernel) kernels+=("${2:?}") && shift 2 ;;
    *)
      usage >&2
      exit 64
      ;;
  esac
done
if ((${#kernels[@]} == 0)); then kernels=(default); fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/swaps.toml" <<END
name = "swaps"
topology = "1n2l2c1t"
duration = "320ms"
scheduler = "$first"

[checks]
survives_storm = true
max_spread_pct = false

[[backdrop.cgroup]]
name = "hogs"
workers = 3
work = "SpinWait"
[[backdrop.cgroup]]
name = "sleepers"
workers = 2
work = "Bursty"

[[step]]
hold = "60ms"
[[step]]
hold = "60ms"
[[step.op]]
op = "replace_scheduler"
scheduler = "$second"
[[step]]
hold = "60ms"
[[step.op]]
op = "detach_scheduler"
[[step]]
hold = "60ms"
[[step.op]]
op = "attach_scheduler"
scheduler = "$third"
END

passed=0 failed=0
# attempt NAME ARGUMENT...: a run that must pass.
attempt() {
  local name=$1 status=0
  shift
  "$ktstr" run "$work/swaps.toml" --mode det "$@" >"$work/output" 2>&1 </dev/null || status=$?
  if ((status == 0)); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    cat "$work/output"
  fi
  printf 'swaps: %s: exit %d\n' "$name" "$status"
}
for kernel in "${kernels[@]}"; do
  of_kernel=()
  if [[ $kernel != default ]]; then of_kernel=(--kernel "$kernel"); fi
  attempt "$kernel, seeds $seeds" "${of_kernel[@]}" --seeds "$seeds"
  attempt "$kernel, seed 1 $repeat times" "${of_kernel[@]}" --seed 1 --repeat "$repeat"
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
