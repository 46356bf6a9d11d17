"""What a notice never holds: a telephone number that is not an office's own, and an identity number (obligation 31).

By shape alone. A name cannot be known by its shape, and looking every word up in the register would itself be a look-up of
everybody; so whoever publishes answers for names, and what should not have been said is taken down in one act. The database
asks again, by the same shapes (`committees_notice_names_nobody`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _

from committees.models import Committee, Notice, NoticeFile
from residents.importing.identity import has_identity
from residents.models import Neighborhood

FILES = "files"


class Rule(models.TextChoices):
    PHONE = "phone", _("no telephone number but those of the bodies' own offices")
    IDENTITY = "identity", _("no identity number")


# A mobile, a landline with its area, a local number of eight digits that is no pair of years. Before them a country's 86.
PHONE = re.compile(
    r"(?<![0-9])(?:\+?86[ -]?)?(?:1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"
    r"|0[1-9][0-9]{1,2}[ -]?[2-8][0-9]{2,3}[ -]?[0-9]{4}"
    r"|(?!20|19)[2-8][0-9]{3}[ -]?[0-9]{4})(?![0-9])"
)


def broken(*, notice: Notice) -> list[tuple[str, Rule]]:
    """(field, rule) for all that it says and may not say; `files` for what is said beside them. Two queries."""
    own = office_numbers(notice.neighborhood)
    found = [
        (name, rule) for name in Notice.WORDS for rule in rules_broken(text=getattr(notice, name), own=own)
    ]
    said = notice.files.values_list(*NoticeFile.WORDS)
    of_files = {rule for words in said for rule in rules_broken(text="\n".join(words), own=own)}
    return found + [(FILES, rule) for rule in Rule if rule in of_files]


def rules_broken(*, text: str, own: Iterable[str] = ()) -> list[Rule]:
    plain = unicodedata.normalize("NFKC", text)
    known = {_digits(each) for each in own}
    found = [Rule.IDENTITY] if has_identity(plain) else []
    if any(_digits(each[0]) not in known for each in PHONE.finditer(plain)):
        found.insert(0, Rule.PHONE)
    return found


def office_numbers(neighborhood: Neighborhood) -> list[str]:
    """Every number that is public here already, with and without its area. One query."""
    numbers = [neighborhood.guard_phone]
    for pair in Committee.objects.filter(neighborhood=neighborhood).values_list("phone", "night_phone"):
        numbers += pair
    return [form for number in numbers if number for form in (number, _digits(number)[-8:])]


def _digits(number: str) -> str:
    """Without the country, however it is written."""
    digits = re.sub(r"[^0-9]", "", number)
    return digits.removeprefix("86") if len(digits) > 11 else digits
