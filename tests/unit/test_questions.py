"""Questions: what is answered from the home's states."""

from __future__ import annotations

from datetime import datetime

import pytest
from household import home_adder, household, intent, replies

from edgevoice.home.model import Device, Home, State
from edgevoice.messages import Intent
from edgevoice.skills import questions, spoken

NOW = datetime(2026, 3, 1, 15, 4)


def answer(home: Home, question: Intent, mic_area: str | None = None) -> str:
    said = questions.answer(home, replies(home), question, NOW, mic_area)
    assert said is not None
    return said


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (intent("HassGetState", "one_yesno", name="Front Door", domain="lock", state="locked"), "Yes"),
        (intent("HassGetState", "one_yesno", name="Front Door", state="unlocked"), "No, locked"),
        (intent("HassGetState", "one", name="Outdoor Humidity"), "Outdoor humidity is 61.3 percent"),
        (intent("HassGetState", "any", domain="light", state="on"), "Yes, Ceiling Light"),
        (intent("HassGetState", "any", domain="fan", state="on"), "No"),
        (intent("HassGetState", "all", domain="light", area="Kitchen", state="on"), "Yes"),
        (intent("HassGetState", "which", domain="light", state="on"), "Ceiling Light"),
        (intent("HassGetState", "which", domain="fan", state="on"), "Not any"),
        (intent("HassGetState", "how_many", domain="light", state="off"), "3"),
        (intent("HassGetState", "where", name="Ada", domain="person"), "Ada is away"),
        (
            intent(
                "HassGetState", "one_yesno", name="Phone", domain="binary_sensor", device_class="battery", state="on"
            ),
            "No, normal",
        ),
        (intent("HassGetState", "any", domain="cover", device_class="window", state="open"), "Yes, Kitchen Window"),
        (intent("HassGetState", "one", name="Kitchen Window"), "Kitchen window is open"),
        (intent("HassGetState", "one", name="Shopping List"), "On Shopping List: Milk"),
        (intent("HassGetState", name="TV", state="on"), "Yes"),
        (intent("HassGetState", name="unicorn"), "Sorry, I am not aware of any device called unicorn"),
        (intent("HassClimateGetTemperature"), "20.6 degrees"),
        (intent("HassClimateGetTemperature", area="Bedroom"), "18 degrees"),
        (intent("HassClimateGetTemperature", area="Garage"), "I do not know the temperature there."),
        (intent("HassClimateGetTemperature", area="Moon"), "Sorry, I am not aware of any area called Moon"),
        (intent("HassGetWeather"), "12 degrees and raining"),
        (intent("HassGetCurrentTime"), "3:04 PM"),
        (intent("HassGetCurrentDate"), "March 1st, 2026"),
    ],
)
def test_answers(question: Intent, said: str) -> None:
    assert answer(household(), question) == said


def test_the_temperature_here() -> None:
    assert answer(household(), intent("HassClimateGetTemperature"), "Bedroom") == "18 degrees"
    assert answer(household(), intent("HassClimateGetTemperature"), "Garage") == "20.6 degrees"


def test_a_state_nobody_knows_is_not_made_up() -> None:
    home = household()
    home.update("lock.front", State("unavailable"))
    question = intent("HassGetState", "one_yesno", name="Front Door", state="locked")
    assert answer(home, question) == "I do not know the state of the Front Door."
    home.update("weather.home", State("unknown"))
    assert answer(home, intent("HassGetWeather")) == "I do not know the weather."


def test_of_one_name_the_device_that_can_be_in_such_a_state_answers() -> None:
    home = household()
    home_adder(home)("sensor.front", "Front Door", "living", "90", device_class="battery", unit="%")
    assert answer(home, intent("HassGetState", "one_yesno", name="Front Door", state="unlocked")) == "No, locked"


