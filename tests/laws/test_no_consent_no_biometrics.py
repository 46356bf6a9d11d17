"""The database, asked by the application's own role in raw SQL: nothing biometric without a live consent (law 3)."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from access.models import Credential
from consent.models import Decision, Form, Purpose, Standing
from residents.erasure import Place, open_order
from residents.models import ErasureOrder, ErasurePlace, Resident, User
from tests.cast import draft, publish
from tests.enrolling import ALL
from tests.laws.conftest import WAYS_ROUND, Execute, Standings, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A5", "5", "F1")]

Connect = Callable[..., psycopg.Connection]

TEMPLATE = (
    "INSERT INTO access_template (credential_id, resident_id, standing_id, ciphertext, created_at)"
    " VALUES (%(credential)s, %(resident)s, %(standing)s, '\\x00', now())"
)
SEALED_COPY = (
    "INSERT INTO access_sealedcopy (device_id, credential_id, standing_id, version, acknowledged)"
    " VALUES (%(device)s, %(credential)s, %(standing)s, 1, false)"
)
ENROLMENT = (
    "INSERT INTO access_enrolment (id, neighborhood_id, resident_id, standing_id, photo_standing_id, route, state,"
    " reason, attempts, created_at) VALUES (gen_random_uuid(), %(neighborhood)s, %(resident)s, %(standing)s,"
    " %(photo_standing)s, 'portal', 'waiting', '', 0, now())"
)
BIOMETRIC = {"template": TEMPLATE, "sealed copy": SEALED_COPY, "enrolment": ENROLMENT}
REFUSED = psycopg.errors.IntegrityError


@pytest.mark.parametrize("statement", BIOMETRIC.values(), ids=BIOMETRIC)
def test_it_takes_a_row_that_stands_on_consent(statement: str, row, execute: Execute):
    execute(statement, row)


@pytest.mark.parametrize("statement", BIOMETRIC.values(), ids=BIOMETRIC)
@pytest.mark.parametrize("standing", [None, uuid.uuid4()], ids=["none", "of nowhere"])
def test_it_refuses_a_row_without_standing(statement: str, standing, row, execute: Execute):
    with pytest.raises(REFUSED):
        execute(statement, {**row, "standing": standing})


@pytest.mark.parametrize("statement", BIOMETRIC.values(), ids=BIOMETRIC)
def test_it_refuses_another_residents_standing(statement: str, row, others: Standings, execute: Execute):
    with pytest.raises(REFUSED):
        execute(statement, {**row, "standing": others[Purpose.FACE_AT_GATE].pk})


@pytest.mark.parametrize("statement", BIOMETRIC.values(), ids=BIOMETRIC)
@pytest.mark.parametrize("purpose", [p for p in ALL if p != Purpose.FACE_AT_GATE])
def test_it_refuses_a_standing_for_something_else(
    statement: str, purpose: Purpose, row, standings: Standings, execute: Execute
):
    with pytest.raises(REFUSED):
        execute(statement, {**row, "standing": standings[purpose].pk})


@pytest.mark.obligation("19")
@pytest.mark.parametrize("what", ["missing", "another's", "for something else"])
def test_it_refuses_a_photo_sent_without_the_consent_to_send_it(
    what: str, row, standings: Standings, others: Standings, execute: Execute
):
    wrong = {
        "missing": None,
        "another's": others[Purpose.PHOTO_OVER_INTERNET].pk,
        "for something else": standings[Purpose.TEMPLATE_ON_SERVER].pk,
    }
    with pytest.raises(REFUSED):
        execute(ENROLMENT, {**row, "photo_standing": wrong[what]})


def test_one_yes_stands_once(
    standings: Standings, resident: Resident, forms: Mapping[Purpose, Form], now: datetime
):
    """Two for one purpose, and ending one would leave the other: it would outlive what it was asked for."""
    form = forms[Purpose.FACE_AT_GATE]
    with pytest.raises(IntegrityError, match="standing_once"), transaction.atomic():
        _standing(resident, form, since=now, until=now + timedelta(days=1))


@pytest.mark.obligation("9", "20")
@pytest.mark.parametrize("statement", BIOMETRIC.values(), ids=BIOMETRIC)
def test_it_refuses_a_standing_whose_time_is_over(
    statement: str, row, neighbor: Resident, forms: Mapping[Purpose, Form], now: datetime, execute: Execute
):
    """Nobody swept yet: the clock alone ends it."""
    long_ago = now - timedelta(days=400)
    over = _standing(neighbor, forms[Purpose.FACE_AT_GATE], since=long_ago, until=now - timedelta(seconds=1))
    face = Credential.objects.create(
        neighborhood=neighbor.neighborhood, resident=neighbor, kind="face", created_at=now
    )
    with pytest.raises(REFUSED):
        execute(statement, {**row, "resident": neighbor.pk, "credential": face.pk, "standing": over.pk})


@pytest.mark.obligation("20", "36")
def test_no_yes_is_without_an_end(neighbor: Resident, forms: Mapping[Purpose, Form], now: datetime):
    with pytest.raises(IntegrityError, match="standing_ends"), transaction.atomic():
        _standing(neighbor, forms[Purpose.FACE_AT_GATE], since=now, until=now)


@pytest.mark.obligation("20")
def test_no_yes_is_good_for_longer_than_its_form_says(
    neighbor: Resident, forms: Mapping[Purpose, Form], now: datetime
):
    form = forms[Purpose.FACE_AT_GATE]
    assert form.life_days is not None
    with pytest.raises(DatabaseError, match="a yes is good for 365 days"), transaction.atomic():
        _standing(
            neighbor, form, since=now, until=now + timedelta(days=form.life_days + 2)
        )  # a day for clocks that differ


def _standing(resident: Resident, form: Form, *, since: datetime, until: datetime) -> Standing:
    decision = Decision.objects.create(
        neighborhood=resident.neighborhood, resident=resident, form=form, purpose=form.purpose, kind="given",
        actor=resident.user, capacity="self", route="portal", language="en", form_hash=form.content_hash,
    )  # fmt: skip
    return Standing.objects.create(
        neighborhood=resident.neighborhood, resident=resident, purpose=form.purpose, decision=decision,
        since=since, expires_at=until,
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE access_template SET standing_id = %(wrong)s",
        "UPDATE access_template SET resident_id = %(neighbor)s",
        "UPDATE access_credential SET resident_id = %(neighbor)s",
        "UPDATE access_credential SET kind = 'card', digest = '\\x00'",
        "UPDATE consent_standing SET purpose = 'face_at_gate'",
        "UPDATE consent_standing SET expires_at = expires_at + interval '10 years'",
        "UPDATE consent_standing SET resident_id = %(neighbor)s",
    ],
)
def test_it_refuses_to_bend_a_lawful_row_afterwards(
    change: str, row, standings: Standings, neighbor: Resident, execute: Execute
):
    execute(TEMPLATE, row)
    wrong = {"wrong": standings[Purpose.TEMPLATE_ON_SERVER].pk, "neighbor": neighbor.pk}
    with pytest.raises(psycopg.Error):
        execute(change, wrong)


@pytest.mark.parametrize("kind", ["card"])
def test_it_refuses_a_template_on_a_card(kind: str, row, here, resident, now, execute: Execute):
    """Obligation 11's other side: what was given for the card enrols no face."""
    card = Credential.objects.create(
        neighborhood=here, resident=resident, kind=kind, digest=b"d" * 32, created_at=now
    )
    for statement in (TEMPLATE, SEALED_COPY):
        with pytest.raises(REFUSED):
            execute(statement, {**row, "credential": card.pk})


