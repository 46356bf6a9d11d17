"""Votes of the owners in words: where a meeting stands, what came of a topic, and why something cannot be done."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from committees.models import Meeting, Outcome, Topic

REFUSED = {
    # calling
    "too_soon": gettext_lazy(
        "The first day of voting is too near: there are 15 days before a regular meeting, and 7 before an interim one."
    ),
    "window": gettext_lazy("A vote is open for 5 to 60 days, its first and its last day included."),
    "no_topics": gettext_lazy("There is no question yet."),
    "too_many": gettext_lazy("There is no room for one more."),
    "no_area": gettext_lazy(
        "Some dwellings have no area on the register. Votes are weighed by it: bring it in with a list, or write it on the page of"
        " the dwelling."
    ),
    "no_owners": gettext_lazy("Nobody on the register owns a dwelling here."),
    "too_few": gettext_lazy(
        "Among so few votes none is secret. Elect on paper at a meeting, outside this system; other questions can be asked openly"
        " here, if “secret vote” is not ticked."
    ),
    "noticed": gettext_lazy("Notice was given already; nothing of it changes any more."),
    "not_noticed": gettext_lazy("Notice has not been given yet."),
    "called_off": gettext_lazy("This meeting was called off."),
    "counted": gettext_lazy("This vote was counted already."),
    "over": gettext_lazy("The last day of voting is over: it is counted now, and not called off any more."),
    # handing in
    "not_open": gettext_lazy(
        "Votes are not taken in at this time, only from the first day of voting to the last: both stand on the page of this vote."
    ),
    "not_yours": gettext_lazy("This vote is not yours to hand in."),
    "named_another": gettext_lazy(
        "All owners of this dwelling have named somebody else to vote for it. That changes once all of them have named another."
    ),
    "minor": gettext_lazy("Who is under 18 does not vote here: their guardian votes on paper, at the desk."),
    "handed_in": gettext_lazy("This vote was handed in already. It stands, and no other one counts."),
    "unanswered": gettext_lazy("Answer each question."),
    # paper
    "no_owner": gettext_lazy("Nobody on the register owns it, so nobody votes for it."),
    "proxy": gettext_lazy("A second of the staff has to read this proxy first."),
    "concerned": gettext_lazy(
        "You own this dwelling, or vote for it yourself. Another of the staff has to do this."
    ),
    "gave_out": gettext_lazy(
        "You gave this ballot out yourself. Somebody else of the staff has to take it in; you can read it afterwards."
    ),
    "not_taken_in": gettext_lazy("This ballot was not taken in yet."),
    "same": gettext_lazy("You were the first. Somebody else has to be the second."),
    "settled": gettext_lazy("Two have read this ballot alike already."),
    "not_apart": gettext_lazy("Two have to read it before it can be read anew."),
    "is_owner": gettext_lazy("An owner needs no proxy for their own dwelling."),
    "already": gettext_lazy("There is a proxy for this dwelling already."),
    "read": gettext_lazy("Two have read this proxy already."),
    "holder_minor": gettext_lazy(
        "Who votes for somebody else is of age. Somebody else has to hold this proxy."
    ),
    # whatever the database alone has seen
    "changed": gettext_lazy(
        "Nothing was written: something changed meanwhile, or a rule of the house stands against it. Load this page again and see"
        " how it stands; if it stays so, ask somebody else of the staff."
    ),
    # counting
    "not_over": gettext_lazy("The last day of voting is not over yet."),
    "unsettled": gettext_lazy("Some ballots on paper were not read alike by two yet."),
    "urn": gettext_lazy(
        "What is in the urn does not agree with the ballots that were handed in. Nothing was counted: tell the operator, and touch"
        " nothing."
    ),
}
REFUSED["too_many_proxies"] = gettext_lazy(
    "This person votes for as many others as the notice allows already."
)


def square_metres(area: int) -> str:
    """From whole square centimetres, exactly."""
    exact = (Decimal(area) / 10_000).normalize()
    places = max(0, -int(exact.as_tuple().exponent))
    return _("%(area)s m²") % {"area": number_format(exact, decimal_pos=places, force_grouping=True)}


def state(meeting: Meeting, on: date) -> dict[str, str]:
    """Where it stands, as a code and in words."""
    if meeting.called_off_at is not None:
        return {"code": "off", "words": _("Called off")}
    if meeting.noticed_at is None:
        return {"code": "draft", "words": _("Draft")}
    if hasattr(meeting, "result"):
        return {"code": "counted", "words": _("Counted")}
    if on < meeting.opens_on:
        return {"code": "coming", "words": _("Announced")}
    if meeting.is_open(on):
        return {"code": "open", "words": _("Open")}
    return {"code": "over", "words": _("Being counted")}


def line(meeting: Meeting, on: date) -> dict[str, Any]:
    return {
        "pk": meeting.pk,
        "title": meeting.title,
        "kind": meeting.get_kind_display(),
        "opens_on": meeting.opens_on,
        "closes_on": meeting.closes_on,
        "state": state(meeting, on),
    }


def needed(topic: Topic) -> str:
    """What it takes, by the law."""
    if topic.threshold.reaches:
        return _(
            "Two thirds of all votes and of all area must take part, and three quarters of both among these say yes."
        )
    return _(
        "Two thirds of all votes and of all area must take part, and more than half of both among these say yes."
    )


def outcome(found: Outcome, meeting: Meeting) -> dict[str, Any]:
    assert meeting.roll_area is not None
    untold = _("not opened")
    return {
        "topic": found.topic,
        "passed": found.passed,
        "is_opened": found.is_opened,
        "needed": needed(found.topic),
        "rows": [
            {
                "label": _("Votes"),
                "roll": meeting.roll_heads,
                "took": found.heads,
                "yes": untold if found.yes_heads is None else found.yes_heads,
            },
            {
                "label": _("Area"),
                "roll": square_metres(meeting.roll_area),
                "took": square_metres(found.area),
                "yes": untold if found.yes_area is None else square_metres(found.yes_area),
            },
        ],
    }
