"""What is handed over is exactly what the oracle says, whatever people said and whatever became of them meanwhile; and a no
that comes at the same moment is either before it or after it, never lost."""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta
from itertools import count

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.models import Entry
from residents import contact, moving
from residents.ages import today_in
from sharing import answering, copying, disclosing, requesting
from sharing.copying import CopyIsStale
from sharing.files import spaced
from sharing.models import Copy, DisclosedRow, Field, Recipient, Request
from tests import make
from tests.minors.conftest import age, family
from tests.sharing import receiving
from tests.sharing.oracle import Person, Said, released

ADULTS = ("one", "other", "mother", "father")
CHILD = "child"
SOME = st.lists(st.sampled_from(Field.values), unique=True).map(sorted)
WORDS = st.one_of(
    st.tuples(st.just("says"), st.sampled_from(ADULTS), SOME),
    st.tuples(st.just("speaks for the child"), st.sampled_from(["mother", "father"]), SOME),
)
CHANGES = st.one_of(
    st.tuples(st.just("says"), st.sampled_from(ADULTS), st.just([])),
    st.tuples(st.just("speaks for the child"), st.sampled_from(["mother", "father"]), st.just([])),
    st.tuples(st.just("is renamed"), st.sampled_from([*ADULTS, CHILD]), st.just([])),
    st.tuples(st.just("has another number"), st.sampled_from([*ADULTS, CHILD]), st.just([])),
    st.tuples(st.just("has no number"), st.sampled_from([*ADULTS, CHILD]), st.just([])),
    st.tuples(st.just("moves in as well"), st.sampled_from(ADULTS), st.just([])),
    st.tuples(st.just("leaves"), st.sampled_from(["one", "other", "father"]), st.just([])),
    st.tuples(st.just("is fourteen"), st.just(CHILD), st.just([])),
)
numbers = count(1000)


class World:
    """The same things done to the register and to the plain data that the oracle reads."""

    def __init__(self, where, clerk, chair, fields, now) -> None:
        self.now, self.where = now, where
        fam = family(where, clerk, at=now)
        self.guarding = {"mother": fam.by_mother, "father": fam.by_father}
        self.who = {"mother": fam.mother, "father": fam.father, CHILD: fam.child}
        self.who |= {name: make.resident(where, at=now) for name in ("one", "other")}
        self.people = {
            name: Person({"name": who.name, "dwelling": str(make.home(who)), "phone": ""})
            for name, who in self.who.items()
        }
        self.people[CHILD].age, self.people[CHILD].guardians = 10, {"mother", "father"}
        self.said: list[Said] = []
        recipient = Recipient.objects.create(neighborhood=where, name="Water", contact="-")
        receiving.key(recipient, by=chair, at=now)
        drafted = requesting.draft(
            kind="delivery",
            recipient=recipient, purpose="水", purpose_en="Water", fields=fields, retention_days=30,
            deadline=now + timedelta(days=7), by=clerk, at=now,
        )  # fmt: skip
        self.asked = requesting.put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)
        self.after = self.asked.deadline + timedelta(minutes=1)

    def does(self, what: str, name: str, fields: list[str]) -> None:
        who, person = self.who[name], self.people[name]
        who.refresh_from_db()
        match what:
            case "says":
                self._says(name, name, fields)
            case "speaks for the child":
                self._says(CHILD, name, fields)
            case "is renamed":
                who.name = person.values["name"] = f"改名{next(numbers)}"
                who.save()
            case "has another number" | "has no number":
                number = f"0571{next(numbers)}0000" if what == "has another number" else ""
                contact.set_phone(who, number)
                who.save()
                person.values["phone"] = spaced(number)
            case "moves in as well":
                self._moves_in(name)
            case "leaves":
                self._leaves(name)
            case "is fourteen":
                age(who, 0, self.now)
                person.age = 14

    def _says(self, about: str, by: str, fields: list[str]) -> None:
        fields = [each for each in fields if each in self.asked.fields]
        guarding = None if about == by else self.guarding[by]
        try:
            with transaction.atomic():
                answering.answer(
                    request=self.asked, resident=self.who[about], fields=fields, actor=self.who[by].user,
                    at=self.now, guardianship=guarding,
                )  # fmt: skip
        except (answering.GuardiansDisagree, answering.NoGuardian, answering.AnswerTooLate, PermissionDenied):
            return
        self.said.append(Said(about, by, tuple(fields)))

    def _moves_in(self, name: str) -> None:
        if not self.people[name].here:
            return
        unit = make.unit(self.where)
        today = today_in(self.where, self.now)
        moving.move_in(resident=self.who[name], unit=unit, since=today, at=self.now)
        lived = self.who[name].occupancies.select_related("unit__building").order_by("since", "pk")
        self.people[name].values["dwelling"] = "、".join(str(each.unit) for each in lived)

    def _leaves(self, name: str) -> None:
        if not self.people[name].here:
            return
        who = self.who[name]
        moving.move_out(resident=who, on=today_in(self.where, self.now), by=who.user, at=self.now)
        self.people[name].here = False
        self.people[CHILD].guardians.discard(name)

    def expected(self) -> dict[str, dict[str, str]]:
        return released(self.people, self.said)

    def found(self, copy: Copy) -> dict[str, dict[str, str]]:
        """By tag from the file itself, and the tags from the rows."""
        names = {who.pk: name for name, who in self.who.items()}
        tags = {row.tag: names[row.resident_id] for row in DisclosedRow.objects.filter(copy=copy)}
        rows = receiving.parsed(copy)["rows"]
        assert len(rows) == len(tags) == len({row["row"] for row in rows})
        return {tags[row.pop("row")]: row for row in rows}


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.obligation("A2", "5", "28", "F11", "15")
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    fields=st.lists(st.sampled_from(Field.values), unique=True, min_size=1),
    before=st.lists(st.one_of(WORDS, WORDS, CHANGES), min_size=2, max_size=10),
    between=st.lists(CHANGES, max_size=3),
)
def test_what_is_handed_over_is_what_the_oracle_says(here, clerk, chair, now, fields, before, between):
    with transaction.atomic():
        world = World(here, clerk, chair, fields, now)
        for each in before:
            world.does(*each)
        disclosure = disclosing.release(request=world.asked, by=chair, at=world.after)
        copy = receiving.made(disclosure, at=world.after)
        assert world.found(copy) == world.expected()
        agreed = world.expected()
        for each in between:
            world.does(*each)
        try:
            copy = copying.hand(copy=copy, at=world.after)
        except CopyIsStale:
            copy = receiving.handed(disclosure, at=world.after)
        else:
            assert world.expected() == agreed
        assert world.found(copy) == world.expected()
        transaction.set_rollback(True)


