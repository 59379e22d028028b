"""What `tools/package.py` lays out, and what a wheel carries beside the code: completions and a man page."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import package
import pytest
from small_release import made

import hatch_build
from edgevoice import __version__


def release(tmp_path: Path):  # type: ignore[no-untyped-def]
    plain = made(tmp_path / "here", "one", {"wheels/a.whl": b"a", "edgevoice": b"#!/bin/sh\n"})
    told = plain.manifest | {"arch": "aarch64", "python": "3.11", "profile": "raspberry-pi-5"}
    return dataclasses.replace(plain, manifest=told)


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="there is no dpkg-deb: this is no Debian")
def test_the_debian_package_keeps_settings_and_links_the_release(tmp_path: Path) -> None:
    made = package.deb(release(tmp_path), tmp_path / "dist")
    assert made.name == f"edgevoice_{__version__}_arm64.deb"
    run = lambda *words: subprocess.run(["dpkg-deb", *words], check=True, capture_output=True, text=True).stdout  # noqa: E731
    listed = run("-c", str(made))
    assert "./opt/edgevoice/current -> releases/one" in listed
    assert "./lib/systemd/system/edgevoice.service" in listed
    assert "./usr/bin/edgevoice -> /opt/edgevoice/current/edgevoice" in listed
    assert "root/root" in listed
    assert "Architecture: arm64" in run("-f", str(made))
    run("-e", str(made), str(tmp_path / "control"))
    assert (tmp_path / "control/conffiles").read_text() == "/etc/edgevoice/settings.yaml\n"
    for script in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", tmp_path / "control" / script], check=True)


def test_the_container_is_built_from_the_release_alone(tmp_path: Path) -> None:
    file = package.container(release(tmp_path), tmp_path / "box")
    text = file.read_text()
    assert "COPY root/ /" in text
    assert "/opt/edgevoice/current/first_boot.py" in text
    assert (tmp_path / "box/root/opt/edgevoice/releases/one/wheels/a.whl").read_bytes() == b"a"
    assert not list((tmp_path / "box/root").rglob("*.service"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared")
    hatch_build.write(folder)
    return folder


def test_the_shell_completes_commands_and_options(shared: Path) -> None:
    script = f"""
        source {shared / hatch_build.COMPLETIONS["bash"]}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        $(complete -p edgevoice | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        echo "${{COMPREPLY[@]}}"
    """

    def completed(*words: str) -> list[str]:
        ran = subprocess.run(["bash", "-c", script, "bash", *words], check=True, capture_output=True, text=True)
        return ran.stdout.split()

    assert completed("edgevoice", "dev") == ["devices"]
    assert "--demo-home" in completed("edgevoice", "ask", "--de")
    assert completed("edgevoice", "models", "pu") == ["pull"]


def test_the_man_page_names_every_command(shared: Path) -> None:
    text = (shared / hatch_build.MAN).read_text()
    for command in ("demo", "run", "ask", "models", "profiles", "service", "simulate"):
        assert f"edgevoice {command}" in text
