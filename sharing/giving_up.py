"""A recipient that does not exist any more, or will not answer: two of those who decide on sharing say so (obligation 9).

What it was to delete is then closed, which is not gone; see `residents.closing`. Its signature still counts, should it come.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from residents import closing
from residents.closing import ClosingRefused
from residents.models import Closing, User
from sharing import joining, recalls
from sharing.models import Recall, Recipient


@transaction.atomic
def say(*, recall: Recall, reason: Closing.Reason, words: str, by: User, at: datetime) -> Closing:
    """What became of it, once its time to answer is over. Raises: ClosingRefused, OutOfOffice"""
    _insist(recall, by, at)
    # As a confirmation takes them: either it finds this said, or this finds it confirmed.
    recipient = recall.copy.disclosure.request.recipient_id
    Recipient.objects.select_for_update(of=("self",), no_key=True).get(pk=recipient)
    held = Recall.objects.get(pk=recall.pk)
    if recalls.is_confirmed(held):
        raise ClosingRefused("confirmed")
    if reason == Closing.Reason.SILENT and not recalls.is_late(held, at):
        raise ClosingRefused("early")
    return closing.say(
        kind=Closing.Kind.RECIPIENT,
        what=recall.pk,
        neighborhood=recall.neighborhood,
        reason=reason,
        words=words,
        by=by,
        at=at,
    )


@transaction.atomic
def answer(*, recall: Recall, agreed: bool, by: User, at: datetime) -> int:
    """By another of them. How many places are closed by it. Raises: ClosingRefused, OutOfOffice"""
    _insist(recall, by, at)
    said = standing(recall)
    if said is None:
        raise ClosingRefused("nothing")
    return closing.answer(closing=said, agreed=agreed, by=by, at=at)


def standing(recall: Recall) -> Closing | None:
    return closing.standing(kind=Closing.Kind.RECIPIENT, what=recall.pk)


def _insist(recall: Recall, by: User, at: datetime) -> None:
    joining.insist(by, recall.copy.disclosure.request.recipient, at, joining.DECIDES)
