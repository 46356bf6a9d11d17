"""A link opens once, in its week, for who may have it; and what is not agreed to at that moment does not leave."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from ledger.models import Opening
from portal import sweeps
from residents import ages, correcting
from residents.models import Alarm
from sharing import challenges, contracts, joining, reaching, recalls, recipient_keys, requesting
from sharing.models import Copy, Link, Recall, Recipient, RecipientKey, Request
from sharing.reaching import LinkRefused, Made
from tests.sharing.outside import Keys, Outside, fetched, known, read_by, released


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
    """Of the one who said yes; their neighbor said nothing."""
    says(resident, True)
    return released(asked, by=chair, at=afterwards)


@pytest.fixture
def made(copy, clerk, afterwards) -> Made:
    return reaching.link(copy=copy, by=clerk, at=afterwards)


def noted() -> list[str]:
    """Why links did not open, as it was written down."""
    refused = Opening.objects.filter(entry__kind="link.refused").order_by("pk")
    return [each.payload["reason"] for each in refused]


@pytest.mark.obligation("A2", "28")
def test_it_hands_over_exactly_what_was_agreed_to(made, outside, resident, afterwards):
    copy = fetched(made, outside, at=afterwards)
    assert Copy.objects.get(pk=copy.pk).state == Copy.State.HANDED
    *_head, row = csv.reader(io.StringIO(read_by(copy, outside)))
    assert row[0] == resident.name
    link = Link.objects.get()
    assert (link.opened_at, link.opened_by) == (afterwards, outside.account)
    assert noted() == []


def test_looking_spends_nothing(made, outside, afterwards):
    for _twice in range(2):
        assert reaching.look(token=made.token, account=outside.account, at=afterwards) == made.link
    assert Copy.objects.get().state == Copy.State.READY


def test_what_stands_here_opens_nothing(made):
    """Only the digest is kept, and it is keyed."""
    assert made.token.encode() not in bytes(Link.objects.get().digest)
    assert not Opening.objects.filter(payload__icontains=made.token).exists()


Case = Callable[..., tuple[Made, Outside, datetime]]


def _forged(made, outside, at, **_):
    return Made(made.link, "A" * 32), outside, at


def _of_another(made, outside, at, *, here, clerk, chair, **_):
    other = Recipient.objects.create(neighborhood=here, name="别家", contact="桥头 1 号")
    return made, known(other, invited_by=clerk, confirmed_by=chair, at=at), at


def _replayed(made, outside, at, **_):
    fetched(made, outside, at=at)
    return made, outside, at


def _expired(made, outside, at, **_):
    return made, outside, at + reaching.LIFE


def _replaced(made, outside, at, *, copy, clerk, **_):
    reaching.link(copy=copy, by=clerk, at=at)
    return made, outside, at


def _after_a_no(made, outside, at, *, says, resident, **_):
    says(resident, False, at)
    return made, outside, at


def _after_a_correction(made, outside, at, *, resident, clerk, **_):
    correcting.correct(resident=resident, name="柳一新", phone=None, by=clerk, at=at)
    return made, outside, at


def _key_changed(made, outside, at, **_):
    recipient_keys.give(account=outside.account, pasted=Keys().public, at=at)
    return made, outside, at


def _key_ended(made, outside, at, *, recipient, chair, **_):
    recipient_keys.end(recipient=recipient, by=chair, at=at)
    return made, outside, at


def _void(made, outside, at, **_):
    Copy.objects.update(state=Copy.State.VOID, voided_at=timezone.now(), leased_until=None)
    return made, outside, at


@pytest.mark.obligation("A2", "28", "F15")
@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (_forged, "unknown"),
        (_of_another, "unknown"),
        (_replayed, "opened"),
        (_expired, "expired"),
        (_replaced, "replaced"),
        (_after_a_no, "changed"),
        (_after_a_correction, "changed"),
        (_key_changed, "no_key"),
        (_key_ended, "no_key"),
        (_void, "void"),
    ],
)
def test_it_is_refused_and_written_down(
    case: Case, reason, made, outside, afterwards, here, clerk, chair, copy, says, resident, recipient
):
    token, who, at = case(
        made,
        outside,
        afterwards,
        here=here,
        clerk=clerk,
        chair=chair,
        copy=copy,
        says=says,
        resident=resident,
        recipient=recipient,
    )
    before = Copy.objects.get(pk=copy.pk).handed_at
    with pytest.raises(LinkRefused) as refused:
        fetched(token, who, at=at)
    assert (refused.value.reason, noted()) == (reason, [reason])
    rung = Alarm.objects.get(kind=reaching.RINGS.get(reason, Alarm.Kind.SHARING_REFUSED_LINK))
    assert (rung.by, rung.neighborhood) == (who.user, who.account.recipient.neighborhood)
    after = Copy.objects.get(pk=copy.pk)
    assert after.handed_at == before
    assert after.state == (Copy.State.VOID if reason in ("changed", "no_key", "void") else after.state)


class TestUnderAContract:
    @pytest.fixture
    def contract(self, recipient, here, clerk, chair, now):
        today = ages.today_in(here, now)
        written = contracts.write(
            recipient=recipient,
            starts=today,
            until=today + timedelta(days=30),
            fields=["name", "dwelling"],
            kinds=["delivery"],
            measures="锁在柜子里",
            paper="办公室第二格",
            by=clerk,
            at=now,
        )
        return contracts.confirm(contract=written, by=chair, at=now)

    @pytest.fixture
    def drafted(self, contract, recipient, clerk, now) -> Request:
        return requesting.draft(
            recipient=recipient,
            contract=contract,
            kind="delivery",
            purpose="送水到户",
            purpose_en="Delivering water to the door",
            fields=["name", "dwelling"],
            retention_days=300,
            deadline=now + timedelta(days=7),
            by=clerk,
            at=now,
        )

    @pytest.mark.obligation("28", "30")
    def test_its_end_closes_the_link_at_once(self, made, outside, contract, chair, afterwards):
        contracts.end(contract=contract, by=chair, at=afterwards)
        with pytest.raises(LinkRefused) as refused:
            fetched(made, outside, at=afterwards)
        assert (refused.value.reason, noted()) == ("contract", ["contract"])
        assert Copy.objects.get().handed_at is None

    @pytest.mark.obligation("30")
    def test_what_was_fetched_goes_back(self, made, outside, contract, chair, afterwards):
        fetched(made, outside, at=afterwards)
        contracts.end(contract=contract, by=chair, at=afterwards)
        assert [each.because for each in Recall.objects.all()] == ["contract"]
        assert "given back or deleted" in recalls.text_of(Recall.objects.get())

    @pytest.mark.obligation("30")
    def test_so_it_does_once_its_last_day_is_over(self, made, outside, contract, afterwards):
        fetched(made, outside, at=afterwards)
        sweeps._ask_back(afterwards)
        assert not Recall.objects.exists()
        for _twice in range(2):
            sweeps._ask_back(afterwards + timedelta(days=25))
        assert [each.because for each in Recall.objects.all()] == ["contract"]

    @pytest.mark.obligation("30")
    def test_so_does_its_last_day_though_nobody_did_anything(
        self, copy, outside, clerk, contract, afterwards
    ):
        late = afterwards + timedelta(days=25)
        made = reaching.link(copy=copy, by=clerk, at=late)
        with pytest.raises(LinkRefused) as refused:
            fetched(made, outside, at=late)
        assert refused.value.reason == "contract"


@pytest.mark.obligation("28")
class TestTheProof:
    def test_who_does_not_have_the_key_opens_nothing(self, made, outside, afterwards):
        with pytest.raises(LinkRefused) as refused:
            fetched(made, outside, at=afterwards, keys=Keys())
        assert (refused.value.reason, noted()) == ("not_signed", ["not_signed"])

    def test_what_was_signed_before_is_no_proof_now(self, made, outside, afterwards):
        account = outside.account
        line = reaching.challenge(link=made.link, account=account, at=afterwards - challenges.LIFE)
        with pytest.raises(LinkRefused) as refused:
            reaching.open_(
                token=made.token,
                account=account,
                challenge=line,
                signature=outside.keys.sign(line),
                at=afterwards,
            )
        assert refused.value.reason == "stale"

    def test_what_was_signed_for_something_else_is_none(self, made, outside, key, afterwards):
        line = recipient_keys.challenge(key=key, account=outside.account, at=afterwards)
        with pytest.raises(LinkRefused) as refused:
            reaching.open_(
                token=made.token,
                account=outside.account,
                challenge=line,
                signature=outside.keys.sign(line),
                at=afterwards,
            )
        assert (refused.value.reason, noted()) == ("not_ours", ["not_ours"])

    def test_a_slip_is_no_alarm(self, made, outside, afterwards):
        line = reaching.challenge(link=made.link, account=outside.account, at=afterwards)
        with pytest.raises(LinkRefused):
            reaching.open_(
                token=made.token, account=outside.account, challenge=line, signature="yes", at=afterwards
            )
        assert noted() == []

    def test_an_account_that_ended_opens_nothing(self, made, outside, recipient, clerk, afterwards):
        joining.end(recipient=recipient, by=clerk, at=afterwards)
        with pytest.raises(PermissionDenied):
            fetched(made, outside, at=afterwards)
        assert Copy.objects.get().handed_at is None


def test_a_download_that_broke_off_takes_another_link_to_the_same(made, copy, outside, clerk, afterwards):
    first = read_by(fetched(made, outside, at=afterwards), outside)
    again = reaching.link(copy=copy, by=clerk, at=afterwards)
    assert read_by(fetched(again, outside, at=afterwards), outside) == first
    assert Link.objects.exclude(opened_at=None).count() == 2


@pytest.mark.obligation("5", "28")
def test_after_it_was_fetched_a_no_stops_the_next_link(
    made, copy, outside, says, resident, clerk, afterwards
):
    fetched(made, outside, at=afterwards)
    says(resident, False, afterwards)
    again = reaching.link(copy=copy, by=clerk, at=afterwards)
    rung = Alarm.objects.count()
    for _ in range(2):
        with pytest.raises(LinkRefused, match="since"):
            fetched(again, outside, at=afterwards)
    assert Alarm.objects.count() == rung


def test_of_what_was_closed_no_other_is_promised(made, asked, outside, chair, afterwards):
    requesting.close(request=asked, by=chair, at=afterwards)
    rung = Alarm.objects.count()
    with pytest.raises(LinkRefused, match="closed"):
        fetched(made, outside, at=afterwards)
    assert Alarm.objects.count() == rung


@pytest.mark.obligation("A2", "27")
def test_nobody_else_makes_a_link(copy, resident, auditor, outsider, superuser, afterwards):
    for other in (resident.user, auditor, outsider, superuser):
        with pytest.raises(PermissionDenied):
            reaching.link(copy=copy, by=other, at=afterwards)
    assert not Link.objects.exists()


@pytest.mark.obligation("28")
class TestRawSql:
    def test_nobody_opens_it_but_the_recipient(self, made, here, clerk, chair, afterwards, now):
        other = Recipient.objects.create(neighborhood=here, name="别家", contact="桥头 1 号")
        theirs = known(other, invited_by=clerk, confirmed_by=chair, at=now)
        with pytest.raises(DatabaseError, match="only the recipient"), transaction.atomic():
            Link.objects.update(opened_at=afterwards, opened_by=theirs.account, challenge="x", signature="y")

    def test_nor_without_a_proof(self, made, outside, afterwards):
        with pytest.raises(DatabaseError, match="link_opened_by_a_proof"), transaction.atomic():
            Link.objects.update(opened_at=afterwards, opened_by=outside.account)

    def test_nor_twice(self, made, outside, afterwards):
        fetched(made, outside, at=afterwards)
        with pytest.raises(DatabaseError, match="opens once"), transaction.atomic():
            Link.objects.update(opened_at=afterwards + timedelta(minutes=1))

    def test_nor_with_a_key_that_ended(self, made, outside, recipient, key, afterwards):
        RecipientKey.objects.filter(pk=key.pk).update(ended_at=afterwards)
        with pytest.raises(DatabaseError, match="not given any more"), transaction.atomic():
            Link.objects.update(opened_at=afterwards, opened_by=outside.account, challenge="x", signature="y")

    def test_none_leads_to_what_is_void(self, copy, clerk, afterwards):
        Copy.objects.update(state=Copy.State.VOID, voided_at=timezone.now(), leased_until=None)
        with pytest.raises(DatabaseError, match="nothing to which"), transaction.atomic():
            Link.objects.create(
                neighborhood=copy.neighborhood,
                copy=copy,
                digest=b"d" * 32,
                made_by=clerk,
                made_at=afterwards,
                until=afterwards + reaching.LIFE,
            )

    @pytest.mark.parametrize(
        "change", ["DELETE FROM sharing_link", "UPDATE sharing_link SET until = until + interval '1 day'"]
    )
    def test_not_even_the_owner_changes_one(self, committed, made, owner_sql, change):
        with pytest.raises(psycopg.DatabaseError) as refused:
            owner_sql().execute(change)
        assert refused.value.sqlstate in ("LM128", "23514")


@pytest.mark.obligation("28")
def test_two_at_once_are_one(committed, made, outside, afterwards):
    """Two tabs, or a thief and the owner: one gets it, and the other is refused."""
    line = reaching.challenge(link=made.link, account=outside.account, at=afterwards)
    signature, ready, said = outside.keys.sign(line), threading.Barrier(2), []

    def tries() -> None:
        try:
            ready.wait()
            reaching.open_(
                token=made.token,
                account=outside.account,
                challenge=line,
                signature=signature,
                at=afterwards,
            )
            said.append("opened")
        except LinkRefused as refused:
            said.append(f"refused: {refused.reason}")
        finally:
            connections.close_all()

    both = [threading.Thread(target=tries) for _each in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    assert sorted(said) == ["opened", "refused: opened"]
