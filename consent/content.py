"""What a form says, in one spelling: what is hashed, and what is compared between versions (obligation 7)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from consent.models import Form, FormText

TAG = b"linmen consent form v2\0"


def structure(form: Form) -> dict[str, Any]:
    """Everything that a form says as data. The database spells the same in `consent_form_structure`."""
    said = {
        field.name: getattr(form, field.attname)
        for field in Form._meta.concrete_fields
        if field.name not in Form.ABOUT_THE_VERSION
    }
    said["neighborhood"] = str(form.neighborhood_id)
    recipients = form.recipients.order_by("name").values(
        "name", "contact", "what_for", "method", "categories"
    )
    return said | {"recipients": list(recipients)}


def changed_parts(before: Form, after: Form) -> list[str]:
    """The names of what is not the same as data. Empty where only words differ."""
    old, new = structure(before), structure(after)
    return [name for name in new if old[name] != new[name]]


def content(form: Form) -> dict[str, Any]:
    """All that the form says: its data, its version, and its words in each language."""
    texts = {
        text.language: {part: getattr(text, part) for part in FormText.NOTICE} for text in form.texts.all()
    }
    return structure(form) | {"version": form.version, "texts": texts}


def content_hash(form: Form) -> bytes:
    """SHA-256 over the tag and everything the form says: JSON with sorted keys, no spaces, in UTF-8."""
    spelled = json.dumps(content(form), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(TAG + spelled.encode()).digest()
