"""Which column is what: Chinese and English headings, in any order and in the spellings that people use."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from residents.importing.identity import without_identity
from residents.importing.refusals import FileRefused

# Above the headings there may be a title, a date, a note from whoever made the list.
LOOK_AT = 15
LONGEST = 40


class Field(enum.StrEnum):
    NAME = "name"
    PHONE = "phone"
    BUILDING = "building"
    ENTRANCE = "entrance"
    ROOM = "room"  # or all in one: 1-1-101
    AREA = "area"
    TENURE = "tenure"
    LIVES = "lives"
    SINCE = "since"
    BORN = "born"
    CARD = "card"


_WORDS: dict[Field, str] = {
    Field.NAME: "姓名 名字 住户姓名 住户名 住户 居民姓名 人员姓名 成员姓名 家庭成员 客户名称 客户姓名 租户姓名 name fullname resident"
    " residentname personname",
    Field.PHONE: "电话 手机 手机号 手机号码 联系电话 联系方式 电话号码 移动电话 业主电话 住户电话 客户电话 联系手机 phone phonenumber"
    " mobile mobilephone mobilenumber tel telephone cell cellphone contactnumber",
    Field.BUILDING: "楼号 幢 幢号 栋 栋号 楼栋 楼栋号 楼幢 楼幢号 楼座 座 座号 楼 楼宇 号楼 building buildingno buildingnumber block"
    " tower",
    Field.ENTRANCE: "单元 单元号 门洞 梯号 entrance entranceno staircase stair",
    Field.ROOM: "房号 室号 房间号 房间 室 户号 门牌号 门牌 房屋 房屋编号 房屋号 房屋名称 房产 住房 楼房号 住址 room roomno roomnumber"
    " unit unitno unitnumber dwelling apartment apartmentno flat flatno apt house houseno",
    Field.AREA: "面积 建筑面积 产权面积 房屋面积 建面 计费面积 area floorarea buildingarea sqm squaremetres squaremeters",
    Field.TENURE: "身份 住户身份 住户类型 住户类别 人员类型 人员身份 与业主关系 与户主关系 与产权人关系 关系 身份类型 类型 tenure role"
    " relation relationship aswhat type residenttype",
    Field.LIVES: "是否入住 是否居住 是否在住 是否常住 居住状态 在住 常住 liveshere lives livesin occupied",
    Field.SINCE: "入住日期 入住时间 迁入日期 起租日期 搬入日期 since from movedin moveindate movein",
    Field.BORN: "出生日期 出生年月日 出生年月 生日 born birthdate dateofbirth birthday dob",
    Field.CARD: "卡号 门禁卡号 门禁卡 门禁卡号码 门卡 门卡号 ic卡号 ic卡 卡片编号 卡片号 卡编号 card cardno cardnumber accesscard"
    " accesscardno keycard fob",
}
# A column of names that says as what they are there.
_OWNERS = "业主姓名 业主 业主名称 业主名字 产权人 产权人姓名 owner ownername ownersname owners"

KNOWN: dict[str, Field] = {
    word: which for which, words in _WORDS.items() for word in words.split()
} | dict.fromkeys(_OWNERS.split(), Field.NAME)
OWNERS = frozenset(_OWNERS.split())
_IDENTITY = re.compile(
    r"身份证|证件|公民身份|身份号|护照|港澳|idno|idnumber|idcard|identity|nationalid|passport|documentno|^id号?$"
)
_DROPPED = re.compile(r"[\s*＊:：_\-—./、,，。'\"“”‘’#?？]+|[(（\[【].*?[)）\]】]")


@dataclass(frozen=True)
class Headings:
    """Where each known column stands, from 0; the others are never looked at."""

    row: int
    columns: dict[Field, int]
    ignored: list[str] = field(default_factory=list)  # as written
    # Recognised, and dropped: by column, as written.
    dropped: dict[int, str] = field(default_factory=dict)
    owners: bool = False  # the names are those of owners

    @property
    def identity(self) -> list[str]:
        return list(self.dropped.values())


def fold(heading: object) -> str:
    """One spelling: `姓 名＊（必填）` is 姓名, `Card No.` is cardno."""
    plain = unicodedata.normalize("NFKC", heading) if isinstance(heading, str) else ""
    return _DROPPED.sub("", plain).lower()


def is_identity(heading: object) -> bool:
    return bool(_IDENTITY.search(fold(heading)))


def find(rows: Sequence[Sequence[object]], *, sheet: str) -> Headings | None:
    """The headings among the first lines: the line that says most. None if no line says where anybody lives or who.

    Raises: FileRefused when two columns are headed alike
    """
    best: tuple[int, int] | None = None
    for number, row in enumerate(rows[:LOOK_AT]):
        known = {KNOWN[fold(cell)] for cell in row if fold(cell) in KNOWN}
        if known & {Field.ROOM, Field.NAME} and len(known) >= 2 and (best is None or len(known) > best[1]):
            best = (number, len(known))
    if best is None:
        return None
    return _read(best[0], rows[best[0]], sheet)


def _read(number: int, row: Sequence[object], sheet: str) -> Headings:
    columns: dict[Field, int] = {}
    ignored: list[str] = []
    dropped: dict[int, str] = {}
    for at, cell in enumerate(row):
        shown = _shown(cell)
        which = KNOWN.get(fold(cell))
        if is_identity(cell):
            dropped[at] = shown
        elif which is None:
            ignored += [shown] if shown else []
        elif which in columns:
            raise FileRefused("headed_alike", sheet=sheet, first=_shown(row[columns[which]]), second=shown)
        else:
            columns[which] = at
    owners = Field.NAME in columns and fold(row[columns[Field.NAME]]) in OWNERS
    return Headings(number, columns, ignored, dropped, owners)


def _shown(cell: object) -> str:
    """A heading as it may be repeated on a page: short, and never with an identity number in it."""
    return without_identity(" ".join(str(cell or "").split()))[0][:LONGEST].strip()
