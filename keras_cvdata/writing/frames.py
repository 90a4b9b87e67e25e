"""Data frames as JSON, whatever their names are made of."""

from __future__ import annotations

from typing import Any


def frame_to_json(frame: Any, **options: Any) -> str:
    r"""Write a pandas data frame as JSON, also where names are no Unicode.

    pandas refuses single surrogates, as names of files have that are no UTF-8; they are spelled
    out then.

    Args:
        frame: The data frame.
        **options: Of `DataFrame.to_json`.

    Returns:
        The text.

    Example:
        >>> import pandas as pd
        >>> frame_to_json(pd.DataFrame({"name": ["caf\udce9"]}), orient="records")
        '[{"name":"caf\\\\udce9"}]'
    """
    try:
        text: str = frame.to_json(**options)
    except UnicodeEncodeError:
        text = frame.map(_spelled).rename(_spelled).rename(columns=_spelled).to_json(**options)
    return text


def _spelled(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_spelled, value))
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
