"""Forms, decisions and standing; and what has to be there before any of it may be about a body."""

from consent.models.decisions import Decision
from consent.models.enabling import ImpactAssessment, Incident, Justification
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
    "ImpactAssessment",
    "Incident",
    "Justification",
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
