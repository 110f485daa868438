#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py [KTSTR]: makes the pictures of this directory anew, of real runs. Needs chromium.

terminal.png is what `ktstr run` prints of a failing run, page.png its HTML page, beside.png two runs beside each other,
overview.png the page of many."""
import html
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests/page"))
from browser import Browser  # noqa: E402

SCENARIO = """name = "crowded"
topology = "1n2l2c1t"
duration = "400ms"
[[cgroup]]
name = "service"
workers = 3
work = "Bursty"
[[cgroup]]
name = "batch"
workers = 6
work = "SpinWait"
"""
COLOURS = {"1": "font-weight:bold", "1;31": "font-weight:bold;color:#ff7d8c", "1;32": "font-weight:bold;color:#58c878", "1;33": "font-weight:bold;color:#f0b454",
           "31": "color:#ff7d8c", "32": "color:#58c878", "33": "color:#f0b454", "2": "color:#a3afbc"}


def in_a_terminal(command, columns=100):
    """What a command prints on a terminal of so many columns, and nothing that it took back."""
    parent, child = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "50"], stdin=child, check=True)
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, close_fds=True)
    os.close(child)
    text = b""
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    process.wait()
    os.close(parent)
    lines = []
    for line in text.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        line = re.split(r"\r|\x1b\[2K|\x1b\[K", line)[-1]
        lines.append(re.sub(r"\x1b\[[0-9;]*[A-LN-Za-ln-z]", "", line))
    return "\n".join(lines)


def as_html(text):
    made, is_open = "", False
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not code:
            made += html.escape(part)
            continue
        if is_open:
            made += "</span>"
        is_open = code[1] not in ("", "0")
        if is_open:
            made += f'<span style="{COLOURS.get(code[1], "font-weight:bold")}">'
    return made + ("</span>" if is_open else "")


def main():
    program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build/bin/ktstr"))
    directory = tempfile.mkdtemp(prefix="ktstr-pictures-")
    os.environ.update(XDG_STATE_HOME=os.path.join(directory, "state"), PATH=os.path.dirname(program) + ":" + os.environ["PATH"])
    os.chdir(directory)
    try:
        with open("crowded.toml", "w", encoding="utf-8") as file:
            file.write(SCENARIO)
        failing = ["ktstr", "run", "crowded.toml", "--mode", "det", "--scheduler", "scx_ktstr --leave-idle 1"]
        subprocess.run(failing, stdout=subprocess.DEVNULL, check=False)  # makes the image, which a picture need not show
        printed = in_a_terminal(failing)
        subprocess.run(["ktstr", "report", "last", "-o", "page.html"], check=True)
        subprocess.run(["ktstr", "run", "crowded.toml", "--mode", "det", "--scheduler", "scx_ktstr"], stdout=subprocess.DEVNULL, check=True)
        subprocess.run(["ktstr", "report", "last-failed", "last", "-o", "beside.html"], check=True)
        subprocess.run(["ktstr", "run", "crowded.toml", "--mode", "det", "--scheduler", "scx_ktstr", "--scheduler", "scx_ktstr --leave-idle 1",
                        "--topology", "1n1l2c1t", "--topology", "1n2l2c1t", "--seeds", "1..3", "--duration", "200ms",
                        "--report", "html:overview.html"], stdout=subprocess.DEVNULL, check=False)
        # Where it was made is nobody's business.
        printed = printed.replace(os.path.dirname(program) + "/", "").replace(directory + "/state", "~/.local/state").replace(directory + "/", "")
        command = "$ ktstr run crowded.toml --mode det --scheduler 'scx_ktstr --leave-idle 1'\n"
        with open("terminal.html", "w", encoding="utf-8") as file:
            file.write('<!DOCTYPE html><meta charset="utf-8"><body style="margin:0;background:#12161b"><main aria-busy="false"><pre style="margin:0;padding:14px;display:inline-block;'
                       f'font:14px/1.35 \'DejaVu Sans Mono\',monospace;color:#e8ecf1">{html.escape(command)}{as_html(printed.strip())}</pre></main>')
        with Browser(1100, 820) as browser:
            browser.open("terminal.html")
            width, height = browser.js("(() => { const b = document.querySelector('pre').getBoundingClientRect(); return [Math.ceil(b.width), Math.ceil(b.height)]; })()")
            browser.resize(width, height)
            browser.picture(os.path.join(HERE, "terminal.png"), full=False)
            for name, fragment, size in (("page", "#run=0", (1100, 1000)), ("beside", "", (1100, 800)), ("overview", "", (1000, 620))):
                browser.resize(*size)
                browser.open(name + ".html", fragment)
                browser.picture(os.path.join(HERE, name + ".png"), full=False)
    finally:
        os.chdir(HERE)
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
