"""What an answer to a question means: yes or no, one of several things, or digits.

An answer is taken only when every word of it belongs to such an answer: anything else is not an answer, and what was
asked about is not done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from edgevoice.nlu import chinese_words as chinese

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YES: Mapping[str, frozenset[str]] = {
    "en": _set(
        "yes yeah yep yup yea aye sure ok okay certainly absolutely definitely affirmative correct exactly right confirm "
        "confirmed indeed fine alright great perfect"
    ),
    "de": _set("ja jawohl jep klar sicher natürlich genau gerne okay ok bestätige richtig"),
    "fr": _set("oui ouais d'accord ok okay certainement absolument exact confirme confirmer"),
    "es": _set("sí si claro vale ok okay confirmo correcto exacto"),
    "it": _set("sì si certo certamente ok okay confermo esatto"),
    "nl": _set("ja jazeker zeker oké ok okay natuurlijk klopt bevestig"),
}
_NO: Mapping[str, frozenset[str]] = {
    "en": _set("no nope nah not don't dont never nevermind negative cancel stop abort forget wrong leave wait"),
    "de": _set("nein nee nö nicht abbrechen stopp stop halt vergiss falsch niemals"),
    "fr": _set("non pas annule annuler arrête stop oublie jamais"),
    "es": _set("no cancela cancelar para alto olvídalo nunca"),
    "it": _set("no non annulla ferma stop lascia mai"),
    "nl": _set("nee niet annuleer stop vergeet laat nooit"),
}
_CHINESE_YES = re.compile(
    r"好的?|是的?|对的?|行|可以|可|没错|当然|确定|确认|同意|打开吧|做吧|执行|要的?|系|系呀|得|冇错|没问题|嗯+|ok|okay|yes"
)
_CHINESE_NO = re.compile(
    r"不用了?|不要了?|不了?|不是|不行|不可以|不对|不好|没有|算了|算数|取消|别|停|停止|免了|唔使|唔要|唔好|唔系|唔得|no"
)
_CHINESE_POLITE = re.compile(r"请|谢谢你?|多谢|唔该|吧|啊|呀|啦|了|呢|哦|喔|的|你|就|那|那就|这样|做|我")
_CHINESE_CHOOSING = frozenset("请那这个的就要我选吧啊呀嘅嗰系是盏台里哪边间扇道把只吊一谢")
_CHINESE_ALL = ("全部", "都", "两个都", "所有", "全都", "全部都要", "都要")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_YES_PHRASES = (
    "do it", "do that", "do so", "go ahead", "go for it", "go on", "of course", "please do", "sounds good", "i do", "you may", "why not",
    "by all means", "i guess so", "that would be great", "that would be nice",
)  # fmt: skip
_NO_PHRASES = ("better not", "rather not", "changed my mind", "let it be", "let it go", "hold on", "hang on", "no need")
_POLITE = _set(
    "please thanks thank you uh um er erm hm hmm ah eh well oh i am i'm think so it that's that is the mind bitte danke s'il vous te "
    "plaît merci por favor gracias per favore grazie alstublieft alsjeblieft actually then now just all about very much maybe "
    "course do i'd i've have my let's"
)
_CHOOSING = _set(
    "the one ones in on of at please i mean meant want a an that this it's its my thanks thank you uh um just only oh er well "
    "then think i'd like take let's say no for okay ok s"
)
_ORDINALS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "last": -1}
_ALL = frozenset({"all", "both", "everything"})
_REFUSED = re.compile(
    r"\b(?:no wait|wait no|no sorry|no|nope|nah|wait|sorry|i mean|i meant|actually|rather)\b[ ,.!]*(?=\w)"
)
_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = {word: str(value) for value, word in enumerate(_UNITS)}
_DIGITS |= {digit: str(value) for value, digit in enumerate("零一二三四五六七八九")} | {"两": "2", "幺": "1"}
_DIGITS |= {"oh": "0", "o": "0", "null": "0", "for": "4", "to": "2", "too": "2"}
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def yes_or_no(text: str, language: str = "en") -> bool | None:
    """True, False, or None where the text is no plain yes or no. One word of refusal makes it a no."""
    if _is_chinese(text):
        return _chinese_yes_or_no(text)
    lowered = " ".join(words(text))
    told = language.partition("-")[0]
    yes, no = _YES["en"] | _YES.get(told, frozenset()), _NO["en"] | _NO.get(told, frozenset())
    for phrases, word in ((_NO_PHRASES, "no"), (_YES_PHRASES, "yes")):
        for phrase in phrases:
            lowered = re.sub(rf"\b{phrase}\b", word, lowered)
    said = lowered.split()
    if not said or not set(said) <= yes | no | _POLITE:
        return None
    if not no.isdisjoint(said):
        return False
    return True if not yes.isdisjoint(said) else None


def without_no(text: str) -> str:
    """What is wanted instead, after a no or a change of mind: "no wait, the left one"; empty where nothing is."""
    found = list(_REFUSED.finditer(text.casefold()))
    return text[found[-1].end() :].strip() if found else ""


def choice(text: str, options: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Indices of the options that are meant, each option being the names it goes by; empty where it is not clear."""
    if _is_chinese(text):
        return _chinese_choice(text, options)
    rather = without_no(text)
    return (rather and _choice(words(rather), options)) or _choice(words(text), options)


