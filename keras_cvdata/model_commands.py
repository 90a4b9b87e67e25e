"""The commands of `keras-cvdata` that look at what a trained model makes of images."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from keras_cvdata import command_options as options

_RESCALE = ("unit", "signed", "none", "tf", "torch", "caffe")
_SHOWN = re.compile(r"(name|reason|(.*_)?predicted(_.*)?|(?!(.*_)?top\d+_)(.*_)?probability)")
_TTA = ("mirror", "flips", "turns", "all")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the model, the images, and how it wants them.

    Args:
        parser: The parser of a command.
    """
    parser.add_argument("model", metavar="MODEL", help="file of the model, .keras or .h5")
    options.add_source(parser)
    parser.add_argument(
        "--no-labels", action="store_true", help="do not take folders or a column for labels"
    )
    parser.add_argument(
        "--rescale",
        choices=_RESCALE,
        help="pixel values that the model was trained on: unit (0 to 1), signed (-1 to 1), none "
        "(as stored), or a mode of pretrained models; needed unless it rescales them itself",
    )
    options.add_image_size(parser, "size of the images; by default that of the model's input")
    parser.add_argument(
        "--class-names",
        type=class_names,
        metavar="NAME,...|FILE.txt",
        help="names of the classes in the order in which the model learned them, or a file with "
        "one in each line; by default the labels, sorted by name",
    )


def class_names(text: str) -> list[str]:
    """Read names that are separated by commas, or the lines of a file."""
    if not text.lower().endswith(".txt"):
        names = text.split(",")
    else:
        try:
            names = Path(text).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise argparse.ArgumentTypeError(f"{text} cannot be read: {error}") from None
    found = [name.strip() for name in names if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError(f"expected names of classes; got {text!r}")
    return found


def load_model(path: str) -> Any:
    """Load a model.

    Args:
        path: File that `model.save` wrote.

    Returns:
        The model.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no model that can be loaded.
    """
    import keras

    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: there is no such file. Check the path of the model.")
    try:
        return keras.saving.load_model(path)
    except Exception as error:  # of a file of any content
        raise ValueError(
            f"{path}: Keras cannot load it as a model, such as model.save('model.keras') writes: "
            f"{error}"
        ) from error


def settings(args: argparse.Namespace, model: Any) -> dict[str, Any]:
    """Keywords for the images of a collection, as a model wants them.

    Args:
        args: The parsed arguments, with those of `add_model`.
        model: The model.

    Returns:
        Arguments of `Sequence` and of `open_source`.

    Raises:
        ValueError: Nothing says which pixel values the model was trained on.
    """
    if args.rescale is None and not _rescales(model):
        raise ValueError(
            f"{args.model}: the model has no layer that rescales pixels, and does not say on which "
            "values it was trained. Give --rescale unit (0 to 1), signed (-1 to 1) or none (0 to "
            "255), as in its training."
        )
    chosen: dict[str, Any] = options.reading(args)
    if args.rescale not in (None, "none"):
        chosen["rescale"] = args.rescale
    if args.no_labels:
        chosen["label_mode"] = None
    if args.image_size is not None:
        chosen["image_size"] = args.image_size
    return chosen


def _rescales(model: Any) -> bool:
    import keras

    if isinstance(model, keras.layers.Rescaling | keras.layers.Normalization):
        return True
    return any(map(_rescales, getattr(model, "layers", ())))


def add_predict(commands: Any) -> None:
    """Add the command `predict`.

    Args:
        commands: The subparsers of the command line.
    """
    parser = options.add_command(
        commands,
        "predict",
        _predict,
        "say what a model takes each image for",
        "Prints the name of each image, its class and the probability, or writes a table with "
        "the label, the most probable classes and the loss. An image that cannot be read has a "
        "reason in the place of a prediction.",
    )
    add_model(parser)
    parser.add_argument("--csv", metavar="FILE", help="table to write")
    parser.add_argument(
        "--top",
        type=options.count,
        default=3,
        metavar="N",
        help="most probable classes to name (default: %(default)s)",
    )
    parser.add_argument(
        "--tta",
        choices=_TTA,
        help="average over mirror images, flips, quarter turns, or all of these",
    )


def _predict(args: argparse.Namespace) -> None:
    from keras_cvdata.audit.answers import printable
    from keras_cvdata.labels import is_missing
    from keras_cvdata.progress import say
    from keras_cvdata.review.predict import predict

    model = load_model(args.model)
    table = predict(
        model,
        args.source,
        top=args.top,
        class_names=args.class_names,
        tta=args.tta,
        path=args.csv,
        verbose=int(args.csv is not None),
        **settings(args, model),
    )
    if args.csv:
        say(f"Wrote {printable(args.csv)}")
        return
    shown = [name for name in table if _SHOWN.fullmatch(name)]
    for line in table[shown].itertuples(index=False):
        cells = ("" if is_missing(cell) else _text(cell) for cell in line)
        say("\t".join(map(printable, cells)))


def _text(cell: Any) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
