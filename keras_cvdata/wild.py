"""Test sets that show what a model meets in use: the same images, changed in known ways."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from keras_cvdata.conversion.files import check_beside, check_folder_name, write_folder
from keras_cvdata.engine.augmentation import Augmentation
from keras_cvdata.layers.augment_argument import parse_layers
from keras_cvdata.single_image import apply
from keras_cvdata.sources import Source, open_source
from keras_cvdata.stress.handbook import SHIFT, inverted, shifted
from keras_cvdata.types import Array
from keras_cvdata.writing import replacing_folder


def in_the_wild(
    data: Any,
    directory: str | os.PathLike[str],
    perturbations: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    overwrite: bool = False,
    verbose: int = 1,
    **options: Any,
) -> dict[str, Path]:
    """Write test sets of changed images, to see what a model is worth outside of its collection.

    Each perturbation makes a folder `<directory>/<name>/<class>/<number>.png` of all images, with
    their positions in `data` as numbers, which `DirectorySequence` reads. A model that loses
    accuracy on one of them needs data or augmentation of that kind. Images keep their size; those
    with an alpha channel become RGB, and floats become TIFF files.

    Args:
        data: The test images with their labels: a source, a sequence (whose own augmentation plays
            no part), or what `open_source` opens.
        directory: Folder to write the sets into; it is made where it is missing.
        perturbations: A layer, a list of layers, or a function of one uint8 image, by the name of
            its folder. By default "inverted" (light and dark exchanged) and "shifted" (to the right
            by 4 pixels in 28, the left edge repeated).
        seed: Selects what layers draw; each image gets the draws of its row, the same every time.
        overwrite: Replace sets that were written before.
        verbose: 0 shows no progress.
        **options: Passed to `open_source`.

    Returns:
        The folder of each set by its name.

    Raises:
        FileExistsError: The folder of a set exists.
        ImageError: An image cannot be read; its set is not written.
        TypeError: A perturbation is no layer and no function.
        ValueError: There are no perturbations or images, a name cannot be that of a folder, a layer
            mixes images, the labels are no classes, or the sets would be written into the folder
            that is read, or in the place of one that holds images that are read.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from keras_cvdata import DirectorySequence
        >>> digits = np.zeros((4, 28, 28), np.uint8), ["0", "1", "0", "1"]
        >>> sets = in_the_wild(digits, tempfile.mkdtemp())
        >>> inverted = DirectorySequence(sets["inverted"], image_size=(28, 28), verbose=0)
        >>> inverted.class_names, float(inverted[0][0].min())
        (('0', '1'), 255.0)

    Source: Handbook 2, part 8; R82.
    """
    layers = _layers(_inverted_and_shifted() if perturbations is None else perturbations)
    source = open_source(data, **options)
    if not len(source):
        raise ValueError(f"{source!r} holds no images.")
    folder = Path(directory)
    for name in layers:
        check_beside(source, folder / name)
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, chain in layers.items():
        read = partial(_perturbed, source, chain, seed)
        with replacing_folder(folder / name, overwrite) as draft:
            write_folder(source, draft, read, verbose)
        written[name] = folder / name
    return written


def _inverted_and_shifted() -> dict[str, Any]:
    return {"inverted": inverted(), "shifted": shifted(0, SHIFT)}


def _layers(perturbations: Mapping[str, Any]) -> dict[str, list[Augmentation]]:
    if not isinstance(perturbations, Mapping) or not perturbations:
        raise ValueError(
            "perturbations must be a dict with a layer or a list of layers by name, such as "
            f"{{'inverted': RandomInvert(rate=1.0)}}; got {perturbations!r}."
        )
    for name in perturbations:
        check_folder_name(name)
    return {name: parse_layers(augment) for name, augment in perturbations.items()}


def _perturbed(source: Source, layers: list[Augmentation], seed: int, position: int) -> Array:
    image = source.image(position, "unchanged")
    if image.shape[2] not in (1, 3):
        image = source.image(position, "rgb")
    row = int(source.rows[position])
    return apply(layers, image, seed=seed, row=row, value_range=source.value_range)[0]
