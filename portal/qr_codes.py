"""Text as a picture that a scanner reads: black on white whatever the page's colours are, with its white margin."""

from __future__ import annotations

import io
from dataclasses import dataclass

import segno
from django.utils.safestring import SafeString, mark_safe

# A quarter of the picture may be scratched, cracked or covered.
_ERROR = "q"
_MARGIN = 4  # modules of white around it: scanners ask for them, in dark mode too
_PNG_MODULE = 12  # pixels


@dataclass(frozen=True)
class QRCode:
    text: str
    title: str = ""  # what a screen reader says of it

    @property
    def svg(self) -> SafeString:
        """Inline, without style or script. Nothing of the text stands in it: it is squares only."""
        out = io.BytesIO()
        self._made().save(
            out,
            kind="svg",
            border=_MARGIN,
            dark="#000",
            light="#fff",
            xmldecl=False,
            svgns=True,
            omitsize=True,
            svgclass="qr__picture",
            lineclass=None,
            title=self.title or None,
            nl=False,
        )
        drawn = out.getvalue().decode()
        if self.title:
            drawn = drawn.replace("<svg ", '<svg role="img" ', 1)
        return mark_safe(drawn)  # noqa: S308 - squares of our own making, and a title that segno escapes

    @property
    def png(self) -> bytes:
        out = io.BytesIO()
        self._made().save(out, kind="png", border=_MARGIN, scale=_PNG_MODULE, dark="#000", light="#fff")
        return out.getvalue()

    def _made(self) -> segno.QRCode:
        return segno.make(self.text, error=_ERROR, micro=False, boost_error=False)
