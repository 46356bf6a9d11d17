"""Handing over: opened, sealed, checked, countersigned, in this order, once, by two people of two sides (obligation 46)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from committees import appointing, custody, handing_over
from committees.handing_over import HandoverRefused, Line
from committees.models import Committee, CompanyContract, Handover, HandoverLine, Term
from committees.models.handovers import RECEIVERS
from ledger.models import Entry, Opening
from residents.ages import today_in
from residents.models import User
from tests import make
from tests.asking import may
from tests.cast import staff
from tests.committees.signed import Kind, Role, contract, ended, refused, secretary

LINES = [
    Line(HandoverLine.Kind.ARCHIVES, "notices", 3, "a" * 64),
    Line(HandoverLine.Kind.DEVICES, "gate", 1, "b" * 64, label="南门"),
    Line(HandoverLine.Kind.WORK, "service", 0, "c" * 64),
]
SEAL = "UPDATE committees_handover SET sealed_by_id = %s, sealed_at = now(), digest = 'x' WHERE id = %s"


@pytest.fixture
def second(here, now) -> User:
    return secretary(here, at=now)


@pytest.fixture
def of_residents(here, now) -> User:
    return staff(here, username="of-residents", kind=Kind.RESIDENTS, role=Role.CHAIR, at=now)


@pytest.fixture
def over(here, chair, now) -> Term:
    """The chair's term ended today, and nobody has tidied up."""
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    return Term.objects.get(user=chair)


@pytest.fixture
def opened(over, second, now) -> Handover:
    return handing_over.open_(term=over, by=None, at=now)


@pytest.fixture
def sealed(opened, chair, now) -> Handover:
    return handing_over.seal(handover=opened, lines=LINES, by=chair, at=now)


def checked(found: Handover, by: User, at, *, disputed: int = 0) -> Handover:
    answers = {line.pk: ("there", "") for line in found.lines.all()}
    for line in found.lines.all()[:disputed]:
        answers[line.pk] = ("disputed", "一册缺页")
    return handing_over.check(handover=found, answers=answers, by=by, at=at)


@pytest.mark.obligation("46")
def test_the_whole_way(here, opened, chair, second, now):
    assert not may(chair, "view_register", here, now)
    found = handing_over.seal(handover=opened, lines=LINES, by=chair, at=now)
    checked(found, second, now, disputed=1)
    done = handing_over.countersign(handover=found, by=second, at=now)
    assert done.countersigned_by == second
    entries = Entry.objects.filter(subject=found.pk).order_by("pk")
    assert [each.kind for each in entries] == ["handover.opened", "handover.sealed", "handover.countersigned"]
    said = Opening.objects.get(entry=entries[1]).payload
    assert said["digest"] == found.digest
    assert Opening.objects.get(entry=entries[2]).payload["refused"] == 1


@pytest.mark.obligation("46")
def test_its_digest_is_over_every_part_of_every_line(sealed):
    """As anybody can compute it from the sheet."""
    rows = [
        f"{line.number}|{line.kind}|{line.what}|{len(line.label.encode())}|{line.label}|{line.count}|{line.digest}"
        for line in sealed.lines.all()
    ]
    whole = f"{sealed.pk}\n" + "\n".join(rows)
    assert sealed.digest == hashlib.sha256(whole.encode()).hexdigest()


@pytest.mark.obligation("46")
def test_out_of_order_it_is_refused(opened, chair, second, now):
    with pytest.raises(HandoverRefused, match="not_sealed"):
        checked(opened, second, now)
    with pytest.raises(HandoverRefused, match="not_sealed"):
        handing_over.countersign(handover=opened, by=second, at=now)
    with pytest.raises(HandoverRefused, match="empty"):
        handing_over.seal(handover=opened, lines=[], by=chair, at=now)
    found = handing_over.seal(handover=opened, lines=LINES, by=chair, at=now)
    with pytest.raises(HandoverRefused, match="unchecked"):
        handing_over.countersign(handover=found, by=second, at=now)
    with pytest.raises(HandoverRefused, match="sealed"):
        handing_over.seal(handover=found, lines=LINES, by=chair, at=now)
    checked(found, second, now)
    handing_over.countersign(handover=found, by=second, at=now)
    with pytest.raises(HandoverRefused, match="signed"):
        handing_over.countersign(handover=found, by=second, at=now)
    with pytest.raises(HandoverRefused, match="signed"):
        checked(found, second, now)


