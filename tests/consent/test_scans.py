"""The picture of a signed paper: sealed, seen by the second clerk alone, and gone with the yes or when the paper stops."""

from __future__ import annotations

import pytest

from consent import papers, withdrawal
from consent.models import Decision, Notice, PaperScan, Standing
from consent.voices import own
from portal import erasure
from residents.models import ErasureOrder, ErasurePlace
from tests.consent.papers import FACE, KnownBy, counts, returned, sheet
from tests.living.conftest import today as today  # the fixture
from vault import keys

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quiet")]
Kind = Decision.Kind


@pytest.mark.obligation("21")
def test_the_picture_is_sealed_and_only_its_hash_stays(back, second_clerk, now):
    scan = PaperScan.objects.get()
    assert b"JFIF\0\x01" not in bytes(scan.sealed)
    plain = papers.shown(paper=back, by=second_clerk, at=now)
    assert plain.startswith(b"\xff\xd8")
    import hashlib

    assert hashlib.sha256(plain).digest() == bytes(back.scan_hash)
    assert not Standing.objects.exists()
    assert Notice.objects.filter(kind=Notice.Kind.PAPER_YES, resident=back.resident).count() == 1


# --- The picture goes with the yes


@pytest.mark.obligation("9")
def test_the_picture_goes_with_the_yes_and_its_key_too(due, carded, now):
    counts(due, now)
    key = PaperScan.objects.get().key
    order = withdrawal.withdraw(resident=carded, purpose=FACE, voice=own(carded.user, "en"), at=now)
    assert not PaperScan.objects.exists()
    assert order.places.filter(kind=ErasurePlace.Kind.KEY, target=key).exists()
    assert order.places.filter(kind=ErasurePlace.Kind.ROWS, target=due.pk).exists()
    erasure.rows(order.places.get(kind=ErasurePlace.Kind.ROWS, target=due.pk))
    erasure.key(order.places.get(kind=ErasurePlace.Kind.KEY, target=key))
    assert keys.state(key) == keys.State.DESTROYED
    due.refresh_from_db()
    assert due.scan_hash


@pytest.mark.obligation("9")
def test_a_paper_that_stops_opens_an_order_of_its_own(back, clerk, now):
    papers.stop_at_desk(paper=back, known_by=KnownBy.VOICE, by=clerk, at=now)
    order = ErasureOrder.objects.get()
    assert (order.purpose, order.cause) == ("paper", "paper")
    assert set(order.places.values_list("kind", flat=True)) == {"rows", "key", "pages"}


def test_what_was_drawn_is_what_the_second_clerk_sees(at_home, clerk, second_clerk, now):
    paper = returned(at_home, clerk, now, picture=sheet("no", kind="PNG"))
    assert papers.shown(paper=paper, by=second_clerk, at=now).startswith(b"\xff\xd8")
