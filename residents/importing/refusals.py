"""Why a whole file, or a whole import, is refused. Codes here; what people read is in `words`."""

from __future__ import annotations


class FileRefused(ValueError):
    """The file cannot be used and nothing of it was kept. `told` goes into the words: names of sheets and columns."""

    def __init__(self, reason: str, **told: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.told = told


class ImportRefused(Exception):
    """The import cannot be begun, undone or dropped as it stands now. `reason` is a code of `words.STANDSTILLS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
