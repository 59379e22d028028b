"""What the assistant is measured by: counts from events, health, the metrics port, `top`, and the alert rules."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from edgevoice import board, cli, resources
from edgevoice.errors import SettingsError
from edgevoice.messages import (
    RATE,
    Command,
    CommandSent,
    Event,
    Heard,
    Intent,
    Message,
    NoSpeech,
    Replied,
    SpeechEnded,
    StateConfirmed,
    Timing,
    Transcript,
    TurnEnded,
    TurnFailed,
    Understood,
    Utterance,
    WakeHeard,
)
from edgevoice.service.figures import Figures, Watched
from edgevoice.service.metrics import HOST, Endpoint
from edgevoice.service.notify import Heartbeat
from edgevoice.turn import Condition

COMMAND = Command("light.secret_lamp", "on", True)
SAID = "turn on the secret lamp"
ENDED = TurnEnded("0001", (Timing("asr", 30.0), Timing("nlu", 4.0), Timing("turn", 200.0)))
EVENTS: tuple[Event, ...] = (
    WakeHeard("alexa", 0.9, 0),
    NoSpeech(0),
    WakeHeard("alexa", 0.9, 0),
    SpeechEnded(Utterance(np.zeros(RATE, np.int16), RATE, 0, RATE), RATE + RATE // 2),
    Heard(Transcript(SAID), 30.0),
    Understood((Intent("HassTurnOn", {"name": "Secret Lamp"}, text=SAID),), 4.0),
    CommandSent(COMMAND, Message("home/secret_lamp", b"ON"), 1.0),
    StateConfirmed(COMMAND, True, 3.0),
    Replied("The Secret Lamp is on.", 10.0),
    ENDED,
    Heard(Transcript("blorp"), 20.0),
    Understood((), 4.0),
    Replied("Sorry, blorp?", 10.0),
    ENDED,
    StateConfirmed(COMMAND, False, 2000.0, refused="locked"),
    TurnFailed("mqtt", "away", "home/secret_lamp"),
    Replied("The home does not answer.", 10.0),
    ENDED,
    ENDED,
)


class Now:
    """A clock and the troubles of a part, both set by the test."""

    def __init__(self) -> None:
        self.seconds, self.trouble, self.waiting = 0.0, "", 3


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def watched(now: Now) -> Watched:
    condition = Condition({"llm": lambda: now.trouble}, {"turns": lambda: now.waiting}, {"turns": lambda: 2})
    made = Watched(Figures(), Heartbeat(lambda: None, ("ears", "turns"), 30.0, lambda: now.seconds), condition)
    for event in EVENTS:
        made.figures.observe(event)
    made.figures.reject("alexa")
    return made


@pytest.fixture
def port(watched: Watched) -> Iterator[int]:
    with Endpoint(watched, 0) as endpoint:
        yield endpoint.port


def get(port: int, path: str, host: str = HOST) -> tuple[int, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_turns_are_counted_by_how_they_ended(watched: Watched) -> None:
    counts = watched.figures.counts
    assert counts.turns == {"answered": 1, "not_understood": 1, "failed": 1, "silent": 1}
    assert (counts.wakes, counts.no_speech, counts.commands) == ({"alexa": 2}, 1, 1)
    assert counts.confirmations == {"confirmed": 1, "refused": 1}
    assert counts.failures == {("mqtt", "away"): 1}
    assert counts.latencies["asr"].sum == pytest.approx(4 * 0.03)
    assert counts.latencies["endpoint"].sum == pytest.approx(0.5)


def test_health_is_ok_degraded_or_failed(watched: Watched, port: int, now: Now) -> None:
    assert get(port, "/health") == (200, json.dumps(watched.health()) + "\n")
    assert watched.health()["status"] == "ok"
    now.trouble = "no such model"
    status, text = get(port, "/health")
    assert (status, json.loads(text)["status"]) == (200, "degraded")
    assert json.loads(text)["stages"]["llm"] == {"ok": False, "problem": "no such model"}
    now.seconds = 31.0
    watched.heartbeat("ears")
    status, text = get(port, "/health")
    assert (status, json.loads(text)["status"]) == (503, "failed")
    assert json.loads(text)["stages"]["turns"] == {"ok": False, "problem": "stuck"}
    assert json.loads(text)["stages"]["ears"]["ok"]


def test_metrics_are_prometheus_and_hold_no_word(port: int) -> None:
    status, text = get(port, "/metrics")
    assert status == 200
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["edgevoice_turns_total", "failed"] == 1
    assert found["edgevoice_stage_seconds_bucket", "0.05", "asr"] == 4
    assert found["edgevoice_stage_seconds_bucket", "0.025", "asr"] == 0
    assert found["edgevoice_stage_seconds_count", "turn"] == 4
    assert found["edgevoice_wakes_rejected_total", "alexa"] == 1
    assert found["edgevoice_queue_depth", "turns"] == 3
    assert found["edgevoice_stage_up", "ears"] == 1
    assert found["process_resident_memory_bytes",] > 1e6
    assert not re.search("secret|blorp|locked", text, re.IGNORECASE)


def test_only_this_machine_is_answered_and_only_what_is_there(port: int) -> None:
    assert get(port, "/metrics", host="evil.example")[0] == 403
    assert get(port, "/metrics", host=f"localhost:{port}")[0] == 200
    assert get(port, "/../etc/passwd")[0] == 404


def test_a_port_that_is_taken_is_a_clear_error(watched: Watched, port: int) -> None:
    with pytest.raises(SettingsError, match=r"service\.metrics_port: \d+: Address already in use"):
        Endpoint(watched, port).start()


def test_the_hubs_summary(watched: Watched, now: Now) -> None:
    now.trouble = "secret lamp"
    told = watched.summary()
    assert (told["health"], told["troubles"], told["turns"], told["lost"]) == ("degraded", "llm", 4, 2)
    assert told["rss_mb"] > 1
    assert "secret" not in json.dumps(told)


# --- top --------------------------------------------------------------------------------------------------------------


def test_top_shows_it_once(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["top", "--once", "--port", str(port)]) == 0
    screen = capsys.readouterr().out
    assert "\x1b" not in screen
    assert "turns      answered 1, not_understood 1, failed 1, silent 1" in screen
    assert "rejected   alexa 1\n" in screen
    assert re.search(r"^asr +4 +37\.5 +48\.8$", screen, re.MULTILINE)  # between the bounds 25 and 50 ms
    assert cli.main(["top", "--once", "--json", "--port", str(port)]) == 0
    assert json.loads(capsys.readouterr().out)["figures"]["queues"] == {"turns": 3.0}


def test_top_tells_health_by_its_status(port: int, now: Now, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["top", "--health", "--port", str(port)]) == 0
    now.seconds = 100.0
    assert cli.main(["top", "--health", "--port", str(port)]) == 1
    assert '"failed"' in capsys.readouterr().out


def test_top_says_what_to_do_where_nobody_answers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert cli.main(["top", "--once"]) == 1
    assert "set service.metrics_port" in capsys.readouterr().err
    assert cli.main(["top", "--health"]) == 0
    assert '"unknown"' in capsys.readouterr().out
    assert cli.main(["top", "--once", "--port", "1"]) == 1
    assert "Does `edgevoice run` run" in capsys.readouterr().err


# --- alert rules ------------------------------------------------------------------------------------------------------


def test_alert_rules_speak_of_metrics_and_labels_that_there_are(port: int) -> None:
    families = list(text_string_to_metric_families(get(port, "/metrics")[1]))
    served = {sample.name for family in families for sample in family.samples}
    served |= {family.name + ("_total" if family.type == "counter" else "") for family in families}
    rules = yaml.safe_load(resources.find("service/alerts.yaml").read_text("utf-8"))["groups"][0]["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 10
    for rule in rules:
        named = set(re.findall(r"\b(?:edgevoice|process)_\w+", rule["expr"]))
        # A board that tells no throttling and no temperature has no such samples.
        assert named - served <= {"edgevoice_board_throttled", "edgevoice_board_temperature_celsius"}, rule["alert"]
        assert rule["annotations"]["summary"]


# --- the board --------------------------------------------------------------------------------------------------------


def files(root: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_board_that_tells_nothing(tmp_path: Path) -> None:
    assert (board.ram_mb(tmp_path), board.temperatures(tmp_path), board.gpu_nodes(tmp_path)) == (0, {}, ())
    assert board.throttled(tmp_path) is None
    assert board.ram_mb() > 100
    assert board.cores() >= 1


def test_temperature_is_the_warmest_of_its_name(tmp_path: Path) -> None:
    thermal = "sys__class__thermal__thermal_zone"
    files(tmp_path, **{f"{thermal}0__temp": "48000", f"{thermal}0__type": "cpu", f"{thermal}1__temp": "61500"})
    files(tmp_path, **{f"{thermal}1__type": "cpu", f"{thermal}2__temp": "-256000", f"{thermal}3__temp": "40000"})
    assert board.temperatures(tmp_path) == {"cpu": 61.5, "thermal_zone3": 40.0}


@pytest.mark.parametrize(("state", "slow"), [("0", False), ("2", True)])
def test_a_processor_that_is_cooled_is_throttled(tmp_path: Path, state: str, slow: bool) -> None:
    cooling = "sys__class__thermal__cooling_device"
    files(tmp_path, **{f"{cooling}0__type": "cpufreq-cpu0", f"{cooling}0__cur_state": state})
    files(tmp_path, **{f"{cooling}1__type": "pwm-fan", f"{cooling}1__cur_state": "4"})
    assert board.throttled(tmp_path) is slow


@pytest.mark.parametrize(("bits", "slow"), [("0", False), ("50005", True), ("50000", False), ("what", None)])
def test_a_raspberry_pi_tells_its_own_way(tmp_path: Path, bits: str, slow: bool | None) -> None:
    path = tmp_path / "sys/devices/platform/soc/soc:firmware/get_throttled"
    path.parent.mkdir(parents=True)
    path.write_text(bits)
    assert board.throttled(tmp_path) is slow


def test_a_control_group_limits_the_memory(tmp_path: Path) -> None:
    files(tmp_path, proc__meminfo="MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n")
    assert (board.ram_mb(tmp_path), board.available_mb(tmp_path)) == (7812, 3906)
    files(tmp_path, sys__fs__cgroup__memory__x="")
    (tmp_path / "sys/fs/cgroup/memory.max").write_text(str(512 * 2**20))
    (tmp_path / "sys/fs/cgroup/memory.current").write_text(str(212 * 2**20))
    assert (board.ram_mb(tmp_path), board.available_mb(tmp_path)) == (512, 300)
