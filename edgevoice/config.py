"""Settings: one frozen dataclass a stage. A profile fills them, the user's file wins over the profile.

Field metadata carry the help text and the bounds; `edgevoice check` and the README's table are made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any

import yaml

from edgevoice import schema


def _f(default: Any, help: str, **bounds: float) -> Any:
    return field(default=default, metadata={"help": help, **bounds})


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """The microphone and the speaker."""

    input: str | None = _f(
        None, "input device: a name or its number from `edgevoice devices`; empty: the system's default"
    )
    output: str | None = _f(None, "output device; empty: the system's default")
    rate: int | None = _f(None, "rate the input is opened with, in Hz; empty: the device's own", min=8000, max=192_000)
    volume: float = _f(1.0, "loudness of the voice, 0 to 1", min=0, max=1)
    cues: bool = _f(True, "play short sounds for listening and failed")
    echo_cancellation: bool = _f(True, "take what the speaker plays out of what the microphone hears")


@dataclass(frozen=True, slots=True)
class WakeWord:
    """One of several wake words, with what is its own; what is empty is as for all of them."""

    word: str = field(metadata={"help": "its name, such as hey_jarvis"})
    engine: str = _f("", "micro or openwakeword")
    model: str = _f("", "model in the manifest")
    threshold: float | None = _f(None, "score from which a window counts", min=0, max=1)
    patience: int | None = _f(None, "windows in a row that must count", min=1, max=50)
    refractory_seconds: float | None = _f(None, "quiet time after a detection", min=0, max=60)


@dataclass(frozen=True, slots=True)
class WakeSettings:
    """What starts a turn."""

    engine: str = _f("micro", "micro (microWakeWord) or openwakeword")
    model: str = _f("", "model in the manifest; empty: the engine's own")
    words: tuple[str | WakeWord, ...] = _f(
        ("hey_jarvis",),
        "wake words; see `edgevoice models list`. One may have its own settings: `{word: ..., engine: ..., threshold: ...}`",
    )
    threshold: float | None = _f(
        None, "score from which a window counts, 0 to 1; empty: the engine's own for each word", min=0, max=1
    )
    patience: int | None = _f(None, "windows in a row that must count; empty: the engine's own", min=1, max=50)
    refractory_seconds: float = _f(2.0, "quiet time after a detection", min=0, max=60)
    check: bool = _f(True, "ask the recogniser too, where it can tell: fewer are missed and fewer are false")

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("'words' is empty: name at least one wake word")
        twice = {name for name in self.names if self.names.count(name) > 1}
        if twice:
            raise ValueError(f"'words' names '{min(twice)}' twice")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one if isinstance(one, str) else one.word for one in self.words)

    def each(self) -> tuple[WakeWord, ...]:
        """The words with all that holds for each."""
        return tuple(self._filled(WakeWord(one) if isinstance(one, str) else one) for one in self.words)

    def _filled(self, one: WakeWord) -> WakeWord:
        engine = one.engine or self.engine
        model = one.model or (self.model if engine == self.engine else "") or WAKE_MODELS.get(engine, "")
        rest = self.refractory_seconds if one.refractory_seconds is None else one.refractory_seconds
        threshold = self.threshold if one.threshold is None else one.threshold
        return WakeWord(one.word, engine, model, threshold, one.patience or self.patience, rest)


WAKE_MODELS = {"openwakeword": "openwakeword"}
"""The model of an engine that brings none."""
STOP_MODEL = "openwakeword-embedding"
"""What the heads of stop words work on."""


@dataclass(frozen=True, slots=True)
class VadSettings:
    """Voice activity detection."""

    engine: str = _f("silero", "silero")
    model: str = _f("silero-vad", "model in the manifest")
    threshold: float = _f(0.5, "probability from which a window is speech", min=0, max=1)
    pre_gate: bool = _f(True, "let webrtcvad spare the model what is surely silence")


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """When a turn's speech begins and ends."""

    pre_roll_seconds: float = _f(0.5, "sound kept from before speech was detected", min=0, max=2)
    start_seconds: float = _f(4.0, "how long to wait for speech after the wake word", min=0.5, max=60)
    minimum_seconds: float = _f(0.2, "shorter speech is ignored", min=0, max=5)
    maximum_seconds: float = _f(15.0, "longer speech is cut", min=1, max=120)
    silence_seconds: float = _f(
        0.55, "silence that ends speech of which nobody can tell if it is complete", min=0.1, max=5
    )
    stop_words: tuple[str, ...] = _f(
        ("stop", "stop it", "be quiet", "quiet", "shut up", "停", "停止", "安静"),
        "what ends the voice when it is said into it, without a wake word; needs echo cancellation",
    )
    pause_seconds: float = _f(
        0.12,
        "silence after which what was said is understood ahead, to end a complete command sooner; 0: never",
        min=0,
        max=5,
    )


