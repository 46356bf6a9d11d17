"""What tells a form that is sent twice from two forms: a token that its page carries, and whoever writes keeps with the row.

A unique constraint on who sent it and the token has the last word; without one, each sending would be one more.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms


class TokenField(forms.UUIDField):
    """A form without it, or with nonsense, is simply a new one."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid4)

    def clean(self, value: Any) -> UUID:
        try:
            return super().clean(value) or uuid4()
        except forms.ValidationError:
            return uuid4()
