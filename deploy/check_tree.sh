#!/bin/sh
# What no other tool looks at: nothing of a builder's machine in the tree, and generated files are what the code says.
set -eu
cd "$(dirname "$0")/.."
failed=0

if git grep -nIE '(pypi|files[.]pythonhosted|repo1?[.]maven([.]apache)?|registry[.]npmjs)[.](org|apache|com)|(^|[^A-Za-z0-9._/-])/(work|root|home/[a-z]+)/' -- . ':!*.svg'; then
    echo "^ a registry's host or a path of somebody's machine: leave it to the installer's settings, or make it relative" >&2
    failed=1
fi
exit $failed
