#!/bin/sh
# Prepare .venv by itself: requirements/install.sh trial|dev
# Needs Python 3.11+ with venv, and the network the first time. Every failure names its cure.
set -eu
cd "$(dirname "$0")/.."
purpose=$1
log=.venv/install.log

give_up() {
    echo >&2
    printf '%s\n' "$@" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            echo "$candidate"
            return
        fi
    done
}

explain() {
    tail -n 15 "$log" >&2
    if grep -qiE 'no space left|disk quota' "$log"; then
        give_up "The disk is full: about 1 GB is needed here and in ${UV_CACHE_DIR:-~/.cache/uv}. Free some, then run the same command again."
    elif grep -qiE 'hash(es)? (mismatch|do not match)|do not match the hashes' "$log"; then
        give_up "A downloaded package is not the one that was locked. Empty ${UV_CACHE_DIR:-~/.cache/uv}; if it happens again, ask whoever runs your package mirror."
    elif grep -qiE 'certificate|ssl' "$log"; then
        give_up "The package index's certificate is not trusted here. Behind an inspecting proxy, name its authority:" \
            "    export SSL_CERT_FILE=/path/to/ca.pem PIP_CERT=/path/to/ca.pem"
    elif grep -qiE 'resolve host|name resolution|connect|timed out|timeout|network|temporary failure|no matching distribution|proxy' "$log"; then
        give_up "The package index cannot be reached; the first run downloads from it (later ones do not)." \
            "Check the network. Behind a proxy or a mirror of your own:" \
            "    export HTTPS_PROXY=http://proxy:port" \
            "    export PIP_INDEX_URL=https://mirror/simple UV_DEFAULT_INDEX=https://mirror/simple"
    fi
    give_up "The environment could not be prepared; the whole story is in $log. 'make clean' starts over."
}

python=$(find_python)
[ -n "$python" ] || give_up "Python 3.11 or newer is needed, and ${PYTHON:-python3} is $("${PYTHON:-python3}" --version 2> /dev/null | grep . || echo 'none')." \
    "    apt-get install python3 python3-venv      or: make ... PYTHON=/path/to/python3.13"
"$python" -c 'import ensurepip, venv' 2> /dev/null || give_up "This Python has no venv module." \
    "    apt-get install python3-venv"
if [ ! -w . ]; then give_up "$PWD is not writable: clone into a folder of your own."; fi
if [ ! -x ".venv/bin/uv" ] && [ "$(df -Pk . | awk 'NR == 2 {print $4}')" -lt 1000000 ]; then
    give_up "Less than 1 GB is free on the disk of $PWD. Free some, then run the same command again."
fi

# A HOME that cannot hold a cache must not stop anyone.
if [ -z "${UV_CACHE_DIR:-}" ] && ! mkdir -p "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/uv" 2> /dev/null; then
    export UV_CACHE_DIR="$PWD/.cache/uv"
fi
# Trust what this machine trusts (an authority of the organisation's own, say), where it has an opinion.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -e "$bundle" ]; then export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}; fi
done
export UV_PYTHON=.venv/bin/python UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV="$PWD/.venv" PIP_DISABLE_PIP_VERSION_CHECK=1
# One hitch of the network among so many files is no reason to give up.
export UV_HTTP_RETRIES="${UV_HTTP_RETRIES:-6}" PIP_RETRIES="${PIP_RETRIES:-8}"

if ! .venv/bin/python -c '' 2> /dev/null || ! .venv/bin/uv --version > /dev/null 2>&1; then
    echo "Preparing .venv with $("$python" --version) (once; downloads about 100 MB for the trial, 200 MB for everything) ..."
    "$python" -m venv --clear .venv > /dev/null || give_up "'$python -m venv .venv' failed." "    apt-get install python3-venv"
    .venv/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/bootstrap.txt > "$log" 2>&1 || explain
fi
# --no-build: a compiler is never needed; what has no wheel does not get in.
install() {
    { .venv/bin/uv pip install "$@" 2>&1 || echo "failed"; } | tee "$log" | grep -E '^ *(Downloading|Downloaded) ' || true
    if grep -q '^failed$' "$log"; then explain; fi
}
install --require-hashes --no-build -r "requirements/$purpose.txt"
install --no-deps --no-build-isolation -e .
touch ".venv/ready-for-$purpose"
