"""A web server on this machine, which serves what each path is named after."""

from __future__ import annotations

import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from keras_cvdata.sources.remote import read_url

CONTENT = bytes(range(256)) * 40


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves what each path is named after and counts the requests."""

    visits: dict[str, int]

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.visits[path] = self.visits.get(path, 0) + 1
        kind, _, argument = path[1:].partition("/")
        getattr(self, f"answer_{kind}", self.answer_missing)(argument)

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer_missing(self, argument: str) -> None:
        self.send(404)

    def answer_image(self, argument: str) -> None:
        self.send(200, CONTENT)

    def answer_echo(self, argument: str) -> None:
        self.send(200, self.path.encode())

    def answer_status(self, argument: str) -> None:
        self.send(int(argument))

    def answer_busy(self, argument: str) -> None:
        """Fail with this status twice, then answer."""
        tired = self.visits[self.path] <= 2
        self.send(int(argument), Retry_After="0") if tired else self.send(200, CONTENT)

    def answer_later(self, argument: str) -> None:
        self.send(503, Retry_After=argument)

    def answer_redirect(self, argument: str) -> None:
        self.send(302, Location=self.headers["X-To"] if not argument else f"/{argument}")

    def answer_to(self, argument: str) -> None:
        self.send(307, Location=unquote(argument).replace("|", "/"))

    def answer_loop(self, argument: str) -> None:
        self.send(301, Location="/loop")

    def answer_truncated(self, argument: str) -> None:
        self.send(200, CONTENT[:1000], Content_Length=str(len(CONTENT)))

    def answer_chunked(self, argument: str) -> None:
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(CONTENT), 1000):
            part = CONTENT[start : start + 1000]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        if argument != "broken":
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def answer_slow(self, argument: str) -> None:
        """Send one byte now and then, so that no single wait is long."""
        self.send(200, Content_Length="1000")
        for _ in range(100):
            try:
                self.wfile.write(b"x")
            except OSError:
                return
            time.sleep(0.05)

    def answer_endless(self, argument: str) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(1000):
                self.wfile.write(CONTENT)
        except OSError:
            pass

    def log_message(self, *arguments: object) -> None:
        pass


def serve(**options: ssl.SSLContext) -> Iterator[tuple[str, dict[str, int]]]:
    visits: dict[str, int] = {}
    handler = type("CountingHandler", (Handler,), {"visits": visits})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        for context in options.values():
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        scheme = "https" if options else "http"
        yield f"{scheme}://127.0.0.1:{server.server_port}", visits
        server.shutdown()
        thread.join()


def read(url: str, **options: object) -> bytes:
    chosen = {"allow": ("http",), "private_hosts": True, "pause": 0.001, "timeout": 5.0, **options}
    return read_url(url, **chosen)
