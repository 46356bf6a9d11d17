"""A form on its way: drafted by one person, read and put into force by another, out of force when another replaces it.

Complete in both languages, fair in its terms, hashed, and from then on unchangeable (obligations 7, 13, 20, 36). What a new
version is beside the one before is computed. Something else is asked: every yes before ends, and each who had said yes is
told once. Only other words: the yeses stand, and each who had said yes is told once. Who had said no is told nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from consent import enabling, terms
from consent.content import changed_parts, content_hash
from consent.models import IN_FORCE, Form, FormText, ImpactAssessment, Modality, Notice, Purpose, Standing
from ledger.record import record
from residents import notifying
from residents.models import Neighborhood, User
from residents.one_person import is_one_person


class FormIncomplete(ValueError):
    """`missing` lists what a notice must say and this one does not, as "language.part" or "part"."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class NotInHand(Exception):
    """The form is not with a second reader: it was sent back, or somebody else has published it."""


class Overtaken(Exception):
    """A later version was published while this one was written: what is asked does not go back to it."""


class SameReader(Exception):
    """Whoever handed a form to a second reader is not that reader, under another account neither."""


class MoreThanWords(ValueError):
    """Marked as a change of words only, and more has changed: `parts`, by the names of the fields."""

    def __init__(self, parts: list[str]) -> None:
        super().__init__(", ".join(parts))
        self.parts = parts


# What must be there as data, words aside.
FILLED = ("controller_name", "controller_kind", "controller_address", "controller_contact", "method")
LISTED = ("categories", "storage", "ways_out")
COUNTED = ("retention_days", "life_days")


def missing_parts(form: Form) -> list[str]:
    """What a notice must say and this one does not; nothing when it is whole."""
    missing = [name for name in FILLED if not getattr(form, name).strip()]
    missing += [name for name in LISTED if not getattr(form, name)]
    missing += [name for name in COUNTED if getattr(form, name) is None]
    if form.life_days == 0:
        missing.append("life_days")
    texts = {text.language: text for text in form.texts.all()}
    for language in FormText.Language.values:
        text = texts.get(language)
        missing += [
            f"{language}.{part}"
            for part in FormText.NOTICE
            if text is None or not getattr(text, part).strip()
        ]
    return missing


@transaction.atomic
def submit(*, form: Form, by: User, at: datetime) -> Form:
    """Hand a draft to a second reader. From now on its words stand still.

    Raises: FormIncomplete, terms.Refused, MoreThanWords, NotInHand
    """
    form = Form.objects.select_for_update().get(pk=form.pk)
    if form.state != Form.State.DRAFT:
        raise NotInHand
    _insist_on_rules(form)
    form.state, form.submitted_by, form.submitted_at = Form.State.READING, by, at
    form.save(update_fields=["state", "submitted_by", "submitted_at"])
    _record("form.submitted", form, by)
    return form


@transaction.atomic
def send_back(*, form: Form, by: User, at: datetime) -> Form:
    """Back to the draft: the second reader wants changes, or the first one does.

    Raises: NotInHand
    """
    form = Form.objects.select_for_update().get(pk=form.pk)
    if form.state != Form.State.READING:
        raise NotInHand
    form.state, form.submitted_by, form.submitted_at = Form.State.DRAFT, None, None
    form.save(update_fields=["state", "submitted_by", "submitted_at"])
    _record("form.sent_back", form, by)
    return form


@transaction.atomic
def publish(*, form: Form, by: User, at: datetime, read: str | None = None) -> Form:
    """The second reader puts the form in force. Whoever says yes at this moment has said it to the version before.

    `read` is the check number of what they read: sent back and handed in anew meanwhile, it is read anew.

    Raises: NotInHand, SameReader, Overtaken, FormIncomplete, terms.Refused, MoreThanWords
    """
    _one_at_a_time(form.neighborhood_id, form.purpose)
    form = Form.objects.select_for_update().get(pk=form.pk)
    if form.state != Form.State.READING or (read is not None and read != check_number(form)):
        raise NotInHand
    if is_one_person(form.submitted_by_id, by.pk):
        raise SameReader
    before = _in_force(form.neighborhood_id, form.purpose)
    if _is_overtaken(form):
        raise Overtaken
    _insist_on_rules(form)
    form.change = _change(form, before)
    told = _tell(form, before, at)
    if form.change == Form.Change.EDITORIAL:
        Form.objects.filter(pk=before[-1].pk).update(state=Form.State.REWORDED)
    else:
        _supersede(before, at)
    if form.change == Form.Change.MATERIAL:
        enabling.make_stale(
            neighborhood=form.neighborhood,
            because=ImpactAssessment.Because.FORM_CHANGED,
            at=at,
            modality=Modality(form.modality),
            assessed_before=form.submitted_at,
        )
    form.state, form.content_hash = Form.State.PUBLISHED, content_hash(form)
    form.published_at, form.published_by = at, by
    form.save(update_fields=["state", "change", "content_hash", "published_at", "published_by"])
    _record("form.published", form, by, change=str(form.change), told=told)
    return form


