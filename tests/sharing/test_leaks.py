"""The room of an incident: it ends the assessment, and who is affected is computed, as ten lines of Python would say it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, transaction

from committees.models import Committee, Term
from consent.models import ImpactAssessment, Incident
from ledger.models import Entry, Opening
from residents.models import LookUp, Resident
from sharing import leaks, recalls
from sharing.models import Leak, LeakPerson, LeakSource, LeakStep, Recall
from sharing.speaking import OutOfOffice
from tests import make
from tests.cast import staff
from tests.laws.conftest import Execute, execute  # noqa: F401
from tests.sharing.leaking import looked, opened, told

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("37")]
HOUR = timedelta(hours=1)


@pytest.fixture
def leak(here, chair, now) -> Leak:
    return opened(here, by=chair, at=now)


def expected(leak: Leak) -> set[tuple[object, str]]:
    """Ten lines, and nothing of `sharing_affected`."""
    found: set[tuple[object, str]] = set()
    for source in LeakSource.objects.filter(leak=leak):
        for look in LookUp.objects.filter(neighborhood=leak.neighborhood):
            by_them = source.kind == "look_up" and source.account_id in (None, look.by_id)
            if by_them and look.at < source.until and source.since < look.until:
                found.add((look.resident_id, "look_up"))
        if source.kind == "copy":
            found |= {(row.resident_id, "copy") for row in source.copy.rows.all()}
        if source.kind == "register":
            found |= {(who.pk, "register") for who in Resident.objects.filter(neighborhood=leak.neighborhood)}
    return found


def computed(leak: Leak) -> set[tuple[object, str]]:
    return set(LeakPerson.objects.filter(leak=leak).values_list("resident", "reason"))


@pytest.mark.obligation("18")
class TestOpening:
    def test_it_ends_the_assessment_and_is_in_the_ledger(self, here, chair, now):
        make.enable(here, at=now)
        leak = opened(here, by=chair, at=now)
        assert ImpactAssessment.objects.get().stale_because == "incident"
        assert [step.kind for step in leak.steps.all()] == ["opened"]
        assert Entry.objects.filter(kind="leak.opened", subject=leak.pk).count() == 1

    def test_pressed_twice_it_is_one(self, here, chair, now):
        leak = opened(here, by=chair, at=now)
        again = leaks.say(
            neighborhood=here,
            kind=Incident.Kind.LEAK,
            reason="x",
            noticed_at=now,
            by=chair,
            at=now,
            key=leak.pk,
        )
        assert again == leak
        assert Incident.objects.count() == 1

    def test_an_incident_that_was_said_elsewhere_gets_one_room(self, here, chair, leak, now):
        assert leaks.open_(incident=leak.incident, by=chair, at=now) == leak
        other = Incident.objects.create(neighborhood=here, kind="loss", reason="x", said_by=chair)
        other.refresh_from_db()
        assert list(leaks.roomless(here)) == [other]
        later = datetime.now(UTC)
        assert leaks.open_(incident=other, by=chair, at=later).noticed_at <= later

    @pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "superuser"])
    def test_only_a_chair_of_the_committees_does(self, request, here, leak, who, now):
        user = request.getfixturevalue(who)
        for act in (
            lambda: opened(here, by=user, at=now),
            lambda: leaks.count(leak=leak, by=user, at=now),
            lambda: leaks.step(leak=leak, kind=LeakStep.Kind.FOUND, words="x", by=user, at=now),
            lambda: leaks.all_of_it(leak=leak, until=now, by=user, at=now),
        ):
            with pytest.raises(OutOfOffice):
                act()

    def test_nor_one_whose_term_ended_this_morning(self, leak, chair, now):
        Term.objects.filter(user=chair).update(ends=now.date() - timedelta(days=1))
        with pytest.raises(OutOfOffice):
            leaks.count(leak=leak, by=chair, at=now)

    def test_nobody_notices_it_later_than_now(self, here, chair, leak, now):
        with pytest.raises(leaks.NotYet):
            opened(here, by=chair, at=now, noticed_at=now + HOUR)
        said = Incident.objects.create(neighborhood=here, kind="leak", reason="x", said_by=chair)
        for act in (
            lambda: Leak.objects.create(
                neighborhood=here, incident=said, noticed_at=now + HOUR, opened_by=chair, capacity="x"
            ),
            lambda: LeakStep.objects.create(
                neighborhood=here,
                leak=leak,
                kind="found",
                words="x",
                happened_at=now + HOUR,
                by=chair,
                capacity="x",
            ),
        ):
            with pytest.raises(DatabaseError) as refused, transaction.atomic():
                act()
            assert refused.value.__cause__.sqlstate == "LM147"

    def test_what_was_written_in_it_stays(self, leak, resident, chair, execute: Execute):  # noqa: F811
        told(leak.neighborhood, by=chair)
        for table in ("leak", "leakstep", "leakperson", "leaksource", "leaktold"):
            for change in (f"DELETE FROM sharing_{table}", f"UPDATE sharing_{table} SET id = id"):
                with pytest.raises(psycopg.Error) as refused:
                    execute(change)
                assert refused.value.sqlstate in ("42501", "LM001", "LM169")


@pytest.mark.obligation("A6")
class TestWhoIsAffected:
    def test_by_what_one_account_looked_at_in_that_while(self, leak, resident, neighbor, clerk, chair, now):
        looked(resident, clerk, at=now - 3 * HOUR)
        looked(neighbor, chair, at=now - 3 * HOUR)
        third = make.resident(leak.neighborhood, at=now)
        looked(third, clerk, at=now - 9 * HOUR)
        leaks.looked_at(leak=leak, account=clerk, since=now - 4 * HOUR, until=now - HOUR, by=chair, at=now)
        assert computed(leak) == {(resident.pk, "look_up")} == expected(leak)
        leaks.looked_at(leak=leak, account=None, since=now - 4 * HOUR, until=now - HOUR, by=chair, at=now)
        assert computed(leak) == {(resident.pk, "look_up"), (neighbor.pk, "look_up")}

    def test_a_look_that_was_open_when_it_began_counts(self, leak, resident, clerk, chair, now):
        looked(resident, clerk, at=now - 2 * HOUR)
        since = now - 2 * HOUR + timedelta(minutes=14)
        leaks.looked_at(leak=leak, account=clerk, since=since, until=now - HOUR, by=chair, at=now)
        assert computed(leak) == {(resident.pk, "look_up")}

    def test_by_a_copy_that_was_handed_over(self, leak, give, says, resident, neighbor, chair, now):
        says(resident, True)
        says(neighbor, False)
        copy = give()
        leaks.copied(leak=leak, copy=copy, by=chair, at=now)
        assert computed(leak) == {(resident.pk, "copy")} == expected(leak)
        assert leaks.affected(leak) == leaks.concerns(leak) == 1

    def test_by_the_register_as_it_was_then(self, leak, resident, neighbor, stranger, chair, now):
        at = datetime.now(UTC)
        leaks.all_of_it(leak=leak, until=at, by=chair, at=at)
        assert computed(leak) == {(resident.pk, "register"), (neighbor.pk, "register")}
        late = make.resident(leak.neighborhood, at=now)
        leaks.count(leak=leak, by=chair, at=datetime.now(UTC))
        assert (late.pk, "register") not in computed(leak)

    def test_computed_again_whoever_came_to_be_is_added_and_nobody_goes(
        self, leak, resident, neighbor, clerk, chair, now
    ):
        looked(resident, clerk, at=now - 3 * HOUR)
        leaks.looked_at(leak=leak, account=clerk, since=now - 4 * HOUR, until=now - HOUR, by=chair, at=now)
        looked(neighbor, clerk, at=now - 2 * HOUR)
        assert leaks.count(leak=leak, by=chair, at=now) == 2
        assert leaks.count(leak=leak, by=chair, at=now) == 2
        assert list(leak.steps.filter(kind="counted").order_by("at").values_list("number", flat=True)) == [
            1,
            2,
        ]

    @pytest.mark.parametrize("seed", range(3))
    def test_it_is_what_ten_lines_say(self, leak, chair, clerk, here, now, seed):
        dice = random.Random(seed)
        second = staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
        people = [make.resident(here, at=now, account=False) for _ in range(6)]
        for _ in range(25):
            at = now - timedelta(minutes=dice.randrange(90, 1400))
            looked(dice.choice(people), dice.choice([clerk, second]), at=at, minutes=dice.randrange(1, 15))
        for _ in range(2):
            since = now - timedelta(minutes=dice.randrange(200, 1400))
            account = dice.choice([clerk, second, None])
            until = since + timedelta(minutes=dice.randrange(1, 150))
            leaks.looked_at(leak=leak, account=account, since=since, until=until, by=chair, at=now)
        assert computed(leak) == expected(leak)

    def test_nobody_is_put_in_or_left_out_by_hand(self, leak, resident, stranger, execute: Execute):  # noqa: F811
        for who in (resident, stranger):
            with pytest.raises(psycopg.Error) as refused:
                execute(
                    "INSERT INTO sharing_leakperson (leak_id, resident_id, reason) VALUES (%s, %s, 'copy')",
                    [leak.pk, who.pk],
                )
            assert refused.value.sqlstate == "LM146"

    def test_neither_the_room_nor_a_source_is_of_another_neighborhood(
        self, leak, elsewhere, outsider, give, says, resident, now
    ):
        says(resident, True)
        copy = give()
        there = opened(elsewhere, by=outsider, at=now)
        with pytest.raises(type(copy).DoesNotExist):
            leaks.copied(leak=there, copy=copy, by=outsider, at=now)
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            LeakSource.objects.create(
                neighborhood=elsewhere, leak=there, kind="copy", copy=copy, by=outsider, at=now
            )
        assert refused.value.__cause__.sqlstate == "LM010"

    def test_nothing_of_the_ledger_names_anybody(self, leak, resident, clerk, chair, now):
        looked(resident, clerk, at=now - 3 * HOUR)
        leaks.looked_at(leak=leak, account=clerk, since=now - 4 * HOUR, until=now - HOUR, by=chair, at=now)
        for said in Opening.objects.filter(entry__kind__startswith="leak."):
            assert str(resident.pk) not in str(said.payload)


class TestTheTimeline:
    def test_a_step_is_written_once_and_one_without_words_is_none(self, leak, chair, now):
        done = leaks.step(leak=leak, kind=LeakStep.Kind.DONE, words="密码已换", by=chair, at=now)
        again = leaks.step(
            leak=leak, kind=LeakStep.Kind.DONE, words="密码已换", by=chair, at=now, key=done.pk
        )
        assert again == done
        for words in ("", "  "):
            with pytest.raises(leaks.WordsMissing):
                leaks.step(leak=leak, kind=LeakStep.Kind.DONE, words=words, by=chair, at=now)

    def test_it_is_closed_by_its_last_step_and_open_again_by_another(self, leak, chair, now):
        leaks.step(leak=leak, kind=LeakStep.Kind.CLOSED, words="无进一步发现", by=chair, at=now)
        assert leaks.is_closed(leak)
        assert leak not in leaks.open_rooms()
        leaks.step(leak=leak, kind=LeakStep.Kind.FOUND, words="还有一份", by=chair, at=now)
        assert not leaks.is_closed(leak)
        assert leak in leaks.open_rooms()


def test_the_recipient_of_a_copy_that_leaked_is_asked_to_delete_it_once(
    leak, give, says, resident, chair, now
):
    says(resident, True)
    copy = give()
    source = leaks.copied(leak=leak, copy=copy, by=chair, at=now)
    [made] = leaks.ask_back(leak=leak, source=source, by=chair, at=now)
    assert (made.because, made.copy) == ("leak", copy)
    assert recalls.is_late(made, made.due_at)
    assert leaks.ask_back(leak=leak, source=source, by=chair, at=now) == []
    assert Recall.objects.count() == 1
