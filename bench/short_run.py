#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a short test costs beside another build of ktstr, as ratios: see README.md, short runs.

Both are run in turn, so that a machine that gets busier is busier for both. Each runs with its own scx_ktstr, its own
images and what it sets by itself. `instructions` and `blocks` (that QEMU translates) are of the whole continued guest, as
build/bench/ktstr-count.so counts them; they do not depend on the machine. `wall` and `CPU` are of the whole process,
`seeds` the other way round: how many times as many seeds a minute.
"""
import argparse
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHORT = os.path.join(ROOT, "examples/two_cgroups.toml")
MANY = os.path.join(ROOT, "examples/lost_wakeup.toml")


class Build:
    def __init__(self, directory, state):
        self.directory = directory
        self.environment = dict(os.environ, XDG_STATE_HOME=state)

    def run(self, file, scheduler, *more, codes=(0,), **environment):
        """Wall and CPU time of one `ktstr run`."""
        argv = [f"{self.directory}/ktstr", "run", file, "--mode", "det",
                "--scheduler", f"{self.directory}/{scheduler}", *more]
        before, start = os.times(), time.monotonic()
        done = subprocess.run(argv, capture_output=True, text=True, env=dict(self.environment, **environment))
        wall, after = time.monotonic() - start, os.times()
        if done.returncode not in codes:
            sys.exit(f"{' '.join(argv)}: {done.stderr}{done.stdout[:2000]}")
        return wall, (after.children_user - before.children_user) + (after.children_system - before.children_system)

    def short(self, **environment):
        return self.run(SHORT, "scx_ktstr", "--duration", "20ms", **environment)

    def seeds(self, first, count):
        """Seeds a minute; some of them are to fail."""
        wall, _ = self.run(MANY, "scx_ktstr --lose-wakeup", "--seeds", f"{first}..{first + count - 1}", "-j2", codes=(0, 1))
        return 60 * count / wall

    def counts(self, options, state):
        out, wrapper = os.path.join(state, "counts"), os.path.join(state, "qemu")
        with open(wrapper, "w") as file:
            file.write(f'#!/bin/sh\ncase "$*" in *-incoming*) set -- "$@" -plugin file={options.plugin},out={out};; esac\n'
                       f'exec {options.qemu} "$@"\n')
        os.chmod(wrapper, 0o755)
        self.short(KTSTR_QEMU=wrapper)  # QEMU by another name: makes an image where that matters
        self.short(KTSTR_QEMU=wrapper)
        with open(out, "rb") as file:
            return struct.unpack("<QQQ", file.read(24))


def show(name, old, new, unit, inverse=False):
    ratio = new / old
    print(f"{name:<14}{old:>14,.6g}{new:>14,.6g} {unit:<8}{ratio:>8.3f}" + ("  more is better" if inverse else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", help="bin directory of the other build: ktstr, ktstr-agent, scx_ktstr")
    parser.add_argument("--new", default=f"{ROOT}/build/bin", help="bin directory of this build")
    parser.add_argument("--plugin", default=f"{ROOT}/build/bench/ktstr-count.so")
    parser.add_argument("--qemu", default="/usr/bin/qemu-system-x86_64")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seeds", type=int, default=20, help="a round; 0: none")
    parser.add_argument("--seed-rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ktstr-short") as state:
        builds = [Build(os.path.abspath(directory), state) for directory in (options.old, options.new)]
        for build in builds:
            build.short()  # its images
        print(f"{'':<14}{'old':>14}{'new':>14} {'':<8}{'new/old':>8}")
        counts = [build.counts(options, state) for build in builds]
        show("instructions", counts[0][0] / 1e6, counts[1][0] / 1e6, "million")
        show("blocks", counts[0][1] / 1e3, counts[1][1] / 1e3, "thousand")
        show("at addresses", counts[0][2] / 1e3, counts[1][2] / 1e3, "thousand")
        rounds = [[build.short() for build in builds] for _ in range(options.rounds)]
        for index, name in enumerate(("wall", "CPU")):
            old, new = (statistics.median(r[i][index] for r in rounds) for i in (0, 1))
            show(name, old, new, "s")
            each = sorted(r[1][index] / r[0][index] for r in rounds)
            print(f"{'':<14}round by round: {statistics.median(each):.3f} ({each[0]:.3f} .. {each[-1]:.3f})")
        if options.seeds == 0:
            return
        for build in builds:
            build.seeds(1, 2)
        rounds = [[build.seeds(1 + i * options.seeds, options.seeds) for build in builds] for i in range(options.seed_rounds)]
        show("seeds", *(statistics.median(r[i] for r in rounds) for i in (0, 1)), "a minute", inverse=True)
        each = sorted(new / old for old, new in rounds)
        print(f"{'':<14}round by round: {statistics.median(each):.3f} ({each[0]:.3f} .. {each[-1]:.3f})")


if __name__ == "__main__":
    main()
