#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh malta|malta64|maltael|malta64el: U-Boot for Malta from the source package that
# Debian's own u-boot-qemu was built from, made once and kept. Prints the path of the flash
# image on its last line; progress goes to stderr.
#
# The source comes through apt, from the mirrors that this machine is set up for, into
# folders of ours: apt checks the signatures and sums, and nothing of the system changes.
set -eu
name=${1:?usage: build.sh malta|malta64|maltael|malta64el}
here=$(cd "$(dirname "$0")" && pwd)
cache=${VALLETTA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/valletta}
case $name in
malta) cross=mips-linux-gnu- ;;
maltael) cross=mipsel-linux-gnu- ;;
malta64) cross=mips64-linux-gnuabi64- ;;
malta64el) cross=mips64el-linux-gnuabi64- ;;
*) echo "build.sh: no U-Boot configuration named '$name' (malta, malta64, maltael, malta64el)" >&2; exit 1 ;;
esac
for tool in "${cross}gcc" bison flex bc make dpkg-source; do
    if ! command -v "$tool" >/dev/null; then
        echo "build.sh: needs $tool: run scripts/setup.sh test first" >&2
        exit 1
    fi
done
version=$(dpkg-query -W -f '${source:Version}' u-boot-qemu 2>/dev/null || true)
if [ -z "$version" ]; then
    echo "build.sh: needs u-boot-qemu: run scripts/setup.sh test first" >&2
    exit 1
fi

mkdir -p "$cache"
exec 9>"$cache/uboot-build.lock"
flock 9

# apt with lists and caches of ours, knowing the sources of Debian's mirrors.
our_apt() {
    apt-get -q -o "Dir::Etc::sourcelist=$fetch/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o "Dir::State::lists=$fetch/lists" -o "Dir::Cache=$fetch/cache" -o APT::Sandbox::User= "$@"
}

# Each mirror by itself: a point release moves a version from one archive to the other.
fetch_source() {
    fetch=$cache/uboot-fetch
    rm -rf "$fetch"
    mkdir -p "$fetch/lists/partial" "$fetch/cache/archives/partial"
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    option=
    [ ! -e "$keys" ] || option="[signed-by=$keys] "
    apt-get indextargets --format "deb-src $option\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
        'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u >"$fetch/mirrors"
    echo "build.sh: fetching the source of u-boot $version" >&2
    cd "$fetch"
    while read -r mirror; do
        echo "$mirror" >sources.list
        if our_apt update && our_apt source --download-only --only-source "u-boot=$version"; then
            break
        fi
    done <mirrors >log 2>&1
    rm -rf "$src"
    if ! dpkg-source --no-check --no-copy -x u-boot_*.dsc "$src" >>log 2>&1; then
        echo "build.sh: no mirror gave the source of u-boot $version:" >&2
        tail -5 log >&2
        return 1
    fi
    touch "$src/.complete"
    cd "$here"
    rm -rf "$fetch"
}

src=$cache/uboot-source-$version
key=$(cat "$0" | cksum | cut -d' ' -f1)-$version
out=$cache/uboot-$name-$key
if [ ! -e "$out/u-boot.bin" ]; then
    [ -e "$src/.complete" ] || fetch_source || exit 1
    rm -rf "$cache/uboot-$name-"*
    mkdir -p "$out/build"
    echo "build.sh: building U-Boot's $name (a minute, once); log: $out/log" >&2
    {
        make -C "$src" O="$out/build" CROSS_COMPILE=$cross "${name}_defconfig" &&
        make -C "$src" O="$out/build" CROSS_COMPILE=$cross SOURCE_DATE_EPOCH=1767225600 -j"$(nproc)" u-boot.bin
    } >"$out/log" 2>&1 || { tail -20 "$out/log" >&2; exit 1; }
    cp "$out/build/u-boot.bin" "$out/u-boot.tmp"
    rm -rf "$out/build"
    mv "$out/u-boot.tmp" "$out/u-boot.bin"
fi
echo "$out/u-boot.bin"
