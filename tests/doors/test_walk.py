"""Everybody walks through every door, and sees of somebody what docs/doors.toml says, no more and no less."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from committees.models import Committee, Term
from committees.roles import ROLE_PERMISSIONS
from residents.models import User
from tests.doors.walking import OWN, Walk, allowed, listening, rows_of

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A2", "27", "31", "F24")]


def rights_of(office: str) -> object:
    kind, role = office.split(".")
    held = ROLE_PERMISSIONS[Committee.Kind(kind), Term.Role(role)]
    # What is asked of one body is not another's to read.
    return held, kind if "answer_service" in held else ""


def same_rights() -> list[list[str]]:
    """Offices, those together who hold the same rights: they are let in by the same words, so one of them walks."""
    found: dict[object, list[str]] = {}
    for kind, role in ROLE_PERMISSIONS:
        found.setdefault(rights_of(f"{kind}.{role}"), []).append(f"{kind}.{role}")
    return list(found.values())


WALKS = {
    "those who live here": ["anybody", "self", "lives with", "helped by", "other resident", "recipient"],
    "staff elsewhere": ["staff elsewhere"],
    "who runs the system": ["operator"],
    **{", ".join(offices): offices for offices in same_rights()},
}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("walkers", list(WALKS.values()), ids=list(WALKS))
def test_every_door(marked, walkers, busybody, neighbor, caplog, settings, tmp_path):
    settings.PHOTOS = tmp_path / "photos"
    users: dict[str, User | None] = {
        "anybody": None,
        "self": marked.person.user,
        "lives with": marked.partner.user,
        "helped by": neighbor.user,
        "other resident": marked.other.user,
        "recipient": marked.recipient,
        "staff elsewhere": busybody,
        **marked.offices,
    }
    walk = Walk(marked)
    caplog.set_level(logging.INFO)
    alike = "." in walkers[0]  # one office walks for all who hold its rights
    with listening() as heard:
        for who in walkers[:1] if alike else walkers:
            walk.everything(who, users[who], all_of_it=who == "operator")
    walk.look(walkers[0], "log", caplog.text)
    walk.look(walkers[0], "cache", "\n".join(heard.cached))
    walk.look(walkers[0], "messages to workers", "\n".join(heard.sent))
    if alike:
        for who in walk.seen.values():
            who |= set(walkers)
    if out := os.environ.get("DOORS_SEEN"):
        with Path(out).open("a") as f:
            f.write(json.dumps([[k[0], k[1], sorted(v)] for k, v in walk.seen.items()]) + "\n")
            f.write(json.dumps([[*k, v] for k, v in walk.shown.items()]) + "\n")
    assert not walk.broken, "it fell over:\n" + "\n".join(walk.broken)
    _compare(walk, set(walkers))


def _compare(walk: Walk, walkers: set[str]) -> None:
    may = {place: who & walkers for place, who in allowed().items()}
    more = {place: who - may.get(place, set()) for place, who in walk.seen.items()}
    less = {place: who - walk.seen.get(place, set()) for place, who in may.items()}
    more, less = ({place: who for place, who in each.items() if who} for each in (more, less))
    told = [f"{key[:2]}: {said}" for key, said in sorted(walk.shown.items()) if key[:2] in more]
    gone = {who: set(kinds) - walk.own[who] for who, kinds in OWN.items() if who in walkers}
    assert not any(gone.values()), (
        f"this is nobody's own any more: take it out of docs/doors.toml, [own]: {gone}"
    )
    assert not more, (
        "seen, and docs/doors.toml has no row for it. Either it is a leak, or put into [seen]:\n"
        + rows_of(more)
        + "\nWhat was seen:\n"
        + "\n".join(told)
    )
    assert not less, "nobody sees this any more: take it out of docs/doors.toml, [seen]:\n" + rows_of(less)
