"""Images that the tests of the old class's replacement share."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from tests.conftest import photograph
from tests.preprocessing.parity import Data


@pytest.fixture(scope="session")
def mixed_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `<class>/<n>` of 14 JPEG and PNG files in 3 classes, no two of one size."""
    root = tmp_path_factory.mktemp("mixed")
    for number in range(14):
        folder = root / ("cat", "dog", "fox")[number % 3]
        folder.mkdir(exist_ok=True)
        image = photograph(number, 30 + 3 * number, 80 - 4 * number)
        cv2.imwrite(str(folder / f"{number}.{'jpg' if number % 2 else 'png'}"), image)
    return root


@pytest.fixture(scope="session")
def data(mixed_folder: Path) -> Data:
    return Data(mixed_folder)
