"""What the options of the command line take, and how its errors speak of them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from typing import Any

from keras_cvdata.writing import check_writable

FORMATS = "a folder, .csv, .json, .jsonl or .h5"

# Name in --augment: default amount, what it does, and the layer for an amount.
Recipe = tuple[float | None, str, Callable[[Any, Any], Any]]
AUGMENTATIONS: dict[str, Recipe] = {
    "flip": (None, "left to right", lambda layers, _: layers.RandomFlip("horizontal")),
    "upside": (None, "top to bottom", lambda layers, _: layers.RandomFlip("vertical")),
    "rot90": (None, "quarter turns", lambda layers, _: layers.RandomRot90()),
    "rotate": (30, "degrees either way", lambda layers, a: layers.RandomRotateBound(a)),
    "zoom": (1.3, "largest magnification", lambda layers, a: layers.RandomZoomCrop((1, a))),
    "shift": (0.1, "part of the side", lambda layers, a: layers.RandomTranslation(a, a)),
    "roll": (0.1, "part of the side", lambda layers, a: layers.RandomRoll(a, a)),
    "light": (
        0.2,
        "part of contrast, half of it brightness",
        lambda layers, a: layers.RandomLighting((1 - a, 1 + a), a / 2),
    ),
    "color": (
        0.2,
        "part of each channel",
        lambda layers, a: layers.RandomChannelLighting((1 - a, 1 + a)),
    ),
    "invert": (0.1, "part of the images", lambda layers, a: layers.RandomInvert(a)),
}


def in_options(text: str, names: Iterable[str]) -> str:
    """Say options where the message of a function says its keywords."""
    names = list(names)
    if "no_labels" in names:
        text = text.replace("label_mode=None", "--no-labels")
    text = re.sub(r"\bshard=\((\d+), (\d+)\)", r"--shard \1/\2", text)
    text = re.sub(r"\bstratify=False\b", "--no-stratify", text)
    text = re.sub(r"image_size=\((\d+), (\d+)\)", r"--image-size \1x\2", text)
    text = re.sub(
        r"image_size=\(height, width\), for example \((\d+), (\d+)\)", r"--image-size \1x\2", text
    )
    for name in names:
        option = f"--{name.replace('_', '-')}"
        text = re.sub(rf"\b{name}=True\b", option, text)
        text = re.sub(rf"\b{name}=(?=[\w'\"(\[])", f"{option} ", text)
        text = re.sub(rf"\b{name}=", option, text)
        if "_" in name:
            text = re.sub(rf"(?<![\w/.-]){name}(?![\w/]|\.\w)", option, text)
    return text


def count(text: str) -> int:
    """Read a number of things."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 on; got {text!r}")
    return number


def size(text: str) -> tuple[int, int]:
    """Read `HEIGHTxWIDTH`, or one number for both."""
    height, _, width = text.lower().partition("x")
    return count(height), count(width or height)


def shape(text: str) -> tuple[int, ...]:
    """Read `HEIGHTxWIDTH` or `HEIGHTxWIDTHxCHANNELS`."""
    return tuple(map(count, text.lower().split("x")))


def shard(text: str) -> tuple[int, int]:
    """Read `K/N`, a part of N that are counted from 0."""
    number, _, shards = text.partition("/")
    if not (number.isdecimal() and shards.isdecimal() and int(number) < int(shards)):
        raise argparse.ArgumentTypeError(
            f"expected K/N, such as 0/4 to 3/4 for the four quarters; got {text!r}"
        )
    return int(number), int(shards)


def share(text: str) -> float | str:
    """Read a share, or the word for the rule of thumb."""
    try:
        return text if text == "auto" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a share such as 0.2, or auto; got {text!r}"
        ) from None


