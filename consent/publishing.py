"""Publishing a form: complete in both languages, hashed, and from then on unchangeable (obligations 7, 13, 20, 36)."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from django.db import transaction

from consent.models import Form, FormText, Purpose
from ledger.record import record
from residents.models import Neighborhood, User


class FormIncomplete(ValueError):
    """`missing` lists what a notice must say and this one does not, as "language.part" or "part"."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


def missing_parts(form: Form) -> list[str]:
    """What keeps this form from being published; nothing when it may be."""
    missing = [name for name in ("controller_name", "controller_contact") if not getattr(form, name).strip()]
    missing += [name for name in ("retention_days", "life_days") if getattr(form, name) is None]
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
def publish(*, form: Form, by: User, at: datetime) -> Form:
    """Put the form in force and the one before it out of force.

    Raises: FormIncomplete
    """
    form = Form.objects.select_for_update().get(pk=form.pk)
    if form.state != Form.State.DRAFT:
        return form
    if missing := missing_parts(form):
        raise FormIncomplete(missing)
    in_force = Form.objects.select_for_update().filter(
        neighborhood=form.neighborhood, purpose=form.purpose, state=Form.State.PUBLISHED
    )
    in_force.update(state=Form.State.SUPERSEDED, superseded_at=at)
    form.state = Form.State.PUBLISHED
    form.content_hash = content_hash(form)
    form.published_at, form.published_by = at, by
    form.save()
    record(
        kind="form.published",
        subject=form.pk,
        neighborhood=form.neighborhood_id,
        payload={"version": form.version, "hash": bytes(form.content_hash).hex(), "by": str(by.pk)},
    )
    return form


@transaction.atomic
def retire(*, neighborhood: Neighborhood, purpose: Purpose, by: User, at: datetime) -> bool:
    """Put the form out of force with none after it: nobody can say yes any more, and each yes ends (`retention.py`).

    False if none was in force. To ask again takes a new version.
    """
    in_force = (
        Form.objects.select_for_update()
        .filter(neighborhood=neighborhood, purpose=purpose, state=Form.State.PUBLISHED)
        .first()
    )
    if in_force is None:
        return False
    Form.objects.filter(pk=in_force.pk).update(state=Form.State.SUPERSEDED, superseded_at=at)
    record(
        kind="form.retired",
        subject=in_force.pk,
        neighborhood=neighborhood.pk,
        payload={"version": in_force.version, "by": str(by.pk)},
    )
    return True


def content_hash(form: Form) -> bytes:
    """SHA-256 over everything the form says: JSON with sorted keys, no spaces, in UTF-8."""
    content = {
        "purpose": form.purpose,
        "version": form.version,
        "neighborhood": str(form.neighborhood_id),
        "controller_name": form.controller_name,
        "controller_contact": form.controller_contact,
        "retention_days": form.retention_days,
        "life_days": form.life_days,
        "texts": {
            text.language: {part: getattr(text, part) for part in FormText.NOTICE}
            for text in form.texts.all()
        },
    }
    spelled = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(b"linmen consent form v1\0" + spelled).digest()
