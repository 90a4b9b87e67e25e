"""What the planner asks of a layer, with the answers of one that does nothing special."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.types import Range


class Augmentation:
    """Base of everything that a chain is made of; Keras is not part of it.

    A layer is made of parts; most are their own only part. A part has a form, and beside the
    members here those of its form:

    - "matrix": `matrix(p, height, width, xp)` -> (B, 3, 3), `fill_mode`, `fill_value`,
      `interpolation` (`None` where it never reads between pixels), `keeps_inside` (it never reads
      outside the image, so that the fill does not matter) and `projective`.
    - "resize": `resize(size)` -> `Resize` to the layer's own size, or to `size` where it has none.
    - "field": `field(p, height, width, xp)` -> (B, rows, columns, 2) shifts, see
      `fields.displacement`, `fill_mode`, `fill_value` and `interpolation`.
    - "curve": `curve(p, values, xp)`, (1 or B, n, C) of 0 to 1 -> (B, n, C), and `per_channel`
      (whether channels differ).
    - "histogram": `kernel`, the name of a curve in `histograms.CURVES`.
    - "mix": `mix(p, xp)` -> (B, 3, 4), see `Mix`.
    - "region": `region(p, height, width, xp)` -> (B, R, 6) rectangles, see `Paste`.
    - "kernel": `kernel`, a name in `kernels.PAIRS`, `with_constants(p, xp)`, the parameters with
      what is needed beside what was drawn.
    - "blend": `branches`, chains, and `shares(p, xp)`, see `Blend`; its parameters hold those of
      each branch under `branches`.
    - "call": `function` of one uint8 image.
    - "output": `output`, what the batch shall hold; it stands last and acts on every image.

    Attributes:
        form: One of the forms above, or another one of `fusion.FORMS`.
        always_acts: Whether it acts on every image.
        changes_size: Whether `output_size` may differ from what it is given.
        takes_decoded: Whether, as the first layer of a chain with a resize, it takes the decoded
            image in place of the resize.
        value_range: Lowest and highest value of float images, where it is stated.
        undone_by_samplewise: Whether a normaliser of each image takes its effect back (R77).
        mask_classes: Classes of segmentation masks that it acts on; `None` where it needs no masks.
    """

    form: ClassVar[str] = ""  # of what is made of several
    always_acts: bool = True
    changes_size: bool = False
    takes_decoded: ClassVar[bool] = False
    value_range: Range | None = None
    undone_by_samplewise: bool = False
    mask_classes: tuple[int, ...] | None = None

    @property
    def needs_range(self) -> bool:
        """Whether it must know the range of float images."""
        return False

    @property
    def total_uniforms(self) -> int:
        """Uniform numbers that one image needs."""
        return 0

    def draw(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn (B, total_uniforms) uniforms into parameters; (B,) `active` if it is gated."""
        return {}

    def flatten(self) -> Sequence[Any]:
        """The layers that it is made of, each of one form, in the order of their action."""
        return (self,)

    def flatten_parameters(self, p: Parameters) -> Sequence[Parameters]:
        """Parameters of each of the layers that it is made of."""
        return (p,)

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Height and width of what comes out of an image; `None` where they are not known."""
        return height, width

    def check_channels(self, channels: int) -> None:
        """Refuse images with a number of channels that the layer cannot serve."""

    def inference_layer(self) -> Augmentation | None:
        """What acts outside training; `None` where nothing does."""
        return None
