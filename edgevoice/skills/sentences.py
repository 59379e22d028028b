"""Our own sentences: for intents that Home Assistant has no words for, and where its words would not be true here."""

from __future__ import annotations

from collections.abc import Mapping

REPLIES: Mapping[str, Mapping[str, str]] = {
    "HassToggle": {"default": "Done"},
    "HassHumidifierSetpoint": {"default": "Humidity set to {{ slots.humidity }} percent"},
    "HassHumidifierMode": {"default": "Mode set to {{ slots.mode }}"},
    "HassClimateSetHvacMode": {"default": "Set to {{ slots.hvac_mode | replace('_', ' ') }}"},
    "HassStopMoving": {"default": "Stopped"},
    "HassMediaStop": {"default": "Stopped"},
    "HassSelectOption": {"default": "Set to {{ slots.option }}"},
    "HassSetValue": {"default": "Set to {{ slots.value }}"},
    "HassVacuumPause": {"default": "Paused"},
    "HassVacuumLocate": {"default": "Listen for it"},
    "HassLawnMowerPause": {"default": "Paused"},
    "HassAlarm": {"default": "The alarm is {{ slots.mode | replace('_', ' ') }}"},
    "HassMediaSearchAndPlay": {"default": "Playing {{ slots.search_query }}"},
    "HassBroadcast": {"default": "{{ slots.message }}"},
    "HassRespond": {
        "default": "",
        "hello": "Hello.",
        "listening": "I only wait for the wake word. Nothing is kept, and nothing leaves this device.",
        "data": "Nowhere. Everything is worked out on this device.",
        "commands": "You can switch lights, open blinds, set the heating, ask about the home, and start timers.",
        "creator": "I am EdgeVoice, an assistant that runs on this device alone.",
    },
    "HassGetState": {
        "where": "{% if not state %}Sorry, I am not aware of any person named {{ slots.name | capitalize }}"
        "{% elif state.state == 'not_home' %}{{ state.name }} is away"
        "{% elif state.state == 'home' %}{{ state.name }} is at home"
        "{% else %}{{ state.name }} is at {{ state.state }}{% endif %}",
    },
}

ERRORS: Mapping[str, str] = {
    "done": "Done",
    "turned": "Turned {{ state }} the {{ name }}",
    "which": "Which one: {{ names }}?",
    "which_again": "Please say one of them: {{ names }}.",
    "confirm": "Should I {{ action }}?",
    "confirm_again": "Please say yes or no. Should I {{ action }}?",
    "left": "All right, I leave it.",
    "pin": "What is the PIN to {{ action }}?",
    "pin_wrong": "That is not the PIN.",
    "pin_absent": "That needs a PIN, and none is set up.",
    "moving": "Not while the car is moving.",
    "moving_unknown": "I do not know whether the car stands, so I leave that.",
    "silent": "The {{ names }} did not answer.",
    "otherwise": "{{ what }}.",
    "rest_done": "The rest is done.",
    "unknown_state": "I do not know the state of the {{ name }}.",
    "old": "That was {{ ago }} ago.",
    "unknown_level": "I do not know how loud the {{ name }} is.",
    "unknown_temperature": "I do not know what the {{ name }} is set to.",
    "already": "Nothing to change.",
    "limit": "The {{ name }} goes {{ 'up' if upper else 'down' }} to {{ limit }}, so I set that.",
    "unsupported": "The {{ name }} cannot do that.",
    "no_value": "I do not know what to set.",
    "not_a_choice": "The {{ name }} knows {{ choices }}.",
    "no_weather": "I do not know the weather.",
    "no_temperature": "I do not know the temperature there.",
    "no_list": "There is no list called {{ name }}.",
    "no_item": "There is no {{ item }} on {{ name }}.",
    "no_skill": "I understood, but nothing here can do that.",
    "timer_done": "Your {{ name }} is done.",
    "no_length": "For how long?",
    "no_target": "What should I {{ action }}?",
    "no_level": "To what?",
    "no_item_said": "What should I add?",
    "no_time": "At what time?",
    "no_intent": "Sorry, I couldn't understand that",
    "handle_error": "Sorry, something went wrong.",
    "not_heard": "Sorry, I did not hear that.",
    "away": "I cannot reach the home.",
    "no_speech": "Sorry, I cannot listen right now.",
    "slow": "Sorry, that took too long.",
    "loading": "I am still starting. Please ask again in a moment.",
}
