# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel for the Malta (kernel.sh) with a first program of our own, for tests of devices."""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "boot"))
import guest                            # noqa: E402
from console import Skip                # noqa: E402

CACHE = os.environ.get("VALLETTA_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "valletta")


class Kernel:
    """sources: the first program's; folder: for what is made of it."""

    def __init__(self, fetch, folder, *sources):
        kept = os.path.join(CACHE, "linux-image-4kc-malta")
        if fetch and shutil.which("dpkg-deb"):
            done = subprocess.run([HERE + "/kernel.sh"], capture_output=True, text=True, check=False)
            if done.returncode:
                raise Skip("Debian's kernel for the guest cannot be fetched: " + done.stderr.strip().splitlines()[-1])
        if not os.path.exists(kept + "/done"):
            raise Skip("Debian's kernel for the guest is not kept: tests/disk/kernel.sh fetches it")
        self.path = kept + "/vmlinuz"
        self.modules = {name[:-3].replace("-", "_"): os.path.join(parent, name)
                        for parent, _, names in os.walk(kept + "/modules") for name in names if name.endswith(".ko")}
        self.folder = folder
        self.init = self.compile(sources)

    def compile(self, sources):
        compiler, out = guest.COMPILERS["le32"], os.path.join(self.folder, "init")
        if not shutil.which(compiler):
            raise Skip(f"{compiler} is not installed (scripts/setup.sh test)")
        subprocess.run([compiler, "-O2", "-Wall", "-Werror", "-static", "-s", *sources, "-o", out, "-lm"], check=True)
        with open(out, "rb") as data:
            return data.read()

    def closure(self, names):
        """The modules with what they need, in the order in which they can be loaded."""
        order = []
        for name in names:
            with open(self.modules[name], "rb") as data:
                found = re.search(rb"(?:^|\0)depends=([^\0]*)\0", data.read())
            needs = found.group(1).decode().replace("-", "_").split(",") if found and found.group(1) else []
            order += [n for n in self.closure(needs) + [name] if n not in order]
        return order

    def initramfs(self, key, modules):
        """The path of one with those modules, made once for a key."""
        path = os.path.join(self.folder, key + ".cpio")
        if not os.path.exists(path):
            names, files = self.closure(modules), []
            for name in names:
                with open(self.modules[name], "rb") as data:
                    files.append((f"modules/{name}.ko", data.read()))
            files.append(("order", "".join(f"{name}.ko\n" for name in names).encode()))
            with open(path, "wb") as out:
                out.write(guest.cpio(self.init, files))
        return path
