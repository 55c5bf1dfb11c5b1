#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh be32|be64|le32|le64: a stripped Malta vmlinux from Debian's linux-source, made once and kept, with
# vmlinux.debug beside it for gdb. Prints the path of the kernel on its last line; progress goes to
# stderr.
set -eu
name=${1:?usage: build.sh be32|be64|le32|le64}
here=$(cd "$(dirname "$0")" && pwd)
cache=${VALLETTA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/valletta}
case $name in
be32) cross=mips-linux-gnu- ;;
be64) cross=mips64-linux-gnuabi64- ;;
le32) cross=mipsel-linux-gnu- ;;
le64) cross=mips64el-linux-gnuabi64- ;;
*) echo "build.sh: no kernel configuration named '$name' (be32, be64, le32, le64)" >&2; exit 1 ;;
esac

mkdir -p "$cache"
exec 9>"$cache/kernel-build.lock"
flock 9

tarball=$(ls /usr/src/linux-source-6.1.tar.xz 2>/dev/null || true)
if [ -z "$tarball" ] || ! command -v ${cross}gcc >/dev/null; then
    echo "build.sh: needs linux-source-6.1, ${cross}gcc, flex, bison and bc: run scripts/setup.sh first" >&2
    exit 1
fi
key=$(cat "$here/common.config" "$here/$name.config" "$0" | cksum | cut -d' ' -f1)-$(stat -c %s "$tarball")
out=$cache/kernel-$name-$key
if [ ! -e "$out/vmlinux" ]; then
    src=$cache/linux-source-$(stat -c %s "$tarball")
    if [ ! -e "$src/.complete" ]; then
        echo "build.sh: unpacking $tarball" >&2
        rm -rf "$src"; mkdir -p "$src"
        tar -xJf "$tarball" -C "$src" --strip-components=1
        touch "$src/.complete"
    fi
    rm -rf "$cache/kernel-$name-"*
    mkdir -p "$out/build"
    cat "$here/common.config" "$here/$name.config" >"$out/all.config"
    echo "build.sh: building the $name kernel (some minutes, once); log: $out/log" >&2
    make -C "$src" O="$out/build" ARCH=mips CROSS_COMPILE=$cross KCONFIG_ALLCONFIG="$out/all.config" allnoconfig >"$out/log" 2>&1 ||
        { tail -20 "$out/log" >&2; exit 1; }
    make -C "$out/build" ARCH=mips CROSS_COMPILE=$cross KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' \
        -j"$(nproc)" vmlinux >>"$out/log" 2>&1 || { tail -20 "$out/log" >&2; exit 1; }
    ${cross}objcopy --only-keep-debug "$out/build/vmlinux" "$out/vmlinux.debug"
    ${cross}strip -o "$out/vmlinux.tmp" "$out/build/vmlinux"
    rm -rf "$out/build"
    mv "$out/vmlinux.tmp" "$out/vmlinux"
fi
echo "$out/vmlinux"
