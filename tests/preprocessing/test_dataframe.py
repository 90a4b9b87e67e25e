"""Flows over data frames: columns, classes and rows that fall out."""

import warnings

import numpy as np
import pandas as pd
import pytest
from keras.src.legacy.preprocessing import image as old

from keras_cvdata.preprocessing import image as new
from keras_cvdata.types import ImageError


def flow(data, module=new, frame=None, arguments=None, **options):
    frame = data.frame if frame is None else frame
    generator = module.ImageDataGenerator(**(arguments or {}))
    options = {"target_size": (9, 9), "shuffle": False, **options}
    return generator.flow_from_dataframe(frame, str(data.folder), **options)


def test_lists_of_labels_are_multi_hot(data):
    frame = data.frame.copy()
    frame["class"] = [("cat", "dog"), ["fox"], "dog"] * 4 + ["cat", "cat"]
    theirs, ours = (flow(data, m, frame) for m in (old, new))
    assert theirs.classes == ours.classes
    assert theirs.class_indices == ours.class_indices
    np.testing.assert_array_equal(theirs[0][1], ours[0][1])


def test_classes_that_are_not_wanted_fall_out_of_lists_and_rows(data):
    frame = data.frame.copy()
    frame["class"] = [["cat", "dog"], ["fox"], "dog", "fox"] * 3 + ["cat", "cat"]
    theirs, ours = (flow(data, m, frame, classes=["dog", "cat", "dog"]) for m in (old, new))
    assert theirs.class_indices == ours.class_indices == {"dog": 0, "cat": 1}
    assert theirs.filenames == ours.filenames
    assert theirs.classes == ours.classes
    assert frame["class"][frame.index[0]] == ["cat", "dog"]


@pytest.mark.parametrize("option", ["x_col", "y_col", "weight_col"])
def test_a_column_that_is_not_there(data, option):
    message = r"no column 'none' but \['filename', 'class', .*Name its columns by x_col"
    with pytest.raises(KeyError, match=message):
        flow(data, **{option: "none"})
    with pytest.raises(KeyError):
        flow(data, old, **{option: "none"})


def test_columns_may_be_numbered(data):
    frame = data.frame.rename(columns={"filename": 0, "class": 1})
    columns = {"x_col": 0, "y_col": 1, "classes": ["dog", "fox"]}
    theirs, ours = (flow(data, m, frame, **columns) for m in (old, new))
    assert theirs.filenames == ours.filenames


def test_rows_without_a_file_are_left_out_with_a_warning(data):
    frame = data.frame.copy()
    frame.iloc[3, 0] = "cat/none.png"
    frame.iloc[5, 0] = "cat/0.gif"
    message = r"Found 2 invalid image filename\(s\) in x_col.*the first is .*cat/none\.png"
    with pytest.warns(UserWarning, match=message):
        ours = flow(data, frame=frame)
    with pytest.warns(UserWarning, match="Found 2 invalid"):
        theirs = flow(data, old, frame)
    assert ours.filenames == theirs.filenames
    trusting = flow(data, frame=frame, validate_filenames=False)
    with pytest.raises(ImageError, match=r"cat/none\.png \(row 3\): The file does not exist"):
        _ = trusting[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"class_mode": "output"}, ValueError, "class_mode must be one of"),
        (
            {"class_mode": "multi_output"},
            TypeError,
            "needs a list of columns as y_col; got 'class'",
        ),
        (
            {"y_col": ["class"]},
            TypeError,
            r"needs one column as y_col; got \['class'\]. For several",
        ),
        ({"x_col": "size"}, TypeError, "'size' must hold paths as text; row 0 holds"),
        ({"y_col": "size"}, TypeError, "'size' must hold text, lists or tuples; row 0"),
        ({"y_col": "size", "class_mode": "sparse"}, TypeError, "hold text for class_mode='sparse'"),
        (
            {"class_mode": "binary"},
            ValueError,
            r"two classes; there are 3: \['cat', 'dog', 'fox'\]",
        ),
        ({"weight_col": "class"}, TypeError, "weight_col='class' must hold numbers; it holds"),
        ({"validate": True}, TypeError, "flow_from_dataframe has no argument 'validate'"),
    ],
)
def test_columns_and_arguments_that_do_not_fit(data, options, error, message):
    with pytest.raises(error, match=message):
        flow(data, **options)
    if "validate" not in options:
        with pytest.raises(error):
            flow(data, old, **options)


