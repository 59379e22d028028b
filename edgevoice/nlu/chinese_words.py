"""The words of a Chinese command or question by what they say, in simplified characters, Mandarin and Cantonese."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from edgevoice.errors import MissingExtra

_SPACE = re.compile(r"(?<![a-z0-9])\s+|\s+(?![a-z0-9])")
_SIGNS = re.compile(r"[。，、,.!！;；:：“”\"'「」]+(?!\d)")

FILLERS: str = (
    "请 请问 请你 麻烦 麻烦你 帮我 帮忙 帮 替我 给我 我想 我要 我想要 想要 想 谢谢 谢谢你 多谢 唔该 唔该晒 一下 下 一点 一些 些 点 "
    "吧 啦 喇 嘞 呀 啊 哦 喔 噢 嗯 呃 诶 那个 这个 嗰个 呢个 嗰 了 咗 的 嘅 之 把 将 让 叫 令 使 给 去 来 到 为 成 至 做 作 里 里面 "
    "内 中 上 的话 现在 而家 依家 目前 当前 今 立刻 马上 就 也 都 你 我 我的 我嘅 我们 家里 家中 屋企 屋里 告诉我 话我知 话俾我听 "
    "看看 看一下 睇下 检查 查一下 查询 查看 一 个 啲 盏 台 扇 道 只 张 部 座 在 于 调整 调节 设置 设定 设 调 调教 调校 校 较 变 变成 转 "
    "转做 变更 改 改成 换 换成 较到 切换 切换到 进入 然后 一声 得 先 好吗 行吗 可以吗 控制"
)
"""Words that change nothing."""

WORDS: Mapping[str, str] = {
    "on": "打开 开启 开 启动 开动 点亮 启用 激活 运行 执行 接通 开开 拉开 升起",
    "off": "关闭 关掉 关上 关 熄灭 熄 熄掉 闩 闩埋 关埋 停用 关好 拉上 拉埋 放下 合上",
    "lock": "锁上 上锁 锁住 锁 锁好 反锁 锁埋",
    "unlock": "解锁 开锁 打开锁",
    "set": "调整到 调节到 设置为 设置到 设定为 设定到 设为 调到 调至 调为 调成 调节为 调整为",
    "today": "今天 今日",
    "why": "为什么 点解 为何 如何",
    "and": "和 跟 同 与 以及 同埋 、",
    "up": "调高 调大 调亮 提高 升高 大声 大 高 亮 增大 加大 变大 响 大啲 高啲 光啲 大声啲",
    "down": "调低 调小 调暗 降低 小声 小 低 暗 减小 变小 细声 细 细啲 低啲 暗啲 细声啲",
    "stop": "停止 停 停下 停低 唔好郁",
    "pause": "暂停 停播",
    "resume": "继续 恢复 接着放 继续播放 继续播",
    "play": "播放 播 放",
    "next": "下一首 下一曲 下一个 下首 下个 跳到下一首 跳过 转下一个 转下一首 切歌 换一首",
    "previous": "上一首 上一曲 上一个 上首 再播这首 再播呢首 播返上一首 返去上一首",
    "track": "歌 曲 曲目 歌曲 台 频道 音乐 播放器 mediaplayer music 媒体",
    "mute": "静音",
    "unmute": "取消静音 解除静音",
    "clean": "开始清扫 清扫 打扫 扫地 吸尘 开始打扫 开始扫地 开工 清洁",
    "dock": "返回 回去 回到 回 返去 返 叫返 收返 回家 回充 返回充电 回去充电",
    "base": "充电座 充电桩 充电 基站 底座 基地",
    "brightness": "亮度 光度",
    "volume": "音量 声音 声量 大声 小声 细声 大声啲 细声啲 大声点 小声点",
    "speed": "风速 转速 速度",
    "temperature": "温度 气温 几度 多少度 几多度",
    "weather": "天气 气象",
    "all": "所有 所有的 全部 全部的 全 全屋 每个 每盏 一切 晒 成屋",
    "which": "哪 哪个 哪些 哪一个 哪一些 哪盏 哪几个 哪里 边个 边啲 边盏 边度 边道 边一道 有哪些 有哪个 有边啲 哪扇 哪道 哪一扇 哪一道",
    "many": "几 几个 几盏 几扇 几多 几多个 几多盏 几道 多少 多少个 多少盏 多少扇 多少道 有几个 有几盏 有几扇 有几多盏 有多少",
    "what": "几度 多少度 几多度 什么 是什么 怎样 怎么样 点样 咩 是多少 系几多 有多少 是几 状态 状况 情况 乜",
    "ask": "吗 么 呢 是不是 是否 有没有 有无 有冇 系咪 有否 还是 没有 未 冇 没",
    "is": "是 系 有 正在 正 处于 被 已 已经 还 仲",
    "sensed": "检测到 侦测到 探测到 感应到 感测到 发现 检测 侦测 探测 感应 感测 测到",
    "percent": "百分之 % percent 巴仙",
    "degree": "度 摄氏度",
    "color": "颜色 色 光 灯光颜色",
    "full": "最大 最高 最亮 最强 最光",
    "least": "最小 最低 最暗 最弱 最细",
    "half": "一半 半",
    "to": "到 至 为 成 去到",
    "every": "都 都系 都是 全都",
    "not": "不 唔 别 不要 唔好 未 没 无 非",
}
"""What a word says -> the words."""

KINDS: Mapping[str, tuple[str, str, str]] = {
    "灯": ("light", "", "灯 灯光 照明 灯具 电灯 所有灯"),
    "风扇": ("fan", "", "风扇 电扇 电风扇 吊扇 风扇机"),
    "窗帘": ("cover", "curtain", "窗帘 帘子 帘"),
    "百叶": ("cover", "blind", "百叶窗 百叶帘 百叶"),
    "卷帘": ("cover", "shutter", "卷帘 卷帘门"),
    "窗": ("cover", "window", "窗户 窗 窗门"),
    "车库门": ("cover", "garage", "车库门 车库大门 车房门"),
    "门锁": ("lock", "", "门锁 锁头 门的锁 门嘅锁"),
    "门": ("lock", "", "门 大门 房门"),
    "开关": ("switch", "", "开关 插座 开关制 掣"),
    "空调": ("climate", "", "空调 冷气 暖气 恒温器 温控器 冷气机"),
    "阀门": ("valve", "", "阀门 水阀 活门"),
    "电视": ("media_player", "", "电视 电视机 音箱 音响 喇叭 扬声器"),
    "吸尘机": ("vacuum", "", "扫地机 扫地机器人 吸尘器 吸尘机 扫地机械人"),
}
"""Nouns for kinds of devices -> domain, device class, the words."""

SENSED: Mapping[str, tuple[str, str]] = {
    "battery": ("低 没电 电量低 电力不足 电量不足 冇电", "正常 充足 有电"),
    "battery_charging": ("充电 充电中 正在充电 在充电 充紧电", "没充电 未充电 没在充电 冇充电"),
    "carbon_monoxide": ("一氧化碳", "正常 安全"),
    "cold": ("冷 太冷 过冷 冻", "正常 不冷"),
    "connectivity": ("连线 连接 连上 在线 已连接 已连线 联网 上线 连接中", "离线 断线 断开 未连接 未连线 掉线"),
    "door": ("开 打开 开启", "关 关闭 关上 关好 闩"),
    "garage_door": ("开 打开 开启", "关 关闭 关上 关好 闩"),
    "gas": ("瓦斯 煤气 燃气 瓦斯外泄 漏气", "正常 安全"),
    "heat": ("热 过热 发热 发烫 太热 烫", "正常 不热"),
    "light": ("光 亮光 有光", "没光 黑"),
    "lock": ("没锁 未锁 没上锁 开 解锁", "锁 锁上 锁好 上锁"),
    "moisture": ("湿 潮湿 漏水 进水 有水 水", "干 干燥"),
    "motion": ("动静 有人 移动 动作 人 人动 运动", "没人 无人 没动静 冇人"),
    "moving": ("移动 在动 移动中", "静止 停 停止"),
    "occupancy": ("有人 人 占用 使用中", "没人 无人 冇人 空"),
    "opening": ("开 打开 开启", "关 关闭 关上 关好"),
    "plug": ("插 插上 插好 插入 插电", "拔掉 拔出 拔除 拔下 没插 没插上"),
    "power": ("通电 有电 供电", "断电 没电 停电"),
    "presence": ("在家 在屋企 返咗屋企", "不在家 离家 外出 出门 出去"),
    "problem": ("有问题 问题 故障 异常 出错", "正常 没问题"),
    "running": ("运行 运转 运作 在运行 运行中 运作中 工作", "停 停止 没在运行 停机"),
    "safety": ("不安全 危险", "安全"),
    "smoke": ("烟 烟雾 冒烟", "正常 没烟 安全"),
    "sound": ("声音 声响 响声 声", "安静 没声音"),
    "tamper": ("被拆 被破坏 拆动 破坏", "正常"),
    "update": ("有更新 更新 可更新 需要更新 有新版本", "最新 最新版 最新版本 最新状态 已更新"),
    "vibration": ("震动 振动 晃动 摇晃", "静止 没震动"),
    "window": ("开 打开 开启", "关 关闭 关上 关好 闩"),
}
"""Device class of a binary sensor -> what is said of it when it is on, and when it is off."""

STATES: Mapping[str, tuple[str, str]] = {
    "on": ("开 打开 开启 亮 着 运行", "light switch fan media_player climate input_boolean"),
    "off": ("关 关闭 关上 熄 熄灭 闩 闩埋 关掉", "light switch fan media_player climate input_boolean"),
    "open": ("开 打开 开启 敞开", "cover valve"),
    "closed": ("关 关闭 关上 关好 闩 闩埋 拉上", "cover valve"),
    "locked": ("锁 锁上 锁好 上锁 锁住 反锁", "lock"),
    "unlocked": ("没锁 未锁 没上锁 没锁上 没锁好 开 解锁 无锁 冇锁 开锁 打开", "lock"),
    "home": ("在家 在屋企 在家里 回家 到家", "person"),
    "not_home": ("不在家 出门 外出 离家 唔在屋企", "person"),
}
"""A state -> how it is said, and of which domains."""

ASPECTS = ("了", "咗", "着", "住", "紧")
"""What makes a state of a verb, or a deed that is done: `开着`, `关了`, `锁咗`."""

_ALIKE = re.compile(r"^[zcs]h|ng$")
_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
NUMERAL = re.compile(r"\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百千]+(?:点[零〇一二三四五六七八九]+)?|半")


@lru_cache(maxsize=2)
def converter(config: str) -> Callable[[str], str]:
    """From one script to another, `t2s` or `s2tw`. Raises MissingExtra."""
    try:
        from opencc import OpenCC
    except ImportError:
        raise MissingExtra("opencc-python-reimplemented", "chinese") from None
    convert: Callable[[str], str] = OpenCC(config).convert
    return convert


def simplified(text: str) -> str:
    """In simplified characters, one for each, and lower case."""
    return converter("t2s")(text).replace("著", "着").casefold()


def plain(text: str) -> str:
    """Simplified, without spaces and signs between Chinese words: what the words here are compared with."""
    return _SPACE.sub("", _SIGNS.sub(" ", simplified(text)).strip())


def sounds(text: str) -> tuple[str, ...]:
    """How each character is said, without tones and what many speakers do not tell apart: zh and z, ang and an."""
    return tuple(map(_sound, text))


@lru_cache(maxsize=2048)
def _sound(character: str) -> str:
    try:
        from pypinyin import lazy_pinyin  # only what was misheard needs it
    except ImportError:
        raise MissingExtra("pypinyin", "chinese") from None

    return _ALIKE.sub(lambda found: found[0][0], lazy_pinyin(character)[0])


def number(text: str) -> float | None:
    """A number in digits or Chinese numerals, `二十五点五`, `五成` is none; None where it is no number."""
    if text == "半":
        return 0.5
    whole, _, decimals = text.partition("点")
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    if not whole or not all(one in _DIGITS or one in _TENS for one in whole):
        return None
    if not any(one in _TENS for one in whole):
        value = float("".join(str(_DIGITS[one]) for one in whole))
    else:
        value, digit = 0.0, 0
        for one in whole:
            if one in _TENS:
                value, digit = value + (digit or 1) * _TENS[one], 0
            else:
                digit = _DIGITS[one]
        if digit and whole[-2:-1] in ("百", "千"):  # 一百五: a hundred and fifty
            digit *= _TENS[whole[-2]] // 10
        value += digit
    return value + float("0." + "".join(str(_DIGITS[one]) for one in decimals)) if decimals else value