@pytest.mark.slow
@pytest.mark.obligation("5", "28", "F11")
def test_a_no_at_the_same_moment_is_before_it_or_after_it(committed, here, clerk, chair, now):
    chance = random.Random(6)
    people = [make.resident(here, at=now) for _ in range(3)]
    recipient = Recipient.objects.create(neighborhood=here, name="Water", contact="-")
    receiving.key(recipient, by=chair, at=now)
    heard, late = 0, 0
    for _ in range(12):
        request = asked_of(people, recipient, clerk, chair, now)
        after = request.deadline + timedelta(minutes=1)
        disclosure = disclosing.release(request=request, by=chair, at=after)
        copy = _at_once(
            lambda order=disclosure, at=after: _made_and_handed(order, at),
            lambda asked=request, at=after: _says_no(asked, people[0], at),
            chance,
        )
        copy = copy or receiving.handed(disclosure, at=after)
        handed = Entry.objects.get(kind="copy.handed", subject=copy.pk).pk
        no = Entry.objects.filter(kind="sharing.answered", subject=people[0].pk).latest("pk").pk
        is_in = DisclosedRow.objects.filter(copy=copy, resident=people[0]).exists()
        assert len(receiving.parsed(copy)["rows"]) == 2 + is_in
        # Both are written under one lock, so their order is the order of things.
        assert is_in == (handed < no)
        heard, late = heard + (not is_in), late + is_in
    assert heard, "chance never let the no come first"


def asked_of(people, recipient, clerk, chair, now) -> Request:
    drafted = requesting.draft(
        kind="delivery",
        recipient=recipient, purpose="水", purpose_en="Water", fields=["name"], retention_days=30,
        deadline=now + timedelta(days=7), by=clerk, at=now,
    )  # fmt: skip
    request = requesting.put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)
    for who in people:
        answering.answer(request=request, resident=who, fields=["name"], actor=who.user, at=now)
    return request


def _made_and_handed(disclosure, at) -> Copy | None:
    copy = copying.work(disclosure=disclosure.pk, at=at)
    try:
        return copying.hand(copy=copy, at=at) if copy else None
    except CopyIsStale:
        return None


def _says_no(request, who, at) -> None:
    answering.answer(request=request, resident=who, fields=[], actor=who.user, at=at)


def _at_once(act, other, chance) -> Copy | None:
    """Both on connections of their own, begun together, the second a chance moment later."""
    start, found = threading.Barrier(2), []
    wait = chance.random() * 0.15

    def first() -> None:
        start.wait()
        found.append(act())
        connections.close_all()

    def second() -> None:
        start.wait()
        time.sleep(wait)
        other()
        connections.close_all()

    both = [threading.Thread(target=first), threading.Thread(target=second)]
    for each in both:
        each.start()
    for each in both:
        each.join(timeout=60)
    assert not any(each.is_alive() for each in both)
    assert len(found) == 1, "the release failed"
    return found[0]
