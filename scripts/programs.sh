#!/bin/sh
# The programs, besides Python, that the tests run: a browser, PostgreSQL, Node and strace. On Debian, root gets
# what is missing; anybody else is told what to install. No test is skipped for want of a program.
set -eu

has() {
    command -v "$1" >/dev/null 2>&1
}

has_postgres() {
    has initdb && return
    for program in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$program" ] && return
    done
    return 1
}

has_library() {
    for folder in /lib /usr/lib /lib64 /usr/lib64 /usr/local/lib; do
        [ -z "$(find "$folder/" -maxdepth 2 -name "$1" 2>/dev/null)" ] || return 0
    done
    return 1
}

missing=
has chromium || missing="$missing chromium"
has fc-list && fc-list 2>/dev/null | grep -q . || missing="$missing fontconfig fonts-liberation"
has_library libatomic.so.1 || missing="$missing libatomic1" # the driver of the browser needs it
has node || missing="$missing nodejs"
has npm || missing="$missing npm" # builds the example with a bundle
has_postgres || missing="$missing postgresql"
has setpriv || missing="$missing util-linux"
has strace || missing="$missing strace"
[ -n "$missing" ] || exit 0

if ! has apt-get || [ "$(id -u)" -ne 0 ]; then
    echo "error: the tests need programs that are not here: (as root) apt-get install$missing" >&2
    exit 1
fi

echo "installing$missing" >&2
# Only PostgreSQL's programs are wanted: the tests start servers of their own, so none is set up for the machine.
mkdir -p /etc/postgresql-common/createcluster.d
echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/no-main-cluster.conf
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
# shellcheck disable=SC2086  # the names are words
apt-get install -qq -y --no-install-recommends $missing </dev/null >/dev/null
