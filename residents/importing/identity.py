"""Identity numbers: known by their shape wherever they stand, and gone before anything is kept.

Eighteen digits, of which the last may be an X, or the fifteen of before 1999; with spaces and dashes between, in
full-width digits, or as the 3.30106E+17 that a spreadsheet makes of one. Nothing is checked beyond the shape: a number
with a wrong check digit is somebody's all the same.
"""

from __future__ import annotations

import re
import unicodedata

# Where people put spaces: place, birthday, the rest. Anywhere else only where the middle is a birthday, or two phone
# numbers side by side would be one.
_GAP = r"[\s\-_.]?"
_ANYHOW = _GAP.join(
    [
        *(["[1-9]"] + ["[0-9]"] * 5),
        rf"(?:1{_GAP}9|2{_GAP}0)",
        *["[0-9]"] * 2,
        rf"(?:0{_GAP}[1-9]|1{_GAP}[0-2])",
        rf"(?:0{_GAP}[1-9]|[12]{_GAP}[0-9]|3{_GAP}[01])",
        *["[0-9]"] * 3,
        "[0-9Xx]",
    ]
)
_SHAPE = re.compile(
    rf"(?<![0-9])[0-9]{{3}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{2}}{_GAP}[0-9]{{3}}[0-9Xx](?![0-9])"
    rf"|(?<![0-9]){_ANYHOW}(?![0-9])"
    rf"|(?<![0-9])[0-9]{{6}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{3}}(?![0-9])"
    r"|(?<![0-9])[1-9]\.[0-9]+[Ee]\+?1[47](?![0-9])"
)
_DIGITS = str.maketrans("０１２３４５６７８９Ｘｘ．－", "0123456789XX.-")


def without_identity(text: str) -> tuple[str, bool]:
    """The text with every identity number taken out, and whether there was one."""
    # Full-width digits are one character each, as those they become: what is cut is cut at the same places.
    plain = text.translate(_DIGITS)
    if not _SHAPE.search(plain):
        return text, False
    kept: list[str] = []
    last = 0
    for found in _SHAPE.finditer(plain):
        kept.append(text[last : found.start()])
        last = found.end()
    kept.append(text[last:])
    return " ".join(" ".join(kept).split()), True


def has_identity(text: str) -> bool:
    return bool(_SHAPE.search(unicodedata.normalize("NFKC", text)))
