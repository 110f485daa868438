# SPDX-License-Identifier: Apache-2.0
#
# Sphinx's settings for the site that `./dev.sh docs` makes of README.md, CHANGELOG.md and docs/. The pages stay plain
# Markdown that a forge shows as well: what only the site needs is here. A page that is in no group of NAVIGATION, a link
# or an anchor that leads nowhere, and a picture that is missing are errors (-W).
import re

project = "ktstr"
author = "the ktstr developers"
project_copyright = "the ktstr developers"
language = "en"

extensions = ["myst_parser"]
root_doc = "README"
# The source tree is the source directory: links between pages, to examples and to headers are right as they stand.
include_patterns = ["README.md", "CHANGELOG.md", "docs/*.md", "docs/guide/*.md", "docs/decisions/*.md"]
myst_heading_anchors = 4

smartquotes = False  # of "--flag" in running text they would make a dash

html_theme = "furo"
html_title = "ktstr"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/icon.svg"
html_use_index = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_permalinks_icon = "#"
highlight_language = "none"
pygments_style = "friendly"
pygments_dark_style = "monokai"

# By task: what is in the sidebar, on each page.
NAVIGATION = {
    "Begin": ["getting-started", "installing", "command-line", "kernels"],
    "Write a test": ["writing-a-scenario", "reference", "writing-a-test", "choosing-a-load", "payloads",
                     "bringing-your-own-load", "from-a-stall-report", "host-mode"],
    "Name a scheduler": ["schedulers", "declaring-a-scheduler", "upgrading-a-scheduler"],
    "Read the results": ["reading-a-verdict", "what-a-pass-means", "reports", "ci"],
    "Find failures": ["finding-rare-failures", "finding-races", "races-in-example-schedulers"],
    "Explain a failure": ["what-happened", "replaying-a-failure", "the-recorder"],
    "How it works": ["how-runs-repeat", "warm-images", "/docs/architecture", "/docs/scenario-contract",
                     "/docs/decisions/README"],
    "Project": ["/CHANGELOG"],
}


def toctrees(groups):
    for caption, pages in groups.items():
        names = [page if page.startswith("/") else f"/docs/guide/{page}" for page in pages]
        yield "\n\n```{toctree}\n:hidden:\n:caption: " + caption + "\n\n" + "\n".join(names) + "\n```\n"


def for_the_site(app, name, source):
    # The first line of a block that tests run is for them.
    text = re.sub(r"^( *```sh\n) *# runs\b.*\n", r"\1", source[0], flags=re.MULTILINE)
    if name == root_doc:
        text += "".join(toctrees(NAVIGATION))
    if name == "docs/decisions/README":
        text += "\n\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"
    source[0] = text


def setup(app):
    app.connect("source-read", for_the_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
