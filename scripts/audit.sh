#!/bin/sh
# Are vulnerabilities known of the packages in constraints.txt? One that is found is a failure; a service that cannot be
# asked from here is a note, so that a machine without a network can check the rest. OSV_URL asks another service.
set -eu
cd "$(dirname "$0")/.."

report=$(mktemp)
complaint=$(mktemp)
trap 'rm -f "$report" "$complaint"' EXIT
code=0
timeout 120 .venv/bin/pip-audit --vulnerability-service osv ${OSV_URL:+--osv-url "$OSV_URL"} --requirement "${1:-constraints.txt}" \
    --no-deps --disable-pip --timeout 10 --progress-spinner off --output "$report" 2>"$complaint" || code=$?
if [ "$code" -eq 0 ]; then
    echo "pip-audit: no vulnerability is known of what constraints.txt pins"
elif [ -s "$report" ]; then
    cat "$report"
    echo "error: packages in constraints.txt are vulnerable: make constraints pins newer ones" >&2
    exit 1
elif [ "$code" -eq 124 ] || grep -qE 'ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|ServiceError' "$complaint"; then
    echo "note: the vulnerability service cannot be reached from here; the packages were not audited" >&2
else
    cat "$complaint" >&2
    exit 1
fi
