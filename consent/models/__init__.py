"""Forms, decisions and standing; and what has to be there before any of it may be about a body."""

from consent.models.decisions import Decision
from consent.models.enabling import ImpactAssessment, Incident, Justification, Modality
from consent.models.forms import Form, FormText
from consent.models.purposes import SERVES, Purpose
from consent.models.standing import Standing, StandingQuerySet

__all__ = [
    "SERVES",
    "Decision",
    "Form",
    "FormText",
    "ImpactAssessment",
    "Incident",
    "Justification",
    "Modality",
    "Purpose",
    "Standing",
    "StandingQuerySet",
]
