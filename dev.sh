#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh clone to a running test: what a developer does, and what CI does. See `./dev.sh help`.
set -euo pipefail

# Everything that is needed, once: Debian's package, the least upstream version (- for any), and how to see that it is
# there on a machine where it did not come as a package: a command, a pkg-config module or a header.
PACKAGES='
  g++                     12    command:g++
  cmake                   3.25  command:cmake
  ninja-build             -     command:ninja
  pkgconf                 -     command:pkg-config
  clang-19                -     command:clang-19
  libclang-rt-19-dev      -     command:clang-19
  bpftool                 7.5   command:bpftool
  libbpf-dev              1.4   module:libbpf
  libelf-dev              -     module:libelf
  zlib1g-dev              -     module:zlib
  libzstd-dev             -     module:libzstd
  libxxhash-dev           -     module:libxxhash
  liblzma-dev             -     module:liblzma
  liblz4-dev              -     module:liblz4
  libmd-dev               -     module:libmd
  libfmt-dev              9     module:fmt
  libtomlplusplus-dev     3     module:tomlplusplus
  nlohmann-json3-dev      -     header:nlohmann/json.hpp
  libcli11-dev            -     header:CLI/CLI.hpp
  libexpected-dev         -     header:tl/expected.hpp
  libgtest-dev            -     header:gtest/gtest.h
  libgmock-dev            -     header:gmock/gmock.h
  librapidcheck-dev       -     header:rapidcheck.h
  busybox-static          -     command:busybox
  dpkg-dev                -     command:dpkg-deb
  xz-utils                -     command:xz
  make                    -     command:make
  ca-certificates         -     command:true
  debian-archive-keyring  -     command:true
  qemu-system-x86         8.1   command:qemu-system-x86_64
  stress-ng               -     command:stress-ng
  fio                     -     command:fio
  rt-tests                -     command:hackbench
'
# What CI formats with; releases of Debian differ in what clang-format they have, and its versions in what they do.
if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then PACKAGES+='  clang-format-14 - command:clang-format-14'; fi
readonly PACKAGES

# What the tests boot: a current kernel with sched_ext, an older one, and one without sched_ext.
readonly TEST_KERNELS=(7 6.18 6.12)
readonly TEST_KERNELS_WITH_SCHED_EXT=(7 6.18)

readonly THIRD_PARTY_SOURCE=tests/third_party_schedulers/build.sh
readonly THIRD_PARTY_OUT=build/third_party_schedulers

# A kernel module with faults on request, one for each kernel that tests load it into.
readonly FAULTS_SOURCE=tests/kernel_faults/build.sh
readonly FAULTS_OUT=build/kernel_faults
readonly FAULTS_KERNELS=(7 6.18)

usage() {
  cat <<'USAGE'
usage: ./dev.sh COMMAND [ARGUMENT...]

  setup            install what is missing to build and run (Debian 12, root); elsewhere say what is missing
  build            build everything into build/, programs in build/bin
  demo             setup, build, fetch a kernel, run an example scenario in it. Its first build compiles several files
                   at once; to edit afterwards: cmake -DKTSTR_UNITY=OFF build
  package          build, and make Debian packages of it in build/package (installs debhelper)
  docs             make a site of docs/ in build/docs, to be read from there or served (installs Sphinx)
  test [ARG...]    setup, build, fetch kernels and schedulers, build a kernel module, run all tests; ARGs go to ctest
                   (-R cgroup, -L unit)
  check [PART...]  what takes too long for each change, up to three hours; all parts, or the named:
                     tidy        clang-tidy over src/ (installs clang-tidy-14)
                     sanitizers  the unit tests with the address, undefined-behaviour and thread sanitizers
                     fuzz        each fuzz target for 20 seconds
                     kills       200 runs, in guests and on the host, killed at random moments; nothing is left
                     repeats     each work type: two runs of one seed are the same, another seed's is another
                     long        tests of guests that take minutes, as one with as many CPUs as there can be
                     races       `ktstr races` from 20 seeds must find a lost wake-up, and nothing in schedulers without a race
                     package     the Debian packages: lintian, and installed on a clean system, used and purged (root)
                     swaps       three schedulers swapped under load, 100 seeds on each kernel with sched_ext
                     healthy     every canned scenario with several seeds on every kernel with sched_ext, under EEVDF
                                 and scx_ktstr, must pass; words after it go to tests/campaigns/healthy.sh
  help             this text

Everything is incremental: a second call only does what has changed.
USAGE
}

