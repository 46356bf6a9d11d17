"""Many hands at once: what a reader holds after its last sync is the truth, and no change was passed over."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from access import feed, rules
from access.models import Credential, FeedCounter, FeedRow, Gate, Rule, SealedCopy, Template
from consent.models import Purpose, Standing
from consent.voices import own
from consent.withdrawal import withdraw
from residents.models import ErasurePlace, Resident
from tests import make
from tests.access.api.test_reading_the_feed import Copy, held, truth


def together(*acts: Callable[[], None]) -> None:
    """Each in a thread and a session of its own; the first failure is the test's."""
    failures: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def stop(who: Resident, now: datetime) -> None:
    withdraw(
        resident=who,
        purpose=Purpose.FACE_AT_GATE,
        voice=own(who.user, "en"),
        at=now,
    )


@pytest.fixture
def people(committed, now) -> tuple[Gate, list[Resident]]:
    place = make.neighborhood()
    door = make.gate(place, at=now)
    found = [make.resident(place, at=now) for _ in range(4)]
    for who in found:
        make.rule(door, who, at=now)
    return door, found


@pytest.mark.obligation("F7", "9")
def test_a_reader_among_writers_ends_with_the_truth_and_skipped_nothing(people, now):
    door, residents = people
    reader = make.device(door)
    copy, done = Copy(reader), threading.Event()
    seen: list[int] = []

    def write(who: Resident, seed: int) -> Callable[[], None]:
        dice = random.Random(seed)

        def act() -> None:
            for turn in range(12):
                active = list(Credential.objects.active().filter(resident=who))
                choice = dice.random()
                if choice < 0.45 or not active:
                    make.card(who, at=now)
                elif choice < 0.75:
                    make.end(dice.choice(active), at=now)
                elif choice < 0.9:
                    rule = rules.add(gate=door, resident=who, days=[turn % 7 + 1], at=now)
                    rules.remove(rule=rule, at=now)
                else:
                    feed.refresh(gate=door, at=now)

        return act

    def read() -> None:
        while not done.is_set():
            copy.turn(limit=3)
            seen.append(FeedCounter.objects.get(pk=door.neighborhood_id).last)

    def write_all() -> None:
        try:
            together(*(write(who, seed) for seed, who in enumerate(residents)))
        finally:
            done.set()

    together(write_all, read)
    copy.sync(limit=3)
    assert held(copy) == truth(door)
    assert set(copy.rows) == {
        str(card.pk) for card in Credential.objects.active().filter(kind=Credential.Kind.CARD)
    }
    # Not only the right end: every credential it was ever told of has the very last word on it.
    latest = {str(row.credential_id): row.version for row in FeedRow.objects.filter(gate=door)}
    assert all(latest[credential] == version for credential, version in copy.versions.items())
    assert len(set(seen)) > 3  # it really read while they wrote
    assert feed.refresh(neighborhood=door.neighborhood, at=now) == 0  # the truth needs no repair


def test_two_halves_of_one_change_are_both_heard(people, now):
    """One ends a card while another changes the rule it goes by: neither can write over the other."""
    door, (who, *_) = people
    for _ in range(8):
        card = make.card(who, at=now)
        rule = Rule.objects.filter(unit=make.home(who)).first()

        def change(rule: Rule = rule) -> None:
            rule.days = [1] if rule.days != [1] else [2]
            rules.save(rule=rule, at=now)

        together(lambda card=card: make.end(card, at=now), change)
        assert not FeedRow.objects.get(gate=door, credential=card).present


@pytest.mark.obligation("3", "9", "A5")
def test_a_copy_read_while_consent_ends_is_known_or_never_was(people, now):
    """A withdrawal and a poll at the same moment: whoever got a template is asked to erase it."""
    door, residents = people
    for who in residents:
        face = make.face(who, at=now)
        readers = [make.device(door) for _ in range(3)]
        got: dict[str, bool] = {}

        def poll(reader: make.Reader, face: Credential = face, got: dict[str, bool] = got) -> None:
            rows = reader.feed(limit=500).json()["rows"]
            got[str(reader.device.pk)] = any("template" in row for row in rows)

        together(*(lambda reader=reader: poll(reader) for reader in readers), lambda who=who: stop(who, now))
        asked = set(
            ErasurePlace.objects.filter(target=face.pk, kind="device").values_list("device", flat=True)
        )
        assert {device for device, has in got.items() if has} <= {str(device) for device in asked}
        assert not SealedCopy.objects.filter(credential=face).exists()
        assert not Template.objects.filter(credential=face).exists()


def test_a_poll_during_a_withdrawal_waits_and_gets_no_template(people, app_sql):
    door, (who, *_) = people
    now = datetime.now(UTC)
    face, reader = make.face(who, at=now), make.device(door)
    holding, asked = threading.Event(), threading.Event()
    answers: list[dict] = []
    watching = app_sql()
    waits = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database())"
    )

    def withdraw_slowly() -> None:
        with transaction.atomic():
            stop(who, now)
            holding.set()
            assert asked.wait(60)
            ends = time.monotonic() + 60
            while watching.execute(waits).fetchone() != (True,):  # the poll, for this transaction
                assert time.monotonic() < ends
                time.sleep(0.02)

    def poll() -> None:
        assert holding.wait(60)
        asked.set()
        answers.append(reader.feed().json())

    together(withdraw_slowly, poll)
    [row] = answers[0]["rows"]
    assert row["credential"] == str(face.pk)
    assert "template" not in row
    assert not SealedCopy.objects.exists()
    assert not Standing.objects.exists()
    [gone] = reader.feed(answers[0]["cursor"]).json()["rows"]
    assert (gone["credential"], gone["present"]) == (str(face.pk), False)