def _choice(said: Sequence[str], options: Sequence[Sequence[str]]) -> tuple[int, ...]:
    if _ALL & set(said) and set(said) <= _ALL | _CHOOSING | {"them"}:
        return tuple(range(len(options)))
    for place, index in ((word, _ORDINALS[word]) for word in said if word in _ORDINALS):
        if set(said) <= {place} | _CHOOSING and index < len(options):
            return (index % len(options),)
    known = [{word for name in names for word in words(name)} for names in options]
    if not set(said) <= set().union(*known) | _CHOOSING:
        return ()
    whole = [i for i, names in enumerate(options) if any(words(name) == list(said) for name in names)]
    if len(whole) == 1:
        return (whole[0],)
    shared = set.intersection(*known)
    scores = [len((own - shared) & set(said)) for own in known]
    best = [i for i, score in enumerate(scores) if score and score == max(scores)]
    return (best[0],) if len(best) == 1 else ()


def digits(text: str) -> str:
    """The digits spoken, `four seven one one` or `47 eleven`, in a row; empty where anything else was said."""
    found = ""
    tens = ""
    if _is_chinese(text):
        text = _spaced(chinese.simplified(text).replace("密码是", "").replace("密码", ""))
    for word in words(text):
        if tens and word in _DIGITS and _DIGITS[word] != "0":
            found, tens = found + tens + _DIGITS[word], ""
            continue
        found, tens = found + (tens + "0" if tens else ""), ""
        if word.isdecimal():
            found += word
        elif word in _DIGITS:
            found += _DIGITS[word]
        elif word in _TEENS:
            found += str(10 + _TEENS.index(word))
        elif word in _TENS:
            tens = str(2 + _TENS.index(word))
        elif word not in _CHOOSING and word not in ("is", "pin", "code"):
            return ""
    return found + (tens + "0" if tens else "")


def words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("’", "'"))


def _is_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


def _spaced(text: str) -> str:
    """A space around each Chinese character: they are the words here."""
    return _CHINESE.sub(lambda found: f" {found[0]} ", text)


def _chinese_yes_or_no(text: str) -> bool | None:
    """Written without spaces: the answer's words, one after the other, up to its end."""
    left, said = chinese.plain(text), set[bool]()
    while left:
        no, yes, polite = (one.match(left) for one in (_CHINESE_NO, _CHINESE_YES, _CHINESE_POLITE))
        found = no or yes or polite
        if found is None:
            return None
        said |= {False} if no else {True} if yes else set()
        left = left[found.end() :]
    return False if False in said else True if said else None


def _chinese_choice(text: str, options: Sequence[Sequence[str]]) -> tuple[int, ...]:
    plain = chinese.plain(text)
    if plain in _CHINESE_ALL:
        return tuple(range(len(options)))
    ordinal = re.fullmatch(
        r"(?:请|我要|要|选)?第(?P<nth>[一二三四五])[个盏台]?[的吧]?|(?P<last>最后)一?[个盏台]?的?", plain
    )
    if ordinal:
        nth = -1 if ordinal["last"] else "一二三四五".index(ordinal["nth"])
        return (nth % len(options),) if nth < len(options) else ()
    said = set(words(_spaced(plain)))
    known = [{one for name in names for one in words(_spaced(chinese.plain(name)))} for names in options]
    if not said <= set().union(*known) | _CHINESE_CHOOSING:
        return ()
    whole = [i for i, names in enumerate(options) if plain in {chinese.plain(name) for name in names}]
    if len(whole) == 1:
        return (whole[0],)
    shared = set.intersection(*known)
    scores = [len((own - shared) & said) for own in known]
    best = [i for i, score in enumerate(scores) if score and score == max(scores)]
    return (best[0],) if len(best) == 1 else ()