def test_a_battery_in_percent_is_low_at_twenty() -> None:
    home = household()
    home_adder(home)("sensor.sink", "Sink Battery", "kitchen", "15", device_class="battery", unit="%")
    question = intent(
        "HassGetState", "one_yesno", name="Sink", domain="binary_sensor", device_class="battery", state="on"
    )
    assert answer(home, question) == "Yes"
    home.update("sensor.sink", State("95"))
    assert answer(home, question) == "No, 95 percent"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Is my front door locked? Please answer yes or no.", "Front Door is locked."),
        ("tell me, is the kitchen window closed or open", "Kitchen Window is open."),
        ("what's still on the shopping list", "On Shopping List: Milk."),
        ("is the front door locked and the garage door closed", "Front Door is locked. Garage Door is closed."),
        ("is the door locked", None),
        ("is the radio any good", "Radio is idle."),
        ("is radio an invention", None),
        ("why is the front door blue", None),
        ("paint the front door", None),
        ("is there life on mars", None),
    ],
)
def test_a_question_that_names_a_device_is_answered_with_its_state(text: str, said: str | None) -> None:
    home = household()
    assert questions.plain(home, replies(home), text) == said


def test_a_thermostat_tells_what_it_is_set_to() -> None:
    home = household()
    home.update("climate.living", State("heat", {"temperature": 21.5}))
    assert questions.plain(home, replies(home), "what is the thermostat set to") == "Thermostat is set to 21.5 degrees."
    home.update("climate.living", State("off", {"temperature": 21.5}))
    assert questions.plain(home, replies(home), "what is the thermostat set to") == "Thermostat is off."


def test_no_state_is_told_that_nobody_knows() -> None:
    home = household()
    home.update("lock.front", State("unavailable"))
    assert questions.plain(home, replies(home), "is the front door locked") is None


def test_how_it_is_outside() -> None:
    home = household()
    assert questions.plain(home, replies(home), "what's the temperature outside?") == "12 degrees and raining"
    assert questions.plain(home, replies(home), "how humid is it outside") == "Outdoor Humidity is 61.3 percent."
    home_adder(home)("sensor.porch", "Porch Outside", None, "7.25", device_class="temperature", unit="°C")
    assert questions.plain(home, replies(home), "how cold is it outside") == "Porch Outside is 7.2 degrees."
    home.remove("weather.home")
    home.remove("sensor.porch")
    assert questions.plain(home, replies(home), "is it cold outside") is None


def test_an_area_that_is_also_a_device_is_no_name() -> None:
    home = household()
    home_adder(home)("climate.kitchen", "Kitchen", "kitchen", "off")
    assert questions.plain(home, replies(home), "is the kitchen clean") is None


def test_many_are_counted() -> None:
    home = household()
    for number in range(1, 6):
        home_adder(home)(f"fan.n{number}", f"Fan {number}", "garage", "on")
    assert answer(home, intent("HassGetState", "which", domain="fan", state="on")) == "Fan 1, Fan 2, Fan 3 and 2 more"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [("21.0", "°C", "21 degrees"), ("1", "°C", "1 degree"), ("230.44", "V", "230.4 volts"), ("5", "bq", "5 bq")],
)
def test_numbers_are_said_with_their_unit(value: str, unit: str, said: str) -> None:
    home = household()
    sensor = home_adder(home)("sensor.x", "X", None, value, unit=unit)
    assert spoken.state(sensor, value) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 seconds"), (61, "1 minute and 1 second"), (3725, "1 hour, 2 minutes and 5 seconds")]
)
def test_durations(seconds: float, said: str) -> None:
    assert spoken.duration(seconds) == said


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "", "unknown"])
def test_what_is_no_number_is_none(value: str) -> None:
    assert spoken.number(value) is None


@pytest.mark.parametrize(("hours", "old"), [(0.5, ""), (3, ". That was 3 hours ago."), (75, ". That was 3 days ago.")])
def test_an_old_reading_tells_its_age(hours: float, old: str) -> None:
    home = Home(devices=[Device("sensor.cellar", "Cellar", "sensor", unit="°C"), Device("light.lamp", "Lamp", "light")])
    home.update("sensor.cellar", State("7", {}, 100.0))
    home.update("light.lamp", State("on", {}, 100.0))
    now = 100.0 + hours * 3600
    for name, is_old in (("Cellar", bool(old)), ("Lamp", hours >= 24)):
        question = Intent("HassGetState", {"name": name}, response="one")
        said = questions.answer(home, replies(home), question, NOW, now_seconds=now)
        assert said is not None
        assert said.endswith(old) if is_old else "ago" not in said
