"""What is said about a script: all texts, and the calls that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import libcst as cst
from libcst import matchers as m

from keras_cvdata.migration.changes import Finding
from keras_cvdata.migration.script import Script, dotted, keyword

# Of imports.
UNKNOWN_NAME = "The new module has no `{}`: write it, or import it from elsewhere."
COMMENTED_IMPORT = (
    "Import `image` from keras_cvdata.preprocessing; it is left here because of the comment."
)

# Of the methods for generators.
RENAMED = "`{old}` is gone from Keras; `{new}` takes its place."
REMOVED = (
    " It has no {}: removed; the flows have threads of their own (`threads=` of the generator)."
)
PLACED = " Arguments without a name are taken to be those of Keras 2."
LEFT = "`{old}` is gone from Keras: call `{new}`. It is left as it is because {reason}."
COUNTED_IMAGES = (
    "Keras counts batches, not images: pass `{new}`, the number of images divided by the batch "
    "size, instead of `{old}`."
)

# Of training with Keras 3.
NO_ITERATOR = "Keras 3 takes generators and refuses `{}`: it is inside a generator now."
LEARNING_RATE = "Keras 3 says `learning_rate` for `lr`."
WEIGHTS_NAMED = (
    "Keras 3 saves weights under names that end in `.weights.h5` only. Those that Keras 2 has "
    "written it reads under their old name `.h5` only: read such a file by that name."
)
WEIGHTS_LEFT = (
    "Keras 3 saves weights under names that end in `.weights.h5` only: name the file so, here and "
    "where it is read."
)
FRACTION = (
    "Keras needs a whole number of steps: leave it out for one pass over the flow, or round up "
    "with `math.ceil`."
)
CUT_SHORT = (
    "Keras 3 goes on with the flow in the next epoch, and ends an epoch where the flow ends: "
    "unless this is `len(flow)`, epochs are cut short (of 4 batches, 3 steps make 3, 1, 3, 1). "
    "Leave it out for one pass an epoch, or train on `(batch for batch in flow)`, which does not "
    "end."
)

# Of notebooks.
UNREADABLE_CELL = "This cell is left as it is because it cannot be read: {}"

# Of generators and flows.
NOTHING_HELD_OUT = (
    "The generator has a `validation_split` and this flow no `subset=`, so nothing is held out: it "
    "serves the validation images too."
)
SEED = (
    "A flow with a seed no longer seeds NumPy's global generator: a `preprocessing_function` that "
    "draws from `np.random` repeats only if the generator gets `threads=1`. A flow without a seed "
    "still draws from it."
)

_GENERATORS = frozenset({"ImageDataGenerator"})
_FLOWS = frozenset({"flow", "flow_from_directory", "flow_from_dataframe"})
_METHODS = frozenset({"fit", "evaluate", "predict"})
_OFF = m.Name("None") | m.Integer("0") | m.Float(m.MatchIfTrue(lambda text: not float(text)))


class Rule(NamedTuple):
    """What to say where a call gets a keyword.

    Args:
        calls: Names of the functions; of any if there are none.
        keywords: Names of the keywords, any of which will do.
        text: What to say.
        value: Matcher of libcst for the value of the keyword; any value will do for None.
    """

    calls: frozenset[str]
    keywords: frozenset[str]
    text: str
    value: Any = None


RULES = (
    Rule(
        frozenset(),  # also `dict(zoom_range=0.2)`, which is passed on
        frozenset({"zoom_range"}),
        "A zoom factor says how much of the image is seen: 0.5 magnifies twice, 2 shrinks to half; "
        "a number z means 1 - z to 1 + z.",
        ~_OFF,
    ),
    Rule(
        frozenset(),
        frozenset({"width_shift_range", "height_shift_range"}),
        "Since Keras 2.9 the axes are exchanged, and equal numbers are kept: `width_shift_range` "
        "moves up and down, `height_shift_range` left and right. Older Keras did what the names "
        "say, and so does `exchanged_axes=False`, which `--named-axes` adds.",
        ~_OFF,
    ),
    Rule(
        frozenset(),
        frozenset({"preprocessing_function"}),
        "The function is called from several threads unless the generator gets `threads=1`.",
        ~m.Name("None"),
    ),
    Rule(
        _GENERATORS,
        frozenset({"validation_split"}),
        "The validation images are augmented as well unless the generator gets "
        "`augment_validation=False`, and they are the first part of each class unless it gets "
        "`stratify=True`.",
        ~_OFF,
    ),
    Rule(
        _FLOWS,
        frozenset({"class_mode"}),
        'The class mode "other" is called "raw" now.',
        m.SimpleString(m.MatchIfTrue(lambda text: text.strip("'\"") == "other")),
    ),
    Rule(
        frozenset({"flow_from_dataframe"}),
        frozenset({"has_ext", "sort", "drop_duplicates"}),
        "`has_ext`, `sort` and `drop_duplicates` have no effect: file names must be complete, and "
        "the order and the rows are those of the data frame.",
    ),
    Rule(
        _METHODS,
        frozenset({"workers", "use_multiprocessing", "max_queue_size"}),
        "Keras 3 refuses `workers`, `use_multiprocessing` and `max_queue_size`: remove them. The "
        "flows have threads of their own (`threads=` of the generator).",
    ),
    Rule(
        frozenset({"ModelCheckpoint"}),
        frozenset({"period"}),
        "Keras 3 has no `period`: it saves after every epoch, or every so many batches with "
        "`save_freq`.",
    ),
)


class _Call(NamedTuple):
    node: Any
    names: set[str]
    keywords: set[str]


def find_differences(script: Script) -> list[Finding]:
    """Lines of a script that do something else with the new module, or that need a hand."""
    calls = [
        _Call(node, script.names(node.func), {keyword(argument) for argument in node.args})
        for node in script.find(m.Call())
    ]
    return [
        *_seeds(script, calls),
        *(
            Finding(script.span(argument)[0], rule.text)
            for call in calls
            for argument in call.node.args
            for rule in RULES
            if _applies(rule, call, argument)
        ),
        *_without_subset(script, calls),
    ]


def _seeds(script: Script, calls: list[_Call]) -> Iterator[Finding]:
    """Seeds, in a script with code of its own that may draw from NumPy's global generator."""
    function = m.Arg(keyword=m.Name("preprocessing_function"), value=~m.Name("None"))
    later = m.AssignTarget(target=m.Attribute(attr=m.Name("preprocessing_function")))
    own = m.ClassDef(
        bases=[m.ZeroOrMore(), m.Arg(value=_named(script, _GENERATORS)), m.ZeroOrMore()]
    )
    if not script.find(function | later | own):
        return
    given = m.Arg(keyword=m.Name("seed"), value=~m.Name("None"))
    for call in calls:
        if "numpy.random.seed" in call.names:
            yield Finding(script.span(call.node)[0], SEED)
        elif call.names & _FLOWS:
            seeds = (argument for argument in call.node.args if m.matches(argument, given))
            yield from (Finding(script.span(argument)[0], SEED) for argument in seeds)


