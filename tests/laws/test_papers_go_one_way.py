"""Law 5, asked in raw SQL as the application's own role: no yes is made out of nothing, nor sooner, nor by one clerk alone."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from consent import papers, withdrawal
from consent.models import Decision, Paper, PaperScan, Standing
from consent.papers import Reading
from consent.voices import own
from residents.models import User
from tests import make
from tests.cast import draft
from tests.consent.papers import FACE, days_pass, handed, returned, said_no
from tests.consent.papers import at_home as at_home
from tests.consent.papers import back as back
from tests.consent.papers import carded as carded
from tests.consent.papers import confirmed as confirmed
from tests.consent.papers import due as due
from tests.consent.papers import second_clerk as second_clerk

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(monkeypatch) -> None:
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


def raw(statement: str, *values: object) -> None:
    """One statement and the deferred laws after it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refused(statement: str, *values: object) -> str:
    with pytest.raises(DatabaseError) as why:
        raw(statement, *values)
    return str(getattr(why.value.__cause__, "sqlstate", ""))


def refused_whole(act) -> None:
    """The act goes through, and may not commit."""

    def whole():
        act()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="the picture goes with what it proved"), transaction.atomic():
        whole()


INSERT = """INSERT INTO consent_paper (id, neighborhood_id, resident_id, form_id, language, handed_out_at, handed_out_by_id,
    answer, stopped_because{more}) SELECT %s, neighborhood_id, id, %s, %s, clock_timestamp() - interval '9 days', %s, {answer}, ''
    {values} FROM residents_resident WHERE id = %s"""


def hand_out(form, by, who, *, language="en", answer="''", more="", values=""):
    statement = INSERT.format(answer=answer, more=more, values=values)
    return statement, uuid.uuid4(), form.pk, language, by.pk, who.pk


def decide(paper: Paper, *, route="paper", kind="given"):
    statement = (
        "INSERT INTO consent_decision (id, neighborhood_id, resident_id, form_id, purpose, kind, capacity, route, paper_id,"
        " language, form_hash, at) SELECT %s, p.neighborhood_id, p.resident_id, p.form_id, f.purpose, %s, 'self', %s, p.id,"
        " 'en', f.content_hash, now() FROM consent_paper p JOIN consent_form f ON f.id = p.form_id WHERE p.id = %s"
    )
    return (
        statement,
        uuid.uuid4(),
        kind,
        route,
        paper.pk,
    )


@pytest.mark.obligation("6", "F9")
def test_no_paper_is_born_with_an_answer(carded, forms, clerk):
    for more, values in (
        (", received_at, received_by_id", f", now(), '{clerk.pk}'"),
        (", confirmed_at, confirmed_by_id", f", now(), '{clerk.pk}'"),
        (", stopped_at", ", now()"),
    ):
        answer = "'yes'" if "received" in more else "''"
        assert refused(*hand_out(forms[FACE], clerk, carded, answer=answer, more=more, values=values)) in (
            "LM070",
            "23514",
        )
    assert not Paper.objects.exists()


@pytest.mark.obligation("6")
def test_the_day_it_was_handed_out_is_the_databases_own(carded, forms, clerk, now):
    raw(*hand_out(forms[FACE], clerk, carded))  # says: nine days ago
    assert Paper.objects.get().handed_out_at > now - timedelta(hours=1)
    take_in = (
        "UPDATE consent_paper SET answer = 'yes', received_at = now(), received_by_id = %s, scan_hash = %s"
    )
    assert refused(take_in, clerk.pk, b"h" * 32) == "LM070"
    raw(take_in.replace("'yes'", "'no'").replace(", scan_hash = %s", ""), clerk.pk)


@pytest.mark.obligation("6", "F9")
def test_papers_are_handed_out_by_staff_to_others_on_the_form_in_force_with_a_card(
    here, resident, carded, neighbor, stranger, forms, clerk, chair, now
):
    assert refused(*hand_out(forms[FACE], neighbor.user, carded)) == "LM070"
    assert refused(*hand_out(forms[FACE], clerk, carded, language="fr")) == "LM070"
    assert refused(*hand_out(draft(here, FACE, version=2), clerk, carded)) == "LM070"
    make.card(stranger, at=now)
    assert refused(*hand_out(forms[FACE], clerk, stranger)) == "LM010"  # a form of another neighborhood
    assert refused(*hand_out(forms[FACE], clerk, neighbor)) == "LM073"  # has no card
    type(carded).objects.filter(pk=carded.pk).update(user=clerk)
    assert refused(*hand_out(forms[FACE], clerk, carded)) == "LM070"


