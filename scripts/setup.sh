#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# setup.sh build|test|boot|cross: installs the Debian packages of scripts/packages.* that are
# missing; the others include "build". Who is not root is told what to type.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

case ${1:-} in
build) lists="build" ;;
test) lists="build test" ;;
boot) lists="build boot" ;;
cross) lists="build cross" ;;
*) echo "usage: setup.sh build|test|boot|cross" >&2; exit 1 ;;
esac

if ! command -v dpkg-query >/dev/null; then
    # Another distribution: the build itself says what is missing.
    exit 0
fi

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for list in $lists; do
    while read -r package; do
        if [ -n "$package" ] && ! is_installed "$package"; then
            missing="$missing $package"
        fi
    done <"$here/packages.$list"
done
missing=${missing# }
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "setup.sh: some packages are missing; as root, type:" >&2
    echo "    apt-get update && apt-get install --no-install-recommends $missing" >&2
    exit 1
fi
echo "setup.sh: installing $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
# shellcheck disable=SC2086
apt-get -q install -y --no-install-recommends $missing
