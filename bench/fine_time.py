#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What turns cost and what they give, as a table: see README.md, fine time.

Each line is a number of vCPUs, a shift, and how turns end: `3125` after so many instructions (ktstr-turns.so), `q100` by a
quantum of 100 us, `none` by QEMU alone. `CPU s` is host CPU time per guest second with all vCPUs busy (steadier than wall
time, and the same on an idle machine), `cost` that by the one of `none` at the same shift; `share` is the least and the
most work that a vCPU did, 100 being an equal part; `wake` is the cross-CPU wake round trip with all other vCPUs busy;
`executed` is the least and the most of what each vCPU executed, as the plugin counted it, in percent of an equal part.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

TOPOLOGIES = {1: "1n1l1c1t", 2: "1n1l2c1t", 4: "1n2l2c1t", 8: "1n2l4c1t", 16: "2n4l4c1t", 32: "2n4l4c2t",
              64: "2n8l4c2t", 128: "4n16l4c2t", 252: "4n28l9c1t"}


def arguments_of(way):
    if way == "none":
        return ["--quantum", "0"]
    return ["--quantum", way[1:] + "us"] if way.startswith("q") else ["--turn", way]


def run(options, test, cpus, shift, way, duration):
    """The record of one run, and the CPU time that all its processes took."""
    with tempfile.TemporaryDirectory(prefix="ktstr-fine") as state:
        argv = [options.program, "--filter", test, "--mode", "det", "--json", "--topology", TOPOLOGIES[cpus],
                "--duration", duration, "--shift", shift, "--vary", "none"] + arguments_of(way)
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
    """Guest time of the body: what turns are for."""
    phases = record["phases"]
    at = next(i for i, phase in enumerate(phases) if phase["phase"] == "body")
    return (phases[at + 1]["guest_ns"] - phases[at]["guest_ns"]) / 1e9


class Costs:
    """CPU time per guest second of the body, without what comes before it: a short and a long run tell them apart."""

    def __init__(self, options, cpus, shift):
        self.options, self.cpus, self.shift = options, cpus, shift
        run(options, "all_busy", cpus, shift, "none", "10ms")  # makes the image
        self.plain, _ = self.of("none")

    def of(self, way):
        """And the record of a long run."""
        short, short_cpu = self.least(way, "10ms")
        long, long_cpu = self.least(way, self.options.busy)
        return (long_cpu - short_cpu) / (body_seconds(long) - body_seconds(short)), long

    def least(self, way, duration):
        """Of several: a busy host only ever adds."""
        taken = (run(self.options, "all_busy", self.cpus, self.shift, way, duration) for _ in range(self.options.best_of))
        return min(taken, key=lambda each: each[1])


def line(options, cpus, shift, way, costs):
    cost, busy = costs.of(way)
    share = notes(busy)
    text = f"{cpus:4} {shift:>5}  {way:>7}  {busy['turn_ns'] / 1000:6.1f}  {cost:6.2f}  "
    text += f"{cost / costs.plain:5.2f}  {share['least']:5.1f} {share['most']:5.1f}  "
    if cpus > 1:
        wake = notes(run(options, "wake_busy", cpus, shift, way, options.wake)[0])
        text += f"{wake['p50'] / 1e6:7.3f} {wake['p99'] / 1e6:7.3f} {wake['rounds']:5.0f}  "
    counts = busy.get("vcpu_instructions", [])
    if counts:
        text += f"{100 * min(counts) * len(counts) / sum(counts):5.1f} {100 * max(counts) * len(counts) / sum(counts):5.1f}"
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/bin/wake_round_trip")
    parser.add_argument("--kernel", help="as ktstr takes it")
    parser.add_argument("--cpus", default="2,4,8", help="numbers of vCPUs, of " + ", ".join(map(str, TOPOLOGIES)))
    parser.add_argument("--shifts", default="3", help="2^N ns an instruction")
    parser.add_argument("--ways", default="none,q100,1000,3125", help="how turns end")
    parser.add_argument("--busy", default="2s", help="guest time with all vCPUs busy")
    parser.add_argument("--wake", default="200ms", help="guest time of wake round trips")
    parser.add_argument("--best-of", type=int, default=3, help="runs for each cost")
    options = parser.parse_args()
    print("vCPUs shift     way    turn   CPU s   cost     share %      wake p50     p99 rounds   executed %")
    print("                         us  /guest s             each           ms      ms               each")
    for cpus in map(int, options.cpus.split(",")):
        for shift in options.shifts.split(","):
            costs = Costs(options, cpus, shift)
            for way in options.ways.split(","):
                line(options, cpus, shift, way, costs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
