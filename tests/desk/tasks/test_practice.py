"""Practice: made-up people to try the desk on, and no way from there to anybody real."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client

from access import pairing
from access.models import Credential, Device
from committees.models import Term
from portal import practice
from residents import letters
from residents.models import DeskAct, LookUp, Neighborhood, Occupancy, Resident, User
from residents.scope import scope
from tests.asking import may


@pytest.fixture
def court(db, now) -> Neighborhood:
    return practice.put_back(at=now)


@pytest.fixture
def trainee(hut: Client, court) -> Client:
    hut.post("/desk/neighborhood/", {"neighborhood": str(court.pk)})
    return hut


def state() -> dict[str, object]:
    return {
        "people": set(
            Resident.objects.living().filter(neighborhood__practice=True).values_list("name", flat=True)
        ),
        "homes": sorted(
            Occupancy.objects.filter(neighborhood__practice=True).values_list(
                "unit__number", "resident__name"
            )
        ),
        "cards": sorted(
            (each.resident.name, each.kind, bytes(each.digest or b""))
            for each in Credential.objects.active().filter(neighborhood__practice=True)
        ),
    }


class TestMakingIt:
    def test_the_command_makes_it_once(self, db, capsys):
        call_command("practice")
        before = state()
        call_command("practice")
        assert Neighborhood.objects.filter(practice=True).count() == 1
        assert state() == before
        assert len(before["people"]) > 10  # type: ignore[arg-type]

    def test_where_nothing_changed_nothing_is_written(self, court, now, django_assert_num_queries):
        cards_before = Credential.objects.count()
        practice.put_back(at=now)
        assert Credential.objects.count() == cards_before

    def test_nobody_in_it_has_an_account_or_a_letter(self, court):
        assert not User.objects.filter(resident__neighborhood=court).exists()
        assert not Term.objects.filter(neighborhood=court).exists()


class TestPuttingItBack:
    def test_after_a_day_of_practice_it_is_as_it_was(self, trainee: Client, court, now):
        before = state()
        someone = Resident.objects.get(neighborhood=court, name="余青")
        other = Resident.objects.get(neighborhood=court, name="蒋阿毛")
        trainee.post(f"/desk/people/{someone.pk}/lost/", {"known_by": "in_person", "spare": "SPARE0001"})
        trainee.post(f"/desk/people/{other.pk}/lost/", {"known_by": "unsure"})
        today = now.date().isoformat()
        new = {
            "dwelling": "1-101",
            "name": "试试",
            "tenure": "tenant",
            "since": today,
            "card": "0571 1202 01",
        }
        page = trainee.post("/desk/new/", new).content.decode()
        assert "Practice: this opens nothing" in page
        trainee.post(
            f"/desk/people/{other.pk}/visitor/", {"known_by": "voice", "stay": "trip", "through": "all"}
        )
        assert state() != before
        practice.put_back(at=now + timedelta(hours=1))
        assert state() == before

    def test_each_night_and_not_in_the_day(self, court):
        cache.clear()
        before = state()
        day = datetime(2026, 11, 24, 6, tzinfo=UTC)  # 14:00 there
        Resident.objects.filter(neighborhood=court, name="余青").update(name="改了")
        practice.put_back_nightly(at=day)
        assert state() != before
        practice.put_back_nightly(at=datetime(2026, 11, 24, 20, tzinfo=UTC))  # 04:00
        assert state() == before
        cache.clear()

    def test_real_people_are_not_touched(self, court, resident, neighbor, card, now):
        def real() -> list[object]:
            return [
                *Resident.objects.filter(neighborhood__practice=False).order_by("pk").values(),
                *Credential.objects.filter(neighborhood__practice=False).order_by("pk").values(),
                *Occupancy.objects.filter(neighborhood__practice=False).order_by("pk").values(),
            ]

        before = real()
        practice.put_back(at=now)
        assert real() == before


class TestWhoMay:
    def test_any_term_in_force_does_there_what_a_clerk_does(self, court, here, chair, auditor, now):
        for user in (chair, auditor):
            for perm in ("view_register", "look_up", "manage_register", "manage_access"):
                assert may(user, perm, court, now), (user.username, perm)

    def test_and_nothing_beside_the_desk(self, court, clerk, now):
        for perm in ("publish_forms", "draft_sharing", "approve_sharing", "audit"):
            assert not may(clerk, perm, court, now)

    @pytest.mark.obligation("27")
    def test_it_gives_no_right_anywhere_else(self, court, here, elsewhere, auditor, now):
        assert list(scope(auditor, "look_up", now)) == [court]
        assert not may(auditor, "view_register", here, now)

    def test_a_term_that_ended_or_none_opens_nothing(self, court, resident, ended, now):
        for user in (ended, resident.user):
            assert not may(user, "view_register", court, now)

    def test_a_new_clerk_starts_at_the_real_desk(self, hut: Client, here, court):
        page = hut.get("/desk/").content.decode()
        assert "<strong>Willow Bank</strong>" in page
        assert "Practice Court (practice)" in page

    def test_the_lists_of_the_admin_hold_no_made_up_people(self, trainee: Client, court, resident):
        made_up = Resident.objects.filter(neighborhood=court).first()
        assert made_up is not None
        page = trainee.get("/admin/residents/resident/").content.decode()
        assert str(resident.pk)[:8] in page
        assert str(made_up.pk)[:8] not in page
        assert trainee.get(f"/admin/residents/resident/{made_up.pk}/change/").status_code in (302, 403, 404)


class TestApart:
    def test_every_page_says_that_nobody_is_real(self, trainee: Client, court):
        someone = Resident.objects.filter(neighborhood=court).first()
        assert someone is not None
        for path in ("/desk/", "/desk/find/", "/desk/new/", "/desk/paper/", f"/desk/people/{someone.pk}/"):
            assert "Nobody here is real" in trainee.get(path).content.decode(), path

    def test_the_real_desk_does_not(self, hut: Client, court):
        assert "Nobody here is real" not in hut.get("/desk/").content.decode()

    def test_people_of_the_other_are_not_found(self, trainee: Client, court, resident, card):
        assert trainee.get(f"/desk/people/{resident.pk}/").status_code == 404
        assert "Nobody is found" in trainee.post("/desk/find/", {"what": "0471112222"}).content.decode()
        assert "Nobody is found" in trainee.post("/desk/find/", {"what": "0571 8800 0101"}).content.decode()

    def test_no_account_is_ever_attached(self, court, superuser):
        someone = Resident.objects.filter(neighborhood=court).first()
        assert someone is not None
        with pytest.raises(DatabaseError, match="practice"), transaction.atomic():
            Resident.objects.filter(pk=someone.pk).update(user=superuser)
        with pytest.raises(DatabaseError, match="practice"), transaction.atomic():
            Resident.objects.create(neighborhood=court, name="x", user=superuser)

    def test_no_letter_is_written(self, court, clerk, now):
        someone = Resident.objects.filter(neighborhood=court).first()
        assert someone is not None
        with pytest.raises(DatabaseError, match="practice"), transaction.atomic():
            letters.write(resident=someone, by=clerk, at=now)

    def test_no_reader_is_paired(self, court, now):
        gate = court.gates.get()
        code = pairing.make_code(gate=gate, by=None, at=now)
        with pytest.raises(DatabaseError, match="practice"), transaction.atomic():
            pairing.pair(code=code, public_key=b"p" * 32, sealing_key=b"s" * 32, at=now)
        assert not Device.objects.filter(neighborhood=court).exists()

    @pytest.mark.parametrize("becomes", [True, False])
    def test_no_neighborhood_changes_what_it_is(self, here, court, becomes):
        with pytest.raises(DatabaseError, match="first day"), transaction.atomic():
            Neighborhood.objects.filter(practice=not becomes).update(practice=becomes)

    def test_nor_does_a_person_move_over(self, here, court, resident):
        with pytest.raises(DatabaseError), transaction.atomic():
            Resident.objects.filter(pk=resident.pk).update(neighborhood=court)

    def test_what_was_done_there_is_recorded_as_practice(self, trainee: Client, court):
        someone = Resident.objects.filter(neighborhood=court).first()
        assert someone is not None
        trainee.post(f"/desk/people/{someone.pk}/look-up/", {"what_for": "asked", "words": "trying"})
        trainee.post(f"/desk/people/{someone.pk}/lost/", {"known_by": "in_person"})
        assert LookUp.objects.get().capacity == "practising"
        assert set(DeskAct.objects.values_list("capacity", flat=True)) == {"practising"}
