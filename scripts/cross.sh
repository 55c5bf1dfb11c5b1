#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# cross.sh mipsel|mips64el [sysroot]: builds valletta, and valletta-kvm-test where the tree
# has it, for that Debian architecture into build-HOST/. The libraries come from Debian's own
# packages for it, unpacked once into a sysroot folder in the cache (delete it to have newer
# ones). With "sysroot" only that is made. The path of the sysroot is the last line.
set -eu
host=${1:-}
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cache=${VALLETTA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/valletta}
case $host in
mipsel) prefix=mipsel-linux-gnu ;;
mips64el) prefix=mips64el-linux-gnuabi64 ;;
"") echo "usage: make cross HOST=mipsel|mips64el" >&2; exit 1 ;;
*) echo "cross.sh: HOST=$host: Debian 12 has no such MIPS; there are mipsel and mips64el" >&2; exit 1 ;;
esac
packages="libatomic1 libc6-dev libfdt-dev libglib2.0-dev libjson-glib-dev libseccomp-dev libslirp-dev libzstd-dev zlib1g-dev libnbd-dev libpixman-1-dev libpng-dev libsdl2-dev libvncserver-dev libvterm-dev libpango1.0-dev libncurses-dev libxkbcommon-dev libspeexdsp-dev"
sysroot=$cache/sysroot-$host

for tool in "$prefix-gcc" apt-get dpkg-deb meson ninja pkg-config; do
    if ! command -v "$tool" >/dev/null; then
        echo "cross.sh: needs $tool: run scripts/setup.sh cross first" >&2
        exit 1
    fi
done
mkdir -p "$cache"
exec 9>"$cache/sysroot-$host.lock"
flock 9
# shellcheck source=scripts/private-apt.sh
. "$here/private-apt.sh"

# What development packages drag in and no compiler looks at is left packed.
unpack_all() {
    for file in "$fetch"/cache/archives/*.deb; do
        case ${file##*/} in
        python3* | libpython3* | pkg*) continue ;;
        esac
        dpkg-deb -x "$file" "$sysroot.new"
    done
}

make_sysroot() {
    fetch=$cache/sysroot-$host.fetch
    log=$cache/sysroot-$host.log
    rm -rf "$fetch" "$sysroot" "$sysroot.new"
    mkdir -p "$fetch" "$sysroot.new"
    private_apt_sources "$fetch" "$host" || exit 1
    echo "cross.sh: fetching Debian's $packages for $host (once); log: $log" >&2
    # shellcheck disable=SC2086
    if ! {
        private_apt "$fetch" "$host" update &&
            private_apt "$fetch" "$host" install -y --download-only --no-install-recommends $packages
    } >"$log" 2>&1; then
        tail -5 "$log" >&2
        echo "cross.sh: the archives that apt knows did not give $packages for $host; see $log" >&2
        exit 1
    fi
    count=$(find "$fetch/cache/archives" -name '*.deb' | wc -l)
    echo "cross.sh: unpacking $count packages into $sysroot" >&2
    unpack_all
    private_apt_relative_links "$sysroot.new"
    echo "$packages" >"$sysroot.new/.packages"
    mv "$sysroot.new" "$sysroot"
    rm -rf "$fetch"
}

[ "$(cat "$sysroot/.packages" 2>/dev/null)" = "$packages" ] || make_sysroot

if [ "${2:-}" != sysroot ]; then
    build=$root/build-$host
    where=$cache/sysroot-$host.ini
    printf "[constants]\nsysroot = '%s'\n" "$sysroot" >"$where"
    if [ ! -e "$build/build.ninja" ]; then
        echo "cross.sh: setting up $build" >&2
        meson setup --cross-file "$where" --cross-file "$here/cross/$host.ini" "$build" "$root" >&2
    fi
    ninja -C "$build" build.ninja >&2
    # By the path in which ninja knows it, where the tree has it.
    test=$(ninja -C "$build" -t targets all | sed -n 's/^\(.*valletta-kvm-test\): .*_LINKER.*/\1/p')
    # shellcheck disable=SC2086
    ninja -C "$build" -j"${JOBS:-$(nproc)}" valletta $test >&2
    echo "cross.sh: $build/valletta runs on Debian's $host" >&2
fi
echo "$sysroot"
