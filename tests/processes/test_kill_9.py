"""`kill -9` at every commit point of enrolment and of erasure: late, and no worse (law 4, F16).

Each test counts the points of an act, then lets a process die before each of them in turn, each time with a resident of
their own. Then a clean worker sweeps, and all must be as if nothing had happened: done once, and no photo left.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access import devices, enrolment, photos, reading, receipts
from access.models import Credential, Enrolment, FeedRow, SealedCopy, Template
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from gate import faces
from ledger.models import Entry
from portal import erasure, sweeps
from portal.portraits import portrait
from residents.models import ErasureOrder, ErasurePlace, Resident
from tests import make
from tests.enrolling import two_portraits
from tests.processes.crashing import die_before, points_of
from vault import keys

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# The dead worker's clock is early enough that its lease is over when the clean one comes.
AGO = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def ground(committed, tmp_path: Path, settings) -> Path:
    """A photo folder, and dlib loaded before the forks. Messages are sent, and nobody is there to take them."""
    settings.PHOTOS = tmp_path / "photos"
    settings.PHOTOS.mkdir(mode=0o700)  # as in any house that has been lived in
    faces._models()
    return settings.PHOTOS


@pytest.fixture
def place(committed):
    return make.neighborhood()


@pytest.fixture
def reader(place, now):
    return make.device(make.gate(place, at=now), at=now)


def somebody(place, reader, at: datetime) -> Resident:
    """Who has said yes to everything, and may pass the gate."""
    who = make.resident(place, at=at)
    make.rule(reader.device.gate, who, at=at)
    for purpose in Purpose:
        make.consent(who, purpose=purpose, at=at)
    return who


def begin(who: Resident, at: datetime, pictures: tuple[bytes, bytes] | None = None) -> Enrolment:
    return enrolment.begin(
        resident=who, route=Enrolment.Route.PORTAL, pictures=pictures or two_portraits(), at=at
    )


def withdraw(who: Resident, at: datetime) -> ErasureOrder:
    return withdrawal.withdraw(
        resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=at,
    )  # fmt: skip


def sweep() -> None:
    """The next worker: sweeps, and works on what it is nudged to. Each time a while after the one before."""
    for turn in range(3):
        at = datetime.now(UTC) + turn * timedelta(minutes=4)
        assert sweeps.sweep(at=at)
        for waiting in Enrolment.objects.due(at).values_list("pk", flat=True):
            enrolment.work(enrolment=waiting, at=at)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def kinds(who: Resident) -> dict[str, int]:
    found = list(Entry.objects.filter(subject=who.pk).values_list("kind", flat=True))
    return {kind: found.count(kind) for kind in found}


@pytest.mark.obligation("20", "21", "F16", "F21")
def test_beginning_an_enrolment(place, reader, ground):
    """The web process dies with the photos in its hands: either it had begun, or it had not."""
    points = points_of(_begin(somebody(place, reader, datetime.now(UTC) - AGO)))
    assert {"commit of default", "rename 1.part"} <= set(points), points
    Enrolment.objects.all().delete()
    sweep()
    for point in range(1, len(points) + 1):
        who = somebody(place, reader, datetime.now(UTC) - AGO)
        die_before(point, _begin(who))
        begun = Enrolment.objects.filter(resident=who).first()
        if begun is not None:
            assert photos.read(begun) == two_portraits(), points[point - 1]
            enrolment.cancel(enrolment=begun, at=datetime.now(UTC))
        sweep()
        assert files(ground) == [], f"left behind before {points[point - 1]}"
        begin(who, datetime.now(UTC))  # and may try again
        enrolment.cancel(enrolment=who.enrolments.get(), at=datetime.now(UTC))


@pytest.mark.obligation("A5", "20", "21", "F16", "F21")
def test_enrolling(place, reader, ground):
    points = points_of(_work(_begun(place, reader)))
    assert {"commit of default", "unlink 1", "unlink 2"} <= set(points), points
    assert points[0].startswith("default: UPDATE"), points  # the claim
    for point in range(1, len(points) + 1):
        begun = _begun(place, reader)
        die_before(point, _work(begun))
        sweep()
        enrolment.work(enrolment=begun.pk, at=datetime.now(UTC))
        begun.refresh_from_db()
        where = f"killed before {points[point - 1]}"
        assert begun.state == Enrolment.State.DONE, where
        assert files(ground) == [], where
        who = begun.resident
        assert who.credentials.filter(kind=Credential.Kind.FACE).count() == 1, where
        assert Template.objects.filter(resident=who).count() == 1, where
        assert FeedRow.objects.filter(credential=begun.credential, present=True).count() == 1, where
        assert kinds(who)["enrolment.done"] == 1, where


@pytest.mark.obligation("20", "21", "F16")
def test_refusing_photos(place, reader, ground):
    pictures = (portrait(0, 0), portrait(0, 0))
    points = points_of(_work(_begun(place, reader, pictures)))
    for point in range(1, len(points) + 1):
        begun = _begun(place, reader, pictures)
        die_before(point, _work(begun))
        sweep()
        begun.refresh_from_db()
        assert (begun.state, begun.reason) == (Enrolment.State.REFUSED, "same_picture"), points[point - 1]
        assert files(ground) == [], points[point - 1]
        assert kinds(begun.resident)["enrolment.refused"] == 1, points[point - 1]


@pytest.mark.obligation("8", "9", "F10", "F13", "F15", "F16", "20")
def test_withdrawing_and_erasing(place, reader, ground):
    """From the press of the button to the last place, the gap between the commit and the key's end among the points."""
    _withdraw_and_erase(_enrolled(place, reader))()  # the first of a day begins a file of the journal
    points = points_of(_withdraw_and_erase(_enrolled(place, reader)))
    withdrawn = points.index("commit of default")
    key_ended = next(at for at, name in enumerate(points) if name.startswith("vault: INSERT INTO vault_key"))
    assert withdrawn < key_ended, points
    for point in range(1, len(points) + 1):
        who = _enrolled(place, reader)
        held = {standing.purpose: standing.key for standing in Standing.objects.filter(resident=who)}
        face = who.credentials.get(kind=Credential.Kind.FACE)
        die_before(point, _withdraw_and_erase(who))
        where = f"killed before {points[point - 1]}"
        if point <= withdrawn + 1:
            assert Standing.objects.filter(resident=who).count() == len(held), f"half withdrawn: {where}"
            withdraw(who, datetime.now(UTC))
        sweep()
        order = ErasureOrder.objects.get(resident=who)
        left = order.places.exclude(state=ErasurePlace.State.GONE)
        assert [place.kind for place in left] == [ErasurePlace.Kind.DEVICE], where
        _confirm(reader, face)
        assert order in ErasureOrder.objects.complete(), where
        # Nothing was ever sealed under the consent to keep a template on the server: see access/retention.py.
        used = {keys.state(key) for purpose, key in held.items() if purpose != Purpose.TEMPLATE_ON_SERVER}
        assert used == {keys.State.DESTROYED}, where
        assert kinds(who)["erasure.opened"] == kinds(who)["erasure.complete"] == 1, where
        assert kinds(who)["consent.decided"] == 2 * len(held), where
        assert not Template.objects.filter(resident=who).exists(), where
        assert not SealedCopy.objects.filter(credential=face).exists(), where
        assert files(ground) == [], where


