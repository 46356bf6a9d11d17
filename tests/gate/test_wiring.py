"""A board's file: read to the last word, and refused by name."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import wiring
from gate.drivers import Colour, Kind
from gate.drivers.camera import OpenCVCamera
from gate.drivers.simulated import Picture, ToldLight, ToldRelay
from tests.gate.pictures import ROOT

LEAST = 'state = "/tmp/x"\n[relay]\nline = 17\n'


def read(tmp_path, text):
    (tmp_path / "gate.toml").write_text(text)
    return wiring.read(tmp_path / "gate.toml", say=lambda told: None)


def test_the_least_is_a_state_and_a_relay(tmp_path):
    found = read(tmp_path, LEAST)
    assert found.state == Path("/tmp/x")
    assert found.open_seconds == 5.0
    assert (found.readers, found.light, found.camera, found.page, found.key_file) == (
        (),
        None,
        None,
        None,
        None,
    )


def test_the_published_example_is_read(tmp_path):
    example = (ROOT / "deploy" / "gate" / "gate.toml.example").read_text()
    found = read(tmp_path, example)
    assert {part.name for part in found.readers} >= {"card", "keypad", "exit", "scan", "contact", "test"}
    # What is commented out reads as well as what is not.
    whole = "\n".join(
        line.removeprefix("# ") if " = " in line or "[" in line[:4] else line for line in example.splitlines()
    )
    assert tomllib.loads(whole)


def test_it_can_all_be_played(tmp_path):
    told = []
    (tmp_path / "gate.toml").write_text(
        'state = "x"\n[relay]\ndriver = "simulated"\n[light]\ndriver = "simulated"\n'
        '[camera]\ndriver = "simulated"\ndevice = "face.jpg"\n[played]\nfrom = "-"\n'
    )
    found = wiring.read(tmp_path / "gate.toml", say=told.append)
    relay, light = found.relay(), found.light()
    assert isinstance(relay, ToldRelay)
    assert isinstance(light, ToldLight)
    assert isinstance(found.camera, Picture)
    relay.open_for(30)
    light.show(Colour.RED)
    relay.close()
    assert told == [{"relay": "open"}, {"light": "red"}, {"relay": "rest"}]
    assert [part.name for part in found.readers] == ["simulated"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "relay is missing"),
        ("[relay]\nline = 1", "state is missing"),
        ("state = 7\n[relay]\nline = 1", "state is no str"),
        (LEAST + "lines = 3", "relay.lines is a word that nobody here knows"),
        (LEAST + "open_seconds = 90", "relay.open_seconds is between"),
        (LEAST + "open_seconds = nan", "relay.open_seconds is between"),
        (LEAST + "active_low = 1", "relay.active_low is no bool"),
        ('state = "x"\n[relay]\nline = true', "relay.line is no int"),
        ('state = "x"\n[relay]\nline = -1', "relay.line is no number of a pin"),
        ('state = "x"\n[relay]\nline = 1\npull = "left"', "relay.pull is up"),
        ('state = "x"\n[relay]\ndriver = "usb"', "relay.driver is gpio or simulated"),
        (LEAST + "[reader]\nkind = 1", "reader is no list"),
        (LEAST + "[[reader]]\nkind = 'face'\ndevice = 'x'", "reader[0].kind is one of"),
        (LEAST + "[[reader]]\nkind = 'card'", "reader[0].device is missing"),
        (LEAST + "[[reader]]\nkind = 'card'\ndevice = 'x'\n" * 2, "reader has the same name"),
        (LEAST + "[[input]]\nkind = 'card'\nline = 3", "input[0].kind is one of"),
        (LEAST + "[camera]", "camera.device is a number or a path"),
        (LEAST + "[selftest]\naddress = '0.0.0.0'", "selftest.address is one address"),
        (LEAST + "[selftest]\naddress = '8.8.8.8'", "selftest.address is one address"),
        (LEAST + "[selftest]\naddress = 'gate.local'", "selftest.address is an address in numbers"),
        (LEAST + "[selftest]\naddress = '192.168.1.5'\nport = 0", "selftest.port is a port"),
        ("state = ", "gate.toml:"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path, text, said):
    with pytest.raises(wiring.BadWiring, match=said.replace("[", r"\[")):
        read(tmp_path, text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["kind", "line", "device", "from", "driver", "address"]), x)
        ),
        max_leaves=8,
    )
)
def test_whatever_a_table_holds_it_is_refused_by_name_or_read(value):
    for word in (
        "relay",
        "reader",
        "input",
        "light",
        "camera",
        "selftest",
        "site",
        "speech",
        "played",
        "key_file",
    ):
        told = {"state": "x", "relay": {"line": 1}} | {word: value}
        try:
            wiring._whole(wiring._Table(told, ""), lambda told: None)
        except wiring.BadWiring:
            pass


def test_a_camera_on_a_board_for_cards_is_refused_before_anybody_presses_the_button(tmp_path, monkeypatch):
    monkeypatch.setattr(wiring, "find_spec", lambda name: None if name == "dlib" else name)
    with pytest.raises(wiring.BadWiring, match="not installed: dlib"):
        read(tmp_path, LEAST + "[camera]\ndevice = 0")


def test_a_camera_is_counted_or_named(tmp_path):
    for device in ("0", '"/dev/video2"'):
        assert isinstance(read(tmp_path, LEAST + f"[camera]\ndevice = {device}").camera, OpenCVCamera)


def test_kinds_of_the_file_are_kinds_of_the_door():
    assert {*wiring._TYPED, *wiring._WIRED} == set(Kind)
