"""A notice of a leak is sent with each of its items or not at all, and each person gets it once, whoever dies in between."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, transaction

from ledger.models import Opening
from portal import sweeps
from residents import ages, moving, standing_by
from residents.models import Message, Resident, Wish
from residents.register import register
from sharing import leak_notices, leaks
from sharing.leak_notices import NoticeNotWhole, SentAlready
from sharing.models import Leak, LeakNotice, LeakStep, LeakTold
from sharing.speaking import OutOfOffice
from tests import make
from tests.laws.conftest import Execute, execute  # noqa: F401
from tests.sharing.leaking import WORDS, everybody, looked, notice, opened

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("37")]
HOUR = timedelta(hours=1)
ITEMS = list(LeakNotice.ITEMS)


@pytest.fixture
def leak(here, resident, neighbor, chair, now) -> Leak:
    """Both live here, and both are affected."""
    made = opened(here, by=chair, at=now)
    everybody(made, by=chair)
    return made


def sent(leak: Leak, goes_to: str = "people", *, by, at: datetime) -> LeakNotice:
    return leak_notices.send(notice=notice(leak, goes_to, by=by, at=at), by=by, at=at)


def told(leak: Leak) -> set[tuple[object, object]]:
    return set(LeakTold.objects.filter(notice__leak=leak).values_list("reader", "about"))


def child(where, born: date, *guardians: Resident, by, at: datetime) -> Resident:
    found = register(neighborhood=where, name="柳苗苗", born=born)
    for each in guardians:
        standing_by.verify_guardian(child=found, guardian=each, verified="birth", by=by, at=at)
    return found


class TestAnItemIsMissing:
    @pytest.mark.parametrize("item", [*ITEMS, "office"])
    @pytest.mark.parametrize("blank", ["", " \n "])
    def test_it_is_not_sent(self, leak, chair, now, item, blank):
        said = notice(leak, "authority", by=chair, at=now, **{item: blank})
        with pytest.raises(NoticeNotWhole) as refused:
            leak_notices.send(notice=said, by=chair, at=now)
        assert refused.value.missing == [item]
        assert LeakNotice.objects.get().sent_at is None

    @pytest.mark.parametrize("item", [*ITEMS, "office"])
    def test_nor_by_raw_sql(self, leak, chair, now, item, execute: Execute):  # noqa: F811
        notice(leak, "province", by=chair, at=now, **{item: " "})
        with pytest.raises(psycopg.Error) as refused:
            execute("UPDATE sharing_leaknotice SET sent_at = now(), sent_by_id = %s", [chair.pk])
        assert refused.value.sqlstate == "LM143"

    @pytest.mark.parametrize("item", ITEMS)
    def test_nor_inserted_as_sent(self, leak, chair, now, item):
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            LeakNotice.objects.create(
                neighborhood=leak.neighborhood, leak=leak, goes_to="people", written_by=chair, written_at=now,
                sent_by=chair, sent_at=now, **WORDS | {item: ""},
            )  # fmt: skip
        assert refused.value.__cause__.sqlstate == "LM143"

    def test_what_the_people_get_names_no_office(self, leak, chair, now):
        said = notice(leak, by=chair, at=now, office="")
        assert leak_notices.send(notice=said, by=chair, at=now).sent_at == now


class TestWhatWasSent:
    def test_it_stays_as_it_is(self, leak, chair, now, execute: Execute):  # noqa: F811
        said = sent(leak, "authority", by=chair, at=now)
        with pytest.raises(SentAlready):
            leak_notices.rewrite(notice=said, words=WORDS, by=chair, at=now)
        for change in (
            "UPDATE sharing_leaknotice SET cause = 'x'",
            "UPDATE sharing_leaknotice SET sent_at = NULL, sent_by_id = NULL",
            "DELETE FROM sharing_leaknotice",
        ):
            with pytest.raises(psycopg.Error) as refused:
                execute(change)
            assert refused.value.sqlstate == "LM144"

    def test_it_was_sent_by_now(self, leak, chair, now, execute: Execute):  # noqa: F811
        notice(leak, by=chair, at=now)
        with pytest.raises(psycopg.Error) as refused:
            execute(
                "UPDATE sharing_leaknotice SET sent_at = now() + interval '1 hour', sent_by_id = %s",
                [chair.pk],
            )
        assert refused.value.sqlstate == "LM147"

    def test_a_draft_is_written_once_and_may_be_worked_on(self, leak, chair, now):
        said = notice(leak, by=chair, at=now)
        again = leak_notices.write(
            leak=leak, goes_to=LeakNotice.To.PEOPLE, words=WORDS, by=chair, at=now, key=said.pk
        )
        assert again == said
        changed = leak_notices.rewrite(notice=said, words=WORDS | {"cause": "备份遗失"}, by=chair, at=now)
        assert changed.cause == "备份遗失"

    @pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "superuser"])
    def test_only_a_chair_of_the_committees_writes_and_sends(self, request, leak, chair, who, now):
        said, user = notice(leak, by=chair, at=now), request.getfixturevalue(who)
        for act in (
            lambda: notice(leak, by=user, at=now),
            lambda: leak_notices.rewrite(notice=said, words=WORDS, by=user, at=now),
            lambda: leak_notices.send(notice=said, by=user, at=now),
        ):
            with pytest.raises(OutOfOffice):
                act()


@pytest.mark.obligation("A6")
class TestEachIsTold:
    def test_once_with_proof_and_by_the_message_they_chose(
        self, leak, resident, neighbor, stranger, chair, now
    ):
        Wish.objects.create(
            neighborhood=leak.neighborhood, resident=resident, topic="data", way="sms", operator="x",
            by=resident.user, at=now,
        )  # fmt: skip
        said = sent(leak, by=chair, at=now)
        assert leak_notices.work(notice=said.pk, at=now) == 2
        assert told(leak) == {(resident.pk, resident.pk), (neighbor.pk, neighbor.pk)}
        assert Message.objects.get().resident == resident
        proof = Opening.objects.get(entry__kind="leak.told", entry__subject=resident.pk).payload
        assert proof["words_sha"] == said.digest
        assert proof["told"] == str(LeakTold.objects.get(reader=resident).pk)

    def test_sent_twice_each_has_it_once(self, leak, chair, now):
        said = sent(leak, by=chair, at=now)
        leak_notices.work(notice=said.pk, at=now)
        assert leak_notices.send(notice=said, by=chair, at=now + HOUR).sent_at == now
        assert leak_notices.work(notice=said.pk, at=now + HOUR) == 0
        assert LeakTold.objects.count() == 2
        assert leak.steps.filter(kind=LeakStep.Kind.SENT).count() == 1

    def test_not_even_by_raw_sql_twice(self, leak, chair, now, execute: Execute):  # noqa: F811
        leak_notices.work(notice=sent(leak, by=chair, at=now).pk, at=now)
        with pytest.raises(psycopg.errors.UniqueViolation):
            execute(
                "INSERT INTO sharing_leaktold (id, neighborhood_id, notice_id, reader_id, about_id, way, at)"
                " SELECT gen_random_uuid(), neighborhood_id, notice_id, reader_id, about_id, way, at FROM sharing_leaktold"
            )

    def test_a_sending_that_died_goes_on_where_it_stood(self, leak, chair, now, monkeypatch):
        said = sent(leak, by=chair, at=now)
        assert leak_notices.tell_some(notice=said.pk, at=now, limit=1) == 1

        def dies(*args: object, **also: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as killed:
            killed.setattr(leak_notices, "record_many", dies)
            with pytest.raises(KeyboardInterrupt):
                leak_notices.work(notice=said.pk, at=now)
        assert LeakTold.objects.count() == 1
        assert leak_notices.due() == [said.pk]
        assert leak_notices.work(notice=said.pk, at=now) == 1
        assert leak_notices.due() == []

    def test_the_sweep_goes_on_with_it(self, leak, chair, now, monkeypatch):
        said = sent(leak, by=chair, at=now)
        called = []
        monkeypatch.setattr(sweeps.effects, "call", lambda name, **of: called.append((name, of)))
        sweeps._tell_of_leaks()
        assert called == [("tell_soon", {"notice": said.pk})]

    def test_whoever_comes_to_be_affected_later_is_told_too(self, here, resident, clerk, chair, now):
        leak = opened(here, by=chair, at=now)
        said = sent(leak, by=chair, at=now)
        assert leak_notices.work(notice=said.pk, at=now) == 0
        looked(resident, clerk, at=now - 3 * HOUR)
        leaks.looked_at(leak=leak, account=clerk, since=now - 4 * HOUR, until=now - HOUR, by=chair, at=now)
        assert leak_notices.due() == [said.pk]
        leak_notices.work(notice=said.pk, at=now)
        assert told(leak) == {(resident.pk, resident.pk)}

    def test_a_draft_is_told_to_nobody(self, leak, resident, chair, now):
        said = notice(leak, by=chair, at=now)
        assert leak_notices.work(notice=said.pk, at=now) == 0
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            self.by_hand(said, resident, resident, now)
        assert refused.value.__cause__.sqlstate == "LM145"

    def test_nobody_else_counts_as_told(self, leak, resident, neighbor, here, chair, now):
        said = sent(leak, by=chair, at=now)
        late = make.resident(here, at=now)
        for reader, about in ((late, late), (neighbor, resident)):
            with pytest.raises(DatabaseError) as refused, transaction.atomic():
                self.by_hand(said, reader, about, now)
            assert refused.value.__cause__.sqlstate == "LM145"

    def test_who_left_is_told_and_who_was_erased_cannot_be(self, leak, here, resident, neighbor, chair, now):
        make.tombstone(neighbor, at=now)
        moving.move_out(resident=resident, on=ages.today_in(here, now), by=resident.user, at=now)
        assert Resident.objects.get(pk=resident.pk).left_at
        said = sent(leak, by=chair, at=now)
        leak_notices.work(notice=said.pk, at=now)
        assert told(leak) == {(resident.pk, resident.pk)}

    @staticmethod
    def by_hand(said: LeakNotice, reader: Resident, about: Resident, now: datetime) -> None:
        LeakTold.objects.create(
            neighborhood_id=said.neighborhood_id,
            notice=said,
            reader=reader,
            about=about,
            way="account",
            at=now,
        )


class TestGuardians:
    """Under fourteen they alone are told, until eighteen both."""

    @pytest.fixture
    def today(self, here, now) -> date:
        return ages.today_in(here, now)

    @pytest.fixture
    def leak(self, here, chair, now) -> Leak:
        return opened(here, by=chair, at=now)

    def told_both(self, leak: Leak, chair, now) -> set[tuple[object, object]]:
        everybody(leak, by=chair)
        for goes_to in ("people", "guardians"):
            leak_notices.work(notice=sent(leak, goes_to, by=chair, at=now).pk, at=now)
        return told(leak)

    @pytest.mark.parametrize(
        ("age", "day", "itself", "guardian"),
        [
            (13, 0, False, True),
            (14, 1, False, True),
            (14, 0, True, True),
            (18, 1, True, True),
            (18, 0, True, False),
        ],
    )
    def test_by_the_day_of_the_birthday(
        self, leak, here, resident, neighbor, clerk, chair, now, today, age, day, itself, guardian
    ):
        young = child(here, ages.years_before(today, 13), resident, by=clerk, at=now)
        # Of who is of age no birthday is kept.
        born = ages.years_before(today, age) + timedelta(days=day) if (age, day) != (18, 0) else None
        Resident.objects.filter(pk=young.pk).update(born=born, user=make.somebody())
        found = self.told_both(leak, chair, datetime.now(now.tzinfo))
        assert ((young.pk, young.pk) in found) is itself
        assert ((resident.pk, young.pk) in found) is guardian
        assert (neighbor.pk, young.pk) not in found
        assert (resident.pk, resident.pk) in found

    def test_each_guardian_and_none_that_a_court_has_barred(
        self, leak, here, resident, neighbor, clerk, chair, now, today
    ):
        young = child(here, ages.years_before(today, 5), resident, neighbor, by=clerk, at=now)
        barred = young.guardianships.get(guardian=neighbor)
        standing_by.bar(guardianship=barred, paper="民初九号", by=clerk, at=now)
        found = self.told_both(leak, chair, datetime.now(now.tzinfo))
        assert {reader for reader, about in found if about == young.pk} == {resident.pk}

    def test_a_child_whose_guardian_nobody_knows_is_counted_as_not_told(
        self, leak, here, resident, clerk, chair, now, today
    ):
        child(here, ages.years_before(today, 5), by=clerk, at=now)
        at = datetime.now(now.tzinfo)
        everybody(leak, by=chair)
        said = sent(leak, "guardians", by=chair, at=at)
        assert leak_notices.progress(said).unguarded == 1
        assert leak_notices.progress(said).left == 1
        young = Resident.objects.get(name="柳苗苗")
        standing_by.verify_guardian(child=young, guardian=resident, verified="birth", by=clerk, at=now)
        assert leak_notices.due() == [said.pk]
        leak_notices.work(notice=said.pk, at=at)
        assert told(leak) == {(resident.pk, young.pk)}
        assert leak_notices.progress(said).left == 0
