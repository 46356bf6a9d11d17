"""The next version of a form, to be worked on until a second reader has it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max

from consent.models import (
    MODALITY,
    Category,
    Form,
    FormText,
    Method,
    PlainWay,
    Purpose,
    Storage,
    WayOut,
)
from residents.models import Neighborhood, User

# What each purpose does as this software does it. A first draft begins with it; nothing is decided by that.
AS_BUILT: dict[Purpose, dict[str, Any]] = {
    Purpose.FACE_AT_GATE: {
        "method": Method.COMPARED_AT_GATE,
        "categories": [Category.PHOTO, Category.TEMPLATE],
        "storage": [Storage.DEVICE],
    },
    Purpose.PHOTO_OVER_INTERNET: {
        "method": Method.SENT_ENCRYPTED,
        "categories": [Category.PHOTO],
        "storage": [Storage.SERVER],
    },
    Purpose.TEMPLATE_ON_SERVER: {
        "method": Method.KEPT_ON_SERVER,
        "categories": [Category.TEMPLATE],
        "storage": [Storage.SERVER],
    },
}
ALWAYS: dict[str, Any] = {"ways_in": [PlainWay.CARD], "ways_out": [WayOut.PORTAL, WayOut.DESK]}

# What the next version begins with.
CARRIED = [
    field.attname
    for field in Form._meta.concrete_fields
    if field.name not in (*Form.ABOUT_THE_VERSION, "neighborhood", "purpose", "modality")
]


@transaction.atomic
def begin(*, neighborhood: Neighborhood, purpose: str, by: User) -> Form:
    """A draft with the next number and all that the version before said. Both languages are there to fill.

    Raises: django.db.IntegrityError when two are begun in the same moment
    """
    versions = Form.objects.filter(neighborhood=neighborhood, purpose=purpose)
    before = versions.order_by("-version").first()
    newest: int = versions.aggregate(newest=Max("version"))["newest"] or 0
    said = (
        {name: getattr(before, name) for name in CARRIED} if before else AS_BUILT[Purpose(purpose)] | ALWAYS
    )
    form = Form.objects.create(
        neighborhood=neighborhood,
        purpose=purpose,
        modality=MODALITY[Purpose(purpose)],
        version=newest + 1,
        drafted_by=by,
        **said,
    )
    for each in before.recipients.all() if before else ():
        each.pk, each.form, each._state.adding = None, form, True
        each.save()
    words = {text.language: text for text in before.texts.all()} if before else {}
    for language in FormText.Language.values:
        text = words.get(language)
        FormText.objects.create(
            form=form,
            language=language,
            **{part: getattr(text, part) for part in FormText.NOTICE if text is not None},
        )
    return form
