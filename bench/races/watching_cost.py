#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What it costs to watch a run's memory: CPU time of `ktstr run` watched to the same run that is not, in turn.

usage: watching_cost.py BIN [--rounds N] [--kernel KERNEL]

BIN has ktstr, ktstr-agent and scx_ktstr. All runs of a test must have the same digest, watched or not.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
BPF = [EXAMPLES / "lost_wakeup.toml", "--duration", "200ms"]
EEVDF = [EXAMPLES / "two_cgroups.toml", "--duration", "100ms"]
ROWS = [
    ("BPF scheduler", BPF, ["--watch-memory"]),
    ("BPF scheduler and kernel/sched", BPF, ["--watch-memory", "--watch-kernel", "kernel/sched"]),
    ("EEVDF, three functions", EEVDF, ["--watch-kernel", "update_curr,pick_eevdf,place_entity"]),
    ("EEVDF, kernel/sched", EEVDF, ["--watch-kernel", "kernel/sched"]),
]


def run(options, words):
    """CPU seconds of ktstr and its QEMU, and the run's digest."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([pathlib.Path(options.bin) / "ktstr", "run", *map(str, words), "--kernel", options.kernel,
                           "--json"], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 2):  # passed, failed, inconclusive
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr}{done.stdout[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, json.loads(done.stdout)["digest"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kernel", default="7")
    options = parser.parse_args()
    differ = 0
    print(f"{'watched':32} {'watched / not':>13}  least..most")
    for name, test, watch in ROWS:
        run(options, test)  # makes the warm image
        ratios, digests = [], set()
        for _ in range(options.rounds):
            plain, watched = run(options, test), run(options, [*test, *watch])
            ratios.append(watched[0] / plain[0])
            digests |= {plain[1], watched[1]}
        differ += len(digests) != 1
        print(f"{name:32} {statistics.median(ratios):13.2f}  {min(ratios):.2f}..{max(ratios):.2f}"
              + ("" if len(digests) == 1 else "   THE DIGESTS DIFFER"), flush=True)
    return 1 if differ else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ktstr-cost-") as state:
        os.environ["XDG_STATE_HOME"] = state
        sys.exit(main())