def _named(script: Script, names: frozenset[str]) -> Any:
    """A matcher of names that come from one of some."""
    return m.MatchIfTrue(lambda node: bool(script.names(node) & names))


def _applies(rule: Rule, call: _Call, argument: cst.Arg) -> bool:
    return (
        keyword(argument) in rule.keywords
        and (not rule.calls or bool(rule.calls & call.names))
        and (rule.value is None or m.matches(argument.value, rule.value))
    )


def _without_subset(script: Script, calls: list[_Call]) -> Iterator[Finding]:
    """Flows that ask for no subset of a generator with a validation part."""
    share = m.Arg(keyword=m.Name("validation_split"), value=~_OFF)
    splits = {
        call.node: any(m.matches(argument, share) for argument in call.node.args)
        for call in calls
        if call.names & _GENERATORS
    }
    if not any(splits.values()):
        return
    assigned = [
        (script.span(node)[0], dotted(target.target), splits.get(node.value))
        for node in script.find(m.Assign())
        for target in node.targets
    ]
    for call in calls:
        function = call.node.func
        if not isinstance(function, cst.Attribute) or function.attr.value not in _FLOWS:
            continue
        if call.keywords & {"subset", "**"}:
            continue
        at = script.span(function)[1]
        receiver = dotted(function.value) or ""
        before = [split for place, name, split in assigned if place < at and name == receiver]
        split = splits.get(function.value, before[-1] if before else None)
        if split is not False:  # None: an unknown generator, which may be one with a split
            yield Finding(at, NOTHING_HELD_OUT)
