"""What tests of several HDF5 files of the package write."""

import numpy as np

PIXELS = np.arange(6 * 4 * 5 * 3, dtype=np.uint8).reshape(6, 4, 5, 3)


def pets(file):
    for label, part in (("dogs", PIXELS[:2]), ("cats", PIXELS[2:])):
        group = file.create_group(label[0])
        group.attrs["label" if label == "dogs" else "name"] = label
        group["pictures"] = part


def parts(file, images="image", labels="label", names=("test", "train")):
    for number, name in enumerate(names):
        file.create_group(name)[images] = PIXELS[number:]
        file[name][labels] = np.arange(6 - number, dtype=np.uint8) % 3
