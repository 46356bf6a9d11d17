"""From a yes to an erased template on the door, with every process real and killed by none."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from access import cards, enrolment, gates, pairing, rules, templates
from access.models import Enrolment, Template
from consent.models import Purpose, Standing
from portal.places import BASE
from portal.portraits import portrait
from residents.models import ErasureOrder, ErasurePlace, Resident
from tests import make
from tests.cast import PASSWORD
from tests.enrolling import agree, two_portraits
from tests.live import Live
from tests.processes.doors import Door, Visitor
from tests.processes.scanner import Scanner
from vault.keys import unwrapped
from vault.models import Key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FACES = BASE.parent / "shared" / "faces"
CARD = "04 A2 33 B1"


@dataclass(frozen=True)
class Pictures:
    first: bytes
    second: bytes
    cut_out: bytes  # of the first
    at_the_gate: Path
    somebody_else: Path


def photographs(folder: Path) -> Pictures:
    if not FACES.is_dir():
        pytest.skip("no folder of photographs; the drawn portraits are tried all the same")
    first, second, cut_out = (
        (FACES / name).read_bytes() for name in ("obama.jpg", "obama2.jpg", "obama_small.jpg")
    )
    return Pictures(first, second, cut_out, FACES / "obama3.jpg", FACES / "biden.jpg")


def drawings(folder: Path) -> Pictures:
    # Takes that no other test draws, so that what is found on this machine is this test's.
    first, second = portrait(2, 9001), portrait(2, 9002)
    at_the_gate, somebody_else = folder / "me.jpg", folder / "somebody.jpg"
    at_the_gate.write_bytes(portrait(2, 9003))
    somebody_else.write_bytes(portrait(3, 9004))
    out = io.BytesIO()
    with Image.open(io.BytesIO(first)) as picture:
        picture.crop((30, 30, 450, 560)).resize((336, 424)).save(out, "JPEG")
    return Pictures(first, second, out.getvalue(), at_the_gate, somebody_else)


@pytest.fixture(params=[drawings, photographs])
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Pictures:
    found: Pictures = request.param(tmp_path)
    return found


@pytest.fixture
def door(live: Live, here, resident: Resident, now: datetime) -> Iterator[Door]:
    gate = gates.put_up(neighborhood=here, name="南门", by_face=True, at=now)
    rules.add(gate=gate, resident=resident, at=now)
    cards.issue(resident=resident, number=CARD, at=now)
    door = Door(live, "south")
    live.web()
    door.pair(pairing.make_code(gate=gate, by=None, at=now))
    make.enable(here, at=now)
    door.open()
    yield door
    door.close()


@pytest.fixture
def visitor(live: Live, door: Door, resident: Resident) -> Iterator[Visitor]:
    assert resident.user is not None
    visitor = Visitor(live)
    visitor.send("/sign-in/", username=resident.user.username, password=PASSWORD)
    yield visitor
    visitor.close()


@pytest.mark.obligation("3", "8", "9", "20", "21", "F4", "F7", "F8", "F13", "F15", "F21")
def test_a_face_comes_and_goes_and_the_card_stays(
    live: Live, pictures: Pictures, resident: Resident, forms, door: Door, visitor: Visitor
):
    scanner = Scanner(live)
    never = {"first photo": pictures.first, "second photo": pictures.second}

    for purpose in Purpose:
        visitor.send(f"/decisions/{purpose}/decide/", page=f"/decisions/{purpose}/", choice="yes")
    assert Standing.objects.filter(resident=resident).count() == 3

    # Two pictures that are one. No worker is there yet, so that the photos can be seen waiting.
    refused = _send_photos(visitor, pictures.first, pictures.cut_out)
    waiting = {path.name: path.read_bytes() for path in (live.var / "photos").rglob("*") if path.is_file()}
    during = scanner.find({**never, **waiting})
    assert during == {"first photo": set(), "second photo": set(), "1": {"photos"}, "2": {"photos"}}
    live.worker()
    live.beat()
    _wait_for(live, refused, Enrolment.State.REFUSED)
    refused.refresh_from_db()
    assert refused.reason == "same_picture"

    enrolled = _send_photos(visitor, pictures.first, pictures.second)
    _wait_for(live, enrolled, Enrolment.State.DONE)
    assert door.ask(sync=True)["faces"] == 1
    assert door.ask(photo=str(pictures.at_the_gate))["open"] is True
    assert door.ask(photo=str(pictures.somebody_else))["open"] is False
    assert door.ask(card=CARD)["open"] is True

    secrets, plain = _secrets(resident, door)
    never |= plain
    there = scanner.find({**never, **secrets, **waiting})
    assert {"rows", "pg"} <= there["template"]
    assert {"rows", "pg"} <= there["wrapped key"]
    assert there["sealed copy"] == {"gates/south"}
    assert not any(there[name] for name in {**never, **waiting}), there

    door.close()  # the gate is offline when the resident stops
    order = _withdraw(visitor)
    live.wait_until(lambda: _still_to_confirm(order) == {ErasurePlace.Kind.DEVICE}, timeout=60)
    assert not ErasureOrder.objects.complete().filter(pk=order.pk).exists()
    left = scanner.find({**never, **secrets, **waiting})
    assert {name: where for name, where in left.items() if where} == {"sealed copy": {"gates/south"}}

    door.open()
    assert door.ask(sync=True)["faces"] == 0
    live.wait_until(lambda: ErasureOrder.objects.complete().filter(pk=order.pk).exists())
    assert door.ask(photo=str(pictures.at_the_gate))["open"] is False
    assert door.ask(card=CARD)["open"] is True
    assert not any(scanner.find({**never, **secrets, **waiting}).values())
    visitor.read(f"/deletions/{order.pk}/")
    assert live.wait_until(lambda: live.answers())


def _send_photos(visitor: Visitor, first: bytes, second: bytes) -> Enrolment:
    to = visitor.send("/enrol/", files={"photo_1": ("a.jpg", first), "photo_2": ("b.jpg", second)})
    return Enrolment.objects.select_related("standing", "photo_standing").get(pk=to.split("/")[-2])


def _wait_for(live: Live, begun: Enrolment, state: Enrolment.State) -> None:
    live.wait_until(lambda: not Enrolment.objects.unfinished().filter(pk=begun.pk).exists(), timeout=60)
    begun.refresh_from_db()
    assert begun.state == state, begun.reason
    # Folders go while one looks; `os.walk` takes one that is gone for empty.
    live.wait_until(lambda: not any(files for _at, _folders, files in os.walk(live.var / "photos")))


def _secrets(resident: Resident, door: Door) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What must be gone afterwards, and what must never have been anywhere."""
    template = Template.objects.select_related("standing").get(resident=resident)
    key = Key.objects.get(pk=template.standing.key)
    plain_key = unwrapped([key.pk])[key.pk]
    assert plain_key is not None
    [sealed] = door.sealed_copies()
    held = {
        "template": bytes(template.ciphertext),
        "wrapped key": bytes(key.wrapped or b""),
        "sealed copy": sealed,
    }
    return held, {
        "plain template": templates.open_many([template])[template.credential_id],
        "plain key": plain_key,
    }


