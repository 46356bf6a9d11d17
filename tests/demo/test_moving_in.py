"""`portal.demo.fill`: the made-up community, by the same functions as the screens."""

from __future__ import annotations

import functools
import json
import shutil
from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from access import enrolment, pairing
from access.models import Credential, Device, Enrolment, FeedRow, Gate, Rule
from committees import public
from committees.balloting import heads_of
from committees.bodies import night_line
from committees.handing_over import left_to_seal, takes
from committees.models import Committee, Handover, Meeting, Notice, Turnout
from committees.recount import recount
from consent.deciding import overview
from consent.models import Form, FormText, Purpose
from gate import faces
from gate.decide import FACE_DISTANCE
from portal import demo
from portal.demo import days, pictures
from portal.demo.community import COMMUNITIES, PASSWORD
from residents import claiming
from residents.ages import today_in
from residents.models import (
    Backup,
    ErasureCertificate,
    ErasureOrder,
    ErasurePlace,
    Hold,
    LookUp,
    Neighborhood,
    Occupancy,
    Resident,
    Unit,
    User,
)
from residents.scope import scope
from sharing import answering
from sharing.models import Request
from vault import rewrite

pytestmark = pytest.mark.django_db

drawn_once = functools.cache(pictures.portrait)


@pytest.fixture
def moved_in(db, now, monkeypatch):
    monkeypatch.setattr(pictures, "portrait", drawn_once)
    # No file is rewritten within a transaction that is rolled back.
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: True)
    said: list[str] = []
    with override_settings(DEMO=True):
        demo.fill(at=now, say=said.append)
    yield said
    for name in ("gates", "demo", "photos"):
        shutil.rmtree(settings.VAR / name, ignore_errors=True)


def letters() -> dict[str, str]:
    welcome = (settings.VAR / "demo" / "welcome.txt").read_text()
    rows = [line.split() for line in welcome.splitlines() if line.count("-") == 2 and line.startswith("  ")]
    return {row[0]: row[1] for row in rows if len(row) == 2}


def test_it_refuses_outside_demo_mode(now):
    for act in (
        lambda: demo.fill(at=now, say=print),
        lambda: demo.renew_pairing_codes(at=now),
    ):
        with pytest.raises(demo.NotADemo):
            act()
    assert not Neighborhood.objects.exists()


def test_it_puts_90_people_on_the_register_of_two_neighborhoods(moved_in):
    assert Neighborhood.objects.count() == 2
    assert Unit.objects.count() == 40
    assert Resident.objects.count() == 90
    assert Occupancy.objects.count() == 86
    assert Occupancy.objects.filter(neighborhood__name="半枫里").count() == 5
    assert all(unit.area for unit in Unit.objects.all())
    assert all(each.office and each.guard_phone for each in Neighborhood.objects.all())
    assert all(each.office and each.hours and each.phone for each in Committee.objects.all())
    assert all(night_line(each) for each in Neighborhood.objects.all())
    assert moved_in


def test_its_bodies_are_named_and_have_something_to_say(moved_in, now):
    here = Neighborhood.objects.get(name="采菱苑")
    names = [
        member.name
        for body in public.bodies(neighborhood=here, at=now)
        for member in body.members
        if member.name
    ]
    assert names == ["何建国", "邱慧", "钱守成", "廖敏"]
    said = Notice.objects.published().filter(neighborhood=here)
    assert set(said.values_list("kind", flat=True)) == set(Notice.Kind.values)
    assert said.filter(kind="meeting", meets_at__gt=now).count() == 1
    assert all(each.title_en and each.text_en for each in said)
    assert {len(each.buildings) for each in said.filter(audience="buildings")} == {1}
    assert Notice.objects.scheduled().filter(neighborhood=here, publish_at__gt=now).count() == 1


