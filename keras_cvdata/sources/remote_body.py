"""The body of an answer: whole, or not at all."""

from __future__ import annotations

import http.client
import io
import zlib

from keras_cvdata.sources.remote_errors import RefusedError, quoted
from keras_cvdata.sources.remote_wire import CHUNK, Conversation, Wire

_LONGEST_LINE = 1 << 12
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")
_GZIP = b"\x1f\x8b"
_COMPRESSED = frozenset(("br", "compress", "deflate", "x-compress", "zstd"))


def read_body(
    response: http.client.HTTPResponse, conversation: Conversation, max_bytes: int
) -> bytes:
    """Read the body of an answer, by the rules of RFC 9112, which `http.client` does not keep.

    Args:
        response: The answer, of which the head has been read.
        conversation: The connection that brings it.
        max_bytes: Length from which on a body is refused.

    Returns:
        The content.

    Raises:
        RefusedError: It is too long, or comes in a form that is not read.
        ConnectionError: It is not whole.
    """
    body = _Body(conversation.reader, max_bytes)
    conversation.wire.left += 2 * max_bytes  # chunks have heads as well
    length = _length(response.headers)
    if _is_chunked(response.headers):
        body.read_chunks()
    elif length is not None:
        body.read_exactly(length)
    else:
        conversation.wire.may_end = True
        body.read_all()
        if not body.content:
            raise ConnectionError("it was closed before anything of the file came")
    return _plain(bytes(body.content), response.headers, max_bytes)


def _length(headers: http.client.HTTPMessage) -> int | None:
    said = ",".join(headers.get_all("Content-Length", []))
    lengths = {each.strip() for each in said.split(",")} if said else set()
    if not lengths:
        return None
    first = lengths.pop()
    if lengths or not (first.isascii() and first.isdigit()):
        raise RefusedError(
            f"The server says '{quoted(said)}' is the length of the file. Correct the URL, or "
            "remove the row."
        )
    return int(first[:20])  # as many digits are too many in any case


def _is_chunked(headers: http.client.HTTPMessage) -> bool:
    said = ",".join(headers.get_all("Transfer-Encoding", [])).strip().lower()
    if said not in ("", "chunked", "identity"):
        raise RefusedError(
            f"The server sends the file as '{quoted(said)}', which is not read. Download the "
            "images first."
        )
    return said == "chunked"


class _Body:
    """Content that grows, up to a number of bytes."""

    def __init__(self, reader: io.BufferedReader[Wire], max_bytes: int) -> None:
        self._reader, self._most = reader, max_bytes
        self.content = bytearray()

    def read_exactly(self, length: int) -> None:
        begun, end = len(self.content), len(self.content) + length
        check_length(end, self._most)
        while (left := end - len(self.content)) > 0:
            try:
                self.content += self._reader.read1(min(left, CHUNK))
            except ConnectionError as error:
                came = len(self.content) - begun
                raise ConnectionError(f"it ended after {came:,} of {length:,} bytes") from error

    def read_all(self) -> None:
        while part := self._reader.read1(CHUNK):
            self.content += part
            check_length(len(self.content), self._most)

    def read_chunks(self) -> None:
        while size := self._chunk_size():
            self.read_exactly(size)
            if self._line():
                raise ConnectionError("a chunk is longer than it says")

    def _chunk_size(self) -> int:
        digits = self._line().partition(b";")[0].strip(b" \t")
        if not digits or not _HEXADECIMAL.issuperset(digits):
            raise ConnectionError("the length of a chunk is damaged")
        return int(digits[:20], 16)

    def _line(self) -> bytes:
        line = self._reader.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ConnectionError("a chunk is damaged")
        return line.rstrip(b"\r\n")


def _plain(content: bytes, headers: http.client.HTTPMessage, max_bytes: int) -> bytes:
    """Undo what a server does although it was asked not to: compress what is stored."""
    said = headers.get("Content-Encoding", "").strip().lower()
    if said not in ("gzip", "x-gzip"):
        if _COMPRESSED.isdisjoint(map(str.strip, said.split(","))):
            return content  # whoever stored it wrote something else there, such as utf-8
        raise RefusedError(
            f"The server sends the file in the encoding '{quoted(said)}', which is not read. "
            "Download the images first."
        )
    if not content.startswith(_GZIP):
        return content  # it says so, but does not
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(content, max_bytes + 1)
    except zlib.error as error:
        raise ConnectionError("what was compressed with gzip is damaged") from error
    check_length(len(plain), max_bytes)
    if not stream.eof:
        raise ConnectionError("what was compressed with gzip is not whole")
    return plain


def check_length(length: int, max_bytes: int) -> None:
    """Refuse a file that is too long.

    Args:
        length: Bytes that it has, or more.
        max_bytes: Bytes that it may have.

    Raises:
        RefusedError: It is too long.
    """
    if length > max_bytes:
        raise RefusedError(
            f"The file has {length:,} bytes or more; at most {max_bytes:,} are read. Save it "
            "smaller, or raise max_pixels of the sequence."
        )
