"""What layers share that are made of other layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras

from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.engine.fusion import FORMS
from keras_cvdata.layers.adapters import Lambda
from keras_cvdata.layers.augment_argument import parse_layers
from keras_cvdata.layers.base import AugmentationLayer

_Entry: TypeAlias = tuple[Any, int, int, int]
"""A part, the number of its gate, the position of its layer and its number within the layer."""


class CompoundLayer(AugmentationLayer):
    """Base of layers that hand each image to some of several layers.

    A subclass says for each image which layers act (`gates`), and in which order (`rounds`). Where
    only one of several acts, they may stand in any order, so those of one form come together and
    fuse.

    Args:
        layers: Layers of this package, transforms of Albumentations or functions of one uint8
            image; the latter two act in sequences only.
        **options: Those of `AugmentationLayer`: `rate`, `seed`, `data_format`, `name`.

    Raises:
        TypeError: `layers` is not a list of layers.
        ValueError: There are none.
    """

    backwards: bool = False  # whether layers that may stand in any order end with the matrices
    exclusive: bool = False  # whether at most one of the layers acts on an image
    num_gate_uniforms: int = 0  # uniform numbers that `gates` needs

    def __init__(self, layers: Sequence[Any], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(layers, list | tuple):
            raise TypeError(f"{self._named('layers')} must be a list of layers; got {layers!r}.")
        self.layers: list[Any] = list(parse_layers(layers))
        if not self.layers:
            raise ValueError(f"{self._named('layers')} is empty. Give at least one layer.")

    @property
    def changes_size(self) -> bool:  # type: ignore[override] # depends on the layers
        """Whether one of the layers sets the size."""
        return any(part.changes_size for part in self.flatten())

    @property
    def always_acts(self) -> bool:  # type: ignore[override] # depends on the layers
        """Whether the first of the layers, and so the first part, acts on every image."""
        return super().always_acts and not self.num_gate_uniforms and self.layers[0].always_acts

    def _refuse_sizes(self) -> None:
        """Refuse layers that change the size, where not all of them act on every image."""
        for layer in self.layers:
            if any(part.changes_size for part in layer.flatten()):
                raise ValueError(
                    f"{self._named('layers')} holds {layer!r}, which sets the size, so the images "
                    "of a batch would differ. Put it before or after."
                )

    @property
    def num_uniforms(self) -> int:  # type: ignore[override] # depends on the layers
        """Uniform numbers of the choice and of all layers, or of one where only one acts."""
        each = [int(layer.total_uniforms) for layer in self.layers]
        return self.num_gate_uniforms + (max(each) if self.exclusive else sum(each))

    def gates(self, u: Tensor, xp: Any) -> Tensor | None:
        """Say which layers act.

        Args:
            u: (B, num_gate_uniforms) numbers of [0, 1).
            xp: `numpy` or `keras.ops`.

        Returns:
            (B, number of layers in all rounds) bool, round by round; `None` where all of them act.
        """
        return None

    def rounds(self) -> Sequence[Sequence[int]]:
        """Positions in `self.layers`, round by round; at most one layer of a round acts."""
        every = range(len(self.layers))
        return [every] if self.exclusive else [[position] for position in every]

    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Draw for all layers, whether they act or not."""
        drawn, start = [], self.num_gate_uniforms
        for layer in self.layers:
            stop = start + layer.total_uniforms
            drawn.append(layer.draw(u[:, start:stop], height, width, xp))
            if not self.exclusive:
                start = stop
                height, width = layer.output_size(height, width)
        gates = self.gates(u[:, : self.num_gate_uniforms], xp)
        return {"layers": drawn} if gates is None else {"gates": gates, "layers": drawn}

    def flatten(self) -> Sequence[Any]:
        """All parts of all layers, in the order of their action."""
        return [part for part, *_ in self._in_order()]

    def flatten_parameters(self, p: Parameters) -> Sequence[Parameters]:
        """Parameters of each part, with what decides whether it acts."""
        each = [
            layer.flatten_parameters(own)
            for layer, own in zip(self.layers, p["layers"], strict=True)
        ]
        return [
            gate(
                each[layer][number],
                p["gates"][:, slot] if "gates" in p else None,
                p.get("active"),
            )
            for _, slot, layer, number in self._in_order()
        ]

    def _in_order(self) -> list[_Entry]:
        """Each part in the order of action."""
        entries: list[_Entry] = []
        forms = (*FORMS, "output")
        if self.backwards:
            forms = forms[::-1]
        slot = 0
        for positions in self.rounds():
            rows: list[list[_Entry]] = []
            for position in positions:
                parts = enumerate(self.layers[position].flatten())
                rows.append([(part, slot, position, number) for number, part in parts])
                slot += 1
            entries += _by_form(rows, entries[-1][0].form if entries else forms[0], forms)
        return entries

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
            if isinstance(layer, Lambda):
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


def gate(p: Parameters, *gates: Tensor | None) -> Parameters:
    """Let a part act where its layer does.

    Args:
        p: Parameters of the part.
        *gates: (B,) bool, all of which must be true; `None` where nothing prevents it.

    Returns:
        The parameters with `active`, unless nothing prevents it.
    """
    active = p.get("active")
    for own in gates:
        if own is not None:
            active = own if active is None else active & own
    return p if active is None else p | {"active": active}


def _by_form(rows: list[list[_Entry]], form: str, forms: Sequence[str]) -> list[_Entry]:
    """Merge rows so that parts of one form come together, beginning with `form`.

    Each row is one layer and keeps its order.
    """
    merged: list[_Entry] = []
    while any(rows):
        heads = {row[0][0].form for row in rows if row}
        form = form if form in heads else min(heads, key=forms.index)
        for row in rows:
            while row and row[0][0].form == form:
                merged.append(row.pop(0))
    return merged
