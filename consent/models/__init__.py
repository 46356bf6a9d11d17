"""Forms, decisions and standing."""

from consent.models.decisions import Decision
from consent.models.forms import IN_FORCE, LONGEST_KEPT, LONGEST_LIFE, Form, FormRecipient, FormText
from consent.models.notices import Notice
from consent.models.paper import Paper, PaperScan
from consent.models.purposes import (
    MODALITY,
    SERVES,
    Category,
    Method,
    Modality,
    PlainWay,
    Purpose,
    Storage,
    WayOut,
)
from consent.models.standing import Standing, StandingQuerySet

__all__ = [
    "IN_FORCE",
    "LONGEST_KEPT",
    "LONGEST_LIFE",
    "MODALITY",
    "SERVES",
    "Category",
    "Decision",
    "Form",
    "FormRecipient",
    "FormText",
    "Method",
    "Modality",
    "Notice",
    "Paper",
    "PaperScan",
    "PlainWay",
    "Purpose",
    "Standing",
    "StandingQuerySet",
    "Storage",
    "WayOut",
]
