"""What `help` shows of a sequence: every argument, with its default and its meaning."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

from keras_cvdata import sequences
from keras_cvdata.sequences import ArraySequence, Sequence

pytestmark = pytest.mark.backends

KINDS = [
    getattr(sequences, name)
    for name in sequences.__all__
    if name.endswith("Sequence") and name != "Sequence"
]
OWN = {"masks", "boxes"}  # sequences make them of arguments of their own


@pytest.mark.parametrize("kind", KINDS)
def test_signature_lists_every_keyword_with_its_default(kind):
    shown = inspect.signature(kind).parameters
    assert not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in shown.values())
    for name, parameter in inspect.signature(Sequence).parameters.items():
        if name == "source" or name in OWN:
            continue
        assert name in shown, name
        if name not in inspect.signature(kind.__init__).parameters:
            assert shown[name].default == parameter.default, name


@pytest.mark.parametrize("kind", [Sequence, *KINDS])
def test_docstring_says_what_every_argument_means(kind):
    section = inspect.getdoc(kind).partition("Args:\n")[2].partition("\n\n")[0]
    documented = re.findall(r"^ {4}(\w+): \S", section, re.MULTILINE)
    assert documented == list(inspect.signature(kind).parameters)


def test_a_subclass_without_keywords_shows_its_own_arguments_only():
    class Squares(ArraySequence):
        def __init__(self, count):
            super().__init__(np.zeros((count, 4, 4, 1), np.uint8), verbose=0)

    assert list(inspect.signature(Squares).parameters) == ["count"]
    assert len(Squares(40)) == 2


def test_a_subclass_that_passes_keywords_on_shows_them():
    class Named(ArraySequence):
        """Squares.

        Args:
            count: How many.
            **options: Further arguments.
        """

        def __init__(self, count, **options):
            super().__init__(np.zeros((count, 4, 4, 1), np.uint8), **options)

    shown = inspect.signature(Named).parameters
    assert list(shown)[:1] == ["count"]
    assert shown["batch_size"].default == 32
    assert "batch_size: Samples per batch." in inspect.getdoc(Named)
    assert len(Named(40, batch_size=8, verbose=0)) == 5


@pytest.mark.parametrize(
    ("given", "meant"),
    [("target_size", "image_size"), ("class_mode", "label_mode"), ("batchsize", "batch_size")],
)
def test_unknown_keywords_name_what_is_meant(given, meant):
    """Before anything is read: there is no such folder."""
    with pytest.raises(
        TypeError, match=f"DirectorySequence has no argument '{given}'. {meant} is meant"
    ):
        sequences.DirectorySequence("nowhere", **{given: 2})


class Passing(ArraySequence):
    """Written for `keras.utils.PyDataset`."""

    def __init__(self, **options):
        super().__init__(np.zeros((4, 4, 4, 1), np.uint8), verbose=0, **options)


def test_workers_that_a_subclass_passes_are_ignored():
    with pytest.warns(UserWarning, match="workers=4 is ignored: Passing has threads") as caught:
        made = Passing(workers=4, use_multiprocessing=True, max_queue_size=20)
    assert [each.filename for each in caught] == [__file__]
    assert (made.workers, made.use_multiprocessing, made.max_queue_size) == (1, False, 10)
    assert Passing(workers=1, use_multiprocessing=False, max_queue_size=10).workers == 1


def test_other_keywords_that_a_subclass_passes_are_refused():
    with pytest.raises(TypeError, match="Passing passes 'batchsize' on to Sequence"):
        Passing(batchsize=4)


def test_workers_are_no_argument_of_a_sequence():
    with pytest.raises(TypeError, match=r"no argument 'workers'\. threads is meant"):
        ArraySequence(np.zeros((4, 4, 4, 1), np.uint8), workers=4)


def test_keywords_of_a_subclass_are_its_own_business():
    class Any(ArraySequence):
        def __init__(self, **options):
            super().__init__(np.zeros((4, 4, 4, 1), np.uint8), verbose=options.pop("loud"))

    assert len(Any(loud=0)) == 1
