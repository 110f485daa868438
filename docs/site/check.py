#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py SITE: complains of each link, anchor and picture of a site that leads nowhere, of a picture without words for
who does not see it, of what a page would load from the network, and of a licence line that is shown.
check.py --self-test: does it see all that?"""
import html.parser
import pathlib
import re
import sys
import tempfile
import urllib.parse

LOADED = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src"), ("iframe", "src"), ("video", "src")}
# url(X), url("X"), @import "X"
LOADED_BY_STYLES = re.compile(r"""(?:url\(|@import(?!\s*url))\s*(?:(["'])(.*?)\1|([^"')\s]+))""")
# Named for search engines and tabs, and not loaded to show a page.
NOT_LOADED_RELS = {"canonical", "next", "prev", "search", "index", "author"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.anchors, self.links, self.loaded, self.undescribed, self.words = set(), [], [], [], []
        self.inside = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        for name, value in attributes:
            is_loaded = (tag, name) in LOADED and given.get("rel") not in NOT_LOADED_RELS
            if is_loaded and value:
                self.loaded.append(value)
        if tag == "img" and not (given.get("alt") or "").strip():
            self.undescribed.append(given.get("src"))
        if tag in ("script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside:
            self.words.append(data)


def is_outside(target):
    return bool(urllib.parse.urlsplit(target).scheme) or target.startswith("//")


def in_site(site, page, target):
    """The file of the site that a page means, or None."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(target).path)
    file = (page.parent / path).resolve() if path else page
    return file if file.is_file() and site in file.parents else None


def check(site):
    site = site.resolve()
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    complaints = [] if pages else [f"{site}: no page"]
    for path, page in pages.items():
        name = path.relative_to(site)
        for target in page.loaded:
            if is_outside(target) and not target.startswith("data:"):
                complaints.append(f"{name}: loads {target}")
        for target in page.links + page.loaded:
            if is_outside(target):
                continue
            file = in_site(site, path, target)
            fragment = urllib.parse.unquote(urllib.parse.urlsplit(target).fragment)
            if not file:
                complaints.append(f"{name}: {target} is not there")
            elif fragment and file in pages and fragment not in pages[file].anchors:
                complaints.append(f"{name}: {target}: no such place on that page")
        complaints += [f"{name}: the picture {source} has no words (alt)" for source in page.undescribed]
        if "SPDX-License-Identifier" in "".join(page.words):
            complaints.append(f"{name}: shows its licence line")
    for path in sorted(site.rglob("*.css")):
        for quote, target, plain in LOADED_BY_STYLES.findall(path.read_text("utf-8")):
            target = target if quote else plain
            if is_outside(target) and not target.startswith("data:"):
                complaints.append(f"{path.relative_to(site)}: loads {target}")
            elif not is_outside(target) and not in_site(site, path, target):
                complaints.append(f"{path.relative_to(site)}: {target} is not there")
    return complaints, len(pages), sum(len(page.links) for page in pages.values())


GOOD = '<p id="here"><a href="b.html#there">b</a> <a href="https://example.org/">out</a> <img src="p.png" alt="a run">'
BAD = {
    '<a href="c.html">': "c.html is not there",
    '<a href="../outside.html">': "outside.html is not there",
    '<a href="b.html#nowhere">': "no such place",
    '<a href="#nowhere">': "no such place",
    '<img src="q.png" alt="a run">': "q.png is not there",
    '<img src="p.png">': "has no words",
    '<script src="https://example.org/x.js"></script>': "loads https://example.org/x.js",
    '<link rel="stylesheet" href="//example.org/x.css">': "loads //example.org/x.css",
    '<p>SPDX-License-Identifier: x': "shows its licence line",
}

STYLES = {
    "p { background: url('p.png'), url(p.png), url(\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>\") }": None,
    "p { background: url('https://example.org/x.png') }": "x.css: loads https://example.org/x.png",
    "p { background: url(q.png) }": "x.css: q.png is not there",
    '@import"/javascript/x.css";': "x.css: /javascript/x.css is not there",
    "@import url(/javascript/x.css);": "x.css: /javascript/x.css is not there",
}


def self_test():
    with tempfile.TemporaryDirectory() as directory:
        site = pathlib.Path(directory) / "site"
        site.mkdir()
        (site.parent / "outside.html").write_text("")
        (site / "b.html").write_text('<!-- SPDX-License-Identifier: x --><p id="there">')
        (site / "p.png").write_bytes(b"")
        (site / "a.html").write_text(GOOD)
        assert check(site)[0] == [], check(site)[0]
        for markup, expected in BAD.items():
            (site / "a.html").write_text(GOOD + markup)
            complaints = check(site)[0]
            assert len(complaints) == 1 and expected in complaints[0], (markup, complaints)
        (site / "a.html").write_text(GOOD)
        for style, expected in STYLES.items():
            (site / "x.css").write_text(style)
            assert check(site)[0] == ([expected] if expected else []), (style, check(site)[0])


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    complaints, pages, links = check(pathlib.Path(sys.argv[1]))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not complaints:
        print(f"{pages} pages, {links} links and all that they load are in order")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
