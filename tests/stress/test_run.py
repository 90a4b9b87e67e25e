from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from keras_cvdata import ArraySequence, DirectorySequence, layers, stress_test
from keras_cvdata.stress import run as running
from keras_cvdata.stress.chunks import Chunks
from tests.review.numpy_model import NumpyModel, means

pytestmark = pytest.mark.backends

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (30, 12, 10, 3), np.uint8)
LABELS = np.array(["bright", "dark"])[(PIXELS.mean(axis=(1, 2, 3)) < 127.5).astype(int)]
NOISE = layers.RandomGaussianNoise(stddev=(0.3, 0.9))


def is_dark(x: np.ndarray) -> np.ndarray:
    """Probability of "dark" of images of 0 to 1."""
    return 1 / (1 + np.exp(1000 * (means(np.asarray(x, np.float64)) - 0.5)))


def sequence(pixels=PIXELS, labels=LABELS, **options) -> ArraySequence:
    return ArraySequence(
        pixels, labels, **{"rescale": "unit", "batch_size": 7, "seed": 3, "verbose": 0} | options
    )


def test_the_negative_turns_every_answer_around() -> None:
    """R82, R96: which world does the model fail in?"""
    found = stress_test(NumpyModel(is_dark), sequence(), severities=[2], verbose=0)
    accuracies = found.table.set_index("perturbation")["accuracy"]
    assert accuracies[["clean", "invert"]].to_list() == [1.0, 0.0]
    assert len(accuracies) == 7
    assert set(found.table["images"]) == {30}
    assert set(found.pictures) == {(line.perturbation, line.severity) for line in found.lines}


@pytest.mark.parametrize("threads", [1, 3])
def test_draws_depend_on_seed_and_row_alone(threads: int, monkeypatch) -> None:
    model, suite = NumpyModel(is_dark), {"noise": [NOISE, layers.RandomFlip()]}
    first = stress_test(model, sequence(), suite, verbose=0).table
    data = sequence(threads=threads, batch_size=4, shuffle=True, seed=9)
    monkeypatch.setattr(running, "Chunks", lambda *a, **k: Chunks(*a, **k, memory=11 * 360))
    again = stress_test(model, data, suite, verbose=0)
    assert again.table.drop(columns="loss").equals(first.drop(columns="loss"))
    np.testing.assert_allclose(again.table["loss"], first["loss"], rtol=1e-6)
    other = stress_test(model, sequence(), suite, seed=1, verbose=0).table
    assert other["loss"][0] == pytest.approx(first["loss"][0])
    assert other["loss"][1] != pytest.approx(first["loss"][1])


def seen_by(data, suite) -> list[np.ndarray]:
    """What a model gets: the images as they are, and under the only perturbation."""
    seen: list[np.ndarray] = []

    def note(x: np.ndarray) -> np.ndarray:
        seen.append(np.array(x))
        return is_dark(x)

    stress_test(NumpyModel(note), data, suite, verbose=0)
    half = len(seen) // 2
    return [np.concatenate(seen[:half]), np.concatenate(seen[half:])]


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (PIXELS, {"image_size": (6, 8), "crop_to_aspect_ratio": True}),
        (PIXELS, {"augment": [layers.RandomCrop(8, 8), layers.RandomFlip()], "rescale": "signed"}),
        (PIXELS, {"standardize": "samplewise", "rescale": None}),
        (PIXELS.astype(np.uint16) * 257, {"rescale": "unit", "image_size": (6, 8)}),
        (PIXELS / np.float32(255), {"rescale": None}),
        (PIXELS.astype(np.float32), {"rescale": "unit", "value_range": (0, 255)}),
        (PIXELS > 127, {"rescale": "unit"}),
        (PIXELS, {"data_format": "channels_first"}),
    ],
)
def test_a_model_sees_what_it_sees_in_predict(pixels, options) -> None:
    """Of any depth and size, by the scale of the sequence; and the same, changed."""
    data = sequence(pixels, **options)
    plain, flipped = seen_by(data, {"mirror": layers.RandomFlip("horizontal", rate=1.0)})
    held = data.with_source(data.source, training=False)
    expected = np.concatenate([batch[0] for batch in held])
    np.testing.assert_allclose(plain, expected, atol=1e-5)
    across = 3 if options.get("data_format") else 2
    np.testing.assert_allclose(flipped, np.flip(expected, across), atol=1e-5)


