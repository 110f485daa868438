#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many runs a race costs: `ktstr races` beside random seeds, over schedulers with one race each.

usage: yardstick.py KTSTR OBJECTS [--races A,B] [--starts N] [--runs N] [--seeds N] [--policies A,B] [--no-fixed] [-j N] [--keep FILE]

Each race is searched from N starts, which are seeds of the first run, with and without its mistake put right. Beside
that, for each policy of handing over, seeds from the same starts on until one hits it. Runs do not depend on the machine.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
FAR = 1_000_000  # between the seeds of two starts


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ktstr")
    parser.add_argument("objects", help="where the BPF objects are: NAME.bpf.o and NAME_fixed.bpf.o")
    parser.add_argument("--races", help="only these")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--runs", type=int, default=60, help="forced runs of a search at most")
    parser.add_argument("--seeds", type=int, default=100, help="random runs from a start at most")
    parser.add_argument("--policies", default="even", help="of handing over, for the random runs; none: no such runs")
    parser.add_argument("--no-fixed", action="store_true")
    parser.add_argument("--keep", help="a file of what was found, which is not looked for again")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count(), help="searches at a time")
    return parser.parse_args()


def call(options, *words):
    done = subprocess.run([options.ktstr, *map(str, words), "--json"], capture_output=True, text=True)
    if done.returncode not in (0, 1, 2):  # passed, failed, inconclusive
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr}{done.stdout[-2000:]}")
    return json.loads(done.stdout)


def request(options, name, seed):
    own = HERE / f"{name.removesuffix('_fixed')}.toml"
    return [own if own.exists() else HERE / "load.toml", "--scheduler", pathlib.Path(options.objects) / f"{name}.bpf.o", "--seed", seed]


def is_of_race(failure):
    return "race: " in failure["message"]


def search(options, name, seed):
    """Runs until the first hit of the race, all runs included; None: it was not found. And what was blamed."""
    found = call(options, "races", *request(options, name, seed), "--runs", options.runs, "--first",
                 "--no-shorten")
    harmful = [race for race in found["races"] if race["outcome"] == "harmful"]
    hits = [race for race in harmful if is_of_race(race["failure"])]
    runs = found["runs_to_first_failure"] if hits else None
    return runs, hits[0]["what"] if hits else "", len(harmful) - len(hits)


def by_chance(options, name, seed, policy):
    """Runs until one fails; None: none did."""
    for index in range(options.seeds):
        words = [*request(options, name, seed + index), "--policy", policy]
        if call(options, "run", *words)["verdict"] == "fail":
            return index + 1
    return None


def search_fixed(options, name):
    """What is called harmful where the mistake is put right, and how many were tried."""
    found = call(options, "races", *request(options, name + "_fixed", 1), "--runs", options.runs, "--no-shorten")
    harmful = [race["what"] for race in found["races"] if race["outcome"] == "harmful"]
    return harmful, sum(race["runs"] != 0 for race in found["races"])


class Kept:
    """What was found for a key, from the file where it has that."""

    def __init__(self, file):
        self.file = pathlib.Path(file) if file else None
        self.lock = threading.Lock()
        self.found = json.loads(self.file.read_text()) if self.file and self.file.exists() else {}

    def get(self, key, find):
        text = " ".join(map(str, key))
        if text not in self.found:
            value = find()
            with self.lock:
                self.found[text] = value
                if self.file:
                    self.file.write_text(json.dumps(self.found, indent=1))
        return self.found[text]


def median(counts, limit):
    """Of all starts; one without a hit counts as more than the limit."""
    return statistics.median(limit + 1 if count is None else count for count in counts)


def interval(counts, limit):
    """What 95 of 100 medians of starts drawn again are between."""
    draw = random.Random(1)
    medians = sorted(median(draw.choices(counts, k=len(counts)), limit) for _ in range(2000))
    return medians[50], medians[1949]


def ratio_interval(ratios):
    """What 95 of 100 medians of races drawn again are between."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[50], medians[1949]


def text(counts, limit):
    low, high = interval(counts, limit)
    more = lambda n: f">{limit}" if n > limit else f"{n:g}"
    hits = sum(count is not None for count in counts)
    return f"{hits}/{len(counts)}  {more(median(counts, limit))} ({more(low)}..{more(high)})"


def main():
    options = arguments()
    names = options.races.split(",") if options.races else sorted(
        file.name.removesuffix(".bpf.h") for file in HERE.glob("*.bpf.h"))
    policies = [] if options.policies == "none" else options.policies.split(",")
    starts = [1 + FAR * index for index in range(options.starts)]
    pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
    kept = Kept(options.keep)
    jobs = {}
    for name in names:
        for seed in starts:
            jobs[name, seed] = pool.submit(kept.get, (name, seed, options.runs),
                                           lambda name=name, seed=seed: search(options, name, seed))
        if not options.no_fixed:
            jobs[name] = pool.submit(kept.get, (name, "fixed", options.runs), lambda name=name: search_fixed(options, name))
    for name in names:
        for policy in policies:
            for seed in starts:
                jobs[name, seed, policy] = pool.submit(
                    kept.get, (name, seed, policy, options.seeds),
                    lambda name=name, seed=seed, policy=policy: by_chance(options, name, seed, policy))
    all_searched, all_chance = [], {policy: [] for policy in policies}
    found = 0
    blamed = 0
    print(f"{'race':16} {'found, runs to it':22}" + "".join(f"{policy:22}" for policy in policies) + "fixed: harmful")
    for name in names:
        searched = [jobs[name, seed].result() for seed in starts]
        counts = [one[0] for one in searched]
        row = f"{name:16} {text(counts, options.runs):22}"
        found += sum(count is not None for count in counts) * 2 > len(counts)
        all_searched.append(median(counts, options.runs))
        for policy in policies:
            chance = [jobs[name, seed, policy].result() for seed in starts]
            all_chance[policy].append(median(chance, options.seeds))
            row += f"{text(chance, options.seeds):22}"
        if not options.no_fixed:
            harmful, tried = jobs[name].result()
            blamed += len(harmful)
            row += f"{len(harmful)} of {tried} tried" + "".join(f"\n    {what}" for what in harmful)
        print(row, flush=True)
        whats = sorted({one[1] for one in searched if one[1]})
        for what in whats:
            print(f"    {what}", flush=True)
        if any(one[2] for one in searched):
            print("    other failures were called harmful", flush=True)
    print(f"\n{found} of {len(names)} found from most starts; {blamed} harmful in those put right")
    falls_short = found * 10 < len(names) * 9 or blamed != 0
    for policy, medians in all_chance.items():
        ratios = sorted(chance / max(1, own) for chance, own in zip(medians, all_searched))
        if ratios:
            print(f"random runs by {policy} / runs of a search: median {statistics.median(ratios):.1f}, "
                  f"least {ratios[0]:.1f}, most {ratios[-1]:.1f}; no hit within {options.seeds} counts as one more")
    if len(policies) > 1:
        best = [min(all_chance[policy][index] for policy in policies) for index in range(len(names))]
        ratios = sorted(chance / max(1, own) for chance, own in zip(best, all_searched))
        low, high = ratio_interval(ratios)
        print(f"the best policy for each race / runs of a search: median {statistics.median(ratios):.1f} ({low:.1f}..{high:.1f})")
    return 1 if falls_short else 0


if __name__ == "__main__":
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="ktstr-yardstick-")
    try:
        status = main()
    finally:
        subprocess.run(["rm", "-rf", os.environ["XDG_STATE_HOME"]], check=False)
    sys.exit(status)
