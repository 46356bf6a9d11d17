"""Terms that no form may have, by the name of the rule each of them breaks (obligations 4, 13 and 36).

Some stand in the form's own fields; others hide in its words, where a lawyer's template brought them along. Words are read
as a person reads them: wide letters, spaces between characters and marks that nobody sees make no difference. Whatever no
list of phrases finds, the second reader is there for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from consent.models import LONGEST_KEPT, LONGEST_LIFE, Form


class Rule(TextChoices):
    UNLIMITED = (
        "unlimited",
        _("without end: a yes is good for a time, and what it left is deleted (obligations 20 and 36)"),
    )
    IRREVOCABLE = "irrevocable", _("no way back: every yes can be stopped (obligations 8 and 36)")
    SUBLICENSABLE = (
        "sublicensable",
        _("to be passed on at will: each recipient is named (obligations 28 and 36)"),
    )
    PRESET = "preset", _("ticked beforehand: a yes is given by the person (obligation 4)")
    BUNDLED = "bundled", _("bundled: each purpose is asked on its own (obligations 4 and 5)")
    NO_OTHER_WAY = (
        "no_other_way",
        _("no way in without it: one that measures nobody is named (obligations 1 and 2)"),
    )


class Refused(ValueError):
    """The form may not be asked of anybody. `rules` says why."""

    def __init__(self, rules: list[Rule]) -> None:
        super().__init__(", ".join(rules))
        self.rules = rules


# What a notice says when it breaks a rule. Chinese is matched with every space taken out, English in lower case with each
# run of spaces made one.
_SAID: Mapping[Rule, str] = {
    Rule.UNLIMITED: (
        r"永久(性|地)?(保存|保留|有效|使用|存储|储存|持有|授权|许可)|永远(保存|保留|有效|使用)|终身(保存|有效|授权)"
        r"|(保存|保留|有效|使用|授权)(期|期限|时间|年限)?[:为是]{0,2}(永久|永远|长期|无限)"
        r"|无限期|不限期|长期有效|(没有|无|不设|不受)(任何)?(期限|时间)(的)?(限制)"
        r"|\bperpetual(ly)?\b|\bindefinite(ly)?\b|\bfor ?ever\b|\bin perpetuity\b|\bpermanent(ly)? (kept?|stored?|retain(ed)?|valid)\b"
        r"|\b(kept|keep|stored?|retain(ed)?|valid) permanently\b|\bwithout (any |a )?(time limit|limit (of|in|on) time|expiry|end date)\b"
    ),
    Rule.IRREVOCABLE: (
        r"(不可以?|不得|不能够?|无权|不允许|无法|不予)(再|随意|单方|单方面)*(撤销|撤回|收回|取消)|放弃(撤回|撤销)(的)?权利?"
        r"|一经(同意|授权|确认)[,、]?(即)?(不可|不得|不能)"
        r"|\birrevocab(le|ly|ility)\b|\bnon-?revocable\b|\b(cannot|can ?not|can't|may not|must not|shall not) (later )?(be )?(withdrawn?|revoked?|cancelled|taken back|withdraw|revoke)\b"
        r"|\bwaives? (the|your|any|all)? ?rights? (to|of) (withdraw|revo)"
    ),
    Rule.SUBLICENSABLE: (
        r"转授权|再许可|再授权|分许可|转许可|(任意|自由|自行)(转让|转移|提供给)"
        r"|\bsub-? ?licen[sc](e|es|ed|ing|able|eable)\b|\btransferable licen[sc]e\b|\blicen[sc]e (is )?(freely )?transferable\b"
        r"|\b(freely|at will) (transfer(able|red)?|assign(able|ed)?|pass(ed)? on)\b"
    ),
    Rule.PRESET: (
        r"默认(已)?(勾选|同意|选中|授权|开启)|自动(勾选|视为同意)|(未|不)(作|做)?(答复|回复|表态|反对|提出异议)(的)?[,]?(即|则|将)?(视为|视同)(您)?(同意|接受)"
        r"|\bpre-? ?(ticked|checked|selected)\b|\b(ticked|checked|selected) by default\b|\b(opt|opted) (you )?in by default\b"
        r"|\b(silence|no (answer|reply|objection)) (means|counts as|is taken as) (a )?(yes|consent|agreement)\b"
    ),
    Rule.BUNDLED: (
        r"(一并|一揽子|同时|概括)(视为)?(同意|授权|接受)|(使用|进入|入住|办理|继续使用|开通)[^。;.!?]{0,30}(即|则)(表示|视为|代表|视同)(您)?(已)?(同意|接受|授权)"
        r"|\bby (using|entering|visiting|living|moving|continuing|signing|accessing)\b[^.;!?]{0,80}\byou (also )?(agree|consent|accept)\b"
        r"|\b(use|continued use|entry)\b[^.;!?]{0,60}\b(constitutes|means|implies) (your )?(consent|agreement|acceptance)\b"
        r"|\byou also (agree|consent) to\b"
    ),
}
# The same words, denied: "not irrevocable", "不是永久保存", "no silence counts as a yes".
_DENIED = re.compile(
    r"(不是|并非|绝非|而非|不会|不再|绝不|从不|不得|不作|不做|不|没有|无需|禁止|未|非|不存在|不含|不包含|不允许|不能)(被|任何|您的|您|把|将|予以|再)?$"
    r"|\b(not|never|no|nor|neither|isn't|aren't|won't|without (any |a )?|nothing (here )?is|nothing is)( (be|been|kept|stored|retained|is|are|a|an|any|the|ever|valid|in any way))* ?$"
)
_CLAUSE = re.compile(r"[,。;.!?\n]")
_HAN_SPACE = re.compile(r"\s+(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])\s+")
_UNSEEN = {"Cf", "Mn", "Me", "Cc"}


def plainly(words: str) -> str:
    """As a person reads it: one width, one case, nothing unseen, no space beside a Chinese character."""
    wide = unicodedata.normalize("NFKC", words)
    seen = "".join(
        each for each in wide if each in "\n\t" or unicodedata.category(each) not in _UNSEEN
    ).casefold()
    seen = seen.replace("\u2019", "'")
    return re.sub(r"[^\S\n]+", " ", _HAN_SPACE.sub("", re.sub(r"\s*\n\s*", " ", seen)))


def said_in(words: str) -> list[Rule]:
    """The rules that these words break."""
    plain = plainly(words)
    return [rule for rule, pattern in _SAID.items() if any(map(_is_meant, re.finditer(pattern, plain)))]


def _is_meant(found: re.Match[str]) -> bool:
    """Not so where the words right before it, in the same clause, deny it."""
    before = _CLAUSE.split(found.string[: found.start()])[-1]
    return _DENIED.search(before) is None


def broken_by(form: Form) -> list[Rule]:
    """The rules that this form breaks, each once, in their order."""
    broken = {
        Rule.UNLIMITED: (form.life_days or 0) > LONGEST_LIFE or (form.retention_days or 0) > LONGEST_KEPT,
        Rule.IRREVOCABLE: form.irrevocable,
        Rule.SUBLICENSABLE: form.sublicensable,
        Rule.PRESET: form.preset,
        Rule.BUNDLED: form.bundled,
        Rule.NO_OTHER_WAY: not form.ways_in,
    }
    said = set(said_in("\n".join(_everything_said(form))))
    return [rule for rule in Rule if broken[rule] or rule in said]


def _everything_said(form: Form) -> list[str]:
    """Its notices, and whatever else on it somebody typed."""
    typed = [getattr(text, name) for text in form.texts.all() for name in text.NOTICE]
    for each in form.recipients.all():
        typed += [each.name, each.contact, each.what_for, each.method]
    return [*typed, form.controller_name, form.controller_address, form.controller_contact]
