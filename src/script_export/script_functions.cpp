// SPDX-License-Identifier: Apache-2.0
#include "script_export/script_functions.h"

namespace ktstr {

namespace {

constexpr std::string_view kFunctions = R"bash(
set -u
me=${0##*/}
declare -a groups=() undo_files=() undo_values=()
declare -A workers=() payloads=() payload_groups=()
base='' outside='' end='' now='' scheduler_pid='' pending=0 step_groups=0 step_undo=0 enabled=''

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

clock() { # microseconds, in $now
  now=${EPOCHREALTIME/[.,]/}
}
nap() { # microseconds, without a process
  local seconds
  (($1 > 0)) || return 0
  printf -v seconds '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
  read -r -t "$seconds" -u "$never"
  return 0
}
hold() { # microseconds, but not beyond the scenario's end; the first one releases the workers
  local left=$1
  release
  clock
  [[ -n $end ]] || end=$((now + duration))
  ((end - now < left)) && left=$((end - now))
  nap "$left"
}
is_over() {
  clock
  [[ -n $end ]] && ((now >= end))
}

# --- cgroups
put() { # cgroup file value
  { printf '%s\n' "$3" >"$base/$1/$2"; } 2>/dev/null || die "cannot write '$3' into $base/$1/$2"
}
make_base() { # controller...
  local mount='' point kind rest controller
  while read -r _ point kind rest; do
    [[ $kind == cgroup2 ]] && mount=$point && break
  done </proc/mounts
  [[ -n $mount ]] || die 'no cgroup2 is mounted: mount -t cgroup2 none /sys/fs/cgroup'
  base=${KTSTR_CGROUP:-$mount}/ktstr-export-$$
  for controller; do
    [[ " $(<"${base%/*}/cgroup.controllers") " == *" $controller "* ]] ||
      die "${base%/*} has no controller '$controller'"
    [[ " $(<"${base%/*}/cgroup.subtree_control") " == *" $controller "* ]] && continue
    { printf '+%s\n' "$controller" >"${base%/*}/cgroup.subtree_control"; } 2>/dev/null ||
      die "cannot enable '$controller' in ${base%/*}"
    enabled+=" $controller"
  done
  mkdir "$base" || die 'needs root'
}
enable_in() { # cgroup controller...
  local group=$1 controller
  shift
  for controller; do put "$group" cgroup.subtree_control "+$controller"; done
}
make_group() {
  mkdir "$base/$1" || die "cannot make the cgroup $1"
  groups+=("$1")
  workers[$1]=''
}
empty_group() { # kills all that is in it, and waits
  local pid try name
  { printf '1\n' >"$base/$1/cgroup.kill"; } 2>/dev/null
  { printf '0\n' >"$base/$1/cgroup.freeze"; } 2>/dev/null
  for pid in ${workers[$1]-}; do
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  workers[$1]=''
  for name in "${!payloads[@]}"; do
    [[ ${payload_groups[$name]} == "$1" ]] && end_payload "$name"
  done
  for ((try = 0; try < 500; try++)); do
    [[ $(<"$base/$1/cgroup.events") == *'populated 0'* ]] && return 0
    nap 10000
  done
  say "something in $base/$1 does not end"
}
remove_group() {
  local left=() group
  for group in "${groups[@]}"; do [[ $group != "$1" ]] && left+=("$group"); done
  groups=(${left[@]+"${left[@]}"})
  empty_group "$1"
  rmdir "$base/$1" || say "cannot remove $base/$1"
}
move_all() { # from to
  local pid
  while read -r pid; do { printf '%s\n' "$pid" >"$base/$2/cgroup.procs"; } 2>/dev/null; done <"$base/$1/cgroup.procs"
  workers[$2]+=" ${workers[$1]-}"
  workers[$1]=''
}
swap_cpusets() {
  local a b
  a=$(<"$base/$1/cpuset.cpus") b=$(<"$base/$2/cpuset.cpus")
  put "$1" cpuset.cpus "$b"
  put "$2" cpuset.cpus "$a"
}
clear_cpuset() { # a kernel that refuses the empty one gets what would be inherited
  { printf '\n' >"$base/$1/cpuset.cpus"; } 2>/dev/null ||
    put "$1" cpuset.cpus "$(<"$base/$1/../cpuset.cpus.effective")"
}
place_outside() { # where workers are that belong to no cgroup of the scenario
  [[ -n $outside ]] || { outside=ktstr-outside && make_group "$outside"; }
}

# --- workers: processes that wait at a gate until they are released together
worker() {
  read -r -u "$gate"
  "$@"
}
spawn() { # cgroup count [attribute=value]... -- function [parameter]...
  local group=$1 count=$2 nice='' cpus='' policy='' clamps='' slack='' comm='' i pid masks=() words=()
  shift 2
  while [[ $1 != -- ]]; do
    local "$1"
    shift
  done
  shift
  IFS=';' read -ra masks <<<"$cpus"
  read -ra words <<<"$policy"
  for ((i = 0; i < count; i++)); do
    comm=$comm worker "$@" &
    pid=$!
    put "$group" cgroup.procs "$pid"
    [[ -z $nice ]] || renice -n "$nice" -p "$pid" >/dev/null || die "cannot set a nice value of $nice"
    [[ -z $cpus ]] || taskset -pc "${masks[i % ${#masks[@]}]}" "$pid" >/dev/null || die "cannot pin a worker to $cpus"
    [[ -z $policy ]] || chrt "${words[@]:0:${#words[@]}-1}" -p "${words[-1]}" "$pid" || die "cannot set $policy"
    [[ -z $clamps ]] || uclampset -m "${clamps%:*}" -M "${clamps#*:}" -p "$pid" >/dev/null || die "cannot set the clamps"
    [[ -z $slack ]] || printf '%s\n' "$slack" >"/proc/$pid/timerslack_ns" || die 'cannot set the timer slack'
    workers[$group]+=" $pid"
    ((pending += 1))
  done
}
release() {
  while ((pending > 0)); do
    printf '\n' >&"$gate"
    ((pending -= 1))
  done
}
renice_all() { # cgroup nice
  local pid
  for pid in ${workers[$1]}; do renice -n "$2" -p "$pid" >/dev/null || die "cannot set a nice value of $2"; done
}
set_policy() { # cgroup word...
  local group=$1 pid
  shift
  for pid in ${workers[$group]}; do chrt "${@:1:$#-1}" -p "${*: -1}" "$pid" || die "cannot set the policy $*"; done
}
set_clamps() { # cgroup min max
  local pid
  for pid in ${workers[$1]}; do uclampset -m "$2" -M "$3" -p "$pid" >/dev/null || die 'cannot set the clamps'; done
}
pin_all() { # cgroup mask...
  local group=$1 pid i=0
  shift
  local masks=("$@")
  for pid in ${workers[$group]}; do
    taskset -pc "${masks[i++ % ${#masks[@]}]}" "$pid" >/dev/null || die "cannot pin the workers of $group"
  done
}
signal_storm() { # cgroup count microseconds
  local i pid
  for ((i = 0; i < $2; i++)); do
    for pid in ${workers[$1]}; do kill -STOP "$pid" 2>/dev/null; done
    nap $(($3 / 2))
    for pid in ${workers[$1]}; do kill -CONT "$pid" 2>/dev/null; done
    nap $(($3 - $3 / 2))
  done
}

# --- what workers do
name_it() { [[ -z $comm ]] || printf '%s' "$comm" >"/proc/$BASHPID/comm"; }
work_spin() {
  name_it
  while :; do :; done
}
spin_for() { # microseconds
  local until
  clock
  until=$((now + $1))
  while clock && ((now < until)); do :; done
}
work_phases() { # spin:MICROSECONDS or sleep:MICROSECONDS, over and over
  local phase
  name_it
  while :; do
    for phase; do
      if [[ $phase == spin:* ]]; then spin_for "${phase#*:}"; else nap "${phase#*:}"; fi
    done
  done
}
work_periodic() { # run period phase, in microseconds
  local next
  name_it
  nap "$3"
  clock
  next=$now
  while :; do
    spin_for "$1"
    next=$((next + $2))
    clock
    nap $((next - now))
  done
}
work_stress() { # words of stress-ng
  if [[ -z $(type -P stress-ng) ]]; then
    say "stress-ng is not installed: a busy loop stands for 'stress-ng $*'"
    work_spin
  fi
  exec stress-ng --quiet "$@"
}

# --- payloads
run_payload() { # name cgroup program [word]...
  local name=$1 group=$2 pid
  shift 2
  "$@" &
  pid=$!
  put "$group" cgroup.procs "$pid"
  payloads[$name]=$pid
  payload_groups[$name]=$group
}
wait_payload() { # name microseconds, 0: without a limit
  local until
  clock
  until=$((now + $2))
  while kill -0 "${payloads[$1]}" 2>/dev/null; do
    nap 10000
    clock
    (($2 == 0 || now < until)) || die "payload $1 has not ended"
  done
  end_payload "$1"
}
end_payload() {
  kill -KILL "${payloads[$1]}" 2>/dev/null
  wait "${payloads[$1]}" 2>/dev/null
  unset "payloads[$1]" "payload_groups[$1]"
}

# --- the machine
change() { # file value; put back at the end of the step
  local before
  before=$(<"$1") || die "$1 is not there"
  undo_files+=("$1") undo_values+=("$before")
  { printf '%s\n' "$2" >"$1"; } 2>/dev/null || die "cannot write '$2' into $1"
}
undo_to() {
  local i
  for ((i = ${#undo_files[@]} - 1; i >= $1; i--)); do
    { printf '%s\n' "${undo_values[i]}" >"${undo_files[i]}"; } 2>/dev/null || say "cannot put back ${undo_files[i]}"
    unset "undo_files[$i]" "undo_values[$i]"
  done
}

# --- the scheduler
scheduler_state() {
  [[ -r /sys/kernel/sched_ext/state ]] || die 'this kernel has no sched_ext'
  printf '%s' "$(</sys/kernel/sched_ext/state)"
}
start_scheduler() { # program [word]...
  local try
  [[ $(scheduler_state) == disabled ]] || die 'another sched_ext scheduler is loaded'
  "$@" &
  scheduler_pid=$!
  for ((try = 0; try < 2000; try++)); do
    [[ $(scheduler_state) == enabled ]] && return 0
    kill -0 "$scheduler_pid" 2>/dev/null || die "the scheduler has ended: $*"
    nap 10000
  done
  die "the scheduler is not enabled after 20 s: $*"
}
stop_scheduler() {
  local try
  [[ -n $scheduler_pid ]] || return 0
  kill -INT "$scheduler_pid" 2>/dev/null
  for ((try = 0; try < 500; try++)); do
    kill -0 "$scheduler_pid" 2>/dev/null || break
    nap 10000
  done
  kill -KILL "$scheduler_pid" 2>/dev/null
  wait "$scheduler_pid" 2>/dev/null
  scheduler_pid=''
}

# --- steps
begin_step() { # what
  say "$*"
  step_groups=${#groups[@]}
  step_undo=${#undo_files[@]}
}
end_step() {
  while ((${#groups[@]} > step_groups)); do remove_group "${groups[-1]}"; done
  [[ " ${groups[*]-} " == *" $outside "* ]] || outside=''
  undo_to "$step_undo"
}
clean_up() {
  local controller
  undo_to 0
  while ((${#groups[@]} > 0)); do remove_group "${groups[-1]}"; done
  stop_scheduler
  [[ -z $base || ! -d $base ]] || rmdir "$base" || say "cannot remove $base"
  for controller in $enabled; do
    { printf -- '-%s\n' "$controller" >"${base%/*}/cgroup.subtree_control"; } 2>/dev/null ||
      say "cannot disable '$controller' in ${base%/*} again"
  done
  base='' outside='' enabled=''
}
at_exit() {
  trap '' INT TERM HUP
  clean_up
}

[[ $BASH_VERSION == [5-9].* || $BASH_VERSION == [1-9][0-9].* ]] || die 'needs bash 5'
((EUID == 0)) || die 'needs root'
exec {never}<> <(:) {gate}<> <(:) || die 'needs /dev/fd'
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
)bash";

}  // namespace

std::string_view script_functions() { return kFunctions; }

}  // namespace ktstr