@pytest.mark.obligation("6", "F9")
def test_nothing_on_a_paper_is_rewritten(back, clerk, second_clerk, neighbor, forms):
    other = forms["photo_over_internet"]
    for change, value in (
        ("resident_id", neighbor.pk),
        ("form_id", other.pk),
        ("language", "en"),
        ("handed_out_by_id", second_clerk.pk),
        ("handed_out_at", "2020-01-01"),
        ("received_by_id", second_clerk.pk),
        ("received_at", "2020-01-01"),
        ("answer", "no"),
        ("scan_hash", b"x" * 32),
        ("confirmed_at", None),
    ):
        statement = f"UPDATE consent_paper SET {change} = %s WHERE id = %s"
        if change == "confirmed_at":
            statement = (
                "UPDATE consent_paper SET answer = '', received_at = %s, received_by_id = NULL WHERE id = %s"
            )
        assert refused(statement, value, back.pk) in ("LM070", "LM010"), change


@pytest.mark.obligation("6", "F9")
def test_a_second_of_the_staff_and_nobody_else_confirms(back, clerk, second_clerk, neighbor):
    confirm = "UPDATE consent_paper SET confirmed_at = '2020-01-01', confirmed_by_id = %s WHERE id = %s"
    assert refused(confirm, clerk.pk, back.pk) == "LM070"  # the first
    assert refused(confirm, neighbor.user.pk, back.pk) == "LM070"  # no staff
    assert refused(confirm, back.resident.user.pk, back.pk) == "LM070"  # the person
    User.objects.filter(pk=neighbor.user.pk).update(is_staff=True)
    home = back.resident.occupancies.get().unit
    lodger = make.resident(back.neighborhood, at=back.received_at, lives_in=home, account=False)
    type(neighbor).objects.filter(pk=neighbor.pk).update(user=None)
    type(lodger).objects.filter(pk=lodger.pk).update(user=neighbor.user)
    assert refused(confirm, neighbor.user.pk, back.pk) == "LM070"  # staff, and lives there
    raw(confirm, second_clerk.pk, back.pk)
    back.refresh_from_db()
    assert back.confirmed_at.year > 2020  # by the database's clock


def test_nobody_takes_their_own_in(at_home, clerk):
    User.objects.filter(pk=at_home.resident.user_id).update(is_staff=True)
    take_in = "UPDATE consent_paper SET answer = 'no', received_at = now(), received_by_id = %s WHERE id = %s"
    assert refused(take_in, at_home.resident.user_id, at_home.pk) == "LM070"


def test_a_yes_without_a_picture_is_not_confirmed(at_home, clerk, second_clerk):
    raw(
        "UPDATE consent_paper SET answer = 'yes', received_at = now(), received_by_id = %s, scan_hash = %s WHERE id = %s",
        clerk.pk,
        b"h" * 32,
        at_home.pk,
    )
    confirm = "UPDATE consent_paper SET confirmed_at = now(), confirmed_by_id = %s WHERE id = %s"
    assert refused(confirm, second_clerk.pk, at_home.pk) == "LM070"


@pytest.mark.obligation("6", "F9", "35")
def test_no_yes_is_written_before_three_days_nor_from_another_paper(
    at_home, carded, forms, clerk, second_clerk, now
):
    assert refused(*decide(at_home)) == "LM004"  # never came back
    paper = returned(at_home, clerk, now)
    assert refused(*decide(paper)) == "LM004"
    papers.read(paper=paper, reading=Reading.YES, by=second_clerk, at=now)
    paper = days_pass(paper, 2)
    assert refused(*decide(paper)) == "LM004"
    assert refused(*decide(paper, route="portal")) in ("23514", "LM004")
    paper = days_pass(paper, 1)
    raw(*decide(paper))
    assert refused(*decide(paper)) in ("23505", "LM071")  # once
    assert not Standing.objects.exists()


def test_a_no_is_no_yes(carded, forms, clerk, now):
    paper = handed(carded, forms[FACE], clerk, now)
    raw(
        "UPDATE consent_paper SET answer = 'no', received_at = now(), received_by_id = %s WHERE id = %s",
        clerk.pk,
        paper.pk,
    )
    assert refused(*decide(days_pass(paper, 9))) == "LM004"


