"""Over real sockets: what a mail server and a gateway for text messages hear, and what their answers mean."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_string
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings

from portal import checks, sweeps
from residents import carriers, contact, notifying
from residents.models import Message
from residents.notifying import Way
from tests.live import free_port
from tests.notifying.people import MOBILE, Sink, gathered, proven, send_all, told, wants

pytestmark = pytest.mark.django_db
State = Message.State


@pytest.fixture
def sink(settings) -> Iterator[Sink]:
    with Sink() as server, override_settings(**server.settings):
        yield server


def waits(resident, way, now) -> Message:
    wants(resident, way, at=now)
    told(resident, at=now)
    return Message.objects.get()


def test_a_mail_server_gets_an_address_and_the_words_and_nothing_else(sink, resident, now):
    message = waits(resident, Way.MAIL, now)
    send_all(gathered(now))
    (letter,) = sink.mails
    read = message_from_string(letter)
    assert sink.recipients == ["liu@example.com"]
    assert read["Message-ID"] == f"<{message.pk}@localhost>"
    assert read["To"] == "liu@example.com"
    assert set(read.keys()) <= {
        "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date",
        "Message-ID", "Auto-Submitted",
    }  # fmt: skip
    for never in ("柳", "r101", "decide", "data", str(resident.pk)):
        assert never not in letter


@pytest.mark.parametrize(
    ("command", "answer", "state"),
    [
        ("RCPT", "550 no such user", State.GIVEN_UP),
        ("RCPT", "450 try later", State.SENDING),
        ("RCPT", "421 closing", State.SENDING),
        ("MAIL", "451 try later", State.SENDING),
        ("DATA", "554 no", State.SENDING),
    ],
)
def test_what_a_mail_server_answers(sink, resident, now, command, answer, state):
    message = waits(resident, Way.MAIL, now)
    sink.answers[command] = answer
    send_all(gathered(now))
    message.refresh_from_db()
    assert message.state == state
    assert message.handed_at is not None, "it has seen the address"
    sink.answers.clear()
    if state == State.SENDING:
        send_all(message.lease_until)
        message.refresh_from_db()
        assert message.state == State.SENT
        assert len(sink.mails) == 1


@pytest.mark.parametrize(("answer", "sent"), [("450 unknown domain", 1), ("421 closing", 0)])
def test_an_address_that_is_not_taken_now_holds_up_no_other(sink, resident, neighbor, now, answer, sent):
    """Postfix says 450 for a domain that does not exist. 421 is about the line: the others wait for the next round."""
    refused = waits(resident, Way.MAIL, now)
    later = now + timedelta(seconds=1)
    proven(neighbor, at=later, address="other@example.com")
    wants(neighbor, Way.MAIL, at=later)
    told(neighbor, at=later)
    sink.answers["liu@example.com"] = answer
    send_all(gathered(later))
    refused.refresh_from_db()
    assert (refused.state, refused.handed_at) == (State.SENDING, gathered(later))
    assert sink.recipients == ["liu@example.com", "other@example.com"][: sent + 1]
    assert len(sink.mails) == sent


def test_a_mail_server_that_is_not_there_was_given_nothing(resident, now, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    message = waits(resident, Way.MAIL, now)
    send_all(gathered(now))
    message.refresh_from_db()
    assert (message.state, message.handed_at) == (State.SENDING, None)


@pytest.mark.parametrize("address", ["liu@example.com\nBcc: x@example.com", "liu@example.com\r\nSubject: x"])
def test_no_address_makes_a_header_even_if_it_came_so_far(sink, address):
    """The form refuses it first; here it is tried without the form."""
    with carriers.Mail() as post, pytest.raises(carriers.Refused):
        post.send(address=address, subject="x", words="x", reference=uuid4())
    assert sink.mails == []
    assert sink.recipients == []


class Gateway:
    """Takes POSTs as a gateway for text messages does."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                gateway.asked.append({**body, "token": self.headers["Authorization"]})
                self.send_response(gateway.status)
                if gateway.status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: numbers would be in it."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gateway(settings) -> Iterator[Gateway]:
    found = Gateway()
    settings.SMS_GATEWAY, settings.SMS_OPERATOR = "residents.carriers.HttpText", "云短信公司"
    settings.SMS_URL = f"http://127.0.0.1:{found.server.server_address[1]}/messages"
    settings.SMS_TOKEN, settings.SMS_SECONDS = "secret", 5
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_gateway_gets_a_number_and_the_words(gateway, resident, now):
    message = waits(resident, Way.SMS, now)
    send_all(gathered(now))
    (asked,) = gateway.asked
    assert asked == {
        "to": f"+86{MOBILE}",
        "text": asked["text"],
        "reference": str(message.pk),
        "token": "Bearer secret",
    }
    assert "http" in asked["text"]
    assert resident.name not in asked["text"]
    message.refresh_from_db()
    assert (message.state, message.operator) == (State.SENT, "云短信公司")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (202, State.SENT), (302, State.SENDING), (401, State.SENDING), (404, State.GIVEN_UP), (422, State.GIVEN_UP),
        (429, State.SENDING), (500, State.SENDING),
    ],
)  # fmt: skip
def test_what_a_gateway_answers(gateway, resident, now, status, state):
    message = waits(resident, Way.SMS, now)
    gateway.status = status
    send_all(gathered(now))
    message.refresh_from_db()
    assert (message.state, len(gateway.asked)) == (state, 1)
    assert message.handed_at is not None


