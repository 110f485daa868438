#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads reports as the programs do that they are made for, without any of our code.

usage: check_formats.py DIRECTORY

DIRECTORY has report.junit, report.ktap, report.github, report.markdown, report.kcidb, report.lkp, report.jsonl, report.csv and report.html of the same runs.
Prints what was read as JSON: for each format the names and outcomes. Ends with 1 and says why where one is not valid.
"""
import csv
import html.parser
import io
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


def wrong(what):
    sys.exit(f"not valid: {what}")


def junit(text):
    """By the schema that Jenkins and GitLab publish: elements, their order and attributes."""
    root = xml.fromstring(text)
    allowed = {"testsuites": {"name", "tests", "failures", "errors", "time"},
               "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
               "testcase": {"classname", "name", "time"}, "system-out": set(),
               "failure": {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"}}
    for element in root.iter():
        if element.tag not in allowed or not set(element.attrib) <= allowed[element.tag]:
            wrong(f"<{element.tag}> with {sorted(element.attrib)}")
    found = []
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for case in root.iter("testcase"):
        float(case.get("time"))
        ends = [child.tag for child in case if child.tag != "system-out"]
        if len(ends) > 1:
            wrong(f"a test case has {ends}")
        for end in ends:
            counts[end] += 1
        found.append([case.get("name"), ends[0] if ends else "pass"])
    for suite in root.iter("testsuite"):
        said = [int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")]
        if said != [len(found), counts["failure"], counts["error"], counts["skipped"]]:
            wrong(f"counts {said}")
    return found


def ktap(text):
    """By Documentation/dev-tools/ktap.rst."""
    lines = text.split("\n")
    if lines[0] != "KTAP version 1":
        wrong("no version")
    plan = re.fullmatch(r"1\.\.(\d+)", lines[1])
    found = []
    for line in lines[2:]:
        if line == "" or line.startswith("#"):
            continue
        result = re.fullmatch(r"(ok|not ok) (\d+)(?: ((?:[^#\\]|\\.|\\)*?))?(?: # (SKIP|TODO|XFAIL|TIMEOUT|ERROR)(?: (.*))?)?", line)
        if not result:
            wrong(f"line {line[:200]!r}")
        if int(result[2]) != len(found) + 1:
            wrong(f"number {result[2]}")
        outcome = "pass" if result[1] == "ok" else "fail"
        found.append([result[3].replace("\\#", "#"), (result[4] or outcome).lower()])
    if not plan or int(plan[1]) != len(found):
        wrong("the plan")
    return found


def github(text):
    found = []
    for line in text.splitlines():
        command = re.fullmatch(r"::(error|warning) title=([^:,]*)::(.*)", line)
        if not command:
            wrong(f"command {line[:200]!r}")
        found.append([command[2].replace("%3A", ":").replace("%2C", ",").replace("%25", "%"), command[1]])
    return found


def markdown(text):
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    for row in rows:
        if row.count("|") != 4:
            wrong(f"row {row[:200]!r}")
    # Out of fences, no markup but ours.
    fence, prose = None, []
    for line in text.split("\n"):
        ticks = re.match(r"`{3,}", line)
        if fence is None and ticks:
            fence = ticks[0]
        elif fence is not None and line == fence:
            fence = None
        elif fence is None:
            prose.append(line)
    if fence is not None:
        wrong("a fence that does not end")
    for tag in re.findall(r"<[^>]*>", "\n".join(prose)):
        if tag not in ("<details>", "</details>", "<summary>", "</summary>", "<br>"):
            wrong(f"markup {tag!r}")
    return [[row.split("|")[1].strip(), row.split("|")[2].strip()] for row in rows[1:]]


def kcidb(text):
    """By the schema 4.3 of kcidb-io, for what we use of it."""
    report = json.loads(text)
    if report["version"] != {"major": 4, "minor": 3} or set(report) != {"version", "tests"}:
        wrong("the head")
    types = {"id": str, "origin": str, "build_id": str, "path": str, "comment": str, "status": str, "start_time": str,
             "duration": (int, float), "misc": dict}
    for test in report["tests"]:
        for key, value in test.items():
            if key not in types or not isinstance(value, types[key]):
                wrong(f"{key}: {value!r}")
        if not re.fullmatch(r"[a-z0-9_]+", test["origin"]):
            wrong("origin")
        for key in ("id", "build_id"):
            if not re.fullmatch(test["origin"] + r":.+", test[key]):
                wrong(key)
        if not re.fullmatch(r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*", test["path"]):
            wrong(f"path {test['path']!r}")
        if test["status"] not in ("FAIL", "ERROR", "MISS", "PASS", "DONE", "SKIP"):
            wrong("status")
        if "start_time" in test and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
                                                     test["start_time"]):
            wrong(f"start_time {test['start_time']}")
    return [[test["comment"], test["status"].lower()] for test in report["tests"]]


def lkp(text):
    found = []
    for line in text.splitlines():
        pair = re.fullmatch(r"([a-zA-Z0-9_.-]+): ([0-9.]+)", line)
        if not pair:
            wrong(f"line {line[:200]!r}")
        found.append([pair[1], pair[2]])
    return found


def jsonl(text):
    return [[run["test"], run["verdict"]] for run in map(json.loads, text.splitlines())]


def csv_file(text):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if any(len(row) != len(rows[0]) for row in rows):
        wrong("rows of csv")
    for row in rows[1:]:
        if any(cell[:1] in ("=", "+", "-", "@") for cell in row):
            wrong("a formula")
    return [[row[2], row[3]] for row in rows[1:]]


class Page(html.parser.HTMLParser):
    """Which elements there are, and what the scripts hold."""

    def __init__(self):
        super().__init__()
        self.elements = []
        self.scripts = {}
        self.inside = None

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        attributes = dict(attrs)
        for name in attributes:
            if name.startswith("on") or (name in ("src", "href") and not attributes[name].startswith("data:")):
                wrong(f"html: <{tag} {name}>")
        self.inside = attributes.get("id", attributes.get("type", "")) if tag == "script" else None
        if tag == "script" and (self.inside == "") != ("type" not in attributes):
            wrong("html: a script without a type that is not the page's own")

    def handle_data(self, data):
        if self.inside is not None:
            self.scripts[self.inside] = self.scripts.get(self.inside, "") + data


def html_file(text):
    page = Page()
    page.feed(text)
    page.close()
    if unexpected := set(page.elements) - {"html", "head", "meta", "link", "title", "style", "body", "noscript", "p", "code", "script"}:
        wrong(f"html: {unexpected}")
    if page.elements.count("link") != 1 or "" not in page.scripts:
        wrong("html: not its own script")
    return [[run["name"], run["outcome"]] for run in json.loads(page.scripts["runs"])]


def main():
    directory = pathlib.Path(sys.argv[1])
    found = {}
    csv.field_size_limit(1 << 30)
    for read in (junit, ktap, github, markdown, kcidb, lkp, jsonl, csv_file, html_file):
        name = read.__name__.removesuffix("_file")
        text = (directory / f"report.{name}").read_bytes().decode("utf-8")
        if control := re.search(r"[\x00-\x08\x0b-\x1f]", text):
            wrong(f"{name}: control character {ord(control[0])}")
        found[name] = read(text)
    print(json.dumps(found))


main()
