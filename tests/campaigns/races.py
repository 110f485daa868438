#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That `ktstr races` finds the lost wake-up of scx_ktstr from nothing, whatever the seed that it begins with.

usage: races.py KTSTR [--starts N] [--kernel KERNEL] [-j N]

Each search may make 40 runs until it has found the flag and the two lines; in 19 of 20 it must. What it found must have
at most three holds, and fail the same to the bit in 10 of 10 more runs.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "lost_wakeup.toml"
MOST_RUNS, MOST_HOLDS, REPEATS = 40, 3, 10
LINES = ("if (!mailbox->has_mail) return false;", "mailbox->has_mail = false;")


def call(words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(words)}: {done.stderr}{done.stdout[-2000:]}")
    return json.loads(done.stdout)


def holds_of(schedule):
    """How often a CPU is held at most; 1,000,000: always."""
    count = 0
    for hold in schedule.split(";"):
        words = hold.split()
        times = words[words.index("times") + 1] if "times" in words else "1-"
        first, _, last = times.partition("-")
        count += 1 if "-" not in times else int(last) - int(first) + 1 if last else 1_000_000
    return count


def search(options, seed):
    """What falls short, and a line that says what was found."""
    found = call([options.ktstr, "races", str(EXAMPLE), "--seed", str(seed), "--first", "--runs", str(MOST_RUNS),
                  "--kernel", options.kernel, "--json"])
    races = [race for race in found["races"] if race["outcome"] == "harmful"]
    if not races:
        return ["not found"], f"{found['runs']} runs"
    race = races[0]
    failure = race["failure"]
    text = f"found after {found['runs_to_first_failure']} runs: {failure['schedule']}"
    short = []
    if found["runs_to_first_failure"] > MOST_RUNS:
        short.append(f"more than {MOST_RUNS} runs")
    if race["variable"] != "mailboxes[].has_mail" or (race["first"]["text"], race["second"]["text"]) != LINES:
        short.append(f"another race is blamed: {race['what']}")
    if holds_of(failure["schedule"]) > MOST_HOLDS:
        short.append(f"more than {MOST_HOLDS} holds")
    # The test may have been cut down: the command names the file that is left.
    runs = call(["sh", "-c", f"{failure['repeat_command']} --repeat {REPEATS} --json"])["runs"]
    same = sum(run["verdict"] == "fail" and run["digest"] == runs[0]["digest"] for run in runs)
    if same != REPEATS:
        short.append(f"{same} of {REPEATS} repeats are the same")
    return short, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ktstr")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--kernel", default="7")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count(), help="searches at a time")
    options = parser.parse_args()
    passed = 0
    seeds = [1 + 1000 * index for index in range(options.starts)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for seed, (short, text) in zip(seeds, pool.map(lambda seed: search(options, seed), seeds)):
            passed += not short
            print(f"seed {seed}: {text}" + "".join(f"\n    {what}" for what in short), flush=True)
    print(f"{passed} passed, {options.starts - passed} failed")
    # One of twenty may be unlucky.
    return 0 if passed * 20 >= options.starts * 19 else 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="ktstr-races-") as state:
        os.environ["XDG_STATE_HOME"] = state
        sys.exit(main())
