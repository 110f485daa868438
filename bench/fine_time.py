#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a quantum costs and what it gives, as a table: see README.md, fine time.

Each line is a number of vCPUs and a quantum. `CPU s` is host CPU time per guest second with all vCPUs busy (steadier
than wall time, and the same on an idle machine), `cost` that by the one without a quantum; `wake` is the cross-CPU wake round trip with all other vCPUs busy; `share` is the least and the most work that a
vCPU did, 100 being an equal part; `turn` and `away` are how long a vCPU runs at a time and how long it is away then.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

TOPOLOGIES = {1: "1n1l1c1t", 2: "1n1l2c1t", 4: "1n2l2c1t", 8: "1n2l4c1t", 16: "2n4l4c1t", 32: "2n4l4c2t",
              64: "2n8l4c2t"}


def run(options, test, cpus, quantum, duration):
    """The record of one run, and the CPU time that all its processes took."""
    with tempfile.TemporaryDirectory(prefix="ktstr-fine") as state:
        argv = [options.program, "--filter", test, "--mode", "det", "--json", "--topology", TOPOLOGIES[cpus],
                "--duration", duration, "--quantum", quantum]
        if options.kernel:
            argv += ["--kernel", options.kernel]
        before = os.times()
        out = subprocess.run(argv, capture_output=True, text=True, env=dict(os.environ, XDG_STATE_HOME=state))
        after = os.times()
        if out.returncode != 0:
            sys.exit(f"{' '.join(argv)}: {out.stderr}{out.stdout[:2000]}")
        record = json.loads(out.stdout)
        record = record[0] if isinstance(record, list) else record
        return record, (after.children_user - before.children_user) + (after.children_system - before.children_system)


def notes(record):
    return {d["message"].split(":")[0]: d["measured"] for d in record["details"] if d["kind"] == "note"}


def body_seconds(record):
    """Guest time of the body: what the quantum is set for."""
    phases = record["phases"]
    at = next(i for i, phase in enumerate(phases) if phase["phase"] == "body")
    return (phases[at + 1]["guest_ns"] - phases[at]["guest_ns"]) / 1e9


class Costs:
    """CPU time per guest second of the body, without what comes before it: a short and a long run tell them apart."""

    def __init__(self, options, cpus):
        run(options, "all_busy", cpus, "0", "10ms")  # makes the image
        short, short_cpu = self.least(options, cpus, "10ms")
        long, long_cpu = self.least(options, cpus, options.busy)
        self.plain = (long_cpu - short_cpu) / (body_seconds(long) - body_seconds(short))
        self.before = short_cpu - self.plain * body_seconds(short)

    @staticmethod
    def least(options, cpus, duration):
        """Of three: a busy host only ever adds."""
        return min((run(options, "all_busy", cpus, "0", duration) for _ in range(3)), key=lambda taken: taken[1])

    def of(self, record, cpu):
        return (cpu - self.before) / body_seconds(record)


def line(options, cpus, quantum, costs):
    busy, cpu = run(options, "all_busy", cpus, quantum, options.busy)
    cost, share = costs.of(busy, cpu), notes(busy)
    text = f"{cpus:4}  {busy['tuple']['quantum_ns'] / 1000:7.1f}  {busy['turn_ns'] / 1000:6.1f}  {cost:6.2f}  "
    text += f"{cost / costs.plain:5.2f}  {share['least']:4.0f} {share['most']:4.0f}  "
    if cpus > 1:
        wake = notes(run(options, "wake_busy", cpus, quantum, options.wake)[0])
        text += f"{wake['p50'] / 1e6:7.3f} {wake['p99'] / 1e6:7.3f} {wake['rounds']:5.0f}  "
        if options.turns != "0":
            turn = notes(run(options, "turns", cpus, quantum, options.turns)[0])
            text += "  ".join(f"{turn[key] / 1000:6.1f}" for key in ("turn_p50", "turn_p99", "away_p50", "away_p99"))
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/bin/wake_round_trip")
    parser.add_argument("--kernel", help="as ktstr takes it")
    parser.add_argument("--cpus", default="2,4,8", help="numbers of vCPUs, of " + ", ".join(map(str, TOPOLOGIES)))
    parser.add_argument("--quanta", default="0,50,100,200,400", help="us; a number with x is us a vCPU: 10x")
    parser.add_argument("--busy", default="500ms", help="guest time with all vCPUs busy")
    parser.add_argument("--wake", default="200ms", help="guest time of wake round trips")
    parser.add_argument("--turns", default="30ms", help="guest time of watching the clock; 0: not")
    options = parser.parse_args()
    print("vCPUs quantum    turn   CPU s   cost    share %   wake p50     p99 rounds  turn p50     p99    away p50    p99")
    print("           us      us  /guest s           each        ms      ms              us      us      us      us")
    for cpus in map(int, options.cpus.split(",")):
        costs = Costs(options, cpus)
        for quantum in options.quanta.split(","):
            us = float(quantum[:-1]) * cpus if quantum.endswith("x") else float(quantum)
            line(options, cpus, "0" if us == 0 else f"{us * 1000:.0f}ns", costs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
