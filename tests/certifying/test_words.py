"""Each state of each kind of place has its sentence, in both languages; and so has whatever else is said of one."""

from __future__ import annotations

import itertools

import pytest
from django.utils import translation

from portal import certifying
from portal.screens.deletion_words import FURTHER, SENTENCES, further, sentence
from residents.models import ErasurePlace

KINDS = list(itertools.product(ErasurePlace.Kind, ErasurePlace.State))


def in_both(words) -> tuple[str, str]:
    said = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said.append(words())
    return said[0], said[1]


@pytest.mark.obligation("9", "F15")
@pytest.mark.parametrize(("kind", "state"), KINDS)
def test_each_state_of_each_kind_has_its_sentence(kind, state):
    english, chinese = in_both(lambda: sentence(kind, state))
    assert english.isascii() or "’" in english
    assert chinese
    assert chinese != english


def test_there_is_no_sentence_for_what_there_is_not():
    assert set(SENTENCES) == set(KINDS)


@pytest.mark.parametrize(("kind", "state"), KINDS)
def test_only_what_is_gone_is_called_gone(kind, state):
    with translation.override("en"):
        said = sentence(kind, state)
    claims = (
        "there are none",
        "is destroyed",
        "is not in them",
        "it is gone.",
        "they have deleted it, and",
        "The set has ended",
    )
    assert any(each in said for each in claims if "not known" not in said) == (state == "gone")


def test_whatever_else_is_said_has_its_words():
    assert set(FURTHER) == set(certifying.KNOWN)
    known = {
        "expired": {"since": NOON, "last_heard": NOON, "offline_hours": 24, "skew_seconds": -3},
        "asked": {"until": NOON},
        "closed": {"reason": "stolen", "agreed": NOON},
        "ends": {"until": NOON},
        "held": {"until": NOON},
        "final": {"expected": NOON},
    }
    english, chinese = in_both(lambda: " ".join(further(known)))
    assert "expired by its own clock" in english
    assert "24 hours" in english
    assert "3 seconds off" in english
    assert "stolen" in english
    assert "must be gone by" in english
    assert "hold ends by itself" in english
    assert "old backup of keys could still open it" in english
    assert "stolen" not in chinese
    assert "expired" not in chinese
    with translation.override("en"):
        assert further({"final": {"since": NOON}}) == []
    known["expired"] |= {"skew_seconds": None}
    with translation.override("en"):
        assert "not known" in further(known)[0]


NOON = "2026-03-01T04:00:00Z"
