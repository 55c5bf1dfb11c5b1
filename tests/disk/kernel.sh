#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kernel.sh: fetches Debian's kernel package for the Malta of mipsel, once, unpacks kernel and modules, and
# prints the folder. It needs the network the first time, and dpkg-deb.
set -eu
here=$(dirname "$(realpath "$0")")
. "$here/../../scripts/private-apt.sh"
cache=${VALLETTA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/valletta}
kept="$cache/linux-image-4kc-malta"
mkdir -p "$cache"
exec 9>"$kept.lock"
flock 9             # of several tests one fetches it
if [ ! -e "$kept/done" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    echo "kernel.sh: fetching Debian's kernel for the Malta (46 MB, once)" >&2
    private_apt_sources "$work/apt" mipsel
    private_apt "$work/apt" mipsel update >&2
    name=$(private_apt "$work/apt" mipsel --print-uris --no-install-recommends install linux-image-4kc-malta |
        sed -n "s/.*\(linux-image-[0-9][^_]*-4kc-malta\)_.*/\1/p" | head -n 1)
    [ -n "$name" ] || { echo "kernel.sh: no archive of this machine has linux-image-4kc-malta" >&2; exit 1; }
    (cd "$work" && private_apt "$work/apt" mipsel download "$name" >&2 && dpkg-deb -x "$name"*.deb root)
    rm -rf "$kept"
    mkdir -p "$kept"
    cp "$work"/root/boot/vmlinuz-* "$kept/vmlinuz"
    cp -r "$work"/root/lib/modules/*/kernel "$kept/modules"
    touch "$kept/done"
fi
echo "$kept"
