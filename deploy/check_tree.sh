#!/bin/sh
# Nothing of a builder's machine or of somebody's package mirror stands in a tracked file.
cd "$(dirname "$0")/.." || exit 2

host='(pypi|files[.]pythonhosted|repo1?[.]maven([.]apache)?|registry[.]npmjs)[.](org|apache|com)'
place='(^|[^A-Za-z0-9._/-])/(work|root|home/[a-z]+)/'
# Whoever owns the checkout: a CI system's own user, as a rule.
git -c safe.directory='*' grep -nIE "$host|$place" -- . ':!*.svg'
case $? in
    0) echo "^ leave hosts to the installer's settings, and make paths relative" >&2; exit 1 ;;
    1) ;; # nothing found
    *) exit 2 ;;
esac
