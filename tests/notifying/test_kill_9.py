"""kill -9 in the middle of sending, with a real worker and a real mail server: nothing is lost, and what may come twice is
the one thing that SMTP leaves open."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_string

import pytest

from residents.models import Message
from residents.notifying import Way
from tests import make
from tests.live import Live
from tests.notifying.people import Sink, told, wants

pytestmark = pytest.mark.slow
State = Message.State


def waits(now) -> Message:
    who = wants(make.resident(make.neighborhood(), at=now), Way.MAIL, at=now)
    told(who, at=now - timedelta(hours=1))  # so that it is due
    return Message.objects.get()


def environment(sink: Sink) -> dict[str, str]:
    return {"EMAIL_URL": f"smtp://127.0.0.1:{sink.port}", "MESSAGE_LEASE_SECONDS": "5"}


@pytest.mark.obligation("F16")
@pytest.mark.parametrize(("moment", "at_most"), [("RCPT", 1), ("END", 2)])
def test_a_worker_that_is_killed_loses_nothing(live: Live, now, moment, at_most):
    message = waits(now)
    with Sink(hold=moment) as sink:
        worker = live.worker(environment(sink))
        live.beat()
        live.wait_until(sink.holding.is_set, timeout=60)
        live.kill(worker)
        message.refresh_from_db()
        assert message.state == State.SENDING
        sink.hold = ""
        sink.go_on.set()
        live.worker(environment(sink))
        live.wait_until(lambda: Message.objects.get().state == State.SENT, timeout=60)
        assert 1 <= len(sink.mails) <= at_most
        assert {message_from_string(each)["Message-ID"] for each in sink.mails} == {
            f"<{message.pk}@localhost>"
        }
    message.refresh_from_db()
    assert message.handed_at == message.claimed_at or message.handed_at < message.claimed_at
