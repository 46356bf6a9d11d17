"""Whether this door opens now, for this card, PIN, code or face. Pure: no clock, no disk, no network.

Law 1 and law 13 live here: a card and a PIN need nothing but their own row and its hours, however old the device's copy
is; a face, a QR code and a visitor's pass have an offline life, because they may have been ended since. None of the
ways but a face knows of any consent (laws 2 and 3). A lock-down is known to visitors' passes alone, and to none that goes
out. Hours are the wall clock's: an hour that a time zone leaves out opens nothing, one that comes twice opens twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gate import face_models, keypad
from gate.tokens import Token

# Euclidean distance between encodings of one model below which two faces are one person. Measured with HOG and the 5-point
# model on the test photographs at 800 px: one person 0.08 to 0.44, different people 0.70 to 0.90; drawn portraits in the tests.
FACE_DISTANCE = face_models.CURRENT.threshold
# Two people's templates this close to each other, seen from one face, leave open who it is; the door then asks for a card.
AMBIGUOUS_WITHIN = 0.05

# How far a code's times may be from the door's clock. Windows are exact.
SKEW = timedelta(minutes=5)
# A once-pass without an end does not exist; if it did, it would stay spent for this long.
SPENT_FOR = timedelta(days=61)

PIN, QR, PASS = "pin", "qr", "pass"
MIDNIGHT = time(0, 0)

# What an event says became of it. The last one: beside an old controller, where this device opens nothing by itself.
OPENED, REFUSED, WOULD_OPEN = "opened", "refused", "would_open"


class Reason(StrEnum):
    """Why the door opened or stayed shut; sent with the event and shown to staff. The first one opens."""

    ALLOWED = "allowed"
    UNKNOWN_CARD = "unknown_card"
    UNREADABLE_CARD = "unreadable_card"
    UNKNOWN_FACE = "unknown_face"
    AMBIGUOUS_FACE = "ambiguous_face"
    SECOND_FACTOR = "second_factor"  # known, and asked for a card or a PIN as well
    SCAN_NOT_ASKED = "scan_not_asked"  # nobody pressed the button, so no picture is looked at
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    UNREADABLE_PHOTO = "unreadable_photo"
    FACES_NOT_USED_HERE = "faces_not_used_here"
    FACES_TOO_LONG_OFFLINE = "faces_too_long_offline"
    WRONG_PIN = "wrong_pin"  # or a number that nobody has: never told apart
    UNREADABLE_PIN = "unreadable_pin"
    KEYPAD_WAITS = "keypad_waits"
    PINS_NOT_USED_HERE = "pins_not_used_here"
    UNKNOWN_CODE = "unknown_code"  # signed by our site, but not for this gate, or ended since
    UNREADABLE_CODE = "unreadable_code"
    FOREIGN_CODE = "foreign_code"
    CODE_RAN_OUT = "code_ran_out"
    CODE_NOT_YET = "code_not_yet"
    CODE_USED = "code_used"
    CODES_NOT_USED_HERE = "codes_not_used_here"
    TOO_LONG_OFFLINE = "too_long_offline"
    LOCKED_DOWN = "locked_down"  # visitors' passes only
    CANNOT_RECORD = "cannot_record"
    OUTSIDE_HOURS = "outside_hours"
    NOT_YET_VALID = "not_yet_valid"
    NO_LONGER_VALID = "no_longer_valid"
    BESIDE = "beside_the_old_controller"
    NOT_PAIRED = "not_paired"
    REVOKED = "revoked"
    OPENED_BY_STAFF = "opened_by_staff"  # opens
    EMERGENCY = "emergency"  # opens, for everybody


@dataclass(frozen=True)
class Today:
    """What holds at this gate for everybody alike, beside their hours."""

    calendar: Mapping[date, int] = field(default_factory=dict)  # days that count as another day of the week
    locked_down_until: datetime | None = None
    leaving: bool = False  # whoever shows this is on the way out

    def weekday(self, day: date) -> int:
        return self.calendar.get(day, day.isoweekday())

    def stops_passes(self, now: datetime) -> bool:
        return not self.leaving and self.locked_down_until is not None and now < self.locked_down_until


ORDINARY = Today()


@dataclass(frozen=True)
class Window:
    """When a credential works, in the gate's local time. `until` at or before `since` wraps past midnight."""

    days: frozenset[int]  # ISO weekdays, 1 is Monday; a window that wraps belongs to the day it starts on
    since: time = MIDNIGHT
    until: time = MIDNIGHT
    valid_from: datetime | None = None
    valid_until: datetime | None = None  # exclusive


