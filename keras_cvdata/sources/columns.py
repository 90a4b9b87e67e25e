"""Columns of a table by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from keras_cvdata.sources.box_rows import without_header
from keras_cvdata.types import brief


def find_columns(wanted: Sequence[str], names: Iterable[str], where: str) -> list[str]:
    """Find columns by name, exactly or else by the only spelling in another case (R24).

    Args:
        wanted: Names asked for.
        names: Names of the table.
        where: Table for the message.

    Returns:
        The names as the table spells them.

    Raises:
        ValueError: No column has a name, or several have it in other spellings.
    """
    known = dict.fromkeys(names)
    if all(name in known for name in wanted):
        return list(wanted)
    alike: dict[str, list[str]] = {}
    for name in known:
        alike.setdefault(_folded(name), []).append(name)
    return [
        name if name in known else _only(name, alike.get(_folded(name), []), known, where)
        for name in wanted
    ]


def _folded(name: str) -> str:
    return name.strip().casefold()


def find_column(wanted: str, names: Iterable[str], where: str) -> str:
    """Find one column, see `find_columns`."""
    return find_columns([wanted], names, where)[0]


def _only(wanted: str, alike: Sequence[str], names: Iterable[str], where: str) -> str:
    if len(alike) == 1:
        return alike[0]
    known = list(names)
    found = f"it could be any of {brief(alike)}" if alike else f"the table has {shown(known)}"
    raise ValueError(
        f"{where}: there is no column {wanted!r}; {found}. Name the columns with image_column= and "
        "label_column=; label_column=None reads images without labels." + without_header(known)
    )


def check_different(names: Sequence[str], where: str, mend: str) -> None:
    """Refuse columns of one name.

    Args:
        names: Names of the table.
        where: Table for the message.
        mend: What to do.

    Raises:
        ValueError: A name is there twice.
    """
    twice = {name: count for name, count in Counter(names).items() if count > 1}
    if twice:
        name = min(twice)
        raise ValueError(
            f"{where}: the column {brief(name)} is there {twice[name]} times in {shown(names)}. "
            f"{mend}"
        )


def shown(names: Sequence[str]) -> str:
    """Names of columns for a message, not all of very many."""
    if len(names) < 30:
        return f"[{', '.join(map(brief, names))}]"
    return f"[{', '.join(map(brief, names[:5]))}] and {len(names) - 5} more"


def label_names(wanted: str | Sequence[str] | None) -> list[str]:
    """Bring the argument `label_column` to a list of names."""
    if wanted is None:
        return []
    return [wanted] if isinstance(wanted, str) else list(wanted)
