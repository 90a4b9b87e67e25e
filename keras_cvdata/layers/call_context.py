"""Whether a layer was called by hand, or by a model or another layer that was called."""

from __future__ import annotations

from typing import Any

try:  # private to Keras, where nothing public tells it
    from keras.src.backend.common.global_state import get_global_attribute as _get
except ImportError:  # of another version: layers act unless they are told not to
    _get = None


def called_by_hand(layer: Any) -> bool:
    """Say whether nobody else called a layer.

    Args:
        layer: The layer, within its `call`.

    Returns:
        True also where Keras does not tell.
    """
    if _get is None:
        return True
    context = _get("current_call_ctx")
    if context is None:  # `call` itself was called, as `stateless_call` does
        return True
    # A model of its own that JAX runs enters no context, but a scope that keeps its variables.
    return getattr(context, "entry_layer", layer) is layer and _get("stateless_scope") is None
