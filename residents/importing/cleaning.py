"""One line to one entry: what it says, in one spelling, or why it says nothing that could be used.

Digits, letters and punctuation are folded from full width to half; a name's own characters are never touched, for
𠮷 and 㐂 are as they are in somebody's papers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from residents import contact
from residents.importing.dwellings import Address, DwellingUnreadable, address
from residents.importing.headings import Field
from residents.importing.reading import Cell, Line, Table
from residents.models import Occupancy

Tenure = Occupancy.Tenure
CELL_CHARACTERS = 300
NAME_CHARACTERS = 100
ADULT = 18
OLDEST = 120


class Unusable(ValueError):
    """The line is refused; `reason` is a code of `words.REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Entry:
    """One line, read. `reason` says why it is refused, if it is; `notes` what was left out or should be known."""

    number: int
    name: str = ""
    phone: str = ""
    dwelling: Address | None = None
    area: str = ""  # square metres, two decimals
    tenure: str = ""  # of `Occupancy.Tenure`, or empty: not said
    owns: bool = False
    lives: bool = True
    since: str = ""  # ISO
    born: str = ""  # ISO; of minors only
    cards: list[str] = field(default_factory=list)
    reason: str = ""
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Entry:
        entry = cls(**kept)
        entry.dwelling = Address(*entry.dwelling) if entry.dwelling else None
        return entry

    @property
    def is_person(self) -> bool:
        return bool(self.name)

    def note(self, code: str) -> None:
        if code not in self.notes:
            self.notes.append(code)


def clean(*, table: Table, today: date) -> list[Entry]:
    return [entry_of(line, owners=table.headings.owners, today=today) for line in table.lines]


def entry_of(line: Line, *, owners: bool, today: date) -> Entry:
    entry = Entry(line.number)
    if line.identity:
        entry.note("identity_dropped")
    try:
        _fill(entry, line.cells, owners=owners, today=today)
    except Unusable as why:
        entry.reason = why.reason
    entry.reason = line.trouble or entry.reason
    return entry


def _fill(entry: Entry, cells: Mapping[Field, Cell], *, owners: bool, today: date) -> None:
    too_long = any(isinstance(cell, str) and len(cell) > CELL_CHARACTERS for cell in cells.values())
    if too_long:
        raise Unusable("cell_too_long")
    # Name and dwelling first: by them people find the line again, whatever else is wrong with it.
    entry.name = name(cells.get(Field.NAME, ""))
    try:
        entry.dwelling = address(*(_plain(cells.get(which, "")) for which in _DWELLING))
    except DwellingUnreadable as why:
        raise Unusable(why.reason) from None
    entry.area = area(cells.get(Field.AREA, ""))
    entry.phone = phone(cells.get(Field.PHONE, ""), entry)
    entry.cards = cards(cells.get(Field.CARD, ""))
    if not entry.name:
        if entry.phone or entry.cards:
            raise Unusable("no_name")
        return
    _as_what(entry, cells, owners)
    since = day(cells.get(Field.SINCE, ""))
    entry.since = since.isoformat() if since else ""
    _age(entry, day(cells.get(Field.BORN, "")), today)


_DWELLING = (Field.BUILDING, Field.ENTRANCE, Field.ROOM)


def _plain(cell: Cell) -> str:
    """Half width, one kind of dash and of space."""
    if isinstance(cell, date):
        # A spreadsheet that was told 3-2-101 or 1-12 has made a day of it; what was typed cannot be known any more.
        raise Unusable("became_a_date")
    folded = unicodedata.normalize("NFKC", cell)
    return " ".join(re.sub(r"[‐‑‒–—―−ー﹣~]", "-", folded).split())


_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_DOTS = dict.fromkeys(map(ord, "•・‧･●∙⋅．"), "·")
_UNSEEN = dict.fromkeys([*range(0x200B, 0x2010), 0x2060, 0xFEFF, 0x00AD], "")
_NOTHING = (
    "- -- / \\ . * ? x xx xxx 0 1 无 暂无 没有 空 空置 空房 空关 未售 待定 不详 未知 未登记 无人 保密 不愿提供 暂缺"
    " none n/a na null nil vacant empty tbd unknown"
)
_NOBODY = {"", *_NOTHING.split()}


def name(cell: Cell) -> str:
    """A name as it is written, with one kind of space and dot. Empty where the cell says that there is nobody.

    Raises: Unusable
    """
    if isinstance(cell, date):
        raise Unusable("name_unreadable")
    text = cell.translate(_DOTS).translate(_WIDE).translate(_UNSEEN).replace("\u3000", " ")
    text = "".join(
        character for character in text if unicodedata.category(character) not in ("Cc", "Cs", "Co")
    )
    text = " ".join(text.split()).strip("*,;，；、:： ")
    if text.lower() in _NOBODY or not any(character.isalnum() for character in text):
        return ""
    # 李 明 is 李明, but Anna Li keeps her space.
    text = re.sub(r"(?<=[^\x00-\u02ff]) (?=[^\x00-\u02ff])", "", text)
    if not any(character.isalpha() for character in text) or re.search(r"[0-9]{4}", text):
        raise Unusable("name_unreadable")
    if len(text) > NAME_CHARACTERS:
        raise Unusable("name_too_long")
    return text


def name_key(name: str) -> str:
    """By which two spellings of one name are one: no spaces, no dots, no case. Never the name itself."""
    return re.sub(r"[\s·.\-']", "", name).casefold()


_PARTED = re.compile(r"[/、,;，；|]|转|或|\bext\b")
_PARTED_CARDS = re.compile(r"[/、;，；|]|,(?=\s*[0-9A-Fa-f]{6,})")
_CUT = re.compile(r"[0-9]+\.[0-9]+[Ee]\+?[0-9]+")
_WELL_KNOWN = {
    *(
        "13800000000",
        "13800138000",
        "18999999999",
        "12345678901",
        "12345678910",
        "13000000000",
        "10000000000",
    ),
    *(
        "13912345678",
        "13812345678",
        "13712345678",
        "13512345678",
        "18812345678",
        "15012345678",
        "11111111111",
    ),
}
_STAIRS = "01234567890123456789", "98765432109876543210"


def phone(cell: Cell, entry: Entry) -> str:
    """The first real number of the cell; empty for none and for what is typed to fill the field.

    Raises: Unusable
    """
    if isinstance(cell, date) or _CUT.fullmatch(_plain(cell)):
        raise Unusable("number_cut")
    found: list[str] = []
    filler = unreadable = False
    for piece in _pieces(_PARTED, cell):
        number = _number(piece)
        if number is None:
            unreadable = True
        elif is_placeholder(number):
            filler = True
        else:
            found.append(number)
    if unreadable and not found and not filler:
        raise Unusable("phone_unreadable")
    if filler:
        entry.note("phone_placeholder")
    if len(found) > 1 or (found and unreadable):  # a second number, an extension, whose it is
        entry.note("phone_more")
    return found[0] if found else ""


def _pieces(between: re.Pattern[str], cell: str) -> list[str]:
    """What stands in one cell, one below or beside the other."""
    parts = (part.strip() for part in between.split(_plain(re.sub(r"[\r\n]+", "、", cell))))
    return [part for part in parts if part.lower() not in _NOBODY]


def _number(piece: str) -> str | None:
    digits = re.sub(r"[^0-9]", "", piece)
    if digits and is_placeholder(digits):
        return digits
    try:
        number = contact.normalise(re.sub(r"[^\x20-\x7e]", "", piece).lstrip(":. "))
    except contact.PhoneRefused:
        return None
    return re.sub(r"^(?:0086|86)(?=1[0-9]{10}$)", "", number)


def is_placeholder(number: str) -> bool:
    """Whether it is what people type when a field insists: 18999999999, 00000000000, 12345678901 and the like."""
    digits = number.removeprefix("+")
    return (
        digits in _WELL_KNOWN
        or (len(digits) >= 3 and len(set(digits)) == 1)
        or (len(digits) >= 5 and any(digits in stairs for stairs in _STAIRS))
        or (len(digits) == 11 and len(set(digits[3:])) == 1)
        or bool(re.fullmatch(r"0[0-9]{2,3}(?:0{7,8}|1{7,8}|8{7,8}|12345678?)", digits))
    )


_DAY = (
    re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[ T][0-9:.]+)?"),
    re.compile(r"([0-9]{4}) ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?"),
    re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})"),
)
_SERIAL = re.compile(r"[0-9]{4,5}(?:\.[0-9]+)?")
_EPOCH = date(1899, 12, 30)


def day(cell: Cell) -> date | None:
    """A day in any of the ways people write one, a spreadsheet's own count of days included. None for nothing said.

    5/3/2024 is refused: half the world reads another day in it.

    Raises: Unusable
    """
    if isinstance(cell, date):
        return _sensible(cell)
    text = _plain(cell).strip(" .")
    if text.lower() in _NOBODY:
        return None
    for form in _DAY:
        if found := form.fullmatch(text):
            try:
                return _sensible(date(*(int(part) for part in found.groups())))
            except ValueError:
                raise Unusable("date_unreadable") from None
    if _SERIAL.fullmatch(text) and 3_000 < float(text) < 80_000:
        return _sensible(_EPOCH + timedelta(days=int(float(text))))
    raise Unusable("date_unreadable")


def _sensible(found: date) -> date:
    if not 1900 <= found.year < 2100:
        raise Unusable("date_unreadable")
    return found


def area(cell: Cell) -> str:
    """Raises: Unusable"""
    text = _plain(cell).replace(" ", "").replace(",", "")
    text = re.sub(r"(?:m2|m²|平方米|平米|平方|平|sqm)$", "", text, flags=re.IGNORECASE)
    if text.lower() in _NOBODY:
        return ""
    try:
        found = Decimal(text).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise Unusable("area_unreadable") from None
    if not found.is_finite() or not 0 < found < 100_000:
        raise Unusable("area_unreadable")
    return str(found)


# As what, whether they own, whether they live there; None: the sheet's other columns say, or it is taken for granted.
_TENURES: dict[str, tuple[str, bool, bool | None]] = {
    **dict.fromkeys(["业主", "户主", "产权人", "房主", "本人", "共有人", "共有产权人", "业主本人", "owner", "self", "owneroccupier", "landlordoccupier"], (Tenure.OWNER, True, None)),
    **dict.fromkeys(
        ["房东", "出租人", "业主不住", "不住业主", "非常住业主", "业主未入住", "landlord", "absentowner", "nonresidentowner"],
        (Tenure.OWNER, True, False),
    ),
    **dict.fromkeys(
        ["家属", "家人", "家庭成员", "亲属", "配偶", "妻子", "丈夫", "妻", "夫", "儿子", "女儿", "子女", "子", "女", "父亲", "母亲", "父母", "父", "母", "公公", "婆婆", "岳父", "岳母", "爷爷", "奶奶", "外公", "外婆", "孙子", "孙女", "孩子", "儿媳", "女婿", "兄弟", "姐妹", "业主家属", "family", "familymember", "spouse", "wife", "husband", "child", "son", "daughter", "parent", "father", "mother", "relative", "partner", "grandparent"],
        (Tenure.FAMILY, False, None),
    ),
    **dict.fromkeys(["租客", "租户", "承租人", "房客", "租住", "租赁", "租户本人", "tenant", "renter", "lessee"], (Tenure.TENANT, False, None)),
    **dict.fromkeys(
        ["二房客", "转租", "合租", "合租人", "次承租人", "分租", "转租户", "subtenant", "sublessee", "lodger", "roommate"], (Tenure.SUBTENANT, False, None)
    ),
    **dict.fromkeys(
        ["保姆", "住家保姆", "阿姨", "护工", "月嫂", "家政", "住家阿姨", "livein", "liveinhelper", "helper", "nanny", "carer", "caregiver", "aupair"],
        (Tenure.LIVE_IN, False, None),
    ),
}  # fmt: skip
_YES = {"是", "在住", "常住", "自住", "已入住", "入住", "居住", "y", "yes", "true", "1", "有", "√", "✓", "在"}
_NO = {"否", "不住", "未入住", "空置", "出租", "不在", "非常住", "n", "no", "false", "0", "×", "✗", "未住"}


def _as_what(entry: Entry, cells: Mapping[Field, Cell], owners: bool) -> None:
    word = re.sub(r"[\s\-_/()]", "", _plain(cells.get(Field.TENURE, ""))).lower()
    if word and word not in _NOBODY:
        if word not in _TENURES:
            raise Unusable("tenure_unknown")
        entry.tenure, entry.owns, lives = _TENURES[word]
    elif owners:
        entry.tenure, entry.owns, lives = Tenure.OWNER, True, None
    else:
        lives = None
        entry.note("tenure_assumed")
    said = _plain(cells.get(Field.LIVES, "")).lower()
    if lives is None and said and said not in _YES | _NO and said not in _NOBODY:
        raise Unusable("lives_unreadable")
    entry.lives = said not in _NO if lives is None else lives
    if not entry.lives and not entry.owns:
        raise Unusable("neither_lives_nor_owns")


def _age(entry: Entry, born: date | None, today: date) -> None:
    if born is None:
        return
    if born > today or born.year < today.year - OLDEST:
        raise Unusable("date_unreadable")
    if is_minor(born, today):
        entry.born = born.isoformat()
        if entry.owns:
            entry.note("guardian_votes")
    else:
        entry.note("born_not_kept")


def is_minor(born: date, today: date) -> bool:
    return (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) < ADULT


def cards(cell: Cell) -> list[str]:
    """Each number once, as written; what a gate's reader makes of it is another room's to say.

    Raises: Unusable
    """
    if isinstance(cell, date):
        raise Unusable("became_a_date")
    if _CUT.fullmatch(_plain(cell)):
        raise Unusable("number_cut")
    return list(dict.fromkeys(_pieces(_PARTED_CARDS, cell)))
