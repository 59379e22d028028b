"""What a sentence asks for, from its verbs and particles: rules over a sentence whose mentions are replaced by tags.

"Please make the lights in the kitchen blue" is read as `please make the LIGHT in the AREA COLOR`, and the rule
`LIGHT * COLOR` speaks for `set_color`. In a rule a word stands for its inflections, `<class>` for the words of that
class, `a|b` for either, `*` for any words between, `word?` may be missing, `^` is the beginning and `$` the end.
English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from edgevoice.nlu.evidence import stem_set

_CLASSES: Mapping[str, str] = {
    "turn": "turn switch put flip power click toggle get set make have keep leave bring pop want need like",
    "kill": "kill disable deactivate extinguish stop cease cut shut end discontinue quit douse",
    "start": "start activate enable begin run launch initiate engage fire boot",
    "raise": "raise increase boost amplify maximize elevate intensify heighten strengthen",
    "lower": "lower decrease reduce lessen minimize attenuate drop diminish soften low",
    "dim": "dim darken dimmer darker",
    "brighten": "brighten lighten brighter",
    "change": "set change adjust make turn switch put bring move want need like have give color paint let's get lets",
    "brew": "make brew cook prepare fix pour boil get",
    "wish": "want need like love have wish give get",
    "clean": "clean sweep mop dust hoover",
    "sense": "brightness intensity illumination luminosity",
    "open": "open unroll lift draw",
    "close": "close shut",
    "lock": "lock bolt secure",
    "door": "LOCK COVER door",
    "it": "it them this that these those everything all",
    "thing": "LIGHT SWITCH FAN MEDIA_PLAYER CLIMATE HUMIDIFIER VACUUM LAWN_MOWER SCENE SCRIPT WATER_HEATER",
    "neg": "not don't can't cannot couldn't barely hardly never won't",
    "article": "the a an my our this that some all any your",
}
_RULES: tuple[tuple[str, float, str], ...] = tuple(
    (action, strength, rule)
    for action, strength, rules in (
        ("unmute", 1.0, "unmute"),
        ("mute", 1.0, "mute|silence; <neg> make * any|a? noise|MEDIA_PLAYER; no more? noise|MEDIA_PLAYER"),
        ("mute", 0.8, "activate|go|turn|set * silent|quiet; <neg> want * noise|MEDIA_PLAYER"),
        ("mute", 0.5, "be|stay|keep|is|it's * silent|quiet; quiet|silent * mode|time; <neg> talk|speak|respond"),
        ("mute", 0.5, "no|stop talk|speak; shut up; ^ please? silent|quiet"),
        ("quieter", 1.0, "quieter; softer * MEDIA_PLAYER; MEDIA_PLAYER * softer; too|so|very|really loud; less loud"),
        ("quieter", 0.8, "<lower> * tone|voice|speech; talk|speak|play * softly|softer|lower; ^ softer $"),
        ("louder", 1.0, "louder|loudly; not loud enough"),
        ("louder", 0.7, "speak|talk up; <neg> * hear * you|it|me|MEDIA_PLAYER|anything; hard to hear"),
        ("louder", 1.0, "<raise> * MEDIA_PLAYER; turn|bring|crank|pump|push up * MEDIA_PLAYER; MEDIA_PLAYER * up $"),
        ("louder", 1.0, "turn|bring|crank|pump|push|make|adjust * MEDIA_PLAYER * up|higher|<raise>; more MEDIA_PLAYER"),
        (
            "louder",
            1.0,
            "MEDIA_PLAYER <raise>|up|higher; up the? MEDIA_PLAYER; high MEDIA_PLAYER; MEDIA_PLAYER * be <raise>",
        ),
        (
            "quieter",
            1.0,
            "<lower> * MEDIA_PLAYER; turn|bring down * MEDIA_PLAYER; turn|bring|make * MEDIA_PLAYER * down",
        ),
        ("quieter", 1.0, "MEDIA_PLAYER * <lower>|down; down the? MEDIA_PLAYER; less|low MEDIA_PLAYER"),
        ("set_volume", 1.0, "MEDIA_PLAYER * NUMBER; NUMBER * MEDIA_PLAYER"),
        (
            "set_color",
            1.0,
            "LIGHT * COLOR; COLOR * LIGHT; color * COLOR; COLOR color; <change> * AREA|room|house * COLOR",
        ),
        ("set_color", 0.8, "<change> <it> * COLOR; <change> to COLOR"),
        ("warm_light", 0.9, "warm|warmer|cozy|cosy|softer * LIGHT|glow|tone; LIGHT * warm|warmer|cozy|cosy"),
        (
            "warm_light",
            0.5,
            "romantic|mood|relax|calm|soothing|ambient|sleep|evening * LIGHT; LIGHT * romantic|mood|relax|calm|sleep; <change> the? mood",
        ),
        ("cool_light", 0.9, "cool|cooler|cold|daylight * LIGHT|tone; LIGHT * cool|cooler|cold|colder"),
        (
            "any_color",
            0.8,
            "different|another|other|random|new * color; <change> * different|another LIGHT; color * different|other",
        ),
        (
            "any_color",
            0.6,
            "party|disco|festive|colorful|multicolor|rainbow * LIGHT; LIGHT * party|disco|festive|rainbow",
        ),
        ("any_color", 0.5, "<change> * color|tint|hue * LIGHT; LIGHT * color|tint|hue; <change> * color|hue"),
        ("any_color", 0.4, "change|adjust|vary * LIGHT"),
        ("dimmer", 1.0, "<dim> * LIGHT|AREA; LIGHT * <dim>; <lower> * LIGHT|<sense>; LIGHT|<sense> * <lower>|down"),
        (
            "dimmer",
            1.0,
            "turn|bring|take|put|tone|adjust * LIGHT|<sense> * down; turn|bring|tone|take down * LIGHT|<sense>",
        ),
        (
            "dimmer",
            0.9,
            "too|so|very|really|less bright; less brighter|LIGHT; bright less; <dim> <it>; ^ <dim>; make * <dim>",
        ),
        ("turn_on", 1.0, "^ please? LIGHT up * LIGHT|AREA"),
        (
            "brighter",
            1.0,
            "<brighten> * LIGHT|AREA; LIGHT|AREA * brighter; <raise> * LIGHT|<sense>; LIGHT|<sense> * <raise>",
        ),
        (
            "brighter",
            1.0,
            "turn|bring|crank up * LIGHT|<sense>; LIGHT|<sense> up; turn|bring * LIGHT|<sense> up; more LIGHT",
        ),
        (
            "brighter",
            0.9,
            "make * brighter|bright; ^ brighter; <brighten> <it>|up|room|AREA; more bright|brightness|visible",
        ),
        ("brighter", 0.8, "bright <article>? LIGHT; LIGHT * higher|full"),
        (
            "set_brightness",
            1.0,
            "LIGHT to|at|by? NUMBER; <sense> * NUMBER; LIGHT * NUMBER percent; LIGHT * to|at NUMBER",
        ),
        ("set_brightness", 1.0, "NUMBER percent? <sense>; NUMBER percent * LIGHT; dim * NUMBER; LIGHT * full|half"),
        (
            "light",
            0.9,
            "too|so|very|awfully|really|bit|getting dark|gloomy; <neg> * see * anything|thing|hand; hard to see",
        ),
        ("light", 0.7, "is|it's dark; darkness * fall|fallen|fell; <neg> * see"),
        ("set_temperature", 1.0, "CLIMATE * NUMBER; NUMBER degree; <change> * CLIMATE * NUMBER; heat|cool * to NUMBER"),
        ("warmer", 0.9, "warmer|hotter; too|so|really|very cold|chilly|freezing|cool; freezing; <raise> * CLIMATE"),
        ("warmer", 0.9, "turn up * CLIMATE|heat; turn * CLIMATE|heat up; heat up; warm <it>|AREA up"),
        ("cooler", 0.9, "cooler|colder; too|so|really|very hot|warm; <lower> * CLIMATE|heat; turn down * CLIMATE|heat"),
        ("cooler", 0.9, "turn * CLIMATE|heat down; cool down; cool <it>|AREA"),
        ("set_speed", 1.0, "FAN * NUMBER; NUMBER * FAN"),
        ("set_position", 1.0, "COVER * NUMBER; NUMBER * COVER"),
        (
            "dock",
            1.0,
            "dock|return|send * VACUUM; <kill> * VACUUM; send|return * VACUUM * home|base|dock|back; VACUUM * off",
        ),
        ("dock", 1.0, "turn * off * VACUUM; VACUUM * dock|base|stop|home; stop <clean>|vacuum"),
        (
            "start",
            1.0,
            "<start>|turn|put|power|send|use|open|have|let * VACUUM; have|let|make|get * VACUUM * <start>|<clean>|go; VACUUM * on|start|go|<start>",
        ),
        (
            "start",
            1.0,
            "<clean> * VACUUM|floor|carpet|rug|house|room|AREA|dirt|mess|dust; <start> <clean>; VACUUM * floor|carpet|rug|AREA|house",
        ),
        (
            "start",
            0.9,
            "^ VACUUM; VACUUM * <clean>; make * VACUUM * <clean>; <wish> * floor|carpet|AREA * VACUUM|<clean>",
        ),
        ("start", 0.5, "dirty * here|AREA|floor; floor * dirty; clean * up; clear|remove * dust|dirt|mess"),
        ("lock", 1.0, "<lock> * <door>"),
        ("unlock", 1.0, "unlock|unbolt * <door>"),
        ("open", 1.0, "<open>|raise|roll|pull|put * COVER|VALVE * up?; COVER|VALVE * up|open"),
        ("close", 1.0, "<close>|lower|roll|pull|put * COVER|VALVE * down?; COVER|VALVE * down|close|shut"),
        (
            "turn_off",
            1.0,
            "<turn>|shut|cut|kill off; <turn>|shut|cut|kill|be|is|are * <thing> * off; <thing> off; ^ off <article>? <thing>",
        ),
        (
            "turn_off",
            1.0,
            "<kill> * <thing>; shut|power|cut|wind down * <thing>; shut|power|put * <thing>|<it> down|out",
        ),
        ("turn_off", 1.0, "put|turn out * LIGHT; no more? LIGHT; <turn> <it> off"),
        (
            "turn_off",
            0.9,
            "<neg> * use|need|want * <thing>; LIGHT out; <neg> * <turn>|leave * <thing> on; ^ off * <thing>",
        ),
        ("turn_off", 0.6, "off"),
        (
            "turn_on",
            1.0,
            "<turn> on; <turn>|is|are|be * <thing>|<it> * on; <thing> on; ^ on <article>? <thing>; light up * LIGHT|AREA",
        ),
        ("turn_on", 1.0, "<start> * <thing>; power|fire up * <thing>; <turn> * <thing> <start>"),
        ("illuminate", 0.9, "illuminate * LIGHT|AREA|room|house|home|everything|here"),
        ("turn_on", 0.8, "<wish> <article>? LIGHT; let there be LIGHT; ^ on * <thing>"),
        ("make", 1.0, "<brew> * SWITCH; start * SWITCH"),
        ("make", 0.8, "<wish> * SWITCH; do * SWITCH; put on * SWITCH; set * SWITCH"),
        ("make", 0.5, "^ cup|pot|mug? of? SWITCH; some|a|cup|pot|mug of? SWITCH; drink|take * SWITCH"),
        ("pause", 1.0, "pause|halt|hold * MEDIA_PLAYER; pause"),
        ("resume", 1.0, "resume|continue|unpause * MEDIA_PLAYER"),
        ("next", 1.0, "next|skip * MEDIA_PLAYER; skip this|it"),
        ("previous", 1.0, "previous|last * MEDIA_PLAYER; go back * MEDIA_PLAYER"),
        ("change_volume", 0.5, "<change> * volume|MEDIA_PLAYER"),
        ("louder", 0.7, "turn <it>? up"),
        ("quieter", 0.7, "turn <it>? down; <lower> <it>"),
        ("louder", 0.4, "<raise> by? NUMBER; ^ <raise> $"),
        ("quieter", 0.4, "<lower> by? NUMBER; ^ <lower> $"),
    )
    for rule in rules.split("; ")
)
"""(action, how surely the rule speaks for it, the rule); those before go first."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An action and how surely the words speak for it, 0..1; `words` are the indices of those that do."""

    action: str
    strength: float
    words: frozenset[int]


