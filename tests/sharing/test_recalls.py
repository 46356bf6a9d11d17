"""What was given is asked back when the right to keep it ends, by tags alone; and only a signature says that it is gone."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from ledger.models import Opening
from portal import erasure, health, sweeps
from portal.screens.erasure import headline
from residents import correcting
from residents.models import Alarm, ErasureOrder, ErasurePlace, Resident
from sharing import reaching, recalls, recipient_keys
from sharing.models import Confirmation, Copy, DisclosedRow, Recall, RecallLine, Recipient, RecipientKey
from sharing.recalls import ConfirmationRefused
from tests import make
from tests.sharing.outside import Keys, Outside, fetched, known, released


@pytest.fixture
def recipient(here) -> Recipient:
    """Nobody has been invited for it yet."""
    return Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")


@pytest.fixture
def outside(recipient, clerk, chair, now) -> Outside:
    return known(recipient, invited_by=clerk, confirmed_by=chair, at=now)


@pytest.fixture
def key(outside, recipient) -> RecipientKey:
    found = recipient_keys.key_of(recipient)
    assert found is not None
    return found


@pytest.fixture
def copy(key, asked, says, resident, neighbor, chair, afterwards) -> Copy:
    """Both said yes, and it is ready."""
    says(resident, True)
    says(neighbor, ["name"])
    return released(asked, by=chair, at=afterwards)


@pytest.fixture
def handed(copy, outside, clerk, afterwards) -> Copy:
    return fetched(reaching.link(copy=copy, by=clerk, at=afterwards), outside, at=afterwards)


def confirmed(recall: Recall, outside: Outside, *, at: datetime, keys: Keys | None = None) -> Confirmation:
    signature = (keys or outside.keys).sign(recalls.text_of(recall))
    return recalls.confirm(recall=recall, account=outside.account, signature=signature, at=at)


def tag_of(who: Resident) -> str:
    return DisclosedRow.objects.get(resident=who).tag


@pytest.mark.obligation("9", "28")
class TestAskingBack:
    def test_a_no_after_all_asks_for_that_row_and_says_no_name(self, handed, says, resident, afterwards):
        says(resident, False, afterwards)
        recall = Recall.objects.get()
        assert (recall.because, recall.copy) == ("withdrawn", handed)
        assert recall.due_at == afterwards + timedelta(days=15)
        assert list(recalls.tags(recall)) == [tag_of(resident)]
        [said] = Opening.objects.filter(entry__kind="recall.opened")
        for text in (recalls.text_of(recall), str(said.payload)):
            assert resident.name not in text
            assert str(resident.pk) not in text

    def test_a_no_said_twice_asks_once(self, handed, says, resident, afterwards):
        says(resident, False, afterwards)
        says(resident, False, afterwards)
        assert Recall.objects.count() == 1

    def test_a_no_before_it_was_fetched_asks_nobody(self, copy, says, resident, afterwards):
        says(resident, False, afterwards)
        assert not Recall.objects.exists()

    def test_of_who_was_never_in_it_nothing_is_asked(self, handed, says, stranger, here, now, afterwards):
        third = make.resident(here, at=now)
        says(third, False, afterwards)
        assert not Recall.objects.exists()

    def test_a_correction_asks_where_it_was_given(self, handed, resident, neighbor, clerk, afterwards):
        correcting.correct(resident=resident, name="", phone="0571 8800 0999", by=clerk, at=afterwards)
        assert not Recall.objects.exists()  # the phone was not given
        correcting.correct(resident=resident, name="柳一新", phone=None, by=clerk, at=afterwards)
        assert list(recalls.tags(Recall.objects.get(because="corrected"))) == [tag_of(resident)]

    def test_the_end_of_the_time_asks_for_all_that_nobody_asked_for(
        self, handed, says, resident, neighbor, now, afterwards
    ):
        says(resident, False, afterwards)
        over = Copy.objects.get(pk=handed.pk).handed_at + timedelta(days=30)
        assert not recalls.over(at=over - timedelta(minutes=1)).exists()
        for _twice in range(2):
            sweeps._ask_back(over)
        assert list(recalls.tags(Recall.objects.get(because="period"))) == [tag_of(neighbor)]
        assert Recall.objects.count() == 2

    def test_of_rows_that_were_never_handed_nothing_is_asked(self, copy, afterwards):
        recall = Recall.objects.create(
            neighborhood=copy.neighborhood,
            copy=copy,
            because="leak",
            opened_at=afterwards,
            due_at=afterwards + timedelta(days=1),
        )
        with pytest.raises(DatabaseError, match="handed over"), transaction.atomic():
            RecallLine.objects.create(
                neighborhood=copy.neighborhood, recall=recall, row=DisclosedRow.objects.first()
            )


@pytest.fixture
def recall(handed, says, resident, afterwards) -> Recall:
    says(resident, False, afterwards)
    return Recall.objects.get()


@pytest.mark.obligation("28")
class TestConfirming:
    def test_it_is_what_they_signed_and_stays(self, recall, outside, key, afterwards):
        made = confirmed(recall, outside, at=afterwards)
        assert (made.text, made.key) == (recalls.text_of(recall), key)
        assert "rows: 1" in made.text
        assert not Recall.objects.waiting().exists()

    def test_twice_is_once(self, recall, outside, afterwards):
        assert confirmed(recall, outside, at=afterwards) == confirmed(recall, outside, at=afterwards)
        assert Confirmation.objects.count() == 1

    def test_no_other_key_says_it(self, recall, outside, afterwards):
        with pytest.raises(ConfirmationRefused) as refused:
            confirmed(recall, outside, at=afterwards, keys=Keys())
        assert refused.value.reason == "not_signed"
        assert not Confirmation.objects.exists()

    def test_no_other_text_says_it(self, recall, outside, afterwards):
        signature = outside.keys.sign(recalls.text_of(recall).replace("rows: 1", "rows: 0"))
        with pytest.raises(ConfirmationRefused):
            recalls.confirm(recall=recall, account=outside.account, signature=signature, at=afterwards)

    def test_a_key_that_was_not_heard_says_nothing(self, recall, outside, afterwards):
        keys = Keys()
        recipient_keys.give(account=outside.account, pasted=keys.public, at=afterwards)
        with pytest.raises(ConfirmationRefused) as refused:
            confirmed(recall, outside, at=afterwards, keys=keys)
        assert refused.value.reason == "no_key"

    def test_no_other_recipient_says_it(self, recall, here, clerk, chair, now, afterwards):
        other = Recipient.objects.create(neighborhood=here, name="别家", contact="桥头 1 号")
        theirs = known(other, invited_by=clerk, confirmed_by=chair, at=now)
        with pytest.raises(PermissionDenied):
            confirmed(recall, theirs, at=afterwards)

    def test_nor_does_raw_sql_let_them(self, recall, here, clerk, chair, now, afterwards):
        other = Recipient.objects.create(neighborhood=here, name="别家", contact="桥头 1 号")
        theirs = known(other, invited_by=clerk, confirmed_by=chair, at=now)
        with pytest.raises(DatabaseError, match="only the recipient"), transaction.atomic():
            Confirmation.objects.create(
                neighborhood=here,
                recall=recall,
                text="gone",
                signature="x",
                key=RecipientKey.objects.get(recipient=other),
                account=theirs.account,
                at=afterwards,
            )

    @pytest.mark.parametrize("table", ["recall", "recallline", "confirmation"])
    @pytest.mark.parametrize("act", ["UPDATE sharing_{} SET id = id", "DELETE FROM sharing_{}"])
    def test_what_was_asked_and_said_stays(
        self, committed, recall, outside, afterwards, owner_sql, table, act
    ):
        confirmed(recall, outside, at=afterwards)
        with pytest.raises(psycopg.DatabaseError, match=r"append-only|foreign key|three years"):
            owner_sql().execute(act.format(table))


class TestLateness:
    def test_it_is_a_question_of_the_rows(self, recall, outside, afterwards):
        due = afterwards + timedelta(days=15)
        assert not Recall.objects.late(due - timedelta(seconds=1)).exists()
        assert recalls.is_late(recall, due)
        assert health._recalls(now=due) == {"ok": True, "unasked": 0, "late": 1}
        for _ in range(2):
            recalls.ring(at=due)
            assert Alarm.objects.get(kind=Alarm.Kind.RECALL_LATE).subject == recall.pk
        confirmed(recall, outside, at=due)
        assert not Recall.objects.late(due).exists()
        assert health._recalls(now=due)["late"] == 0

    def test_what_nobody_asked_back_in_time_is_an_alarm(self, handed):
        over = Copy.objects.get(pk=handed.pk).handed_at + timedelta(days=31)
        assert health._recalls(now=over) == {"ok": False, "unasked": 1, "late": 0}
        sweeps._ask_back(over)
        assert health._recalls(now=over)["ok"]

    def test_staff_see_it(self, recall, clerk, client, settings):
        settings.RECALL_DAYS = 15
        client.force_login(clerk)
        page = client.get("/admin/sharing/recall/", headers={"accept-language": "en"}).content.decode()
        assert "青禾送水站" in page
        assert "waiting" in page


@pytest.mark.obligation("9", "F15", "F24")
class TestAnErasureWaits:
    @pytest.fixture
    def order(self, handed, resident, now) -> ErasureOrder:
        make.tombstone(resident, at=now)
        return ErasureOrder.objects.get(resident=resident, purpose="person")

    def test_for_the_recipient_as_for_a_device(self, order, outside, afterwards):
        recall = Recall.objects.get(because="erased")
        place = order.places.get(kind=ErasurePlace.Kind.RECIPIENT)
        assert (place.target, place.label, place.state) == (recall.pk, "青禾送水站", "waiting")
        later = afterwards + timedelta(days=60)
        assert erasure.PLACE_KINDS[ErasurePlace.Kind.RECIPIENT](place) is None
        erasure.run(order=order.pk, at=later)
        place.refresh_from_db()
        assert place.state == "waiting"
        assert not order.is_complete

    def test_until_it_has_signed(self, order, outside, afterwards):
        confirmed(Recall.objects.get(), outside, at=afterwards)
        place = order.places.get(kind=ErasurePlace.Kind.RECIPIENT)
        assert place.state == "gone"
        assert place.evidence == {"confirmation": Confirmation.objects.get().pk}

    def test_what_was_asked_back_before_is_waited_for_too(self, handed, says, resident, now, afterwards):
        says(resident, False, afterwards)
        make.tombstone(resident, at=now)
        place = ErasurePlace.objects.get(kind=ErasurePlace.Kind.RECIPIENT)
        assert place.target == Recall.objects.get(because="withdrawn").pk

    def test_what_was_confirmed_before_is_not(self, recall, outside, resident, now, afterwards):
        confirmed(recall, outside, at=afterwards)
        make.tombstone(resident, at=now)
        assert not ErasurePlace.objects.filter(kind=ErasurePlace.Kind.RECIPIENT).exists()

    def test_the_page_says_deleted_here_and_no_more(self, order):
        ErasureOrder.objects.filter(pk=order.pk).update(journalled_at=order.opened_at)
        order.places.exclude(kind=ErasurePlace.Kind.RECIPIENT).update(state="gone", evidence={"x": 1})
        assert "1" in headline(list(order.places.all()))
        assert headline(list(order.places.all())) != headline(
            list(order.places.exclude(kind=ErasurePlace.Kind.RECIPIENT))
        )
