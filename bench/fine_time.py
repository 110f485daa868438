#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a quantum costs and what it gives, as a table: see README.md, fine time.

Each line is a number of vCPUs and a quantum. `cost` is wall time per guest second with all vCPUs busy, by that without a
quantum; `wake` is the cross-CPU wake round trip with all other vCPUs busy; `share` is the least and the most work that a
vCPU did, 100 being an equal part; `turn` and `away` are how long a vCPU runs at a time and how long it is away then.
"""
import argparse
import json
import subprocess
import sys
import tempfile

TOPOLOGIES = {1: "1n1l1c1t", 2: "1n1l2c1t", 4: "1n2l2c1t", 8: "1n2l4c1t", 16: "2n4l4c1t", 32: "2n4l4c2t",
              64: "2n8l4c2t"}


def run(options, test, cpus, quantum, duration):
    with tempfile.TemporaryDirectory(prefix="ktstr-fine") as state:
        argv = [options.program, "--filter", test, "--mode", "det", "--json", "--topology", TOPOLOGIES[cpus],
                "--duration", duration]
        if quantum is not None:
            argv += ["--quantum", quantum]
        if options.kernel:
            argv += ["--kernel", options.kernel]
        env = dict(__import__("os").environ, XDG_STATE_HOME=state)
        out = subprocess.run(argv, capture_output=True, text=True, env=env)
        if out.returncode != 0:
            sys.exit(f"{' '.join(argv)}: {out.stderr}{out.stdout[:2000]}")
        record = json.loads(out.stdout)
        return record[0] if isinstance(record, list) else record


def notes(record):
    return {d["message"].split(":")[0]: d["measured"] for d in record["details"] if d["kind"] == "note"}


def body_cost(record):
    """Host seconds per guest second of the body."""
    phases = record["phases"]
    at = next(i for i, phase in enumerate(phases) if phase["phase"] == "body")
    return ((phases[at + 1]["host_seconds"] - phases[at]["host_seconds"]) * 1e9 /
            (phases[at + 1]["guest_ns"] - phases[at]["guest_ns"]))


def line(options, cpus, quantum, plain):
    busy = run(options, "all_busy", cpus, quantum, options.busy)
    cost, share = body_cost(busy), notes(busy)
    text = f"{cpus:4}  {busy['tuple']['quantum_ns'] / 1000:7.1f}  {busy['turn_ns'] / 1000:6.1f}  {cost:6.2f}  "
    text += f"{cost / plain if plain else 1:5.2f}  {share['least']:4.0f} {share['most']:4.0f}  "
    if cpus > 1:
        wake = notes(run(options, "wake_busy", cpus, quantum, options.wake))
        text += f"{wake['p50'] / 1e6:7.3f} {wake['p99'] / 1e6:7.3f} {wake['rounds']:5.0f}  "
        if options.turns != "0":
            turn = notes(run(options, "turns", cpus, quantum, options.turns))
            text += "  ".join(f"{turn[key] / 1000:6.1f}" for key in ("turn_p50", "turn_p99", "away_p50", "away_p99"))
    print(text, flush=True)
    return cost


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/bin/wake_round_trip")
    parser.add_argument("--kernel", help="as ktstr takes it")
    parser.add_argument("--cpus", default="2,4,8", help="numbers of vCPUs, of " + ", ".join(map(str, TOPOLOGIES)))
    parser.add_argument("--quanta", default="0,50,100,200,400", help="us; a number with x is us a vCPU: 10x")
    parser.add_argument("--busy", default="100ms", help="guest time with all vCPUs busy")
    parser.add_argument("--wake", default="200ms", help="guest time of wake round trips")
    parser.add_argument("--turns", default="30ms", help="guest time of watching the clock; 0: not")
    options = parser.parse_args()
    print("vCPUs quantum    turn  wall s   cost    share %   wake p50     p99 rounds  turn p50     p99    away p50    p99")
    print("           us      us  /guest s           each        ms      ms              us      us      us      us")
    for cpus in map(int, options.cpus.split(",")):
        run(options, "all_busy", cpus, "0", "10ms")  # makes the image
        plain = 0
        for quantum in options.quanta.split(","):
            us = float(quantum[:-1]) * cpus if quantum.endswith("x") else float(quantum)
            cost = line(options, cpus, "0" if us == 0 else f"{us * 1000:.0f}ns", plain)
            plain = cost if us == 0 else plain
    return 0


if __name__ == "__main__":
    sys.exit(main())
