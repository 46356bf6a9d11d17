"""QR codes as inline SVG: no file, no script, no style, so that they print and pass the content policy."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe

QUIET_ZONE = 4  # modules of white all round, as the standard asks


def svg(text: str, *, title: str) -> SafeString:
    """Dark on white whatever the page's colours are. A screen reader hears `title`; its size is the style sheet's.

    Raises: segno.DataOverflowError (a ValueError) if the text does not fit into a QR code
    """
    made = segno.make(text, error="m", micro=False, boost_error=False)
    # segno escapes the title; of the text nothing but black and white is left.
    drawn = made.svg_inline(
        border=QUIET_ZONE, omitsize=True, light="#fff", title=title, svgclass="qr", lineclass=None
    )
    return mark_safe(drawn.replace("<svg ", '<svg role="img" ', 1))  # noqa: S308
