"""Timers in Chinese, in whatever order their parts come."""

from __future__ import annotations

import pytest

from edgevoice.home.model import Area, Home
from edgevoice.messages import Value
from edgevoice.nlu import chinese

HOME = Home(areas=[Area("kitchen", "厨房", aliases=("廚房",))], language="zh-CN")


@pytest.mark.parametrize(
    ("text", "name", "slots"),
    [
        ("计时10分钟", "HassStartTimer", {"minutes": 10}),
        ("设置计时器半个小时", "HassStartTimer", {"minutes": 30}),
        ("撥 計時器 到 1 個 半 鐘", "HassStartTimer", {"hours": 1, "minutes": 30}),
        ("撥 計時器 到 三個字", "HassStartTimer", {"minutes": 15}),
        ("设置计时器九十分钟", "HassStartTimer", {"minutes": 90}),
        ("把1小时计时器增加5分钟", "HassIncreaseTimer", {"start_hours": 1, "minutes": 5}),
        ("減少 5 分鐘 到 1 個鐘頭 嗰個 計時器", "HassDecreaseTimer", {"start_hours": 1, "minutes": 5}),
        ("增加 嗰個 廚房 計時器 5 分鐘", "HassIncreaseTimer", {"area": "厨房", "minutes": 5}),
        ("暂停我的计时器", "HassPauseTimer", {}),
        ("继续1小时计时器", "HassUnpauseTimer", {"start_hours": 1}),
        ("披萨计时器剩多少时间", "HassTimerStatus", {"name": "披萨"}),
        ("取消所有计时器", "HassCancelAllTimers", {}),
    ],
)
def test_a_timer_by_its_parts(text: str, name: str, slots: dict[str, Value]) -> None:
    found = chinese.timer(HOME, text)
    assert found is not None
    assert (found.name, dict(found.slots)) == (name, slots)


@pytest.mark.parametrize(
    "text", ["", "打开厨房的灯", "计时器", "计时器" * 300, "半", "我觉得计时器这个东西特别好用你说是不是呢"]
)
def test_what_is_about_no_timer(text: str) -> None:
    assert chinese.timer(HOME, text) is None
