#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# build.sh BUILD OUT [--fast]: Debian packages of what is built in BUILD, as OUT/ktstr_*.deb and OUT/ktstr-dev_*.deb.
# What was in OUT before goes. --fast: hardly compressed, for a test that looks into them.
set -euo pipefail

build=$(realpath "$1")
out=$(realpath -m "$2")
source=$(dirname "$(dirname "$(realpath "${BASH_SOURCE[0]}")")")
compression=-Zxz
if [[ ${3:-} == --fast ]]; then compression="-Zgzip -z1"; fi

# A version between two releases is older than the next one and names its commit.
released=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
version=$released
when=@${SOURCE_DATE_EPOCH:-$(stat -c %Y "$source/CHANGELOG.md")}
if git -C "$source" rev-parse --verify --quiet HEAD >/dev/null; then
  if [[ $(git -C "$source" tag --points-at HEAD) != "v$released" ]]; then
    version+="~git$(TZ=UTC git -C "$source" log -1 --format=%cd.%h --date=format-local:%Y%m%d)"
  fi
  when=@$(git -C "$source" log -1 --format=%ct)
fi

tree=$out/tree
rm -rf "$out"
mkdir -p "$tree"
cp -r "$source/packaging/debian" "$tree/debian"
maintainer=$(sed -n 's/^Maintainer: //p' "$tree/debian/control")
cat >"$tree/debian/changelog" <<CHANGELOG
ktstr ($version-1) unstable; urgency=medium

  * What is new is in changelog.gz.

 -- $maintainer  $(LC_ALL=C date -u -R -d "$when")
CHANGELOG

cd "$tree"
export KTSTR_BUILD=$build KTSTR_SOURCE=$source KTSTR_OUT=$out KTSTR_COMPRESSION=$compression
if ! debian/rules binary >"$out/log" 2>&1; then
  tail -n 40 "$out/log" >&2
  printf 'build.sh: the packages cannot be built; the last lines are above, all are in %s\n' "$out/log" >&2
  exit 1
fi
cd "$out"
rm -rf "$tree"
