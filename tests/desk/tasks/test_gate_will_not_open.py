"""Gate will not open: the state at once, one line about the card, and nobody in the events until a reason is given."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access import hearing, losing, naming, refused
from access.models import Device, EntryEvent, FeedRow
from portal.screens.desk.shut_gate import NEXT
from residents.lookups import ReasonMissing, is_open
from residents.models import LookUp, Resident
from tests import long_ago, make
from tests.desk.tasks.conftest import CARD


@pytest.fixture
def path(south, north) -> str:
    return f"/desk/gates/{south.pk}/"


@pytest.fixture
def reader(south, now) -> make.Reader:
    """Heard of just now, and holding the newest copy."""
    made = make.device(south)
    Device.objects.update(last_poll_at=now, acknowledged=10**6)
    return made


@pytest.fixture
def event(card, reader, south, now) -> EntryEvent:
    return EntryEvent.objects.create(
        neighborhood=south.neighborhood,
        gate=south,
        device=reader.device,
        boot=uuid.uuid4(),
        sequence=1,
        kind="card",
        credential=card.pk,
        outcome="opened",
        reason="allowed",
        device_time=now,
        received_at=now,
    )


class TestTheGate:
    def test_it_is_chosen_with_its_state_beside_it(self, hut: Client, path, south):
        page = hut.get("/desk/gates/").content.decode()
        assert f'href="{path}"' in page
        assert "No reader" in page

    def test_an_only_gate_needs_no_choosing(self, hut: Client, south):
        assert hut.get("/desk/gates/")["Location"] == f"/desk/gates/{south.pk}/"

    def test_its_state(self, south, reader, card, now):
        assert hearing.of(south, at=now).well
        newest = FeedRow.objects.filter(gate=south).latest("version").version
        Device.objects.update(acknowledged=newest - 1)
        assert hearing.of(south, at=now).behind
        Device.objects.update(acknowledged=newest)
        assert not hearing.of(south, at=now).behind
        assert hearing.of(south, at=now + timedelta(minutes=10)).silent

    def test_a_reader_taken_down_is_not_waited_for(self, south, reader, now):
        Device.objects.update(revoked_at=now, last_poll_at=now - timedelta(days=9))
        heard = hearing.of(south, at=now)
        assert (heard.readers, heard.silent, heard.well) == (0, False, False)


class TestTheCard:
    def answer(self, client: Client, path: str, number: str = CARD) -> str:
        """What the slip says of it, in both languages."""
        page = client.post(path, {"card": number}).content.decode()
        slips = re.findall(r'<article class="slip-page" lang="en">(.*?)</article>', page, re.DOTALL)
        return " ".join(" ".join(slips).split())

    def test_the_answer_is_one_line_and_what_to_do_next(self, hut: Client, path, resident, card, clerk, now):
        losing.report_lost(resident=resident, by=clerk, at=now)
        said = self.answer(hut, path)
        assert said.count("<strong>") == 1
        assert "Reported lost on" in said
        assert "Keep the card." in said

    def test_a_card_that_is_in_order(self, hut: Client, path, card, reader):
        assert "The card is in order and the gate has it." in self.answer(hut, path)

    def test_an_unknown_card(self, hut: Client, path):
        assert "No such card was ever issued here." in self.answer(hut, path, "0470000009")

    def test_there_is_a_next_step_for_every_answer(self):
        assert set(NEXT) == set(refused.Code)

    @pytest.mark.obligation("27")
    def test_whose_card_it_is_is_not_said(self, hut: Client, path, resident, card):
        said = self.answer(hut, path)
        assert "柳" not in said.replace("柳岸", "")
        assert str(resident.pk)[:8] not in said
        assert "101" not in said

    @pytest.mark.parametrize("number", ["", "   ", "x" * 200, "\x00", "'; --", "🙂"])
    def test_nonsense_is_answered(self, hut: Client, path, number):
        assert hut.post(path, {"card": number, "further": "1"}).status_code == 200

    @pytest.mark.obligation("27")
    def test_nobody_else_asks(self, nobody_else, path, card):
        nobody_else(path)
        nobody_else(path, {"card": CARD})

    def test_a_gate_elsewhere_is_not_there(self, hut: Client, elsewhere, now):
        there = make.gate(elsewhere, at=now)
        assert hut.get(f"/desk/gates/{there.pk}/").status_code == 404


@pytest.mark.obligation("27", "A2")
class TestWhoseItWas:
    REASON = {"what_for": "urgent", "words": "a parcel was taken"}

    def test_events_carry_nobody(self, hut: Client, path, event, resident):
        page = hut.get(path).content.decode()
        assert "Card: opened" in page
        assert "柳" not in page.replace("柳岸", "")
        assert str(resident.pk) not in page
        assert str(event.credential) not in page

    def test_a_reason_names_the_person_for_a_quarter_of_an_hour(
        self, hut: Client, event, resident, clerk, now
    ):
        path = f"/desk/events/{event.pk}/"
        assert "柳一" not in hut.get(path).content.decode()
        hut.post(path, self.REASON)
        page = hut.get(path).content.decode()
        assert "柳一" in page
        assert "1 101" in page
        assert naming.passer(event=event, by=clerk, at=now + timedelta(minutes=20)) is None

    def test_the_person_reads_that_it_was_asked_and_why(self, hut: Client, desk, event, resident):
        hut.post(f"/desk/events/{event.pk}/", self.REASON)
        page = desk(resident.user).get("/record/").content.decode()
        assert "Who passed a gate, and it was you or a visitor of yours" in page
        assert "a parcel was taken" in page

    def test_it_opens_no_phone_and_no_other_event(self, hut: Client, event, resident, clerk, now):
        other = EntryEvent.objects.get()
        other.pk, other.sequence = uuid.uuid4(), 2
        other.save(force_insert=True)
        hut.post(f"/desk/events/{event.pk}/", self.REASON)
        assert not is_open(resident=resident, by=clerk, at=now)
        assert "057188000101" not in hut.get(f"/desk/people/{resident.pk}/").content.decode()
        assert "柳一" not in hut.get(f"/desk/events/{other.pk}/").content.decode()

    def test_a_look_up_of_the_phone_names_no_entry(self, hut: Client, event, resident):
        hut.post(f"/desk/people/{resident.pk}/look-up/", self.REASON)
        assert "柳一" not in hut.get(f"/desk/events/{event.pk}/").content.decode()

    def test_another_of_the_staff_gives_a_reason_of_their_own(self, hut, desk, event, superuser):
        hut.post(f"/desk/events/{event.pk}/", self.REASON)
        assert "柳一" not in desk(superuser).get(f"/desk/events/{event.pk}/").content.decode()

    @pytest.mark.parametrize("bent", [{"words": ""}, {"words": "abc"}, {"what_for": ""}])
    def test_no_reason_names_nobody(self, hut: Client, event, bent):
        page = hut.post(f"/desk/events/{event.pk}/", self.REASON | bent).content.decode()
        assert "柳一" not in page
        assert not LookUp.objects.exists()

    def test_an_entry_that_leads_to_nobody_is_said_and_not_recorded(self, hut: Client, event):
        EntryEvent.objects.update(credential=uuid.uuid4())
        page = hut.post(f"/desk/events/{event.pk}/", self.REASON).content.decode()
        assert "leads to nobody" in page
        assert not LookUp.objects.exists()

    def test_who_was_erased_is_nobody(self, event, resident, clerk, now):
        resident.user = None
        resident.save()
        resident.occupancies.all().delete()
        Resident.objects.filter(pk=resident.pk).update(left_at=now, left_because=Resident.Left.MOVED_OUT)
        long_ago.left_at(resident, now - timedelta(days=31))
        Resident.objects.filter(pk=resident.pk).update(
            name="", phone_sealed=None, phone_index=None, erased_at=now
        )
        assert not naming.ask(event=event, by=clerk, reason="x", at=now)

    def test_both_rights_are_needed_here(self, desk, event, here, chair, now):
        from committees.models import Committee, Term
        from tests.cast import staff

        head = staff(here, username="head", kind=Committee.Kind.PROPERTY, role=Term.Role.CHAIR, at=now)
        assert desk(head).get(f"/desk/gates/{event.gate_id}/").status_code == 200
        for who in (head, chair):
            assert desk(who).post(f"/desk/events/{event.pk}/", self.REASON).status_code == 404
            with pytest.raises(PermissionDenied):
                naming.ask(event=event, by=who, reason="x", at=now)
        assert not LookUp.objects.exists()

    def test_the_function_takes_no_empty_reason(self, event, clerk, now):
        with pytest.raises(ReasonMissing):
            naming.ask(event=event, by=clerk, reason="  ", at=now)

    def test_nobody_else_asks(self, nobody_else, event):
        nobody_else(f"/desk/events/{event.pk}/")
        nobody_else(f"/desk/events/{event.pk}/", self.REASON)
        assert not LookUp.objects.exists()


def test_it_costs_as_many_queries_with_more_events_and_readers(hut: Client, path, event, south):
    hut.get(path)
    with CaptureQueriesContext(connection) as few:
        hut.get(path)
    for number in range(2, 30):
        event.pk, event.sequence = uuid.uuid4(), number
        event.save(force_insert=True)
    make.device(south)
    with CaptureQueriesContext(connection) as many:
        hut.get(path)
    assert len(many) == len(few)
