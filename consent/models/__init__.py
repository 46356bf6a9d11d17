"""Forms, decisions and standing."""

from consent.models.decisions import Decision
from consent.models.forms import Form, FormText
from consent.models.purposes import SERVES, Purpose
from consent.models.standing import Standing, StandingQuerySet

__all__ = ["SERVES", "Decision", "Form", "FormText", "Purpose", "Standing", "StandingQuerySet"]