@pytest.mark.obligation("46")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "resident", "second"])
def test_only_who_leaves_seals(request, opened, here, second, now, who):
    """Once it is over a colleague of the same body may, for the body leaves what it has."""
    by = request.getfixturevalue(who)
    by = by if isinstance(by, User) else by.user
    if who == "second":
        assert handing_over.seal(handover=opened, lines=LINES, by=by, at=now).sealed_by == by
        return
    with pytest.raises(HandoverRefused, match="side"):
        handing_over.seal(handover=opened, lines=LINES, by=by, at=now)
    raw_line(opened)
    assert refused(SEAL, by.pk, opened.pk) == "LM197"


def raw_line(found: Handover) -> None:
    HandoverLine.objects.create(
        neighborhood=found.neighborhood, handover=found, number=1, kind="work", what="x", count=0, digest="d"
    )


@pytest.mark.obligation("46")
@pytest.mark.parametrize("who", ["chair", "clerk", "auditor", "outsider", "resident"])
def test_only_who_takes_over_checks_and_countersigns(request, sealed, second, now, who):
    by = request.getfixturevalue(who)
    by = by if isinstance(by, User) else by.user
    with pytest.raises(HandoverRefused, match="side"):
        checked(sealed, by, now)
    sql = "UPDATE committees_handoverline SET checked = 'there', checked_by_id = %s, checked_at = now()"
    assert refused(sql, by.pk) == "LM197"
    checked(sealed, second, now)
    with pytest.raises(HandoverRefused, match="side"):
        handing_over.countersign(handover=sealed, by=by, at=now)
    sql = "UPDATE committees_handover SET countersigned_by_id = %s, countersigned_at = now()"
    assert refused(sql, by.pk) == "LM197"


@pytest.mark.obligation("46")
def test_two_sides_are_two_people(here, opened, second, of_residents, now):
    found = handing_over.seal(handover=opened, lines=LINES, by=second, at=now)
    with pytest.raises(HandoverRefused, match="same_person"):
        checked(found, second, now)
    checked(found, of_residents, now)
    make.one_person(here, second, of_residents, at=now)
    with pytest.raises(HandoverRefused, match="same_person"):
        handing_over.countersign(handover=found, by=of_residents, at=now)
    sql = "UPDATE committees_handover SET countersigned_by_id = %s, countersigned_at = now()"
    assert refused(sql, of_residents.pk) == "LM197"


@pytest.mark.obligation("46")
@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("UPDATE committees_handover SET digest = 'x'", "LM196"),
        ("UPDATE committees_handover SET sealed_at = NULL, sealed_by_id = NULL, digest = ''", "LM196"),
        ("UPDATE committees_handover SET opened_at = now()", "LM196"),
        ("DELETE FROM committees_handover", "LM196"),
        ("UPDATE committees_handoverline SET count = 9", "LM198"),
        ("UPDATE committees_handoverline SET label = 'x'", "LM198"),
        ("DELETE FROM committees_handoverline", "LM198"),
    ],
)
def test_raw_sql_changes_nothing_that_is_sealed(sealed, change, state):
    assert refused(change) == state


