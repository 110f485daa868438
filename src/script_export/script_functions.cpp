// SPDX-License-Identifier: Apache-2.0
#include "script_export/script_functions.h"

namespace ktstr {

namespace {

constexpr std::string_view kFunctions = R"bash(
set -u
me=${0##*/}
declare -a groups=() undo_files=() undo_values=() processes=() tasks=() owners=() seen=(0)
declare -A workers=() payloads=() payload_groups=()
base='' outside='' end='' now='' scheduler_pid='' running='' pending=0 step_groups=0 step_undo=0 enabled=''
interrupted=0

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() {
  go_on # what failed may be what the signal ended
  say "$*"
  exit 1
}

# A signal is noted, and a nap ends: a trap that exits could do so between a deed and its note.
interrupt() { # exit status
  interrupted=$1
  printf '\n' >&"$naps"
}
go_on() {
  ((interrupted == 0)) || exit "$interrupted"
}

clock() { # microseconds, in $now
  now=${EPOCHREALTIME/[.,]/}
}
nap() { # microseconds, without a process
  local seconds
  (($1 > 0)) || return 0
  printf -v seconds '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
  go_on
  read -r -t "$seconds" -u "$naps"
  go_on
}
hold() { # microseconds, but not beyond the scenario's end
  local until
  release
  clock
  [[ -n $end ]] || end=$((now + duration))
  until=$((now + $1 < end ? now + $1 : end))
  go_on
  while ((now < until)); do
    # A scheduler is looked at every second.
    nap $((until - now > 1000000 && scheduler_pid > 0 ? 1000000 : until - now))
    check_scheduler
    clock
  done
  check_scheduler
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
  local within=${KTSTR_CGROUP:-$mount}
  within=${within%/}
  [[ -d $within ]] || die "KTSTR_CGROUP names no directory: $within; make that cgroup, or unset KTSTR_CGROUP"
  [[ -e $within/cgroup.controllers ]] || die "KTSTR_CGROUP names no cgroup of cgroup v2: $within; one below $mount is"
  [[ ! -e $within/ktstr-export-$$ ]] ||
    die "$within/ktstr-export-$$ is there already, of a script that was killed: rmdir it and what is in it"
  base=$within/ktstr-export-$$
  for controller; do
    [[ " $(<"${base%/*}/cgroup.controllers") " == *" $controller "* ]] ||
      die "${base%/*} has no controller '$controller'"
    [[ " $(<"${base%/*}/cgroup.subtree_control") " == *" $controller "* ]] && continue
    { printf '+%s\n' "$controller" >"${base%/*}/cgroup.subtree_control"; } 2>/dev/null ||
      die "cannot enable '$controller' in ${base%/*}"
    enabled+=" $controller"
  done
  mkdir "$base" || die "cannot make a cgroup in ${base%/*}: needs the right to write there"
}
enable_in() { # cgroup controller...
  local group=$1 controller
  shift
  for controller; do put "$group" cgroup.subtree_control "+$controller"; done
}
make_group() {
  groups+=("$1")
  workers[$1]=''
  mkdir "$base/$1" || die "cannot make the cgroup $1"
}
empty_group() { # kills all that is in it, and waits
  local pid try name
  [[ -d $base/$1 ]] || return 0
  { printf '1\n' >"$base/$1/cgroup.kill"; } 2>/dev/null
  { printf '0\n' >"$base/$1/cgroup.freeze"; } 2>/dev/null
  for pid in ${workers[$1]-}; do kill -KILL "$pid" 2>/dev/null; done
  workers[$1]=''
  for name in "${!payloads[@]}"; do
    [[ ${payload_groups[$name]} == "$1" ]] && end_payload "$name"
  done
  for ((try = 0; try < 500; try++)); do
    [[ $(<"$base/$1/cgroup.events") == *'populated 0'* ]] && return 0
    while read -r pid; do kill -KILL "$pid" 2>/dev/null; done <"$base/$1/cgroup.procs"
    nap 10000
  done
  say "something in $base/$1 does not end"
}
remove_group() { # known until it is gone: who is interrupted here does it again
  local left=() group
  empty_group "$1"
  [[ ! -d $base/$1 ]] || rmdir "$base/$1" || { go_on && say "cannot remove $base/$1"; }
  for group in "${groups[@]}"; do [[ $group != "$1" ]] && left+=("$group"); done
  groups=(${left[@]+"${left[@]}"})
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
  naps=$never
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
    disown "$pid" 2>/dev/null # bash would report how it ended
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
# Of a cgroup's workers and their children, but not of its payloads: $processes, $tasks (threads) and $owners, the
# number of each task's worker.
tasks_of() { # cgroup
  local pid up stat task i=0
  local -A parents=() number=()
  processes=() tasks=() owners=()
  for pid in ${workers[$1]-}; do number[$pid]=$((i++)); done
  while read -r pid; do
    { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
    stat=${stat##*) }
    stat=${stat#* }
    parents[$pid]=${stat%% *}
  done <"$base/$1/cgroup.procs"
  for pid in "${!parents[@]}"; do
    up=$pid
    while [[ -z ${number[$up]-} && -n ${parents[$up]-} ]]; do up=${parents[$up]}; done
    [[ $up != "$$" ]] || continue
    processes+=("$pid")
    for task in "/proc/$pid/task/"*; do
      [[ -d $task ]] && tasks+=("${task##*/}") && owners+=("${number[$up]-0}")
    done
  done
}
new_tasks_of() { # cgroup; those that were forked since $seen was filled; at most 5 times
  local i
  ((seen[0] += 1, seen[0] <= 5)) || return
  tasks_of "$1"
  for i in "${!tasks[@]}"; do
    if [[ -n ${seen[${tasks[i]}]-} ]]; then unset "tasks[$i]" "owners[$i]"; else seen[${tasks[i]}]=1; fi
  done
  ((${#tasks[@]} > 0))
}
on_task() { # task what command [word]...; what has ended meanwhile needs no change
  local task=$1 what=$2 message
  shift 2
  message=$("$@" 2>&1 >/dev/null) || [[ ! -d /proc/$task ]] || die "cannot $what: $message"
}
renice_all() { # cgroup nice
  local task
  seen=([0]=0)
  while new_tasks_of "$1"; do
    for task in "${tasks[@]}"; do on_task "$task" "set a nice value of $2" renice -n "$2" -p "$task"; done
  done
}
set_policy() { # cgroup word...
  local task group=$1
  shift
  seen=([0]=0)
  while new_tasks_of "$group"; do
    for task in "${tasks[@]}"; do on_task "$task" "set the policy $*" chrt "${@:1:$#-1}" -p "${*: -1}" "$task"; done
  done
}
set_clamps() { # cgroup min max
  local task
  seen=([0]=0)
  while new_tasks_of "$1"; do
    for task in "${tasks[@]}"; do on_task "$task" 'set the clamps' uclampset -m "$2" -M "$3" -p "$task"; done
  done
}
pin_all() { # cgroup mask..., one a worker
  local group=$1 i mask
  shift
  local masks=("$@")
  seen=([0]=0)
  while new_tasks_of "$group"; do
    for i in "${!tasks[@]}"; do
      mask=${masks[owners[i] % ${#masks[@]}]}
      on_task "${tasks[i]}" "pin the workers of $group to $mask" taskset -pc "$mask" "${tasks[i]}"
    done
  done
}
signal_storm() { # cgroup count microseconds
  local i
  for ((i = 0; i < $2; i++)); do
    tasks_of "$1"
    ((${#processes[@]} == 0)) || kill -STOP "${processes[@]}" 2>/dev/null
    nap $(($3 / 2))
    ((${#processes[@]} == 0)) || kill -CONT "${processes[@]}" 2>/dev/null
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
  disown "$pid" 2>/dev/null
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
  unset "payloads[$1]" "payload_groups[$1]"
}

# --- the machine
change() { # file value; put back at the end of the step
  local before
  before=$(<"$1") || die "$1 is not there"
  undo_files+=("$1") undo_values+=("$before")
  { printf '%s\n' "$2" >"$1"; } 2>/dev/null || die "cannot write '$2' into $1"
}
change_sysctl() { # file value
  if [[ -e $1 ]]; then change "$1" "$2"; else say "this kernel has no $1: it is left out"; fi
}
undo_to() {
  local i
  for ((i = ${#undo_files[@]} - 1; i >= $1; i--)); do
    { printf '%s\n' "${undo_values[i]}" >"${undo_files[i]}"; } 2>/dev/null || say "cannot put back ${undo_files[i]}"
    unset "undo_files[$i]" "undo_values[$i]"
  done
}

# --- the scheduler
scheduler_is() { # state
  [[ -r /sys/kernel/sched_ext/state ]] || die 'this kernel has no sched_ext: it needs CONFIG_SCHED_CLASS_EXT=y'
  [[ $(</sys/kernel/sched_ext/state) == "$1" ]]
}
check_scheduler() {
  [[ -z $scheduler_pid ]] || {
    kill -0 "$scheduler_pid" 2>/dev/null || die "the scheduler has ended: $running"
    scheduler_is enabled || die "the kernel has taken the scheduler out: $running; see dmesg"
  }
}
start_scheduler() { # program [word]...
  local try
  scheduler_is disabled || die 'another sched_ext scheduler is loaded'
  "$@" &
  scheduler_pid=$! running=$*
  for ((try = 0; try < 2000; try++)); do
    scheduler_is enabled && return 0
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
  [[ -z $base || ! -d $base ]] || rmdir "$base" || { go_on && say "cannot remove $base"; }
  for controller in $enabled; do
    { printf -- '-%s\n' "$controller" >"${base%/*}/cgroup.subtree_control"; } 2>/dev/null ||
      say "cannot disable '$controller' in ${base%/*} again"
  done
  base='' outside='' enabled=''
}
at_exit() {
  trap '' INT TERM HUP
  interrupted=0 naps=$never
  clean_up
}

[[ $BASH_VERSION == [5-9].* || $BASH_VERSION == [1-9][0-9].* ]] || die 'needs bash 5'
((EUID == 0)) || die 'needs root'
exec {never}<> <(:) {naps}<> <(:) {gate}<> <(:) || die 'needs /dev/fd'
trap at_exit EXIT
trap 'interrupt 130' INT
trap 'interrupt 143' TERM
trap 'interrupt 129' HUP
)bash";

}  // namespace

std::string_view script_functions() { return kFunctions; }

}  // namespace ktstr