def test_it_refuses_by_copy_as_well(row, standings: Standings, execute: Execute):
    wrong = standings[Purpose.TEMPLATE_ON_SERVER].pk
    columns = "credential_id, ciphertext, created_at, resident_id, standing_id"
    with pytest.raises(REFUSED), transaction.atomic(), connection.connection.cursor() as cursor:
        with cursor.copy(f"COPY access_template ({columns}) FROM STDIN") as copy:
            copy.write_row((row["credential"], "\\x00", "2026-01-01", row["resident"], wrong))


@pytest.mark.parametrize("statement", BIOMETRIC.values(), ids=BIOMETRIC)
@pytest.mark.parametrize("way", WAYS_ROUND)
def test_no_setting_of_a_session_helps(way: str, statement: str, row, others: Standings, execute: Execute):
    table = statement.split()[2]
    wrong = {**row, "standing": others[Purpose.FACE_AT_GATE].pk}
    assert refusal(execute, way, table, statement, wrong)


@pytest.mark.obligation("8", "9", "F4")
@pytest.mark.parametrize("statement", BIOMETRIC.values(), ids=BIOMETRIC)
def test_consent_cannot_end_while_anything_still_stands_on_it(
    statement: str, row, standings, execute: Execute
):
    """At once, not at the commit, and no session can put that off."""
    execute(statement, row)
    _decide_to_end(standings[Purpose.FACE_AT_GATE])
    execute("SET CONSTRAINTS ALL DEFERRED")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        execute("DELETE FROM consent_standing WHERE id = %(standing)s", row)
    transaction.set_rollback(True)  # a no that leaves its yes could not commit


def _decide_to_end(standing: Standing) -> None:
    """What must be there before a standing may go: the decision, and the order that names it."""
    decision = standing.decision
    Decision.objects.create(
        neighborhood=standing.neighborhood, resident=standing.resident, form=decision.form,
        purpose=decision.purpose, kind="withdrawn", actor=decision.actor, capacity="self", route="portal",
        language="en", form_hash=decision.form_hash,
    )  # fmt: skip
    _order(standing)


