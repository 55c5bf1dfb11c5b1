#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh te-host|te-host-nodyn|te-guest: a stripped Malta vmlinux for trap-and-emulate KVM,
# made once and kept. Prints the path of the kernel on its last line; progress goes to stderr.
#
# The source is Debian's linux-source-5.10, the last that has this kind of KVM. It belongs to
# an older release than the one that is needed for the rest, so it is fetched by apt with
# lists of its own, from the security archive that this machine is set up for.
set -eu
name=${1:?usage: build.sh te-host|te-host-nodyn|te-guest}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=${VALLETTA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/valletta}
cross=mipsel-linux-gnu-
common="$root/tests/boot/kernel/common.config $here/te-common.config"
# shellcheck source=scripts/private-apt.sh
. "$root/scripts/private-apt.sh"

if [ ! -e "$here/$name.config" ] || [ "$name" = te-common ]; then
    echo "build.sh: no kernel configuration named '$name' (te-host, te-host-nodyn, te-guest)" >&2
    exit 1
fi
for tool in ${cross}gcc flex bison bc make xz apt-get; do
    if ! command -v "$tool" >/dev/null; then
        echo "build.sh: needs $tool: run scripts/setup.sh test first" >&2
        exit 1
    fi
done

mkdir -p "$cache"
exec 9>"$cache/kernel-build.lock"
flock 9
src=$cache/linux-source-5.10

fetch_source() {
    fetch=$cache/linux-source-5.10.fetch
    rm -rf "$fetch" "$src"
    mkdir -p "$fetch" "$src"
    arch=$(dpkg --print-architecture)
    echo "build.sh: fetching linux-source-5.10 of bullseye-security (120 MB, once)" >&2
    private_apt_sources "$fetch" "$arch" bullseye-security || exit 1
    cd "$fetch"
    if ! {
        private_apt "$fetch" "$arch" update && private_apt "$fetch" "$arch" download linux-source-5.10
    } >log 2>&1; then
        tail -5 log >&2
        echo "build.sh: no mirror gave linux-source-5.10 of bullseye-security; see $fetch/log" >&2
        exit 1
    fi
    version=$(dpkg-deb -f linux-source-5.10_*.deb Version)
    echo "build.sh: unpacking the source of Linux $version" >&2
    dpkg-deb --fsys-tarfile linux-source-5.10_*.deb >package.tar
    tar -xOf package.tar ./usr/src/linux-source-5.10.tar.xz | tar -xJ -C "$src" --strip-components=1
    repair_interrupts
    cd "$here"
    rm -rf "$fetch"
    echo "$version" >"$src/.complete"
}

# From 5.8 to 5.12 a trap-and-emulate guest gets no interrupt: the table holds masks for
# Status.IM since then, but the function that delivers takes them for bit numbers yet.
repair_interrupts() {
    file=$src/arch/mips/kvm/interrupt.c
    sed -i 's/^\(\tie = \)1 << (\(kvm_priority_to_irq\[priority\]\) + 8);$/\1\2;/' "$file"
    if [ "$(grep -c '^	ie = kvm_priority_to_irq\[priority\];$' "$file")" != 1 ]; then
        echo "build.sh: $file is not as expected: the repair of interrupts does not fit" >&2
        exit 1
    fi
}

[ -e "$src/.complete" ] || fetch_source
# shellcheck disable=SC2086
key=$(cat $common "$here/$name.config" "$0" | cksum | cut -d' ' -f1)-$(cat "$src/.complete")
out=$cache/kernel-$name-$key
if [ ! -e "$out/vmlinux" ]; then
    rm -rf "$cache/kernel-$name-"[0-9]*
    mkdir -p "$out/build"
    # shellcheck disable=SC2086
    cat $common "$here/$name.config" >"$out/all.config"
    echo "build.sh: building the $name kernel (some minutes, once); log: $out/log" >&2
    {
        make -C "$src" O="$out/build" ARCH=mips CROSS_COMPILE=$cross \
            KCONFIG_ALLCONFIG="$out/all.config" allnoconfig &&
        make -C "$out/build" ARCH=mips CROSS_COMPILE=$cross \
            KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' -j"${JOBS:-$(nproc)}" vmlinux
    } >"$out/log" 2>&1 || { tail -20 "$out/log" >&2; exit 1; }
    # A misspelt or withdrawn option would otherwise vanish in silence.
    grep -h '=[y0-9]' "$here/te-common.config" "$here/$name.config" | while read -r option; do
        grep -qx "$option" "$out/build/.config" || { echo "build.sh: $name lacks $option" >&2; exit 1; }
    done
    ${cross}strip -o "$out/vmlinux.tmp" "$out/build/vmlinux"
    rm -rf "$out/build"
    mv "$out/vmlinux.tmp" "$out/vmlinux"
fi
echo "$out/vmlinux"
