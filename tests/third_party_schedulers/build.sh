#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# build.sh OUT_DIR --vmlinux PATH
#
# Builds scx_simple and scx_qmap out of the kernel's tools/sched_ext into OUT_DIR, for the tests that run schedulers which
# we did not write. The source is Debian's linux-source package, downloaded with a private apt configuration: nothing is
# installed, and no root is needed. PATH is an unpacked kernel whose BTF the schedulers are built against. A second
# call with the same kernel does nothing.
set -euo pipefail

readonly suite=trixie-backports
readonly schedulers=(scx_simple scx_qmap)
readonly mirror=${KTSTR_DEBIAN_MIRROR:-http://deb.debian.org/debian}

die() {
  printf 'third_party_schedulers: %s\n' "$*" >&2
  exit 1
}

if [ $# -ne 3 ] || [ "$2" != --vmlinux ]; then die "usage: build.sh OUT_DIR --vmlinux PATH"; fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
vmlinux=$(realpath "$3") || die "no such kernel: $3"

stamp="$vmlinux $(stat -c '%s %Y' "$vmlinux") $(cksum <"$0")"
if [ -f "$out/stamp" ] && [ "$(cat "$out/stamp")" = "$stamp" ]; then
  exit 0
fi
for tool in clang-19 make gcc apt-get dpkg-deb xz; do
  command -v "$tool" >/dev/null || die "'$tool' is missing; ./dev.sh setup installs it"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/apt/{lists/partial,cache/archives/partial} "$work/build"
touch "$work/apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/apt/sources.list"
cat >"$work/apt/conf" <<CONF
Dir::Etc::SourceList "$work/apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$work/apt";
Dir::State::Lists "$work/apt/lists";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt/cache";
APT::Sandbox::User "";
CONF
export APT_CONFIG="$work/apt/conf"

apt-get -qq update >"$work/log" 2>&1 || die "apt-get update failed: $(tail -n 3 "$work/log")"
package=$(apt-cache search --names-only '^linux-source-[0-9.]+$' | awk '{print $1}' | sort -V | tail -n 1)
[ -n "$package" ] || die "$suite has no linux-source package"
(cd "$work" && apt-get -qq download "$package") >"$work/log" 2>&1 || die "cannot download $package: $(tail -n 3 "$work/log")"

top=$package
parts=()
for part in tools/sched_ext tools/lib tools/build tools/scripts tools/include tools/bpf tools/arch/x86 include/uapi \
  kernel/bpf scripts; do
  parts+=("$top/$part/*")
done
dpkg-deb --fsys-tarfile "$work/$package"_*.deb | tar -xO "./usr/src/$package.tar.xz" | xz -dc -T0 |
  tar -x -C "$work" --wildcards "${parts[@]}" || die "cannot unpack $package"

make -C "$work/$top/tools/sched_ext" -j"$(nproc)" CLANG=clang-19 "VMLINUX_BTF=$vmlinux" "O=$work/build" \
  "${schedulers[@]}" >"$work/log" 2>&1 || die "building $package's schedulers failed:
$(tail -n 15 "$work/log")"
for scheduler in "${schedulers[@]}"; do
  install -m 755 "$work/build/build/bin/$scheduler" "$out/$scheduler"
done
printf '%s' "$stamp" >"$out/stamp"