def _begun(place, reader, pictures: tuple[bytes, bytes] | None = None) -> Enrolment:
    at = datetime.now(UTC) - AGO
    return begin(somebody(place, reader, at), at, pictures)


def _work(begun: Enrolment) -> Callable[[], None]:
    return lambda: enrolment.work(enrolment=begun.pk, at=datetime.now(UTC) - AGO)


def _begin(who: Resident) -> Callable[[], object]:
    return lambda: begin(who, datetime.now(UTC) - AGO)


def _enrolled(place, reader) -> Resident:
    """A face that the gate holds a copy of, and photos of another enrolment on their way."""
    at = datetime.now(UTC)
    who = somebody(place, reader, at)
    make.face(who, at=at)
    reading.read_page(caller=devices.find(reader.device.pk), cursor=None, limit=500, at=at)
    begin(who, at)
    return who


def _withdraw_and_erase(who: Resident) -> Callable[[], object]:
    """The web process' part, and the worker's."""

    def act() -> None:
        order = withdraw(who, datetime.now(UTC))
        erasure.run(order=order.pk, at=datetime.now(UTC))

    return act


def _confirm(reader: make.Reader, face: Credential) -> None:
    row = FeedRow.objects.get(credential=face)
    assert not row.present
    at = datetime.now(UTC)
    receipts.take(device=reader.device, receipts=[receipts.Receipt(face.pk, row.version, at)], at=at)
