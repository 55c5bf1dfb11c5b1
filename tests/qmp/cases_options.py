# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that the monitors make visible."""
import os
import socket
import stat
import subprocess

from client import Machine

CASES = []


def case(function):
    CASES.append(function)
    return function


def refused(*line):
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, f"{line}: {done}"
    return done.stderr


@case
def preconfig(env):
    with Machine(*env["malta"], "--preconfig") as m:
        qmp = m.qmp.negotiate()
        assert qmp.cmd("query-status") == {"running": False, "status": "prelaunch"}
        assert "x-exit-preconfig" in qmp.error("query-cpus-fast")
        qmp.error("cont")
        qmp.cmd("object-add", {"qom-type": "rng-builtin", "id": "r"})
        qmp.cmd("x-exit-preconfig")
        qmp.event("RESUME")
        assert len(qmp.cmd("query-cpus-fast")) == 1
        assert qmp.cmd("query-status")["running"]
        qmp.error("x-exit-preconfig")
    with Machine(*env["malta"], "-preconfig", "-S", "-machine", "memory-backend=late") as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("object-add", {"qom-type": "memory-backend-ram", "id": "late", "size": 64 << 20})
        qmp.cmd("x-exit-preconfig")
        assert qmp.cmd("query-status")["status"] == "prelaunch"
        assert qmp.cmd("query-memory-size-summary") == {"base-memory": 64 << 20}
        assert "machine" in qmp.error("object-del", {"id": "late"})


@case
def what_is_no_socket_stays(env):
    """Listening on a unix socket takes the place of one that was left, and of nothing else."""
    path, other = os.path.join(env["folder"], "place"), os.path.join(env["folder"], "other")
    forms = [("-vnc", f"unix:{path}"), ("-qmp", f"unix:{path},server=on,wait=off"),
             ("-gdb", f"unix:{path},server=on,wait=off"),
             ("-netdev", f"stream,id=n,server=on,addr.type=unix,addr.path={path}"),
             ("-netdev", f"dgram,id=n,local.type=unix,local.path={path},remote.type=unix,remote.path={other}")]

    def occupy(kind):
        if kind == "link":
            os.symlink(other, path)
        else:
            with open(path, "w", encoding="ascii") as out:
                out.write("precious")

    for kind in ("file", "link"):
        occupy(kind)
        for form in forms:
            text = refused(*env["malta"], "-S", "-display", "none", *form)
            assert "no socket" in text and path in text, text
            assert os.path.islink(path) == (kind == "link") and os.path.lexists(path), form
        os.unlink(path)
    for form in forms:
        left = socket.socket(socket.AF_UNIX)
        left.bind(path)
        left.close()
        with Machine(*env["malta"], "-S", *form) as m:
            qmp = m.qmp.negotiate()
            assert stat.S_ISSOCK(os.lstat(path).st_mode)
            if form[0] == "-vnc":
                os.rename(path, other)              # somebody makes another file meanwhile
                occupy("file")
                backend = {"type": "socket", "data": {"addr": {"type": "unix", "data": {"path": path}},
                                                      "server": True, "wait": False}}
                assert "no socket" in qmp.error("chardev-add", {"id": "c", "backend": backend})
            qmp.cmd("quit")
            assert m.wait() == 0
        if form[0] == "-vnc":
            with open(path, encoding="ascii") as file:
                assert file.read() == "precious"
            os.unlink(path)
            os.unlink(other)
        assert not os.path.lexists(path), form


