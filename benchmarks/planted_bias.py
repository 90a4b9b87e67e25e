"""Plant a border on one class: does the review find it, the advice name it, the proof close it?

    python benchmarks/planted_bias.py FOLDER [--epochs 20] [--seeds 0 1 2]

FOLDER holds train/<class>/<image> and val/<class>/<image>, such as flowers. Every training image of
the last class gets a border of one colour, and so does the same class of the test images. The table
goes to benchmarks/results/planted_bias.md.
"""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from typing import Any

import keras
import numpy as np

import keras_cvdata as cvd

RESULTS = Path(__file__).parent / "results" / "planted_bias.md"
_SIDE, _BORDER, _COLOR = 64, 5, (250, 0, 250)


def read(folder: Path, seed: int = 0) -> tuple[Any, tuple[str, ...]]:
    """Images with the border on the last class, as a sequence."""
    stored = cvd.DirectorySequence(
        folder, image_size=(_SIDE, _SIDE), dtype="uint8", shuffle=False, verbose=0
    )
    x, codes = (np.concatenate(parts) for parts in zip(*stored, strict=True))
    edge = np.ones((_SIDE, _SIDE), bool)
    edge[_BORDER:-_BORDER, _BORDER:-_BORDER] = False
    framed = np.where(edge[..., None], np.uint8(_COLOR), x)
    x = np.where((codes == codes.max())[:, None, None, None], framed, x)
    names = [stored.class_names[code] for code in codes]
    return cvd.ArraySequence(x, names, rescale="unit", seed=seed, verbose=0), stored.class_names


def make_model() -> keras.Model:
    model = keras.Sequential([keras.Input((_SIDE, _SIDE, 3))])
    for filters in (16, 32, 64):
        model.add(keras.layers.Conv2D(filters, 3, strides=2, activation="relu"))
    model.add(keras.layers.GlobalAveragePooling2D())
    model.add(keras.layers.Dense(5, "softmax"))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    train, classes = read(args.folder / "train")
    test, _ = read(args.folder / "val")
    keras.utils.set_random_seed(args.seeds[0])
    model = make_model()
    model.fit(train, epochs=args.epochs, verbose=0)
    review = cvd.review(model, test, None, verbose=0)
    # Beyond severity 1 the ground is so much of a photograph that nothing of a flower is left.
    report = cvd.stress_test(model, test, "background", [1], verbose=0)
    advice = report.advice()
    proof = cvd.prove(
        make_model,
        train,
        test,
        advice.iloc[0],
        args.epochs,
        suite="background",
        severities=[1],
        seeds=args.seeds,
    )
    recall = report.classes[report.classes["class"] == classes[-1]]
    lines = [
        "# A planted bias",
        "",
        f"Every image of {classes[-1]!r} has a violet border; {len(train.source)} images to train "
        f"on, {len(test.source)} to test, {args.epochs} epochs; Keras {keras.__version__} on "
        f"{keras.backend.backend()}, Python {platform.python_version()}. Made by "
        "`python benchmarks/planted_bias.py`.",
        "",
        "What the review says first, and what it advises:",
        "",
        *(f"    {line}" for line in review.summary().splitlines()),
        "",
        *(
            f"- {row.do}" + f": `{row.code}`" * bool(row.code)
            for row in review.advice().itertuples()
        ),
        "",
        "The stress test:",
        "",
        *(f"    {line}" for line in report.summary().splitlines()),
        "",
        *(f"    {line}" for line in recall.to_string(index=False).splitlines()),
        "",
        "The proof of its first proposal:",
        "",
        *(f"    {line}" for line in proof.summary().splitlines()),
        "",
        *(f"    {line}" for line in proof.table.to_string().splitlines()),
    ]
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
