#!/bin/sh
# Compile the locks, each a subset of dev.txt, with hashes, for every Python and platform we support.
#   requirements/lock.sh              keep the pins, and take up what the .in files now ask for
#   requirements/lock.sh --upgrade    take the newest of everything that has been public for a week
set -eu
cd "$(dirname "$0")"

compile() {
    # No host names and no paths in the result: any mirror will do, the hashes decide.
    ../.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --exclude-newer "1 week" "$@"
}

compile "$@" bootstrap.in runtime.in trial.in dev.in --output-file dev.txt
compile --upgrade --constraints dev.txt bootstrap.in --output-file bootstrap.txt
compile --upgrade --constraints dev.txt runtime.in --output-file runtime.txt
compile --upgrade --constraints dev.txt bootstrap.in runtime.in trial.in --output-file trial.txt
