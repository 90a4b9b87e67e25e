"""The command `keras-cvdata bench`: what limits loading, and which setting to change."""

from __future__ import annotations

import argparse
from typing import Any

from keras_cvdata import command_options as options
from keras_cvdata.model_commands import load_model, numbers
from keras_cvdata.writing import write_or_keep


def add_bench(commands: Any) -> None:
    """Add the command `bench`.

    Args:
        commands: The subparsers of the command line.
    """
    parser = options.add_command(
        commands,
        "bench",
        run,
        "say what limits the loading of images, and which setting to change",
        "Loads a sample with other numbers of threads, from packed files and so on, all in turns, "
        "and says what is gained. Nothing of the collection is changed.",
    )
    options.add_source(parser)
    options.add_image_size(parser, "size of a batch's images (default: 224, or that of the model)")
    parser.add_argument(
        "--batch-size", type=options.count, default=32, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--augment",
        type=_recipes,
        default="flip,rotate=15,zoom,shift,light",
        metavar="NAME[=AMOUNT],...",
        help="what is done to images, as of preview, or none (default: %(default)s)",
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="file of a model, .keras or .h5, whose steps are measured, too",
    )
    parser.add_argument(
        "--threads",
        type=numbers,
        metavar="N,...",
        help="numbers of threads to try; by default 1, 2, 4, ... up to the cores",
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=60, help="time to take, about (default: %(default)s)"
    )
    parser.add_argument("--json", metavar="FILE", help="file of all figures to write")


def run(args: argparse.Namespace) -> None:
    """Measure, print the table and the advice, write the file that was asked for.

    Args:
        args: The parsed arguments.

    Raises:
        FileNotFoundError: There is no such collection, model, or folder to write into.
        ValueError: The collection holds no images, or the model does not fit them.
    """
    from keras_cvdata import layers
    from keras_cvdata.bench import bench
    from keras_cvdata.pages.escaping import printable
    from keras_cvdata.progress import say

    options.check_folders([args.json])
    settings = options.reading(args)
    if args.image_size is not None:
        settings["image_size"] = args.image_size
    report = bench(
        args.source,
        model=None if args.model is None else load_model(args.model),
        threads=args.threads,
        seconds=args.seconds,
        augment=[make(layers, amount) for make, amount in args.augment],
        batch_size=args.batch_size,
        rescale="unit",
        label_mode=None,
        **settings,
    )
    say(report.summary())
    if args.json:
        write_or_keep(report.to_json, args.json, report)
        say(f"Wrote {printable(args.json)}")


def _recipes(text: str) -> Any:
    return options.recipes("" if text == "none" else text)


def _seconds(text: str) -> float:
    return float(options.count(text))
