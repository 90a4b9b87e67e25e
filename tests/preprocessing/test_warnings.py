"""Warnings are those of the old class: as many, and with the words by which people filter them."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from keras.src.legacy.preprocessing import image as old

from keras_cvdata.preprocessing import image as new

X = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype("float32")


def generator(module, *options: str):
    return module.ImageDataGenerator(**dict.fromkeys(options, True))


def serve(flow) -> None:
    for _ in range(3):
        next(flow)
    _ = flow[1]


def of_frame(module, data, **options):
    frame = data.frame.copy()
    frame.iloc[3, 0] = "cat/none.png"
    return module.ImageDataGenerator().flow_from_dataframe(frame, str(data.folder), **options)


CASES = {
    "all": lambda m, _: generator(m, "zca_whitening", "featurewise_std_normalization"),
    "zca": lambda m, _: generator(m, "zca_whitening"),
    "std": lambda m, _: generator(m, "featurewise_std_normalization"),
    "sample": lambda m, _: generator(m, "samplewise_std_normalization"),
    "not fit": lambda m, _: serve(generator(m, "featurewise_center").flow(X, batch_size=4)),
    "not fit, zca": lambda m, _: serve(generator(m, "zca_whitening").flow(X, batch_size=4)),
    "by hand": lambda m, _: [generator(m, "zca_whitening").standardize(x) for x in X],
    "channels": lambda m, _: generator(m).flow(X[..., :2]),
    "channels of fit": lambda m, _: generator(m, "featurewise_center").fit(X[..., :2]),
    "no file": of_frame,
    "classes": lambda m, data: of_frame(m, data, class_mode=None, classes=["cat"]),
    "very old": lambda m, data: of_frame(m, data, class_mode="other", has_ext=True, sort=False),
    "duplicates": lambda m, data: of_frame(m, data, drop_duplicates=True),
}
# What people write into `warnings.filterwarnings("ignore", message=...)`: how messages begin.
FILTERS = (
    "This ImageDataGenerator specifies `zca_whitening`,? which overrides setting of ?`featurewise",
    "This ImageDataGenerator specifies `featurewise_std_normalization`, which overrides setting",
    "This ImageDataGenerator specifies `samplewise_std_normalization`, which overrides setting",
    "This ImageDataGenerator specifies `featurewise_center`, but it hasn't been fit",
    "This ImageDataGenerator specifies `zca_whitening`, but it hasn't been fit",
    r"Found \d+ invalid image filename\(s\) in x_col=\"filename\"",
    "`classes` will be ignored given the class_mode=",
    "NumpyArrayIterator is set to use the data format convention",
    r"Expected input to be images \(as Numpy array\) following the data format convention",
    "has_ext is deprecated",
    "sort is deprecated",
    "drop_duplicates is deprecated",
    '`class_mode="other"` is deprecated, please use `class_mode="raw"`',
)


@pytest.mark.parametrize("case", CASES)
def test_warnings_are_as_many_and_begin_with_the_same_words(case, data):
    found = []
    for module in (old, new):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            CASES[case](module, data)
        found.append(
            sorted(
                (warning.category.__name__, text)
                for warning in caught
                for text in FILTERS
                if re.match(text, str(warning.message))
            )
        )
        assert len(found[-1]) == len(caught) > 0
    assert found[0] == found[1]