def shares(text: str) -> tuple[float, ...]:
    """Read the shares of several parts, such as `0.7,0.15,0.15`."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected shares such as 0.7,0.15,0.15; got {text!r}"
        ) from None


def recipes(text: str) -> list[tuple[Callable[[Any, Any], Any], float | None]]:
    """Read `--augment`, such as `flip,rotate=30`."""
    chosen = []
    for part in filter(None, text.split(",")):
        name, _, amount = part.strip().partition("=")
        if name not in AUGMENTATIONS:
            raise argparse.ArgumentTypeError(
                f"expected names out of {', '.join(AUGMENTATIONS)}; got {name!r}"
            )
        default, _, make = AUGMENTATIONS[name]
        try:
            chosen.append((make, float(amount) if amount else default))
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"expected a number after {name}=; got {amount!r}"
            ) from None
    return chosen


def add_command(
    commands: Any,
    name: str,
    command: Callable[[argparse.Namespace], int | None],
    summary: str,
    more: str,
) -> argparse.ArgumentParser:
    """Add a command.

    Args:
        commands: The subparsers of the command line.
        name: Name of the command.
        command: Runs it and returns its exit code.
        summary: What it does, in a line.
        more: What else to know.

    Returns:
        The parser of the command.
    """
    description = f"{summary[0].upper()}{summary[1:]}. {more}"
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description
    )
    parser.set_defaults(command=command)
    return parser


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add the collection, and how it is to be read; see `reading`."""
    parser.add_argument("source", help=FORMATS)
    parser.add_argument(
        "--image-column",
        metavar="NAME",
        help="where images are: column of a table, path in an HDF5 file such as train/image",
    )
    parser.add_argument("--label-column", metavar="NAME", help="what they show, likewise; or None")
    parser.add_argument(
        "--label-separator", metavar="TEXT", help="of a table whose images have several labels"
    )
    parser.add_argument(
        "--max-pixels",
        type=count,
        metavar="COUNT",
        help="pixels beyond which an image is refused (default: 64 million)",
    )
    parser.add_argument(
        "--extension", metavar=".EXT", help="of a table that names files without their ending"
    )
    parser.add_argument("--encoding", metavar="NAME", help="of a table, such as cp1252")
    parser.add_argument(
        "--missing",
        choices=("raise", "drop", "later"),
        help="of a table: what to do where a file does not exist",
    )
    parser.add_argument(
        "--pixel-shape",
        type=shape,
        metavar="HEIGHTxWIDTH[xCHANNELS]",
        help="of a table that holds the pixels, in one column or in several (--image-column 'px*')",
    )
    parser.add_argument(
        "--hierarchical", action="store_true", help="folders in folders are levels of labels"
    )
    parser.add_argument(
        "--untrusted",
        action="store_true",
        help="of an .h5 file of unknown origin: have another process read what may crash the HDF5 "
        "library",
    )


def add_image_size(
    parser: argparse.ArgumentParser, text: str, default: tuple[int, int] | None = None
) -> None:
    """Add the size of images; `text` says which."""
    parser.add_argument(
        "--image-size", type=size, default=default, metavar="HEIGHTxWIDTH", help=text
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add what selects all draws."""
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")


def add_on_error(parser: argparse.ArgumentParser, *others: str) -> None:
    """Add what is done with images that cannot be read, beside raising an error."""
    parser.add_argument(
        "--on-error",
        choices=("raise", *others),
        default="raise",
        help="what to do with an image that cannot be read (default: %(default)s)",
    )


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add the permission to replace files."""
    parser.add_argument("--overwrite", action="store_true", help="replace what was written before")


def reading(args: argparse.Namespace) -> dict[str, Any]:
    """Keywords of `open_source` that were given.

    Args:
        args: The parsed arguments, with those of `add_source`.

    Returns:
        The keywords.
    """
    # A file of HDF5 has no columns: its datasets have keys.
    word = "key" if args.source.lower().endswith((".h5", ".hdf5")) else "column"
    given = {
        f"image_{word}": args.image_column,
        f"label_{word}": args.label_column,
        "hierarchical": args.hierarchical or None,
        "untrusted": args.untrusted or None,
        "label_separator": args.label_separator,
        "label_kind": "multilabel" if args.label_separator else None,
        "max_pixels": args.max_pixels,
        "extension": args.extension,
        "encoding": args.encoding,
        "missing": args.missing,
        "pixel_shape": args.pixel_shape,
    }
    found = {name: value for name, value in given.items() if value is not None}
    return {name: None if value == "None" else value for name, value in found.items()}


def check_folders(paths: Iterable[str | None]) -> None:
    """Find out before a long run, not after it, that a file cannot be written.

    Args:
        paths: Files to write; None and "" stand for none.

    Raises:
        OSError: There is no folder for one of them, or permissions are missing.
    """
    for path in filter(None, paths):
        check_writable(path)
