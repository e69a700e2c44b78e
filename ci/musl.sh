#!/bin/sh
# musl.sh: native/prebuilds/linux-*/hv.musl.node for this machine's architecture, built and loaded in an Alpine container.
#
# The container is started here and not in the workflow: on arm64 GitHub's actions do not run in an Alpine container.
set -eu
cd "$(dirname "$0")/.."

if [ ! -e /etc/alpine-release ]; then
  engine=$(command -v docker || command -v podman) || {
    echo 'ci/musl.sh: no docker and no podman: install one, or run this in Alpine Linux' >&2
    exit 1
  }
  exec "$engine" run --rm --volume "$PWD:/hv" node:22-alpine sh /hv/ci/musl.sh
fi

# A copy: the host's node_modules and .cache/cross hold binaries for glibc.
apk add --quiet --no-cache g++ linux-headers make python3
work=$(mktemp -d)
tar -cf - package.json package-lock.json ci native | tar -xf - -C "$work"
rm -rf "$work/native/build" "$work/native/prebuilds"
repository=$PWD
cd "$work"
npm ci --ignore-scripts
node ci/cross.mjs "$(uname -m | sed s/aarch64/arm64/)"
node ci/glibc-floor.mjs
node ci/hardening.mjs
PREBUILDS_ONLY=1 node -e 'require("node-gyp-build")("./native")'
mkdir -p "$repository/native/prebuilds"
cp -r native/prebuilds/. "$repository/native/prebuilds"
