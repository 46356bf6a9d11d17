"""What it means that a place of a deletion is in a state: one sentence for each, and nothing more than the place has said.

A new kind or state has its sentences here, or a test fails; what else may be known of a place reads as `FURTHER` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from residents.models import Closing, ErasurePlace

Kind: TypeAlias = ErasurePlace.Kind
State: TypeAlias = ErasurePlace.State
Words = str | Promise

# Ours look by themselves, and nothing at a gate or elsewhere is held, so some of these should never be read; should they be, they say what is known.
NOT_KNOWN = gettext_lazy("Nobody knows whether it is gone from there.")
HELD = gettext_lazy(
    "A law wants it kept for now. It lies sealed, nobody reads it, and it goes when that ends."
)
GIVEN_UP = gettext_lazy("Nobody waits for it any more, and it is not known to be gone.")


def _of_ours(waiting: Words, gone: Words) -> dict[State, Words]:
    return {
        State.WAITING: waiting,
        State.HELD: HELD,
        State.GONE: gone,
        State.LOST: NOT_KNOWN,
        State.CLOSED: GIVEN_UP,
    }


BY_KIND: Mapping[Kind, Mapping[State, Words]] = {
    Kind.ROWS: _of_ours(
        gettext_lazy("The entries are not all deleted yet. We try again until they are."),
        gettext_lazy("We deleted the entries and looked again: there are none."),
    ),
    Kind.PHOTOS: _of_ours(
        gettext_lazy("The photos are not all deleted yet. We try again until they are."),
        gettext_lazy("We looked for photos: there are none."),
    ),
    Kind.KEY: _of_ours(
        gettext_lazy("The key is not destroyed yet. We try again until it is."),
        gettext_lazy("The key is destroyed: what it had sealed cannot be read any more."),
    ),
    Kind.PAGES: _of_ours(
        gettext_lazy("The files of the databases are not rewritten yet. We try again until they are."),
        gettext_lazy("The files of the databases were rewritten: what was deleted is not in them."),
    ),
    Kind.DEVICE: {
        State.WAITING: gettext_lazy("The reader has not confirmed yet. It is told again until it does."),
        State.HELD: NOT_KNOWN,
        State.LOST: gettext_lazy("This reader was lost or removed before it could answer."),
        State.CLOSED: gettext_lazy(
            "This reader will not answer any more. Its copy was sealed for it alone; that it is gone is not known."
        ),
        State.GONE: gettext_lazy("It deleted its copy, and looked again that it is gone."),
    },
    Kind.RECIPIENT: {
        State.WAITING: gettext_lazy("They have not confirmed yet that they have deleted it."),
        State.HELD: NOT_KNOWN,
        State.LOST: NOT_KNOWN,
        State.CLOSED: gettext_lazy(
            "They will not answer any more. What was given may still be there; that it is gone is not known."
        ),
        State.GONE: gettext_lazy(
            "They signed that they have deleted it, and keep no copy. We cannot look there ourselves."
        ),
    },
    Kind.BACKUP: _of_ours(
        gettext_lazy("It may still be in this set, which is encrypted and which nobody works with."),
        gettext_lazy("The set has ended: its time is over, and its files were deleted."),
    ),
}
SENTENCES: Mapping[tuple[Kind, State], Words] = {
    (kind, state): words for kind, by_state in BY_KIND.items() for state, words in by_state.items()
}


def sentence(kind: str, state: str) -> str:
    return str(SENTENCES[Kind(kind), State(state)])


def ran_out(known: Mapping[str, Any]) -> str:
    """Not 'gone', but told apart from 'waiting'; with all that it rests on."""
    hours, skew = known["offline_hours"], known["skew_seconds"]
    words = ngettext(
        "The copy there has expired by its own clock since %(since)s: the reader was last heard from at %(heard)s, and"
        " without network it opens by face for %(count)s hour.",
        "The copy there has expired by its own clock since %(since)s: the reader was last heard from at %(heard)s, and"
        " without network it opens by face for %(count)s hours.",
        hours,
    ) % {"since": when(known["since"]), "heard": when(known["last_heard"]), "count": hours}
    if skew is None:
        return f"{words} " + _("How far its clock is off is not known.")
    off = ngettext(
        "Its clock was %(count)s second off when it was last compared.",
        "Its clock was %(count)s seconds off when it was last compared.",
        abs(skew),
    ) % {"count": abs(skew)}
    return f"{words} {off}"


def asked_until(known: Mapping[str, Any]) -> str:
    return _("They were asked to confirm by %(at)s.") % {"at": when(known["until"])}


def given_up(known: Mapping[str, Any]) -> str:
    return _("Two of the staff said so on %(at)s: %(reason)s.") % {
        "at": when(known["agreed"]),
        "reason": Closing.Reason(known["reason"]).label,
    }


def ends(known: Mapping[str, Any]) -> str:
    return _("It must be gone by %(at)s.") % {"at": when(known["until"])}


def held(known: Mapping[str, Any]) -> str:
    return _("The hold ends by itself on %(at)s at the latest.") % {"at": when(known["until"])}


def final(known: Mapping[str, Any]) -> str:
    """Once it is final there is nothing further: see `portal.screens.certificates`."""
    if "since" in known:
        return ""
    if "copies_before" in known:
        return _(
            "Backups of our keys from before %(day)s may still hold it. It is final once the last of them is destroyed."
        ) % {"day": when(known["copies_before"])}
    return _(
        "An old backup of keys could still open it until %(at)s, when what it was locked with is destroyed."
    ) % {"at": when(known["expected"])}


# The names of `portal.certifying.KNOWN`.
FURTHER: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "expired": ran_out,
    "asked": asked_until,
    "closed": given_up,
    "ends": ends,
    "held": held,
    "final": final,
}


def further(known: Mapping[str, Any]) -> list[str]:
    found = (said(known[name]) for name, said in FURTHER.items() if name in known)
    return [words for words in found if words]


def evidence(kind: str, seen: Mapping[str, Any]) -> list[str]:
    """What the place itself showed, for who looks closely; the file that is signed has it by name and value."""
    known = [(name, seen[name]) for name in SEEN if name in seen]
    said = [SEEN[name](value) for name, value in known]
    left = {name: value for name, value in sorted(seen.items()) if name not in SEEN}
    if kind == Kind.PAGES and left and all(value is True for value in left.values()):
        return [
            *said,
            ngettext("%(count)s file written anew", "%(count)s files written anew", len(left))
            % {"count": len(left)},
        ]
    return [*said, *(f"{name}: {value}" for name, value in left.items())]


def found(value: int) -> str:
    return _("%(count)s found") % {"count": value}


def _day(spelled: str) -> str:
    return date_format(date.fromisoformat(spelled), "DATE_FORMAT")


# What evidence is called, in the order in which it is read.
SEEN: Mapping[str, Callable[[Any], str]] = {
    "rows": found,
    "key": lambda value: _("key: destroyed") if value == "destroyed" else f"key: {value}",
    "epoch": lambda value: _("locked with the key of week no. %(number)s") % {"number": value},
    "final_on": lambda value: _("to be final on %(day)s") % {"day": _day(value)},
    "erased_at": lambda value: _("deleted there: %(at)s") % {"at": when(value)},
    "received_at": lambda value: _("heard of here: %(at)s") % {"at": when(value)},
    "version": lambda value: _("its note no. %(number)s") % {"number": value},
    "confirmation": lambda value: _("number of their signed answer: %(number)s") % {"number": value},
    "expired": lambda value: _("its time was over: %(at)s") % {"at": when(value)},
    "declared": lambda value: _("made elsewhere, where we cannot look"),
    "files": lambda value: _("files: %(found)s") % {"found": found(value)},
}


def when(spelled: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(spelled)), "DATETIME_FORMAT")
