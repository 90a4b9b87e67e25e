"""Which augmentations exchange the labels of MNIST digits?

    python benchmarks/label_safety.py --mnist mnist.npz [--epochs 3] [--seeds 0 1 2]

`mnist.npz` is the file of `keras.datasets.mnist`; the variable KERAS_CVDATA_MNIST can name it too.
The handbook's network of two convolutions is trained without augmentation; the table goes to
benchmarks/results/label_safety.md, and the exit code is 1 if half turns are not refused for 6 and 9
alone, or small shifts are refused.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

import keras
import numpy as np

import keras_cvdata as cvd
from keras_cvdata import layers
from keras_cvdata.demo import cnn

RESULTS = Path(__file__).parent / "results" / "label_safety.md"
LAYERS = {
    "half turn": layers.RandomRot90(k=(2,)),
    "half turn, as a rotation": layers.RandomRotation(degrees=(180, 180)),
    "any turn": layers.RandomRotation(degrees=180),
    "turns up to 20 degrees": layers.RandomRotation(degrees=20),
    "quarter turn": layers.RandomRot90(k=(1,)),
    "mirrored": layers.RandomFlip("horizontal", rate=1.0),
    "upside down": layers.RandomFlip("vertical", rate=1.0),
    "inverted": layers.RandomInvert(rate=1.0),
    "shifts of 8 %": layers.RandomTranslation(0.08, 0.08),
    "shifts of 20 %": layers.RandomTranslation(0.2, 0.2),
    "noise": layers.RandomGaussianNoise(0.1),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", default=os.environ.get("KERAS_CVDATA_MNIST"))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    if args.mnist is None:
        parser.error("name the file mnist.npz: --mnist PATH, or KERAS_CVDATA_MNIST=PATH")
    with np.load(args.mnist) as file:
        data = dict(file)
    lines = [
        "# Label safety",
        "",
        f"The handbook's network of 16 and 32 filters, {args.epochs} epochs of 60,000 digits, "
        f"asked about 10,000; Keras {keras.__version__} on {keras.backend.backend()}, Python "
        f"{platform.python_version()}. Made by `python benchmarks/label_safety.py`. Each cell "
        "holds the digits that become others and come back, with their share.",
        "",
        "| seed | " + " | ".join(LAYERS) + " |",
        "|" + "---|" * (len(LAYERS) + 1),
    ]
    failed = []
    for seed in args.seeds:
        keras.utils.set_random_seed(seed)
        options = {"label_mode": "categorical", "rescale": "unit", "seed": seed, "verbose": 0}
        model = cnn((28, 28, 1), 10, [16, 32])
        train = cvd.ArraySequence(data["x_train"], data["y_train"], **options)
        model.fit(train, epochs=args.epochs, verbose=0)
        test = cvd.ArraySequence(data["x_test"], data["y_test"], **options)
        unsafe = cvd.label_safety(model, test, LAYERS).unsafe
        cells = {name: unsafe[unsafe["layer"] == name] for name in LAYERS}
        told = [
            ", ".join(
                f"{row[1]} to {row[3]} ({row[4]:.0%})" for row in cell.itertuples(index=False)
            )
            for cell in cells.values()
        ]
        lines.append(f"| {seed} | " + " | ".join(text or "none" for text in told) + " |")
        print(lines[-1], flush=True)
        for name in ("half turn", "half turn, as a rotation"):
            if cells[name]["class"].to_list() != ["6", "9"]:
                failed.append(f"seed {seed}: {name} is refused for {list(cells[name]['class'])}")
        if len(cells["shifts of 8 %"]):
            failed.append(f"seed {seed}: small shifts are refused")
    ends = [f"Falls short: {text}." for text in failed] or ["As expected."]
    RESULTS.write_text("\n".join([*lines, "", *ends]) + "\n")
    print("\n".join(ends))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
