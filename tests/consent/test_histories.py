"""Random histories of forms, decisions, guardians, birthdays, moves and days that pass, beside a model of ten lines.

Days pass by moving everything that is written down back by as many: the database goes by its own clock, and nobody may set
that. So the triggers see the days as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from committees.models import Committee, Term
from consent import deciding, voices, withdrawal
from consent.models import Decision, Form, Purpose, Standing
from consent.retention import RULES
from portal import retention
from residents import ages, moving, standing_by
from residents.models import Resident, User
from residents.register import register
from tests import make
from tests.cast import draft, publish, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
FACE = Purpose.FACE_AT_GATE
ADULT, CHILD = "adult", "child"
ONE, OTHER = "one guardian", "the other guardian"
LIFE = 40


@dataclass
class Model:
    """What is in force, and nothing else."""

    asked: int = 0  # counts changes of what is asked; 0: nothing is asked
    yes: dict[str, tuple[int, int]] = field(default_factory=dict)  # who -> (what was asked, last day)
    no: set[str] = field(default_factory=set)  # guardians whose newest word is a no
    gone: set[str] = field(default_factory=set)  # people and powers that are over
    fourteen: int = 0  # on which day the child is
    day: int = 0

    def in_force(self, who: str) -> bool:
        asked, last = self.yes.get(who, (-1, 0))
        return asked == self.asked > 0 and self.day < last and who not in self.gone

    def may_agree(self, who: str, speaker: str) -> bool:
        young = who == CHILD and self.day < self.fourteen
        theirs = speaker not in self.gone and (young if speaker in (ONE, OTHER) else not young)
        return (
            theirs
            and who not in self.gone
            and not (young and self.no - self.gone - {speaker})
            and self.asked > 0
        )


# Everything dated that a day that passes takes with it.
DATED = {
    "consent_form": ["submitted_at", "published_at", "superseded_at"],
    "consent_decision": ["at"],
    "consent_standing": ["since", "expires_at"],
    "residents_resident": ["born", "left_at"],
    "residents_guardianship": ["since", "until", "barred_at"],
    "residents_occupancy": ["since", "until", "written_at"],
}


class Histories(RuleBasedStateMachine):
    owner: psycopg.Connection

    @initialize(days_to_birthday=st.integers(1, 60))
    def begin(self, days_to_birthday: int) -> None:
        now = datetime.now(UTC)
        self.here = make.neighborhood()
        # Where it is about noon, so that no midnight comes between.
        self.here.time_zone = f"Etc/GMT{now.hour - 12:+d}"
        self.here.save()
        self.clerk = staff(
            self.here,
            username=f"clerk {self.here.pk}",
            kind=Committee.Kind.PROPERTY,
            role=Term.Role.CLERK,
            at=now,
        )
        self.model = Model(fourteen=days_to_birthday)
        self.people = {name: make.resident(self.here, at=now) for name in (ADULT, ONE, OTHER)}
        make.enable(self.here, at=now)
        make.enable(self.here, at=now, for_minors=True)
        today = ages.today_in(self.here, now)
        born = ages.years_before(today, 14) + timedelta(days=days_to_birthday)
        # As many days from today as from the birth, whatever leap days lie between.
        while ages.birthday(born, 14) > today + timedelta(days=days_to_birthday):
            born -= timedelta(days=1)
        self.model.fourteen = (ages.birthday(born, 14) - today).days
        child = register(neighborhood=self.here, name="小柳", born=born)
        child.user = User.objects.create(username=f"child {child.pk}")
        child.save()
        moving.move_in(resident=child, unit=make.home(self.people[ONE]), since=today, at=now)
        self.people[CHILD] = child
        self.powers = {
            name: standing_by.verify_guardian(
                child=child, guardian=self.people[name], verified="register", by=self.clerk, at=now
            )
            for name in (ONE, OTHER)
        }

    @rule(change=st.sampled_from(["material", "material", "editorial"]))
    def publish(self, change: str) -> None:
        form = draft(self.here, FACE, version=Form.objects.filter(neighborhood=self.here).count() + 1)
        form.only_words = change == "editorial" and self.model.asked > 0
        form.life_days = LIFE if form.only_words else LIFE + self.model.asked
        if form.only_words:
            form.life_days = self.form.life_days
        form.save()
        by = make.somebody()
        self.form = publish(form=form, by=by, at=datetime.now(UTC))
        self.model.asked += not form.only_words
        make.enable(self.here, at=datetime.now(UTC))  # what is asked now is assessed as well

    @precondition(lambda self: self.model.asked)
    @rule(
        who=st.sampled_from([ADULT, CHILD]),
        speaker=st.sampled_from([ADULT, CHILD, ONE, OTHER]),
        yes=st.booleans(),
    )
    def decide(self, who: str, speaker: str, yes: bool) -> None:
        if (who == ADULT and speaker != ADULT) or (who == CHILD and speaker == ADULT):
            return
        person, at = Resident.objects.get(pk=self.people[who].pk), datetime.now(UTC)
        voice = self._voice(speaker)
        act = deciding.give if yes else deciding.refuse
        stood = Standing.objects.live(at).of(person, FACE).exists()
        try:
            act(resident=person, purpose=FACE, form=self.form, voice=voice, at=at)
        except (deciding.LivesNotHere, deciding.TooYoung, deciding.NoGuardian, deciding.GuardiansDisagree):
            assert not yes or not self.model.may_agree(who, speaker)
            if yes:
                self._refused_by_the_database(person, voice)
            return
        if not yes:
            self.model.yes.pop(who, None)
            self.model.no |= {speaker} & {ONE, OTHER}
            return
        assert self.model.may_agree(who, speaker)
        if not stood:
            last = self.model.day + (self.form.life_days or 0)
            self.model.yes[who] = (
                self.model.asked,
                min(last, self.model.fourteen) if speaker != who else last,
            )
            self.model.no.discard(speaker)

    @rule(who=st.sampled_from([ADULT, CHILD]), speaker=st.sampled_from([ADULT, CHILD, ONE, OTHER]))
    def stop(self, who: str, speaker: str) -> None:
        """By a guardian, the other's yes as well."""
        if (who == ADULT and speaker != ADULT) or (who == CHILD and speaker == ADULT):
            return
        if speaker in self.model.gone or (speaker != who and self.model.day >= self.model.fourteen):
            return  # no screen is left from which they could
        person = self.people[who]
        try:
            withdrawal.withdraw(
                resident=person, purpose=FACE, voice=self._voice(speaker), at=datetime.now(UTC)
            )
        except withdrawal.NothingToWithdraw:
            assert not self.model.in_force(who)
            return
        self.model.yes.pop(who, None)
        self.model.no |= {speaker} & {ONE, OTHER}

    @rule(days=st.integers(1, 30))
    def days_pass(self, days: int) -> None:
        born = self.people[CHILD].born
        if ages.birthday(born - timedelta(days=days), 14) != ages.birthday(born, 14) - timedelta(days=days):
            return  # over a leap day, moving a birthday is not moving the clock
        for table, columns in DATED.items():
            self.owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            moved = ", ".join(f"{column} = {column} - {days} * interval '1 day'" for column in columns)
            where = "id" if table == "residents_resident" else None
            people = [person.pk for person in self.people.values()]
            condition = "id = ANY(%s)" if where else "neighborhood_id = %s"
            self.owner.execute(
                f"UPDATE {table} SET {moved} WHERE {condition}", [people if where else self.here.pk]
            )
            self._enable(table)
        self.model.day += days
        for person in self.people.values():
            person.refresh_from_db()

    def _enable(self, table: str) -> None:
        for (name,) in self.owner.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table]
        ).fetchall():
            self.owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")

    @rule()
    def sweep(self) -> None:
        """What has ended in law, ends in the rows; nothing else does."""
        retention.sweep(at=datetime.now(UTC), rules=RULES)
        for who in (ADULT, CHILD):
            assert Standing.objects.of(self.people[who], FACE).exists() == self.model.in_force(who)

    @precondition(lambda self: ADULT not in self.model.gone)
    @rule()
    def move_out(self) -> None:
        at = datetime.now(UTC)
        who = self.people[ADULT]
        moving.move_out(resident=who, on=ages.today_in(self.here, at), by=who.user, at=at)
        self.model.gone.add(ADULT)

    @rule(speaker=st.sampled_from([ONE, OTHER]))
    def guardianship_ends(self, speaker: str) -> None:
        standing_by.end_guardianship(guardianship=self.powers[speaker], by=self.clerk, at=datetime.now(UTC))
        self.model.gone.add(speaker)

    @invariant()
    def nobody_disagrees(self) -> None:
        if not hasattr(self, "people"):
            return
        at = datetime.now(UTC)
        for who in (ADULT, CHILD):
            standing = Standing.objects.live(at).of(self.people[who], FACE).first()
            assert (standing is not None) == self.model.in_force(who), who
            rows = Standing.objects.of(self.people[who], FACE)
            for each in rows:
                assert self._stands(each) == self.model.in_force(who), f"{who}, by the database"

    def _stands(self, standing: Standing) -> bool:
        """What the triggers ask, who alone may: the application's role cannot."""
        try:
            self.owner.execute(
                "SELECT access_consent_stands(%s, %s, %s)", [standing.pk, standing.resident_id, str(FACE)]
            )
        except psycopg.errors.CheckViolation:
            return False
        return True

    def _voice(self, speaker: str) -> voices.Voice:
        user = self.people[speaker].user
        assert user is not None
        if speaker in self.powers:
            return voices.guardian(user, self.powers[speaker], "en")
        return voices.own(user, "en")

    def _refused_by_the_database(self, person: Resident, voice: voices.Voice) -> None:
        """What the code refuses, raw rows cannot do either."""
        with pytest.raises(DatabaseError), transaction.atomic():
            Decision.objects.create(
                neighborhood=self.here,
                resident=person,
                form=self.form,
                purpose=FACE,
                kind="given",
                actor=voice.actor,
                capacity=voice.capacity,
                route=voice.route,
                guardianship=voice.guardianship,
                language="en",
                form_hash=self.form.content_hash,
            )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.obligation("6", "7", "15", "35")
def test_no_history_disagrees_with_the_model(committed, owner_sql):
    Histories.owner = owner_sql()
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=12, stateful_step_count=20, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