@dataclass(frozen=True, slots=True)
class AsrSettings:
    """Speech recognition."""

    engine: str = _f("moonshine", "moonshine, whisper (built by tools/quantize.py) or vosk")
    model: str = _f("moonshine-tiny-en", "model in the manifest")
    second: str = _f(
        "", "moonshine, whisper: another model of the same vocabulary, asked too where the first is not sure"
    )
    threads: int = _f(1, "CPU threads", min=1, max=64)
    providers: tuple[str, ...] = _f(("CPUExecutionProvider",), "onnxruntime providers, the first one available is used")


@dataclass(frozen=True, slots=True)
class NluSettings:
    """Understanding."""

    language: str = _f("en", "language of Home Assistant's sentences")
    packs: tuple[str, ...] = _f((), "domains beside the standard ones: names of packs or paths of YAML files")
    packs_off: tuple[str, ...] = _f(
        (), "packs to leave out: of the standard ones home, media, lists, timers, and yours"
    )
    packs_folder: Path | None = _f(None, "where your own packs are; empty: packs/ beside the settings file")
    llm_confidence: float = _f(0.6, "an LLM proposal below this is asked about, never done", min=0, max=1)


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """The language model behind the templates."""

    engine: str = _f("", "gguf (in this process), server (OpenAI-compatible); empty: none")
    model: str = _f("", "model in the manifest")
    threads: int = _f(1, "CPU threads for writing", min=1, max=64)
    prompt_threads: int = _f(2, "CPU threads for reading the prompt", min=1, max=64)
    gpu_layers: int = _f(0, "layers on the GPU; -1: all", min=-1, max=1000)
    context: int = _f(2048, "context window in tokens", min=256, max=131_072)
    deadline_seconds: float = _f(12.0, "an answer is cut off after this", min=0.5, max=600)
    url: str = _f("", "server: base URL, such as http://127.0.0.1:8080/v1")
    key_file: Path | None = _f(None, "server: file that holds the API key")


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """What sentences mean that no rule knows: asked about, never done at once."""

    engine: str = _f("", "minilm; empty: none")
    model: str = _f("minilm-l6-v2", "model in the manifest")
    threads: int = _f(1, "CPU threads", min=1, max=64)


