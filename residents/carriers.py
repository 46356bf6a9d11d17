"""Who carries a message out of this house: a mail server, a gateway for text messages, or in the demo a folder.

A carrier says one of four things by failing: it was not reached, and has learnt nothing; it was reached and did not take
it, so try again; it does not take this address now, and others it may; or it never will. Nothing here knows residents; what it carries are the same few words for everybody.
"""

from __future__ import annotations

import re
import smtplib
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string


class NotReached(Exception):
    """Nothing left this house."""


class Failed(Exception):
    """It may have what was sent, and did not say so."""


class NotNow(Exception):
    """It does not take what goes to this address or number now, and was given it. That says nothing about the others."""


class Refused(Exception):
    """It will never take this one: the address or number does not exist."""


class TextGateway(Protocol):
    """What SMS_GATEWAY names. `reference` is the same for each attempt at one message: whoever knows it takes it once."""

    def send(self, *, number: str, words: str, reference: UUID) -> None:
        """Raises: NotReached, Failed, NotNow, Refused"""


class Mail:
    """Django's mail settings, over one connection for as long as it lasts."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def send(self, *, address: str, subject: str, words: str, reference: UUID) -> None:
        """Raises: NotReached, Failed, NotNow, Refused"""
        connection = self._open()
        host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
        letter = EmailMessage(
            subject,
            words,
            to=[address],
            # One message has one name, however often it is tried: a mail program that gets it twice shows it once.
            headers={"Message-ID": f"<{reference}@{host}>", "Auto-Submitted": "auto-generated"},
            connection=connection,
        )
        try:
            letter.send()
        except smtplib.SMTPRecipientsRefused as error:
            self._close()
            raise _said_of_one({code for code, _ in error.recipients.values()}) from None
        except ValueError:  # it cannot even be written down as a mail (a header in the address, for one)
            raise Refused from None
        except (smtplib.SMTPException, OSError):
            self._close()
            raise Failed from None

    def _open(self) -> BaseEmailBackend:
        if self._connection is None:
            connection = get_connection()
            try:
                connection.open()
            except (smtplib.SMTPException, OSError):
                raise NotReached from None
            self._connection = connection
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (smtplib.SMTPException, OSError):
                return  # it is gone already, and that is what was wanted


def _said_of_one(codes: set[int]) -> Exception:
    """What it means that a mail server does not take an address: 421 is about the line, all others about the address."""
    if 421 in codes:
        return Failed()
    return Refused() if all(500 <= code < 600 for code in codes) else NotNow()


class HttpText:
    """Text messages by one POST of JSON over HTTPS: `{"to", "text", "reference"}`, with a token."""

    def send(self, *, number: str, words: str, reference: UUID) -> None:
        try:
            answer = httpx.post(
                settings.SMS_URL,
                json={"to": number, "text": words, "reference": str(reference)},
                headers={
                    "Authorization": f"Bearer {settings.SMS_TOKEN}",
                    "Idempotency-Key": str(reference),
                },
                timeout=settings.SMS_SECONDS,
                follow_redirects=False,  # the number goes where it was said to go, and nowhere else
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise NotReached from None
        except httpx.HTTPError:
            raise Failed from None
        if answer.status_code in (400, 404, 410, 422):
            raise Refused
        if not answer.is_success:
            raise Failed


class FolderText:
    """Text messages as files, for the demo: nothing is sent anywhere."""

    def send(self, *, number: str, words: str, reference: UUID) -> None:
        folder = Path(settings.MESSAGE_FOLDER)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / f"text-{reference}.txt").write_text(f"To: {number}\n\n{words}\n", encoding="utf-8")


# So long is a message readable where it is a file instead of being sent: it names whom it is for.
AS_A_FILE = timedelta(days=1)


def forget_files(*, at: datetime) -> None:
    """Mail and texts in the folder of a house that sends nothing; elsewhere there is none."""
    folder = Path(settings.MESSAGE_FOLDER)
    for file in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # another sweep came by
            if file.is_file() and file.stat().st_mtime <= (at - AS_A_FILE).timestamp():
                file.unlink()


def text_gateway() -> TextGateway:
    found: TextGateway = import_string(settings.SMS_GATEWAY)()
    return found


def mobile(number: str) -> str:
    """As a gateway wants it, with the country; empty for a number that gets no text messages."""
    if re.fullmatch(r"1[3-9][0-9]{9}", number):
        return f"+86{number}"
    return number if re.fullmatch(r"\+[1-9][0-9]{6,14}", number) else ""
