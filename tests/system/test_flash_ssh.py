"""A flash over a real sshd, on a port of its own and into a folder of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_release import current, made

from edgevoice.errors import EdgeVoiceError
from flashing import receive, targets

_SSHD = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
StrictModes no
UsePAM {pam}
PidFile none
"""
_SSH = """\
#!/bin/sh
exec {ssh} -F none -o IdentityFile={folder}/user -o UserKnownHostsFile={folder}/known -o StrictHostKeyChecking=accept-new \
  -o IdentitiesOnly=yes -o BatchMode=yes "$@"
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """`user@host:port` of an sshd that lets this test in, and nobody else."""
    sshd, ssh = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin"), shutil.which("ssh")
    if sshd is None or ssh is None:
        problem = "there is no sshd: apt-get install openssh-server"
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)
    folder = tmp_path / "ssh"
    folder.mkdir()
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    is_root = os.geteuid() == 0
    if is_root:
        Path("/run/sshd").mkdir(exist_ok=True)  # which sshd wants of root
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "sshd.conf").write_text(_SSHD.format(port=port, folder=folder, pam="yes" if is_root else "no"))
    (folder / "bin").mkdir()
    program = folder / "bin/ssh"
    program.write_text(_SSH.format(ssh=ssh, folder=folder))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with subprocess.Popen([sshd, "-D", "-e", "-f", folder / "sshd.conf"], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        assert "Server listening" in server.stderr.readline()
        yield f"{getpass.getuser()}@127.0.0.1:{port}"
        server.terminate()


def test_what_is_there_or_came_before_a_cut_is_not_sent_again_and_the_way_back_stands(
    tmp_path: Path, host: str
) -> None:
    root = tmp_path / "root"

    def cut(size: int) -> None:
        sizes.append(size)
        if len(sizes) == 3:
            raise KeyboardInterrupt

    with targets.opened(f"{host}:{root}") as target:
        first = made(tmp_path / "here", "one", {"models/m": os.urandom(50_000)})
        target.take(first, first.missing(target.have()), lambda size: None)
        target.activate(first)
        news = {f"wheels/{number}.whl": os.urandom(200_000) for number in range(3)}
        second = made(tmp_path / "here", "two", {"models/m": first.entries[2].source.read_bytes()} | news)
        missing = second.missing(target.have())
        assert {entry.path for entry in missing} == {"edgevoice.service", *news}
        sizes: list[int] = []
        with pytest.raises(KeyboardInterrupt):
            target.take(second, missing, cut)
        assert current(root).name == "one"
        left = second.missing(target.have())
        assert set(news) > {entry.path for entry in left} > set()
        target.take(second, left, sizes.append)
        target.activate(second)
        assert current(root).name == "two"
        assert not (root / receive.INCOMING).exists()
        assert target.rollback() == "one"
    assert current(root).name == "one"


def test_what_the_other_end_says_is_told(tmp_path: Path, host: str) -> None:
    (tmp_path / "root").write_text("a file where a folder is wanted")
    with targets.opened(f"{host}:{tmp_path}/root") as target, pytest.raises(EdgeVoiceError, match="Not a directory"):
        target.have()
    with pytest.raises(EdgeVoiceError, match="could not log in"), targets.opened(f"nobody-here-{host}"):
        pytest.fail("a stranger was let in")
