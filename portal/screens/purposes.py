"""Each purpose of consent in a resident's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consent import stopping
from consent.models import Purpose
from residents import holds, leaving


@dataclass(frozen=True, kw_only=True)
class Words:
    icon: str
    title: Promise
    summary: Promise
    erased: Promise  # what is deleted when it is stopped


WORDS: Mapping[str, Words] = {
    leaving.WAYS_IN: Words(
        icon="card",
        title=_("Ways to get in"),
        summary=_("Your cards, PIN, codes and passes."),
        erased=_("Your cards, PIN, codes and passes, and what the gates knew of them"),
    ),
    leaving.PERSON: Words(
        icon="people",
        title=_("You on the register"),
        summary=_("Your name, phone number and account."),
        erased=_("Your name, phone number and account"),
    ),
    holds.PURPOSE: Words(
        icon="key",
        title=_("Kept because a law wants it"),
        summary=_("What would have been deleted by now, sealed, and read by nobody."),
        erased=_("What is kept of you because a law wants it"),
    ),
    stopping.PAPER: Words(
        icon="file",
        title=_("Your signed paper"),
        summary=_("The picture of a paper that you signed."),
        erased=_("The picture of a paper that you signed"),
    ),
    Purpose.FACE_AT_GATE: Words(
        icon="face",
        title=_("Getting in by face"),
        summary=_("Numbers computed from two photos of you, compared by the readers at your own gates."),
        erased=_("Face data made from your photos"),
    ),
    Purpose.PHOTO_OVER_INTERNET: Words(
        icon="send",
        title=_("Sending the photos over the internet"),
        summary=_("So that you need not go to the office for them. Only for as long as it takes."),
        erased=_("Photos you sent to set up face entry"),
    ),
    Purpose.TEMPLATE_ON_SERVER: Words(
        icon="row",
        title=_("Keeping face data on the server too"),
        summary=_("So that a new reader at a gate needs no new photos. Without it, only the gates keep it."),
        erased=_("The server's copy of your face data"),
    ),
}
