"""Whether this door opens now, for this card or this face. Pure: no clock, no disk, no network.

Law 1 and law 13 live here: a card needs nothing but its own row and its hours, however old the device's copy is; a face
has an offline life, because its owner may have withdrawn since.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

# Euclidean distance between dlib encodings below which two faces are one person. Measured with HOG and the 5-point model
# on the test photographs at 800 px: one person 0.08 to 0.44, different people 0.70 to 0.90; drawn portraits in the tests.
# Not the library's 0.6: at that distance children, and East Asian faces, match one another.
FACE_DISTANCE = 0.45
# Two people's templates this close to each other, seen from one face, leave open who it is; the door then asks for a card.
AMBIGUOUS_WITHIN = 0.05

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
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    UNREADABLE_PHOTO = "unreadable_photo"
    FACES_NOT_USED_HERE = "faces_not_used_here"
    FACES_TOO_LONG_OFFLINE = "faces_too_long_offline"
    OUTSIDE_HOURS = "outside_hours"
    NOT_YET_VALID = "not_yet_valid"
    NO_LONGER_VALID = "no_longer_valid"
    BESIDE = "beside_the_old_controller"
    NOT_PAIRED = "not_paired"
    REVOKED = "revoked"


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
class FaceTemplate:
    credential: str
    encoding: Sequence[float]
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Decision:
    open: bool
    reason: Reason
    credential: str | None = None


def decide_card(*, digest: str, cards: Iterable[Card], now: datetime, time_zone: ZoneInfo) -> Decision:
    """Never asks how old the copy is. Of several rows for one number, one that opens suffices."""
    decision = Decision(False, Reason.UNKNOWN_CARD)
    for card in cards:
        if card.digest == digest:
            decision = _by_hours(card.credential, card.windows, now, time_zone)
            if decision.open:
                break
    return decision


def decide_face(
    *,
    encoding: Sequence[float],
    templates: Iterable[FaceTemplate],
    now: datetime,
    time_zone: ZoneInfo,
    faces_used_here: bool,
    last_sync: datetime | None,
    offline_hours: float,
    threshold: float = FACE_DISTANCE,
) -> Decision:
    """`last_sync` is when the site last answered, None if it never did."""
    refused = faces_refused(
        now=now,
        faces_used_here=faces_used_here,
        last_sync=last_sync,
        offline_hours=offline_hours,
    )
    if refused is not None:
        return Decision(False, refused)
    near = sorted(
        ((math.dist(encoding, t.encoding), t.credential, t.windows) for t in templates),
        key=lambda n: n[0],
    )
    if not near or not near[0][0] < threshold:
        return Decision(False, Reason.UNKNOWN_FACE)
    if len(near) > 1 and near[1][0] < threshold and near[1][0] - near[0][0] < AMBIGUOUS_WITHIN:
        return Decision(False, Reason.AMBIGUOUS_FACE)
    return _by_hours(near[0][1], near[0][2], now, time_zone)


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
    # A clock set back would make the last sync lie in the future and the offline life endless.
    if last_sync is None or not -timedelta(minutes=10) <= now - last_sync <= timedelta(hours=offline_hours):
        return Reason.FACES_TOO_LONG_OFFLINE
    return None


def _by_hours(credential: str, windows: Sequence[Window], now: datetime, zone: ZoneInfo) -> Decision:
    reason = Reason.OUTSIDE_HOURS
    for window in windows:
        refused = _outside(window, now, zone)
        if refused is None:
            return Decision(True, Reason.ALLOWED, credential)
        # Dates say more than hours: "your card ended in May" helps, "not at this hour" misleads.
        if refused is not Reason.OUTSIDE_HOURS and len(windows) == 1:
            reason = refused
    return Decision(False, reason, credential)


def _outside(window: Window, now: datetime, zone: ZoneInfo) -> Reason | None:
    if window.valid_from is not None and now < window.valid_from:
        return Reason.NOT_YET_VALID
    if window.valid_until is not None and now >= window.valid_until:
        return Reason.NO_LONGER_VALID
    local = now.astimezone(zone)
    today, clock = local.isoweekday(), local.time()
    if window.since == window.until == MIDNIGHT:
        inside = today in window.days
    elif window.since < window.until:
        inside = today in window.days and window.since <= clock < window.until
    else:
        yesterday = today - 1 or 7
        inside = (today in window.days and clock >= window.since) or (
            yesterday in window.days and clock < window.until
        )
    return None if inside else Reason.OUTSIDE_HOURS
