"""A conversation in Chinese over a Chinese home: understood, done, and answered without a word of English."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from edgevoice import cli, resources
from edgevoice.config import NluSettings
from edgevoice.home import inventory
from edgevoice.home.appliance import obey
from edgevoice.home.model import Home, State
from edgevoice.messages import Command, Intent, Outcome, Understood
from edgevoice.nlu import cascade
from edgevoice.skills import sentences, sentences_zh
from edgevoice.skills.conversation import Conversation

TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
ENGLISH = re.compile(r"[A-Za-z]{2,}")


class Talk:
    """One conversation with the Chinese demo home, whose appliances obey unless they are `deaf`."""

    def __init__(self, language: str = "zh-CN", deaf: Iterable[str] = ()) -> None:
        self.home: Home = inventory.load(resources.find("homes/demo_zh.yaml")).home(language)
        self.deaf, self.now, self.sent = frozenset(deaf), 0.0, list[Command]()
        understanding = cascade.load(self.home, NluSettings(language=language))
        self.conversation = Conversation(self.home, understanding, now=lambda: datetime(2026, 11, 20, 15, 4))
        self.intents: tuple[Intent, ...] = ()

    def say(self, text: str) -> str:
        self.now += 5
        self.intents = ()
        replies: list[str] = []
        for event in self.conversation.hear(text, self.now, threading.Event()):
            if isinstance(event, Understood):
                self.intents += event.intents
            else:
                replies.append(self._done(event))
        return " ".join(replies)

    def wait(self, seconds: float) -> str:
        self.now += seconds
        return " ".join([self._done(outcome) for outcome in self.conversation.due(self.now)])

    def _done(self, outcome: Outcome) -> str:
        failed = []
        for command in outcome.commands:
            if command.device in self.deaf:
                failed.append(command)
                continue
            self.sent.append(command)
            state = obey(self.home.devices[command.device], self.home.state(command.device), command)
            self.home.update(command.device, state)
        return self.conversation.report(outcome, tuple(failed))


def test_an_evening_in_chinese() -> None:
    talk = Talk()
    script = [
        ("请帮我把客厅的灯打开一下吧", "客厅灯已打开。"),
        ("把客厅灯调到百分之五十", "好的，客厅灯的亮度已调到百分之50。"),
        ("客厅灯开着吗", "是的，客厅灯开着"),
        ("打开台灯", "你要哪一个：卧室的台灯还是书房的台灯？"),
        ("书房的", "书房的台灯已打开。"),
        ("哪些灯开着", "客厅灯、厨房灯、台灯开着"),
        ("打开大门", "要打开大门的锁吗？"),
        ("今晚月色真美", "请说好或者不用。要打开大门的锁吗？"),
        ("不用了", "好的，那就算了。"),
        ("大门锁好了吗", "是的，大门锁着"),
        ("打开大门", "要打开大门的锁吗？"),
        ("好的", "大门已解锁。"),
        ("厨房窗户关了吗", "没有，厨房窗户开着"),
        ("室外温度是多少", "室外温度现在是11.5度"),
        ("空调调到五十度", "空调最高到30度，我就设成这样。"),
        ("打开厨房的风扇", "抱歉，在厨房区域没有找到名为风扇的设备"),
        ("设置五分钟的计时器", "好的，5分钟计时器开始了"),
        ("计时器还剩多少时间", "计时器还剩4分钟55秒。"),
        ("现在几点", "下午3点04分"),
        ("叽里呱啦", "抱歉，我没听懂。"),
    ]
    assert [(said, talk.say(said)) for said, _ in script] == script
    assert talk.wait(300) == "5分钟的计时器到时间了。"
    assert Command("lock.front_door", "locked", False) in talk.sent


def test_several_wishes_in_one_sentence() -> None:
    talk = Talk()
    talk.say("打开客厅灯和咖啡机，然后唱首歌")
    assert talk.sent == []  # half a command is worse than none
    talk.say("打开客厅灯和咖啡机，然后关闭厨房灯")
    talk.say("关闭窗帘")
    assert [(one.device, one.value) for one in talk.sent] == [
        ("light.living_room", True),
        ("switch.coffee", True),
        ("light.kitchen", False),
        ("cover.living_room", False),
    ]


def test_a_traditional_answer_to_a_traditional_wish() -> None:
    talk = Talk("zh-TW")
    assert talk.say("麻煩幫我打開客廳的燈") == "客厅灯已打開。"
    assert talk.say("打開大門") == "要打開大门的鎖嗎？"
    assert talk.say("不用") == "好的，那就算了。"


@pytest.mark.parametrize(
    ("heard", "commands"),
    [
        ("把 客厅 蹬 掉 到 百分之五十", [Command("light.living_room", "brightness", 50)]),
        ("空调 设置 为 二十六 赌", [Command("climate.living_room", "temperature", 26)]),
        ("扫地机 开始 大嫂", [Command("vacuum.robot", "vacuum", "start")]),
        ("大咖 咖啡机", []),  # a verb is never what only sounds like one
        ("请 给 我 一杯 热 牛奶", []),
        ("开车", []),
        ("关于灯的历史", []),
        ("有人在打开车库门", []),
    ],
)
def test_what_was_misheard_as_words_of_the_same_sounds(heard: str, commands: list[Command]) -> None:
    talk = Talk()
    talk.home.update("climate.living_room", State("cool", {"temperature": 20}))
    talk.say(heard)
    assert talk.sent == commands


def test_a_device_that_does_not_answer() -> None:
    talk = Talk(deaf=["light.kitchen"])
    assert talk.say("关闭厨房灯") == "厨房灯没有回应。"
    assert talk.conversation.apology("mqtt", "away") == "我连不上家里的设备。"
    assert talk.conversation.apology("asr", "nothing_heard") == "抱歉，我没听清。"


def test_no_sentence_of_ours_is_missing_or_english() -> None:
    assert set(sentences.ERRORS) <= set(sentences_zh.ERRORS)
    said = [*sentences_zh.ERRORS.values(), *(s for one in sentences_zh.REPLIES.values() for s in one.values())]
    english = {found for text in said for found in ENGLISH.findall(TEMPLATE.sub("", text))}
    assert english <= {"EdgeVoice"}


COMMANDS = (
    "打开客厅的灯", "把窗帘关上", "打开大门", "锁上大门", "打开车库门", "空调调到二十度", "音量调到百分之三十", "暂停音乐", "打开电影模式",
    "扫地机开始打扫", "关掉所有的灯", "台灯调亮一点", "打开咖啡机", "设置五分钟的计时器", "把客厅灯变成红色", "窗帘打开一半", "下一首",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["{}了吗", "是不是{}了", "{}了没有", "为什么{}", "谁{}的", "不要{}", "别{}"])
def test_what_asks_or_forbids_is_never_done(command: str, form: str) -> None:
    talk = Talk()
    reply = talk.say(form.format(command))
    assert talk.sent == []
    assert not any(word in reply for word in ("要打开", "要关闭", "哪一个"))
    assert len(talk.conversation.timers) == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_politeness_changes_nothing(command: str) -> None:
    plain, polite = Talk(), Talk()
    plain.say(command)
    polite.say(f"麻烦你帮我{command}吧，谢谢")
    assert [one.name for one in polite.intents] == [one.name for one in plain.intents] != []
    assert polite.sent == plain.sent


def test_the_settings_that_the_readme_shows_for_chinese_are_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    shown = re.search(r"### In Chinese\n\n```yaml\n(.*?)```", text, re.DOTALL)
    assert shown
    file = tmp_path / "settings.yaml"
    file.write_text(shown[1].replace("/etc/edgevoice/home.yaml", str(resources.find("homes/demo_zh.yaml"))), "utf-8")
    cli.main(["check", "--profile", "raspberry-pi-4", "--no-broker", "--json", "--config", str(file)])
    found = {one["what"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert [found[what]["problem"] for what in ("home and sentences", "language")] == ["", ""]
    assert "fit" not in found or not found["fit"]["problem"]
    file.write_text("nlu: {language: zh-CN}", "utf-8")
    cli.main(["check", "--profile", "raspberry-pi-4", "--no-broker", "--json", "--config", str(file)])
    found = {one["what"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert "asr hears English" in found["language"]["problem"]
    assert "tts speaks English" in found["language"]["problem"]
