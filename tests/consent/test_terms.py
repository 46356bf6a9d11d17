"""Terms that no form may have, however they are spelled; and words that only sound like them."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent import publishing, terms
from consent.models import Form, FormText, Purpose
from consent.terms import Rule, said_in
from portal.demo.consenting import NOTICES
from tests.cast import draft

UNFAIR = [
    (Rule.UNLIMITED, "您的照片将永久保存。"),
    (Rule.UNLIMITED, "本授权无限期有效"),
    (Rule.UNLIMITED, "人脸数据永久性保留在服务器上"),
    (Rule.UNLIMITED, "保存没有期限限制"),
    (Rule.UNLIMITED, "保存期限:永久"),
    (Rule.UNLIMITED, "有效期为长期"),
    (Rule.UNLIMITED, "a perpetual licence"),
    (Rule.UNLIMITED, "Your photos are kept forever."),
    (Rule.UNLIMITED, "may be stored for ever"),
    (Rule.UNLIMITED, "retained indefinitely"),
    (Rule.UNLIMITED, "valid without any time limit"),
    (Rule.IRREVOCABLE, "本同意不可撤回"),
    (Rule.IRREVOCABLE, "本授权不可撤销"),
    (Rule.IRREVOCABLE, "一经签署,不得撤回"),
    (Rule.IRREVOCABLE, "您不可以撤回"),
    (Rule.IRREVOCABLE, "放弃撤回的权利"),
    (Rule.IRREVOCABLE, "This consent is irrevocable."),
    (Rule.IRREVOCABLE, "you irrevocably agree"),
    (Rule.IRREVOCABLE, "It cannot be withdrawn."),
    (Rule.IRREVOCABLE, "Consent may not be revoked"),
    (Rule.SUBLICENSABLE, "有权转授权给第三方"),
    (Rule.SUBLICENSABLE, "可再许可"),
    (Rule.SUBLICENSABLE, "with the right to sublicense"),
    (Rule.SUBLICENSABLE, "a sub-licensable right"),
    (Rule.SUBLICENSABLE, "a transferable licence to use your face"),
    (Rule.PRESET, "系统默认勾选同意"),
    (Rule.PRESET, "未答复的,视为同意"),
    (Rule.PRESET, "The box is pre-ticked for you."),
    (Rule.PRESET, "yes is selected by default"),
    (Rule.PRESET, "Silence counts as consent."),
    (Rule.BUNDLED, "您一并同意物业使用您的电话"),
    (Rule.BUNDLED, "使用本小区门禁即视为同意"),
    (Rule.BUNDLED, "By using the gates you agree to all terms."),
    (Rule.BUNDLED, "Continued use of the card constitutes consent"),
]
FAIR = [
    "You can withdraw at any time.",
    "随时可以撤回,不需要理由。",
    "不是永久保存,一年后自动结束。",
    "不会永久保存。",
    "并非不可撤回。",
    "This is not irrevocable.",
    "Nothing is kept for ever.",
    "It is never stored indefinitely.",
    "We do not sublicense anything.",
    "不得转授权给任何人。",
    "不会默认勾选。",
    "Nothing is pre-ticked.",
    "Your yes is valid for 365 days.",
    "If you do nothing, the answer is no.",
    "您不同意也可以刷卡进门。",
    "取消会议的通知",
]
# What makes a word look the same and match no list.
DISGUISES = [
    lambda words: words,
    lambda words: "\u200b".join(words),
    lambda words: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in words),
    lambda words: words.upper(),
    lambda words: "  ".join(words.split(" ")),
    lambda words: "\u2060\ufeff".join(words),
]


@pytest.mark.obligation("36", "4", "8")
@pytest.mark.parametrize("disguise", range(len(DISGUISES)))
@pytest.mark.parametrize(("rule", "words"), UNFAIR)
def test_it_finds_the_term_in_whatever_letters(rule, words, disguise):
    assert rule in said_in(DISGUISES[disguise](words))


@pytest.mark.obligation("36")
@pytest.mark.parametrize("words", ["永 久 保 存", "不 可 撤 回", "永久\n保存", "无 限 期"])
def test_it_reads_over_spaces_between_characters(words):
    assert said_in(f"您的数据{words}。")


@pytest.mark.parametrize("words", FAIR)
def test_it_lets_stand_what_only_sounds_like_it(words):
    assert said_in(words) == []


def test_it_lets_stand_the_notices_of_the_demo():
    for texts in tomllib.loads(NOTICES.read_text(encoding="utf-8")).values():
        for language in FormText.Language.values:
            for part, words in texts[language].items():
                assert said_in(words) == [], (language, part)


@pytest.mark.django_db
@pytest.mark.obligation("4", "36")
@pytest.mark.parametrize("name", ["irrevocable", "sublicensable", "preset", "bundled"])
def test_a_term_ticked_by_whoever_brought_it_is_refused_by_name(here, chair, now, name):
    form = draft(here, Purpose.FACE_AT_GATE)
    Form.objects.filter(pk=form.pk).update(**{name: True})
    with pytest.raises(terms.Refused) as refused:
        publishing.submit(form=form, by=chair, at=now)
    assert refused.value.rules == [Rule[name.upper()]]


@pytest.mark.django_db
@pytest.mark.obligation("1", "2", "36")
@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"ways_in": []}, Rule.NO_OTHER_WAY),
        ({"life_days": 3 * 365 + 1}, Rule.UNLIMITED),
        ({"retention_days": 31}, Rule.UNLIMITED),
    ],
)
def test_no_way_in_and_no_end_are_refused_by_name(here, chair, now, changed, rule):
    form = draft(here, Purpose.FACE_AT_GATE)
    Form.objects.filter(pk=form.pk).update(**changed)
    with pytest.raises(terms.Refused) as refused:
        publishing.submit(form=form, by=chair, at=now)
    assert refused.value.rules == [rule]


PART = st.sampled_from(FormText.NOTICE)
SAID = st.one_of(st.sampled_from([words for _rule, words in UNFAIR] + FAIR), st.text(min_size=1, max_size=30))


@pytest.mark.obligation("36", "4")
@given(
    parts=st.lists(st.tuples(PART, SAID, st.integers(0, len(DISGUISES) - 1)), max_size=4),
    flags=st.lists(st.sampled_from(["irrevocable", "sublicensable", "preset", "bundled"]), max_size=1),
    life=st.sampled_from([1, 365, 3 * 365, 3 * 365 + 1, 99999]),
    kept=st.sampled_from([0, 30, 31, 9999]),
    ways=st.sampled_from([[], ["card"], ["card", "pin"]]),
)
# Each example is taken back.
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_published_form_has_any(committed, parts, flags, life, kept, ways):
    """Whatever is typed and ticked: it is refused, or it has none of these terms."""
    from django.db import transaction
    from django.utils import timezone

    from residents.models import Neighborhood, User
    from tests.cast import publish

    now = timezone.now()
    with transaction.atomic():
        here, _made = Neighborhood.objects.get_or_create(name="柳岸小区", name_en="Willow Bank")
        reader, _made = User.objects.get_or_create(username="reader")
        form = draft(here, Purpose.FACE_AT_GATE)
        changed = {"life_days": life, "retention_days": kept, "ways_in": ways} | dict.fromkeys(flags, True)
        Form.objects.filter(pk=form.pk).update(**changed)
        told = {}
        for part, words, disguise in parts:
            told[part] = DISGUISES[disguise](words).replace("\0", "")[:120] or "."
        form.texts.filter(language="en").update(**told)
        try:
            publish(form=Form.objects.get(pk=form.pk), by=reader, at=now)
        except (terms.Refused, publishing.FormIncomplete):
            pass
        else:
            assert not flags
            assert (life <= 3 * 365, kept <= 30, bool(ways)) == (True, True, True)
            words = [words for _rule, words in UNFAIR]
            typed = [terms.plainly(each) for each in told.values()]
            assert not [each for each in words if any(terms.plainly(each) in part for part in typed)]
        transaction.set_rollback(True)
