"""What a log must not keep: the codes of letters, which stand in the address that is scanned (docs/adr/0015-…)."""

from __future__ import annotations

import logging
import re

CODE = re.compile(r"(/l/)[^\s\"'?]+")


class WithoutCodes(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "/l/" in said:
            record.msg, record.args = CODE.sub(r"\1…", said), ()
        return True
