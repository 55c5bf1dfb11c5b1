#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# install-names.sh BINDIR FOLDER: links the four names that fix the target to the
# installed program, in a folder of their own. Relative folders are under the prefix.
set -eu
prefix=${MESON_INSTALL_PREFIX:?run by meson install}
case $1 in /*) bin=$1 ;; *) bin=$prefix/$1 ;; esac
case $2 in /*) folder=$2 ;; *) folder=$prefix/$2 ;; esac
mkdir -p "${DESTDIR:-}$folder"
for name in mips mipsel mips64 mips64el; do
    ln -sfn "$(realpath -m --relative-to="$folder" "$bin")/valletta" "${DESTDIR:-}$folder/qemu-system-$name"
done
