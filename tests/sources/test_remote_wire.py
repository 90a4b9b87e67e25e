"""Connections that end when their time is up."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time

import pytest

from keras_cvdata.cancellation import Allowance
from keras_cvdata.sources.remote_wire import connect, tls_context
from keras_cvdata.types import ImageError
from tests.sources.web_server import CONTENT, read, serve


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
