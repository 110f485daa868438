#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# build.sh OUT: README.md, CHANGELOG.md and docs/ as a site of static pages in OUT, which needs no network and no server.
# Every warning is an error, and so is a link, an anchor or a picture that is not there. Exits with 77 where Sphinx, its
# Markdown or its theme is missing.
set -euo pipefail

out=$1
source=$(dirname "$(dirname "$(dirname "$(realpath "${BASH_SOURCE[0]}")")")")
# Not whichever python3 is first in PATH: Debian's, which has Debian's packages.
python=/usr/bin/python3
if ! "$python" -c 'import sphinx, myst_parser, furo' 2>/dev/null; then
  printf 'build.sh: SKIPPED: the site needs python3-sphinx, python3-myst-parser and furo\n' >&2
  exit 77
fi
if [[ -e $out && ! -e $out/searchindex.js ]]; then
  printf 'build.sh: %s is there, and no site: it is not replaced\n' "$out" >&2
  exit 1
fi

cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
rm -rf "$out"
"$python" -m sphinx -q -W --keep-going -b html -c "$source/docs/site" -d "$cache" "$source" "$out"
rm -f "$out/.buildinfo"
cp "$out/README.html" "$out/index.html"
# Debian's furo has the style sheet that it begins with from a web server's /javascript.
normalize=/javascript/normalize.css/normalize.css
if grep -q "$normalize" "$out/_static/styles/furo.css"; then
  cp --dereference "/usr/share$normalize" "$out/_static/styles/normalize.css"
  sed -i "s,$normalize,normalize.css," "$out/_static/styles/furo.css"
fi
"$python" "$source/docs/site/check.py" "$out"