def read(tokens: Iterable[str]) -> tuple[Wish, ...]:
    """The wishes of a sentence, the best one of each action, as the rules are ordered. `tokens` are stems and tags."""
    tokens = list(tokens)
    text, starts = "", {}
    for i, token in enumerate(tokens):
        starts[len(text)] = i
        text += token + " "
    found: dict[str, Wish] = {}
    for action, strength, pattern in _compiled():
        match = pattern.search(text)
        if match is None:
            continue
        before = found.get(action, Wish(action, strength, frozenset()))
        groups = (match.start(group) for group in range(1, pattern.groups + 1))
        found[action] = replace(before, words=before.words.union(starts[at] for at in groups if at in starts))
    return tuple(found.values())


def _pattern(rule: str) -> re.Pattern[str]:
    parts = [r"(?<!\S)"]
    for piece in rule.split():
        if piece == "*":
            parts.append(r"(?:\S+ )*?")
        elif piece == "^":
            parts.append("^")
        elif piece == "$":
            parts.append("$")
        else:
            words = sorted({form for word in piece.removesuffix("?").split("|") for form in _forms(word)})
            parts.append(f"((?:{'|'.join(map(re.escape, words))}) ){'?' if piece.endswith('?') else ''}")
    return re.compile("".join(parts))


def _forms(word: str) -> frozenset[str]:
    if word.startswith("<"):
        return frozenset().union(*(_forms(one) for one in _CLASSES[word[1:-1]].split()))
    return frozenset((word,)) if word.isupper() else stem_set(word)


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[str, float, re.Pattern[str]], ...]:
    return tuple((action, strength, _pattern(rule)) for action, strength, rule in _RULES)