@pytest.mark.obligation("46")
def test_raw_sql_adds_no_line_and_unchecks_none(sealed, second, now):
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        HandoverLine.objects.create(
            neighborhood=sealed.neighborhood,
            handover=sealed,
            number=9,
            kind="work",
            what="x",
            count=0,
            digest="d",
        )
    assert said.value.__cause__.sqlstate == "LM198"
    checked(sealed, second, now)
    uncheck = "UPDATE committees_handoverline SET checked = '', checked_by_id = NULL, checked_at = NULL"
    assert refused(uncheck) == "LM198"
    handing_over.countersign(handover=sealed, by=second, at=now)
    assert refused("UPDATE committees_handoverline SET words = 'x', checked = 'disputed'") == "LM198"
    assert refused("UPDATE committees_handover SET custody_left = 'x'") == "LM196"


@pytest.mark.obligation("46")
def test_raw_sql_forges_none_that_is_handed_over_at_once(here, over, chair, second, now):
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        Handover.objects.create(
            neighborhood=here,
            committee=over.committee,
            term=over,
            opened_at=now,
            sealed_by=chair,
            sealed_at=now,
            digest="x",
        )
    assert said.value.__cause__.sqlstate == "LM196"


def test_a_list_with_a_gap_is_not_sealed(opened, chair, now):
    raw_line(opened)
    HandoverLine.objects.create(
        neighborhood=opened.neighborhood,
        handover=opened,
        number=3,
        kind="work",
        what="y",
        count=0,
        digest="d",
    )
    sql = "UPDATE committees_handover SET sealed_by_id = %s, sealed_at = now(), digest = 'x'"
    assert refused(sql, chair.pk) == "LM196"


@pytest.mark.obligation("46")
def test_by_hand_before_the_end_old_rights_are_dead_with_the_countersignature(here, chair, second, now):
    term = Term.objects.get(user=chair)
    Term.objects.filter(pk=term.pk).update(ends=today_in(here, now) + timedelta(days=20))
    found = handing_over.open_(term=Term.objects.get(pk=term.pk), by=chair, at=now)
    found = handing_over.seal(handover=found, lines=LINES, by=chair, at=now)
    checked(found, second, now)
    assert may(chair, "view_register", here, now)
    handing_over.countersign(handover=found, by=second, at=now)
    assert not may(chair, "view_register", here, now)
    chair.refresh_from_db()
    assert not chair.is_staff


def test_it_is_opened_thirty_days_ahead_at_most_and_by_one_of_the_two_sides(here, chair, second, clerk, now):
    term = Term.objects.get(user=chair)
    with pytest.raises(HandoverRefused, match="too_early"):
        handing_over.open_(term=term, by=chair, at=now)
    Term.objects.filter(pk=term.pk).update(ends=today_in(here, now) + timedelta(days=20))
    term = Term.objects.get(pk=term.pk)
    with pytest.raises(HandoverRefused, match="side"):
        handing_over.open_(term=term, by=clerk, at=now)
    with pytest.raises(HandoverRefused, match="too_early"):
        handing_over.open_(term=term, by=None, at=now)
    found = handing_over.open_(term=term, by=second, at=now)
    assert handing_over.open_(term=term, by=chair, at=now) == found


@pytest.mark.obligation("46")
def test_by_itself_where_something_ended_and_once(here, over, second, now):
    assert handing_over.open_due(at=now) == 1
    assert handing_over.open_due(at=now) == 0
    assert Handover.objects.get().opened_by is None


def test_who_was_appointed_again_hands_over_nothing(here, over, chair, now):
    appointing.appoint(
        committee=over.committee,
        user=chair,
        role=Role.CHAIR,
        starts=over.ends,
        ends=over.ends + timedelta(days=900),
        by=None,
        at=now,
    )
    assert handing_over.open_due(at=now) == 0


def test_a_clerk_who_keeps_a_key_hands_over_too(here, chair, second, now):
    kept = custody.take(neighborhood=here, thing="half_1", by=second, at=now)
    custody.witness(custody=kept, by=chair, at=now)
    Term.objects.filter(user=second).update(ends=today_in(here, now))
    assert handing_over.open_due(at=now) == 1


# --- a company's contract


@pytest.fixture
def gone(here, clerk, chair, second, now) -> CompanyContract:
    signed = contract(here, chair, second, at=now)
    return ended(signed, chair, second, at=now, ends=today_in(here, now))


