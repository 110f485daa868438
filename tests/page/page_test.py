#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page_test.py KTSTR [--pictures DIR]: runs ktstr, makes pages of its runs and uses them in a headless Chromium as a person would.

What the timeline says is compared with `ktstr trace --accounts`; keys and clicks must do what they are for; nothing may
be fetched, written to the console, or run because a test is called like a script."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import Browser, find_chromium  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
SCENARIO = """
name = "crowded"
topology = "1n2l1c1t"
duration = "250ms"
[[cgroup]]
name = "load"
workers = 3
work = "SpinWait"
[[cgroup]]
name = "bursts"
workers = 2
work = "Bursty"
"""
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\u202e\x07&amp;\u0000" + "W" * 1_000_000


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def that(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED:", what, flush=True)

    def equal(self, got, wanted, what):
        self.that(got == wanted, f"{what}: {got!r} instead of {wanted!r}")


def ktstr(program, *arguments, accept=(0,)):
    ran = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300, check=False)
    if ran.returncode not in accept:
        raise RuntimeError(f"{arguments}: exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout


def run_directory(program, directory, scheduler, seed, accept):
    path = os.path.join(directory, "crowded.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SCENARIO)
    arguments = ["run", path, "--mode", "det", "--seed", str(seed), "--json"]
    record = json.loads(ktstr(program, *arguments, *(["--scheduler", scheduler] if scheduler else []), accept=accept))
    return record["runs"][0]["run_dir"] if "runs" in record else record["run_dir"]


def page_of(program, path, *runs):
    ktstr(program, "report", *runs, "-o", path)
    return path


TIMELINE = "document.querySelector('canvas').timeline"


def check_quiet(checks, browser, what):
    checks.equal(browser.problems, [], f"{what}: the console, exceptions and the policy")
    outside = [url for url in browser.requests if not url.startswith(("file://", "data:", "about:"))]
    checks.equal(outside, [], f"{what}: requests")
    checks.that(len([url for url in browser.requests if url.startswith("file://")]) <= 1, f"{what}: one file is read: {browser.requests}")
    browser.problems.clear()


def check_readable(checks, browser, what):
    with open(os.path.join(HERE, "check_page.js"), encoding="utf-8") as file:
        script = file.read()
    for dark in (False, True):
        browser.media(dark=dark)
        checks.equal(browser.js(script), [], f"{what}, {'dark' if dark else 'light'}: what not everybody can read")
    browser.media()


def check_numbers(checks, browser, program, run):
    """Of the body, as ktstr counts it."""
    accounts = json.loads(ktstr(program, "trace", run, "--accounts", "--json"))
    record = json.load(open(os.path.join(run, "result.json"), encoding="utf-8"))
    end = accounts["to_ns"] - record["body_start_ns"]
    sums = browser.js(f"{TIMELINE}.model.account({accounts['from_ns'] - record['body_start_ns']}, {end})"
                      f".map((one) => ({{...one, pid: {TIMELINE}.model.tasks[one.task].pid}}))")
    of_page = {}
    for one in sums:  # of a pid that was used twice both tasks
        sum_ = of_page.setdefault(one["pid"], dict.fromkeys(("ran", "waited", "slept", "runs", "preempted", "wakeups", "longestWait", "longestRun"), 0))
        for key in sum_:
            sum_[key] = max(sum_[key], one[key]) if key.startswith("longest") else sum_[key] + one[key]
    names = {"ran_ns": "ran", "waited_ns": "waited", "slept_ns": "slept", "runs": "runs", "preemptions": "preempted", "wakeups": "wakeups",
             "longest_wait_ns": "longestWait", "longest_run_ns": "longestRun"}
    checks.that(len(accounts["tasks"]) > 5, "there are tasks")
    for task in accounts["tasks"]:
        for theirs, ours in names.items():
            checks.equal(of_page.get(task["pid"], {}).get(ours), task[theirs], f"{task['comm']}[{task['pid']}] {theirs}")
    moves = {}
    for one in sums:
        moves[one["pid"]] = moves.get(one["pid"], 0) + one["migrations"]
    for task in accounts["tasks"]:
        checks.equal(moves.get(task["pid"]), task["moved_awake"] + task["moved_asleep"], f"{task['comm']}[{task['pid']}] migrations")
    slices = browser.js(f"{TIMELINE}.model.slices.map((lane) => lane.from.reduce((sum, from, i) => sum + Math.max(0, Math.min(lane.to[i], {end}) - Math.max(from, 0)), 0))")
    for cpu, one in enumerate(accounts["cpus"]):
        checks.equal(slices[cpu], one["busy_ns"], f"CPU {cpu}: busy")
    by_cgroup = browser.js(f"(() => {{ const m = {TIMELINE}.model, sums = {{}}; for (const lane of m.slices) for (let i = 0; i < lane.from.length; ++i) {{"
                           f"const name = m.head.cgroups[lane.cgroup[i]] || ''; sums[name] = (sums[name] || 0) + Math.max(0, Math.min(lane.to[i], {end}) - Math.max(lane.from[i], 0)); }} return sums; }})()")
    for name, ran in accounts["cgroups"].items():
        checks.equal(by_cgroup.get(name), ran, f"cgroup {name}: CPU time")


def span(browser):
    return browser.js(f"[{TIMELINE}.view.from, {TIMELINE}.view.to]")


def check_keys(checks, browser):
    browser.js("document.querySelector('canvas').focus()")
    browser.key("0")
    whole = span(browser)
    browser.key("+")
    checks.that(span(browser)[1] - span(browser)[0] < whole[1] - whole[0], "+ zooms in")
    before = span(browser)
    browser.key("d")
    checks.that(span(browser)[0] > before[0], "d moves on")
    browser.key("0")
    checks.equal(span(browser), whole, "0 shows all")
    browser.key("f")
    found = browser.js(f"[{TIMELINE}.findings[0].from, {TIMELINE}.findings[0].to]")
    checks.that(span(browser)[0] <= found[0] and found[1] <= span(browser)[1], "f goes to a finding")
    checks.that(browser.js(f"{TIMELINE}.focus") >= 0, "the finding's task has a lane")
    checks.that("work_conservation" in browser.js("document.querySelector('.said').textContent"), "the finding is said")
    browser.key("Escape")
    checks.equal(browser.js(f"{TIMELINE}.focus"), -1, "Escape lets go")
    colours = browser.js(f"{TIMELINE}.colours")
    browser.key("c")
    checks.that(browser.js(f"{TIMELINE}.colours") != colours, "c changes colours")
    browser.key("/")
    checks.equal(browser.js("document.activeElement.type"), "search", "/ searches")
    for letter in "load/1":
        browser.key(letter)
    checks.that("load/1" in browser.js(f"{TIMELINE}.model.name({TIMELINE}.focus)"), "what is found alone gets a lane")
    drawn = browser.js("document.querySelector('.figures').dataset.drawn")
    browser.js("document.querySelector('canvas').focus()")
    browser.key("0")
    for _ in range(4):
        browser.key("+")
    middle = sum(span(browser)) / 2
    runs = browser.js(f"(() => {{ const t = {TIMELINE}, m = t.model, all = []; for (let i = m.start[t.focus]; i < m.start[t.focus + 1]; ++i)"
                      "if (m.phase[m.index[i]] === 3) all.push(m.at[m.index[i]]); return all; })()")
    browser.key("n")
    checks.that(abs(sum(span(browser)) / 2 - min(at for at in runs if at > middle + 1)) < 2, "n goes to the task's next run")
    browser.key("w")
    browser.wait(f"document.querySelector('.figures').dataset.drawn !== '{drawn}'")
    # Every control is reached by Tab alone.
    browser.js("document.querySelector('.skip').focus()")
    reached = set()
    for _ in range(60):
        reached.add(browser.js("document.activeElement.tagName"))
        browser.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
        browser.call("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
    checks.that({"BUTTON", "CANVAS", "INPUT", "SELECT", "SUMMARY"} <= reached, f"Tab reaches {reached}")


def check_clicks(checks, browser):
    browser.js("document.querySelector('canvas').focus(); document.querySelector('canvas').scrollIntoView({block: 'center'})")
    browser.key("Escape")
    browser.key("0")
    x, y = browser.js("(() => { const t = document.querySelector('canvas').timeline, b = t.canvas.getBoundingClientRect(), lane = t.model.slices[0];"
                      "let most = 0; for (let i = 0; i < lane.from.length; ++i) if (lane.to[i] - lane.from[i] > lane.to[most] - lane.from[most] && lane.from[i] > t.view.from) most = i;"
                      "t.wanted = lane.task[most]; return [b.x + t.x((lane.from[most] + lane.to[most]) / 2), b.y + t.laneTop(0) + 5]; })()")
    browser.click(x, y)
    checks.equal(browser.js(f"{TIMELINE}.focus"), browser.js(f"{TIMELINE}.wanted"), "a click gives the task a lane")
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    browser.settle(0.2)
    checks.that("ran" in (browser.js("document.querySelector('.tip').textContent") or ""), "a tip says what runs there")
    before = span(browser)
    browser.click_on(".controls button[aria-label^='zoom in']")
    checks.that(span(browser) != before, "the button zooms")
    browser.js("document.querySelector('.link').click()")
    checks.that(browser.js(f"{TIMELINE}.focus") >= 0, "the table of tasks leads to the timeline")
    browser.js("(() => { const s = document.querySelector('header select'); s.value = 'dark'; s.dispatchEvent(new Event('change')); })()")
    browser.wait("document.querySelector('main').getAttribute('aria-busy') === 'false'")
    checks.equal(browser.js("getComputedStyle(document.body).backgroundColor"), "rgb(18, 22, 27)", "the page is dark on demand")


def check_findings(checks, browser, program, directory, run):
    """All findings have a place, also those that the recorder did not place; a skip says why; a lost result is an entry."""
    copy = os.path.join(directory, "findings")
    shutil.copytree(run, copy)
    path = os.path.join(copy, "result.json")
    record = json.load(open(path, encoding="utf-8"))
    record["details"] += [dict(record["details"][0], kind="unfair", message=f"made {i}", cgroup="load", worker=-1) for i in range(5)]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file)
    browser.open(page_of(program, os.path.join(directory, "findings.html"), copy))
    checks.equal(browser.js(f"{TIMELINE}.findings.length"), 6, "findings in the timeline")
    record.update(verdict="skip", traced=[], details=[dict(record["details"][0], verdict="skip", message="needs 8 CPUs")])
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file)
    browser.open(page_of(program, os.path.join(directory, "skip.html"), copy))
    checks.that("needs 8 CPUs" in browser.js("document.querySelector('main').innerText"), "a skipped run says why")
    state = os.path.join(directory, "state-of-lost")
    lost = os.path.join(state, "ktstr/runs/20261124-013855.417-crowded-0001")
    os.makedirs(lost)
    with open(os.path.join(lost, "result.json"), "w", encoding="utf-8") as file:
        file.write("{")
    before = os.environ["XDG_STATE_HOME"]
    os.environ["XDG_STATE_HOME"] = state
    checks.that("its result.json cannot be read" in ktstr(program, "runs", "export", "--report", "junit:-"), "a damaged result is an entry")
    os.environ["XDG_STATE_HOME"] = before


def check_many(checks, browser, program, directory, run, pictures):
    """1,000 results: copies of one with other seeds, schedulers and outcomes, as a campaign leaves them."""
    record = json.load(open(os.path.join(run, "result.json"), encoding="utf-8"))
    copies = []
    for i in range(1000):
        copy = dict(record, id=f"{record['id']}-{i:04}", test=f"test_{i % 25}", tuple=dict(record["tuple"], seed=i // 50))
        copy["schedulers"] = [dict(record["schedulers"][0], command="scx_" + ("a", "b")[i // 25 % 2])]
        if i % 17:
            copy.update(verdict="pass", details=[], traced=[], exit_code=0)
        copies.append(os.path.join(directory, "many", f"run-{i:04}"))
        os.makedirs(copies[-1])
        with open(os.path.join(copies[-1], "result.json"), "w", encoding="utf-8") as file:
            json.dump(copy, file, indent=2)
    path = os.path.join(directory, "many.html")
    started = time.monotonic()
    page_of(program, path, *copies)
    took = time.monotonic() - started
    print(f"1000 results: {os.path.getsize(path)} bytes in {took:.2f} s", flush=True)
    checks.that(os.path.getsize(path) < 5_000_000, f"1000 results take {os.path.getsize(path)} bytes")
    checks.that(took < 5, f"1000 results take {took:.1f} s")  # a machine that does something else at once needs longer than 1 s
    browser.open(path)
    check_quiet(checks, browser, "1000 runs")
    check_readable(checks, browser, "1000 runs")
    checks.equal(browser.js("document.querySelectorAll('.runs tbody tr').length"), 1000, "rows")
    checks.equal(browser.js("document.querySelectorAll('.matrix tbody tr').length"), 25, "rows of the matrix, one a test")
    checks.equal(browser.js("[...document.querySelectorAll('.matrix thead th')].map((one) => one.textContent).slice(1)"), ["scx_a", "scx_b"], "columns of the matrix")
    failed = browser.js("[...document.querySelectorAll('.matrix .cell')].map((one) => one.getAttribute('aria-label')).filter((one) => one.startsWith('fail')).map((one) => Number(one.split(' ')[1])).reduce((a, b) => a + b, 0)")
    checks.equal(failed, len([i for i in range(1000) if i % 17 == 0]), "failures in the matrix")
    if pictures:
        browser.picture(os.path.join(pictures, "many.png"), full=False)
    browser.click_on("input[aria-label='filter runs']")
    for letter in "fail test_3":
        browser.key(letter)
    rows = browser.js("[...document.querySelectorAll('.runs tbody tr')].map((one) => one.textContent)")
    checks.that(0 < len(rows) < 100 and all("test_3" in row and "FAIL" in row for row in rows), f"the filter leaves {len(rows)} rows")
    browser.click_on(".runs thead th:nth-child(7) button")
    checks.equal(browser.js("document.querySelector('.runs thead th:nth-child(7)').getAttribute('aria-sort')"), "ascending", "sorted")
    browser.js("document.querySelector('.runs tbody a').click()")
    browser.wait("document.querySelector('h2') && document.querySelector('h2').textContent.includes('test_3')")
    check_quiet(checks, browser, "one of 1000")


def check_hostile(checks, browser, program, directory, run):
    copy = os.path.join(directory, "hostile")
    shutil.copytree(run, copy)
    path = os.path.join(copy, "result.json")
    record = json.load(open(path, encoding="utf-8"))
    record.update(test=HOSTILE, kernel=HOSTILE[:2000], console_tail=[HOSTILE, HOSTILE[:100]], scheduler_log=[HOSTILE[:200]], repeat_command=HOSTILE[:3000])
    for detail in record["details"]:
        detail["message"] = HOSTILE
    for one in record["cgroups"] + record["workers"]:
        one["cgroup"] = HOSTILE[:300]
    for mark in record["marks"]:
        mark["name"] = HOSTILE[:100]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file)
    for name, runs in (("hostile-one.html", [copy]), ("hostile-two.html", [copy, run])):
        browser.open(page_of(program, os.path.join(directory, name), *runs))
        browser.settle(0.5)
        checks.that(browser.js("window.hacked") is None, "what a test is called runs as a script")
        checks.equal(browser.js("document.querySelectorAll('img').length"), 0, "no markup of a name")
        checks.that(browser.js("!document.querySelector('main').innerText.includes('\u202e') && document.querySelector('main').innerText.includes('\\\\u202e')"),
                    "what changes the order of reading is shown as its number")
        check_quiet(checks, browser, "hostile names")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ktstr")
    parser.add_argument("--pictures", help="where pictures of the pages go")
    arguments = parser.parse_args()
    if not find_chromium():
        print("SKIPPED: needs chromium (apt-get install chromium)")
        return SKIPPED
    checks, program, pictures = Checks(), os.path.abspath(arguments.ktstr), arguments.pictures
    if pictures:
        os.makedirs(pictures, exist_ok=True)
    directory = tempfile.mkdtemp(prefix="ktstr-page-test-")
    os.environ["XDG_STATE_HOME"] = os.path.join(directory, "state")
    try:
        failing = run_directory(program, directory, "scx_ktstr --leave-idle 1", 1, (1,))
        passing = run_directory(program, directory, "scx_ktstr", 2, (0,))
        checks.that(os.path.exists(os.path.join(failing, "report.html")), "a failing run leaves its page")
        with Browser() as browser:
            browser.open(os.path.join(failing, "report.html"))
            check_quiet(checks, browser, "a failing run")
            check_readable(checks, browser, "a failing run")
            check_numbers(checks, browser, program, failing)
            browser.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            check_readable(checks, browser, "a failing run, unfolded")
            check_keys(checks, browser)
            if pictures:
                browser.open(os.path.join(failing, "report.html"), "#run=0")
                browser.picture(os.path.join(pictures, "failing-light.png"))
                browser.media(dark=True)
                browser.picture(os.path.join(pictures, "failing-dark.png"))
                browser.media()
            check_clicks(checks, browser)
            one = page_of(program, os.path.join(directory, "one.html"), passing)
            browser.open(one)
            check_quiet(checks, browser, "a passing run")
            check_numbers(checks, browser, program, passing)
            browser.resize(360, 800)
            browser.settle(0.4)
            check_readable(checks, browser, "a narrow window")
            if pictures:
                browser.picture(os.path.join(pictures, "narrow.png"))
            browser.resize(1280, 900)
            browser.media("print")
            check_quiet(checks, browser, "print")
            if pictures:
                browser.picture(os.path.join(pictures, "print.png"))
            browser.media()
            two = page_of(program, os.path.join(directory, "two.html"), failing, passing)
            browser.open(two)
            check_quiet(checks, browser, "two runs")
            check_readable(checks, browser, "two runs")
            checks.equal(browser.js("document.querySelectorAll('canvas').length"), 2, "two timelines beside each other")
            browser.js("document.querySelector('canvas').focus()")
            browser.key("+")
            checks.that(browser.js("(() => { const [a, b] = [...document.querySelectorAll('canvas')].map((one) => one.timeline.view); return a === b && a.to - a.from < a.most - a.least; })()"), "both have one time axis")
            if pictures:
                browser.picture(os.path.join(pictures, "beside.png"))
            browser.js("document.querySelector('nav a').click()")
            browser.wait("document.querySelectorAll('.runs tbody tr').length === 2")
            check_findings(checks, browser, program, directory, failing)
            check_hostile(checks, browser, program, directory, failing)
            check_many(checks, browser, program, directory, failing, pictures)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
