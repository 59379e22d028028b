"""Our own sentences in Chinese, in simplified characters: where Home Assistant has none, or its would not be true here."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = "query.matched | map(attribute='name') | join('、')"
_OTHERS = "query.unmatched | map(attribute='name') | join('、')"
_ONE = "{{ state.name }}现在{{ '是' if (state.state | float(none)) is not none }}{{ state.state_with_unit }}"
_YES_NO = (
    "{% if query.matched %}是的，{{ state.name }}{{ state.state_with_unit }}"
    "{% else %}没有，{{ state.name }}{{ state.state_with_unit }}{% endif %}"
)
_ANY = "{% if query.matched %}有，{{ " + _NAMES + " }}{{ slots.state }}{% else %}没有{% endif %}"
_ALL = (
    "{% if not query.unmatched %}是的，都{{ slots.state }}{% elif query.matched %}"
    "不是，除了{{ " + _OTHERS + " }}，其他的都{{ slots.state }}{% else %}没有一个{{ slots.state }}{% endif %}"
)
_WHICH = "{% if query.matched %}{{ " + _NAMES + " }}{{ slots.state }}{% else %}没有{{ slots.state }}的{% endif %}"
_HOW_MANY = "{% if query.matched %}{{ query.matched | length }}个：{{ " + _NAMES + " }}{% else %}一个也没有{% endif %}"
_WHERE = (
    "{% if not state %}抱歉，我不认识{{ slots.name }}{% elif state.state == 'not_home' %}{{ state.name }}不在家"
    "{% elif state.state == 'home' %}{{ state.name }}在家{% else %}{{ state.name }}在{{ state.state }}{% endif %}"
)
_DEGREES = (
    "{% set t = state_attr(state.entity_id, 'current_temperature') %}"
    "{{ slots.area | default(slots.name | default('')) }}现在{{ state.state if t is none else t }}度"
)
_LENGTH = "{{ slots.hours ~ '小时' if slots.hours }}{{ slots.minutes ~ '分钟' if slots.minutes }}{{ slots.seconds ~ '秒' if slots.seconds }}"

REPLIES: Mapping[str, Mapping[str, str]] = {
    "HassRespond": {
        "default": "",
        "hello": "你好。",
        "listening": "我只等唤醒词，什么都不保存，也没有东西离开这台设备。",
        "data": "哪里也不去，一切都在这台设备上处理。",
        "commands": "你可以让我开灯、开窗帘、调温度，可以问家里的情况，也可以设计时器。",
        "creator": "我是 EdgeVoice，只在这台设备上运行的语音助手。",
    },
    "HassGetState": {
        "default": _ONE,
        "one": _ONE,
        "one_yesno": _YES_NO,
        "bs_one_yesno": _YES_NO,
        "cover_one_yesno": _YES_NO,
        "any": _ANY,
        "bs_any": _ANY,
        "cover_any": _ANY,
        "all": _ALL,
        "cover_all": _ALL,
        "which": _WHICH,
        "cover_which": _WHICH,
        "how_many": _HOW_MANY,
        "cover_how_many": _HOW_MANY,
        "where": _WHERE,
    },
    "HassClimateGetTemperature": {"default": _DEGREES},
    "HassStartTimer": {
        "default": "好的，{{ slots.name ~ '的' if slots.name }}" + _LENGTH + "计时器开始了",
        "command": "好的，" + _LENGTH + "后执行",
    },
}

ERRORS: Mapping[str, str] = {
    "done": "好的",
    "turned": "{{ name }}已{{ '打开' if state == 'on' else '关闭' }}",
    "which": "你要哪一个：{{ names }}？",
    "which_again": "请说其中一个：{{ names }}。",
    "confirm": "要{{ action }}吗？",
    "confirm_again": "请说好或者不用。要{{ action }}吗？",
    "left": "好的，那就算了。",
    "pin": "要{{ action }}，请说密码。",
    "pin_wrong": "密码不对。",
    "pin_absent": "这需要密码，但还没有设置密码。",
    "moving": "行车时不能这样做。",
    "moving_unknown": "我不知道车有没有停稳，所以先不动。",
    "silent": "{{ names }}没有回应。",
    "otherwise": "{{ what }}。",
    "says": "{{ name }}报告说它{{ state }}",
    "rest_done": "其他的都好了。",
    "unknown_state": "我不知道{{ name }}的状态。",
    "old": "。这是{{ ago }}前的。",
    "in": "在{{ length }}后",
    "on_list": "{{ name }}上有：{{ items }}",
    "empty_list": "{{ name }}是空的",
    "weather_is": "现在{{ state }}",
    "unknown_level": "我不知道{{ name }}现在的音量。",
    "unknown_temperature": "我不知道{{ name }}设的是多少度。",
    "already": "已经是这样了。",
    "limit": "{{ name }}{{ '最高' if upper else '最低' }}到{{ limit }}，我就设成这样。",
    "unsupported": "{{ name }}做不到这个。",
    "no_value": "我不知道要设成什么。",
    "not_a_choice": "{{ name }}可以选：{{ choices }}。",
    "no_weather": "我不知道天气怎么样。",
    "no_temperature": "我不知道那里的温度。",
    "no_list": "没有叫{{ name }}的清单。",
    "no_item": "{{ name }}上没有{{ item }}。",
    "no_skill": "我听懂了，但这里做不了。",
    "timer_done": "{{ name }}到时间了。",
    "timer_named": "{{ name }}计时器",
    "timer_long": "{{ length }}的计时器",
    "no_length": "要多长时间？",
    "contradiction": "这两个要求互相矛盾，要哪一个？",
    "circular": "这样会没完没了，我就不做了。",
    "no_target": "要{{ action }}什么？",
    "no_level": "要调到多少？",
    "no_item_said": "要加什么？",
    "no_time": "什么时候？",
    "barred": "这里不能控制{{ name }}。",
    "moment": "请稍等。",
    "no_intent": "抱歉，我没听懂。",
    "handle_error": "抱歉，出了点问题。",
    "not_heard": "抱歉，我没听清。",
    "away": "我连不上家里的设备。",
    "no_speech": "抱歉，我现在听不了。",
    "slow": "抱歉，花的时间太长了。",
    "loading": "我还在启动，请稍后再问。",
    "entity_wrong_state": "没有设备{{ state }}。",
    "feature_not_supported": "没有设备做得到这个。",
    "timer_not_found": "抱歉，没有这样的计时器。",
    "multiple_timers_matched": "有好几个计时器，请说是哪一个。",
    "no_domain": "家里没有{{ domain }}。",
    "no_domain_in_area": "{{ area }}没有{{ domain }}。",
    "no_domain_in_floor": "{{ floor }}没有{{ domain }}。",
    "no_device_class": "家里没有{{ device_class }}。",
    "no_device_class_in_area": "{{ area }}没有{{ device_class }}。",
    "no_device_class_in_floor": "{{ floor }}没有{{ device_class }}。",
}
