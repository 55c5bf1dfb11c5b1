# SPDX-License-Identifier: GPL-2.0-or-later
"""Sound cards: <sound> and <audio>."""
import json
import os

from domain import NO_DEVICES, SERIAL, Domain

CASES = []
ADDRESS = "<address type='pci' domain='0' bus='0' slot='0x13' function='0'/>"


def case(function):
    CASES.append(function)
    return function


def with_sound(env, audio, card=""):
    sound = f"<sound model='ac97'>{card}{ADDRESS}</sound>{audio}"
    return Domain(env.daemon, "sound", "mipsel", args=["-machine", "endian=little"],
                  environment=[("SDL_AUDIODRIVER", "dummy")],
                  boot=f"<loader type='rom'>{env.guests.firmware}</loader>", devices=NO_DEVICES + sound + SERIAL)


def audiodevs(d):
    return json.loads(d.virsh("qemu-monitor-command", '{"execute": "query-audiodevs"}'))["return"]


@case
def cards(env):
    """By itself, and on each kind of <audio> that there is."""
    path = os.path.join(env.folder, "sound.wav")
    with open(path, "wb"):
        os.chmod(path, 0o666)
    settings = "<input mixingEngine='yes' fixedSettings='yes' voices='1' bufferLength='100'/>" \
        "<output mixingEngine='yes' fixedSettings='yes' voices='1' bufferLength='20000'>" \
        "<settings frequency='48000' channels='1' format='s16'/></output>"
    for audio, driver in (("", None), ("<audio id='1' type='none'/>", "none"),
                          (f"<audio id='1' type='none' timerPeriod='20000'>{settings}</audio>", "none"),
                          (f"<audio id='1' type='file' path='{path}'/>", "wav"),
                          ("<audio id='1' type='sdl'/>", "sdl")):
        with with_sound(env, audio) as d:
            d.virsh("start")
            assert "PCI device 8086:2415" in d.hmp("info pci"), d.hmp("info pci")
            found = audiodevs(d)
            assert driver is None or found[0]["driver"] == driver, found
            if "settings" in audio:
                out = found[0]["out"]
                assert (out["frequency"], out["channels"], out["voices"]) == (48000, 1, 1), out
                assert found[0]["timer-period"] == 20000, found
            d.virsh("destroy")
    with open(path, "rb") as file:
        assert file.read(4) == b"RIFF"


@case
def two_cards_and_others(env):
    """Two cards on ends of their own; a kind of end that is not there is refused with the way out."""
    second = "<sound model='ac97'><audio id='2'/>" + ADDRESS.replace("0x13", "0x14") + "</sound>"
    audio = second + "<audio id='1' type='none'/><audio id='2' type='none'/>"
    with with_sound(env, audio, "<audio id='1'/>") as d:
        d.virsh("start")
        assert [a["id"] for a in audiodevs(d)] == ["audio1", "audio2"]
        assert d.hmp("info pci").count("8086:2415") == 2
        d.virsh("destroy")
    with with_sound(env, "<audio id='1' type='alsa'/>") as d:
        text = d.refusal()
        assert "none, wav and sdl" in text, text
