#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# chroot.sh DIRECTORY: the packages in DIRECTORY as somebody meets them who has nothing of ktstr. Makes a system of
# this machine's release from its own mirror, installs ktstr with one apt command, runs scenarios as a user who may
# nothing, builds a test program with ktstr-dev, and purges both. Needs root, mmdebstrap and the network; takes some
# minutes and 2 GiB of /var/tmp. Mounts and processes are in namespaces of their own and end with this script.
set -euo pipefail

fail() {
  printf 'chroot.sh: %s\n' "$*" >&2
  exit 1
}
say() { printf 'chroot.sh: %s\n' "$*"; }

if [[ ${KTSTR_IN_NAMESPACES:-} != yes ]]; then
  ((EUID == 0)) || fail 'needs root, for a chroot'
  for tool in mmdebstrap unshare; do command -v "$tool" >/dev/null || fail "needs $tool: apt install $tool"; done
  work=$(mktemp -d /var/tmp/ktstr-package.XXXXXX)
  # The mounts are in the namespace alone: what is removed here is nothing but files, again while processes end there.
  remove() {
    for _ in {1..50}; do
      if rm -rf --one-file-system "$work" 2>/dev/null; then return; fi
      sleep 0.2
    done
    fail "$work cannot be removed"
  }
  trap remove EXIT
  # unshare minds no other signal while it waits; all processes of the namespace end with it (--kill-child).
  trap 'kill -KILL "$child" 2>/dev/null; exit 130' INT TERM HUP
  KTSTR_IN_NAMESPACES=yes unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
    "$(realpath "$0")" "$(realpath "$1")" "$work" &
  child=$!
  wait "$child"
  exit
fi

packages=$1
root=$2/root
user=1234

# --- a clean system ------------------------------------------------------------------------------------------------

release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# apt-get expands $(RELEASE), not the shell.
# shellcheck disable=SC2016
mirror_of() {
  apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite="$1" '$1 == suite {print $2; exit}'
}
mirror=$(mirror_of "$release")
[[ -n $mirror ]] || fail "apt has no source for $release"
backports=$(mirror_of "$release-backports")
signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
printf 'deb %s %s %s main\n' "$signed" "$mirror" "$release" \
  "$signed" "${backports:-$mirror}" "$release-backports" >"$2/sources"
# How this machine reaches the network.
apt-config dump | grep '^Acquire::' | grep -v -e '^Acquire::IndexTargets' -e '^Acquire::Languages' >"$2/network" || true

say "making a system of $release"
mmdebstrap --quiet --mode=root --variant=apt --include=debian-archive-keyring --aptopt="$2/network" \
  --skip=cleanup/apt/lists "$release" "$root" - <"$2/sources"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cat >"$root/etc/apt/apt.conf.d/99test" <<'APT'
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT

mkdir -p "$root"/{proc,sys,dev/shm,tmp}
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"

as_root() {
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}
as_user() {
  chroot --userspec=$user:$user "$root" /usr/bin/env -i -C /home/tester HOME=/home/tester PATH=/usr/bin:/bin \
    LC_ALL=C.UTF-8 "$@"
}
printf 'tester:x:%s:%s::/home/tester:/bin/sh\n' $user $user >>"$root/etc/passwd"
mkdir "$root/home/tester"
chown $user:$user "$root/home/tester"

# quietly WHAT COMMAND...: its output is only of interest when it fails.
quietly() {
  local what=$1
  shift
  "$@" >"$root/../log" 2>&1 || { tail -n 40 "$root/../log" >&2; fail "$what failed; its last lines are above"; }
}
files_of_system() {
  (cd "$root" && find . -xdev \( -path ./home/tester -o -path ./root \) -prune -o -path '*ktstr*' -print)
}

# --- what a user does ----------------------------------------------------------------------------------------------

cp "$packages"/ktstr_*.deb "$packages"/ktstr-dev_*.deb "$root/root/"
[[ -z $(files_of_system) ]] || fail "there is something of ktstr before it is installed"

say 'apt install ./ktstr_*.deb'
quietly 'apt install' as_root sh -c "cd /root && apt-get -q -y -t $release-backports install ./ktstr_*.deb"

[[ -n $(files_of_system) ]] || fail "what is of ktstr in the system is not found"
say 'ktstr doctor'
as_user ktstr doctor || true
say 'ktstr run :steady'
as_user ktstr run :steady
say 'ktstr run with the fixture scheduler'
as_user sh -ec 'cd /usr/share/doc/ktstr && ktstr run examples/two_cgroups.toml --scheduler scx_ktstr --mode det'
as_user ktstr doctor >"$2/doctor" || fail "ktstr doctor finds something missing: $(cat "$2/doctor")"
for file in ktstr-agent ktstr-turns.so; do
  grep -q "^ok .*/usr/libexec/ktstr/$file" "$2/doctor" || fail "ktstr does not use its $file: $(cat "$2/doctor")"
done

say 'apt install ./ktstr-dev_*.deb'
quietly 'apt install' as_root sh -c "cd /root && apt-get -q -y -t $release-backports install ./ktstr-dev_*.deb"
cp -r "$(dirname "$0")/../install/consumer" "$root/home/tester/project"
chown -R $user:$user "$root/home/tester/project"
say 'a test program of somebody else'
quietly 'the build of a test program' as_user sh -ec 'cd project && cmake -S . -B build && cmake --build build'
as_user project/build/consumer_tests

say 'apt purge'
quietly 'apt purge' as_root apt-get -q -y purge ktstr ktstr-dev
left=$(files_of_system | grep -v '^./var/log/' || true)
[[ -z $left ]] || fail "left after the purge: $left"
if as_root dpkg-query -W ktstr ktstr-dev >"$2/known" 2>/dev/null; then fail "dpkg still knows: $(cat "$2/known")"; fi
say 'nothing is left'
