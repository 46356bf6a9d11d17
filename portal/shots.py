"""How a visitor of the demo comes to each page of the census: as whom, and by which links. For `portal.screenshots`.

Every page of the census stands in `WAYS` or, where the demo has nothing to show on it, in `NOT_IN_THE_DEMO`; a test sees
to it.
"""

from __future__ import annotations

from dataclasses import dataclass

FACE, SEND = "face_at_gate", "photo_over_internet"
RESIDENT, GUARDIAN, CLERK, CHAIR = "resident", "song", "clerk", "chair"


@dataclass(frozen=True)
class Way:
    """Begins at `start`, presses one link after another, then goes to `beyond`, below where that leads."""

    start: str
    account: str | None = RESIDENT
    links: tuple[str, ...] = ()
    beyond: str = ""


_CHILD = ("main a[href^='/living/children/']",)

_OPEN_VOTE = "main .rows li:nth-child(1) a"

WAYS: dict[str, Way] = {
    "home": Way("/"),
    "sheet": Way("/sheet/"),
    "account": Way("/account/"),
    "messages": Way("/account/messages/"),
    "my_codes": Way("/account/codes/"),
    "my_passkeys": Way("/account/passkeys/"),
    "new_passkey": Way("/account/passkeys/new/"),  # asks for the password first
    "consents": Way("/decisions/"),
    "consent": Way(f"/decisions/{FACE}/"),
    "consent_history": Way(f"/consents/{FACE}/history/", GUARDIAN),
    "signed_form": Way(f"/consents/{FACE}/history/", GUARDIAN, ("main a[href^='/consents/forms/']",)),
    "decided_for_me": Way("/decisions/for-me/"),
    "my_gates": Way("/gates/"),
    "qr": Way("/ways/qr/"),
    "pin": Way("/ways/pin/"),
    "lost": Way("/ways/lost/"),
    "visitors": Way("/visitors/"),
    "invite": Way("/visitors/new/"),
    "courier": Way("/visitors/one-trip/"),
    "visit": Way("/visitors/", links=("main .rows a[href^='/visitors/']",)),
    "enrol": Way("/enrol/", GUARDIAN),
    "enrolment": Way("/enrol/", GUARDIAN),  # where sending the photos leads
    "erasures": Way("/deletions/", "neighbor"),
    "erasure": Way("/deletions/", "neighbor", ("main .rows a",)),
    "certificate": Way("/deletions/", "wei", ("main .rows a",)),  # where asking for it leads
    "sharing": Way("/", links=("a.button[href^='/sharing/']",)),
    "committee": Way("/committee/"),
    "notices": Way("/notices/"),
    "notice": Way("/notices/", links=("main .rows a[href^='/notices/']",)),
    "documents": Way("/notices/documents/"),
    "votes": Way("/votes/"),
    "vote": Way("/votes/", links=(_OPEN_VOTE,)),
    "vote_cast": Way("/votes/", links=(_OPEN_VOTE, "main a[href*='/cast/']")),  # asks for the password first
    "vote_result": Way("/votes/", links=("main .rows li:nth-child(2) a", "main a[href$='/result/']")),
    "services": Way("/service/"),
    "answered": Way("/service/answered/"),
    "ask_kinds": Way("/service/new/"),
    "ask_service": Way("/service/new/repair/"),
    "service": Way("/service/", links=("main .rows a[href^='/service/']",)),
    "requests": Way("/requests/"),
    "ask": Way("/requests/new/correct/"),
    "ask_for_child": Way("/living/", GUARDIAN, _CHILD, "requests/delete/"),
    "request": Way("/requests/", links=("section[aria-labelledby='asked'] .rows a",)),
    "archive": Way("/requests/archive/"),
    "after_me": Way("/requests/after/"),
    "record": Way("/record/"),
    "record_all": Way("/record/all/"),
    "record_print": Way("/record/print/"),
    "my_entries": Way("/record/entries/"),  # once the password was given again
    "sign_in_again": Way("/record/again/"),
    "my_slip": Way("/record/", GUARDIAN, ("main a[href^='/record/slips/']",)),
    "household": Way("/living/"),
    "leave": Way("/living/leave/"),
    "ask_departure": Way("/living/", links=("main a[href^='/living/ask/']",)),
    "helping": Way("/living/", links=("main a[href^='/living/helping/']",)),
    "helping_repair": Way("/living/", links=("main a[href^='/living/helping/']",), beyond="repair/"),
    "child": Way("/living/", GUARDIAN, _CHILD),
    "child_consent": Way("/living/", GUARDIAN, _CHILD, f"decisions/{FACE}/"),
    "child_sharing": Way("/", GUARDIAN, ("a.button[href^='/living/children/'][href*='/sharing/']",)),
    "child_lost": Way("/living/", GUARDIAN, _CHILD, "lost/"),
    "child_enrol": Way("/living/", GUARDIAN, _CHILD, "enrol/"),
    "sign_in": Way("/sign-in/", None),
    "sign_in_passkey": Way("/sign-in/passkey/", None),
    "claim": Way("/claim/", None),
    "recover": Way("/recover/", None),
    "faces": Way("/faces/", None),
    "faces_here": Way("/faces/", None, ("main a[href^='/faces/']",)),
    "check": Way("/check/", None),
    "log": Way("/log/", None),
    "log_sheet": Way("/log/sheet/", None),
    "retention": Way("/retention/", None),
    "who_sees_what": Way("/who-sees-what/", None),
    "obligations": Way("/obligations/", None),
    "obligation": Way("/obligations/14/", None),
    "offline": Way("/offline/", None),
    "design": Way("/design/", None),
}
NOT_IN_THE_DEMO = {
    "sign_in_code": "nobody there has switched one-time codes on",
    "check_code": "the code is of one slip, and another one in each demo",
    "child_enrolment": "faces are not enabled for children there",
    "child_erasure": "faces are not enabled for children there",
    "departure": "nobody there says of another that they do not live here any more",
}
# Of the staff, who are no part of the census.
OF_STAFF: dict[str, Way] = {
    "desk": Way("/desk/", CLERK),
    "chair": Way("/desk/", CHAIR),
    "meeting": Way("/desk/meetings/", CHAIR, ("main .rows li:nth-child(2) a",)),
    "handover": Way("/desk/handovers/", CHAIR, ("main .rows a[href^='/desk/handovers/']",)),
    "letters": Way("/desk/letters/", CLERK),
    "audit": Way("/desk/audit/", "auditor"),
    "board": Way("/desk/audit/board/", "auditor"),
    "look-up": Way(
        "/admin/residents/resident/", CLERK, ("#result_list tbody th a >> nth=0", "a[href*='look-up']")
    ),
}
# Those that README.md shows: few, so that the repository stays small.
IN_README = (
    "home.zh.1280.light",
    "home.en.390.light",
    "consent.zh.390.light",
    "record.zh.390.dark",
    "sheet.zh.390.light",
    "desk.zh.1280.light",
    "chair.zh.1280.light",
    "vote_result.en.1280.light",
    "vote_cast.zh.390.light",
    "board.zh.1280.light",
)