@dataclass(frozen=True, slots=True)
class TtsSettings:
    """The voice."""

    engine: str = _f("hibari", "hibari, piper or espeak; empty: no voice")
    model: str = _f("", "model in the manifest; empty for an engine that brings its own")
    voice: str = _f("", "voice of the engine; empty: its default")
    speed: float = _f(1.0, "1 is natural", min=0.5, max=2)
    threads: int = _f(1, "CPU threads", min=1, max=64)
    cache_mb: float = _f(2.0, "memory for the sound of frequent replies; 0: none", min=0, max=1000)
    pronounce: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"help": "names that it reads wrong, and how to write them for it, such as {Siobhan: Shivawn}"},
    )


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """How it speaks, and what is quieter meanwhile."""

    confirm: str = _f("sentence", "how it tells that a command was done: sentence, done (the word) or cue (a sound)")
    night: str = _f("", "when it speaks softly and shortly, such as 22:30-7:00; empty: never")
    night_confirm: str = _f("done", "the same by night")
    night_volume: float = _f(0.5, "loudness of the voice then, a share of the usual one", min=0.05, max=1)
    duck_percent: int | None = _f(
        None,
        "media players of this area (of all areas where home.area is empty) go down to this percent of their volume "
        "while it listens and speaks; empty: they do not",
        min=0,
        max=99,
    )
    duck_programs: bool = _f(
        True, "other programs that play on this machine do so too, where there is PulseAudio or PipeWire and pactl"
    )

    def __post_init__(self) -> None:
        self.night_hours()
        for name in ("confirm", "night_confirm"):
            if (given := getattr(self, name)) not in ("sentence", "done", "cue"):
                raise ValueError(f"'{name}' is '{given}': write sentence, done or cue")

    def night_hours(self) -> tuple[time, time] | None:
        """When the night begins and ends. Raises ValueError."""
        if not self.night:
            return None
        try:
            begin, end = (datetime.strptime(part.strip(), "%H:%M").time() for part in self.night.split("-"))
        except ValueError:
            raise ValueError(f"'night' is '{self.night}': write it as 22:30-7:00") from None
        return begin, end


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """The broker."""

    host: str = _f("127.0.0.1", "broker")
    port: int = _f(1883, "its port", min=1, max=65_535)
    username: str = _f("", "user; empty: anonymous")
    password_file: Path | None = _f(
        None, "file that holds the password; else the environment's EDGEVOICE_MQTT_PASSWORD"
    )
    client_id: str = _f("edgevoice", "client id, and the name in our own topics")
    keepalive_seconds: int = _f(30, "keep-alive", min=5, max=3600)
    version: str = _f("auto", "5, 3.1.1, or auto: 5 where the broker speaks it")
    session_seconds: int = _f(
        60, "how long the broker keeps what comes for us while we are away (MQTT 5); 0: not at all", min=0, max=86_400
    )
    tls: bool = _f(False, "encrypt; the port is usually 8883 then")
    ca_file: Path | None = _f(
        None, "PEM file of the authority that signed the broker's certificate; empty: the system's"
    )
    cert_file: Path | None = _f(None, "PEM file of our own certificate, for brokers that ask for one")
    key_file: Path | None = _f(None, "PEM file of its key; empty: it is in cert_file")
    confirm_seconds: float = _f(
        2.0, "how long a lamp may take to confirm a command; what is slower by nature has more", min=0.1, max=60
    )
    expiry_seconds: float = _f(
        5.0, "a command that the broker does not get within this time is dropped, and that is said", min=1, max=60
    )
    announce: bool = _f(True, "`run` announces the assistant itself as a device, by Home Assistant discovery")
    announce_words: bool = _f(False, "tell the broker what was heard and answered, too")
    mask_words: bool = _f(True, "numbers and people's names in what announce_words tells are masked")
    hermes: bool = _f(False, "also publish hermes/… as Rhasspy does; its events hold what was heard")

    def __post_init__(self) -> None:
        if self.version not in ("auto", "5", "3.1.1"):
            raise ValueError(f"'version' is '{self.version}': write auto, 5 or 3.1.1")


