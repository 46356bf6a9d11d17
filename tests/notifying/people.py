"""People who want to be told, a mail server that keeps what it gets, and what is due."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from django.conf import settings

from residents import contact, mail_addresses, notifying, outbox
from residents.models import MailAddress, Message, Resident
from residents.notifying import Topic, Way

MOBILE = "13800001111"


def proven(who: Resident, *, at: datetime, address: str = "liu@example.com") -> MailAddress:
    """They gave it and typed the code; the mail with the code is not in the way of what comes."""
    assert who.user is not None
    given = mail_addresses.give(resident=who, address=address, by=who.user, at=at)
    code = mail_addresses.code_of(given)
    assert mail_addresses.prove(resident=who, code=code, by=who.user, at=at)
    Message.objects.filter(resident=who, what=Message.What.CODE).delete()
    given.refresh_from_db()
    return given


def wants(who: Resident, *ways: Way, at: datetime, topics: Iterable[Topic] = Topic) -> Resident:
    """To be told in these ways of everything that can be told so, and of nothing in others."""
    assert who.user is not None
    if Way.MAIL in ways and not MailAddress.objects.filter(resident=who).exists():
        proven(who, at=at)
    if Way.SMS in ways:
        contact.set_phone(who, MOBILE)
        who.save()
    wanted = [(topic, way) for topic in topics for way in ways if notifying.can_tell(topic, way)]
    notifying.choose(resident=who, wanted=wanted, by=who.user, at=at)
    return who


def told(who: Resident, *, at: datetime, topic: Topic = Topic.DATA) -> int:
    return notifying.tell(neighborhood=who.neighborhood, residents=[who.pk], topic=topic, at=at)


def gathered(at: datetime) -> datetime:
    """When what was told at `at` is due."""
    return at + timedelta(seconds=settings.MESSAGE_GATHER_SECONDS)


def send_all(at: datetime) -> int:
    """All that is due; how many were seen to."""
    with outbox.Post() as post:
        seen = 0
        while post.send_next(at=at):
            seen += 1
            assert seen < 1000, "it goes round in circles"
        return seen


@dataclass
class Sink:
    """A mail server on a real port: takes mail as SMTP has it, and keeps it.

    `answers` may say something else than 250 at a command, or at RCPT for one address; `hold` makes it fall silent at one, until `go_on`.
    """

    mails: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    hold: str = ""
    holding: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        sink = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    sink._talk(self.rfile.readline, self.wfile.write)
                except ConnectionError:
                    return  # whoever spoke was killed

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Talk)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def settings(self) -> dict[str, object]:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": self.port,
            "EMAIL_USE_TLS": False,
        }

    def _talk(self, read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
        write(b"220 sink\r\n")
        while line := read():
            word = line.split(b":")[0].strip().decode().upper().split(" ")[0]
            if word == self.hold:
                self.holding.set()
                self.go_on.wait(60)
            if word == "RCPT":
                self.recipients.append(line.decode().partition("<")[2].partition(">")[0])
            if word == "DATA" and "DATA" not in self.answers:
                write(b"354 go on\r\n")
                self.mails.append(self._letter(read))
                if self.hold == "END":
                    self.holding.set()
                    self.go_on.wait(60)
            answer = self.answers.get(word, "221 bye" if word == "QUIT" else "250 ok")
            if word == "RCPT":
                answer = self.answers.get(self.recipients[-1], answer)
            write(f"{answer}\r\n".encode())
            if word == "QUIT":
                return

    @staticmethod
    def _letter(read: Callable[[], bytes]) -> str:
        lines = []
        while (line := read()) and line != b".\r\n":
            lines.append(line.decode())
        return "".join(lines)
