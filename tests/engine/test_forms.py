"""A form of one's own: one file, one entry of the table, and it takes part in everything."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

import keras_cvdata as cvd
from keras_cvdata import layers
from keras_cvdata.engine import fusion
from keras_cvdata.engine.chain import Chain
from keras_cvdata.engine.steps import Step

pytestmark = pytest.mark.backends


@dataclass(frozen=True)
class Transpose(Step):
    """Exchange rows and columns of square images."""

    def for_mask(self) -> Step:
        return self

    def follow_boxes(self, boxes: Any, size: Any, xp: Any) -> Any:
        return replace(boxes, points=xp.take(boxes.points, xp.array([1, 0, 2, 3, 4]), axis=2))

    def render(self, pixels: Any, b: int, span: Any) -> Any:
        return pixels.transpose(1, 0, 2)

    def render_batch(self, pixels: Any, span: Any, ops: Any) -> Any:
        return ops.transpose(pixels, (0, 2, 1, 3))


def build(group: fusion.Group, members: Any, xp: Any) -> Step:
    ((_, p, *_),) = members
    return Transpose(active=p.get("active"))


class RandomTranspose(layers.AugmentationLayer):
    """Exchange rows and columns at random."""

    form = "transposition"

    def parameters(self, u: Any, height: Any, width: Any, xp: Any) -> dict[str, Any]:
        return {}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fusion.FORMS, "transposition", fusion.Form(build))


def images(count: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, 12, 12, 3), np.uint8)


def test_both_executors_carry_it_out() -> None:
    x = images(1)
    image, parameters = cvd.apply(RandomTranspose(), x[0])
    np.testing.assert_array_equal(image, x[0].transpose(1, 0, 2))
    assert parameters == [{"layer": "RandomTranspose", "parameters": {}}]
    np.testing.assert_array_equal(
        ops.convert_to_numpy(RandomTranspose()(ops.convert_to_tensor(x)))[0], image
    )


def test_it_acts_at_its_rate_and_only_then() -> None:
    x = images(40)
    seq = cvd.ArraySequence(
        x, batch_size=40, augment=RandomTranspose(rate=0.5), dtype="uint8", shuffle=False, verbose=0
    )
    turned = [np.array_equal(a, b.transpose(1, 0, 2)) for a, b in zip(seq[0], x, strict=True)]
    kept = [np.array_equal(a, b) for a, b in zip(seq[0], x, strict=True)]
    assert all(t != k for t, k in zip(turned, kept, strict=True))
    assert 5 < sum(turned) < 35


def test_masks_and_boxes_follow_among_other_layers() -> None:
    """On both ways, after a flip that fuses with nothing across it."""
    x = np.zeros((1, 12, 12, 1), np.uint8)
    x[0, 2:5, 1:9] = 200
    chain = [layers.RandomFlip("horizontal", rate=1.0), RandomTranspose()]
    seq = cvd.ArraySequence(
        x, masks=x, boxes=[[[1, 2, 9, 5, 3]]], augment=chain, dtype="uint8", verbose=0
    )
    image, targets = seq[0]
    expected = x[0, :, ::-1].transpose(1, 0, 2)
    np.testing.assert_array_equal(image[0], expected)
    np.testing.assert_array_equal(targets["segmentation_masks"][0], expected)
    assert targets["bounding_boxes"]["boxes"].tolist() == [[[2, 3, 5, 11]]]

    layer = RandomTranspose(bounding_box_format="xyxy")
    boxes = {"boxes": np.array([[[1.0, 2, 9, 5]]]), "labels": np.array([[3]])}
    moved = layer({"images": x, "segmentation_masks": x, "bounding_boxes": boxes})
    np.testing.assert_array_equal(
        ops.convert_to_numpy(moved["segmentation_masks"])[0], x[0].transpose(1, 0, 2)
    )
    assert ops.convert_to_numpy(moved["bounding_boxes"]["boxes"]).tolist() == [[[2, 1, 5, 9]]]


def test_it_takes_its_place_in_policies_and_plans_pickle() -> None:
    policy = layers.OneOf([RandomTranspose(), layers.RandomInvert(rate=1.0)])
    results = {cvd.apply(policy, images(1)[0], row=row)[0].tobytes() for row in range(20)}
    assert len(results) == 2
    plan = Chain([policy]).plan(np.full((2, policy.total_uniforms), 0.1), 12, 12, 3)
    assert pickle.loads(pickle.dumps(plan)).steps[-1].active.tolist() == [True, True]


def test_a_form_without_a_way_on_tensors_says_where_it_acts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(Transpose, "render_batch")
    with pytest.raises(Exception, match="cannot act on tensors"):
        RandomTranspose()(images(1))


def test_a_form_that_moves_pixels_unsaid_is_refused_with_masks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unsaid = fusion.Form(build, followed=False)
    monkeypatch.setitem(fusion.FORMS, "transposition", unsaid)
    masks = images(2)[..., :1] % 3
    with pytest.raises(ValueError, match="Masks and boxes cannot follow RandomTranspose"):
        cvd.ArraySequence(images(2), masks=masks, augment=RandomTranspose(), verbose=0)


def test_a_single_row_of_any_step_is_the_step_of_one_image() -> None:
    """`sample` cuts arrays, dicts of arrays and steps in steps, and leaves the rest."""
    chain = Chain([layers.RandomResizedCrop(8, 8), layers.RandomFlip()], size=(8, 8))
    plan = chain.plan(np.random.default_rng(0).random((3, chain.total_uniforms)), 8, 8, 3)
    (step,) = plan.sample(1).steps
    assert step.matrix.shape == (1, 3, 3)
    assert step.resize.windows["area"].shape == (1,)
    assert step.resize.windows["area"][0] == plan.steps[0].resize.windows["area"][1]
    assert step.interpolation == step.resize.interpolation == "nearest"


def test_without_keras_the_base_answers_for_a_layer_that_does_nothing() -> None:
    from keras_cvdata.engine.augmentation import Augmentation

    layer = Augmentation()
    assert (layer.total_uniforms, layer.always_acts, layer.value_range) == (0, True, None)
    assert layer.draw(np.empty((1, 0)), 4, 4, np) == {}
    assert layer.flatten() == (layer,)
    assert layer.output_size(3, 4) == (3, 4)
    assert layer.inference_layer() is None
    assert not isinstance(layer, keras.layers.Layer)
