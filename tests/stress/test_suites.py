"""Every family of every suite."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from keras_cvdata import ArraySequence, apply, layers
from keras_cvdata.stress.suites import SUITES, suite_of

pytestmark = pytest.mark.backends

FAMILIES = [(suite, name) for suite, families in SUITES.items() for name in families()]


def scene(channels: int) -> np.ndarray:
    """A bright cross before a ramp of colours, 56 x 56."""
    image = np.linspace(20, 120, 56 * 56 * 3).reshape(56, 56, 3)
    image[15:39, 22:29] = image[22:29, 15:39] = (230, 200, 160)
    return image[..., :channels].astype(np.uint8)


@pytest.mark.parametrize(("suite", "name"), FAMILIES)
def test_family_changes_images_and_repeats(suite: str, name: str) -> None:
    """Every row of the table stands for pixels that can be had again."""
    family = suite_of(suite)[name]
    for channels in (1, 3):
        image = scene(channels)
        before = image.copy()
        for severity in (1, family.severities[-1]):
            changed, again = (apply(family(severity), image, seed=3, row=5)[0] for _ in range(2))
            assert (changed.shape, changed.dtype) == (image.shape, image.dtype)
            np.testing.assert_array_equal(changed, again)
            assert (changed != image).any() or (name, channels) == ("saturate", 1)
        np.testing.assert_array_equal(image, before)


def test_sequences_take_families() -> None:
    images = np.stack([scene(3)] * 2)
    family = suite_of("photo")["motion blur"]
    first, second = ArraySequence(images, augment=family(5), batch_size=2, seed=1)[0]
    assert (first != second).any()  # an angle of its own each


def test_dict_becomes_a_suite() -> None:
    invert = layers.RandomInvert(1.0)
    blur = suite_of("photo")["gaussian blur"]
    suite = suite_of({"negative": invert, "blur": blur})
    assert (suite["negative"].severities, suite["negative"](1)) == ((1,), [invert])
    assert suite["blur"] is blur


@pytest.mark.parametrize(
    ("suite", "error", "message"),
    [
        ("photos", ValueError, "'photo'"),
        ({}, ValueError, "empty"),
        (3, TypeError, "dict of layers"),
    ],
)
def test_unknown_suite_is_refused(suite: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        suite_of(suite)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("suite", "name", "strengths"),
    [
        ("handbook", "shift right", [4 / 28]),
        ("photo", "gaussian noise", [0.08, 0.12, 0.18, 0.26, 0.38]),
        ("photo", "jpeg compression", [25, 18, 15, 10, 7]),
        ("digits", "rotate", [0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_strengths_are_the_published_ones(suite: str, name: str, strengths: list[float]) -> None:
    family = suite_of(suite)[name]
    assert [family.strength(severity) for severity in family.severities] == strengths


def test_suites_hold_the_published_families() -> None:
    assert [len(families()) for families in SUITES.values()] == [6, 15, 19, 5, 4]
    released = {name: family.released for name, family in suite_of("digits").items()}
    assert (released["shot noise"], released["scale"], released["stripe"]) == (5, 3, None)


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        *(("photo", name) for name in suite_of("photo")),
        *(("geometry", name) for name in suite_of("geometry")),
        ("handbook", "low contrast"),
        *(("background", name) for name in suite_of("background")),
    ],
)
def test_severity_grows(suite: str, name: str) -> None:
    """From the first to the last; benchmarks/severities.py shows each step, on photographs."""
    family, image = suite_of(suite, 56)[name], scene(3)
    changes = [
        np.mean(
            [
                np.abs(apply(family(s), image, seed=k)[0] - image.astype(float)).mean()
                for k in (0, 1)
            ]
        )
        for s in (1, 5)
    ]
    assert changes[0] < changes[1]


def test_lengths_go_by_the_side() -> None:
    small, large = (suite_of("photo", side)["gaussian blur"](5)[0] for side in (56, 224))
    assert (small.sigma.high, large.sigma.high) == (1.5, 6.0)


def test_strength_between_severities() -> None:
    (rotation,) = suite_of("geometry")["rotation"].at_strength(12.5)
    assert {layer.degrees.low for layer in rotation.layers} == {12.5, -12.5}
    with pytest.raises(ValueError, match="'fog' cannot be had at a strength"):
        suite_of("photo")["fog"].at_strength(1.0)
    with pytest.raises(ValueError, match=r"'invert' has the severities \(1,\)"):
        suite_of("handbook")["invert"](2)


def test_handbook_inverts_and_shifts_by_four_pixels_of_28() -> None:
    """R81, R82, R94, X11, X26: negatives of uint8, shifts that repeat the edge and never wrap."""
    x = np.random.default_rng(0).integers(0, 256, (28, 28, 1), np.uint8)
    changed = {n: apply(family(1), x)[0] for n, family in suite_of("handbook").items()}
    assert np.array_equal(changed.pop("invert"), np.invert(x))
    assert np.array_equal(changed.pop("low contrast"), np.rint(0.8 * x + 25.5).astype(np.uint8))
    padded = np.pad(x, ((4, 4), (4, 4), (0, 0)), "edge")
    starts = {"left": (4, 8), "right": (4, 0), "up": (8, 4), "down": (0, 4)}
    for side, (top, left) in starts.items():
        assert np.array_equal(changed[f"shift {side}"], padded[top : top + 28, left : left + 28]), (
            side
        )


def test_saturation_and_brightness_are_those_of_hsv() -> None:
    """With the conversions of the standard library, pixel by pixel."""
    pixels = np.random.default_rng(0).integers(0, 256, (1, 40, 3)).astype(np.uint8)
    pixels[0, :2] = [[0, 0, 0], [90, 90, 90]]
    for name, severity, change in (
        ("saturate", 4, lambda h, s, v: (h, min(5 * s + 0.1, 1), v)),
        ("brightness", 3, lambda h, s, v: (h, s, min(v + 0.3, 1))),
    ):
        expected = [colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*p))) for p in pixels[0] / 255]
        result = apply(suite_of("photo")[name](severity), pixels)[0]
        np.testing.assert_allclose(result[0], np.array(expected) * 255, atol=0.51)


def test_ground_and_border_are_exchanged() -> None:
    """R95: the thing stays, what is around it does not."""
    image = np.full((20, 20, 3), 90, np.uint8)
    image[6:14, 6:14] = 255
    suite = suite_of("background")
    ground = apply(suite["other ground"](1), image)[0]
    assert (ground[6:14, 6:14] == 255).all()
    assert (ground[0, 0] != 90).any()
    bordered = apply(suite["white border"](3), image)[0]
    np.testing.assert_array_equal(bordered[2:-2, 2:-2], image[2:-2, 2:-2])
    assert (bordered[:2] == 255).all()
    assert (bordered[:, -2:] == 255).all()
