"""Remote files, from a real server on this machine."""

from __future__ import annotations

import asyncio
import http.server
import itertools
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import fsspec
import pytest
from fsspec.asyn import AsyncFileSystem

from keras_cvdata.cancellation import Allowance
from keras_cvdata.sources import remote_request
from keras_cvdata.sources.remote import read_url
from keras_cvdata.sources.remote_addresses import is_public
from keras_cvdata.sources.remote_wire import connect, tls_context
from keras_cvdata.types import ImageError

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


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, int]]]:
    """Address of a server, and how often each path was asked for."""
    yield from serve()


def read(url: str, **options: object) -> bytes:
    chosen = {"allow": ("http",), "private_hosts": True, "pause": 0.001, "timeout": 5.0, **options}
    return read_url(url, **chosen)


def test_reads_a_file(server):
    """R22, R31."""
    address, visits = server
    assert read(f"{address}/image") == CONTENT
    assert read(f"{address}/chunked") == CONTENT
    assert visits == {"/image": 1, "/chunked": 1}


def test_paths_and_queries_arrive_as_they_are_meant(server):
    address, _ = server
    assert read(f"{address}/echo/a%20b?size=1&x=%2F#part") == b"/echo/a%20b?size=1&x=%2F"
    assert read(f"{address}/echo/ä b?k=ü") == b"/echo/%C3%A4%20b?k=%C3%BC"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_busy_servers_are_asked_again(server, status):
    address, visits = server
    assert read(f"{address}/busy/{status}") == CONTENT
    assert list(visits.values()) == [3]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204])
def test_other_answers_are_final(server, status):
    address, visits = server
    with pytest.raises(
        ImageError, match=f"The server answered {status} .*Correct the URL"
    ) as caught:
        read(f"{address}/status/{status}")
    assert caught.value.name == f"{address}/status/{status}"
    assert list(visits.values()) == [1]


def test_attempts_are_counted(server):
    address, visits = server
    with pytest.raises(ImageError, match=r"The server answered 500 .* Tried 3 times"):
        read(f"{address}/status/500", retries=2)
    assert list(visits.values()) == [3]
    with pytest.raises(ImageError, match=r"answered 500 Internal Server Error\.$"):
        read(f"{address}/status/500", retries=0)
    with pytest.raises(ValueError, match="retries must be 0 or more; got -1"):
        read(f"{address}/image", retries=-1)


def test_the_pause_that_a_server_asks_for_is_kept(server):
    address, _ = server
    began = time.monotonic()
    with pytest.raises(ImageError, match="503"):
        read(f"{address}/later/1", retries=1)
    assert time.monotonic() - began > 0.99
    began = time.monotonic()
    with pytest.raises(ImageError, match="503"):
        read(f"{address}/later/tomorrow", retries=1)
    assert time.monotonic() - began < 0.9


@pytest.mark.parametrize("path", ["truncated", "chunked/broken"])
def test_truncated_answers_fail_and_are_asked_for_again(server, path):
    address, visits = server
    with pytest.raises(ImageError, match=r"The connection failed: .*Tried 2 times"):
        read(f"{address}/{path}", retries=1)
    assert list(visits.values()) == [2]


def test_slow_answers_end_at_the_deadline(server):
    """X14: a byte now and then never lets a socket time out."""
    address, _ = server
    began = time.monotonic()
    with pytest.raises(ImageError, match=r"No complete answer within 0.3 seconds"):
        read(f"{address}/slow", timeout=0.3, retries=0)
    assert 0.25 < time.monotonic() - began < 2


def test_servers_that_accept_and_say_nothing_end_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for scheme in ("http", "https"):
            with pytest.raises(ImageError, match=r"No complete answer within 0.2 seconds"):
                read(f"{scheme}://127.0.0.1:{port}/", allow=(scheme,), timeout=0.2, retries=0)


