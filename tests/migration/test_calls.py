"""`fit_generator` and its kind, before and after."""

from __future__ import annotations

import ast

import pytest

from keras_cvdata.migration import migrate_source

# The call, the call after the change, and parts of what is said about it.
CHANGED = {
    "fit": (
        "m.fit_generator(g, epochs=1)",
        "m.fit(g, epochs=1)",
        ["`fit_generator` is gone from Keras; `fit` takes its place."],
    ),
    "evaluate and predict": (
        "m . evaluate_generator ( g )\nself.net.predict_generator(g, verbose=1)",
        "m . evaluate ( g )\nself.net.predict(g, verbose=1)",
        ["`evaluate` takes its place.", "`predict` takes its place."],
    ),
    "names of arguments": (
        "m.fit_generator( generator = g, nb_epoch=3)",
        "m.fit( x = g, epochs=3)",
        ["`fit` takes its place."],
    ),
    "first arguments removed": (
        "m.fit_generator(workers=2, generator=g)",
        "m.fit(x=g)",
        ["It has no `workers`: removed; the flows have threads of their own"],
    ),
    "arguments removed between others": (
        "m.fit_generator(g, max_queue_size=9, workers=2, epochs=1)",
        "m.fit(g, epochs=1)",
        ["It has no `max_queue_size`, `workers`: removed"],
    ),
    "last arguments removed": (
        "m.fit_generator(g, nb_worker=2, epochs=1, max_q_size=(1, 2), pickle_safe=True)",
        "m.fit(g, epochs=1)",
        ["It has no `nb_worker`, `max_q_size`, `pickle_safe`: removed"],
    ),
    "arguments on lines": (
        "m.fit_generator(\n    g,  # flow\n    workers=2,\n    epochs=1,\n"
        "    use_multiprocessing=True,\n)  # end",
        "m.fit(\n    g,  # flow\n    epochs=1,\n)  # end",
        ["It has no `workers`, `use_multiprocessing`: removed"],
    ),
    "arguments by place": (
        "m.fit_generator(g, n, 2, callbacks=[c])\nm.predict_generator(g, len(g))",
        "m.fit(g, steps_per_epoch=n, epochs=2, callbacks=[c])\nm.predict(g, steps=len(g))",
        ["takes its place. Arguments without a name are taken to be those of Keras 2."] * 2,
    ),
    "numbers of images": (
        "m.fit_generator(\n  g,\n  samples_per_epoch=9,\n  nb_val_samples=9)\n"
        "m.evaluate_generator(g, val_samples=9)",
        "m.fit(\n  g,\n  samples_per_epoch=9,\n  nb_val_samples=9)\nm.evaluate(g, val_samples=9)",
        [
            "`fit` takes its place.",
            "pass `steps_per_epoch`, the number of images divided by the batch size, instead of "
            "`samples_per_epoch`",
            "pass `validation_steps`, the number of images",
            "`evaluate` takes its place.",
            "pass `steps`, the number of images",
        ],
    ),
    "one in the arguments of another": (
        "m.fit_generator(g(n.predict_generator(x)), workers=o.evaluate_generator(y))",
        "m.fit(g(n.predict(x)))",
        ["`fit`", "`predict`", "`evaluate`"],
    ),
    "without arguments": ("m.fit_generator()", "m.fit()", ["`fit` takes its place."]),
}

# Calls that stay, and the reason.
LEFT = {
    "m.fit_generator(*arguments)": "`*` or `**` may hold arguments",
    "m.fit_generator(g, **options)": "`*` or `**` may hold arguments",
    "m.fit_generator(g, n, 2, 3, 4, 5, 6, 7)": "unclear what its arguments without a name are",
    "m.evaluate_generator(g, 1, 10)": "unclear what its arguments without a name are",
    "m.fit_generator(g, 2000, nb_epoch=2)": "unclear what its arguments without a name are",
    "m.fit_generator(\n  g,\n  workers=2,  # cores\n  epochs=1)": "it would lose a comment",
    "m.fit_generator(\n  g,  # flow\n  workers=2)": "it would lose a comment",
    "m.fit_generator(workers=2)": "it would lose a comment or its last argument",
    "m.fit_generator(g)\ndef fit_generator(): ...": "the file has a function of this name",
}


@pytest.mark.parametrize(("before", "after", "said"), CHANGED.values(), ids=CHANGED)
def test_methods_are_those_of_keras_3(before: str, after: str, said: list[str]) -> None:
    """X17."""
    changed, notes = migrate_source(before)
    assert changed == after
    ast.parse(after)
    assert len(notes) == len(said)
    for note, text in zip(notes, said, strict=True):
        assert text in note.text


@pytest.mark.parametrize(("source", "reason"), LEFT.items())
def test_what_is_unsafe_is_left_and_listed(source: str, reason: str) -> None:
    changed, [note] = migrate_source(source)
    assert changed == source
    assert note.line == 1
    assert "is gone from Keras: call `" in note.text
    assert reason in note.text


def test_lines_are_those_of_the_methods_before_and_after() -> None:
    source = (
        "(m\n  .fit_generator(g,\n                 workers=2,\n                 epochs=1))\n"
        "m.predict_generator(g)\n"
    )
    after, notes = migrate_source(source)
    assert after == "(m\n  .fit(g,\n                 epochs=1))\nm.predict(g)\n"
    assert [(note.line, note.line_after) for note in notes] == [(2, 2), (5, 4)]


@pytest.mark.parametrize(
    "source",
    [
        "m.fit(x=g, workers=2)\nfit_generator(g, workers=2)\n",
        "m.fit_generator\nm.fit_generators(g)\n",
    ],
)
def test_other_calls_stay(source: str) -> None:
    assert migrate_source(source) == (source, [])
