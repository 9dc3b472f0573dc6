#!/bin/sh
# The demo: examples/form, with its data in .demo so that nothing outside the checkout is touched.
#
#   scripts/demo.sh [--port N]   serve it
#   scripts/demo.sh --export     write the answers so far into demo-answers/
#   scripts/demo.sh WORDS        any other crowd command on the demo's data, as in  scripts/demo.sh status
set -eu
cd "$(dirname "$0")/.."

export CROWD_DATA_DIR="$PWD/.demo/data" CROWD_CONFIG_DIR="$PWD/.demo/config"
crowd=.venv/bin/crowd
task=form-demo

case "${1:-}" in
"" | --port)
    port=${2:-3000}
    cat <<TEXT

  Two people fill the form; be both, each at an address of their own:

    http://localhost:$port/?worker_id=x&assignment_id=1
    http://localhost:$port/?worker_id=y&assignment_id=2

  It ends by itself when both are done. The answers so far:  make export
  To leave: Ctrl-C waits for those in the middle, a second Ctrl-C leaves at once;
  scripts/demo.sh resume  goes on then.

TEXT
    exec "$crowd" run examples/form --no-open architect.port="$port"
    ;;
--export)
    mkdir -p demo-answers
    exec "$crowd" export "$task" --output demo-answers/answers.csv --files demo-answers/files
    ;;
*)
    exec "$crowd" "$@"
    ;;
esac