def test_layers_that_scale_act_on_the_changed_images() -> None:
    """What stands behind the last crop comes after the perturbation."""
    augment = [layers.CenterCrop(8, 8), layers.Normalize(mean=[0.5] * 3, std=[0.25] * 3)]
    plain, inverted = seen_by(
        sequence(augment=augment, rescale=None), {"negative": layers.RandomInvert(1.0)}
    )
    assert plain.shape[1:] == (8, 8, 3)
    np.testing.assert_allclose(inverted, -plain, atol=1e-5)


def test_functions_of_eight_bits_serve_deeper_images() -> None:
    suite = {"upside down": [np.flipud]}
    plain, turned = seen_by(sequence(PIXELS.astype(np.uint16) * 257), suite)
    np.testing.assert_allclose(turned, plain[:, ::-1], atol=1e-6)


def test_images_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    for number, image in enumerate(PIXELS[:10]):
        folder = tmp_path / LABELS[number]
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), image[..., ::-1])
    (tmp_path / "bright" / "x.png").write_bytes(b"broken")
    data = DirectorySequence(tmp_path, image_size=(12, 10), rescale="unit", verbose=0)
    found = stress_test(NumpyModel(is_dark), data, verbose=0)
    assert set(found.table["images"]) == {10}
    assert found.table["accuracy"][0] == 1.0
    assert [Path(name).name for name in found.unread] == ["x.png"]
    assert "1 more could not be read" in found.summary()
    names = [data.source.name(place) for place in range(11)]
    broken = data.source.select(np.array([names.index(next(iter(found.unread)))]))
    with pytest.raises(ValueError, match=r"x\.png"):
        stress_test(NumpyModel(is_dark), data.with_source(broken), verbose=0)


def test_a_function_of_the_severity_makes_a_suite() -> None:
    suite = {"darker": lambda severity: layers.RandomLighting((1, 1), (-0.2 * severity,) * 2)}
    found = stress_test(NumpyModel(is_dark), sequence(), suite, (1, 3), verbose=0)
    assert found.table["severity"].to_list() == [0, 1, 3]
    assert found.classes.query("`class` == 'bright'")["recall"].to_list() == [1.0, 0.0, 0.0]
    with pytest.raises(ValueError, match=r"has the severities \(1, 2, 3, 4, 5\); got .*\[7\]"):
        stress_test(NumpyModel(is_dark), sequence(), "geometry", [7], verbose=0)


def test_a_baseline_is_tested_alike(capsys) -> None:
    guess = NumpyModel(lambda x: np.full((len(x), 1), 0.1))
    suite = {"negative": layers.RandomInvert(1.0)}
    found = stress_test(NumpyModel(is_dark), sequence(), suite, baseline=guess)
    wrong = np.mean(LABELS == "dark")
    assert found.mce == pytest.approx(1 / wrong)
    assert "mCE" in capsys.readouterr().out
    again = stress_test(NumpyModel(is_dark), sequence(), suite, baseline=found, verbose=0)
    assert again.mce == 1.0


def test_several_outputs_labels_and_numbers() -> None:
    y = {"shade": LABELS, "size": np.arange(30.0)}
    data = sequence(labels=y, label_mode={"shade": "int", "size": "regression"})

    def both(x: np.ndarray) -> dict[str, np.ndarray]:
        return {"shade": is_dark(x), "size": means(x)}

    found = stress_test(NumpyModel(both), data, verbose=0)
    assert found.table["accuracy"][:2].to_list() == [1.0, 0.0]
    assert found.table["accuracy shade"][:2].to_list() == [1.0, 0.0]
    assert found.table["accuracy size"].isna().all()
    assert found.table["loss"][0] > 200


def test_what_is_not_supported_is_named() -> None:
    model = NumpyModel(is_dark)
    with pytest.raises(ValueError, match="the sequence has none: label_mode=None"):
        stress_test(model, sequence(labels=None), verbose=0)
    with pytest.raises(ValueError, match="masks or boxes"):
        stress_test(model, sequence(masks=np.zeros((30, 12, 10), np.uint8)), verbose=0)
    with pytest.raises(ValueError, match="suite must be one of 'handbook'"):
        stress_test(model, sequence(), "handbok", verbose=0)


def test_plain_data_is_opened_with_labels() -> None:
    class Sized(NumpyModel):
        input_shape = (None, 12, 10, 3)

    assert isinstance(Sized(is_dark), keras.Model)
    found = stress_test(Sized(is_dark), (PIXELS, LABELS), rescale="unit", verbose=0)
    assert found.clean.accuracy == 1.0
