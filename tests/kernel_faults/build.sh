#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the module ktstr_faults for one kernel, from that kernel's unpacked image alone, and the program that loads it.
set -euo pipefail

readonly CLANG=clang-19
HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
readonly HERE
PATH=$PATH:/usr/sbin:/sbin # bpftool

usage() {
  cat <<'USAGE'
usage: build.sh OUT_DIR --vmlinux PATH

  OUT_DIR          where ktstr_faults.ko and load_module go
  --vmlinux PATH   the unpacked kernel, with BTF

A second call with the same kernel and the same sources does nothing.
USAGE
}

fail() {
  printf 'build.sh: %s\n' "$1" >&2
  shift
  if (($# > 0)); then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# What decides the result, in one line.
inputs() {
  printf '%s %s\n' "$(cat "$HERE"/build.sh "$HERE"/*.c | sha256sum)" "$(stat -Lc 'vmlinux %s %Y' "$vmlinux")"
}

up_to_date() {
  [[ -e $out/ktstr_faults.ko && -x $out/load_module && -e $out/.inputs && $(<"$out/.inputs") == "$(inputs)" ]]
}

# "7.3.4+deb13-cloud-amd64 SMP preempt mod_unload modversions ": a string constant of kernel/module/main.c.
vermagic() {
  grep -aoE '[0-9]+\.[0-9]+\.[^ [:cntrl:]]+ SMP [a-z _]*mod_unload [a-z _]*' "$vmlinux" | head -n 1
}

compile_module() {
  local magic format=0
  magic=$(vermagic)
  [[ -n $magic ]] || fail "no version magic in $vmlinux" 'is it an unpacked kernel with modules?'
  bpftool btf dump file "$vmlinux" format c >"$work/vmlinux.h" 2>"$work/log" ||
    fail "no BTF in $vmlinux" "$(tail -n 1 "$work/log")"
  if sed -n '/^struct bug_entry {/,/^};/p' "$work/vmlinux.h" | grep -q format; then format=1; fi
  "$CLANG" -std=gnu11 -O2 -c -o "$work/ktstr_faults.ko" "$HERE/ktstr_faults.c" -I "$work" \
    -DBPF_NO_PRESERVE_ACCESS_INDEX -DVERMAGIC="\"$magic\"" -DWARN_ENTRY_HAS_FORMAT=$format \
    -ffreestanding -mcmodel=kernel -mno-red-zone -fno-pic -mno-sse -mno-mmx -mno-80387 -mgeneral-regs-only \
    -fcf-protection=none -fno-stack-protector -fno-jump-tables -fno-asynchronous-unwind-tables \
    -Wall -Wno-unused-parameter -Wno-missing-declarations 2>"$work/log" ||
    fail 'the module does not compile' "$(tail -n 20 "$work/log")"
}

compile_loader() {
  gcc -O2 -static -Wall -Wextra -o "$work/load_module" "$HERE/load_module.c" 2>"$work/log" ||
    fail 'load_module does not compile' "$(tail -n 20 "$work/log")"
}

out=
vmlinux=
while (($# > 0)); do
  case $1 in
    --vmlinux)
      (($# > 1)) || fail '--vmlinux needs a path'
      vmlinux=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) fail "unknown option $1" 'see build.sh --help' ;;
    *)
      [[ -z $out ]] || fail "more than one OUT_DIR: $out and $1"
      out=$1
      ;;
  esac
  shift
done
[[ -n $out ]] || fail 'no OUT_DIR given' 'see build.sh --help'
[[ -r $vmlinux ]] || fail "cannot read the kernel '$vmlinux'" 'use --vmlinux PATH'
out=$(realpath -m "$out")
vmlinux=$(realpath "$vmlinux")

if up_to_date; then exit 0; fi
for tool in "$CLANG" bpftool gcc; do
  command -v "$tool" >/dev/null || fail "not installed: $tool" 'see ./dev.sh setup'
done
work=$(mktemp -d "${TMPDIR:-/tmp}/ktstr-kernel-faults.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

compile_module
compile_loader
mkdir -p "$out"
rm -f "$out/.inputs"
install -m 644 "$work/ktstr_faults.ko" "$out/ktstr_faults.ko"
install -m 755 "$work/load_module" "$out/load_module"
inputs >"$out/.inputs"
