"""Recorded sentences: played if they can be, silent if not, and nobody waits for either."""

import os
import struct
import threading
import time

import pytest

from gate.signs import clips
from gate.speech import Speech


def wav(samples=8):
    body = b"\x00\x00" * samples
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", len(body))  # fmt: skip
    return head + body


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "speech"
    folder.mkdir()
    for clip in ("allowed", "unknown_card"):
        (folder / f"{clip}.wav").write_bytes(wav())
    return folder


@pytest.fixture
def player(tmp_path):
    """Writes down how it was called, and plays for as long as it is told."""
    program, heard = tmp_path / "aplay", tmp_path / "heard"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {heard}\nexec sleep "$(cat {tmp_path}/seconds 2>/dev/null || echo 0)"\n'
    )
    program.chmod(0o755)

    class Player:
        path = str(program)

        def heard(self, count=1, seconds=20):
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                said = heard.read_text().splitlines() if heard.exists() else []
                if len(said) >= count:
                    return said
                time.sleep(0.02)
            return said

        def lasts(self, seconds):
            (tmp_path / "seconds").write_text(str(seconds))

    return Player()


@pytest.fixture
def speak(folder, player):
    said = []

    def make(**how):
        said.append(Speech(folder, player=player.path, **how))
        return said[-1]

    yield make
    for each in said:
        each.close()


def test_it_plays_the_recording_of_a_reason(speak, player, folder):
    speak(speaker="plughw:1,0").say("unknown_card")
    assert player.heard() == [f"-q -D plughw:1,0 {folder}/unknown_card.wav"]


def test_nobody_waits_for_a_sentence_and_a_newer_one_cuts_it_off(speak, player):
    player.lasts(30)
    speech = speak()
    began = time.monotonic()
    speech.say("allowed")
    assert time.monotonic() - began < 5
    assert len(player.heard()) == 1
    speech.say("unknown_card")
    assert len(player.heard(2)) == 2
    began = time.monotonic()
    speech.close()
    assert time.monotonic() - began < 15


def test_what_is_no_recording_is_silence(speak, player, folder):
    (folder / "revoked.wav").write_bytes(b"#!/bin/sh\n")
    (folder / "no_face.wav").write_bytes(wav() + bytes(6 * 1024 * 1024))
    os.mkdir(folder / "wrong_pin.wav")
    speech = speak()
    for clip in ("revoked", "no_face", "wrong_pin", "../allowed", "keypad_waits", None):
        speech.say(clip)
        time.sleep(0.1)
    speech.say("allowed")
    assert [line.rpartition("/")[2] for line in player.heard()] == ["allowed.wav"]
    assert set(speech.missing()) == set(clips()) - {"allowed", "unknown_card"}


def test_without_a_player_or_a_folder_it_is_silent(folder):
    for speech in (Speech(folder, player="no-such-player"), Speech(None)):
        speech.say("allowed")
        speech.close()
    assert not Speech(folder, player="no-such-player").has_player
    assert Speech(None).missing() == list(clips())


def test_a_player_that_does_not_start_ends_nothing(speak, player, tmp_path, folder):
    speech = speak()
    tried, plays = threading.Event(), speech._play_one
    speech._play_one = lambda file: (plays(file), tried.set())
    os.chmod(player.path, 0o644)
    speech.say("allowed")
    assert tried.wait(20)
    os.chmod(player.path, 0o755)
    speech.say("unknown_card")
    assert len(player.heard()) == 1
