#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# What the recorder costs: host CPU time of a run with it beside that of the same run without it, at 4 and 16 CPUs, busy
# and switching all the time. Ratios in one run of this program; the digests must be equal.
#
#   bench/recorder_cost.py build/bin [ROUNDS]
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

WORK = {
    "busy": "workers = {cpus}\nwork = 'SpinWait'\n",
    "switching": "workers = {pairs}\nwork = 'PipeIo'\n",
}


def run(program, scenario, topology, state, *more):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [program, "run", scenario, "--topology", topology, "--json", *more],
        capture_output=True, env={**os.environ, "XDG_STATE_HOME": state}, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    record = json.loads(done.stdout)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, record


def main():
    program = os.path.join(sys.argv[1], "ktstr")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print(f"{'load':<10} {'CPUs':>4} {'events':>9} {'a guest s':>10} {'with / without':>15} {'least..most':>13}")
    with tempfile.TemporaryDirectory() as state:
        for topology, cpus in (("1n2l2c1t", 4), ("1n2l8c1t", 16)):
            for load, text in WORK.items():
                scenario = os.path.join(state, load + ".toml")
                with open(scenario, "w", encoding="utf-8") as file:
                    file.write("duration = '300ms'\n[[cgroup]]\nname = 'load'\n"
                               + text.format(cpus=cpus, pairs=2 * cpus))
                run(program, scenario, topology, state)  # its image, and caches
                ratios, events, body = [], 0, 1
                for _ in range(rounds):
                    with_it, record = run(program, scenario, topology, state)
                    without, other = run(program, scenario, topology, state, "--no-recorder")
                    if record["digest"] != other["digest"]:
                        sys.exit(f"{load} at {cpus} CPUs: the recorder changes the run")
                    events, body = record["trace_events"], record["body_ns"]
                    ratios.append(with_it / without)
                print(f"{load:<10} {cpus:>4} {events:>9} {events / body * 1e9:>10.0f} {statistics.median(ratios):>15.3f} "
                      f"{min(ratios):>6.2f}..{max(ratios):.2f}")


main()
