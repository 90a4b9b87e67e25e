"""What layers share that are made of other layers."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from keras_cvdata.engine.portable import Parameters, Tensor
from keras_cvdata.layers.base import AugmentationLayer
from keras_cvdata.layers.opaque import Opaque, as_layers

_FORMS = (
    "matrix",
    "field",
    "region",
    "fill",
    "mix",
    "curve",
    "histogram",
    "kernel",
    "blend",
    "call",
    "output",
)


class CompoundLayer(AugmentationLayer):
    """Base of layers that hand each image to some of several layers.

    A subclass says for each image which layers act (`gates`). Where only one of them acts, they
    may stand in any order, and those of one form come together, so that they fuse.

    Args:
        layers: Layers of this package, transforms of Albumentations or functions of one uint8
            image; the latter two act in sequences only.
        **options: Those of `AugmentationLayer`: `rate`, `seed`, `data_format`, `name`.

    Raises:
        TypeError: `layers` is not a list of layers.
        ValueError: There are none.
    """

    exclusive: bool = False  # whether at most one of the layers acts on an image
    gate_draws: int = 0  # uniform numbers that `gates` needs

    def __init__(self, layers: Sequence[Any], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(layers, list | tuple):
            raise TypeError(f"{self._named('layers')} must be a list of layers; got {layers!r}.")
        self.layers: list[Any] = list(as_layers(layers))
        if not self.layers:
            raise ValueError(f"{self._named('layers')} is empty. Give at least one layer.")

    def _refuse_sizes(self) -> None:
        """Refuse layers that change the size, where not all of them act on every image."""
        for layer in self.layers:
            if any(getattr(part, "changes_size", False) for part in layer.parts()):
                raise ValueError(
                    f"{self._named('layers')} holds {layer!r}, which sets the size, so the images "
                    "of a batch would differ. Put it before or after."
                )

    @property
    def draws(self) -> int:  # type: ignore[override] # depends on the layers
        """Uniform numbers of the choice and of all layers."""
        return self.gate_draws + sum(int(layer.num_draws) for layer in self.layers)

    @abc.abstractmethod
    def gates(self, u: Tensor, xp: Any) -> Tensor:
        """Say which layers act.

        Args:
            u: (B, gate_draws) numbers of [0, 1).
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, number of parts' owners) bool, in the order of `self.order()`.
        """

    def order(self) -> Sequence[int]:
        """Positions in `self.layers`, in the order of their action; one may come several times."""
        return range(len(self.layers))

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw for all layers, whether they act or not."""
        drawn, start = [], self.gate_draws
        for layer in self.layers:
            stop = start + layer.num_draws
            drawn.append(layer.draw(u[:, start:stop], height, width, xp))
            start = stop
            if not self.exclusive:
                height, width = layer.output_size(height, width)
        return {"gates": self.gates(u[:, : self.gate_draws], xp), "layers": drawn}

    def parts(self) -> Sequence[Any]:
        """All parts of all layers, in the order of their action."""
        return [part for part, *_ in self._sorted()]

    def spread(self, p: Parameters) -> Sequence[Parameters]:
        """Parameters of each part, with what decides whether it acts."""
        each = [layer.spread(own) for layer, own in zip(self.layers, p["layers"], strict=True)]
        return [
            _gated(each[layer][number], p["gates"][:, slot], p.get("active"))
            for _, slot, layer, number in self._sorted()
        ]

    def _sorted(self) -> list[tuple[Any, int, int, int]]:
        """Each part with its gate, the position of its layer and its number within the layer."""
        parts = list(self._in_order())
        if self.exclusive:
            parts.sort(key=lambda entry: _FORMS.index(entry[0].form))
        return parts

    def _in_order(self) -> Iterator[tuple[Any, int, int, int]]:
        for slot, layer in enumerate(self.order()):
            for number, part in enumerate(self.layers[layer].parts()):
                yield part, slot, layer, number

    def output_size(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Size after all layers."""
        for layer in self.layers:
            height, width = layer.output_size(height, width)
        return height, width

    def check_channels(self, channels: int) -> None:
        """Refuse what one of the layers refuses."""
        for layer in self.layers:
            layer.check_channels(channels)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; functions cannot be saved."""
        for layer in self.layers:
            if isinstance(layer, Opaque):
                raise TypeError(
                    f"{layer!r} is a function and cannot be saved with {self.name!r}. Write it as "
                    "a layer, or build the policy again after loading."
                )
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        for layer in layers:
            layer.pop("build_config", None)  # no part of what the layer is
        return super().get_config() | {"layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> AugmentationLayer:
        """Make the layer again from what `get_config` returned."""
        layers = [keras.saving.deserialize_keras_object(x) for x in config["layers"]]
        return cls(**{**config, "layers": layers})


def _gated(p: Parameters, gate: Tensor, active: Tensor | None) -> Parameters:
    """Let a part act where its layer does."""
    for other in (p.get("active"), active):
        gate = gate if other is None else gate & other
    return p | {"active": gate}
