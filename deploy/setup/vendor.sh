#!/usr/bin/env bash
# Copies what the server's pages take from npm into server/static/vendor, exactly as package-lock.json
# has it, with the licences. The copies are committed, so only who changes a version runs this:
#   npm install --package-lock-only && deploy/setup/vendor.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
into=$root/server/static/vendor
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$root/package.json" "$root/package-lock.json" "$root/.npmrc" "$work/"
(cd "$work" && npm ci --silent)

take() { # take PACKAGE FILE AS: one file of a package
    install -D -m 644 "$work/node_modules/$1/$2" "$into/$3"
}

rm -rf "$into"
take @digdir/designsystemet-css dist/src/index.css designsystemet/designsystemet.css
take @digdir/designsystemet-css dist/theme/designsystemet.css designsystemet/theme.css
take @digdir/designsystemet-css LICENSE designsystemet/LICENSE
take htmx.org dist/htmx.min.js htmx/htmx.min.js
take htmx.org LICENSE htmx/LICENSE
