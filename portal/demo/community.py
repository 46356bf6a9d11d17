"""The demo as data: its bodies, doors and questions here, its people in `dwellings.toml`, its notices in `notices.toml`.

Every person, place, number and company is made up.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from committees.models import Committee, Term
from residents.models import Occupancy
from sharing.models import Field, Kind

_Kind, _Role = Committee.Kind, Term.Role

# Known to everybody, so good for a demo on this machine's own address and for nothing else.
PASSWORD = "celadon gate"


@dataclass(frozen=True)
class Person:
    name: str
    phone: str = ""
    tenure: Occupancy.Tenure = Occupancy.Tenure.FAMILY
    age: int | None = None  # of minors
    account: str = ""  # sign-in name, for those who have used their letter
    language: str = "zh-hans"
    letter: bool = False  # a letter was written and not used yet


@dataclass(frozen=True)
class Dwelling:
    building: str
    number: str
    area: float
    people: tuple[Person, ...]
    owners: tuple[Person, ...] = ()  # who live elsewhere


@dataclass(frozen=True)
class Member:
    """A term of somebody who works for a body here; `account` may be a resident's own."""

    account: str
    body: Committee.Kind
    role: Term.Role
    name: str = ""  # that residents read; outside the owners' committee only of those who agreed
    days_left: int = 895


@dataclass(frozen=True)
class Door:
    name: str
    name_en: str
    by_face: bool = False
    folder: str = ""  # of its simulated device; empty: no device on it yet
    day: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class Question:
    """A data-sharing request; who said yes or no is by sign-in name."""

    recipient: str
    account: str  # with which the recipient signs in, and by which its key is called
    contact: str
    kind: Kind
    purpose: str
    purpose_en: str
    fields: tuple[Field, ...]
    retention_days: int
    decide_within: timedelta
    measures: str = ""  # by a contract, of somebody who works for the committee
    lets_in: str = ""
    opened: bool = True
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


@dataclass(frozen=True)
class Viewing:
    """A look-up that staff made some time ago."""

    of: str
    by: str
    reason: str
    ago: timedelta


@dataclass(frozen=True)
class Wanted:
    """What a resident asked of a body, and what its staff said: account, status and words of each answer."""

    by: str
    kind: str
    body: Committee.Kind
    words: str
    place: str = ""  # empty: at home
    photo: bool = False
    answers: tuple[tuple[str, str, str], ...] = ()
    seen_to_by: str = ""  # the account of one of the staff
    noted: str = ""  # inside, by the same
    shown: bool = False  # a picture with the last answer


