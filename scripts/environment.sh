#!/bin/sh
# Makes .venv, with all that the demo and the tests import. Needs Python 3.11 or newer with pip, nothing else:
# uv goes into .tools, because Debian's Python may lack what the standard library's venv needs.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "error: $1" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

python=
for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if new_enough "$name"; then
        python=$("$name" -c 'import sys; print(sys.executable)')
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11 or newer is needed: apt-get install python3 python3-pip, or make … PYTHON=/path/to/python"

wanted=$(sed -n 's/^uv==//p' constraints.txt)
if ! .tools/bin/uv --version 2>/dev/null | grep -qF "uv $wanted "; then
    "$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip: apt-get install python3-pip"
    rm -rf .tools
    PIP_USER=0 "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        --target .tools "uv==$wanted"
fi

export UV_PYTHON_DOWNLOADS=never

echo "making .venv: once, and again when a dependency changes" >&2
new_enough .venv/bin/python || .tools/bin/uv venv --quiet --clear --python "$python" .venv
set --
for member in plugins/*/pyproject.toml; do
    set -- "$@" --editable "$(dirname "$member")"
done
.tools/bin/uv pip install --quiet --python .venv/bin/python --constraints constraints.txt \
    --build-constraints constraints.txt --group dev --editable . "$@"
