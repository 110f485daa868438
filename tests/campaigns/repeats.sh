#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Repetition of each work type: two runs of one seed have one digest, and another seed has another.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: repeats.sh KTSTR [--kernel KERNEL] [--scheduler "PATH ARGS"] [WORK_TYPE...]

  KTSTR        the program to test
  --kernel     as ktstr run takes it (the default kernel)
  --scheduler  '' is the kernel's own ('')
  WORK_TYPE    names of work types (all)
USAGE
}

kernel=() scheduler='' types=()
if (($# == 0)) || [[ $1 == -h || $1 == --help ]]; then
  usage
  exit 64
fi
ktstr=$1
shift
while (($# > 0)); do
  case $1 in
    --kernel) kernel=(--kernel "${2:?}") && shift 2 ;;
    --scheduler) scheduler=${2-} && shift 2 ;;
    -*)
      usage >&2
      exit 64
      ;;
    *) types+=("$1") && shift ;;
  esac
done
if ((${#types[@]} == 0)); then mapfile -t types < <("$ktstr" work list --json | sed -n 's/^ *"name": "\([A-Z][A-Za-z]*\)".*/\1/p'); fi

# digest TYPE SEED: of a run, whatever its verdict.
digest() {
  "$ktstr" run ":work:$1" --scheduler "$scheduler" "${kernel[@]}" --topology 1n2l2c1t --duration 300ms --seed "$2" \
    --json 2>/dev/null </dev/null | sed -n 's/^ *"digest": "\([0-9a-f]*\)".*/\1/p' || true
}

passed=0 failed=0
for type in "${types[@]}"; do
  first=$(digest "$type" 1) second=$(digest "$type" 1) other=$(digest "$type" 2)
  if [[ -n $first && $first == "$second" && $first != "$other" ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'repeats: %s: seed 1: %s, %s; seed 2: %s\n' "$type" "${first:-none}" "${second:-none}" "${other:-none}"
  fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
