"""What a page holds that is drawn at random, in which a short word stands now and then by chance: tokens of forms, and numbers
of things."""

from __future__ import annotations

import re

_DRAWN = re.compile(
    r'(?<=name="csrfmiddlewaretoken" value=")\w+'
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9a-f]{32,}"
)


def without_drawn(page: str, *numbers: object) -> str:
    """The page without them; of `numbers`, ids whose beginning may be shown, that goes too."""
    page = _DRAWN.sub("", page)
    for number in numbers:
        page = page.replace(str(number)[:8], "")
    return page
