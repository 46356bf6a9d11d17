"""Consent on the desk: forms are drafted and published here; who decided what is never listed."""

from consent import enabling_admin
from consent.admin import counts, forms

__all__ = ["counts", "enabling_admin", "forms"]
