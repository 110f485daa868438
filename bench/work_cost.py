#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What each work type's own accounts cost: instructions in them, beside those that its workers execute in all.

    ninja -C build ktstr ktstr-agent ktstr_turns ktstr_count
    bench/work_cost.py [TYPE ...] [--bin build/bin] [--duration 200] [--cpus N]

Each type runs twice, once for twice as long, and the difference is taken: so what comes before and after is not in it.
It runs with the defaults of its parameters on one CPU (on more where it needs them, and then without what it
executes in all, since a CPU's speed changes with what the others do). With --cpus it runs on so many CPUs with as many
workers: more than three make each of them slow, and its share is one of what user space executes. Accounts are the functions of WorkerRun, but for
those that only work or draw a number, what they call to look at the clock and the CPU, and all of SpinWait's loop. Not
in it is the one instruction in which another type's loop counts its iteration. `accounts`, `user` and `all`
are instructions an iteration, the last with the kernel's. They do not depend on the machine, only on the compiler.
"""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOPOLOGIES = {"CrossAffinityChurn": "1n1l2c1t", "NumaMigrationChurn": "2n2l1c1t", "NumaWorkingSetSweep": "2n2l1c1t"}
PARAMETERS = {"Replay": ', tasks = ["run:2ms+wake:1+sleep:3ms", "wait+run:3ms"], period = "10ms"'}
ACCOUNTS = re.compile(r"ktstr::WorkerRun::(?!begin\(|burn|random|give_up)|run_spin_wait|RunProbes::real\(\)::|"
                      r"ktstr::HoldClock::read|ktstr::(monotonic_now|clock_now)\(|(__)?clock_gettime$|sched_getcpu$")
VDSO = "700000000000-800000000000"  # the agent is static: nothing else of a program is up there


def ranges_of(agent):
    with open(agent, "rb") as file:
        if file.read(18)[16:] != b"\x02\x00":  # ET_EXEC
            sys.exit(f"{agent} is not linked statically: where it is in memory is not known")
    listed = subprocess.run(["nm", "-C", "-S", "--defined-only", agent], capture_output=True, text=True, check=True)
    symbols = (line.split(" ", 3) for line in listed.stdout.splitlines() if line.count(" ") >= 3)
    found = {(int(at, 16), int(size, 16)) for at, size, _, name in symbols if ACCOUNTS.search(name)}
    return "+".join([f"{at:x}-{at + size:x}" for at, size in sorted(found)] + [VDSO])


def measure(options, name, ranges, state, duration):
    topology = f"1n1l{options.cpus}c1t" if options.cpus else TOPOLOGIES.get(name, "1n1l1c1t")
    workers = f"workers = {options.cpus}\n" if options.cpus else ""
    scenario, wrapper, out = (os.path.join(state, file) for file in ("work.toml", "qemu", "counts"))
    with open(scenario, "w", encoding="utf-8") as file:
        file.write(f'topology = "{topology}"\nduration = "{duration}ms"\n[checks]\nprogress = false\nmax_gap = false\n'
                   f'max_starved = false\nmax_spread_pct = false\n[[cgroup]]\nname = "load"\n'
                   f'{workers}work = {{ type = "{name}"{PARAMETERS.get(name, "")} }}\n')
    with open(wrapper, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\ncase "$*" in *-incoming*) set -- "$@" -plugin file={options.plugin},out={out},at={ranges};; '
                   f'esac\nexec {options.qemu} "$@"\n')
    os.chmod(wrapper, 0o755)
    argv = [f"{options.bin}/ktstr", "run", scenario, "--mode", "det", "--scheduler", "", "--json"]
    for _ in range(2):  # the first may be the one that makes the image
        done = subprocess.run(argv, capture_output=True, text=True,
                              env=dict(os.environ, XDG_STATE_HOME=state, KTSTR_QEMU=wrapper), check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"{name}: {done.stderr}")
        if os.path.exists(out):
            break
    record = json.loads(done.stdout)
    with open(out, "rb") as file:
        user, accounts = struct.unpack("<QQQQQ", file.read(40))[3:]
    os.remove(out)
    workers = record["workers"]
    iterations = sum(worker["iterations"] for worker in workers)
    ran = sum(worker["cpu_time_ns"] for worker in workers) * record["cpu_mips"] / 1e3
    return iterations, accounts, user, ran


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("types", nargs="*")
    parser.add_argument("--bin", default=f"{ROOT}/build/bin")
    parser.add_argument("--plugin", default=f"{ROOT}/build/bench/ktstr-count.so")
    parser.add_argument("--qemu", default="/usr/bin/qemu-system-x86_64")
    parser.add_argument("--duration", type=int, default=200, help="ms of guest time; and twice that")
    parser.add_argument("--cpus", type=int, default=0, help="so many CPUs, and a worker for each")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    listed = subprocess.run([f"{options.bin}/ktstr", "work", "list", "--json"], capture_output=True, text=True, check=True)
    names = options.types or [each["name"] for each in json.loads(listed.stdout)]
    ranges = ranges_of(f"{options.bin}/ktstr-agent")
    print(f"{'type':<26}{'iterations':>11}{'accounts':>11}{'user':>13}{'all':>13}{'accounts / all':>16}")
    with tempfile.TemporaryDirectory(prefix="ktstr-cost") as state:
        for name in names:
            short, long = (measure(options, name, ranges, state, times * options.duration) for times in (1, 2))
            iterations, accounts, user, ran = (after - before for before, after in zip(short, long))
            one_cpu = name not in TOPOLOGIES and not options.cpus
            each = [f"{count / max(iterations, 1):,.0f}" for count in (accounts, user)] + [
                f"{ran / max(iterations, 1):,.0f}" if one_cpu else "-"]
            whole = ran if one_cpu else user if options.cpus else 0
            share = f"{100 * accounts / whole:.2f} %" if whole else "-"
            print(f"{name:<26}{iterations:>11}{each[0]:>11}{each[1]:>13}{each[2]:>13}{share:>16}", flush=True)


if __name__ == "__main__":
    main()
