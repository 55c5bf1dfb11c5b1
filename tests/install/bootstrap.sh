#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bootstrap.sh FOLDER ARCH: an installer for a guest as an initramfs, FOLDER/bootstrap.cpio.gz, and its kernel,
# FOLDER/bootstrap.kernel, both out of Debian's packages for ARCH (mipsel, mips64el). For package mirrors that
# have no installer components. It needs the network, dpkg-deb and cpio.
set -eu
here=$(dirname "$(realpath "$0")")
. "$here/../../scripts/private-apt.sh"
folder=$(realpath "$1")
arch=$2
case $arch in mipsel) flavour=4kc-malta ;; mips64el) flavour=5kc-malta ;; *) echo "bootstrap.sh: $arch?" >&2; exit 1 ;; esac
work="$folder/bootstrap"
rm -rf "$work"
mkdir -p "$work/root" "$work/kernel"
private_apt_sources "$work/apt" "$arch"
private_apt "$work/apt" "$arch" update >&2
private_apt "$work/apt" "$arch" -y --no-install-recommends --download-only install bash busybox-static \
    ca-certificates coreutils dash debian-archive-keyring debootstrap diffutils dpkg e2fsprogs fdisk findutils gpgv \
    grep gzip libc-bin mawk mount perl-base sed tar util-linux wget xz-utils >&2
for deb in "$work"/apt/cache/archives/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
(cd "$work/kernel" && name=$(private_apt "$work/apt" "$arch" --print-uris --no-install-recommends install \
    "linux-image-$flavour" | sed -n "s/.*\(linux-image-[0-9][^_]*-$flavour\)_.*/\1/p" | head -n 1) &&
    private_apt "$work/apt" "$arch" download "$name" >&2 && dpkg-deb -x "$name"*.deb .)
cp "$work"/kernel/boot/vmlinu* "$folder/bootstrap.kernel"
mkdir -p "$work/root/modules" "$work/root/proc" "$work/root/sys" "$work/root/dev" "$work/root/tmp" "$work/root/target"
for module in mii pcnet32 virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk \
    ata_piix crc16 crc32c_generic libcrc32c mbcache jbd2 ext4; do
    find "$work/kernel/lib/modules" -name "$module.ko" -exec cp {} "$work/root/modules/" \;
done
ln -sf bash "$work/root/bin/sh"
ln -sf mawk "$work/root/usr/bin/awk"
cp "$here/bootstrap-init" "$work/root/init"
cp "$here/bootstrap-dhcp" "$work/root/dhcp"
cp "$folder/key.pub" "$work/root/authorized_keys"
chmod 755 "$work/root/init" "$work/root/dhcp"
rm -rf "$work/root/usr/share/doc" "$work/root/usr/share/locale" "$work/root/usr/share/man" "$work/root/usr/share/info"
(cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1 >"$folder/bootstrap.cpio.gz")
rm -rf "$work"