@pytest.mark.obligation("6", "8")
def test_what_was_said_since_is_the_last_word(due, carded, now):
    raw(
        "INSERT INTO consent_decision (id, neighborhood_id, resident_id, form_id, purpose, kind, actor_id, capacity, route,"
        " language, form_hash, at) SELECT %s, r.neighborhood_id, r.id, f.id, f.purpose, 'refused', r.user_id, 'self', 'portal',"
        " 'en', f.content_hash, now() FROM residents_resident r, consent_form f WHERE r.id = %s AND f.id = %s",
        uuid.uuid4(),
        carded.pk,
        due.form_id,
    )
    assert refused(*decide(due)) == "LM071"


def test_what_is_over_stays_over(back, due, now, clerk, forms, neighbor):
    papers.take_effect(paper=due.pk, at=now + timedelta(minutes=1))
    for change in ("stopped_at = now(), stopped_because = 'resident'", "confirmed_at = now()"):
        assert refused(f"UPDATE consent_paper SET {change} WHERE id = %s", due.pk) == "LM070"
    make.card(neighbor, at=now)
    other = handed(neighbor, forms[FACE], clerk, now)
    raw("UPDATE consent_paper SET stopped_at = now(), stopped_because = 'resident' WHERE id = %s", other.pk)
    assert (
        refused(
            "UPDATE consent_paper SET answer = 'no', received_at = now(), received_by_id = %s WHERE id = %s",
            clerk.pk,
            other.pk,
        )
        == "LM070"
    )
    assert refused("UPDATE consent_paper SET stopped_at = NULL WHERE id = %s", other.pk) == "LM070"


def test_papers_are_deleted_by_age_and_decided_ones_never(due, carded, clerk, forms, neighbor, now):
    delete = "DELETE FROM consent_paper WHERE id = %s"
    assert refused(delete, due.pk) == "LM070"
    make.card(neighbor, at=now)
    lost = handed(neighbor, forms[FACE], clerk, now)
    papers.stop_at_desk(paper=lost, known_by="voice", by=clerk, at=now)
    assert refused(delete, lost.pk) == "LM070"
    raw(delete, days_pass(lost, 366).pk)
    no = days_pass(said_no(handed(neighbor, forms["photo_over_internet"], clerk, now), clerk, now), 400)
    assert refused(delete, no.pk) == "23503"
    for statement in ("TRUNCATE consent_paper CASCADE", "DROP TABLE consent_paper"):
        assert refused(statement) == "42501"


@pytest.mark.obligation("35", "9")
def test_the_picture_is_kept_as_long_as_the_yes_and_no_longer(due, carded, now):
    gone = "DELETE FROM consent_paperscan"
    assert refused(gone) == "LM072"  # it waits
    assert refused("UPDATE consent_paperscan SET sealed = 'other'") == "LM072"
    papers.take_effect(paper=due.pk, at=now + timedelta(minutes=1))
    assert refused(gone) == "LM072"  # it proves
    copied = PaperScan.objects.get()
    withdrawal.withdraw(resident=carded, purpose=FACE, voice=own(carded.user, "en"), at=now)
    put_back = "INSERT INTO consent_paperscan (paper_id, neighborhood_id, key, sealed, made_at) VALUES (%s, %s, %s, %s, now())"
    assert (
        refused(put_back, copied.paper_id, copied.neighborhood_id, copied.key, bytes(copied.sealed))
        == "LM072"
    )


@pytest.mark.obligation("9")
def test_nothing_that_a_picture_proved_ends_without_it(back, due, carded, now, monkeypatch):
    monkeypatch.setattr("consent.scans.delete", lambda papers: [])  # forgets
    refused_whole(lambda: papers.stop_at_desk(paper=due, known_by="voice", by=due.handed_out_by, at=now))
    papers.take_effect(paper=due.pk, at=now + timedelta(minutes=1))
    refused_whole(
        lambda: withdrawal.withdraw(resident=carded, purpose=FACE, voice=own(carded.user, "en"), at=now)
    )
    assert refused("UPDATE residents_resident SET erased_at = now() WHERE id = %s", carded.pk) in (
        "LM034",
        "LM072",
    )


def test_of_the_picture_no_sample_goes_into_the_statistics(back):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attstattarget FROM pg_attribute WHERE attrelid = 'consent_paperscan'::regclass AND attname = 'sealed'"
        )
        assert cursor.fetchone() == (0,)
    assert Decision.objects.count() == 0
