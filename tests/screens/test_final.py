"""A deletion says from when on it is final: behind its details, in the reader's language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import translation

from consent import withdrawal
from consent.models import Purpose
from consent.voices import own
from portal import erasure
from portal.screens import finality
from residents.models import Resident
from tests import make
from tests.cast import PASSWORD
from tests.vault.conftest import places as places  # the fixture
from vault import keys, rotation
from vault.epochs import Final

pytestmark = pytest.mark.django_db
EARLY, LATE = datetime(2026, 12, 3, 4, tzinfo=UTC), datetime(2026, 12, 10, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("finals", "said"),
    [
        ([], ""),
        ([Final(epoch=1, since=EARLY), Final(epoch=2, since=LATE)], "Final since Dec. 10, 2026"),
        ([Final(epoch=1, since=EARLY), Final(epoch=2, expected=LATE)], "Final on Dec. 10, 2026"),
        ([Final(epoch=2, expected=LATE), Final(epoch=1, copies_before=EARLY)], "from before Dec. 3, 2026"),
    ],
)
def test_the_last_of_several_keys_says_when(finals, said):
    with translation.override("en"):
        assert said in finality.words(finals, at=EARLY)
        assert bool(finality.words(finals, at=EARLY)) == bool(said)


@pytest.mark.obligation("9")
def test_a_day_that_passed_without_it_is_not_said_to_be_one():
    """Law 12: whether an epoch has ended is asked of its row, not of the calendar."""
    late = LATE + timedelta(days=2)
    with translation.override("en"):
        assert "is not yet" in finality.words([Final(epoch=1, expected=LATE)], at=late)
        assert "Final since" in finality.words([Final(epoch=1, since=LATE)], at=late)


@pytest.mark.obligation("9")
def test_the_page_says_on_which_day_it_is_final_and_since_when_it_is(places, resident: Resident, now):
    make.face(resident, at=now)
    order = withdrawal.withdraw(
        resident=resident, purpose=Purpose.FACE_AT_GATE, voice=own(resident.user, "en"), at=now
    )

    def page(language: str) -> str:
        client = Client(headers={"accept-language": language})
        assert client.login(username=resident.user.username, password=PASSWORD)
        return client.get(f"/deletions/{order.pk}/").content.decode()

    assert "final" not in page("en"), "the key lives yet"
    assert erasure.run(order=order.pk, at=now)
    assert "Is that final?" in page("en")
    assert "Final on " in page("en")
    assert "彻底删除。那一天" in page("zh-hans")
    rotation.turn(now=True)
    assert "Final since " in page("en")
    assert "起已彻底删除" in page("zh-hans")
    assert keys.state(order.places.get(kind="key").target) is keys.State.DESTROYED