@case
def memory_backends(env):
    path = os.path.join(env["folder"], "ram")
    store = [0x10000004] + [0] * 4 + [0x3C08A000, 0x3C091234, 0x35295678, 0xAD090100, 0x1000FFFF, 0]
    image = os.path.join(env["folder"], "store.bin")
    with open(image, "wb") as out:
        for word in store + [0] * 1000:
            out.write(word.to_bytes(4, "little"))
    line = [env["program"], "-M", "malta,endian=little,memory-backend=ram", "-bios", image, "-nodefaults", "-m", "16"]
    for share in ("on", "off"):
        with Machine(*line, "-object", f"memory-backend-file,id=ram,size=16M,mem-path={path},share={share}") as m:
            qmp = m.qmp.negotiate()
            backend = qmp.cmd("query-memdev")[0]
            assert backend["id"] == "ram" and backend["size"] == 16 << 20 and backend["share"] == (share == "on")
            for _ in range(1000):
                if qmp.hmp("xp /1xw 0x100").endswith("0x12345678\n"):
                    break
            else:
                raise AssertionError("the guest did not store")
        with open(path, "rb") as ram:
            ram.seek(0x100)
            found = ram.read(4)
        assert found == (b"\x78\x56\x34\x12" if share == "on" else bytes(4)), f"share={share}: {found}"
        os.unlink(path)
    text = refused(*line, "-object", '{"qom-type": "memory-backend-ram", "id": "ram", "size": 8388608}')
    assert "8 MiB" in text and "16" in text, text
    assert "memory-backend=ram" in refused(*line)


@case
def objects_on_the_command_line(env):
    path = os.path.join(env["folder"], "key")
    with open(path, "wb") as out:
        out.write(b"AAECAw==")
    with Machine(*env["none"], "-object",
                 '{"qom-type": "secret", "id": "masterKey0", "format": "base64", "file": "%s"}' % path,
                 "-object", "rng-random,id=r,filename=/dev/urandom") as m:
        names = [entry["name"] for entry in m.qmp.negotiate().cmd("qom-list", {"path": "/objects"})]
        assert names == ["type", "masterKey0", "r"], names
    assert "base64" in refused(*env["none"], "-object", "secret,id=s,data=!,format=base64")
    assert "either" in refused(*env["none"], "-object", "secret,id=s")
    assert "keyid" in refused(*env["none"], "-object", "secret,id=s,data=x,keyid=k")
    assert "iothread" in refused(*env["none"], "-object", "iothread,id=i")
    assert "unknown property 'frob'" in refused(*env["none"], "-object", "rng-builtin,id=r,frob=1")
    assert "JSON" in refused(*env["none"], "-object", '{"qom-type": ')


@case
def machine_none(env):
    with Machine(*env["none"], "-cpu", "4Kc", "-m", "2") as m:
        qmp = m.qmp.negotiate()
        assert qmp.cmd("query-memory-size-summary") == {"base-memory": 2 << 20}
        assert qmp.hmp("xp /1xw 0x1ffffc").endswith(" 0x00000000\n")
        assert qmp.hmp("xp /1xw 0x200000").endswith("nothing there\n")
        assert qmp.cmd("query-cpus-fast") == []
        qmp.cmd("quit")
        assert m.wait() == 0
    assert "frob" in refused(*env["none"], "-cpu", "frob")
    assert "-cpu option cannot be empty" in refused(*env["none"], "-cpu", "")
    assert "no CPU that could run" in refused(*env["none"], "-bios", env["firmware"])
    assert "needs -kernel" in refused(*env["none"], "-append", "x")
    assert "malta and none" in refused(env["program"], "-machine", "frob")
    assert "not there yet" in refused(*env["none"], "-device", "frob")
    assert "none, wav and sdl" in refused(*env["none"], "-audiodev", "pa,id=x")
    assert "audiodev=b" in refused(*env["malta"], "-audiodev", "none,id=a", "-device", "AC97,audiodev=b")
    assert "ac97" in refused(*env["malta"], "-audio", "none,model=hda")