def _order(standing: Standing) -> None:
    open_order(
        resident=standing.resident, purpose=standing.purpose, cause=ErasureOrder.Cause.WITHDRAWN,
        places=[Place(kind=ErasurePlace.Kind.ROWS, target=standing.pk)], at=standing.since,
    )  # fmt: skip


@pytest.mark.obligation("9", "F15")
def test_consent_ends_by_a_decision_and_with_an_order(row, standings, others, execute: Execute):
    standing, other = standings[Purpose.FACE_AT_GATE], others[Purpose.FACE_AT_GATE]
    ending = "DELETE FROM consent_standing WHERE id = %(standing)s"
    with pytest.raises(psycopg.Error, match="a consent ends by a decision"):
        execute(ending, row)
    _decide_to_end(other)
    with pytest.raises(psycopg.Error, match="a consent ends by a decision"):
        execute(ending, row)
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.filter(pk=standing.decision_id).update(kind="withdrawn")
    execute(
        "INSERT INTO consent_decision SELECT (jsonb_populate_record(d, jsonb_build_object("
        "'id', gen_random_uuid(), 'kind', 'withdrawn'))).* FROM consent_decision d WHERE id = %s",
        [standing.decision_id],
    )
    with pytest.raises(psycopg.Error, match="a consent ends with an order to erase"):
        execute(ending, row)
    _decide_to_end(standing)
    execute(ending, row)
    transaction.set_rollback(True)  # the other's yes was left standing, and could not be


@pytest.mark.obligation("7")
@pytest.mark.parametrize("statement", BIOMETRIC.values(), ids=BIOMETRIC)
def test_it_refuses_a_standing_on_a_form_that_is_no_longer_in_force(
    statement: str, row, here, chair: User, now: datetime, execute: Execute
):
    publish(form=draft(here, Purpose.FACE_AT_GATE, version=2), by=chair, at=now)
    with pytest.raises(REFUSED):
        execute(statement, row)


LEVELS = (
    psycopg.IsolationLevel.READ_COMMITTED,
    psycopg.IsolationLevel.REPEATABLE_READ,
    psycopg.IsolationLevel.SERIALIZABLE,
)


@pytest.mark.parametrize("ending", ["commit", "rollback"])
@pytest.mark.parametrize("isolation", LEVELS, ids=lambda level: level.name.lower())
def test_it_waits_for_an_uncommitted_withdrawal_and_then_obeys(
    isolation: psycopg.IsolationLevel, ending: str, committed, row, standings, app_sql: Connect
):
    with transaction.atomic():
        for standing in standings.values():
            _order(standing)
    withdrawing, watching = app_sql(autocommit=False), app_sql()
    for standing in standings.values():  # what only serves it goes in the same act
        withdrawing.execute(
            "INSERT INTO consent_decision SELECT (jsonb_populate_record(d, jsonb_build_object("
            "'id', gen_random_uuid(), 'kind', 'withdrawn'))).* FROM consent_decision d WHERE id = %s",
            [standing.decision_id],
        )
        withdrawing.execute("DELETE FROM consent_standing WHERE id = %s", [standing.pk])
    late = [Late(app_sql(autocommit=False), isolation, statement, row) for statement in BIOMETRIC.values()]
    for each in late:
        each.wait_until_blocked(watching)
        assert each.is_alive(), "it did not wait"
    getattr(withdrawing, ending)()
    for each in late:
        each.join(10)
        if ending == "rollback":
            assert each.refused is None
        else:
            assert isinstance(each.refused, REFUSED | psycopg.errors.SerializationFailure)
    for statement in BIOMETRIC.values():
        left = watching.execute(f"SELECT count(*) FROM {statement.split()[2]}").fetchone()
        assert left == (1 if ending == "rollback" else 0,)


class Late(threading.Thread):
    """Inserts in a session of its own, after a first look that fixes its snapshot where it keeps one."""

    def __init__(
        self, session: psycopg.Connection, level: psycopg.IsolationLevel, statement: str, row: object
    ) -> None:
        super().__init__(daemon=True)
        session.isolation_level = level
        session.execute("SELECT count(*) FROM consent_standing")
        self.session, self.statement, self.row = session, statement, row
        self.refused: psycopg.Error | None = None
        self.start()

    def run(self) -> None:
        try:
            self.session.execute(self.statement, self.row)
            self.session.commit()
        except psycopg.Error as refused:
            self.refused = refused
            self.session.rollback()

    def wait_until_blocked(self, watching: psycopg.Connection) -> None:
        deadline = time.monotonic() + 10
        asked = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
        while watching.execute(asked, [self.session.info.backend_pid]).fetchone() != (True,):
            assert time.monotonic() < deadline, "nothing waits"
            time.sleep(0.02)
