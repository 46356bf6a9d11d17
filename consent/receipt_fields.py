"""What every receipt carries: the mandatory fields of ISO/IEC TS 27560 for a record and a receipt, as the W3C's guide to
them names them in DPV, and those that we add. One list: receipts are checked against it, and `docs/receipts.md` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

RECORD = "dpv:hasRecordOfActivity"
PROCESS = (RECORD, "dpv:hasProcess")
NOTICE = (RECORD, "dpv:hasNotice")
EVENT = (*PROCESS, "dpv:hasConsentStatus")
# Any of the parties, by what they are here.
CONTROLLER = (RECORD, "dpv:hasEntity", "@type=dpv:DataController")


@dataclass(frozen=True)
class Field:
    """`path` leads there through objects and lists; `@type=…` picks from a list those of that type."""

    name: str  # as TS 27560 has it
    path: tuple[str, ...]
    source: str  # where its value comes from
    ours: bool = False  # not asked for by TS 27560
    may_be_empty: bool = False  # an empty list says "none"

    @property
    def term(self) -> str:
        return self.path[-1]


FIELDS: tuple[Field, ...] = (
    Field("receipt schema version", ("dct:conformsTo",), "fixed: the receipt schema of DPV"),
    Field("receipt id", ("dpv:hasIdentifier",), "made from the decision's number"),
    Field("record schema version", (RECORD, "dct:conformsTo"), "fixed: the record schema of DPV"),
    Field("record id", (RECORD, "dpv:hasIdentifier"), "the decision's number"),
    Field(
        "PII principal id",
        (RECORD, "dpv:hasDataSubject", "dpv:hasIdentifier"),
        "the resident's number; never a name",
    ),
    Field("privacy notice", (*NOTICE, "dpv:hasIdentifier"), "the form's number"),
    Field("notice version", (*NOTICE, "dct:hasVersion"), "the form's version"),
    Field("notice hash", (*NOTICE, "linmen:contentHash"), "the form as it was decided on", ours=True),
    Field("notice as signed", (*NOTICE, "linmen:words"), "its words in the language decided in", ours=True),
    Field("notice in full", (*NOTICE, "linmen:content"), "what the hash is made over", ours=True),
    Field("language", (RECORD, "dct:language"), "the language decided in"),
    Field("purpose", (*PROCESS, "dpv:hasPurpose", "skos:broader"), "the form's purpose"),
    Field("purpose in words", (*PROCESS, "dpv:hasPurpose", "skos:prefLabel"), "the form's title", ours=True),
    Field("lawful basis", (*PROCESS, "dpv:hasLegalBasis"), "fixed: explicit consent"),
    Field("PII information", (*PROCESS, "dpv:hasPersonalData", "skos:broader"), "the form's kinds of data"),
    Field("PII controllers", (*PROCESS, "dpv:hasDataController"), "who is responsible, by the form"),
    Field("processing method", (*PROCESS, "dpv:hasProcessing"), "the form's method"),
    Field(
        "storage locations",
        (*PROCESS, "dpv:hasStorageCondition", "@type=dpv:StorageLocation", "dpv:hasLocation"),
        "the form's storage places",
    ),
    Field(
        "retention period",
        (*PROCESS, "dpv:hasStorageCondition", "@type=dpv:StorageDuration", "dpv:hasDuration", "rdf:value"),
        "the form's days after the purpose ends",
    ),
    Field("jurisdiction", (*PROCESS, "dpv:hasJurisdiction"), "fixed: China"),
    Field(
        "recipient third parties",
        (*PROCESS, "dpv:hasRecipient"),
        "the form's recipients",
        may_be_empty=True,
    ),
    Field(
        "withdrawal method", (*PROCESS, "dpv:hasConsentControl", "dpv:isExercisedAt"), "the form's ways out"
    ),
    Field("party id", (*CONTROLLER, "dpv:hasIdentifier"), "neighborhood and kind of body"),
    Field("party name", (*CONTROLLER, "dpv:hasName"), "the form"),
    Field("party address", (*CONTROLLER, "dpv:hasAddress"), "the form"),
    Field("party contact", (*CONTROLLER, "dpv:hasContact"), "the form"),
    Field("party type", (*CONTROLLER, "linmen:code"), "the form: which kind of body"),
    Field("event time", (*EVENT, "dpv:isIndicatedAtTime"), "the decision, by the database's clock"),
    Field("validity duration", (*EVENT, "dpv:hasDuration", "rdf:value"), "until when a yes is good"),
    Field("entity id", (*EVENT, "dpv:isIndicatedBy"), "who acted"),
    Field("entity capacity", (*EVENT, "linmen:capacity"), "for themself, or as whose guardian", ours=True),
    Field("event type", (*EVENT, "linmen:kind"), "given, refused, withdrawn, expired, superseded, ended"),
    Field("event route", (*EVENT, "linmen:route"), "portal, paper, clock", ours=True),
    Field("event state", (*EVENT, "@type"), "the state in DPV"),
    Field("signature", ("signature",), "the log's key, over all but this and the proof", ours=True),
    Field("proof", ("proof",), "the log", ours=True),
)


def missing(receipt: dict[str, Any]) -> list[str]:
    """The names of mandatory fields that are not there, or are empty, in any of the places where they should be."""
    return [field.name for field in FIELDS if not _there(field, receipt)]


def _there(field: Field, receipt: dict[str, Any]) -> bool:
    found = list(_along(receipt, field.path))
    if not found:
        return False
    return all(
        isinstance(each, list) if field.may_be_empty else each not in ("", [], {}, None) for each in found
    )


def _along(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Everything the path leads to; None where it breaks off."""
    if isinstance(value, list) and path and not path[0].startswith("@type="):
        for each in value:
            yield from _along(each, path)
    elif not path:
        yield value
    elif path[0].startswith("@type="):
        wanted = path[0].removeprefix("@type=")
        for each in value if isinstance(value, list) else []:
            if isinstance(each, dict) and wanted in each.get("@type", []):
                yield from _along(each, path[1:])
    else:
        yield from _along(value.get(path[0]) if isinstance(value, dict) else None, path[1:])


def rows() -> list[str]:
    """The table of `docs/receipts.md`."""
    return [
        "| field | DPV or other term | where in the receipt | where from |",
        "|---|---|---|---|",
        *(
            f"| {field.name}{' *' if field.ours else ''} | `{field.term}` | `{' › '.join(field.path)}` | {field.source} |"
            for field in FIELDS
        ),
    ]