@dataclass(frozen=True, slots=True)
class HomeSettings:
    """What there is to control."""

    file: Path | None = _f(None, "YAML of areas, devices, aliases, risks; wins over discovery")
    discovery: bool = _f(True, "learn devices from what they announce on the broker")
    discovery_prefix: str = _f("homeassistant", "topic prefix of Home Assistant's MQTT discovery; empty: none")
    zigbee2mqtt_topics: tuple[str, ...] = _f(("zigbee2mqtt",), "base topics of Zigbee2MQTT; empty: none")
    tasmota_prefix: str = _f("tasmota/discovery", "topic prefix of Tasmota's discovery; empty: none")
    homie_prefix: str = _f("homie/5", "topic prefix of Homie 5; empty: none")
    temperature_unit: str = _f("", "C or F: what people here say; empty: each device's own")
    area: str = _f("", "the area this microphone stands in")
    confirm_more_than: int = _f(8, "ask before more devices than this are switched at once", min=1, max=10_000)
    latitude: float | None = _f(None, "where the home stands, for sunset and sunrise", min=-90, max=90)
    longitude: float | None = _f(None, "degrees east; west is negative", min=-180, max=180)
    state_file: Path | None = _f(
        None,
        "what outlives a restart: timers, lists; empty: $XDG_STATE_HOME/edgevoice/state.json, or systemd's directory",
    )
    vss: Path | None = _f(
        None, "a car: its VSS tree, as vss-tools exports it to JSON or YAML; spoken to by VISS over MQTT"
    )
    vss_version: str = _f("", "version of VSS that the tree must be of, such as 6.0; empty: any")
    vehicle_id: str = _f("car", "the car's VID: VISS requests go to <vehicle_id>/Vehicle")
    kuksa: str = _f("", "host:port of a KUKSA databroker, which then serves the car instead of VISS")
    kuksa_token_file: Path | None = _f(None, "file that holds its JWT; empty: none")
    kuksa_ca_file: Path | None = _f(None, "certificate authority of its TLS; empty: no TLS")
    moving_above: float = _f(
        0.5,
        "speed, in the sensor's unit, above which what the home guards by `deny_while_moving` is refused",
        min=0,
        max=500,
    )
    pin_file: Path | None = _f(None, "file that holds the PIN (digits) for what the home protects with `pin`")

    def __post_init__(self) -> None:
        if self.temperature_unit not in ("", "C", "F"):
            raise ValueError(f"'temperature_unit' is '{self.temperature_unit}': write C or F")


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The web page."""

    port: int = _f(0, "port of the web page, such as 8321; 0: there is none", min=0, max=65_535)
    host: str = _f("127.0.0.1", "address it is served at; one that others can reach needs a token, which is made")
    names: tuple[str, ...] = _f((), "host names it answers to, beside addresses, localhost and this machine's own")
    token_file: Path | None = _f(
        None, "file of the token; where it is named, this machine's users need it too; empty: beside home.state_file"
    )
    cert_file: Path | None = _f(None, "PEM file of a certificate: the page is served by TLS then")
    key_file: Path | None = _f(None, "PEM file of its key; empty: it is in cert_file")

    def __post_init__(self) -> None:
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("'key_file' is given without 'cert_file': name both")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How it is watched."""

    metrics_port: int | None = _f(
        None, "port on 127.0.0.1 of /metrics (Prometheus) and /health; empty: none", min=1, max=65_535
    )
    log_words: bool = _f(False, "logs may hold what was heard and answered")


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """What is kept of what was said: nothing, unless it is asked for here."""

    record_folder: Path | None = _f(
        None, "keep the sound, words and deeds of each spoken turn in this folder, for tuning; empty: nothing is kept"
    )
    record_mb: float = _f(200.0, "the oldest recordings go when there are more megabytes", min=1, max=1_000_000)
    record_days: float = _f(14.0, "recordings go after so many days", min=0.01, max=3650)
    record_key_file: Path | None = _f(
        None, "key that recordings are encrypted with, made by `edgevoice privacy key FILE`; empty: they are plain"
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them, as `edgevoice check` prints them."""

    audio: AudioSettings = field(default_factory=AudioSettings)
    wake: WakeSettings = field(default_factory=WakeSettings)
    vad: VadSettings = field(default_factory=VadSettings)
    listen: ListenSettings = field(default_factory=ListenSettings)
    asr: AsrSettings = field(default_factory=AsrSettings)
    nlu: NluSettings = field(default_factory=NluSettings)
    llm: LlmSettings = field(default_factory=LlmSettings)
    embedding: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    tts: TtsSettings = field(default_factory=TtsSettings)
    voice: VoiceSettings = field(default_factory=VoiceSettings)
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    home: HomeSettings = field(default_factory=HomeSettings)
    web: WebSettings = field(default_factory=WebSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)


def settings(
    profile: yaml.Node | None, file: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """A profile's settings under the user's file under the command line's. Raises SettingsError."""
    node = profile
    if file is not None:
        node = schema.merge(node, schema.read(file))
    if overrides:
        node = schema.merge(node, schema.parse(yaml.safe_dump(dict(overrides)), "command line"))
    built: Settings = schema.build(node, Settings, str(file or "profile"))
    return built
