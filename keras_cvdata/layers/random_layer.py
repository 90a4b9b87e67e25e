"""What all random layers share: a rate, a seed, uniform numbers, and a configuration to save."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import keras

from keras_cvdata.arguments import Interval, choice, probability
from keras_cvdata.engine.array_api import Parameters, Tensor
from keras_cvdata.layers import keras_names
from keras_cvdata.layers.call_context import called_by_hand
from keras_cvdata.layers.uniforms import Uniforms


class RandomLayer(keras.layers.Layer):
    """Base of all layers here: those that change images, and those that mix samples.

    A subclass says how many uniform numbers one image needs (`num_uniforms`) and turns them into
    `parameters`. Each argument of a constructor is kept as an attribute of its name, from which the
    layer can be saved and shown.

    Args:
        rate: Probability, 0 to 1, that the layer acts on an image.
        seed: Integer that the draws depend on when the layer is called; `None` for a random one.
            Sequences bring their own.
        data_format: `"channels_last"` or `"channels_first"`, the order of axes of the tensors that
            the layer is called on; by default that of the Keras configuration.
        **keras_options: `name`, `dtype` and `trainable` of `keras.layers.Layer`. The dtype of the
            images is kept, whatever `dtype` is.

    Raises:
        TypeError: A keyword is not known.
        ValueError: A value is out of its range.

    Attributes:
        num_uniforms: Uniform numbers that `parameters` needs for one image.
        gated: Whether a further number decides, by `rate`, whether the layer acts; False where
            `parameters` uses `rate` itself, or the layer acts on every image.
        instead_of: What to give in place of arguments that Keras's layer of the same name has and
            this one has not, beside those that all layers share.
        seed_generator: The state of the draws on tensors; `None` until the layer is first called.
    """

    num_uniforms: int = 0
    gated: ClassVar[bool] = True
    instead_of: ClassVar[Mapping[str, str]] = {}
    seed_generator: keras.random.SeedGenerator | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse arguments by position that the constructor takes by name only."""
        if args:
            keras_names.check_positions(cls, args)
        made: Self = super().__new__(cls, *args, **kwargs)
        return made

    def __init__(
        self,
        *,
        rate: float = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        **keras_options: Any,
    ) -> None:
        unknown = set(keras_options) - {"name", "dtype", "trainable"}
        if rate != 1 and not self._takes_rate():
            unknown.add("rate")
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no argument {', '.join(sorted(map(repr, unknown)))}. "
                f"It takes {', '.join(sorted({*self._argument_names(), 'name', 'dtype'}))}."
                + "".join(keras_names.hint(type(self), name) for name in sorted(unknown))
            )
        super().__init__(**keras_options, autocast=False)
        # Nothing is to be built. Where Keras finds a layer that is not, it calls the model once
        # more, uncompiled, for every batch.
        self.built = True
        self.rate = probability(self._named("rate"), rate)
        self.seed = seed
        self._uniforms = Uniforms(seed)
        self.seed_generator = None
        self.data_format = choice(
            self._named("data_format"),
            data_format or keras.config.image_data_format(),
            ("channels_last", "channels_first"),
        )

    @abc.abstractmethod
    def parameters(self, u: Tensor, height: Tensor, width: Tensor, xp: Any) -> Parameters:
        """Turn uniform numbers into what the layer does with each image.

        Args:
            u: (B, num_uniforms) numbers of [0, 1).
            height: Height of the images in pixels, a number or (B,).
            width: Width of the images in pixels, a number or (B,).
            xp: `numpy` or `keras.ops`, whichever `u` belongs to.

        Returns:
            Named arrays whose first axis is the batch.
        """

    @property
    def total_uniforms(self) -> int:
        """Uniform numbers that one image needs, with the one that decides whether to act."""
        return self.num_uniforms + (self.gated and self.rate < 1)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Act on tensors, with a seed generator that is made at the first call.

        A sequence draws without one. To make it takes an array of the backend, which a process of
        several under JAX cannot make before all of them are known to each other.
        """
        self.build()
        return super().__call__(inputs, *args, **kwargs)

    def build(self, input_shape: Any = None) -> None:  # as in Keras
        """Make the seed generator, if there is none; the first call does so.

        Args:
            input_shape: Shape of the images, which does not matter.
        """
        if self.seed_generator is None and self.total_uniforms:
            self.seed_generator = self._uniforms.make_generator()  # which Keras finds here

    def _acts(self, training: bool | None) -> bool:
        """Whether to act at random, where `call` was given `training`.

        Where nobody says, in no call around this one either, a layer acts that was called by hand;
        one in a model rests, so that `model(x)` and what is exported do as `predict` does.
        """
        return called_by_hand(self) if training is None else bool(training)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor, from which the layer can be made again."""
        config: dict[str, Any] = super().get_config()
        return config | {name: _plain(getattr(self, name)) for name in self._argument_names()}

    def __repr__(self) -> str:
        """Read like the call of the constructor."""
        given = {name: _plain(getattr(self, name)) for name in self._argument_names()}
        shown = [
            f"{name}={given[name]!r}"
            for name, parameter in inspect.signature(type(self)).parameters.items()
            if name in given and given[name] != _plain(parameter.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _named(self, argument: str) -> str:
        """Name an argument for messages."""
        return f"{type(self).__name__}: {argument}"

    @classmethod
    def _takes_rate(cls) -> bool:
        """Whether it can leave images alone.

        A class that is not gated, or one below it, takes the rate by name if it uses it.
        """
        if cls.gated:
            return True
        for base in cls.__mro__:
            constructor = vars(base).get("__init__")
            if constructor and "rate" in inspect.signature(constructor).parameters:
                return True
            if "gated" in vars(base):
                return False
        return False

    @classmethod
    def _argument_names(cls) -> list[str]:
        """Arguments of all constructors down to this class; each is kept as an attribute."""
        constructors = [
            vars(base)["__init__"]
            for base in cls.__mro__
            if issubclass(base, RandomLayer) and "__init__" in vars(base)
        ]
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return [
            parameter.name
            for constructor in constructors
            for parameter in inspect.signature(constructor).parameters.values()
            if parameter.kind in named and parameter.name != "self"
        ]


def _plain(value: Any) -> Any:
    """Turn an argument into what it can be given as."""
    if isinstance(value, Interval):
        return value.to_config()
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value