@transaction.atomic
def retire(*, neighborhood: Neighborhood, purpose: Purpose, by: User, at: datetime) -> bool:
    """Put the form out of force with none after it: nobody can say yes any more, and each yes ends (`retention.py`).

    False if none was in force. To ask again takes a new version.
    """
    _one_at_a_time(neighborhood.pk, purpose)
    in_force = _in_force(neighborhood.pk, purpose)
    if not in_force:
        return False
    _supersede(in_force, at)
    _record("form.retired", in_force[-1], by)
    return True


def in_force_before(form: Form) -> Form | None:
    """The published version that this draft would replace."""
    return Form.objects.filter(
        neighborhood_id=form.neighborhood_id, purpose=form.purpose, state=Form.State.PUBLISHED
    ).first()


def check_number(form: Form) -> str:
    """What stands in it now, and what it is meant to be, for whoever has it on a screen."""
    return f"{content_hash(form).hex()}{'w' if form.only_words else ''}"


def _one_at_a_time(neighborhood: UUID, purpose: str) -> None:
    """Every version, in their order: publishers take turns, and a yes to any of them is waited for until it is written."""
    versions = Form.objects.filter(neighborhood=neighborhood, purpose=purpose).order_by("version")
    list(versions.select_for_update().values_list("pk"))


def _in_force(neighborhood: UUID, purpose: str) -> list[Form]:
    """Asked once the turn is ours: what the one before us left."""
    found = Form.objects.filter(neighborhood=neighborhood, purpose=purpose, state__in=IN_FORCE)
    return list(found.order_by("version"))


def _is_overtaken(form: Form) -> bool:
    later = Form.objects.filter(
        neighborhood_id=form.neighborhood_id, purpose=form.purpose, version__gt=form.version
    )
    return later.filter(published_at__isnull=False).exists()


def _insist_on_rules(form: Form) -> None:
    if rules := terms.broken_by(form):
        raise terms.Refused(rules)
    if missing := missing_parts(form):
        raise FormIncomplete(missing)
    before = in_force_before(form)
    if form.only_words and before is None:
        raise MoreThanWords([])
    if form.only_words and before is not None and (parts := changed_parts(before, form)):
        raise MoreThanWords(parts)


def _change(form: Form, before: list[Form]) -> Form.Change:
    if not before:
        return Form.Change.FIRST
    if form.only_words and not changed_parts(before[-1], form):
        return Form.Change.EDITORIAL
    return Form.Change.MATERIAL


def _supersede(forms: Iterable[Form], at: datetime) -> None:
    Form.objects.filter(pk__in=[form.pk for form in forms]).update(
        state=Form.State.SUPERSEDED, superseded_at=at
    )


def _tell(form: Form, before: list[Form], at: datetime) -> int:
    """One notice for each who had said yes, and none for anybody else. How many."""
    said_yes = Standing.objects.filter(decision__form__in=before, expires_at__gt=at)
    editorial = form.change == Form.Change.EDITORIAL
    notices = [
        Notice(
            neighborhood_id=form.neighborhood_id,
            resident_id=resident,
            kind=Notice.Kind.FORM_REWORDED if editorial else Notice.Kind.FORM_CHANGED,
            purpose=form.purpose,
            form=form,
            at=at,
        )
        for resident in said_yes.values_list("resident", flat=True)
    ]
    Notice.objects.bulk_create(notices, batch_size=1000)
    # Those alone: whoever had said no is told nothing by any way (law 5). And nobody on paper, or the desk would see on
    # its sheet who had said yes.
    notifying.tell(
        neighborhood=form.neighborhood,
        residents=[notice.resident_id for notice in notices],
        topic=notifying.Topic.DATA,
        at=at,
        on_paper=False,
    )
    return len(notices)


def _record(kind: str, form: Form, by: User, **also: str | int) -> None:
    said = {"version": form.version, "hash": bytes(form.content_hash or b"").hex() or None, "by": by.pk}
    record(kind=kind, subject=form.pk, neighborhood=form.neighborhood_id, payload={**said, **also})
