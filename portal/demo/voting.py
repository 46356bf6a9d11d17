"""Votes of the owners in the demo: one that was counted and is posted with its minutes, and one that is open now.

Both are called, voted on and counted by the functions that the screens call, on paper too; between these, days pass
(`portal.demo.days`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from committees import balloting, calling, counting, sheets
from committees.models import Ballot, Committee, Head, Meeting, Topic
from portal.demo import days
from residents.ages import today_in
from residents.models import Neighborhood, Resident, User

# Of those who read, the first gives ballots out and the second takes them in.
CALLS, READS = "chair", ("secretary", "residents-clerk")
Item, Choice = Topic.Item, Ballot.Choice
YES, NO, ABSTAIN = Choice.YES, Choice.NO, Choice.ABSTAIN


@dataclass(frozen=True)
class Question:
    item: Topic.Item
    title: str
    text: str = ""
    # What those say who vote on paper, one after the other and round again.
    paper: tuple[Ballot.Choice, ...] = (YES,)


@dataclass(frozen=True)
class Vote:
    """`open_for` is how long one votes; `voices` is by sign-in name, an answer to each question; `on_paper` how many others."""

    kind: Meeting.Kind
    title: str
    questions: tuple[Question, ...]
    open_for: int
    voices: Mapping[str, tuple[Ballot.Choice, ...]]
    on_paper: int
    place: str = "业委会办公室，1 幢底层 · the committee’s office, ground floor of building 1"


COUNTED = Vote(
    kind=Meeting.Kind.INTERIM,
    title="车棚装充电桩，补选委员 · Charging points in the bicycle shed, and one more member",
    questions=(
        Question(
            Item.COMMON_PARTS,
            "是否同意在东侧车棚装十个充电桩 · Put ten charging points into the east shed?",
            "每度电按成本价；所得归全体业主。 · Power at cost; what comes in belongs to all owners.",
            (YES, YES, YES, YES, YES, NO),
        ),
        Question(
            Item.USE_FUNDS,
            "是否动用维修资金更换 2 幢电梯钢缆 · Pay for new lift cables in building 2 from the maintenance fund?",
            paper=(YES, NO, ABSTAIN),
        ),
        Question(
            Item.ELECTION,
            "是否补选田禾为业委会委员 · Elect 田禾 to the owners’ committee?",
            paper=(YES, YES, NO, YES),
        ),
    ),
    open_for=7,
    voices={
        "chair": (YES, YES, YES),
        "song": (YES, NO, YES),
        "wei": (YES, YES, YES),
        "ding": (NO, NO, ABSTAIN),
        "luo": (YES, ABSTAIN, YES),
    },
    on_paper=26,
)
MINUTES = (
    "采菱苑业主大会临时会议纪要\n\n"
    "居委会到场见证。纸质选票由业委会秘书和居委会工作人员各录一遍，两遍一致才计入。计票时无人提出异议。结果张贴十五天，任何人都可以"
    "下载选票重新计票。\n\n"
    "Minutes of an interim meeting of the owners. The residents’ committee stood by. Ballots on paper were read twice, by two people"
    " who did not see each other’s reading. Nobody objected. Anybody may count again."
)

OPEN = Vote(
    kind=Meeting.Kind.INTERIM,
    title="物业合同与楼道堆物 · The property company’s contract, and things in the stairways",
    questions=(
        Question(
            Item.COMPANY,
            "是否与菱角物业续签三年合同 · Renew the contract with the property company for three years?",
            "合同文本在通知栏里，原件可在业委会查阅。 · The text is among the notices; the paper can be read at the office.",
        ),
        Question(
            Item.STATUTE,
            "管理规约中是否写明楼道内不停放电动车 · Write into the house rules that no electric bicycle stands in a stairway?",
        ),
        Question(
            Item.ELECTION,
            "是否选举邱慧连任委员 · Elect 邱慧 for another term?",
        ),
    ),
    open_for=14,
    voices={"song": (YES, YES, YES), "wei": (NO, YES, YES)},
    on_paper=3,
)
OPEN_SINCE = 2  # days


def vote(
    *,
    neighborhood: Neighborhood,
    users: Mapping[str, User],
    resident: Callable[[str], Resident],
    at: datetime,
) -> None:
    with days.can_pass():
        past = _opened(COUNTED, neighborhood=neighborhood, by=users[CALLS], at=at)
        _hand_in(COUNTED, past, users=users, resident=resident, at=at)
        past = days.go_by(past, days=COUNTED.open_for)
        counting.count(meeting=past, minutes=MINUTES, by=users[CALLS], at=at)
        now = _opened(OPEN, neighborhood=neighborhood, by=users[CALLS], at=at)
        _hand_in(OPEN, now, users=users, resident=resident, at=at)
        days.go_by(now, days=OPEN_SINCE)


def _opened(plan: Vote, *, neighborhood: Neighborhood, by: User, at: datetime) -> Meeting:
    """Called with lawful notice, and today is its first day."""
    notice = Meeting.NOTICE_DAYS[plan.kind]
    first = today_in(neighborhood, at) + timedelta(days=notice)
    made = calling.draft(
        committee=Committee.objects.get(neighborhood=neighborhood, kind=Committee.Kind.OWNERS),
        plan=calling.Plan(
            kind=plan.kind,
            title=plan.title,
            place=plan.place,
            opens_on=first,
            closes_on=first + timedelta(days=plan.open_for - 1),
            proxies=2,
        ),
        by=by,
        at=at,
    )
    for each in plan.questions:
        calling.add_topic(
            meeting=made, item=each.item, title=each.title, text=each.text, secret=False, by=by, at=at
        )
    return days.go_by(calling.give_notice(meeting=made, by=by, at=at), days=notice)


def _hand_in(
    plan: Vote,
    meeting: Meeting,
    *,
    users: Mapping[str, User],
    resident: Callable[[str], Resident],
    at: datetime,
) -> None:
    numbered = range(1, len(plan.questions) + 1)
    for account, said in plan.voices.items():
        who, answers = resident(account), dict(zip(numbered, said, strict=True))
        for head in balloting.heads_of(resident=who, meeting=meeting):
            balloting.cast(head=head, resident=who, answers=answers, by=users[account], at=at)
    # In a portal nobody votes for those without an account, so theirs are on paper. 沈兰 has not voted.
    others = Head.objects.filter(meeting=meeting, turnout=None, owners__isnull=False)
    without = others.exclude(owners__resident__user__isnull=False).distinct().order_by("-area", "pk")
    for place, head in enumerate(without[: plan.on_paper]):
        answers = {
            number: each.paper[place % len(each.paper)]
            for number, each in zip(numbered, plan.questions, strict=True)
        }
        sheet = sheets.give_out(head=head, by=users[READS[0]], at=at)
        sheets.take_in(sheet=sheet, by=users[READS[1]], at=at)
        for account in READS:
            sheets.read(sheet=sheet, answers=answers, by=users[account], at=at)
