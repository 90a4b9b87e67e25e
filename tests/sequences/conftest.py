"""What the tests of sequences share."""

import hashlib

import numpy as np
import pytest


def digest(batches):
    """One hash over pixels, labels and weights of batches, in order."""
    total = hashlib.sha256()
    for batch in batches:
        for array in batch if isinstance(batch, tuple) else (batch,):
            total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@pytest.fixture(name="digest")
def digest_fixture():
    return digest


@pytest.fixture
def numbered():
    """30 images of 12 x 10 whose top left pixel is their number, and 3 classes."""
    x = np.random.default_rng(0).integers(0, 256, (30, 12, 10, 3), np.uint8)
    x[:, 0, 0, 0] = np.arange(30)
    return x, np.arange(30) % 3