def test_long_files_are_refused(server):
    address, visits = server
    with pytest.raises(ImageError, match="10,240 bytes or more; at most 10,239"):
        read(f"{address}/image", max_bytes=10_239)
    with pytest.raises(ImageError, match="at most 100,000"):
        read(f"{address}/endless", max_bytes=100_000)
    assert read(f"{address}/image", max_bytes=10_240) == CONTENT
    assert visits == {"/image": 2, "/endless": 1}


def test_redirects_are_followed(server):
    address, visits = server
    assert read(f"{address}/redirect/redirect/image") == CONTENT
    assert visits == {"/redirect/redirect/image": 1, "/redirect/image": 1, "/image": 1}
    with pytest.raises(ImageError, match="redirects more than 5 times"):
        read(f"{address}/loop")
    assert visits["/loop"] == 6


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:||||etc|passwd", "URLs of scheme 'file' are not read"),
        ("https:||127.0.0.1|x", "URLs of scheme 'https' are not read"),
        ("http:||[::1", "The URL is not valid"),
    ],
)
def test_redirects_lead_nowhere_else(server, target, reason):
    address, _ = server
    with pytest.raises(ImageError, match=reason):
        read(f"{address}/to/{target}")


def test_private_addresses_are_refused(server):
    address, visits = server
    with pytest.raises(ImageError, match=r"'127.0.0.1' is at the private address 127.0.0.1"):
        read(f"{address}/image", private_hosts=False)
    with pytest.raises(ImageError, match="'localhost' is at the private address"):
        read(address.replace("127.0.0.1", "localhost"), private_hosts=False)
    assert visits == {}


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("239.1.2.3", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("fe80::1%eth0", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2002:808:808::", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::808:808", False),
        ("::10.0.0.1", False),
        ("::8.8.8.8", False),
        ("::ffff:0:10.0.0.1", False),
        ("::ffff:0:8.8.8.8", False),
        ("2a00:1450::5efe:a00:1", False),
        ("2a00:1450::200:5efe:a00:1", False),
        ("2a00:1450::1", True),
        ("::", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:20::1", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("5f00::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("172.31.0.1", False),
        ("168.63.129.16", False),
        ("192.0.0.8", False),
        ("192.0.0.170", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("198.19.0.1", False),
        ("198.51.100.1", False),
        ("203.0.113.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
    ],
)
def test_whatis_public(address, public):
    """Also private addresses that are wrapped in IPv6."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (
            "http://example.com/a.jpg",
            r"scheme 'http' are not read, only \['https'\]. Allow it with",
        ),
        ("file:///etc/passwd", "scheme 'file' are not read"),
        ("simplecache::https://example.com/a.jpg", "scheme 'simplecache::https' are not read"),
        ("https://example.com:port/a.jpg", "The URL is not valid"),
        ("https:///a.jpg", "The URL is not valid: it names no host"),
        ("https://user\r\n:x@/a", "The URL is not valid"),
    ],
)
def test_what_is_not_allowed_by_default(url, reason):
    with pytest.raises(ImageError, match=reason):
        read_url(url, retries=0)


def test_lines_cannot_be_smuggled_into_a_request(server):
    address, _ = server
    assert read(f"{address}/echo/a\r\nX-Evil: 1") == b"/echo/aX-Evil:%201"
    assert read(f"{address}/echo/\0") == b"/echo/%00"


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ImageError, match=r"The connection failed: .*Tried 2 times"):
        read(f"http://127.0.0.1:{port}/", retries=1)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate is made with openssl")
def test_certificates_are_checked(tmp_path, monkeypatch):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run(
        [*command, "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    for address, _ in serve(context=context):
        with pytest.raises(ImageError, match="The server's certificate is not valid: "):
            read(f"{address}/image", allow=("https",))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        tls_context.cache_clear()
        assert read(f"{address}/image", allow=("https",)) == CONTENT
        with pytest.raises(ImageError, match="No complete answer within"):
            read(f"{address}/slow", allow=("https",), timeout=0.3, retries=0)
    tls_context.cache_clear()


def test_looking_a_name_up_has_a_deadline(monkeypatch):
    """No resolver of a system can be interrupted."""
    resolve, asked = socket.getaddrinfo, []

    def slow(host, port, *, flags=0, **options):
        asked.append(host)
        if flags or len(asked) < 3:
            raise socket.gaierror(-2, "Name or service not known")
        time.sleep(0.5)
        return resolve("127.0.0.1", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(ImageError, match=r"The connection failed: .*Name or service not known"):
        read("http://nobody.invalid/a.jpg", retries=0)
    with pytest.raises(ImageError, match=r"No complete answer within 0.1 seconds"):
        read("http://nobody.invalid/a.jpg", retries=0, timeout=0.1)


@pytest.mark.parametrize("host", ["2001:db8::beef", "2001:db8::81"])
def test_no_port_is_found_within_an_address(host, monkeypatch):
    asked = []

    def connect_not(addresses, time):
        asked.extend(addresses)
        raise ConnectionRefusedError

    monkeypatch.setattr(remote_request, "connect", connect_not)
    for scheme in ("http", "https"):
        with pytest.raises(ImageError, match="The connection failed"):
            read(f"{scheme}://[{host}]/a.jpg", retries=0, allow=(scheme,))
    assert asked == [(host, 80), (host, 443)]


def test_every_address_of_a_host_is_tried():
    """`localhost` is ::1 first on many machines, where nobody may listen."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        connect([nobody, nobody, listening.getsockname()], Allowance(5.0)) as connected,
    ):
        assert connected.getpeername() == listening.getsockname()
    with pytest.raises(ConnectionRefusedError):
        connect([nobody, nobody], Allowance(5.0))


# --- other schemes, by fsspec ---------------------------------------------------------------------


class SlowFiles(AsyncFileSystem):
    """Files that take long, or fail, as their names say."""

    protocol = "slowfiles"
    cachable = False
    failures = itertools.count()

    async def _cat_file(self, path: str, start: int = 0, end: int = 0, **options: object) -> bytes:
        if path.endswith("fails"):
            next(self.failures)
            raise OSError("the store is down")
        await asyncio.sleep(0.01 if path.endswith("quick") else 5)
        return CONTENT[start:end]


@pytest.fixture
def memory() -> Iterator[str]:
    files = fsspec.filesystem("memory")
    files.pipe_file("/cvdata/a.jpg", CONTENT)
    yield "memory://cvdata/a.jpg"
    files.rm("/cvdata", recursive=True)


def test_other_schemes_are_read_with_fsspec(memory):
    assert read_url(memory, allow=("memory",)) == CONTENT
    with pytest.raises(ImageError, match="10,240 bytes or more; at most 10,239"):
        read_url(memory, allow=("memory",), max_bytes=10_239)
    with pytest.raises(ImageError, match="It cannot be read: "):
        read_url("memory://cvdata/none.jpg", allow=("memory",))
    with pytest.raises(ImageError, match="Chains of addresses"):
        read_url("memory://a.zip::memory://cvdata/a.jpg", allow=("memory",))


def test_unknown_schemes_and_missing_packages_are_named():
    with pytest.raises(ImageError, match="It cannot be read: Protocol not known"):
        read_url("nosuch://a/b.jpg", allow=("nosuch",))
    with pytest.raises(ImageError, match=r"fsspec lacks a package for this scheme: .*dropbox"):
        read_url("dropbox://a/b.jpg", allow=("dropbox",))


def test_stores_have_a_deadline_and_further_attempts():
    fsspec.register_implementation("slowfiles", SlowFiles, clobber=True)
    options = {"allow": ("slowfiles",), "pause": 0.001, "retries": 1}
    assert read_url("slowfiles://quick", **options) == CONTENT
    began = time.monotonic()
    with pytest.raises(ImageError, match=r"Reading failed: .*Tried 2 times"):
        read_url("slowfiles://slow", timeout=0.2, **options)
    assert time.monotonic() - began < 2
    with pytest.raises(ImageError, match="the store is down"):
        read_url("slowfiles://fails", **options)
    assert next(SlowFiles.failures) == 2