@pytest.mark.parametrize("option", ["has_ext", "sort", "drop_duplicates"])
def test_arguments_of_very_old_code_warn(data, option):
    with pytest.warns(
        DeprecationWarning, match=f"{option} is deprecated, it has no effect any more"
    ):
        flow(data, **{option: True})


def test_other_is_raw(data):
    with pytest.warns(DeprecationWarning, match='`class_mode="other"` is deprecated, please use'):
        ours = flow(data, class_mode="other", y_col=["size", "weight"])
    np.testing.assert_array_equal(ours[0][1], data.frame[["size", "weight"]].to_numpy())
    assert ours.labels is ours.labels


def test_classes_that_are_not_used_warn(data):
    with pytest.warns(UserWarning, match='`classes` will be ignored given the class_mode="None"'):
        flow(data, class_mode=None, classes=["cat"])


def test_several_outputs_are_a_tuple_by_index_and_a_list_by_next(data):
    ours = flow(data, class_mode="multi_output", y_col=["size", "weight"])
    theirs = flow(data, old, class_mode="multi_output", y_col=["size", "weight"])
    assert isinstance(ours[0][1], tuple)
    assert isinstance(next(ours)[1], list)
    for a, b, c in zip(next(theirs)[1], next(ours)[1], ours[0][1], strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_without_a_generator_images_are_as_they_are(data):
    ours = new.DataFrameIterator(data.frame, str(data.folder), target_size=(9, 9), seed=1)
    theirs = old.DataFrameIterator(data.frame, str(data.folder), target_size=(9, 9), seed=1)
    np.testing.assert_array_equal(next(ours)[0], next(theirs)[0])


@pytest.mark.parametrize("subset", ["training", "validation"])
def test_parts(data, subset):
    arguments = {"validation_split": 0.4}
    theirs, ours = (flow(data, m, arguments=arguments, subset=subset) for m in (old, new))
    assert theirs.filenames == ours.filenames
    stratified = flow(data, arguments={**arguments, "stratify": True}, subset=subset)
    counts = pd.Series(stratified.classes).value_counts()
    assert counts.max() - counts.min() <= 1
    unlabelled = flow(
        data, arguments={**arguments, "stratify": True}, subset=subset, class_mode=None
    )
    assert unlabelled.samples == (8 if subset == "training" else 6)


def test_what_needs_one_class_for_each_row_says_so(data):
    frame = data.frame.copy()
    frame["class"] = [["cat"], ["dog", "fox"]] * 7
    arguments = {"validation_split": 0.4, "stratify": True}
    with pytest.raises(ValueError, match="stratify=True needs one class for each row"):
        flow(data, frame=frame, arguments=arguments, subset="training")
    for options in ({"frame": frame}, {"class_mode": None}):
        with pytest.raises(ValueError, match="balance=True repeats samples of small classes"):
            flow(data, arguments={"balance": True}, **options)


def test_balance_and_weights_of_skipped_rows(data, tmp_path):
    frame = data.frame[data.frame["class"] != "fox"].iloc[:8]
    balanced = flow(data, frame=frame, arguments={"balance": True}, class_mode="sparse")
    counts = np.bincount(balanced[0][1].astype(int))
    assert counts[0] == counts[1] == frame["class"].value_counts().max()
    broken = frame.copy()
    broken.iloc[2, 0] = "cat/none.png"
    skipping = flow(
        data,
        frame=broken,
        arguments={"on_error": "skip"},
        validate_filenames=False,
        weight_col="weight",
    )
    expected = broken["weight"].to_numpy().copy()
    weights = skipping[0][2]
    assert weights[2] == 0
    np.testing.assert_array_equal(np.delete(weights, 2), np.delete(expected, 2))


def test_the_frame_is_not_changed(data):
    before = data.frame.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flow(data, classes=["dog", "fox"])
    pd.testing.assert_frame_equal(data.frame, before)