@dataclass(frozen=True)
class Card:
    credential: str
    digest: str
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Match:
    """Whom a face may be, and how far it is from the template: Euclidean, between dlib encodings."""

    distance: float
    credential: str
    windows: tuple[Window, ...]
    holder: str | None = None  # whose PIN goes with it, where a face is asked for more


@dataclass(frozen=True)
class Ticket:
    """A row for a PIN, a QR code or a visitor's pass."""

    credential: str
    kind: str
    windows: tuple[Window, ...]
    verifier: str | None = None
    once: bool = False


@dataclass(frozen=True)
class Spend:
    """What is to be written down as used before the door opens, and how long that must be remembered."""

    key: str
    until: datetime


@dataclass(frozen=True)
class Contact:
    """What a way in with an offline life needs to know. `last_sync`: when the site last answered, None if it never did."""

    last_sync: datetime | None
    offline_hours: float

    def is_fresh(self, now: datetime) -> bool:
        # A clock set back would make the last sync lie in the future and the offline life endless.
        return self.last_sync is not None and -timedelta(minutes=10) <= now - self.last_sync <= timedelta(
            hours=self.offline_hours
        )


@dataclass(frozen=True)
class Decision:
    open: bool
    reason: Reason
    credential: str | None = None
    kind: str = ""  # of the credential, where a keypad or a scanner takes several
    spend: Spend | None = None
    wait: int = 0  # seconds, of a keypad that waits
    holders: frozenset[str] = frozenset()  # one of these is asked for a card or a PIN as well


def decide_card(
    *, digest: str, cards: Iterable[Card], now: datetime, time_zone: ZoneInfo, today: Today = ORDINARY
) -> Decision:
    """Never asks how old the copy is. Of several rows for one number, one that opens suffices."""
    decision = Decision(False, Reason.UNKNOWN_CARD)
    for card in cards:
        if card.digest == digest:
            decision = _by_hours(card.credential, card.windows, now, time_zone, today)
            if decision.open:
                break
    return decision


def decide_pin(
    *,
    pin: str,
    tickets: Iterable[Ticket],
    now: datetime,
    time_zone: ZoneInfo,
    contact: Contact,
    today: Today = ORDINARY,
) -> Decision:
    """`tickets`: the rows that the typed number finds, or those of whoever a face was asked for more.

    A wrong PIN names nobody, and takes one hash in any case.
    """
    found = list(tickets)
    right = [each for each in found if each.verifier and keypad.is_right(each.verifier, pin)]
    if not found:
        keypad.is_right(keypad.nobodys(), pin)
    decision = Decision(False, Reason.WRONG_PIN)
    for ticket in right:
        decision = _by_ticket(ticket, now, time_zone, contact, today)
        if decision.open:
            break
    return decision


def decide_code(
    *,
    token: Token,
    ticket: Ticket | None,
    now: datetime,
    time_zone: ZoneInfo,
    contact: Contact,
    today: Today = ORDINARY,
) -> Decision:
    """`token`: read, and signed by our site. `ticket`: the row that it names, if this device has one.

    A resident's token is spent by its serial; a pass that opens once is spent itself, by code or by keypad.
    """

    def refused(reason: Reason) -> Decision:
        return Decision(False, reason, token.credential, token.kind)

    if ticket is None or ticket.kind != token.kind:
        return refused(Reason.UNKNOWN_CODE)
    if now < token.issued - SKEW:
        return refused(Reason.CODE_NOT_YET)
    if now >= token.expires + SKEW:
        return refused(Reason.CODE_RAN_OUT)
    decision = _by_ticket(replace(ticket, once=ticket.once or token.once), now, time_zone, contact, today)
    if decision.open and token.kind == QR:
        key = f"{token.credential}:{token.serial.hex()}"
        return replace(decision, spend=Spend(key, token.expires + SKEW))
    return decision


