"""Chinese, simplified and traditional, Mandarin and Cantonese: what no template has.

Timers by their parts instead of whole sentences: written without spaces, a sentence is a verb, lengths of time, a word for a timer, and what the timer is called or where
it is; in which order differs from place to place, and no template has them all.
"""

from __future__ import annotations

import re
from dataclasses import replace

from edgevoice.home import targets
from edgevoice.home.model import Home
from edgevoice.messages import Intent, Value
from edgevoice.nlu import chinese_wishes
from edgevoice.nlu.chinese_free import Lexicon, parts, read
from edgevoice.nlu.context import Context

_N = r"(?:\d+|[一二两兩三四五六七八九十]+|半)"
_TIMER = r"(?:倒?[计計][时時]器?|定[时時]器|倒[数數时時]器|timers?)"
_HOUR, _MINUTE, _SECOND = r"(?:小[时時]|[钟鐘][头頭]|[钟鐘](?![头頭]))", r"分[钟鐘]?", r"秒[钟鐘]?"
_LENGTH = re.compile(
    rf"(?:(?P<h>{_N})[个個]?(?P<hh>半)?{_HOUR}(?P<hhh>半)?)?[和又零]?"
    rf"(?:(?P<m>{_N}){_MINUTE}(?P<mh>半)?)?[和又零]?(?:(?P<s>{_N}){_SECOND})?|(?P<five>{_N})[个個]字"
)
_THAT = r"(?:的|嘅|嗰[个個]|那[个個])"
_VERBS: tuple[tuple[str, str], ...] = (
    ("HassIncreaseTimer", r"增加|加[长長]|延[长長]|再加|加"),
    ("HassDecreaseTimer", r"[减減]少|[缩縮]短|[减減]去|[减減]"),
    ("HassPauseTimer", r"[暂暫]停"),
    ("HassUnpauseTimer", r"恢[复復]|[继繼][续續]"),
    ("HassTimerStatus", r"[状狀][态態况況]|剩|[还還]有|仲有|[幾几]多[时時][间間]|[幾几]耐|多久|怎[么麼]|看看"),
    ("HassCancelTimer", r"取消|停止|停|[关關][闭閉掉]?|[刪删]除|cancel|stop"),
    ("HassStartTimer", r"[设設][置定计計]|[开開]始|[创創]建|放置|[撥拨]|set|start"),
)
_NO_NAME = re.compile(
    rf"{_TIMER}|{'|'.join(words for _, words in _VERBS)}|[把将將让讓给給到落去为為下多少长長时時间間重剩有一還还仲]|我?{_THAT}|"
    r"我|[个個]|所有|全部|all|the|名[为為叫]|叫做?|状|的|[？?。，,！!]|了|呢"
)
_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九", 1)} | {"两": 2, "兩": 2}
_NAME = 8
"""Characters of a timer's name; more is a sentence of another kind."""

_SURE = 0.85
"""Of a word that only sounds like the one it is taken for."""
_HERE = frozenset({"HassMediaNext", "HassMediaPrevious", "HassMediaPause", "HassMediaUnpause", "HassSetVolume"})
_ASKING = frozenset(
    {"HassGetState", "HassClimateGetTemperature", "HassGetWeather", "HassGetCurrentTime", "HassGetCurrentDate"}
    | {"HassTimerStatus", "HassRespond", "HassNevermind"}
)
_ASKED = re.compile(r"(?:[吗嗎]|了没|了沒|[没沒]有|咗未|未)[?？]?$|[系係]咪|是不是|有[没沒]有|有冇")
_NOT_TOLD = re.compile(
    r"不要|不准|不[许許]|[别別]|唔好|唔使|[为為]什[么麼]|[为為]何|[点點]解|怎[么麼]|[谁誰]|[边邊][个個]"
)
_AROUND = re.compile(
    r"^(?:[,，]|[请請]|麻[烦煩]你?|唔[该該]|[帮幫]我|[帮幫]忙|[给給]我|替我)+|(?:[,，]|吧|啦|喇|呀|啊|哦|喔|[谢謝][谢謝]你?|多[谢謝]|唔[该該])+$"
)
_JOINTS = re.compile(
    r"[,，;；。]\s*(?:然[后後]|再|[并並]且?|同[时時]|[顺順]便|跟住)?|然[后後]再?|跟住|[并並]且|^先|再(?=[打开開关關锁鎖把将將熄閂调調])"
)
_REQUEST = re.compile(
    r"你?(?:可以|能|能否|能不能|可不可以|可唔可以|得唔得)(?=[请請帮幫替]|[给給]我|同我)(?P<wish>.+?)[吗嗎么麼]?[?？]?|"
    r"(?P<told>.+?)[,，]?(?:好[吗嗎]|行[吗嗎]|可以[吗嗎]|好不好|好唔好|得唔得)[?？]?"
)
"""Asks to do something, and not whether it is so."""
_APART = re.compile(r"(?<![a-z0-9])\s+|\s+(?![a-z0-9])", re.IGNORECASE)


