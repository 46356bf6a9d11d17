"""What a person takes home: one file with everything the ledger holds about them, checked by verify.py without us.

A slip for each decision, an account of each look-up and each thing that was given (what the person is shown of it, beside
the proof of what was written down), the bare proof of everything else; the newest checkpoint; and verify.py itself.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from consent import receipts
from consent.decisions import KIND
from consent.models import Decision
from ledger import bundles, checkpoints, verify
from ledger.models import Entry
from residents.models import LookUp, Resident
from sharing.models import DisclosedRow

SCHEMA = "linmen-account/1"
Json = dict[str, Any]


def everything(*, resident: Resident, at: datetime) -> bytes:
    """A ZIP. At most some forty queries, one for each form decided about, and those of `ledger.bundles` for each two
    hundred entries."""
    files = {**_receipts(resident), **_accounts(resident)}
    checkpoint = checkpoints.newest()
    if checkpoint is not None:
        files["checkpoint.txt"] = checkpoints.note(checkpoint).encode()
    files["verify.py"] = Path(verify.__file__).read_bytes()
    files[receipts.CONTEXT.name] = receipts.CONTEXT.read_bytes()
    files["README.txt"] = _readme(files, at)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, content in files.items():
            folder.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def spelled(document: Json) -> bytes:
    """For people's eyes; what is signed is another spelling (`ledger.jcs`)."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _receipts(resident: Resident) -> dict[str, bytes]:
    decided = list(Decision.objects.filter(resident=resident).order_by("at"))
    provable = receipts.entries_of(decided)
    decisions = [decision for decision in decided if decision.pk in provable]
    made = receipts.receipts(decisions) if decisions else []
    return {
        f"receipts/{place:04}-{decision.purpose}-{decision.kind}.jsonld": spelled(each)
        for place, (decision, each) in enumerate(zip(decisions, made, strict=True), start=1)
    }


def _accounts(resident: Resident) -> dict[str, bytes]:
    """Every other entry about the person, in the order in which they were written."""
    entries = list(
        Entry.objects.filter(subject=resident.pk).exclude(kind=KIND).select_related("opening").order_by("pk")
    )
    shown = _looked_up(resident) | _given(resident)
    made = {}
    for place, (entry, proof) in enumerate(zip(entries, bundles.bundles(entries), strict=True), start=1):
        payload = proof["entry"].get("payload", {})
        key = (entry.kind, payload.get({"look_up": "look_up", "disclosed": "disclosure"}.get(entry.kind, "")))
        account = {"schema": SCHEMA, "shown": shown.get(key, {}), "proof": proof}
        made[f"entries/{place:04}-{entry.kind}.json"] = spelled(account)
    return made


def _looked_up(resident: Resident) -> dict[tuple[str, Any], Json]:
    """As `portal.screens.record` shows them."""
    return {
        ("look_up", str(look.pk)): {
            "what": look.what,
            "reason": look.reason,
            **({"capacity": look.capacity} if look.capacity else {}),
        }
        for look in LookUp.objects.filter(resident=resident)
    }


def _given(resident: Resident) -> dict[tuple[str, Any], Json]:
    rows = DisclosedRow.objects.filter(resident=resident, copy__handed_at__isnull=False)
    return {
        ("disclosed", str(row.copy.disclosure_id)): {
            "who": row.copy.disclosure.request.recipient.name,
            "fields": row.fields,
            "purpose": row.copy.disclosure.request.purpose,
            "purpose_en": row.copy.disclosure.request.purpose_en,
        }
        for row in rows.select_related("copy__disclosure__request__recipient")
    }


def _readme(files: Mapping[str, bytes], at: datetime) -> bytes:
    counts = {part: sum(name.startswith(f"{part}/") for name in files) for part in ("receipts", "entries")}
    said = {"at": at, "key": str(checkpoints.key()), **counts}
    return render_to_string("proof/readme.txt", said).encode()
