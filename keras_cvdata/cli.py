"""The command `keras-cvdata`: parses, calls and prints, and imports only what a command needs."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from typing import Any

from keras_cvdata import __version__, audit_command, bench_command, model_commands
from keras_cvdata import command_options as options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: What stands behind the name of the command; by default that of the process.

    Returns:
        Exit code: 0, 1 where an audit or a stress test found what it must not, 2 for an error
        that is said in one line, 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe on Windows cannot encode every name
            stream.reconfigure(errors="backslashreplace")
    args = _parser().parse_args(arguments)
    try:
        return args.command(args) or 0
    except (ValueError, TypeError, KeyError, OSError, ImportError) as error:
        text = error.args[0] if isinstance(error, KeyError) else error  # a KeyError quotes its text
        line = options.in_options(" ".join(str(text).split()), vars(args))
        print("error:", line, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _demo(args: argparse.Namespace) -> None:
    from keras_cvdata.demo import run

    run(
        args.data,
        args.output,
        image_size=args.image_size,
        epochs=args.epochs,
        seed=args.seed,
    )


def _convert(args: argparse.Namespace) -> None:
    from keras_cvdata.conversion import convert

    path = convert(
        args.source,
        args.target,
        image_size=args.image_size,
        copy=args.copy,
        overwrite=args.overwrite,
        on_error=args.on_error,
        **options.reading(args),
    )
    print(f"Wrote {path}")


def _split(args: argparse.Namespace) -> None:
    from keras_cvdata.conversion.split import write_split

    written = write_split(
        args.source,
        args.target,
        args.parts or args.validation,
        stratify=not args.no_stratify,
        groups=args.groups,
        seed=args.seed,
        certificate=args.certificate,
        overwrite=args.overwrite,
        on_error=args.on_error,
        **options.reading(args),
    )
    for path, count in written.items():
        print(f"Wrote {path}: {count} images")


def _preview(args: argparse.Namespace) -> None:
    from keras_cvdata import layers
    from keras_cvdata.preview import write_preview

    shown = write_preview(
        args.source,
        args.output,
        [make(layers, amount) for make, amount in args.augment],
        image_size=args.image_size,
        images=args.images,
        variants=args.variants,
        seed=args.seed,
        on_error=args.on_error,
        **options.reading(args),
    )
    print(f"Wrote {args.output}: {shown} images, each as it is and drawn {args.variants} times")


def _audit(args: argparse.Namespace) -> int:
    return audit_command.run(args, options.reading(args))


def _migrate(args: argparse.Namespace) -> None:
    from keras_cvdata.migration import find_files, migrate_file, write

    files, changed, failures = find_files(args.files), 0, []
    for file in files:
        try:
            migrated = migrate_file(file, args.named_axes)
            if args.write:
                write(migrated)
        except (ValueError, OSError) as error:
            failures.append(str(error))
            continue
        print(migrated.diff, end="")
        for line in migrated.listing(written=args.write):
            print(line)
        changed += migrated.after != migrated.before
    done = "Changed" if args.write else "To change with --write:"
    print(f"{done} {changed} of {len(files)} files" if changed else "Nothing to change")
    if failures:
        raise ValueError("; ".join(failures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keras-cvdata", description="Image collections for Keras: look, convert, split, train."
    )
    parser.add_argument("--version", action="version", version=f"keras-cvdata {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_demo(commands)
    _add_convert(commands)
    _add_split(commands)
    _add_preview(commands)
    _add_audit(commands)
    model_commands.add_predict(commands)
    model_commands.add_review(commands)
    model_commands.add_stress(commands)
    bench_command.add_bench(commands)
    _add_migrate(commands)
    return parser


def _add_demo(commands: Any) -> None:
    parser = options.add_command(
        commands,
        "demo",
        _demo,
        "train a small network without and with augmentation, and test both in the wild",
        "Without --data it trains on handwritten digits that come with scikit-learn, which it also "
        "writes as folders, CSV, JSON and HDF5. It writes a contact sheet and a chart.",
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder of your own: <class>/<image>, or train/<class>/<image> beside test or "
        "validation",
    )
    parser.add_argument("--output", default="demo", metavar="DIR", help="default: %(default)s")
    options.add_image_size(parser, "size of the network's input; by default chosen by the images")
    parser.add_argument(
        "--epochs", type=options.count, help="default: 50 for the digits, 20 for your folder"
    )
    options.add_seed(parser)


def _add_convert(commands: Any) -> None:
    parser = options.add_command(
        commands,
        "convert",
        _convert,
        "write a collection in another format",
        "Images are copied byte for byte; tables refer to local files and URLs where they are.",
    )
    options.add_source(parser)
    parser.add_argument("target", help=f"{options.FORMATS}; a name without extension is a folder")
    options.add_image_size(parser, "stretch all images to this size")
    parser.add_argument("--copy", action="store_true", help="for tables, copy the images too")
    options.add_on_error(parser, "skip")
    options.add_overwrite(parser)


def _add_split(commands: Any) -> None:
    parser = options.add_command(
        commands,
        "split",
        _split,
        "write a training and a validation part, and a test part",
        "The target pets becomes folders pets/train and pets/validation; pets.csv becomes tables "
        "pets_train.csv and pets_validation.csv, which refer to the images where they are. The "
        "source stays as it is.",
    )
    options.add_source(parser)
    parser.add_argument("target", help=f"{options.FORMATS}; a name without extension is a folder")
    shares = parser.add_mutually_exclusive_group()
    shares.add_argument(
        "--validation",
        type=options.share,
        default="auto",
        metavar="SHARE",
        help="share of the validation part, such as 0.2; by default 0.2 below 1,000 images, 0.1 "
        "below 10,000, 0.05 from there on",
    )
    shares.add_argument(
        "--parts",
        type=options.shares,
        metavar="SHARE,...",
        help="shares of the training, the validation and the test part, such as 0.7,0.15,0.15",
    )
    parser.add_argument(
        "--groups",
        metavar="COLUMN",
        help="column of what must stay on one side, such as patient; near-copies keeps images that "
        "look alike together",
    )
    parser.add_argument(
        "--certificate",
        metavar="FILE.json",
        help="with --groups near-copies, say what was compared and how near the parts come",
    )
    parser.add_argument(
        "--no-stratify", action="store_true", help="do not split every class by itself"
    )
    options.add_on_error(parser, "skip")
    options.add_seed(parser)
    options.add_overwrite(parser)


def _add_preview(commands: Any) -> None:
    kinds = ", ".join(
        f"{name} ({unit})" if amount is None else f"{name}={amount:g} ({unit})"
        for name, (amount, unit, _) in options.AUGMENTATIONS.items()
    )
    parser = options.add_command(
        commands,
        "preview",
        _preview,
        "draw a contact sheet of augmented images",
        "Each row shows an image as it is and then as several epochs would serve it.",
    )
    options.add_source(parser)
    parser.add_argument("output", metavar="OUT.png", help="picture to write")
    parser.add_argument(
        "--augment",
        type=options.recipes,
        default="flip,rotate=15,zoom,light",
        metavar="NAME[=AMOUNT],...",
        help=f"what to do, in this order (default: %(default)s): {kinds}",
    )
    options.add_image_size(parser, "size of each image (default: 128)", default=(128, 128))
    parser.add_argument("--images", type=options.count, default=6, help="rows (default: 6)")
    parser.add_argument(
        "--variants", type=options.count, default=7, help="drawn images in a row (default: 7)"
    )
    options.add_on_error(parser, "substitute", "skip")
    options.add_seed(parser)


def _add_audit(commands: Any) -> None:
    parser = options.add_command(
        commands,
        "audit",
        _audit,
        "find what is wrong with a collection before training",
        "Reads each image once and says what is wrong, what to do first, and whether the "
        "collection passes the checklist of the handbook. The exit code is 1 where something of "
        "--fail-on was found.",
    )
    options.add_source(parser)
    audit_command.add_options(parser)


def _add_migrate(commands: Any) -> None:
    parser = options.add_command(
        commands,
        "migrate",
        _migrate,
        "change old code from Keras's ImageDataGenerator to that of this package",
        "Shows the change of imports and of methods such as fit_generator, and lists lines that do "
        "something else now or need a hand. Without --write, files stay as they are.",
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a script, a notebook, or a folder of them"
    )
    parser.add_argument("--write", action="store_true", help="make the change")
    parser.add_argument(
        "--named-axes",
        action="store_true",
        help="for code written for Keras before 2.9: shifts move along the axes in their names",
    )
