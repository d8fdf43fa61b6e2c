#!/bin/sh
# Write the locks anew from pyproject.toml, requirements/*.in and package.json. Versions stay unless `--upgrade` is given.
# No lock names a registry: each machine uses its own, and the hashes decide.
set -eu
cd "$(dirname "$0")/../.."
. tools/setup/node.sh

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-build \
        --no-emit-index-url --no-annotate --custom-compile-command 'make lock' "$@"
}

compile "$@" pyproject.toml requirements/runtime.in --output-file requirements/runtime.txt
compile "$@" pyproject.toml requirements/dev.in --constraints requirements/runtime.txt --output-file requirements/dev.txt
npm install --package-lock-only --omit-lockfile-registry-resolved
