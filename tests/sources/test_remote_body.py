"""Bodies of answers: whole, or not at all."""

from __future__ import annotations

import pytest

from keras_cvdata.types import ImageError
from tests.sources.web_server import CONTENT, read


@pytest.mark.parametrize("path", ["truncated", "chunked/broken"])
def test_truncated_answers_fail_and_are_asked_for_again(server, path):
    address, visits = server
    with pytest.raises(ImageError, match=r"The connection failed: .*Tried 2 times"):
        read(f"{address}/{path}", retries=1)
    assert list(visits.values()) == [2]


def test_long_files_are_refused(server):
    address, visits = server
    with pytest.raises(ImageError, match="10,240 bytes or more; at most 10,239"):
        read(f"{address}/image", max_bytes=10_239)
    with pytest.raises(ImageError, match="at most 100,000"):
        read(f"{address}/endless", max_bytes=100_000)
    assert read(f"{address}/image", max_bytes=10_240) == CONTENT
    assert visits == {"/image": 2, "/endless": 1}
