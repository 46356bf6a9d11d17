"""What it means that a piece of code is off: by default that it does nothing, and answers nothing.

Where somebody waits for its answer, `None` would only make the caller fall over, which proves nothing (and does not
count: see `plugin.counts`). Then it is written here, in the file of its room: it lets everything pass, or says it did
what it did not do, or brings back the very failure that it is there against.
"""

from __future__ import annotations

from tests.proving.disabled import (
    access,
    committees,
    consent,
    gate,
    ledger,
    portal,
    residents,
    sharing,
    vault,
)
from tests.proving.disabled.saying import INSTEAD, instead_of

ROOMS = (access, committees, consent, gate, ledger, portal, residents, sharing, vault)

__all__ = ["INSTEAD", "ROOMS", "instead_of"]