def _withdraw(visitor: Visitor) -> ErasureOrder:
    face = Purpose.FACE_AT_GATE
    to = visitor.send(f"/decisions/{face}/stop/", page=f"/decisions/{face}/")
    return ErasureOrder.objects.get(pk=to.split("/")[-2])


def _still_to_confirm(order: ErasureOrder) -> set[str]:
    return set(order.places.exclude(state=ErasurePlace.State.GONE).values_list("kind", flat=True))


@pytest.mark.obligation("20", "F16", "F21")
def test_a_killed_worker_and_a_lost_message_only_delay(live: Live, resident: Resident, forms):
    """The real worker, `kill -9` in the middle of its work; then Redis forgets everything."""
    now = datetime.now(UTC)
    agree(resident, forms, at=now)
    patience = {"ENROLMENT_LEASE_SECONDS": "3"}
    worker = live.worker(env=patience)
    begun = _begin(resident, two_portraits())
    live.wait_until(lambda: _state(begun) == Enrolment.State.WORKING, timeout=60, every=0.005)
    live.kill(worker)
    assert _state(begun) == Enrolment.State.WORKING, "it was too quick to be killed"
    live.redis.flushall()
    live.worker(env=patience)
    live.beat()
    live.wait_until(lambda: _state(begun) == Enrolment.State.DONE, timeout=60)
    live.wait_until(lambda: not any(path.is_file() for path in (live.var / "photos").rglob("*")))
    assert Template.objects.filter(resident=resident).count() == 1


def _begin(resident: Resident, pictures: tuple[bytes, bytes]) -> Enrolment:
    return enrolment.begin(
        resident=resident, route=Enrolment.Route.PORTAL, pictures=pictures, at=datetime.now(UTC)
    )


def _state(begun: Enrolment) -> str:
    return Enrolment.objects.values_list("state", flat=True).get(pk=begun.pk)
