"""What the tests of several folders share."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub import Hub

from edgevoice.errors import ModelError
from edgevoice.model_store import Store


@pytest.fixture
def model() -> Callable[[str], Path]:
    """`model(name)` is the folder of real weights. Where they are not here the test is skipped; in CI it fails."""

    def folder(name: str) -> Path:
        try:
            return Store().folder(name)
        except ModelError as error:
            if os.environ.get("CI"):
                pytest.fail(str(error))
            pytest.skip(str(error))

    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    thread = threading.Thread(target=hub.server.serve_forever, args=(0.01,))
    thread.start()
    yield hub
    hub.server.shutdown()
    thread.join()
    hub.server.server_close()
