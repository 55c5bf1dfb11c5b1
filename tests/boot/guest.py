# SPDX-License-Identifier: GPL-2.0-or-later
"""What is booted: our own init as an initramfs, kernels and firmware by their names."""
import glob
import gzip
import os
import re
import shutil
import struct
import subprocess
import threading
import zlib
from console import Failure, Skip

HERE = os.path.dirname(os.path.realpath(__file__))
INSTALLER = "/usr/lib/debian-installer/images/12"
# Kernels that were made elsewhere: a folder beside the checkout, or the one that is named.
SHARED = os.environ.get("VALLETTA_GUESTS") or \
    os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(HERE))), "shared", "guests")
COMPILERS = {"le32": "mipsel-linux-gnu-gcc", "be32": "mips-linux-gnu-gcc",
             "le64": "mips64el-linux-gnuabi64-gcc", "be64": "mips64-linux-gnuabi64-gcc"}
_lock = threading.Lock()


def _member(number, name, mode, data=b"", device=(0, 0)):
    """One member of a "newc" cpio archive."""
    path = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def cpio(init, files=()):
    """A root with init, a console and files: (path, bytes) each, all executable."""
    folders = sorted({parent for path, _ in files for parent in _parents(path)})
    members = [_member(1, "dev", 0o40755), _member(2, "dev/console", 0o20600, device=(5, 1)),
               _member(3, "init", 0o100755, init)]
    members += [_member(number, folder, 0o40755) for number, folder in enumerate(folders, 4)]
    members += [_member(number, path, 0o100755, data)
                for number, (path, data) in enumerate(files, 4 + len(folders))]
    return b"".join([*members, _member(0, "TRAILER!!!", 0)])


def _parents(path):
    parts = path.split("/")[:-1]
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def initramfs(target, folder):
    """Path of our own initramfs for a target, built once a run."""
    compiler, path = COMPILERS[target], os.path.join(folder, f"initramfs-{target}.cpio.gz")
    with _lock:
        if os.path.exists(path):
            return path
        if not shutil.which(compiler):
            raise Skip(f"{compiler} is not installed (scripts/setup.sh test)")
        program = os.path.join(folder, "init-" + target)
        done = subprocess.run([compiler, "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra",
                               "-Wno-unused-parameter", "-Wno-missing-field-initializers", "-Werror", "-static", "-s",
                               *sorted(glob.glob(HERE + "/guest/*.c")), "-lm", "-lpthread", "-o", program],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(f"the guest's init does not build: {done.stderr.strip().splitlines()[:1]}")
        with open(program, "rb") as init:
            archive = gzip.compress(cpio(init.read()), 9, mtime=0)
        with open(path, "wb") as out:
            out.write(archive)
        return path


def debian(port, name):
    """A file of Debian's installer for Malta; name may have wildcards."""
    found = sorted(glob.glob(f"{INSTALLER}/{port}/malta/{name}"))
    if not found:
        raise Skip(f"debian-installer-12-netboot-{port} is not installed (scripts/setup.sh test)")
    return found[0]


def shared(name):
    path = os.path.join(SHARED, name)
    if not os.path.exists(path):
        raise Skip(f"there is no {name} in {SHARED} (VALLETTA_GUESTS names the folder)")
    return path


def trap_and_emulate_guest():
    """A kernel linked at 0x40100000: the one that tests/kvm/kernel/build.sh te-guest keeps, or another."""
    cache = os.environ.get("VALLETTA_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "valletta")
    kept = sorted(glob.glob(os.path.join(cache, "kernel-te-guest-*", "vmlinux")))
    return kept[-1] if kept else shared("vmlinux-te-guest")


def packaged_kernel(*modules):
    """Debian's kernel as tests/disk/kernel.sh keeps it, and (name, bytes) of modules behind those they need."""
    cache = os.environ.get("VALLETTA_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "valletta")
    kept = os.path.join(cache, "linux-image-4kc-malta")
    if not os.path.exists(os.path.join(kept, "done")):
        raise Skip("Debian's kernel package is not there (tests/disk/kernel.sh fetches it)")
    paths = {os.path.basename(path)[:-3].replace("-", "_"): path
             for path in glob.glob(kept + "/modules/**/*.ko", recursive=True)}
    found = {}

    def add(name):
        with open(paths[name], "rb") as file:
            data = file.read()
        needs = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in needs.group(1).decode().split(",") if needs else ():
            if other and other.replace("-", "_") not in found:
                add(other.replace("-", "_"))
        found[name] = data

    for module in modules:
        if module not in found:
            add(module)
    return os.path.join(kept, "vmlinuz"), list(found.items())


def packaged_uboot(name):
    path = f"/usr/lib/u-boot/{name}/u-boot.bin"
    if not os.path.exists(path):
        raise Skip("u-boot-qemu is not installed (scripts/setup.sh test)")
    return path


def built(script, name):
    """What kernel/build.sh or uboot/build.sh makes, and keeps."""
    done = subprocess.run([os.path.join(HERE, script, "build.sh"), name], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise (Skip if "build.sh: needs" in last or "build.sh: no mirror" in done.stderr else Failure)(last)
    return done.stdout.splitlines()[-1]


def elf_segment(path):
    """The bytes of an ELF kernel's load segments as one image, its address, its entry."""
    with open(path, "rb") as file:
        data = file.read()
    order, wide = ("<", ">")[data[5] == 2], data[4] == 2
    entry, phoff = struct.unpack_from(order + ("QQ" if wide else "II"), data, 24)
    phentsize, phnum = struct.unpack_from(order + "HH", data, 54 if wide else 42)
    image, base = bytearray(), None
    for i in range(phnum):
        at = phoff + i * phentsize
        if wide:
            kind, _, offset, vaddr, _, size = struct.unpack_from(order + "IIQQQQ", data, at)
        else:
            kind, offset, vaddr, _, size = struct.unpack_from(order + "IIIII", data, at)
        if kind == 1:
            base = vaddr if base is None else base
            image.extend(b"\0" * (vaddr - base - len(image)))
            image[vaddr - base:] = data[offset:offset + size]
    return bytes(image), base, entry


def uimage(kernel, out, compressed):
    """A U-Boot image (64 bytes of header, big endian) of an ELF kernel."""
    image, base, entry = elf_segment(kernel)
    data = gzip.compress(image, 6, mtime=0) if compressed else image
    head = struct.pack(">7I4B32s", 0x27051956, 0, 0, len(data), base & 0xffffffff, entry & 0xffffffff,
                       zlib.crc32(data), 5, 5, 2, int(compressed), b"valletta test kernel")
    head = head[:4] + struct.pack(">I", zlib.crc32(head)) + head[8:]
    with open(out, "wb") as file:
        file.write(head + data)
    return out


def raw_image(kernel, out):
    """A raw binary as objcopy makes it. Where the first word is empty, a jump to the entry goes
    there: what a kernel configured to start at its first byte has (CONFIG_BOOT_RAW)."""
    image, base, entry = elf_segment(kernel)
    with open(kernel, "rb") as file:
        order = "<>"[file.read(6)[5] == 2]
    if base & 0xffffffff != 0x80100000:
        raise Failure(f"{kernel}: linked at 0x{base:x}; a raw image is loaded at 0x80100000")
    if image[:8] != bytes(8):
        raise Failure(f"{kernel}: does not begin with empty words")
    jump = struct.pack(order + "II", 0x08000000 | entry >> 2 & 0x3ffffff, 0)
    with open(out, "wb") as file:
        file.write(jump + image[8:])
    return out
