#!/bin/sh
# Runs a world that is made of ParlAI's own classes, with ParlAI's own agents as stand-in and as partner. ParlAI needs
# torch (950 MB), so this has an environment of its own, .parlai, and is no part of `make test`.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "error: $1" >&2
    exit 1
}

uv=.tools/bin/uv
python=.parlai/bin/python
export UV_PYTHON_DOWNLOADS=never

complete=.parlai/.complete-1.7.2
if [ ! -e "$complete" ]; then
    echo "making .parlai: once, about 950 MB" >&2
    "$uv" venv --quiet --clear --python 3.11 .parlai ||
        fail "ParlAI 1.7.2 works on Python 3.11, which is not here: apt-get install python3.11"
    "$uv" pip install --quiet --python "$python" --no-deps parlai==1.7.2
    "$uv" pip install --quiet --python "$python" \
        requests tqdm iopath torch==2.13.0 "setuptools<81" Pillow pyyaml
    touch "$complete"
fi
"$uv" pip install --quiet --python "$python" --constraints constraints.txt \
    --editable . --editable plugins/architect_local --editable plugins/crowd_inhouse \
    --editable plugins/blueprint_parlai_chat
exec "$python" -W ignore scripts/parlai_check/check.py "$@"
