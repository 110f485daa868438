#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check_deb.sh BUILD OUT: the packages of what is built in BUILD, made in OUT and looked into. What they are like on a
# clean system is for chroot.sh. Exits with 77 where debhelper is missing.
set -euo pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
build=$1
out=$(realpath -m "$2")

if ! command -v dh >/dev/null; then
  printf 'check_deb.sh: SKIPPED: needs debhelper\n' >&2
  exit 77
fi

failed=0
complain() {
  printf 'check_deb.sh: %s\n' "$*" >&2
  failed=1
}
expect() {
  local what=$1
  shift
  "$@" || complain "$what"
}

"$here/../../packaging/build.sh" "$build" "$out" --fast
ktstr=$(echo "$out"/ktstr_*_amd64.deb)
dev=$(echo "$out"/ktstr-dev_*_amd64.deb)
root=$out/root
mkdir "$root"
dpkg-deb -x "$ktstr" "$root"
for file in bin/ktstr bin/scx_ktstr libexec/ktstr/{ktstr-agent,ktstr-turns.so,scx_load} \
  share/doc/ktstr/{copyright,changelog.gz,changelog.Debian.gz,README.md,examples/two_cgroups.toml} \
  share/doc/ktstr/docs/guide/getting-started.md; do
  expect "ktstr has no /usr/$file" test -f "$root/usr/$file"
done
expect 'ktstr has what is for ktstr-dev' test ! -e "$root/usr/include"
dpkg-deb -x "$dev" "$root"
for file in include/ktstr/{ktstr.h,detail/base/result.h} lib/cmake/ktstr/ktstrConfig.cmake lib/ktstr/libktstr_main.a; do
  expect "ktstr-dev has no /usr/$file" test -f "$root/usr/$file"
done

field() { dpkg-deb -f "$1" "$2"; }
depends=$(field "$ktstr" Depends)
for name in 'qemu-system-x86 (>= 1:8.1)' 'apt' 'debian-archive-keyring' 'libbpf1 (>= ' 'libfmt' 'libc6 (>= '; do
  expect "ktstr does not depend on $name: $depends" grep -qF "$name" <<<"$depends"
done
expect 'ktstr-dev does not depend on its ktstr' grep -qF "ktstr (= $(field "$ktstr" Version))" <<<"$(field "$dev" Depends)"

# Programs find what belongs to them where they are, from any directory.
doctor=$(env -C / -i HOME="$root" PATH=/usr/bin:/bin "$root/usr/bin/ktstr" doctor || true)
for file in ktstr-agent ktstr-turns.so; do
  expect "ktstr does not find the $file of the package: $doctor" grep -q "^ok .*$root/usr/libexec/ktstr/$file" <<<"$doctor"
done
for program in "$root"/usr/bin/ktstr "$root"/usr/libexec/ktstr/*; do
  if readelf -S -W "$program" | grep -q '\.debug_info'; then complain "$program has debug information"; fi
done

# The backquotes are Markdown's.
# shellcheck disable=SC2016
links() { sed '/^ *```/,/^ *```/d' "$1" | grep -o '](\(\.\|/\|[a-z]\)[^) #]*[)#]' | sed 's/^](//; s/.$//'; }
while read -r page; do
  if grep -q 'build/bin/' "$page"; then complain "$page names build/bin/"; fi
  while read -r target; do
    case $target in
      '' | *://*) ;;
      /*) expect "$page: no $target" test -e "$root$target" ;;
      *) expect "$page: no $target" test -e "$(dirname "$page")/$target" ;;
    esac
  done < <(links "$page")
done < <(find "$root/usr/share/doc/ktstr" -name '*.md')

rm -rf "$root"
exit "$failed"
