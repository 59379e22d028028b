"""Numbers, units, states, lists of names and deeds as they are said in Chinese.

All of it is written here in simplified characters; `script` gives it the characters of the language that is spoken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from edgevoice.home import targets
from edgevoice.home.model import CAPABILITIES, Device, Home
from edgevoice.messages import Command, Intent, Value
from edgevoice.nlu import chinese_words

_SCRIPTS = {"zh-tw": "s2tw", "zh-hk": "s2hk"}
_BETWEEN = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")
_PERCENT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*%")
_MOST_NAMED = 3

UNITS: Mapping[str, str] = {
    "°C": "度", "°F": "华氏度", "°": "度", "K": "开尔文", "W": "瓦", "kW": "千瓦", "Wh": "瓦时", "kWh": "千瓦时",
    "V": "伏", "A": "安", "mA": "毫安", "Hz": "赫兹", "lx": "勒克斯", "dB": "分贝", "hPa": "百帕", "mbar": "毫巴", "bar": "巴",
    "ppm": "PPM", "µg/m³": "微克每立方米", "m³": "立方米", "L": "升", "mL": "毫升", "kg": "公斤", "g": "克", "mm": "毫米",
    "cm": "厘米", "m": "米", "km": "公里", "km/h": "公里每小时", "m/s": "米每秒", "s": "秒", "min": "分钟", "h": "小时", "d": "天",
    "GB": "GB", "€": "欧元", "EUR": "欧元", "$": "美元", "USD": "美元",
}  # fmt: skip
_STATES: Mapping[str, str] = {
    "on": "开着", "off": "关着", "open": "开着", "closed": "关着", "opening": "正在打开", "closing": "正在关闭",
    "locked": "锁着", "unlocked": "没锁", "locking": "正在上锁", "unlocking": "正在解锁", "jammed": "卡住了",
    "playing": "正在播放", "paused": "暂停了", "idle": "空闲", "standby": "待机", "docked": "在充电座上", "cleaning": "正在清扫",
    "returning": "正在返回", "error": "出错了", "mowing": "正在割草", "home": "在家", "not_home": "不在家", "heat": "制热",
    "cool": "制冷", "heat_cool": "自动冷暖", "auto": "自动", "dry": "除湿", "fan_only": "送风", "armed_home": "在家布防",
    "armed_away": "离家布防", "armed_night": "夜间布防", "disarmed": "已撤防", "triggered": "警报响了", "unavailable": "连不上",
    "unknown": "未知", "cotton": "棉", "sunny": "晴", "cloudy": "多云", "rainy": "有雨", "snowy": "有雪",
}  # fmt: skip
_BINARY: Mapping[str, tuple[str, str]] = {
    "battery": ("电量低", "电量正常"), "battery_charging": ("在充电", "没在充电"), "carbon_monoxide": ("检测到一氧化碳", "正常"),
    "cold": ("太冷", "正常"), "connectivity": ("已连接", "没连上"), "gas": ("检测到燃气", "正常"), "heat": ("过热", "正常"),
    "light": ("有光", "没有光"), "lock": ("没锁", "锁着"), "moisture": ("有水", "干燥"), "motion": ("有动静", "没有动静"),
    "moving": ("在动", "静止"), "occupancy": ("有人", "没人"), "plug": ("插着", "没插"), "power": ("有电", "没电"),
    "presence": ("在家", "不在家"), "problem": ("有问题", "正常"), "running": ("在运行", "停着"), "safety": ("不安全", "安全"),
    "smoke": ("检测到烟雾", "正常"), "sound": ("有声音", "安静"), "tamper": ("被人动过", "正常"), "update": ("有更新", "是最新的"),
    "vibration": ("在震动", "静止"),
}  # fmt: skip
_KINDS: Mapping[str, str] = {
    "light": "灯", "switch": "开关", "fan": "风扇", "lock": "门锁", "media_player": "播放器", "climate": "空调", "valve": "阀门",
    "cover": "窗帘", "curtain": "窗帘", "blind": "百叶窗", "shade": "遮阳帘", "shutter": "卷帘", "awning": "遮阳篷", "window": "窗户",
    "door": "门", "garage": "车库门", "gate": "大门", "vacuum": "扫地机", "lawn_mower": "割草机", "humidifier": "加湿器", "todo": "清单",
    "scene": "场景", "script": "脚本", "sensor": "传感器", "binary_sensor": "传感器", "weather": "天气", "person": "人", "siren": "警报器",
    "motion": "人体传感器", "occupancy": "人体传感器", "smoke": "烟雾传感器", "battery": "电池", "alarm_control_panel": "报警器",
    "water_heater": "热水器", "outlet": "插座", "temperature": "温度", "humidity": "湿度", "button": "按钮", "camera": "摄像头",
}  # fmt: skip
_COLORS: Mapping[str, str] = {
    "white": "白色", "black": "黑色", "red": "红色", "orange": "橙色", "yellow": "黄色", "green": "绿色", "blue": "蓝色",
    "purple": "紫色", "brown": "棕色", "pink": "粉色", "turquoise": "青绿色", "teal": "青色", "cyan": "青色",
}  # fmt: skip
# Capability and value -> what is to be done, and what is done then. `{v}` is the value, `{}` what it is done to.
_DEEDS: Mapping[tuple[str, Value], tuple[str, str]] = {
    ("on", True): ("打开{}", "{}已打开"),
    ("on", False): ("关闭{}", "{}已关闭"),
    ("open", True): ("打开{}", "{}正在打开"),
    ("open", False): ("关闭{}", "{}正在关闭"),
    ("locked", True): ("锁上{}", "{}已锁上"),
    ("locked", False): ("打开{}的锁", "{}已解锁"),
    ("muted", True): ("把{}静音", "{}已静音"),
    ("muted", False): ("取消{}的静音", "{}已取消静音"),
    ("playback", "play"): ("让{}继续播放", "{}继续播放了"),
    ("playback", "pause"): ("暂停{}", "{}已暂停"),
    ("playback", "stop"): ("停止{}", "{}已停止"),
    ("playback", "next"): ("让{}播放下一首", "{}已切换到下一首"),
    ("playback", "previous"): ("让{}播放上一首", "{}已切换到上一首"),
    ("vacuum", "start"): ("让{}开始清扫", "{}开始清扫了"),
    ("vacuum", "dock"): ("让{}回去充电", "{}正在回去充电"),
    ("vacuum", "pause"): ("暂停{}", "{}已暂停"),
    ("vacuum", "stop"): ("停止{}", "{}已停止"),
    ("vacuum", "locate"): ("让{}发出声音", "请听{}的声音"),
    ("mower", "mow"): ("让{}开始割草", "{}开始割草了"),
    ("mower", "pause"): ("暂停{}", "{}已暂停"),
    ("mower", "dock"): ("让{}回去充电", "{}正在回去充电"),
    ("alarm", "arm_home"): ("把{}设为在家布防", "{}已在家布防"),
    ("alarm", "arm_away"): ("把{}设为离家布防", "{}已离家布防"),
    ("alarm", "arm_night"): ("把{}设为夜间布防", "{}已夜间布防"),
    ("alarm", "disarm"): ("撤防{}", "{}已撤防"),
    ("hvac_mode", "off"): ("关闭{}", "{}已关闭"),
}
_VALUES: Mapping[str, tuple[str, str]] = {
    "brightness": ("把{}的亮度调到{v}", "{}的亮度已调到{v}"),
    "volume": ("把{}的音量调到{v}", "{}的音量已调到{v}"),
    "fan_speed": ("把{}的风速调到{v}", "{}的风速已调到{v}"),
    "position": ("把{}开到{v}", "{}正在开到{v}"),
    "temperature": ("把{}的温度设为{v}度", "{}的温度已设为{v}度"),
    "color_temperature": ("把{}的色温调到{v}开尔文", "{}的色温已调到{v}开尔文"),
    "media": ("在{}上播放{v}", "{}开始播放{v}"),
    "clean_area": ("让{}清扫{v}", "{}开始清扫{v}"),
    "activate": ("启动{}", "{}已启动"),
    "press": ("按下{}", "{}已按下"),
    "stop": ("停止{}", "{}已停止"),
    "add_item": ("把{v}加入{}", "已把{v}加入{}"),
    "complete_item": ("划掉{}里的{v}", "已划掉{}里的{v}"),
    "remove_item": ("从{}删除{v}", "已从{}删除{v}"),
}
_SET = ("把{}设为{v}", "{}已设为{v}")


_MEASURES: Mapping[str, str] = {"light": "盏", "fan": "台", "lock": "把", "climate": "台", "window": "扇", "door": "扇"}


def is_chinese(language: str) -> bool:
    return language.partition("-")[0].casefold() == "zh"


@lru_cache(maxsize=512)
def script(text: str, language: str) -> str:
    """What is written here, in the characters of the language: traditional for `zh-TW` and `zh-HK`."""
    wanted = _SCRIPTS.get(language.replace("_", "-").casefold())
    return chinese_words.converter(wanted)(text) if wanted else text


def tidy(text: str) -> str:
    """Without spaces beside Chinese characters, and with units as words: `亮度是50 %` is `亮度是百分之50`."""
    text = _BETWEEN.sub("", text).replace(", ", "、")
    text = _PERCENT.sub(r"百分之\1", text)
    return re.sub(r"(?<=\d)\s*°C", "度", text)


def names(items: Iterable[str], last: str, most: int, language: str) -> str:
    """`A、B和C`; more than `most` are counted. `last` is `and` or `or`."""
    listed = list(dict.fromkeys(items))
    if len(listed) > most:
        return "、".join(listed[: most - 1]) + script(f"等{len(listed)}个", language)
    joint = script("还是" if last == "or" else "和", language)
    return joint.join(filter(None, ("、".join(listed[:-1]), listed[-1]))) if listed else ""


def duration(seconds: float, language: str) -> str:
    """`1小时5分钟30秒`."""
    whole = max(0, round(seconds))
    parts = ((whole // 3600, "小时"), (whole // 60 % 60, "分钟"), (whole % 60, "秒"))
    return script("".join(f"{count}{unit}" for count, unit in parts if count) or "0秒", language)


def quantity(value: str, unit: str, language: str) -> str:
    return f"百分之{value}" if unit == "%" else value + script(UNITS.get(unit, f" {unit}" if unit else ""), language)


def measured(text: str) -> str:
    """`30 degrees` as `30度`."""
    number, _, unit = text.partition(" ")
    return f"百分之{number}" if unit == "percent" else number + {"degrees": "度", "kelvin": "开尔文"}.get(unit, "")


def state(domain: str, device_class: str | None, value: str, language: str) -> str:
    """A state in words; as the home has it where there is none."""
    if domain == "binary_sensor" and device_class in _BINARY and value in ("on", "off"):
        return script(_BINARY[str(device_class)][value == "off"], language)
    return script(_STATES.get(value, value.replace("_", " ")), language)


def kind(name: str, language: str) -> str:
    """A domain or device class in words."""
    return script(_KINDS.get(name, "设备"), language)


def action(home: Home, commands: Sequence[Command]) -> str:
    """What commands would do, as in `要…吗？`: `打开前门的锁`."""
    return names((_deed(home, *told, 0) for told in _same(home, commands)), "and", 3, home.language)


def done(home: Home, commands: Sequence[Command], thing: str, seed: int) -> str:
    """What was done, once it is confirmed: `客厅的灯已打开。`; `seed` picks one of the ways to say it."""
    told = {(command.capability, command.value) for command in commands}
    if len(told) != 1:
        return script("好的，都设好了。", home.language)
    said = _deed(home, commands[0], thing, 1)
    return f"{said}。" if seed % 2 else script("好的，", home.language) + f"{said}。"


def _same(home: Home, commands: Sequence[Command]) -> Iterable[tuple[Command, str]]:
    """One command of each kind, and the names of the devices that it is for."""
    same: dict[tuple[str, Value], list[Command]] = {}
    for command in commands:
        same.setdefault((command.capability, command.value), []).append(command)
    for alike in same.values():
        named = [home.devices[one.device].name if one.device in home.devices else one.device for one in alike]
        many = script(f"{len(named)}个设备", home.language)
        yield alike[0], many if len(named) > _MOST_NAMED else names(named, "and", _MOST_NAMED, home.language)


def _deed(home: Home, command: Command, thing: str, which: int) -> str:
    form = _DEEDS.get((command.capability, command.value)) or _VALUES.get(command.capability, _SET)
    return script(form[which], home.language).format(thing, v=_value(home, command))


def _value(home: Home, command: Command) -> str:
    value = command.value
    if command.capability == "clean_area":
        area = next(iter(targets.find_areas(home, value)), None)
        return area.name if area else str(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = f"{round(value, 1):g}"
        return f"百分之{number}" if CAPABILITIES[command.capability].kind == "percent" else number
    if isinstance(value, tuple):
        return script("这个颜色", home.language)
    text = str(value)
    return script(_COLORS.get(text, _STATES.get(text, text.replace("_", " "))), home.language)


def several(home: Home, intent: Intent, devices: Sequence[Device]) -> str:
    """More than one device: `客厅的灯`, `台灯和吊灯`, `12个灯`."""
    language = home.language
    kinds = {one.device_class if one.domain == "cover" and one.device_class else one.domain for one in devices}
    only = kinds.pop() if len(kinds) == 1 else ""
    what, measure = kind(only, language), _MEASURES.get(only, "个")
    area = next(iter(targets.find_areas(home, intent.slots.get("area"))), None) if intent.slots.get("area") else None
    if area is not None or intent.slots.get("floor"):
        return f"{area.name if area else intent.slots['floor']}的{what}"
    if len(devices) <= _MOST_NAMED:
        return names((one.name for one in devices), "and", _MOST_NAMED, language)
    return script(f"{len(devices)}{measure}", language) + what
