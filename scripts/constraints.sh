#!/bin/sh
# Writes constraints.txt: the newest versions of all dependencies that fit together on every Python and system that
# the project supports, as names and versions only (no address of a registry, no hash, no marker).
set -eu
cd "$(dirname "$0")/.."

resolved=$(mktemp)
trap 'rm -f "$resolved"' EXIT
.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --upgrade \
    --no-header --no-annotate --all-extras --group dev --output-file "$resolved" \
    pyproject.toml plugins/*/pyproject.toml
names=$(sed -n 's/^\([a-z0-9][a-z0-9.-]*==[^ ;]*\).*/\1/p' "$resolved")
twice=$(echo "$names" | cut -d= -f1 | uniq -d)
if [ -n "$twice" ]; then
    echo "error: no single version fits everywhere of: $twice; narrow its range in pyproject.toml" >&2
    exit 1
fi
{
    echo "# Made by \`make constraints\`: names and versions only."
    echo "$names"
} >constraints.txt
echo "constraints.txt: $(echo "$names" | wc -l) packages" >&2
