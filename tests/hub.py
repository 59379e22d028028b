"""A web server on the loopback interface that serves two files, badly when told to."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WEIGHTS = bytes(range(256)) * 2000
LABELS = b"left\nright\n"


class Hub:
    """A web server with two files. Each entry of `faults` spoils one answer."""

    def __init__(self) -> None:
        self.files = {"/weights.bin": WEIGHTS, "/sub/labels.txt": LABELS}
        self.asked: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.gate.wait(20)
        wanted = request.headers.get("Range", "")
        self.asked.append((request.path, wanted))
        fault = self.faults.pop(0) if self.faults else ""
        if fault.isdigit() or request.path not in self.files:
            return request.send_error(int(fault or 404))
        body = self.files[request.path]
        start = int(wanted.removeprefix("bytes=").rstrip("-") or 0) if fault != "no range" else 0
        if start >= len(body):
            return request.send_error(416)
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        request.wfile.write(body[start : start + 300_000] if fault == "cut" else body[start:])
        return None
