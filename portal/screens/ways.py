"""How a resident gets in: what the gates were told, read from the very rows they read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from access.models import Credential, Enrolment, FeedRow, Gate, SealedCopy
from consent.deciding import Line
from consent.models import Purpose
from residents.models import Resident

NAMED = 6  # gates named before "and 3 more"
ALL_DAY = {"days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "00:00"}


@dataclass(frozen=True, kw_only=True)
class Way:
    icon: str
    name: str
    state: str
    tone: str  # on, due or off
    detail: str = ""
    url: str = ""
    action: str = ""
    stop_url: str = ""


@dataclass(frozen=True)
class Passage:
    gate: Gate
    windows: list[dict[str, Any]]

    @property
    def is_beside(self) -> bool:
        """The old controller opens it still; this one only listens."""
        return self.gate.beside_since is not None

    @property
    def hours(self) -> str:
        """Empty where it opens at all hours."""
        if any(all(window.get(key) == value for key, value in ALL_DAY.items()) for window in self.windows):
            return ""
        return ", ".join(sorted({f"{window['from']}–{window['to']}" for window in self.windows}))


@dataclass(frozen=True)
class Held:
    """What somebody has, and what each of it passes: read once for a page. Two queries."""

    credentials: Sequence[Credential]
    passages: Mapping[UUID, list[Passage]]

    def of(self, kind: Credential.Kind) -> list[Credential]:
        return [each for each in self.credentials if each.kind == kind]


def held(resident: Resident) -> Held:
    credentials = list(resident.credentials.active().select_related("visitor_pass").order_by("created_at"))
    return Held(credentials, _passages(credentials))


def ways_in(*, resident: Resident, held: Held, lines: Iterable[Line], at: datetime) -> list[Way]:
    """Cards first, then PINs; a face only where the resident said yes. The number of queries does not depend on the gates."""
    passages = held.passages
    ways = [_card(card, passages[card.pk]) for card in held.of(Credential.Kind.CARD)]
    ways += [_pin(pin, passages[pin.pk]) for pin in held.of(Credential.Kind.PIN)]
    if _stands(lines, Purpose.FACE_AT_GATE):
        face = next(iter(held.of(Credential.Kind.FACE)), None)
        ways.append(_face(face, passages[face.pk]) if face else _face_to_be(resident))
    return ways


def other_ways(*, held: Held, lines: Iterable[Line]) -> list[dict[str, str]]:
    """What the gates of theirs, and the neighborhood, also offer to those who want it. No query."""
    keypads = any(passage.gate.by_pin for passages in held.passages.values() for passage in passages)
    own = any(not pin.temporary for pin in held.of(Credential.Kind.PIN))
    found = [{"name": _("by PIN"), "url": reverse("pin")}] if keypads and not own else []
    return found + [
        {"name": _("by face"), "url": reverse("consent", args=[line.purpose])}
        for line in lines
        # Whoever has decided about it finds it under “what I decided”, and is not reminded here (obligation 12).
        if line.purpose == Purpose.FACE_AT_GATE and line.form and not line.standing and line.last is None
    ]


def reached(credential: UUID) -> tuple[int, int]:
    """(gates that have this face, gates that are to have it)"""
    wanted = FeedRow.objects.filter(credential=credential, present=True, gate__in_service=True)
    having = SealedCopy.objects.filter(credential=credential, acknowledged=True, device__revoked_at=None)
    gates = set(wanted.values_list("gate_id", flat=True))
    return len(gates & set(having.values_list("device__gate_id", flat=True))), len(gates)


def _stands(lines: Iterable[Line], purpose: Purpose) -> bool:
    return any(line.purpose == purpose and line.standing for line in lines)


def _passages(credentials: Sequence[Credential]) -> defaultdict[UUID, list[Passage]]:
    rows = FeedRow.objects.filter(
        Q(gate__in_service=True) | Q(gate__beside_since__isnull=False),
        credential__in=credentials,
        present=True,
    )
    found: defaultdict[UUID, list[Passage]] = defaultdict(list)
    for row in rows.select_related("gate").order_by("gate__name"):
        found[row.credential_id].append(Passage(row.gate, row.body.get("windows", [])))
    return found


def _card(card: Credential, passages: list[Passage]) -> Way:
    name = _("Card, lent") if card.temporary else _("Card")
    lost = reverse("lost")
    if not passages:
        return Way(
            icon="card",
            name=name,
            state=_("No gate yet"),
            tone="due",
            detail=_("No gate opens to it. Ask at the property office; they can put it right at once."),
            url=lost,
            action=_("It is lost"),
        )
    return Way(
        icon="card",
        name=name,
        state=_("Works"),
        tone="on",
        detail=_opens(passages),
        url=lost,
        action=_("It is lost"),
    )


def _pin(pin: Credential, passages: list[Passage]) -> Way:
    number = _("Keypad number %(number)s.") % {"number": pin.number}
    until = _("Your new card waits for you at the property office.") if pin.temporary else ""
    return Way(
        icon="pin",
        name=_("PIN, lent until you have a card") if pin.temporary else _("PIN"),
        state=_("Works") if passages else _("No keypad yet"),
        tone="on" if passages else "off",
        detail=" ".join(filter(None, (number, _opens(passages), until))),
        url=reverse("pin"),
        action=_("How to type it") if pin.temporary else _("Look at it, change it or stop it"),
    )


def _face(credential: Credential, passages: list[Passage]) -> Way:
    having, wanted = reached(credential.pk)
    if having < wanted:
        words = ngettext(
            "%(having)s of %(count)s gate has it so far.",
            "%(having)s of %(count)s gates have it so far.",
            wanted,
        )
        return _face_way(_("On its way"), words % {"having": having, "count": wanted})
    return _face_way(_("Works"), _opens(passages), tone="on")


def _face_to_be(resident: Resident) -> Way:
    under_way = Enrolment.objects.unfinished().filter(resident=resident).first()
    if under_way:
        return _face_way(
            _("Being checked"),
            _("We are looking at your photos."),
            url=reverse("enrolment", args=[under_way.pk]),
            action=_("See how far it is"),
        )
    return _face_way(
        _("Not set up yet"),
        _("You said yes. Two photos are still needed, whenever you like."),
        url=reverse("enrol"),
        action=_("Set it up"),
    )


def _face_way(state: str, detail: str, *, tone: str = "off", url: str = "", action: str = "") -> Way:
    """However far it has come, stopping is as near as agreeing was (obligation 8)."""
    return Way(
        icon="face",
        name=_("Face"),
        state=state,
        tone=tone,
        detail=detail,
        url=url,
        action=action,
        stop_url=reverse("consent", args=[Purpose.FACE_AT_GATE]),
    )


def _opens(passages: list[Passage]) -> str:
    if not passages:
        return _("No gate of yours takes it.")
    beside = [passage for passage in passages if passage.is_beside]
    passages = [passage for passage in passages if not passage.is_beside]
    if beside:
        still = _("The old system still opens as before: %(names)s.") % {
            "names": listed(passage.gate.display_name for passage in beside[:NAMED])
        }
        return f"{_opens(passages)} {still}" if passages else still
    count = len(passages)
    names = listed([_named(passage) for passage in passages[:NAMED]])
    more = count - NAMED
    if more > 0:
        names = ngettext("%(names)s and %(count)s more", "%(names)s and %(count)s more", more) % {
            "names": names,
            "count": more,
        }
    if any(passage.hours for passage in passages):
        words = ngettext("Opens %(count)s gate: %(names)s.", "Opens %(count)s gates: %(names)s.", count)
    else:
        words = ngettext(
            "Opens %(count)s gate at all hours: %(names)s.",
            "Opens %(count)s gates at all hours: %(names)s.",
            count,
        )
    return words % {"count": count, "names": names}


def _named(passage: Passage) -> str:
    name = passage.gate.display_name
    return f"{name} ({passage.hours})" if passage.hours else name


def listed(words: Iterable[str]) -> str:
    return pgettext("between the items of a list", ", ").join(words)
