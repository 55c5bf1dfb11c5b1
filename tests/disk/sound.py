#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sound.py VALLETTA [--fetch]: Linux's AC'97 driver plays a sine of 440 Hz, by ALSA and by its OSS, into a file.

What the file has must be that sine: its frequency, its amplitude, its length, and nothing else. Without --fetch it skips
where the guest's kernel (kernel.sh) was not fetched before. TAP on standard output."""
import math
import os
import struct
import sys
import tempfile
import time

from hotplug import SLOWNESS, run_cases

MODULES = ["snd_intel8x0", "snd_pcm_oss", "snd_mixer_oss"]
RATE, HEADER, PEAK, PERIOD = 44100, 44, 16000, 2048
CASES = []
FOLDER = tempfile.TemporaryDirectory(prefix="valletta-wav-")
WAV = os.path.join(FOLDER.name, "out.wav")
DEVICES = ["-audiodev", f"wav,id=a,path={WAV}", "-device", "AC97,audiodev=a"]


def case(function):
    CASES.append(function)
    return function


class Heard:
    """What is new in the file after a call."""

    def __init__(self):
        self.at = os.path.getsize(WAV)

    def frames(self):
        """As soon as nothing more comes."""
        size = -1
        while size != os.path.getsize(WAV):
            size = os.path.getsize(WAV)
            time.sleep(0.3 * SLOWNESS)
        with open(WAV, "rb") as file:
            file.seek(self.at)
            data = file.read()
        values = struct.unpack(f"<{len(data) // 2}h", data)
        return values[0::2], values[1::2]


def check_sine(values, frames, peak, slack):
    """The sine of 440 Hz, of that many frames but slack, with silence around it. What is left of it when the best sine
    is taken away is little: no gap, no other frequency."""
    first = next(i for i, v in enumerate(values) if abs(v) > 4)
    last = len(values) - next(i for i, v in enumerate(reversed(values)) if abs(v) > 4)
    assert abs(last - first - frames) <= slack, f"{last - first} frames, and not {frames}"
    values = values[first + 64:last - 64 - slack]
    step = 2 * math.pi * 440 / RATE
    ss = sc = cc = vs = vc = vv = 0.0
    for i, v in enumerate(values):
        s, c = math.sin(step * i), math.cos(step * i)
        ss, sc, cc, vs, vc, vv = ss + s * s, sc + s * c, cc + c * c, vs + v * s, vc + v * c, vv + v * v
    det = ss * cc - sc * sc
    a, b = (vs * cc - vc * sc) / det, (vc * ss - vs * sc) / det
    left = math.sqrt(max(0.0, vv - a * vs - b * vc) / len(values))
    assert abs(math.hypot(a, b) - peak) < peak * 0.01, f"amplitude {math.hypot(a, b)}, and not {peak}"
    assert left < peak * 0.005, f"what is no sine: {left} of {peak}"


@case
def volumes(g):
    """All is mute at first."""
    heard = Heard()
    g.wait_list("/dev/snd", "pcmC0D0p", True)
    g.do("play 44100 6")
    left, right = heard.frames()
    assert len(left) >= 6 * PERIOD and not any(left) and not any(right), f"{len(left)} frames, {max(left)}"
    for name, value in (("Master Playback Switch", 1), ("Master Playback Volume", 31), ("PCM Playback Switch", 1),
                        ("PCM Playback Volume", 23)):
        g.do(f"sound {name} {value}")


@case
def stereo_at_the_same_rate(g):
    heard = Heard()
    g.do("play 44100 24")
    left, right = heard.frames()
    check_sine(left, 24 * PERIOD, PEAK, 64)
    check_sine(right, 24 * PERIOD, PEAK / 2, 64)


@case
def attenuation(g):
    g.do("sound Master Playback Volume 27")         # 6 dB
    heard = Heard()
    g.do("play 44100 16")
    check_sine(heard.frames()[0], 16 * PERIOD, PEAK * 10 ** (-6 / 20), 64)
    g.do("sound Master Playback Volume 31")


@case
def other_rates(g):
    for rate in (48000, 8000):
        heard = Heard()
        g.do(f"play {rate} {rate // PERIOD}")
        frames = rate // PERIOD * PERIOD * RATE // rate
        check_sine(heard.frames()[0], frames, PEAK, 400)


@case
def mono_by_oss(g):
    heard = Heard()
    g.do("dsp 22050 1 1000")
    left, right = heard.frames()
    for values in (left, right):
        check_sine(values, RATE, PEAK, 400)


@case
def recording(g):
    """There is nothing to be heard, at the right pace. The microphone's own ADC has one channel, which this driver
    takes for two."""
    for path, seconds in (("/dev/snd/pcmC0D0c", 0.426), ("/dev/snd/pcmC0D1c", 0.853)):
        start = time.monotonic()
        assert g.do(f"record {path} 48000 10").strip() == "0"
        took = time.monotonic() - start
        assert seconds - 0.05 < took < seconds + SLOWNESS, took


@case
def a_second_card(g):
    """It comes while the machine runs, and is heard in the same file."""
    g.qmp.cmd("device_add", {"driver": "AC97", "id": "two", "audiodev": "a"})
    g.do("write /sys/bus/pci/rescan 1")
    g.wait_list("/dev/snd", "pcmC1D0p", True)
    slot = [d["slot"] for bus in g.qmp.cmd("query-pci") for d in bus["devices"] if d["qdev_id"] == "two"][0]
    g.do(f"write /sys/bus/pci/devices/0000:00:{slot:02x}.0/remove 1")
    g.remove("two")
    assert g.qmp.cmd("query-audiodevs")[0]["path"] == WAV


def check_header():
    with open(WAV, "rb") as file:
        header, size = file.read(HEADER), os.path.getsize(WAV)
    fields = struct.unpack("<4sI4s4sIHHIIHH4sI", header)
    assert fields == (b"RIFF", size - 8, b"WAVE", b"fmt ", 16, 1, 2, RATE, RATE * 4, 4, 16, b"data", size - HEADER), fields


if __name__ == "__main__":
    result = run_cases(__doc__.splitlines()[0], "sound", MODULES, DEVICES, CASES)
    if os.path.exists(WAV):
        check_header()
    sys.exit(result)
