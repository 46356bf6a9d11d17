"""QR codes: as inline SVG without file, script or style, so that they print and pass the content policy; as PNG to keep."""

from __future__ import annotations

import io

import segno
from django.utils.safestring import SafeString, mark_safe

QUIET_ZONE = 4  # modules of white all round, as the standard asks
# How much of it may be scratched, covered or cracked: some 15% on paper, 25% on a phone that fell.
PAPER, PHONE = "m", "q"
_PNG_MODULE = 12  # pixels


def svg(text: str, *, title: str, error: str = PAPER) -> SafeString:
    """Dark on white whatever the page's colours are. A screen reader hears `title`; its size is the style sheet's.

    Raises: segno.DataOverflowError (a ValueError) if the text does not fit into a QR code
    """
    # segno escapes the title; of the text nothing but black and white is left.
    drawn = _made(text, error).svg_inline(
        border=QUIET_ZONE, omitsize=True, light="#fff", title=title, svgclass="qr", lineclass=None
    )
    return mark_safe(drawn.replace("<svg ", '<svg role="img" ', 1))  # noqa: S308


def png(text: str, *, error: str = PHONE) -> bytes:
    out = io.BytesIO()
    _made(text, error).save(out, kind="png", border=QUIET_ZONE, scale=_PNG_MODULE, dark="#000", light="#fff")
    return out.getvalue()


def _made(text: str, error: str) -> segno.QRCode:
    return segno.make(text, error=error, micro=False, boost_error=False)
