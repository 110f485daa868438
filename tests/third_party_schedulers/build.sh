#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds four schedulers that are not ours, scx_simple, scx_central, scx_flatcg and scx_qmap out of the kernel's
# tools/sched_ext, for tests that run them in a guest. The source is that of Debian's linux-source package, fetched with apt and a private source list,
# so neither root nor a change to this machine is needed. Nothing of it is kept but the programs.
set -euo pipefail

readonly SUITE=trixie-backports
readonly WANTED_SOURCE=linux-source-7.3 # if the suite no longer has it: its newest
readonly PROGRAMS=(scx_simple scx_central scx_flatcg scx_qmap)
readonly MIRROR=http://deb.debian.org/debian
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
readonly BPF_CLANG=clang-19
PATH=$PATH:/usr/sbin:/sbin # bpftool

usage() {
  cat <<'USAGE'
usage: build.sh OUT_DIR --vmlinux PATH

  OUT_DIR          where the programs go
  --vmlinux PATH   an unpacked kernel with BTF and sched_ext, for its types (or in the environment: KTSTR_VMLINUX)

A second call with the same kernel and the same script does nothing.
USAGE
}

fail() {
  printf 'build.sh: %s\n' "$1" >&2
  shift
  if (($# > 0)); then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# quietly LOG COMMAND...: shows what the command said only when it fails.
quietly() {
  local log=$1
  shift
  if "$@" >"$log" 2>&1; then return 0; fi
  tail -n 30 "$log" >&2
  fail "this failed: $*"
}

require_tools() {
  local tool missing=()
  for tool in apt-get apt-cache dpkg-deb tar xz make gcc bpftool pkg-config "$BPF_CLANG"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if ((${#missing[@]} > 0)); then fail "not installed: ${missing[*]}" 'see ./dev.sh setup'; fi
  pkg-config --exists libelf zlib || fail 'no headers of libelf and zlib' 'apt-get install libelf-dev zlib1g-dev'
  [[ -e $(helper_declarations) ]] || fail 'no bpf_helper_defs.h' 'apt-get install libbpf-dev'
  [[ -e $KEYRING ]] || fail "no $KEYRING" 'apt-get install debian-archive-keyring'
}

helper_declarations() { printf '%s/bpf/bpf_helper_defs.h' "$(pkg-config --variable=includedir libbpf)"; }

# What decides the result, in one line: this script and the kernel.
inputs() { printf '%s %s\n' "$(sha256sum <"${BASH_SOURCE[0]}")" "$(stat -Lc 'vmlinux %s %Y' "$vmlinux")"; }

up_to_date() {
  local program
  for program in "${PROGRAMS[@]}"; do [[ -x $out/$program ]] || return 1; done
  [[ -e $out/.inputs && $(<"$out/.inputs") == "$(inputs)" ]]
}

# An apt that reads and writes below $work only.
configure_apt() {
  local apt=$work/apt
  mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial
  touch "$apt/status"
  printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$MIRROR" "$SUITE" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "$apt";
Dir::State::Lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
  export APT_CONFIG=$apt/apt.conf
}

# Prints the package's name, which is also that of the source tree in it.
fetch_source_package() {
  local available package
  quietly "$work/apt.log" apt-get -q update
  available=$(apt-cache pkgnames linux-source- | grep -E '^linux-source-[0-9][0-9.]*$' | sort -V)
  [[ -n $available ]] || fail "$SUITE has no linux-source package" "$(tail -n 3 "$work/apt.log")"
  package=$(grep -Fx "$WANTED_SOURCE" <<<"$available" || tail -n 1 <<<"$available")
  cd "$work"
  quietly "$work/apt.log" apt-get -q download "$package"
  printf '%s' "$package"
}

# Of 1.6 GB only what the build reads.
unpack_source() {
  local package=$1 wanted
  mkdir "$work/linux"
  wanted=(tools/sched_ext tools/lib tools/build tools/scripts tools/include tools/arch)
  dpkg-deb --fsys-tarfile "$work/$package"_*.deb | tar -xO "./usr/src/$package.tar.xz" | xz -dc -T0 |
    tar -x -C "$work/linux" --strip-components=1 "${wanted[@]/#/$package/}" ||
    fail "cannot unpack $package" 'has its layout changed?'
  rm -f "$work/$package"_*.deb
}

# libbpf's build generates the declarations of the BPF helpers with a Python script out of the kernel's headers. The
# installed libbpf has them.
provide_helper_declarations() {
  mkdir -p "$work/linux/scripts"
  printf '#!/bin/sh\nexec cat %q\n' "$(helper_declarations)" >"$work/linux/scripts/bpf_doc.py"
  chmod +x "$work/linux/scripts/bpf_doc.py"
}

dump_kernel_types() {
  bpftool btf dump file "$vmlinux" format c >"$work/vmlinux.h" 2>"$work/bpftool.log" ||
    fail "no BTF in $vmlinux" "$(tail -n 1 "$work/bpftool.log")"
  grep -q '^struct sched_ext_ops {' "$work/vmlinux.h" || fail "$vmlinux has no sched_ext"
}

# -fno-builtin-memset: clang 19 merges stores to a BPF arena into a memset and then forgets that it is the arena's
# address space; the verifier refuses scx_qmap ("invalid mem access 'scalar'").
compile() {
  mkdir "$work/out"
  quietly "$work/make.log" make -C "$work/linux/tools/sched_ext" -j2 O="$work/out" BPFTOOL="$(command -v bpftool)" \
    CLANG="$BPF_CLANG -fno-builtin-memset" VMLINUX_BTF="$vmlinux" VMLINUX_H="$work/vmlinux.h" "${PROGRAMS[@]}"
}

# The record of the inputs comes last: without it the next call builds again.
deliver() {
  local program
  mkdir -p "$out"
  rm -f "$out/.inputs"
  for program in "${PROGRAMS[@]}"; do
    install -m 755 "$work/out/build/bin/$program" "$out/.$program"
    mv -f "$out/.$program" "$out/$program"
  done
  inputs >"$out/.inputs"
}

out=
vmlinux=${KTSTR_VMLINUX:-}
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
[[ -n $vmlinux ]] || fail 'no kernel given' 'use --vmlinux PATH'
[[ -r $vmlinux ]] || fail "cannot read $vmlinux"
out=$(realpath -m "$out")
vmlinux=$(realpath "$vmlinux")

if up_to_date; then exit 0; fi
require_tools
work=$(mktemp -d "${TMPDIR:-/tmp}/ktstr-third-party.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

dump_kernel_types
configure_apt
package=$(fetch_source_package)
unpack_source "$package"
provide_helper_declarations
compile
deliver
printf 'build.sh: %s out of %s\n' "${PROGRAMS[*]}" "$package"