def test_a_gateway_that_is_not_there_was_given_nothing(gateway, resident, now, settings):
    settings.SMS_URL = f"http://127.0.0.1:{free_port()}/"
    message = waits(resident, Way.SMS, now)
    send_all(gathered(now))
    message.refresh_from_db()
    assert (message.state, message.handed_at) == (State.SENDING, None)


def test_a_number_that_is_gone_gets_nothing(gateway, resident, now):
    waits(resident, Way.SMS, now)
    contact.set_phone(resident, "")
    resident.save()
    send_all(gathered(now) + timedelta(hours=1))
    assert gateway.asked == []
    assert [offer.way for offer in notifying.offers(resident=resident, address=None, at=now)] == [Way.SLIP]


@pytest.mark.parametrize(
    ("number", "sent"),
    [("13800001111", "+8613800001111"), ("+4915112345678", "+4915112345678"), ("057188000101", ""), ("", "")],
)
def test_only_numbers_that_take_texts(number, sent):
    assert carriers.mobile(number) == sent


def test_a_folder_is_a_gateway_for_the_demo(resident, now, settings, tmp_path):
    settings.SMS_GATEWAY, settings.SMS_OPERATOR = "residents.carriers.FolderText", "演示"
    settings.MESSAGE_FOLDER = tmp_path / "messages"
    waits(resident, Way.SMS, now)
    send_all(gathered(now))
    (file,) = settings.MESSAGE_FOLDER.iterdir()
    assert file.read_text(encoding="utf-8").startswith(f"To: +86{MOBILE}\n\n")


@pytest.mark.obligation("20")
def test_what_lies_in_it_is_forgotten_after_a_day_and_a_folder_that_is_not_there_is_none(
    now, settings, tmp_path
):
    settings.MESSAGE_FOLDER = tmp_path / "messages"
    carriers.forget_files(at=now)
    (settings.MESSAGE_FOLDER / "sub").mkdir(parents=True)
    file = settings.MESSAGE_FOLDER / "text.txt"
    file.write_text("To: somebody")
    carriers.forget_files(at=now + timedelta(hours=23))
    assert file.exists()
    assert sweeps.sweep(at=now + timedelta(hours=25))
    assert not file.exists()


BACKENDS = "django.core.mail.backends"


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"SMS_GATEWAY": ""}, []),
        ({}, []),
        ({"SMS_GATEWAY": "no.such.place"}, ["linmen.E033"]),
        ({"SMS_GATEWAY": "residents.carriers.mobile"}, ["linmen.E033"]),
        ({"SMS_OPERATOR": " "}, ["linmen.E034"]),
        ({"SMS_OPERATOR": "x" * 101}, ["linmen.E034"]),
        ({"SMS_GATEWAY": "", "MAIL_CARRIER": ""}, ["linmen.E036"]),
        ({"MAIL_CARRIER": "x" * 101}, ["linmen.E036"]),
        ({"MAIL_CARRIER": "", "MAIL_TO_RESIDENTS": False}, []),
        ({"SMS_GATEWAY": "residents.carriers.FolderText"}, []),
        ({"SMS_GATEWAY": "residents.carriers.FolderText", "PRODUCTION": True}, ["linmen.E037"]),
        ({"EMAIL_BACKEND": f"{BACKENDS}.filebased.EmailBackend", "PRODUCTION": True}, ["linmen.E037"]),
        ({"PRODUCTION": True}, []),
        ({"SMS_URL": "http://sms.example/"}, ["linmen.E035"]),
        ({"SMS_TOKEN": ""}, ["linmen.E035"]),
    ],
)
def test_a_gateway_half_set_up_does_not_start(changed, found):
    whole = {
        "SMS_GATEWAY": "residents.carriers.HttpText",
        "SMS_OPERATOR": "云短信公司",
        "SMS_URL": "https://sms.example/",
        "SMS_TOKEN": "secret",
        "EMAIL_BACKEND": f"{BACKENDS}.smtp.EmailBackend",
    }
    with override_settings(**whole | changed):
        assert [message.id for message in checks.check_messages()] == found