fail() {
  printf 'dev.sh: %s\n' "$1" >&2
  shift
  if (($# > 0)); then printf '  %s\n' "$@" >&2; fi
  exit 1
}

say() { printf 'dev.sh: %s\n' "$*"; }

# step NAME FUNCTION [ARGUMENT...]: one line with what it took.
step() {
  local name=$1 started=$EPOCHREALTIME elapsed
  shift
  "$@"
  elapsed=$(((${EPOCHREALTIME/[.,]/} - ${started/[.,]/}) / 100000))
  printf 'dev.sh: %-12s %6d.%d s\n' "$name" $((elapsed / 10)) $((elapsed % 10))
}

# --- setup ---------------------------------------------------------------------------------------------------------

# version_at_least HAVE LEAST
version_at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

without_epoch() { printf '%s' "${1#*:}"; }

# The packages that dpkg does not have, or not new enough: "NAME LEAST PROBE" lines.
packages_missing_in_dpkg() {
  local -A have=()
  local name version status least probe
  local -a names
  mapfile -t names <<<"$(awk 'NF {print $1}' <<<"$PACKAGES")"
  while read -r name version status; do
    if [[ $status == installed ]]; then have[$name]=$version; fi
  done <<<"$(dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' "${names[@]}" 2>/dev/null || true)"
  while read -r name least probe; do
    if [[ -z $name ]]; then continue; fi
    version=${have[$name]:-}
    if [[ -n $version ]]; then
      if [[ $least == - ]] || version_at_least "$(without_epoch "$version")" "$least"; then continue; fi
    fi
    printf '%s %s %s\n' "$name" "$least" "$probe"
  done <<<"$PACKAGES"
}

# probe_succeeds LEAST PROBE: for what did not come as a package.
probe_succeeds() {
  local least=$1 kind=${2%%:*} what=${2#*:} version
  case $kind in
    command)
      command -v "$what" >/dev/null || return 1
      if [[ $least == - ]]; then return 0; fi
      version=$("$what" --version 2>/dev/null | grep -Eo '[0-9]+(\.[0-9]+)+' | head -n 1) || return 1
      version_at_least "$version" "$least"
      ;;
    module)
      if [[ $least == - ]]; then pkg-config --exists "$what" 2>/dev/null; else
        pkg-config --atleast-version="$least" "$what" 2>/dev/null
      fi
      ;;
    header) printf '#include <%s>\n' "$what" | g++ -std=c++20 -E -x c++ - >/dev/null 2>&1 ;;
  esac
}

# Reads "NAME LEAST PROBE" lines, writes those whose probe fails.
without_those_that_work() {
  local name least probe
  while read -r name least probe; do
    if [[ -z $name ]]; then continue; fi
    probe_succeeds "$least" "$probe" || printf '%s %s %s\n' "$name" "$least" "$probe"
  done
}

describe_missing() {
  local name least
  while read -r name least _; do
    if [[ -z $name ]]; then continue; fi
    if [[ $least == - ]]; then printf '%s\n' "$name"; else printf '%s (%s or later)\n' "$name" "$least"; fi
  done <<<"$1"
}

