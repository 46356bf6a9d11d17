"""Publishing while others decide, publish and hand in, on real transactions: whoever comes second sees what the first did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from consent import deciding, publishing
from consent.models import Decision, Form, Notice, Purpose, Standing
from consent.voices import own
from residents.models import User
from tests.cast import draft

FACE = Purpose.FACE_AT_GATE


class Aside(threading.Thread):
    """An act on a connection of its own. `waits()` returns once the database has it wait for somebody."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self.act, self.answer, self.error, self.pid = act, None, None, 0

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pid = cursor.fetchone()[0]
            self.answer = self.act()
        except Exception as error:  # noqa: BLE001  handed to the test, which says which it must be
            self.error = error
        finally:
            connections.close_all()

    def waits(self, watching) -> None:
        self.start()
        deadline = time.monotonic() + 40
        asked = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
        while not self.pid or watching.execute(asked, [self.pid]).fetchone() != (True,):
            assert time.monotonic() < deadline, self.error or "nothing waits"
            time.sleep(0.02)


@pytest.fixture
def second(committed, request) -> Form:
    """Version 2, with a second reader; something else is asked."""
    request.getfixturevalue("forms")
    form = draft(request.getfixturevalue("here"), FACE, version=2)
    Form.objects.filter(pk=form.pk).update(life_days=30)
    drafter = User.objects.create(username="drafter-of-2")
    return publishing.submit(form=form, by=drafter, at=request.getfixturevalue("now"))


def say_yes(resident, form: Form) -> Standing:
    return deciding.give(
        resident=resident, purpose=FACE, form=form, voice=own(resident.user, "en"), at=timezone.now()
    )


@pytest.mark.obligation("7")
@pytest.mark.parametrize("act", [deciding.give, deciding.refuse])
def test_who_decides_while_it_is_published_is_shown_the_new_form(second, request, app_sql, act):
    resident, chair, watching = (
        request.getfixturevalue("resident"),
        request.getfixturevalue("chair"),
        app_sql(),
    )
    first = Form.objects.get(purpose=FACE, version=1)
    decide = Aside(
        lambda: act(
            resident=resident, purpose=FACE, form=first, voice=own(resident.user, "en"), at=timezone.now()
        )
    )
    with transaction.atomic():
        publishing.publish(form=second, by=chair, at=timezone.now())
        decide.waits(watching)
    decide.join(20)
    assert isinstance(decide.error, deciding.FormChanged)
    assert not Decision.objects.exists()
    assert not Notice.objects.exists()


@pytest.mark.obligation("7", "12")
def test_a_yes_being_written_is_waited_for_and_ends_and_is_told(second, request, app_sql):
    resident, chair, watching = (
        request.getfixturevalue("resident"),
        request.getfixturevalue("chair"),
        app_sql(),
    )
    first = Form.objects.get(purpose=FACE, version=1)
    publishes = Aside(lambda: publishing.publish(form=second, by=chair, at=timezone.now()))
    with transaction.atomic():
        say_yes(resident, first)
        publishes.waits(watching)
    publishes.join(20)
    assert publishes.error is None
    assert not Standing.objects.live(timezone.now()).exists()
    assert Notice.objects.get().resident == resident


@pytest.mark.obligation("7", "13")
def test_of_two_publishers_one_publishes(second, request, app_sql):
    chair, watching = request.getfixturevalue("chair"), app_sql()
    other = User.objects.create(username="another-reader")
    late = Aside(lambda: publishing.publish(form=second, by=other, at=timezone.now()))
    with transaction.atomic():
        publishing.publish(form=second, by=chair, at=timezone.now())
        late.waits(watching)
    late.join(20)
    assert isinstance(late.error, publishing.NotInHand)
    assert Form.objects.get(pk=second.pk).published_by == chair


@pytest.mark.obligation("7")
def test_of_two_versions_published_at_once_the_later_publisher_replaces_the_earlier(second, request, app_sql):
    chair, here, now = (request.getfixturevalue(name) for name in ("chair", "here", "now"))
    third = publishing.submit(form=draft(here, FACE, version=3), by=User.objects.create(username="x"), at=now)
    late = Aside(lambda: publishing.publish(form=third, by=chair, at=timezone.now()))
    with transaction.atomic():
        publishing.publish(form=second, by=chair, at=timezone.now())
        late.waits(app_sql())
    late.join(20)
    assert late.error is None
    states = Form.objects.filter(purpose=FACE).order_by("version").values_list("state", flat=True)
    assert list(states) == ["superseded", "superseded", "published"]


def test_handed_in_twice_at_once_is_handed_in_once(committed, request, app_sql):
    chair, here, now = (request.getfixturevalue(name) for name in ("chair", "here", "now"))
    form, other = draft(here, FACE), User.objects.create(username="another")
    late = Aside(lambda: publishing.submit(form=form, by=other, at=now))
    with transaction.atomic():
        publishing.submit(form=form, by=chair, at=now)
        late.waits(app_sql())
    late.join(20)
    assert isinstance(late.error, publishing.NotInHand)
    assert Form.objects.get(pk=form.pk).submitted_by == chair
