"""The settings: profile under file under command line, and what each refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edgevoice import config, registry, schema
from edgevoice.errors import SettingsError


def test_nothing_given_is_the_defaults() -> None:
    assert config.settings(None) == config.Settings()


def test_command_line_over_file_over_profile(tmp_path: Path) -> None:
    profile = schema.parse("asr: {threads: 4, model: big}\nmqtt: {host: one, port: 1}", "profile.yaml")
    file = tmp_path / "settings.yaml"
    file.write_text("asr:\n  threads: 3\nmqtt:\n  host: two\n")
    found = config.settings(profile, file, {"mqtt": {"host": "three"}})
    assert (found.asr.threads, found.asr.model) == (3, "big")
    assert (found.mqtt.host, found.mqtt.port) == ("three", 1)


def test_an_empty_section_of_the_file_leaves_the_profile_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("asr:\n#  threads: 3\n")
    assert config.settings(schema.parse("asr: {threads: 4}", "profile.yaml"), file).asr.threads == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("asr: {thread: 3}", ":1: asr.thread: unknown key. Did you mean 'threads'?"),
        ("mqqt: {host: a}", ":1: mqqt: unknown key. Did you mean 'mqtt'?"),
        ("mqtt:\n  port: 70000", ":2: mqtt.port: '70000' is not from 1 to 65535"),
        ("listen:\n  silence_seconds: .nan", ":2: listen.silence_seconds: '.nan' is not a number"),
        ("wake:\n  words: hey_jarvis", ":2: wake.words: 'hey_jarvis' is not a list. Write one item a line"),
    ],
)
def test_the_file_is_named_in_errors(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        config.settings(None, file)
    assert str(file) + message in str(caught.value)


def test_the_command_line_is_named_in_errors() -> None:
    with pytest.raises(SettingsError, match=r"command line:\d: mqtt\.port: 'x' is not a whole number"):
        config.settings(None, None, {"mqtt": {"port": "x"}})


def test_files_are_relative_to_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("home: {file: home.yaml}\nmqtt: {password_file: /etc/secret}")
    found = config.settings(None, file)
    assert found.home.file == tmp_path / "home.yaml"
    assert found.mqtt.password_file == Path("/etc/secret")


def test_every_setting_says_what_it_is_and_its_default_is_in_its_bounds() -> None:
    sections = dataclasses.fields(config.Settings)
    assert {field.name for field in sections} >= set(registry.ENGINES)
    for section in sections:
        for field in dataclasses.fields(getattr(config.Settings(), section.name)):
            assert field.metadata["help"], field.name
            low, high = field.metadata.get("min"), field.metadata.get("max")
            assert low is None or field.default is None or low <= field.default <= high


def test_default_engines_are_registered() -> None:
    for stage, engines in registry.ENGINES.items():
        assert getattr(config.Settings(), stage).engine in {"", *engines}


def test_no_wake_word_at_all_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("wake:\n  words: []\n")
    with pytest.raises(SettingsError, match=r"a\.yaml:2: wake: 'words' is empty: name at least one"):
        config.settings(None, tmp_path / "a.yaml")
