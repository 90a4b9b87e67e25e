"""The commands of `keras-cvdata` that look at what a trained model makes of images."""

from __future__ import annotations

import argparse
import math
import re
import sys
from pathlib import Path
from typing import Any

from keras_cvdata import command_options as options
from keras_cvdata.writing import write_or_keep

_RESCALE = ("unit", "signed", "none", "tf", "torch", "caffe")
_SHOWN = re.compile(r"(name|reason|(.*_)?predicted(_.*)?|(?!(.*_)?top\d+_)(.*_)?probability)")
_SUITES = ("handbook", "digits", "photo", "geometry", "background")
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
    from keras_cvdata.labels import is_missing
    from keras_cvdata.pages.escaping import printable
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


def add_review(commands: Any) -> None:
    """Add the command `review`.

    Args:
        commands: The subparsers of the command line.
    """
    parser = options.add_command(
        commands,
        "review",
        review,
        "look at what a model gets wrong, and where",
        "Prints accuracy, the weakest classes, slices of the images that are worse, and what to do "
        "first. Use images that the model was not trained on.",
    )
    add_model(parser)
    parser.add_argument("--html", metavar="FILE", help="page with pictures to write")
    parser.add_argument("--json", metavar="FILE", help="all tables")
    parser.add_argument(
        "--review-list",
        metavar="FILE.csv",
        help="label suspects, as a table to correct; Source.correct applies it",
    )
    parser.add_argument(
        "--slices",
        type=lambda text: text.split(","),
        metavar="NAME,...",
        help="columns and measures that part the images; by default all",
    )


def review(args: argparse.Namespace) -> None:
    """Run the command `review`.

    Args:
        args: The parsed arguments.

    Raises:
        ValueError: The model cannot be loaded, or does not fit the images.
        FileNotFoundError: There is no such model, collection or folder to write into.
    """
    from keras_cvdata.progress import say
    from keras_cvdata.review import review

    files = [name for name in (args.html, args.json, args.review_list) if name]
    options.check_folders(files)
    model = load_model(args.model)
    report = review(
        model,
        args.source,
        args.html,
        slices=args.slices,
        class_names=args.class_names,
        verbose=int(sys.stderr.isatty()),
        **settings(args, model),
    )
    say(report.summary())
    if args.json:
        write_or_keep(report.to_json, args.json, report)
    if args.review_list:
        write_or_keep(report.review_list, args.review_list, report)
    for name in files:
        say(f"Wrote {name}")


def _text(cell: Any) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def add_stress(commands: Any) -> None:
    """Add the command `stress`.

    Args:
        commands: The subparsers of the command line.
    """
    parser = options.add_command(
        commands,
        "stress",
        stress,
        "test a model on images that are changed in known ways, and say what mends it",
        "Prints where the accuracy falls and which augmentation to try first. The exit code is 1 "
        "where --min-accuracy is not reached.",
    )
    add_model(parser)
    parser.add_argument(
        "--suite", choices=_SUITES, default="handbook", help="what is done (default: %(default)s)"
    )
    parser.add_argument(
        "--severities",
        type=numbers,
        default=(1, 2, 3, 4, 5),
        metavar="N,...",
        help="which of 1 to 5; by default all",
    )
    parser.add_argument("--html", metavar="FILE", help="page to write")
    parser.add_argument("--json", metavar="FILE", help="file of all counts to write")
    parser.add_argument(
        "--compare", metavar="FILE", help="say what closed and opened since this file of --json"
    )
    parser.add_argument(
        "--min-accuracy",
        type=float,
        metavar="SHARE",
        help="exit with 1 where the accuracy under any perturbation, averaged over its severities, "
        "is below this share, such as 0.9",
    )
    options.add_seed(parser)


def numbers(text: str) -> tuple[int, ...]:
    """Read numbers that are separated by commas."""
    return tuple(map(options.count, text.split(",")))


def stress(args: argparse.Namespace) -> int:
    """Run the command `stress`.

    Args:
        args: The parsed arguments.

    Returns:
        1 where the accuracy is too low, else 0.

    Raises:
        ValueError: The model cannot be loaded, does not fit the images, or gives no classes.
        FileNotFoundError: There is no such model, collection or folder to write into.
    """
    from keras_cvdata.progress import say
    from keras_cvdata.stress.report import StressReport
    from keras_cvdata.stress.run import stress_test

    options.check_folders([args.html, args.json])
    before = StressReport.from_json(args.compare) if args.compare else None
    model = load_model(args.model)
    report = stress_test(
        model,
        args.source,
        args.suite,
        args.severities,
        seed=args.seed,
        class_names=args.class_names,
        **settings(args, model),
    )
    if before is not None:
        say(report.compare(before).summary())
    for ending in ("html", "json"):
        if path := getattr(args, ending):
            write_or_keep(getattr(report, f"to_{ending}"), path, report)
            say(f"Wrote {path}")
    return 0 if args.min_accuracy is None else _gate(report, args.min_accuracy)


def _gate(report: Any, least: float) -> int:
    name, lowest = report.lowest()
    if math.isnan(lowest):
        raise ValueError("--min-accuracy: the model gives numbers, which have no accuracy.")
    if lowest < least:
        text = f"Failed: accuracy {lowest:.3f} under {name}, below {least:g}"
        print(text, file=sys.stderr)
    return int(lowest < least)
