"""What a door says of each decision: what to do next and whom to call, in two languages, with a light and a clip of speech.

For who cannot read there is the clip, for who cannot hear the light: green opens, amber asks for something else, red stays
shut. Words say what to do, never who somebody is, and a wrong PIN and an unknown number are one sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gate.decide import Reason
from gate.drivers import Colour


@dataclass(frozen=True)
class Said:
    en: str
    zh: str
    light: Colour
    clip: str

    def as_line(self) -> dict[str, object]:
        return {"light": self.light.value, "clip": self.clip, "say": {"en": self.en, "zh": self.zh}}


_GREEN, _AMBER, _RED = Colour.GREEN, Colour.AMBER, Colour.RED

# Light, English, Chinese. Whom to call is added to all that is not green.
_WORDS: Mapping[Reason, tuple[Colour, str, str]] = {
    Reason.ALLOWED: (_GREEN, "Please come in.", "请进。"),
    Reason.OPENED_BY_STAFF: (_GREEN, "The office has opened. Please come in.", "物业已远程开门，请进。"),
    Reason.EMERGENCY: (
        _GREEN,
        "Emergency: the gate stands open. Go through calmly.",
        "紧急情况：门已打开，请有序通过。",
    ),
    Reason.UNKNOWN_CARD: (
        _RED,
        "This card is not known here. Try another card or your PIN.",
        "这里不认识这张卡。请换一张卡，或输入密码。",
    ),
    Reason.UNREADABLE_CARD: (
        _AMBER,
        "The card could not be read. Hold it flat and still.",
        "没有读到卡。请把卡放平、停一下再拿开。",
    ),
    Reason.UNKNOWN_FACE: (
        _AMBER,
        "Not recognised. Use your card or your PIN.",
        "没有认出来。请刷卡或输入密码。",
    ),
    Reason.AMBIGUOUS_FACE: (
        _AMBER,
        "Not sure which of you it is. Hold up your card, or type your PIN and #.",
        "分不清是谁。请刷卡，或输入密码再按 #。",
    ),
    Reason.SECOND_FACTOR: (
        _AMBER,
        "One more step at this door: hold up your card, or type your PIN and #.",
        "这扇门还要一步：请刷卡，或输入密码再按 #。",
    ),
    Reason.SCAN_NOT_ASKED: (
        _AMBER,
        "Press the button first, then look at the camera. A card opens without it.",
        "请先按按钮，再看镜头。刷卡不用按。",
    ),
    Reason.NO_FACE: (
        _AMBER,
        "No face was seen. Come closer, or use your card.",
        "没有看到人脸。请靠近一些，或刷卡。",
    ),
    Reason.SEVERAL_FACES: (
        _AMBER,
        "Several people were seen. One at a time, or use your card.",
        "看到了不止一个人。请一个一个来，或刷卡。",
    ),
    Reason.UNREADABLE_PHOTO: (
        _AMBER,
        "The camera did not work. Use your card or your PIN.",
        "镜头没有拍好。请刷卡或输入密码。",
    ),
    Reason.FACES_NOT_USED_HERE: (
        _AMBER,
        "This gate looks at no faces. Use your card.",
        "这扇门不看人脸。请刷卡。",
    ),
    Reason.FACES_TOO_LONG_OFFLINE: (
        _AMBER,
        "The gate has no network, so it looks at no faces. Use your card or your PIN.",
        "门禁断网，暂时不看人脸。请刷卡或输入密码。",
    ),
    Reason.WRONG_PIN: (
        _AMBER,
        "Number or PIN is wrong. Type the five digits, then the PIN, then #.",
        "编号或密码不对。请先输五位编号，再输密码，最后按 #。",
    ),
    Reason.UNREADABLE_PIN: (
        _AMBER,
        "Type the five digits, then the PIN, then #.",
        "请先输五位编号，再输密码，最后按 #。",
    ),
    Reason.KEYPAD_WAITS: (
        _AMBER,
        "The keypad waits a little after wrong tries. A card opens at once.",
        "输错几次，键盘要等一会儿。刷卡可以马上开门。",
    ),
    Reason.PINS_NOT_USED_HERE: (
        _AMBER,
        "This gate takes no PIN. Use your card.",
        "这扇门不用密码。请刷卡。",
    ),
    Reason.UNKNOWN_CODE: (
        _RED,
        "This code does not open here, or it was ended. Ask whoever invited you.",
        "这个码不能开这扇门，或已停用。请问邀请您的人。",
    ),
    Reason.UNREADABLE_CODE: (
        _AMBER,
        "The code could not be read. Make the screen brighter and hold it still.",
        "没有读到码。请调亮屏幕、拿稳手机。",
    ),
    Reason.FOREIGN_CODE: (
        _RED,
        "This is not a code of this neighborhood. Ask whoever invited you.",
        "这不是本小区的码。请问邀请您的人。",
    ),
    Reason.CODE_RAN_OUT: (_AMBER, "The code ran out. Show a new one.", "码已过期。请换一个新的。"),
    Reason.CODE_NOT_YET: (
        _AMBER,
        "The code begins later. Come back at its time.",
        "还没到这个码的时间。请到时再来。",
    ),
    Reason.CODE_USED: (
        _AMBER,
        "The code was used before. Show a new one.",
        "这个码已用过。请换一个新的。",
    ),
    Reason.CODES_NOT_USED_HERE: (
        _AMBER,
        "This gate takes no codes. Use your card, or go to the main gate.",
        "这扇门不用码。请刷卡，或走大门。",
    ),
    Reason.TOO_LONG_OFFLINE: (
        _AMBER,
        "The gate has no network, so it takes no codes. Use a card or a PIN.",
        "门禁断网，暂时不能用码。请刷卡或输入密码。",
    ),
    Reason.LOCKED_DOWN: (
        _RED,
        "Visitor passes do not open just now. Please wait for whoever invited you.",
        "现在访客码暂不能开门。请等邀请您的人来接。",
    ),
    Reason.CANNOT_RECORD: (
        _AMBER,
        "The gate cannot take this code just now. Use a card or a PIN.",
        "门禁暂时收不了这个码。请刷卡或输入密码。",
    ),
    Reason.OUTSIDE_HOURS: (
        _RED,
        "Not at this hour. Use another gate of yours.",
        "现在不在可通行的时间。请走您的其他门。",
    ),
    Reason.NOT_YET_VALID: (
        _RED,
        "This does not open yet. Come back on the day it begins.",
        "还没有开始生效。请到生效那天再来。",
    ),
    Reason.NO_LONGER_VALID: (
        _RED,
        "This does not open any more. Ask for a new one.",
        "已经失效。请换新的。",
    ),
    Reason.BESIDE: (
        _AMBER,
        "The old reader opens this gate. Hold your card to that one.",
        "这扇门由旧读卡器开。请在旧读卡器上刷卡。",
    ),
    Reason.NOT_PAIRED: (
        _RED,
        "This reader is not set up. Use another gate.",
        "这台读卡器还没装好。请走其他门。",
    ),
    Reason.REVOKED: (
        _RED,
        "This reader is switched off. Use another gate.",
        "这台读卡器已停用。请走其他门。",
    ),
}


def of(reason: Reason, *, call: str = "", wait: int = 0) -> Said:
    """`call`: the office's telephone, as the site said it; `wait`: seconds, of a keypad that waits."""
    light, en, zh = _WORDS[reason]
    if wait:
        en, zh = f"{en} {wait} s.", f"{zh}还有 {wait} 秒。"
    if light is not Colour.GREEN:
        en = f"{en} For help call {call}." if call else f"{en} For help ask at the property office."
        zh = f"{zh}需要帮助请拨打 {call}。" if call else f"{zh}需要帮助请找物业办公室。"
    return Said(en=en, zh=zh, light=light, clip=reason.value)
