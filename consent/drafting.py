"""The next version of a form, to be worked on until it is published."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from consent.models import Form, FormText
from residents.models import Neighborhood


@transaction.atomic
def begin(*, neighborhood: Neighborhood, purpose: str) -> Form:
    """A draft with the next number and, where there was a version before, its words. Both languages are there to fill.

    Raises: django.db.IntegrityError when two are begun in the same moment
    """
    versions = Form.objects.filter(neighborhood=neighborhood, purpose=purpose)
    before = versions.order_by("-version").first()
    newest: int = versions.aggregate(newest=Max("version"))["newest"] or 0
    form = Form.objects.create(
        neighborhood=neighborhood,
        purpose=purpose,
        version=newest + 1,
        controller_name=before.controller_name if before else "",
        controller_contact=before.controller_contact if before else "",
        retention_days=before.retention_days if before else None,
        life_days=before.life_days if before else None,
    )
    words = {text.language: text for text in before.texts.all()} if before else {}
    for language in FormText.Language.values:
        text = words.get(language)
        FormText.objects.create(
            form=form,
            language=language,
            **{part: getattr(text, part) for part in FormText.NOTICE if text is not None},
        )
    return form