# run_quietly WHAT COMMAND...: its output is only of interest when it fails.
run_quietly() {
  local what=$1 log status=0
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    tail -n 40 "$log" >&2
    printf 'dev.sh: %s failed (status %d); its last lines are above\n' "$what" "$status" >&2
  fi
  rm -f "$log"
  return "$status"
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

apt_update() {
  local attempt
  for attempt in 1 2 3; do
    if run_quietly 'apt-get update' apt_get -o APT::Update::Error-Mode=any update; then return 0; fi
    if ((attempt < 3)); then
      say "trying again in $((attempt * 5)) s"
      sleep $((attempt * 5))
    fi
  done
  fail 'the package lists cannot be read' 'check the network, proxies and /etc/apt/sources.list'
}

codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"'; }

# Debian 12 has some packages new enough in bookworm-backports only. apt prefers nothing from there unless told so, so
# that the rest of the machine stays as it is. The mirror is the one that the machine uses already.
add_backports() {
  local suite=$1-backports configured mirror
  # apt-get expands $(RELEASE), not the shell.
  # shellcheck disable=SC2016
  configured=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages')
  if awk -v suite="$suite" '$1 == suite {found = 1} END {exit !found}' <<<"$configured"; then return 0; fi
  mirror=$(awk -v suite="$1" '$1 == suite {print $2; exit}' <<<"$configured")
  say "adding $suite to apt's sources (/etc/apt/sources.list.d/ktstr-backports.sources)"
  cat >/etc/apt/sources.list.d/ktstr-backports.sources <<SOURCES
Types: deb
URIs: ${mirror:-http://deb.debian.org/debian}
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
}

# candidate_is_enough NAME LEAST: whether what apt would install by itself is new enough.
candidate_is_enough() {
  local candidate
  if [[ $2 == - ]]; then return 0; fi
  candidate=$(apt-cache policy "$1" | awk '$1 == "Candidate:" {print $2}')
  [[ -n $candidate && $candidate != '(none)' ]] && version_at_least "$(without_epoch "$candidate")" "$2"
}

install_packages() {
  local missing=$1 release name least
  local -a usual=() backports=()
  release=$(codename)
  if [[ $release == bookworm ]]; then add_backports "$release"; fi
  say "installing: $(awk '{printf "%s%s", sep, $1; sep = " "}' <<<"$missing")"
  apt_update
  while read -r name least _; do
    if candidate_is_enough "$name" "$least"; then usual+=("$name"); else backports+=("$name"); fi
  done <<<"$missing"
  if ((${#usual[@]} > 0)); then install_from "$release" "${usual[@]}"; fi
  # Not NAME/SUITE: that takes the named package only from there, and QEMU comes in several.
  if ((${#backports[@]} > 0)); then install_from "$release-backports" -t "$release-backports" "${backports[@]}"; fi
}

install_from() {
  local suite=$1
  shift
  run_quietly "apt-get install ($suite)" apt_get install --no-install-recommends "$@" ||
    fail 'some packages cannot be installed' 'what apt says is above; Debian 12 has all of them'
}

setup() {
  local missing
  if command -v dpkg-query >/dev/null; then
    missing=$(packages_missing_in_dpkg)
    if [[ -z $missing ]]; then return 0; fi
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
      install_packages "$missing"
      missing=$(packages_missing_in_dpkg)
    fi
  else
    missing=$(awk 'NF' <<<"$PACKAGES")
  fi
  if [[ -n $missing ]]; then missing=$(without_those_that_work <<<"$missing"); fi
  if [[ -z $missing ]]; then return 0; fi
  local -a lines
  mapfile -t lines <<<"$(describe_missing "$missing")"
  if command -v apt-get >/dev/null; then
    lines+=('Run "./dev.sh setup" as root on Debian 12 to have them installed.')
  else
    lines+=('These are the names of Debian packages: install what your system calls them.')
  fi
  fail 'missing to build and run:' "${lines[@]}"
}

# --- build, kernels, schedulers ------------------------------------------------------------------------------------

configure=(cmake --preset dev)

# For a build directory that is made now, for somebody who does not edit: several files at once take half of the time.
compile_several_files_at_once() {
  if [[ ! -f build/build.ninja ]]; then configure+=(-DKTSTR_UNITY=ON); fi
}

# build [TARGET...]: everything where none is named.
build() {
  # ninja runs cmake again when a CMakeLists.txt changes, but does not know of the presets.
  if [[ ! -f build/build.ninja || CMakePresets.json -nt build/build.ninja ]]; then
    run_quietly 'cmake' "${configure[@]}" || fail 'the build cannot be configured' 'is "./dev.sh setup" done?'
  fi
  if ninja -C build -n "$@" 2>/dev/null | grep -q 'no work to do'; then return 0; fi
  if [[ -t 1 ]]; then ninja -C build "$@"; else ninja -C build --quiet "$@"; fi
}

has_kernel_with_sched_ext() { build/bin/ktstr kernel list --json | grep -q '"sched_ext": true'; }

demo_kernel() {
  if [[ -n ${KTSTR_KERNEL:-} ]] || has_kernel_with_sched_ext; then return 0; fi
  build/bin/ktstr kernel fetch
}

test_kernels() {
  local version image
  for version in "${TEST_KERNELS[@]}"; do
    # A damaged kernel in the cache counts as missing, and so does one without modules; fetching replaces it.
    image=$(build/bin/ktstr kernel path "$version" 2>/dev/null) || image=
    if [[ -z $image || ! -d ${image%/*}/modules ]]; then build/bin/ktstr kernel fetch "$version"; fi
  done
}

third_party_schedulers() {
  if [[ ! -e $THIRD_PARTY_SOURCE ]]; then return 0; fi
  "$THIRD_PARTY_SOURCE" "$THIRD_PARTY_OUT" --vmlinux "$(build/bin/ktstr kernel path "${TEST_KERNELS[0]}")"
}

kernel_faults() {
  local version
  if [[ ! -e $FAULTS_SOURCE ]]; then return 0; fi
  for version in "${FAULTS_KERNELS[@]}"; do
    "$FAULTS_SOURCE" "$FAULTS_OUT/$version" --vmlinux "$(build/bin/ktstr kernel path "$version")"
  done
}

# What this machine can do, so that in CI a skip of such a test is a failure.
machine_can() {
  local can=vm
  if ((EUID == 0)) && [[ -w /sys/fs/cgroup/cgroup.procs ]]; then can+=,root; fi
  printf '%s' "$can"
}

# --- commands ------------------------------------------------------------------------------------------------------

demo() {
  compile_several_files_at_once
  step setup setup
  step build build ktstr ktstr-agent scx_ktstr
  step kernel demo_kernel
  build/bin/ktstr run examples/two_cgroups.toml --scheduler build/bin/scx_ktstr --topology 1n2l2c1t
}

run_tests() {
  if [[ ${CI:-} == true ]]; then compile_several_files_at_once; fi
  step setup setup
  step build build
  step kernels test_kernels
  step schedulers third_party_schedulers
  step module kernel_faults
  if [[ ${CI:-} == true && -z ${KTSTR_REQUIRE:-} ]]; then
    KTSTR_REQUIRE=$(machine_can)
    export KTSTR_REQUIRE
    # Else the tests of the page, of the packages and of the site would be skipped.
    if ((EUID == 0)); then
      step tools need_packages chromium fonts-dejavu-core debhelper python3-sphinx python3-myst-parser furo
    fi
    say "no test may be skipped for want of: $KTSTR_REQUIRE"
  fi
  # Three at a time: two leave a machine of two CPUs idle now and then.
  exec ctest --test-dir build --output-on-failure -j3 "$@"
}

# need_packages PACKAGE...: for one command only, and so no part of setup.
need_packages() {
  local name
  local -a missing=()
  for name in "$@"; do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) != installed ]]; then missing+=("$name"); fi
  done
  if ((${#missing[@]} == 0)); then return 0; fi
  say "installing: ${missing[*]}"
  run_quietly 'apt-get install' apt_get install --no-install-recommends "${missing[@]}" ||
    fail "cannot be installed: ${missing[*]}" 'Debian 12 has them; it takes root'
}

package() {
  compile_several_files_at_once
  step setup setup
  need_packages debhelper
  # What is installed, with all that a test program links.
  step build build ktstr ktstr-agent ktstr_turns scx_ktstr scx_load first_test
  step package packaging/build.sh build build/package
  say "made: $(echo build/package/*.deb)"
}

docs() {
  need_packages python3-sphinx python3-myst-parser furo
  step site docs/site/build.sh build/docs
  say "made: build/docs/index.html"
}

check_package() {
  package
  need_packages lintian mmdebstrap
  run_quietly lintian lintian --fail-on error --allow-root build/package/*.deb
  tests/package/chroot.sh build/package
}

check_tidy() {
  if ! command -v clang-tidy-14 >/dev/null; then need_packages clang-tidy-14; fi
  # clang reads none of GCC's precompiled headers.
  run_quietly 'cmake (tidy)' cmake --preset dev -B build-tidy -DKTSTR_PCH=OFF -DKTSTR_TESTS=OFF
  git ls-files 'src/*.cpp' | grep -v -e '_test\.cpp$' -e /testing/ -e /static/ -e /fixture/ |
    xargs -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p build-tidy 2> >(grep -v ' warnings\? generated' >&2)
}

# sanitized PRESET: the unit tests of such a build.
sanitized() {
  run_quietly "cmake ($1)" cmake --preset "$1"
  ninja -C "build-$1" --quiet
  ctest --preset "$1" --output-on-failure
}

check_sanitizers() {
  sanitized asan
  sanitized tsan
}

check_fuzz() {
  local target
  run_quietly 'cmake (fuzz)' cmake --preset fuzz -DKTSTR_TESTS=OFF
  ninja -C build-fuzz --quiet
  for target in build-fuzz/bin/fuzz_*; do
    run_quietly "${target##*/}" "$target" -max_total_time=20 -artifact_prefix=build-fuzz/
    say "${target##*/}: nothing found"
  done
}

check_long() {
  step build build vm_test docs_test
  step kernels test_kernels
  build/test/vm_test --gtest_filter='Long*'
  build/test/docs_test --gtest_filter='*/Long*'
}

check_kills() {
  step build build ktstr ktstr-agent scx_ktstr
  step kernels test_kernels
  tests/campaigns/kills.sh build/bin/ktstr
}

check_repeats() {
  step build build ktstr ktstr-agent scx_ktstr
  step kernels test_kernels
  tests/campaigns/repeats.sh build/bin/ktstr
}

check_races() {
  step build build ktstr ktstr-agent scx_ktstr racy_schedulers
  step kernels test_kernels
  tests/campaigns/races.py build/bin/ktstr
  bench/races/yardstick.py build/bin/ktstr build/bench/races --starts 1 --policies none
}

check_swaps() {
  step build build ktstr ktstr-agent scx_ktstr
  step kernels test_kernels
  step schedulers third_party_schedulers
  local of=$PWD/$THIRD_PARTY_OUT
  # scx_qmap of a 7.x kernel's tools takes no older kernel.
  tests/campaigns/swaps.sh build/bin/ktstr "$of/scx_simple" "$of/scx_qmap" scx_ktstr --kernel 7
  tests/campaigns/swaps.sh build/bin/ktstr "$of/scx_simple" "$of/scx_central" scx_ktstr --kernel 6.18
}

check_healthy() {
  step build build ktstr ktstr-agent scx_ktstr
  step kernels test_kernels
  local version
  local -a kernels=()
  for version in "${TEST_KERNELS_WITH_SCHED_EXT[@]}"; do kernels+=(--kernel "$version"); done
  tests/campaigns/healthy.sh build/bin/ktstr "${kernels[@]}" "$@"
}

check() {
  local part
  step setup setup
  if [[ ${1:-} == healthy ]]; then
    shift
    check_healthy "$@"
    return
  fi
  if (($# == 0)); then set -- tidy sanitizers fuzz kills repeats long package races swaps healthy; fi
  for part in "$@"; do
    case $part in
      tidy | sanitizers | fuzz | kills | repeats | long | package | races | swaps | healthy) step "$part" "check_$part" ;;
      *) fail "there is no part '$part' of check" 'its parts: tidy, sanitizers, fuzz, kills, repeats, long, package, races, swaps, healthy' ;;
    esac
  done
}

cd "$(dirname "${BASH_SOURCE[0]}")"
case ${1:-help} in
  setup) step setup setup ;;
  build) step build build ;;
  demo) demo ;;
  package) package ;;
  docs) docs ;;
  test)
    shift
    run_tests "$@"
    ;;
  check)
    shift
    check "$@"
    ;;
  help | -h | --help) usage ;;
  *)
    usage >&2
    fail "unknown command '$1'"
    ;;
esac