@dataclass(frozen=True)
class Community:
    code: str  # under which dwellings and notices are kept
    name: str
    name_en: str
    dwellings: tuple[Dwelling, ...]
    bodies: dict[Committee.Kind, str]
    members: tuple[Member, ...]
    doors: tuple[Door, ...]
    office: str = ""
    guard_phone: str = ""
    controller: str = ""  # who answers for its consent forms; empty: it asks for no consent at all
    controller_address: str = ""
    controller_contact: str = ""
    portraits: dict[str, int] = field(default_factory=dict)  # sign-in name -> whose portrait
    enrolled: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    viewings: tuple[Viewing, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    guardians: tuple[tuple[str, str], ...] = ()  # sign-in name, and the name of the child
    helpers: tuple[tuple[str, str], ...] = ()  # sign-in names: who named whom


def _dwellings(of: str) -> tuple[Dwelling, ...]:
    """As `dwellings.toml` has them."""
    found = tomllib.loads(Path(__file__).with_name("dwellings.toml").read_text(encoding="utf-8"))[of]
    return tuple(
        Dwelling(
            building=each["at"][0],
            number=each["at"][1],
            area=each["area"],
            people=tuple(_person(row) for row in each["lives"]),
            owners=tuple(_person(row) for row in each.get("owns", ())),
        )
        for each in found
    )


def _person(row: dict[str, Any]) -> Person:
    said = dict(row)
    return Person(tenure=Occupancy.Tenure(said.pop("as", Occupancy.Tenure.OWNER)), **said)


def card(dwelling: Dwelling, place: int) -> str:
    """The number printed on a card: of the dwelling, and which of its cards."""
    return f"0571 {dwelling.building[0]}{dwelling.number} {place:02}"


CAILING = Community(
    code="cailing",
    name="采菱苑",
    name_en="Cailing Court",
    dwellings=_dwellings("cailing"),
    bodies={
        _Kind.OWNERS: "采菱苑业主委员会",
        _Kind.RESIDENTS: "采菱社区居民委员会",
        _Kind.PROPERTY: "菱角物业服务公司",
    },
    members=(
        Member("chair", _Kind.OWNERS, _Role.CHAIR, "何建国"),
        Member("secretary", _Kind.OWNERS, _Role.CLERK, "邱慧"),
        Member("treasurer", _Kind.OWNERS, _Role.CLERK, "钱守成", days_left=7),
        Member("auditor", _Kind.RESIDENTS, _Role.AUDITOR),
        Member("residents-chair", _Kind.RESIDENTS, _Role.CHAIR),
        Member("residents-clerk", _Kind.RESIDENTS, _Role.CLERK),
        Member("clerk", _Kind.PROPERTY, _Role.CLERK, "廖敏"),
        Member("manager", _Kind.PROPERTY, _Role.CHAIR),
    ),
    doors=(
        Door(
            "南门",
            "South Gate",
            by_face=True,
            folder="south",
            # About a minute, round and round.
            day=(
                {"after": 12, "card": "0571 1201 01"},  # 沈兰
                {"after": 12, "photo": "resident.jpg"},  # 沈兰, whether she has enrolled or not
                {"after": 12, "photo": "neighbor.jpg"},  # 余青, who has
                {"after": 12, "photo": "passer-by.jpg"},
                {"after": 12, "card": "0571 0000 00"},  # nobody's
            ),
        ),
        Door(
            "河边门",
            "Riverside Gate",
            by_face=True,
            folder="riverside",
            day=(
                {"after": 9, "card": "0571 2301 01"},  # 罗素心, who said no to her face
                {"after": 21, "card": "0571 1101 01"},  # 顾秀英, who has no account and no phone
                {"after": 30, "card": "0571 2302 02"},
            ),
        ),
    ),
    office="1 幢底层 · ground floor of building 1",
    guard_phone="0571 8800 1000",
    controller="采菱苑业主委员会 · Cailing Court owners’ committee",
    controller_address="采菱路 18 号采菱苑 1 幢 301 室",
    controller_contact="1 幢 301 室 · 0571 8800 1000",
    portraits={"resident": 0, "neighbor": 1, "passer-by": 2},
    enrolled=("neighbor",),
    refused=("luo",),
    guardians=(("song", "宋知夏"),),
    helpers=(("luo", "resident"),),
    questions=(
        Question(
            recipient="清波燃气检修队 · Qingbo gas fitters",
            account="gas",
            contact="0571 8800 9001",
            kind=Kind.REPAIR,
            purpose="预约每年一次的厨房燃气安全检查：检修队打电话约上门时间。",
            purpose_en="The yearly gas safety check in each kitchen: the fitters phone to agree on a time.",
            fields=(Field.NAME, Field.DWELLING, Field.PHONE),
            retention_days=30,
            measures="名单只存在检修队的一部电话里，检查完就删。 · One phone of the team holds the list, until the check is done.",
            lets_in="清波客服 · Qingbo call desk",
            decide_within=timedelta(minutes=5),  # so that a visitor can see it given
            yes=("resident", "neighbor", "chair", "song", "wei"),
            no=("ding",),
        ),
        Question(
            recipient="采菱读书角 · Cailing reading corner",
            account="corner",
            contact="2 幢底层 · ground floor of building 2",
            kind=Kind.CLUB,
            purpose="读书角想做一份借书登记册，写上愿意借书的住户的姓名和房号。",
            purpose_en="The reading corner wants a register of borrowers: name and dwelling of those who would like to.",
            fields=(Field.NAME, Field.DWELLING),
            retention_days=365,
            decide_within=timedelta(days=14),
            yes=("wei",),
        ),
        Question(
            recipient="甘泉净水 · Ganquan water filters",
            account="filters",
            contact="0571 8800 9009",
            kind=Kind.OFFER,
            purpose="向住户介绍净水设备，需要电话。",
            purpose_en="To tell residents about water filters, by phone.",
            fields=(Field.NAME, Field.PHONE),
            retention_days=180,
            decide_within=timedelta(days=21),
            opened=False,
        ),
    ),
    wanted=(
        Wanted(
            "resident",
            "repair",
            _Kind.PROPERTY,
            "三楼楼道的灯不亮了，晚上老人上下楼看不清。",
            place="1 幢三楼楼道",
            photo=True,
            answers=(
                ("clerk", "replied", "收到，电工明天上午来看。"),
                ("clerk", "working", "灯座坏了，配件已经订好，周五换上。见图。"),
            ),
            seen_to_by="clerk",
            noted="同一楼道去年换过两次灯座，这次请电工查线路。",
            shown=True,
        ),
        Wanted(
            "resident",
            "complaint",
            _Kind.OWNERS,
            "物业公布的公共收益只有总数，没有明细。请业委会要求公布明细。",
        ),
        Wanted(
            "neighbor",
            "noise",
            _Kind.PROPERTY,
            "楼下装修，晚上八点以后还在打孔。",
            answers=(("clerk", "done", "已和施工方说定，晚上六点后停工。再有请重新打开。"),),
        ),
    ),
    viewings=(
        Viewing(
            "resident", "clerk", "楼上报修漏水，联系住户开门检查（工单 114）", timedelta(days=3, hours=2)
        ),
        Viewing("neighbor", "clerk", "包裹错放，电话通知取件", timedelta(days=1, hours=5)),
    ),
)

# Small, and another world: its staff see nothing of the first, and it opens by card alone.
BANFENG = Community(
    code="banfeng",
    name="半枫里",
    name_en="Banfeng Lane",
    dwellings=_dwellings("banfeng"),
    bodies={_Kind.PROPERTY: "枫叶物业服务公司"},
    members=(Member("clerk2", _Kind.PROPERTY, _Role.CLERK),),
    doors=(Door("巷口", "Lane Gate"),),
    office="巷口值班室 · the lodge at Lane Gate",
    guard_phone="0571 8800 3000",
)

COMMUNITIES = (CAILING, BANFENG)
