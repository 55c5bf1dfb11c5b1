# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks: a guest gets its address by DHCP and talks to this host both ways; firmware loads by TFTP."""
import gzip
import hashlib
import http.server
import os
import random
import socket
import threading
import time
import zlib

import guest
from cases_firmware import Uboot
from console import Console, Failure

# The installer's own programs and modules, another first program.
INIT = """#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
set -- $(cat /proc/cmdline)
for word; do case $word in net_*) eval "$word";; esac; done
drivers=/lib/modules/$(uname -r)/kernel/drivers/net
[ $net_driver != amd/pcnet32 ] || insmod $drivers/mii.ko
insmod $drivers/ethernet/$net_driver.ko
ip link set lo up; ip link set eth0 up
udhcpc -i eth0 -s /net-lease -n -q -t 10 || echo NO-LEASE
ping -c 1 10.0.2.2 >/dev/null && echo PING-OK
wget -q -O /tmp/got http://10.0.2.2:$net_http/blob
echo "GOT $(md5sum </tmp/got)"
nc 10.0.2.2 $net_sink </tmp/got
echo LISTENING
nc -l -p 5000 | md5sum | sed 's/^/FORWARDED /'
echo "DROPPED $(cat /sys/class/net/eth0/statistics/rx_errors) $(cat /sys/class/net/eth0/statistics/tx_errors)"
poweroff -f
"""
LEASE = """#!/bin/sh
case $1 in
bound|renew)
    ip addr add $ip/$mask dev eth0
    ip route add default via $router
    echo "LEASE $ip $router $dns" ;;
esac
"""


class Host:
    """A web server and a TCP sink on loopback."""

    def __init__(self, blob):
        self.blob, self.received = blob, b""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):                   # pylint: disable=invalid-name
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.blob)))
                self.end_headers()
                self.wfile.write(outer.blob)

            def log_message(self, *args):       # pylint: disable=arguments-differ
                pass

        self.web = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.sink = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.taker = threading.Thread(target=self.take, daemon=True)
        self.taker.start()

    def take(self):
        connection = self.sink.accept()[0]
        with connection:
            while data := connection.recv(65536):
                self.received += data

    def ports(self):
        return f"net_http={self.web.server_port} net_sink={self.sink.getsockname()[1]}"

    def close(self):
        self.web.shutdown()
        self.web.server_close()
        self.sink.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def initramfs(context, port):
    """The installer's, with our first program behind it."""
    path = os.path.join(context.folder, f"initramfs-net-{port}-{threading.get_ident()}.gz")
    with open(guest.debian(port, "initrd.gz"), "rb") as file:
        base = file.read()
    ours = guest.cpio(INIT.encode(), [("net-lease", LEASE.encode())])
    with open(path, "wb") as out:
        out.write(base + b"\0" * (-len(base) % 4) + gzip.compress(ours, 1, mtime=0))
    return path


class Network:
    """DHCP, ping, a file from the host, the same back to it, and a connection that the host makes."""

    def __init__(self, name, port, model, driver, cpu=None):
        self.name, self.port, self.model, self.driver, self.cpu = name, port, model, driver, cpu
        self.seconds = 30

    def run(self, context):
        blob = random.Random(7).randbytes(4 << 20)
        digest, forwarded, host = hashlib.md5(blob).hexdigest(), free_port(), Host(blob)
        command = [context.valletta, "-M", "malta", "-m", "256", "-kernel", guest.debian(self.port, "vmlinuz-*"),
                   "-initrd", initramfs(context, self.port), "-append",
                   f"console=ttyS0 quiet net_driver={self.driver} {host.ports()}", "-nographic",
                   "-nic", f"user,model={self.model},hostfwd=tcp:127.0.0.1:{forwarded}-:5000"]
        console = Console(self.name, command + (["-cpu", self.cpu] if self.cpu else []), context.folder)
        try:
            console.wait_for("LEASE 10.0.2.15 10.0.2.2 10.0.2.3", 60)
            console.wait_for("PING-OK", 20)
            console.wait_for(f"GOT {digest}", 30)
            console.wait_for("LISTENING", 30)
            host.taker.join(30)
            if host.received != blob:
                console.complain(f"the host got {len(host.received)} other bytes than it gave")
            self.connect(forwarded, blob)
            console.wait_for(f"FORWARDED {digest}", 30)
            console.wait_for("DROPPED 0 0", 10)
            console.wait_for("reboot: Power down", 20)
            console.expect_end()
        finally:
            console.close()
            host.close()

    @staticmethod
    def connect(port, blob):
        """While the guest's nc does not listen yet the connection is reset."""
        for attempt in range(50):
            try:
                with socket.create_connection(("127.0.0.1", port), 60) as s:
                    s.sendall(blob)
                    s.shutdown(socket.SHUT_WR)
                    s.recv(1)
                    return
            except ConnectionError:
                time.sleep(0.2 + attempt / 50)
        raise Failure(f"no connection to the guest through port {port}")


class UbootTftp(Uboot):
    """A file by DHCP and TFTP through U-Boot's own driver."""

    def run(self, context):
        folder = os.path.join(context.folder, self.name)
        os.makedirs(folder, exist_ok=True)
        data = random.Random(8).randbytes(300000)
        with open(os.path.join(folder, "file.bin"), "wb") as out:
            out.write(data)
        console = self.start(context, "-nic", f"user,tftp={folder}")
        try:
            console.wait_for("Net:   eth0: pcnet#0", 20)
            console.wait_for(self.prompt, 20)
            self.ask(console, "setenv autoload no")
            self.ask(console, "dhcp", "bound to address 10.0.2.15")
            ram = self.high + "81000000"
            self.ask(console, f"tftpboot {ram} file.bin", "Bytes transferred = 300000 (493e0 hex)")
            self.ask(console, f"crc32 {ram} 493e0", f"==> {zlib.crc32(data):08x}")
            self.ask(console, "ping 10.0.2.2", "is alive")
            console.type("\x01x")
            console.expect_end()
        finally:
            console.close()


CASES = [
    Network("net-pcnet-4kc", "mipsel", "pcnet", "amd/pcnet32"),
    Network("net-pcnet-5kc", "mips64el", "pcnet", "amd/pcnet32", cpu="5KEc"),
    Network("net-e1000-4kc", "mipsel", "e1000", "intel/e1000/e1000"),
    Network("net-e1000-82545em-5kc", "mips64el", "e1000-82545em", "intel/e1000/e1000", cpu="5KEc"),
    UbootTftp("net-uboot-maltael", lambda: guest.packaged_uboot("maltael"), "maltael # "),
    UbootTftp("net-uboot-malta64el", lambda: guest.packaged_uboot("malta64el"), "maltael # ", cpu="5KEc"),
    UbootTftp("net-uboot-malta", lambda: guest.built("uboot", "malta"), "malta # "),
]
