"""Recordings of every kind, good and bad, become the same stream; bad ones say what is wrong."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgevoice.audio import wav
from edgevoice.errors import AudioError
from edgevoice.messages import RATE


def tone(seconds: float, rate: int, pitch: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)


def pitch_of(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax()) * RATE / len(samples)


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "suffix"),
    [
        (16_000, 1, "PCM_16", "wav"),
        (8_000, 1, "PCM_16", "wav"),
        (44_100, 2, "PCM_16", "wav"),
        (48_000, 1, "PCM_24", "wav"),
        (16_000, 6, "PCM_32", "wav"),
        (22_050, 1, "FLOAT", "wav"),
        (16_000, 1, "PCM_U8", "wav"),
        (96_000, 2, "PCM_24", "flac"),
    ],
)
def test_any_rate_width_and_number_of_channels_becomes_16_khz_mono(
    tmp_path: Path, rate: int, channels: int, subtype: str, suffix: str
) -> None:
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, np.repeat(tone(1.3, rate)[:, None], channels, axis=1), rate, subtype=subtype)
    samples = wav.read(path)
    assert samples.dtype == np.int16
    assert len(samples) == pytest.approx(1.3 * RATE, abs=16)
    assert pitch_of(samples) == pytest.approx(440, abs=2)
    assert np.abs(samples[1000:-1000]).max() == pytest.approx(0.5 * 32768, rel=0.03)


def test_sixteen_bits_at_16_khz_come_through_unchanged(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, 5000).astype(np.int16)
    samples[:2] = -32768, 32767
    for name in ("a.wav", "a.flac"):
        wav.write(tmp_path / name, [samples[:1234], samples[1234:]], RATE)
        assert np.array_equal(wav.read(tmp_path / name), samples)


@pytest.mark.parametrize("rate", [16_000, 11_025])
def test_chunks_are_contiguous_and_of_the_size_asked_for(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(2.05, rate), rate)
    chunks = list(wav.chunks(tmp_path / "a.wav", size=512))
    assert [chunk.start for chunk in chunks] == [512 * i for i in range(len(chunks))]
    assert {len(chunk.samples) for chunk in chunks[:-1]} == {512}
    assert 0 < len(chunks[-1].samples) <= 512
    assert {chunk.rate for chunk in chunks} == {RATE}
    assert np.array_equal(np.concatenate([chunk.samples for chunk in chunks]), wav.read(tmp_path / "a.wav"))


def test_a_silent_recording_is_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    assert np.abs(wav.read(tmp_path / "a.wav")).max() <= 1  # the resampler dithers


def test_what_is_no_number_is_silence_and_what_is_too_loud_is_clipped(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([np.nan, np.inf, -np.inf, 3.0, -3.0, 0.5]), RATE, subtype="FLOAT")
    assert wav.read(tmp_path / "a.wav").tolist() == [0, 32767, -32768, 32767, -32768, 16384]


def test_an_hour_is_streamed_in_little_memory(tmp_path: Path) -> None:
    path, rate, seconds = tmp_path / "hour.wav", 8_000, 3600
    size = rate * seconds * 2
    with path.open("wb") as file:  # a sparse file: a header and a hole
        file.write(
            struct.pack(
                "<4sI4s4sIHHIIHH4sI",
                b"RIFF",
                36 + size,
                b"WAVE",
                b"fmt ",
                16,
                1,
                1,
                rate,
                2 * rate,
                2,
                16,
                b"data",
                size,
            )
        )
        file.truncate(44 + size)
    tracemalloc.start()
    try:
        samples = sum(len(chunk.samples) for chunk in wav.chunks(path, size=16_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert samples == RATE * seconds
    assert peak < 2_000_000


def test_an_empty_recording_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    with pytest.raises(AudioError, match=r"empty\.wav holds no sound\. Record it again"):
        wav.read(tmp_path / "empty.wav")


@pytest.mark.parametrize("content", [b"", b"turn on the light", b"RIFF\x24\x00\x00\x00WAVEfmt ", bytes(4096)])
def test_what_is_not_audio_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "note.wav").write_bytes(content)
    with pytest.raises(AudioError, match=r"note\.wav .*(cannot be read as audio|holds no sound).*\. (Convert|Record)"):
        wav.read(tmp_path / "note.wav")


def test_a_flac_cut_short_is_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, RATE * 9).astype(np.int16)
    wav.write(tmp_path / "whole.flac", [noise], RATE)
    data = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "half.flac").write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match=r"half\.flac cannot be read as audio: .*\. Convert it"):
        wav.read(tmp_path / "half.flac")


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.wav", tmp_path):
        with pytest.raises(AudioError, match=r"no such file\. Check the path"):
            wav.read(path)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"cannot write .*reply\.wav"):
        wav.write(tmp_path / "missing" / "reply.wav", [np.zeros(10, np.int16)], RATE)


def test_a_stream_resampled_in_pieces_is_the_same_as_in_one() -> None:
    samples = (tone(1.0, 48_000) * 32767).astype(np.int16)
    stream = wav.Resampler(48_000, RATE)
    pieces = [stream.feed(samples[i : i + 1536]) for i in range(0, len(samples), 1536)] + [stream.end()]
    whole = wav.resample(samples, 48_000, RATE)
    assert len(np.concatenate(pieces)) == len(whole) == RATE
    assert np.abs(np.concatenate(pieces).astype(int) - whole).max() <= 2
    same = wav.Resampler(RATE, RATE)
    assert np.array_equal(np.concatenate((same.feed(samples), same.end())), samples)