def _by_ticket(ticket: Ticket, now: datetime, zone: ZoneInfo, contact: Contact, today: Today) -> Decision:
    # A PIN is what remains to somebody without a card: like a card, it never asks how old the copy is (law 13).
    if ticket.kind != PIN and not contact.is_fresh(now):
        return Decision(False, Reason.TOO_LONG_OFFLINE, ticket.credential, ticket.kind)
    if ticket.kind == PASS and today.stops_passes(now):
        return Decision(False, Reason.LOCKED_DOWN, ticket.credential, ticket.kind)
    decision = replace(_by_hours(ticket.credential, ticket.windows, now, zone, today), kind=ticket.kind)
    if decision.open and ticket.kind == PASS and ticket.once:
        ends = [window.valid_until for window in ticket.windows if window.valid_until is not None]
        return replace(decision, spend=Spend(ticket.credential, max(ends, default=now + SPENT_FOR)))
    return decision


def decide_face(
    *,
    near: Sequence[Match],
    now: datetime,
    time_zone: ZoneInfo,
    faces_used_here: bool,
    last_sync: datetime | None,
    offline_hours: float,
    threshold: float = FACE_DISTANCE,
    today: Today = ORDINARY,
    second_factor: bool = False,
) -> Decision:
    """`near`: the nearest first. `last_sync` is when the site last answered, None if it never did.

    With `second_factor` a face opens nothing by itself: it says whose card or PIN is to follow, of one or of look-alikes.
    """
    refused = faces_refused(
        now=now,
        faces_used_here=faces_used_here,
        last_sync=last_sync,
        offline_hours=offline_hours,
    )
    if refused is not None:
        return Decision(False, refused)
    if not near or not near[0].distance < threshold:
        return Decision(False, Reason.UNKNOWN_FACE)
    alike = [each for each in near if each.distance < min(threshold, near[0].distance + AMBIGUOUS_WITHIN)]
    holders = frozenset(each.holder for each in alike if second_factor and each.holder)
    if len(alike) > 1:
        return Decision(False, Reason.AMBIGUOUS_FACE, holders=holders)
    decision = _by_hours(near[0].credential, near[0].windows, now, time_zone, today)
    if decision.open and second_factor:
        # Whose face it was is not written down: nobody has come in by it.
        return Decision(False, Reason.SECOND_FACTOR, holders=holders)
    return decision


def faces_refused(
    *,
    now: datetime,
    faces_used_here: bool,
    last_sync: datetime | None,
    offline_hours: float,
) -> Reason | None:
    """Why no face is looked at just now, or None. Asked before the camera's frame is even decoded."""
    if not faces_used_here:
        return Reason.FACES_NOT_USED_HERE
    if not Contact(last_sync, offline_hours).is_fresh(now):
        return Reason.FACES_TOO_LONG_OFFLINE
    return None


def _by_hours(
    credential: str, windows: Sequence[Window], now: datetime, zone: ZoneInfo, on: Today = ORDINARY
) -> Decision:
    reason = Reason.OUTSIDE_HOURS
    for window in windows:
        refused = _outside(window, now, zone, on)
        if refused is None:
            return Decision(True, Reason.ALLOWED, credential)
        # Dates say more than hours: "your card ended in May" helps, "not at this hour" misleads.
        if refused is not Reason.OUTSIDE_HOURS and len(windows) == 1:
            reason = refused
    return Decision(False, reason, credential)


def _outside(window: Window, now: datetime, zone: ZoneInfo, on: Today) -> Reason | None:
    if window.valid_from is not None and now < window.valid_from:
        return Reason.NOT_YET_VALID
    if window.valid_until is not None and now >= window.valid_until:
        return Reason.NO_LONGER_VALID
    local = now.astimezone(zone)
    clock = local.time()
    begins_today = on.weekday(local.date()) in window.days
    if window.since == window.until == MIDNIGHT:
        inside = begins_today
    elif window.since < window.until:
        inside = begins_today and window.since <= clock < window.until
    else:
        # The night belongs to the day it began on, whatever that one counts as.
        began_yesterday = on.weekday(local.date() - timedelta(days=1)) in window.days
        inside = (begins_today and clock >= window.since) or (began_yesterday and clock < window.until)
    return None if inside else Reason.OUTSIDE_HOURS
