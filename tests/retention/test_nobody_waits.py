"""What a sweep holds is felt by nobody: not at a gate, not at a desk, not at the sign-in page; and two share the work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction
from django.db.models.functions import Now
from django.test import Client

from access.models import Credential, EntryEvent, FeedRow
from committees.models import Committee, Term
from consent.models import Standing
from portal import retention
from residents.models import Approval, ErasureOrder, LookUp, Resident, RetentionRun, User
from tests import make
from tests.cast import PASSWORD, staff
from tests.retention.due import MADE, Place, edge, make_due, rule

# Ending a consent is the same act as stopping it, by the clock: one person at a time, and it tells the gates. So it holds
# what any act that tells the gates holds, for as long; see the last test.
TELLS_GATES = {"consent.lapsed"}


@pytest.fixture
def place(committed, now) -> Place:
    return Place.made(now)


def in_thread(act) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@contextmanager
def held(now) -> Iterator[None]:
    """Every rule claims and ends what is due, all in one transaction, and does not commit."""
    done, go_on = threading.Event(), threading.Event()
    gone: dict[str, int] = {}

    def hold() -> None:
        with transaction.atomic():
            for each in retention.RULES:
                if each.code not in TELLS_GATES:
                    gone[each.code] = each.forget(each.claim(each.due(now), each.batch), now)
            done.set()
            go_on.wait(60)

    thread = in_thread(hold)
    assert done.wait(30)
    assert all(gone.values()), gone  # else nothing was held
    try:
        yield
    finally:
        go_on.set()
        thread.join(30)


def clerk(place: Place, name: str) -> User:
    role = {"kind": Committee.Kind.PROPERTY, "role": Term.Role.CLERK}
    return staff(place.neighborhood, username=name, at=datetime.now(UTC), **role)


def approval(who: Resident, *, by: User, other: User) -> Approval:
    asked = Approval.objects.create(
        neighborhood=who.neighborhood, resident=who, asked_by=by, reason="a parcel"
    )
    until = datetime.now(UTC) + timedelta(hours=1)
    Approval.objects.filter(pk=asked.pk).update(
        answered_by=other, answered_at=Now(), answered_capacity="clerk", until=until
    )
    return Approval.objects.get(pk=asked.pk)


# Of the minute for which the sweep is held: no moment, so that a busy machine is not taken for somebody who waits.
SOON = 10


def within(seconds: float, act):
    """What it answers; it does not wait for anybody, or the database ends it."""
    with connections["default"].cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{int(seconds * 1000)}ms'")
    began = time.monotonic()
    try:
        answer = act()
    finally:
        with connections["default"].cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
    assert time.monotonic() - began < 4 * seconds
    return answer


def test_a_sweep_in_progress_keeps_nobody_waiting(place, now):
    reader = make.device(place.gate, at=now)
    make.rule(place.gate, place.who, at=now)
    assert place.who.user is not None
    place.who.user.set_password(PASSWORD)
    place.who.user.save()
    for each in retention.RULES:
        if each.code not in TELLS_GATES:
            make_due(each.code, place)
    # Whose date of birth is being wiped: of age tomorrow, and a minor to the database today.
    grown = Resident.objects.filter(born__isnull=False).get()
    approved = approval(grown, by=clerk(place, "asks"), other=clerk(place, "lets-them"))
    with held(now):
        # The very person whose ended cards and homes are being forgotten is given a card at this moment.
        card = within(SOON, lambda: make.card(place.who, at=now))
        rows = within(SOON, lambda: reader.feed().json()["rows"])
        assert str(card.pk) in {row["credential"] for row in rows}
        event = {"sequence": 1, "at": now.isoformat(), "kind": "card", "credential": str(card.pk),
                 "outcome": "opened", "reason": "allowed"}  # fmt: skip
        answer = within(SOON, lambda: reader.events(event, boot=str(card.pk)))
        assert answer.json()["accepted"] == 1
        client = Client()
        signed_in = {"username": place.who.user.username, "password": PASSWORD}
        assert within(SOON, lambda: client.post("/sign-in/", signed_in)).status_code == 302
        assert within(SOON, lambda: client.get("/")).status_code == 200
        assert within(SOON, lambda: make.resident(place.neighborhood, at=now))
        seen = {
            "capacity": "clerk",
            "reason": "a parcel",
            "until": datetime.now(UTC) + timedelta(minutes=14),
            "approval": approved,
        }
        assert within(
            SOON,
            lambda: LookUp.objects.create(
                neighborhood=place.neighborhood,
                resident=grown,
                by=approved.asked_by,
                at=datetime.now(UTC),
                **seen,
            ),
        )
        assert within(SOON, lambda: client.get("/healthz/")).json()["retention"]["late"] == []


def test_what_somebody_holds_is_left_alone_and_goes_next_time(place, now):
    first, second = make_due("residents.birth_dates", place), make_due("residents.birth_dates", place)
    (busy,) = Resident.objects.filter(born__isnull=False)[:1]
    holding, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Resident.objects.select_for_update(no_key=True).get(pk=busy.pk)
            holding.set()
            go_on.wait(30)

    thread = in_thread(hold)
    assert holding.wait(10)
    try:
        began = time.monotonic()
        assert make.swept("residents.birth_dates", at=now) == 1
        assert time.monotonic() - began < 15, "it waited for who holds it, who does so for longer"
        assert first() + second() == 1
    finally:
        go_on.set()
        thread.join(30)
    assert make.swept("residents.birth_dates", at=now) == 1
    assert first() is second() is False


@pytest.mark.obligation("20")
def test_two_workers_at_once_miss_none_and_count_none_twice(place, now):
    for number in range(240):
        MADE["access.entry_events"](place, edge(rule("access.entry_events"), now) - timedelta(seconds=number))
    young = MADE["access.entry_events"](place, now)
    small = replace(rule("access.entry_events"), batch=7)
    turns: list[retention.Turn] = []
    start = threading.Barrier(3)

    def work() -> None:
        connections["default"].ensure_connection()  # else the first to have one may do all of it alone
        start.wait(60)
        turns.extend(retention.sweep(at=now, rules=[small], seconds=30))

    threads = [in_thread(work) for _ in range(3)]
    for thread in threads:
        thread.join(60)
    assert sum(turn.gone for turn in turns) == 240
    assert sum(turn.gone > 0 for turn in turns) > 1, "only one of them ever got any"
    assert not any(turn.failed for turn in turns)
    assert RetentionRun.objects.get().deleted == 240
    assert young()
    assert EntryEvent.objects.count() == 1


@pytest.mark.obligation("20")
@pytest.mark.parametrize("batch", [50_000, 2], ids=["found by the index", "along the file"])
def test_an_entry_that_somebody_holds_is_left_and_the_rest_goes(place, now, batch):
    """Held for longer than a sweep waits: the one statement gives up, and its second try passes over what is held."""
    for number in range(6):
        MADE["access.entry_events"](place, edge(rule("access.entry_events"), now) - timedelta(seconds=number))
    kept = EntryEvent.objects.order_by("received_at").first()
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            EntryEvent.objects.select_for_update().get(pk=kept.pk)
            held.set()
            go_on.wait(60)

    thread = in_thread(hold)
    try:
        assert held.wait(10)
        (turn,) = retention.sweep(at=now, rules=[replace(rule("access.entry_events"), batch=batch)])
    finally:
        go_on.set()
        thread.join(30)
    assert (turn.gone, turn.failed) == (5, 0)
    assert list(EntryEvent.objects.values_list("pk", flat=True)) == [kept.pk]
    assert make.swept("access.entry_events", at=now) == 1


def test_two_workers_at_once_end_each_consent_once(place, now):
    for _ in range(12):
        make_due("consent.lapsed", place)
    turns: list[retention.Turn] = []
    threads = [
        in_thread(lambda: turns.extend(retention.sweep(at=now, rules=[rule("consent.lapsed")], seconds=30)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.join(60)
    while Standing.objects.exists():  # whoever was busy at that moment is left for the next sweep
        turns += retention.sweep(at=now, rules=[rule("consent.lapsed")])
    assert sum(turn.gone for turn in turns) == ErasureOrder.objects.count() == 12
    assert RetentionRun.objects.get().deleted == 12


def test_a_tombstone_that_comes_back_to_life_meanwhile_is_not_dropped(place, now):
    """The row is held while it is dropped: whoever revives it comes wholly before, or wholly after."""
    make_due("access.tombstones", place)
    row = FeedRow.objects.get(present=False)
    each = rule("access.tombstones")
    with transaction.atomic():
        claimed = each.claim(each.due(now), 10)
        assert claimed == [row.pk]
    FeedRow.objects.filter(pk=row.pk).update(present=True, version=row.version + 1, changed_at=now)
    with transaction.atomic():
        assert each.forget(claimed, now) == 0
    assert FeedRow.objects.filter(pk=row.pk, present=True).exists()


def test_cards_are_issued_while_many_consents_end(place, now):
    for _ in range(30):
        make_due("consent.lapsed", place)
    longest = 0.0
    sweeping = in_thread(lambda: retention.sweep(at=now, rules=[rule("consent.lapsed")], seconds=60))
    while sweeping.is_alive():
        began = time.monotonic()
        make.card(place.who, at=now)
        longest = max(longest, time.monotonic() - began)
    sweeping.join()
    assert not Standing.objects.exists() or make.swept("consent.lapsed", at=now)
    assert Credential.objects.filter(resident=place.who, kind="card").count() > 5
    assert longest < 10, longest
