"""What a person takes home: one file with everything the ledger holds about them, checked by verify.py without us.

A slip for each decision, the newest certificate of each deletion, an account of each look-up and each thing that was given
(what the person is shown of it, beside the proof of what was written down), the bare proof of everything else; the newest
checkpoint; and verify.py itself.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.template.loader import render_to_string

from consent import receipts
from consent.decisions import KIND
from consent.models import Decision
from ledger import bundles, checkpoints, verify
from ledger.models import Entry
from residents import certificates
from residents.models import LookUp, Resident
from sharing import given, leak_notices

SCHEMA = "linmen-account/1"
SHEET = "disclosed.sheet"
Json = dict[str, Any]


def everything(*, resident: Resident, at: datetime) -> bytes:
    """A ZIP. At most some forty queries, one for each form decided about, and those of `ledger.bundles` for each two
    hundred entries."""
    files = {**_receipts(resident), **_certificates(resident), **_accounts(resident)}
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


def _certificates(resident: Resident) -> dict[str, bytes]:
    """The newest of each deletion, and of all of them; those that they replaced are among the entries."""
    newest = {each.order_id: each for each in resident.certificates.order_by("number")}
    return {
        f"entries/certificate-{place:04}.json": spelled(certificates.signed(each))
        for place, each in enumerate(sorted(newest.values(), key=lambda each: each.made_at), start=1)
    }


def _accounts(resident: Resident) -> dict[str, bytes]:
    """Every other entry about the person, in the order in which they were written; and of each sheet that holds a row of
    theirs the entry with its root, the row itself, and the way from the one to the other."""
    rows = given.proofs(resident)
    about = Q(subject=resident.pk) | Q(kind=SHEET, subject__in={copy for copy, _ in rows})
    entries = list(Entry.objects.filter(about).exclude(kind=KIND).select_related("opening").order_by("pk"))
    entries = [each for each in entries if each.kind != SHEET or _sheet(each) in rows]
    shown = _looked_up(resident) | _given(resident) | _told_of_leaks(resident)
    made = {}
    for place, (entry, proof) in enumerate(zip(entries, bundles.bundles(entries), strict=True), start=1):
        payload = proof["entry"].get("payload", {})
        named = {"look_up": "look_up", "disclosed": "disclosure", SHEET: "copy", "leak.told": "told"}.get(
            entry.kind, ""
        )
        account = {"schema": SCHEMA, "shown": shown.get((entry.kind, payload.get(named)), {}), "proof": proof}
        if entry.kind == SHEET:
            account["row"] = rows[_sheet(entry)]
        made[f"entries/{place:04}-{entry.kind}.json"] = spelled(account)
    return made


def _sheet(entry: Entry) -> tuple[UUID, int]:
    assert entry.subject is not None  # the copy
    number = entry.opening.payload.get("number")
    return entry.subject, number if isinstance(number, int) else 0


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
    """By the disclosure, as was written down for each person once; and by the copy."""
    shown: dict[tuple[str, Any], Json] = {}
    rows = given.shown().filter(resident=resident)
    for row in rows.select_related("copy__disclosure__request__recipient"):
        asked = row.copy.disclosure.request
        told = {"who": asked.recipient.name, "purpose": asked.purpose, "purpose_en": asked.purpose_en}
        shown["disclosed", str(row.copy.disclosure_id)] = {**told, "fields": row.fields}
        shown[SHEET, str(row.copy_id)] = told
    return shown


def _told_of_leaks(resident: Resident) -> dict[tuple[str, Any], Json]:
    """The notice word for word, beside the hash of it."""
    return {
        ("leak.told", str(said.pk)): {"words": said.notice.said, "way": said.way}
        for said in leak_notices.told_of(resident)
    }


def _readme(files: Mapping[str, bytes], at: datetime) -> bytes:
    counts = {part: sum(name.startswith(f"{part}/") for name in files) for part in ("receipts", "entries")}
    said = {"at": at, "key": str(checkpoints.key()), **counts}
    return render_to_string("proof/readme.txt", said).encode()
