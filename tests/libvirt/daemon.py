# SPDX-License-Identifier: GPL-2.0-or-later
"""A libvirtd of our own: its sockets, configuration, caches and logs are in a folder that goes with
it, and nothing of the host's libvirt is seen or touched.

As root it is the system's daemon (qemu:///system) in namespaces of mounts, network and processes, so
that it and all that it starts end with the test. Where these cannot be had, and for others than root,
it is a user's (qemu:///session) with folders named by XDG_*."""
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time

LIBVIRTD = "/usr/sbin/libvirtd"
NOBODY = 65534
HOST_UUID = "5b1d3f0e-6a52-4f0c-9c3a-0d6a1f6f2c11"
# Folders that the system's daemon has by name, each an empty one in our namespace.
PRIVATE = ("/run", "/etc/libvirt", "/var/lib", "/var/cache", "/var/log")

LIBVIRTD_CONF = """
host_uuid = "{uuid}"
log_level = 3
log_outputs = "2:file:{log}"
{more}
"""
QEMU_CONF = """
stdio_handler = "file"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
{more}
"""


def enter_namespaces(argv):
    """Runs this program again in namespaces of its own and returns its exit status; None where there are none."""
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
               "--propagation", "private"]
    try:
        pwd.getpwnam("libvirt-qemu")        # the daemon for a whole system does not start without
    except KeyError:
        return None
    if os.geteuid() != 0 or not shutil.which("unshare") or not os.path.isdir("/etc/libvirt"):
        return None
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        return None
    # The shell is the namespace's first process: it takes in what daemons leave.
    return subprocess.run([*unshare, "sh", "-c", '"$@" & wait $!', "sh", sys.executable, *argv, "--in-namespaces"],
                          check=False).returncode


def lacking():
    """What must be installed first; empty when nothing."""
    for path in (LIBVIRTD, "/usr/bin/virsh"):
        if not os.path.exists(path):
            return f"{path} is not installed"
    return ""


class Daemon:
    """Started by start(), ended by stop(); virsh() talks to it."""

    def __init__(self, folder, system, path):
        """folder: an empty one with a short name; system: in the namespaces; path: of emulators."""
        self.folder, self.system = folder, system
        self.uri = "qemu:///system" if system else "qemu:///session"
        self.log = os.path.join(folder, "libvirtd.log")
        self.process = None
        self.writable = os.path.join(folder, "writable")        # by the guests' emulators
        os.makedirs(self.writable)
        self.demote = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] \
            if not system and os.geteuid() == 0 else []
        self.env = {name: os.environ[name] for name in ("HOME", "ASAN_OPTIONS") if name in os.environ}
        self.env.update({"PATH": path + ":/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "HOME": folder})
        if not system:
            for name in ("CONFIG_HOME", "CACHE_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR"):
                self.env["XDG_" + name] = os.path.join(folder, name.lower())
                os.makedirs(self.env["XDG_" + name], 0o700)
        self.config = "/etc/libvirt" if system else os.path.join(self.env["XDG_CONFIG_HOME"], "libvirt")

    def configure(self):
        if self.system:
            for where in PRIVATE:
                subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "valletta-test", where], check=True)
            os.makedirs("/run/lock")            # virsh console has lock files there
        os.makedirs(self.config, exist_ok=True)
        root = 'user = "root"\ngroup = "root"\ndynamic_ownership = 0\nremember_owner = 0' if self.system else ""
        auth = 'auth_unix_rw = "none"\nauth_unix_ro = "none"' if self.system else ""
        with open(self.config + "/libvirtd.conf", "w", encoding="ascii") as out:
            out.write(LIBVIRTD_CONF.format(uuid=HOST_UUID, log=self.log, more=auth))
        with open(self.config + "/qemu.conf", "w", encoding="ascii") as out:
            out.write(QEMU_CONF.format(more=root))
        if self.demote:
            for parent, _, files in os.walk(self.folder):
                for name in ["", *files]:
                    os.chown(os.path.join(parent, name), NOBODY, NOBODY)

    def start(self):
        self.process = subprocess.Popen([*self.demote, LIBVIRTD, "-f", self.config + "/libvirtd.conf"],
                                        env=self.env, cwd="/", stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        end = time.monotonic() + 60
        while True:
            done = self.run("uri", timeout=60)
            if done.returncode == 0:
                return
            assert self.process.poll() is None, f"libvirtd ended: {self.log_text()[-800:]}"
            assert time.monotonic() < end, f"libvirtd does not answer: {done.stderr}"
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("libvirtd did not end at SIGTERM") from None

    def kill_guests(self):
        """Those that a failed test left: they are known by their pid files."""
        for parent, _, files in os.walk("/run/libvirt/qemu" if self.system else self.env["XDG_RUNTIME_DIR"]):
            for name in files:
                if name.endswith(".pid") and name != "libvirtd.pid" and name != "driver.pid":
                    with open(os.path.join(parent, name), encoding="ascii") as file:
                        self._kill(int(file.read()))

    def _kill(self, pid):
        with open(f"/proc/{pid}/environ", "rb") as file:        # ours, and no other of that number
            if self.folder.encode() in file.read():
                os.kill(pid, signal.SIGKILL)

    def line(self, *words, quiet=True):
        return [*self.demote, "virsh", *(["-q"] if quiet else []), "-c", self.uri, *words]

    def run(self, *words, timeout=30):
        """virsh with its exit status, output and errors; it must end in time."""
        return subprocess.run(self.line(*words), env=self.env, cwd="/", stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, check=False)

    def virsh(self, *words, timeout=30):
        """What it prints; a failure is an AssertionError."""
        done = self.run(*words, timeout=timeout)
        assert done.returncode == 0, f"virsh {' '.join(words)}: {done.stderr.strip()}"
        return done.stdout.strip()

    def error(self, *words, timeout=30):
        """The error that it must end with, on one line."""
        done = self.run(*words, timeout=timeout)
        assert done.returncode != 0, f"virsh {' '.join(words)} succeeded: {done.stdout.strip()}"
        return re.sub(r"\s+", " ", done.stderr).strip()

    def log_text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def domain_logs(self):
        return sorted(glob.glob("/var/log/libvirt/qemu/*.log" if self.system else
                                os.path.join(self.env["XDG_CACHE_HOME"], "libvirt/qemu/log/*.log")))

    def domain_log(self, name):
        """What the domain's emulator said in all its lives, and how libvirt started it."""
        for path in self.domain_logs():
            if os.path.basename(path) == name + ".log":
                with open(path, encoding="utf-8", errors="replace") as file:
                    return file.read()
        return ""

    def cached_capabilities(self):
        """Texts of what libvirt keeps of the emulators that it probed."""
        cache = "/var/cache" if self.system else self.env["XDG_CACHE_HOME"]
        texts = []
        for path in sorted(glob.glob(cache + "/libvirt/qemu/**/capabilities/*.xml", recursive=True)):
            with open(path, encoding="utf-8") as file:
                texts.append(file.read())
        return texts