@case
def audiodevs(env):
    with Machine(*env["malta"], "-S", "-audiodev", '{"driver":"none","id":"x","out":{"frequency":8000,"voices":1}}') as m:
        qmp = m.qmp.negotiate()
        found = {a["id"]: a for a in qmp.cmd("query-audiodevs")}
        assert sorted(found) == ["audio0", "x"], found        # each of these machines has an -audio none
        form = {"mixing-engine": True, "fixed-settings": True, "frequency": 44100, "channels": 2, "format": "s16"}
        assert found["x"] == {"id": "x", "driver": "none", "timer-period": 10000, "in": form,
                              "out": {**form, "frequency": 8000, "voices": 1}}, found
        qmp.cmd("device_add", {"driver": "AC97", "id": "card", "audiodev": "x"})
        assert "audiodev=y" in qmp.error("device_add", {"driver": "AC97", "audiodev": "y"})
        assert qmp.cmd("qom-get", {"path": "card", "property": "audiodev"}) == "x"
        qmp.cmd("device_del", {"id": "card"})
        assert qmp.event("DEVICE_DELETED")["data"]["device"] == "card"


@case
def readconfig(env):
    path = os.path.join(env["folder"], "config")
    with open(path, "w", encoding="ascii") as out:
        out.write('# comment\n[object]\nqom-type="rng-builtin"\nid="r0"\n\n[object "r1"]\n  qom-type = "rng-builtin"\n'
                  '[name]\n guest = "a,b"\n')
    with Machine(*env["none"], "-readconfig", path) as m:
        qmp = m.qmp.negotiate()
        assert {"name": "r1", "type": "child<rng-builtin>"} in qmp.cmd("qom-list", {"path": "/objects"})
        assert qmp.cmd("query-name") == {"name": "a,b"}
    for text, part in (("[frob]\n", ":1: "), ("x = \"y\"\n", ":1: "), ("[object]\nx = y\n", ":2: "),
                       ("[object]\nqom-type = \"frob\"\nid = \"x\"\n", "frob"), ("[rtc]\nbase = \"?\"\n", "rtc")):
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        assert part in refused(*env["none"], "-readconfig", path), text
    assert "nonexistent" in refused(*env["none"], "-readconfig", "/nonexistent")


@case
def sandbox(env):
    with Machine(*env["malta"], "-sandbox",
                 "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny") as m:
        qmp = m.qmp.negotiate()
        with open(f"/proc/{m.process.pid}/status", encoding="ascii") as status:
            assert "Seccomp:\t2\n" in status.read()
        qmp.cmd("stop")
        qmp.cmd("chardev-add", {"id": "p", "backend": {"type": "pty"}})
        qmp.cmd("pmemsave", {"val": 0, "size": 4096, "filename": "/dev/null"})
        qmp.cmd("cont")
    with Machine(*env["none"], "-sandbox", "off") as m:
        m.qmp.negotiate()
        with open(f"/proc/{m.process.pid}/status", encoding="ascii") as status:
            assert "Seccomp:\t2\n" not in status.read()
    assert "spawn=maybe" in refused(*env["none"], "-sandbox", "on,spawn=maybe")


@case
def options_that_are_told(env):
    """Each option that query-command-line-options lists is one, and so is each key of it."""
    with Machine(*env["none"]) as m:
        told = {entry["option"]: entry["parameters"] for entry in m.qmp.negotiate().cmd("query-command-line-options")}
    assert {"machine", "chardev", "mon", "sandbox", "object", "device", "name"} <= set(told)
    for option in ("machine", "mon", "sandbox", "overcommit", "name", "rtc", "boot", "msg", "smp", "m"):
        for parameter in told[option]:
            key = parameter["name"]
            if (option, key) == ("machine", "accel"):
                continue
            done = subprocess.run([env["program"], "-machine", "none", f"-{option}", f"{key}=%bad%",
                                   "-D", "/nonexistent/log"], timeout=30,
                                  capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
            assert "unknown property" not in done.stderr, f"-{option} {key}: {done.stderr}"


@case
def the_reference_is_current(env):
    done = subprocess.run([env["program"], "-qmp-reference"], capture_output=True, text=True, timeout=30, check=True)
    page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "qmp-reference.md")
    with open(page, encoding="utf-8") as kept:
        assert kept.read() == done.stdout, "valletta -qmp-reference > docs/qmp-reference.md makes it anew"