def test_it_has_people_of_all_ages_and_tenures(moved_in, now):
    tenures = Counter(Occupancy.objects.values_list("tenure", flat=True))
    assert tenures.keys() == set(Occupancy.Tenure.values)
    assert min(tenures.values()) >= 2
    born = Resident.objects.filter(born__isnull=False).values_list("born", flat=True)
    ages = sorted((now.date() - day).days // 365 for day in born)
    assert len(ages) == 18
    assert ages[0] < 3
    assert 12 in ages
    assert ages[-1] == 17, "nobody's date of birth is kept who is of age"
    alone = [
        home.residents[0] for home in (Home(unit) for unit in Unit.objects.all()) if len(home.residents) == 1
    ]
    assert sum(not who.phone_sealed and not who.user_id for who in alone) >= 4, "without phone or account"


def test_each_dwelling_has_an_owner_who_may_live_elsewhere(moved_in):
    assert not Unit.objects.filter(ownerships=None).exists()
    elsewhere = Resident.objects.filter(occupancies=None)
    assert {who.name for who in elsewhere} == {"汪立群", "尹守业", "解永康", "盛佩文"}
    assert all(who.ownerships.count() == 2 and not who.credentials.exists() for who in elsewhere)
    assert Resident.objects.get(name="施慧").ownerships.count() == 2, "who lives in the other one"


class Home:
    def __init__(self, unit: Unit) -> None:
        self.residents = [each.resident for each in unit.occupancies.select_related("resident")]


@pytest.mark.obligation("2")
def test_it_gives_everybody_a_card_for_every_gate_of_theirs(moved_in):
    for person in Resident.objects.exclude(occupancies=None):
        assert Credential.objects.active().filter(resident=person, kind="card").count() == 1
        dwelling = Unit.objects.get(occupancies__resident=person)
        assert (
            Rule.objects.filter(unit=dwelling).count()
            == Gate.objects.filter(neighborhood=person.neighborhood, in_service=True).count()
        )


def test_it_publishes_a_notice_for_each_purpose_in_both_languages(moved_in):
    forms = Form.objects.filter(state="published")
    assert {form.purpose for form in forms} == set(Purpose.values)
    assert FormText.objects.filter(form__in=forms).count() == 2 * len(Purpose)
    assert {form.neighborhood.name for form in forms} == {"采菱苑"}


def test_it_leaves_the_visitor_something_to_decide_and_to_see(moved_in, now):
    visitor = Resident.objects.get(user__username="resident")
    assert all(line.last is None and line.standing is None for line in overview(resident=visitor, at=now))
    ((waiting, _who),) = answering.waiting(resident=visitor, at=now)
    assert waiting.recipient.name.startswith("采菱读书角")
    assert LookUp.objects.filter(resident=visitor).count() == 1
    assert (settings.VAR / "demo" / "photos" / "resident-2.jpg").exists()
    states = Request.objects.values_list("state", flat=True)
    assert sorted(states) == ["draft", "open", "open"], "nothing is given by itself"


def test_it_lets_every_account_sign_in(moved_in):
    names = ("resident", "neighbor", "chair", "clerk", "secretary", "auditor", "clerk2", "wei", "ding")
    assert all(authenticate(username=name, password=PASSWORD) for name in names)
    assert not User.objects.filter(is_superuser=True).exists()


def test_it_gives_staff_their_own_neighborhood_only(moved_in, now):
    for account, perm, where in (
        ("chair", "approve_sharing", {"采菱苑"}),
        ("clerk", "look_up", {"采菱苑"}),
        ("auditor", "audit", {"采菱苑"}),
        ("clerk2", "look_up", {"半枫里"}),
        ("resident", "view_register", set()),
    ):
        user = User.objects.get(username=account)
        assert {each.name for each in scope(user, perm, now)} == where


@pytest.mark.obligation("9", "10")
def test_it_has_a_deletion_that_ended_and_what_a_court_wants_kept(moved_in, now):
    order = ErasureOrder.objects.get(resident__user__username="wei")
    assert order.is_complete
    made = ErasureCertificate.objects.get(order=order)
    assert {place["state"] for each in made.document["orders"] for place in each["places"]} == {"gone"}
    hold = Hold.objects.in_force(now).get()
    assert hold.resident.user.username == "ding"
    assert hold.told_at
    held = ErasurePlace.objects.filter(order__resident=hold.resident).values_list("state", flat=True)
    assert set(held) == {ErasurePlace.State.HELD}
    sets = Backup.objects.order_by("kind").values_list("kind", "expires_at")
    assert list(sets) == [("data", now + timedelta(days=14)), ("vault", now + timedelta(days=3))]


def test_it_prints_codes_that_open_an_account(moved_in, now):
    for name, code in letters().items():
        assert claiming.check(code=code, address="here", at=now).resident.name == name
    assert set(letters()) == {"顾秀英", "钱桂芳"}


def test_it_draws_faces_that_enrol_and_then_open_the_gate(moved_in, now):
    waiting = Enrolment.objects.get(resident__user__username="neighbor")
    assert waiting.state == Enrolment.State.WAITING
    enrolment.work(enrolment=waiting.pk, at=now)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == (Enrolment.State.DONE, "")
    encoding = faces.enrol(*pictures.for_enrolment(1))
    south = settings.VAR / "gates" / "south"
    at_the_door = {
        name: faces.at_the_door((south / f"{name}.jpg").read_bytes()) for name in ("neighbor", "passer-by")
    }
    assert faces.distance(encoding, at_the_door["neighbor"]) < FACE_DISTANCE
    assert faces.distance(encoding, at_the_door["passer-by"]) > FACE_DISTANCE
    # And those the visitor is to enrol with.
    folder = settings.VAR / "demo" / "photos"
    one, other = ((folder / f"resident-{number}.jpg").read_bytes() for number in (1, 2))
    at_the_door = faces.at_the_door((settings.VAR / "gates" / "south" / "resident.jpg").read_bytes())
    assert faces.distance(faces.enrol(one, other), at_the_door) < FACE_DISTANCE


def test_it_writes_a_day_of_cards_and_faces_for_each_simulated_gate(moved_in):
    for folder in ("south", "riverside"):
        day = json.loads((settings.VAR / "gates" / folder / "script.json").read_text())
        for step in day:
            assert {"card", "photo"} & step.keys()
            assert (settings.VAR / "gates" / folder / step.get("photo", "code")).exists()
    assert (settings.VAR / "gates").stat().st_mode & 0o777 == 0o700


def test_it_writes_a_code_each_gate_can_pair_with_and_renews_it_only_if_unused(moved_in, now):
    south = settings.VAR / "gates" / "south" / "code"
    paired = pairing.pair(
        code=south.read_text(), public_key=bytes(32), sealing_key=bytes([9]) + bytes(31), at=now
    )
    assert paired.device.gate.name == "南门"
    before = {name: (settings.VAR / "gates" / name / "code").read_text() for name in ("south", "riverside")}
    late = now + timedelta(hours=2)
    with override_settings(DEMO=True):
        demo.renew_pairing_codes(at=late)
    after = {name: (settings.VAR / "gates" / name / "code").read_text() for name in before}
    assert before["south"] == after["south"]
    assert before["riverside"] != after["riverside"]
    pairing.pair(code=after["riverside"], public_key=bytes([1]) * 32, sealing_key=bytes([9]) * 32, at=late)
    assert Device.objects.count() == 2


def test_it_names_everybody_once():
    people = [person.name for plan in COMMUNITIES for unit in plan.dwellings for person in unit.people]
    assert len(people) == len(set(people))


@pytest.mark.obligation("2")
def test_every_gate_has_a_keypad_and_a_qr_reader_and_knows_every_card_of_its_own(moved_in):
    for gate in Gate.objects.all():
        assert (gate.by_card, gate.by_pin, gate.by_qr, gate.place) == (True, True, True, "main_gate")
        known = FeedRow.objects.filter(gate=gate, present=True, credential__kind="card")
        assert known.count() == Occupancy.objects.filter(neighborhood=gate.neighborhood).count()


@pytest.mark.obligation("43", "44")
def test_its_owners_have_voted_and_vote_now(moved_in, now):
    """Called with lawful notice, by dates that were set back together; the resident of the tour has not voted."""
    past, running = Meeting.objects.order_by("opens_on")
    today = today_in(running.neighborhood, now)
    for each in (past, running):
        noticed = local(each.noticed_at, each.neighborhood)
        assert (each.opens_on - noticed).days >= Meeting.NOTICE_DAYS[each.kind]
        for handed in Turnout.objects.filter(meeting=each):
            assert each.opens_on <= local(handed.at, each.neighborhood) <= each.closes_on
        assert Turnout.objects.filter(meeting=each, channel="paper").exists()
    assert past.is_over(today)
    assert running.is_open(today)
    passed = {each["number"]: each["passed"] for each in recount(json.loads(past.result.published))}
    assert set(passed.values()) == {True, False}
    assert past.topics.filter(secret=True).exists()
    assert past.result.minutes
    (mine,) = heads_of(resident=Resident.objects.get(user__username="resident"), meeting=running)
    assert not Turnout.objects.filter(head=mine).exists()


def local(moment, neighborhood):
    return moment.astimezone(ZoneInfo(neighborhood.time_zone)).date()


@pytest.mark.obligation("44")
def test_what_set_the_days_back_is_gone_and_every_law_stands(moved_in):
    with connection.cursor() as sql:
        sql.execute("SELECT to_regproc('demo_days_pass')")
        assert sql.fetchone() == (None,)
        sql.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'"
            " AND tgrelid IN ('committees_meeting'::regclass, 'committees_turnout'::regclass)"
        )
        assert sql.fetchall() == []
    found = Meeting.objects.order_by("opens_on")[1]
    with pytest.raises(DatabaseError, match="nothing of a meeting changes"), transaction.atomic():
        Meeting.objects.filter(pk=found.pk).update(closes_on=found.closes_on + timedelta(days=1))


def test_days_go_by_in_a_demo_alone(db):
    with pytest.raises(days.NoDemo), days.can_pass():
        pass


def test_a_term_ends_there_and_waits_to_be_handed_over(moved_in, now):
    (found,) = Handover.objects.all()
    leaves = User.objects.get(username="treasurer")
    assert (found.sealed_at, found.term.user) == (None, leaves)
    assert left_to_seal(user=leaves, at=now) == [found]
    assert takes(user=User.objects.get(username="secretary"), handover=found, at=now)
