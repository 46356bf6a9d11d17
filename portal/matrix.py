"""Who sees what of a resident, for what and on what condition: computed from roles, rights and the pages' own guards.

Only what a page is for is written here. Who gets in is asked of the page itself, and which office that is of
`committees.roles`; so a right that moves, moves here. Tests walk each cell (tests/doors/).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.contrib import admin
from django.db.models import TextChoices
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from committees.models import Committee, Term
from committees.roles import OPERATOR, ROLE_PERMISSIONS
from portal.places import BASE
from portal.screens.desk.entrance import DESK
from residents import emergencies
from residents.desk import ScopedAdmin
from sharing import leaks
from sharing.models import ALLOWED, ORDER, Field
from sharing.models import Kind as Purpose
from sharing.orders_admin import PARTS

DOCUMENT = BASE / "docs/who-sees-what.md"
Words = str | Promise


class Kind(TextChoices):
    """Of what: the kinds of docs/doors.toml, as residents read them."""

    MASKED = "masked", gettext_lazy("your family name, and no more of your name")
    NAME = "name", gettext_lazy("your name")
    CONTACT = "contact", gettext_lazy("your phone number and mail address")
    DWELLING = "dwelling", gettext_lazy("your dwelling, and since when")
    BIRTH = "birth", gettext_lazy("when a child was born")
    HOUSEHOLD = "household", gettext_lazy("who stands by whom, and since when")
    WORDS = "words", gettext_lazy("what you wrote, and what was written about you")
    MOVEMENT = "movement", gettext_lazy("when you came and went")
    LIKENESS = "likeness", gettext_lazy("pictures you gave us, and face data")
    ACCOUNT = "account", gettext_lazy("your user name")
    KEY = "key", gettext_lazy("the numbers of your cards")
    LIST = "list", gettext_lazy("lists with you on them")
    SECRET = "secret", gettext_lazy("your passwords, PINs and codes")


class How(TextChoices):
    ALWAYS = "always", gettext_lazy("always")
    NAMELESS = "nameless", gettext_lazy("always, without your name")
    ONE = (
        "one",
        gettext_lazy(
            "one person at a time, on a reason that you are shown; of minors only if a second approves"
        ),
    )
    EMERGENCY = (
        "emergency",
        gettext_lazy(
            "at once where a life is in danger: you and the auditor hear of it, and somebody else looks at it afterwards"
        ),
    )
    PRINTED = "printed", gettext_lazy("only on paper that is handed to you")
    YES = "yes", gettext_lazy("only with your own yes to it, field by field")
    LAW = (
        "law",
        gettext_lazy("only where a law orders it and two people have read that it does; you are told"),
    )
    NEVER = "never", gettext_lazy("never")


@dataclass(frozen=True)
class Way:
    """One way in which staff see something. `door`: the name of an address of the desk, or a model in the full lists; `shown`:
    the page that it leads to, where it is not seen at the door itself."""

    kind: Kind
    how: How
    what_for: Words
    door: str
    shown: str = ""


@dataclass(frozen=True)
class Cell:
    kind: Kind
    ways: tuple[Way, ...] = ()

    @property
    def said(self) -> list[tuple[How, list[Words]]]:
        """On what condition, and all that it is for on that condition; the widest first."""
        found: dict[How, dict[str, Words]] = {}
        for way in sorted(self.ways, key=lambda way: list(How).index(way.how)):
            found.setdefault(way.how, {}).setdefault(str(way.what_for), way.what_for)
        return [(how, list(purposes.values())) for how, purposes in found.items()]


@dataclass(frozen=True)
class Reader:
    """`key` is an office as `property.clerk`, or somebody who holds none."""

    key: str
    who: Words
    cells: tuple[Cell, ...]
    where: Words

    @property
    def anchor(self) -> str:
        return self.key.replace(".", "-").replace(" ", "-")

    @property
    def seen(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.ways]

    @property
    def never(self) -> list[Cell]:
        return [cell for cell in self.cells if not cell.ways]


_FIND, _ASKED = gettext_lazy("to find you when you come or ring"), gettext_lazy("to answer what you ask for")
_CALL = gettext_lazy("to reach you when something must not wait")
_DANGER = gettext_lazy("to get you help")
_AFTERWARDS = gettext_lazy("to see whether details were opened in order")
_WHERE = gettext_lazy("to settle who lives and who owns where")
_STANDS_BY = gettext_lazy("to write down who stands by whom")
_GATE = gettext_lazy("to see that a gate works")
_PASSED = gettext_lazy("to know who passed a gate when something happened there")
_VOTES = gettext_lazy("to give you a ballot on paper when the owners vote")
_LEAK = gettext_lazy("to tell you on paper of a leak, where you have no account")
WAYS: tuple[Way, ...] = (
    Way(Kind.MASKED, How.ALWAYS, _FIND, "desk_person"),
    Way(Kind.MASKED, How.ALWAYS, _AFTERWARDS, "desk_emergencies"),
    Way(Kind.MASKED, How.ALWAYS, _VOTES, "desk_proxy"),
    Way(Kind.DWELLING, How.ALWAYS, _VOTES, "desk_paper_votes"),
    Way(Kind.NAME, How.ONE, _CALL, "desk_look_up", "desk_person"),
    Way(Kind.NAME, How.ONE, _PASSED, "desk_event"),
    Way(Kind.NAME, How.EMERGENCY, _DANGER, "desk_emergency_of"),
    Way(
        Kind.NAME,
        How.PRINTED,
        gettext_lazy("to print the letter that opens your account"),
        "desk_letters_write",
    ),
    Way(
        Kind.NAME,
        How.LAW,
        gettext_lazy("to see that an authority is given those whom a law names, and nobody else"),
        "sharing.Order",
    ),
    Way(Kind.NAME, How.PRINTED, _LEAK, "desk_incident_sheets"),
    Way(Kind.DWELLING, How.PRINTED, _LEAK, "desk_incident_sheets"),
    Way(Kind.CONTACT, How.ONE, _CALL, "desk_look_up", "desk_person"),
    Way(Kind.CONTACT, How.EMERGENCY, _DANGER, "desk_emergency_of"),
    Way(Kind.DWELLING, How.ALWAYS, _FIND, "desk_person"),
    Way(Kind.DWELLING, How.ALWAYS, _WHERE, "residents.MoveOut"),
    Way(Kind.DWELLING, How.ALWAYS, _WHERE, "residents.Ownership"),
    Way(Kind.DWELLING, How.ALWAYS, gettext_lazy("to say for whom a gate opens"), "access.Rule"),
    Way(Kind.HOUSEHOLD, How.ALWAYS, _STANDS_BY, "residents.Guardianship"),
    Way(Kind.HOUSEHOLD, How.ALWAYS, _STANDS_BY, "residents.Helper"),
    Way(Kind.WORDS, How.ALWAYS, _ASKED, "desk_service_one"),
    Way(Kind.WORDS, How.ALWAYS, _ASKED, "desk_request"),
    Way(Kind.WORDS, How.ALWAYS, _WHERE, "residents.Departure"),
    Way(Kind.WORDS, How.ALWAYS, _WHERE, "residents.Death"),
    Way(
        Kind.WORDS,
        How.ALWAYS,
        gettext_lazy("to keep away a guardian whom a court has barred"),
        "desk_bars",
    ),
    Way(
        Kind.WORDS,
        How.ALWAYS,
        gettext_lazy("to say whether somebody may look at a minor’s details"),
        "desk_approvals",
    ),
    Way(Kind.WORDS, How.ALWAYS, _AFTERWARDS, "residents.LookUp"),
    Way(Kind.WORDS, How.ALWAYS, _AFTERWARDS, "desk_audit_looks"),
    Way(
        Kind.WORDS,
        How.ALWAYS,
        gettext_lazy(
            "to see why a law wants something kept, and for how long; what is kept is read by nobody"
        ),
        "residents.Hold",
    ),
    Way(Kind.WORDS, How.ALWAYS, _AFTERWARDS, "desk_emergencies"),
    Way(Kind.MOVEMENT, How.NAMELESS, _GATE, "access.EntryEvent"),
    Way(Kind.MOVEMENT, How.NAMELESS, _GATE, "desk_gate"),
    Way(Kind.MOVEMENT, How.ONE, _PASSED, "desk_event"),
    Way(
        Kind.LIKENESS,
        How.ALWAYS,
        gettext_lazy("to see what you photographed for a repair"),
        "desk_service_photo",
    ),
    Way(
        Kind.LIKENESS,
        How.ALWAYS,
        gettext_lazy("to read a paper that you signed, as the second who does"),
        "desk_paper_scan",
    ),
    Way(
        Kind.KEY,
        How.ALWAYS,
        gettext_lazy("to take a card back, or end one that is lost"),
        "desk_card_back",
        "desk_person",
    ),
)
# Pages that ask for an office, not for a right.
OFFICES = {
    "desk_emergencies": frozenset(emergencies.REVIEWERS),
    "desk_incident_sheets": frozenset(leaks.HEADS),
    "sharing.Order": frozenset(
        f"{kind}.{role}" for (kind, role), held in ROLE_PERMISSIONS.items() if held & {*PARTS}
    ),
}
# What can be asked for at all, in the words of this page.
FIELDS = {Field.NAME: Kind.NAME, Field.DWELLING: Kind.DWELLING, Field.PHONE: Kind.CONTACT}


def perms_of(door: str) -> tuple[frozenset[str], ...]:
    """Each set of rights that gets in, as the page itself asks for them."""
    if "." in door:
        page = admin.site.get_model_admin(apps.get_model(door))
        assert isinstance(page, ScopedAdmin)
        return tuple(frozenset({perm}) for perm in page.view_perms)
    needed = frozenset(_views()[door].__dict__["perms"])
    return (needed,) if needed else tuple(frozenset({perm}) for perm in DESK)


def offices() -> Iterator[tuple[Committee.Kind, Term.Role]]:
    for kind in Committee.Kind:
        for role in Term.Role:
            if (kind, role) in ROLE_PERMISSIONS:
                yield kind, role


def ways_open_to(held: frozenset[str], office: str) -> list[Way]:
    return [way for way in WAYS if is_open(way.door, held, office)]


def is_open(door: str, held: frozenset[str], office: str) -> bool:
    if door in OFFICES:
        return office in OFFICES[door]
    return any(held >= needed for needed in perms_of(door))


def cells(ways: Sequence[Way]) -> tuple[Cell, ...]:
    """One for each kind."""
    return tuple(Cell(kind, tuple(way for way in ways if way.kind == kind)) for kind in Kind)


def readers() -> list[Reader]:
    return [*staff(), *others()]


def others() -> list[Reader]:
    """Who holds no office here. What they see is not decided by a right, so it is said here, and walked like the rest."""
    everything = frozenset[str]().union(*ROLE_PERMISSIONS.values())
    # Who runs the system speaks for no body, so what is asked of one is not theirs to read.
    runs = [way for way in ways_open_to(everything, OPERATOR) if not way.door.startswith("desk_service")]
    household = _way(Kind.MASKED, How.ALWAYS, _("you share a home, or one of you stands by the other"))
    given = [
        _way(FIELDS[Field(field)], How.YES, kind.label) for kind in Purpose for field in sorted(ALLOWED[kind])
    ]
    ordered = [
        _way(FIELDS[Field(field)], How.LAW, _("what an authority asks for by law"))
        for field in sorted(ALLOWED[ORDER])
    ]
    asked_back = _way(
        Kind.LIST, How.ALWAYS, _("to delete what is asked back: numbers of rows, with nobody’s name")
    )
    return [
        Reader(
            "operator",
            _("who runs the system"),
            cells(runs),
            _("in every neighborhood, and without a key to what is sealed for a body"),
        ),
        Reader(
            "lives with", _("who lives with you"), cells([household]), _("on the page about your household")
        ),
        Reader(
            "helped by",
            _("whom you help, and who helps you"),
            cells([household]),
            _("on the page about your household"),
        ),
        Reader(
            "gate",
            _("the computer at a gate"),
            cells([_way(Kind.KEY, How.ALWAYS, _("to open to you, by numbers and never by name"))]),
            _("only of those whom that gate opens to"),
        ),
        Reader(
            "recipient",
            _("an organization outside"),
            cells([*given, *ordered, asked_back]),
            _("in a file that only they can open, and nothing of who said no"),
        ),
        Reader("other resident", _("other residents"), cells(()), _("who live here and hold no office")),
        Reader(
            "staff elsewhere",
            _("every office of another neighborhood"),
            cells(()),
            _("here they are strangers"),
        ),
        Reader("anybody", _("who is not signed in"), cells(()), _("from any place")),
    ]


def _way(kind: Kind, how: How, what_for: Words) -> Way:
    return Way(kind, how, what_for, "")


def document() -> str:
    """`docs/who-sees-what.md`, in English."""
    with override("en"):
        found = readers()
        lines = [
            "# Who sees what of a resident",
            "",
            "Made from the code by `manage.py who_sees_what --write`; a test compares the two. The same is a public page,",
            "`/who-sees-what/`. What of this is seen where, address by address, is in `doors.toml`.",
            "",
        ]
        for reader in found:
            lines += [f"## {reader.who}", "", f"{str(reader.where).capitalize()}.", ""]
            lines += ["| What | On what condition | What for |", "|---|---|---|"]
            lines += [line for cell in reader.cells for line in _lines(cell)]
            lines.append("")
    return "\n".join(lines)


def _lines(cell: Cell) -> list[str]:
    if not cell.ways:
        return [f"| {cell.kind.label} | {How.NEVER.label} |  |"]
    return [
        f"| {cell.kind.label} | {how.label} | {'; '.join(str(each) for each in what_for)} |"
        for how, what_for in cell.said
    ]


def staff() -> list[Reader]:
    here = gettext_lazy("only in the neighborhood of their office, and only until their term ends")
    return [
        Reader(
            f"{kind}.{role}",
            f"{Committee.Kind(kind).label} · {Term.Role(role).label}",
            cells(ways_open_to(ROLE_PERMISSIONS[kind, role], f"{kind}.{role}")),
            here,
        )
        for kind, role in offices()
    ]


@cache
def _views() -> dict[str, object]:
    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, object]]:
        for each in patterns:
            if isinstance(each, URLResolver):
                yield from walk(each.url_patterns)
            elif each.name:
                yield each.name, each.callback

    return dict(walk(get_resolver().url_patterns))