def joined(text: str) -> str:
    """Without the spaces that a recogniser puts between Chinese words; those in "Living Room" stay. `能帮我开灯吗` is `帮我开灯`."""
    line = _APART.sub("", text)
    request = _REQUEST.fullmatch(line)
    return request["wish"] or request["told"] if request else line


def bare(text: str) -> str:
    """Without the politeness around it."""
    return _AROUND.sub("", text)


def clauses(text: str) -> tuple[str, ...]:
    """`打开客厅灯，再关闭厨房灯` as two."""
    return tuple(part for part in _JOINTS.split(text) if part)


def is_told(text: str, intent: Intent) -> bool:
    """False for a deed that the sentence only asks about, or forbids: `开灯了吗`, `别开灯`."""
    return intent.name in _ASKING or not (_ASKED.search(text) or _NOT_TOLD.match(bare(text)))


def together(home: Home, lexicon: Lexicon, text: str, context: Context) -> tuple[Intent, ...]:
    """What is wanted of several things at once; empty unless all of it is understood."""
    said = read(text, lexicon)
    area = home.areas.get(context.area or "")
    each = parts(said) if said is not None and not said.is_question else ()
    found = [chinese_wishes.meant(home, one, text, area.name if area else None) for one in each]
    return tuple(one for one in found if one is not None) if all(found) else ()


def understand(home: Home, lexicon: Lexicon, text: str, context: Context) -> Intent | None:
    """What no template knows, by its words."""
    area = home.areas.get(context.area or "")
    said = read(text, lexicon) or read(text, lexicon, heard=True)
    found = chinese_wishes.meant(home, said, text, area.name if area else None) if said is not None else None
    if said is None or found is None:
        return None
    return replace(found, confidence=round(found.confidence * _SURE**said.misheard, 3))


def here(intent: Intent, home: Home, context: Context) -> Intent:
    """ "Next" means the player where the microphone is."""
    area = home.areas.get(context.area or "")
    if area is None or intent.name not in _HERE or {"name", "area"} & set(intent.slots):
        return intent
    return replace(intent, slots={**intent.slots, "area": area.name})


def timer(home: Home, text: str) -> Intent | None:
    """The timer intent of a sentence that speaks of a timer; None where it speaks of none, or of more."""
    line = re.sub(r"(?<![a-z])\s+|\s+(?![a-z])", "", text.casefold())
    if not re.search(_TIMER, line):
        return None
    lengths = [found for found in _LENGTH.finditer(line) if found[0]]
    name = next((intent for intent, words in _VERBS if re.search(words, line)), "HassStartTimer" if lengths else "")
    slots: dict[str, Value] = {}
    for length in lengths:
        is_which = re.match(rf"我?{_THAT}*{_TIMER}", line[length.end() :]) is not None
        of_another = name in ("HassIncreaseTimer", "HassDecreaseTimer") and (not is_which or len(lengths) == 1)
        prefix = "" if name == "HassStartTimer" or of_another else "start_"
        slots.update({prefix + unit: value for unit, value in _parts(length).items()})
    rest = line
    for length in lengths:
        rest = rest.replace(length[0], " ", 1)
    called = _NO_NAME.sub(" ", rest).split()
    if not name or len(called) > 1 or len("".join(called)) > _NAME:
        return None
    if name == "HassCancelTimer" and re.search(r"所有|全部|\ball\b", line):
        name = "HassCancelAllTimers"
    for word in called:
        areas = targets.find_areas(home, word)
        slots |= {"area": areas[0].name} if areas else {"name": word}
    if name == "HassStartTimer" and not lengths:
        return None
    return Intent(name, slots, 1.0, "template", text)


def _parts(length: re.Match[str]) -> dict[str, int]:
    seconds = 3600 * _number(length["h"]) + 60 * _number(length["m"]) + _number(length["s"])
    seconds += 1800 * bool(length["hh"] or length["hhh"]) + 30 * bool(length["mh"]) + 300 * _number(length["five"])
    units = {"hours": int(seconds // 3600), "minutes": int(seconds % 3600 // 60), "seconds": int(seconds % 60)}
    if not length["h"] and length["m"] and length["m"] != "半":  # "90 minutes" stay so
        units = {"hours": 0, "minutes": int(seconds // 60), "seconds": int(seconds % 60)}
    return {unit: value for unit, value in units.items() if value}


def _number(text: str | None) -> float:
    if not text:
        return 0
    if text == "半":
        return 0.5
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    return (10 * _DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones, 0)
