"""What else of training code Keras 3 refuses or does otherwise, before and after."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from keras_cvdata.migration import migrate_source
from keras_cvdata.migration.notes import (
    CUT_SHORT,
    FRACTION,
    LEARNING_RATE,
    WEIGHTS_LEFT,
    WEIGHTS_NAMED,
)

OLD = "from keras.preprocessing.image import ImageDataGenerator\n"
NEW = "from keras_cvdata.preprocessing.image import ImageDataGenerator\n"
ZIPPED = "refuses `zip`: it is inside a generator now."

# The code, the code after the change, and what is said about it.
CHANGED = {
    "zip": (
        "m.fit(zip(a, b), epochs=1)",
        "m.fit((batch for batch in zip(a, b)), epochs=1)",
        [ZIPPED],
    ),
    "zip by name": (
        "train = zip(\n    a, b)\nm.fit(x=train)\nm.evaluate(train)",
        "train = (batch for batch in zip(\n    a, b))\nm.fit(x=train)\nm.evaluate(train)",
        [ZIPPED],
    ),
    "zip as an attribute": (
        "self.train = zip(a, b)\nm.predict(self.train)",
        "self.train = (batch for batch in zip(a, b))\nm.predict(self.train)",
        [ZIPPED],
    ),
    "zip for validation, and an old method": (
        "m.fit_generator(g, validation_data=zip(a, b), workers=2)",
        "m.fit(g, validation_data=(batch for batch in zip(a, b)))",
        ["takes its place", ZIPPED],
    ),
    "map": (
        "m.fit(map(f, g))",
        "m.fit((batch for batch in map(f, g)))",
        ["refuses `map`: it is inside a generator now."],
    ),
    "lr": (
        "from keras.optimizers import Adam\nfrom keras import optimizers as o\n"
        "m.compile(Adam(lr=1e-3, epsilon=1))\no.SGD(momentum=0.9, lr = 2)\nNadam(lr=3)",
        "from keras.optimizers import Adam\nfrom keras import optimizers as o\n"
        "m.compile(Adam(learning_rate=1e-3, epsilon=1))\n"
        "o.SGD(momentum=0.9, learning_rate = 2)\nNadam(learning_rate=3)",
        [LEARNING_RATE] * 3,
    ),
    "lr of an optimizer": (
        "print(model.optimizer.lr, optimizer.lr)",
        "print(model.optimizer.learning_rate, optimizer.learning_rate)",
        [LEARNING_RATE],
    ),
    "weights": (
        "m.save_weights('a.h5')\nm.load_weights('a.h5')\nm.load_weights('b.h5')",
        "m.save_weights('a.weights.h5')\nm.load_weights('a.weights.h5')\nm.load_weights('b.h5')",
        [WEIGHTS_NAMED],
    ),
    "weights by other texts": (
        "m.save_weights(os.path.join(d, \"a.hdf5\"))\nm.save_weights(filepath=f'{d}/a.h5')\n"
        "path = 'x' + '.h5'\nm.save_weights(path)\nm.load_weights(path)",
        'm.save_weights(os.path.join(d, "a.weights.h5"))\n'
        "m.save_weights(filepath=f'{d}/a.weights.h5')\n"
        "path = 'x' + '.weights.h5'\nm.save_weights(path)\nm.load_weights(path)",
        [WEIGHTS_NAMED] * 3,
    ),
    "checkpoints": (
        "ModelCheckpoint('w.{epoch:02d}.hdf5', monitor='loss', save_weights_only=True)",
        "ModelCheckpoint('w.{epoch:02d}.weights.h5', monitor='loss', save_weights_only=True)",
        [WEIGHTS_NAMED],
    ),
}
# Code that stays as it is, and what is said about it; None for nothing.
LISTED = {
    "m.save_weights('checkpoints/last')": WEIGHTS_LEFT,
    "m.save_weights('a.weights.h5')": None,
    "m.save_weights(path)": None,
    "m.load_weights('a.h5')": None,
    "m.save('a.h5')": None,
    "ModelCheckpoint('a.h5')": None,
    "ModelCheckpoint('a.h5', save_weights_only=False)": None,
    "import torch\ntorch.optim.Adam(lr=1)": None,
    "Mine(lr=1)": None,
    "schedule.lr": None,
    "ReduceLROnPlateau(min_lr=1)": None,
    "fit(zip(a, b))": None,
    "m.fit(g, callbacks=zip(a, b))": None,
    "m.compile(zip(a, b))": None,
    "pairs = zip(a, b)": None,
    "m.fit(iter(g))": None,
    "m.fit(g, steps_per_epoch=len(x) / 32)": FRACTION,
    "m.fit(g, validation_steps=(len(x) / 32))": FRACTION,
    "m.predict(g, steps=n/8)": FRACTION,
    "m.fit(g, steps_per_epoch=n / 8 + 1)": FRACTION,
    "import numpy as np\nm.fit(g, steps_per_epoch=np.ceil(n / 8))": FRACTION,
    "steps = n / 8\nm.evaluate(g, steps=steps)": FRACTION,
    "m.fit(x, y, steps_per_epoch=n / 8)": FRACTION,
    "f(steps=n/8)": None,
    "m.fit(g, steps_per_epoch=2000)": CUT_SHORT,
    "m.fit(g, steps_per_epoch=len(x) // 32)": CUT_SHORT,
    "m.fit(g, steps_per_epoch=2 * len(g))": CUT_SHORT,
    "m.fit(g, steps_per_epoch=int(n / 8))": CUT_SHORT,
    "m.fit(g, steps_per_epoch=g.samples)": CUT_SHORT,
    "size = g.n // g.batch_size\nm.fit(g, steps_per_epoch=size)": CUT_SHORT,
    "m.fit(g, steps_per_epoch=len(g))": None,
    "m.fit(g, steps_per_epoch=ceil(n / 32))": None,
    "m.fit(g, steps_per_epoch=steps)": None,
    "m.fit(g, steps_per_epoch=None)": None,
    "m.fit((b for b in g), steps_per_epoch=9)": None,
    "endless = (b for b in g)\nm.fit(endless, steps_per_epoch=9)": None,
    "m.fit(x, y, steps_per_epoch=9)": None,
    "m.fit(x, y=y, steps_per_epoch=9)": None,
    "m.fit(g, validation_steps=9)": None,
    "m.predict(g, steps=9)": None,
}


@pytest.mark.parametrize(("before", "after", "said"), CHANGED.values(), ids=CHANGED)
def test_what_keras_3_refuses_is_changed(before: str, after: str, said: list[str]) -> None:
    changed, notes = migrate_source(OLD + before)
    assert changed == NEW + after
    ast.parse(after)
    assert len(notes) == len(said)
    for note, text in zip(notes, said, strict=True):
        assert text in note.text


@pytest.mark.parametrize(("code", "said"), LISTED.items(), ids=LISTED)
def test_what_needs_a_hand_is_listed(code: str, said: str | None) -> None:
    changed, notes = migrate_source(OLD + code)
    assert changed == NEW + code
    assert [note.text for note in notes] == ([said] if said else [])


def test_an_endless_zip_may_be_asked_for_any_number_of_steps() -> None:
    _, notes = migrate_source(f"{OLD}m.fit(zip(a, b), steps_per_epoch=2000)")
    assert [note.text for note in notes if note.text == CUT_SHORT] == []


def test_old_methods_with_arguments_by_place() -> None:
    for steps, said in (("2000", CUT_SHORT), ("n / 8", FRACTION)):
        after, notes = migrate_source(f"m.fit_generator(g, {steps}, epochs=2)")
        assert after == f"m.fit(g, steps_per_epoch={steps}, epochs=2)"
        assert said in [note.text for note in notes]


SEGMENTATION = (
    OLD
    + """
import numpy as np
from keras import Sequential, layers, optimizers

x = np.random.default_rng(0).uniform(0, 255, (12, 8, 8, 3))
how = {"rotation_range": 20, "rescale": 1 / 255}
images = ImageDataGenerator(**how).flow(x, batch_size=5, seed=1)
masks = ImageDataGenerator(**how).flow(x[..., :1] // 128, batch_size=5, seed=1)
train = zip(images, masks)
model = Sequential([layers.Conv2D(1, 3, padding="same", activation="sigmoid")])
model.compile(optimizers.Adam(lr=1e-3), "binary_crossentropy")
history = model.fit_generator(
    train, steps_per_epoch=7, epochs=2, shuffle=False, verbose=0, workers=1
)
model.save_weights("unet.h5")
model.load_weights("unet.h5")
rate = float(model.optimizer.lr)
"""
)


@pytest.mark.slow
@pytest.mark.backends
def test_images_and_masks_of_two_flows_train(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(migrate_source(SEGMENTATION)[0], names)
    assert len(names["history"].history["loss"]) == 2
    assert names["rate"] == pytest.approx(1e-3)
    assert [file.name for file in tmp_path.iterdir()] == ["unet.weights.h5"]
