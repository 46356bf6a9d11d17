"""Terms that no form may have, by the name of the rule each of them breaks (obligations 4, 13 and 36).

Some stand in the form's own fields; others hide in its words, where a lawyer's template brought them along.
"""

from __future__ import annotations

import re
from enum import StrEnum

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


class _Words(StrEnum):
    """What a notice says when it breaks a rule. "Not irrevocable" and its like in Chinese are fine."""

    UNLIMITED = r"永久(保存|保留|有效|使用)|无限期|(?<!not )\bperpetual|\bindefinite(ly)?\b|\bfor ever\b|\bforever\b|\bwithout (a )?time limit"
    IRREVOCABLE = r"(?<![非并可])不可撤(销|回)|不得撤(销|回)|(?<!not )\birrevocabl|\b(cannot|may not|can ?not) be (withdrawn|revoked)"
    SUBLICENSABLE = r"(?<![不])可转授权|可再许可|转授权的权利|(?<!not )\bsub-?licen[sc](e|able)"


def broken_by(form: Form) -> list[Rule]:
    """The rules that this form breaks, each once, in their order."""
    said = "\n".join(
        part for text in form.texts.all() for part in (getattr(text, name) for name in text.NOTICE)
    )
    broken = {
        Rule.UNLIMITED: (form.life_days or 0) > LONGEST_LIFE or (form.retention_days or 0) > LONGEST_KEPT,
        Rule.IRREVOCABLE: form.irrevocable,
        Rule.SUBLICENSABLE: form.sublicensable,
        Rule.PRESET: form.preset,
        Rule.BUNDLED: form.bundled,
        Rule.NO_OTHER_WAY: not form.ways_in,
    }
    for words in _Words:
        rule = Rule[words.name]
        broken[rule] = broken[rule] or re.search(words, said, re.IGNORECASE) is not None
    return [rule for rule in Rule if broken[rule]]