@pytest.mark.obligation("30", "46")
def test_a_company_hands_over_to_the_committees_after_its_contract(here, gone, clerk, chair, second, now):
    assert handing_over.open_due(at=now) == 1
    found = Handover.objects.get()
    assert found.contract == gone
    assert not may(clerk, "look_up", here, now)
    with pytest.raises(HandoverRefused, match="side"):
        handing_over.seal(handover=found, lines=LINES, by=chair, at=now)
    found = handing_over.seal(handover=found, lines=LINES, by=clerk, at=now)
    checked(found, chair, now)
    assert handing_over.countersign(handover=found, by=chair, at=now).countersigned_by == chair


@pytest.mark.obligation("30", "46")
def test_a_company_never_takes_over_from_itself(here, clerk, chair, second, now):
    signed = contract(here, chair, second, at=now)
    other = staff(here, username="other", kind=Kind.PROPERTY, role=Role.CLERK, at=now)
    found = handing_over.open_(contract=signed, by=chair, at=now)
    assert not handing_over.takes(user=other, handover=found, at=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT committees_takes(%s, h) FROM committees_handover h WHERE h.id = %s", [other.pk, found.pk]
        )
        assert cursor.fetchone() == (False,)


def test_before_its_last_day_a_company_seals_nothing(here, clerk, chair, second, now):
    signed = contract(here, chair, second, at=now)
    found = handing_over.open_(contract=signed, by=chair, at=now)
    with pytest.raises(HandoverRefused, match="too_early"):
        handing_over.seal(handover=found, lines=LINES, by=clerk, at=now)
    raw_line(found)
    sql = "UPDATE committees_handover SET sealed_by_id = %s, sealed_at = now(), digest = 'x'"
    assert refused(sql, clerk.pk) == "LM196"


@pytest.mark.obligation("46")
def test_where_nobody_of_them_comes_two_who_take_over_do_it_and_say_why(here, gone, chair, second, now):
    found = handing_over.open_(contract=gone, by=chair, at=now)
    found = handing_over.seal(handover=found, lines=LINES, by=chair, at=now, without_giver="公司拒绝到场")
    with pytest.raises(HandoverRefused, match="same_person"):
        checked(found, chair, now)
    checked(found, second, now)
    handing_over.countersign(handover=found, by=second, at=now)


def test_not_before_it_is_over(here, chair, second, of_residents, now):
    term = Term.objects.get(user=chair)
    Term.objects.filter(pk=term.pk).update(ends=today_in(here, now) + timedelta(days=5))
    found = handing_over.open_(term=Term.objects.get(pk=term.pk), by=second, at=now)
    with pytest.raises(HandoverRefused, match="too_early"):
        handing_over.seal(handover=found, lines=LINES, by=of_residents, at=now, without_giver="没来")


@pytest.mark.django_db
def test_code_and_database_agree_on_who_takes_over():
    pairs = {(giving, taking) for giving, those in RECEIVERS.items() for taking in those}
    for giving in Committee.Kind.values:
        for taking in Committee.Kind.values:
            with connection.cursor() as cursor:
                cursor.execute("SELECT committees_takes_over(%s, %s)", [giving, taking])
                assert cursor.fetchone() == ((giving, taking) in pairs,)


@pytest.mark.obligation("27", "46")
@pytest.mark.parametrize("words", ["请找 0571 88001234", "13812345678 的那本", "a@b.cn"])
def test_words_beside_a_line_name_nobody(sealed, second, now, words):
    line = sealed.lines.first()
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        handing_over.check(handover=sealed, answers={line.pk: ("disputed", words)}, by=second, at=now)
    assert isinstance(said.value.__cause__, psycopg.errors.CheckViolation)


def test_disputed_takes_words(sealed, second, now):
    line = sealed.lines.first()
    with pytest.raises(HandoverRefused, match="words"):
        handing_over.check(handover=sealed, answers={line.pk: ("disputed", " ")}, by=second, at=now)
