"""Wrong data and wrong arguments, as a user meets them: the error says what, where and the mend."""

import h5py
import numpy as np
import pandas as pd
import pytest

import keras_cvdata as cvd

OPTIONS = {"image_size": (16, 16), "verbose": 0}


def refuse(error, *words):
    """Expect an error whose message holds all the words."""
    pattern = "".join(f"(?=.*{word})" for word in words)
    return pytest.raises(error, match=f"(?s){pattern}")


def test_missing_folder(tmp_path):
    with refuse(FileNotFoundError, "no_such"):
        cvd.DirectorySequence(tmp_path / "no_such", **OPTIONS)


def test_empty_folder(tmp_path):
    with refuse(ValueError, tmp_path.name, "neither folders nor images"):
        cvd.DirectorySequence(tmp_path, **OPTIONS)


def test_folder_of_images_without_classes(photo_folder):
    with refuse(ValueError, "cat", "label_mode=None"):
        cvd.DirectorySequence(photo_folder / "cat", **OPTIONS)


def test_folder_with_one_class(photo_folder, tmp_path):
    (tmp_path / "cat").symlink_to(photo_folder / "cat")
    with refuse(ValueError, "two classes", "cat"):
        cvd.DirectorySequence(tmp_path, follow_links=True, **OPTIONS)


def test_misspelt_class_names_of_folders(photo_folder):
    with refuse(ValueError, "fox", "fxo"):
        cvd.DirectorySequence(photo_folder, class_names=["cat", "dog", "fxo"], **OPTIONS)


def table(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_csv_without_the_column(tmp_path):
    path = table(tmp_path, "label,file\ncat,1.jpg\ndog,2.jpg\n")
    with refuse(ValueError, "table.csv", "location", "file"):
        cvd.CSVSequence(path, **OPTIONS)


def test_csv_with_a_duplicate_column(tmp_path):
    path = table(tmp_path, "label,location,label\ncat,1.jpg,cat\ndog,2.jpg,dog\n")
    with refuse(ValueError, "table.csv", "label"):
        cvd.CSVSequence(path, **OPTIONS)


def test_csv_with_an_unclosed_quote(tmp_path):
    path = table(tmp_path, 'label,location\ncat,1.jpg\n"dog,2.jpg\ncat,3.jpg\n')
    with refuse(ValueError, "table.csv", "line 3"):
        cvd.CSVSequence(path, **OPTIONS)


def test_csv_row_without_a_label(tmp_path):
    path = table(tmp_path, "label,location\ncat,1.jpg\n,2.jpg\n")
    with refuse(ValueError, "table.csv", "label"):
        cvd.CSVSequence(path, **OPTIONS)


def test_csv_label_outside_class_names(tmp_path):
    path = table(tmp_path, "label,location\ncat,1.jpg\nfox,2.jpg\n")
    with refuse(ValueError, "fox", "cat"):
        cvd.CSVSequence(path, class_names=["cat", "dog"], **OPTIONS)


def test_csv_naming_a_missing_file(tmp_path):
    path = table(tmp_path, "label,location\ncat,1.jpg\ndog,2.jpg\n")
    with refuse(
        FileNotFoundError, r"table\.csv, line 2", r"1\.jpg", "2 rows, 2", "root=", "missing="
    ):
        cvd.CSVSequence(path, **OPTIONS)
    seq = cvd.CSVSequence(path, missing="later", **OPTIONS)
    with refuse(cvd.ImageError, r"\d\.jpg", "row"):
        seq[0]


def test_csv_leaving_its_root(tmp_path):
    path = table(tmp_path, "label,location\ncat,../../etc/passwd\ndog,2.jpg\n")
    (tmp_path / "2.jpg").touch()
    seq = cvd.CSVSequence(path, root=tmp_path, shuffle=False, **OPTIONS)
    with refuse(cvd.ImageError, "passwd", "root"):
        seq[0]


def test_bad_json(tmp_path):
    path = table(tmp_path, '[{"label": "cat", "location": "1.jpg"}, {"label" oops}]', "t.json")
    with refuse(ValueError, "t.json", "line 1"):
        cvd.JSONSequence(path, **OPTIONS)


def test_hdf5_with_an_external_link(tmp_path):
    """The link could read any file of the machine."""
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = np.zeros((2, 4, 4, 3), np.uint8)
    with h5py.File(tmp_path / "pets.h5", "w") as file:
        for name in ("cats", "dogs"):
            file.create_group(name).attrs["label"] = name
            file[name]["images"] = h5py.ExternalLink("other.h5", "/images")
    with refuse(ValueError, "pets.h5", "images", "external"):
        cvd.HDF5Sequence(tmp_path / "pets.h5", **OPTIONS)


def test_text_as_hdf5(tmp_path):
    path = table(tmp_path, "not hdf5", "t.h5")
    with refuse(ValueError, "t.h5", "HDF5"):
        cvd.HDF5Sequence(path, **OPTIONS)


def test_mismatched_lengths():
    with refuse(ValueError, "4", "3"):
        cvd.ArraySequence(np.zeros((4, 8, 8, 3), "uint8"), [0, 1, 0], verbose=0)


def test_labels_outside_class_names_of_arrays():
    with refuse(ValueError, "2"):
        cvd.ArraySequence(
            np.zeros((3, 8, 8, 3), "uint8"), [0, 1, 2], class_names=["cat", "dog"], verbose=0
        )


def test_nan_in_arrays():
    x = np.zeros((3, 8, 8, 1), "float32")
    x[1, 2, 3] = np.nan
    with refuse(ValueError, "1", "NaN|nan"):
        cvd.ArraySequence(x, [0, 1, 0], verbose=0)


def test_floats_of_unknown_range():
    x = np.full((2, 8, 8, 1), 200.0, "float32")
    assert cvd.ArraySequence(x, [0, 1], verbose=0)[0][0].max() == 200
    seq = cvd.ArraySequence(x, [0, 1], rescale="unit", verbose=0)
    with refuse(ValueError, "value_range"):
        seq[0]
    scaled = cvd.ArraySequence(x, [0, 1], rescale="unit", value_range=(0, 255), verbose=0)
    np.testing.assert_allclose(scaled[0][0], 200 / 255, rtol=1e-6)


def test_empty_data_frame():
    with refuse(ValueError, "no rows"):
        cvd.DataFrameSequence(pd.DataFrame({"location": [], "label": []}), **OPTIONS)


def test_unknown_keyword(photo_folder):
    with refuse(TypeError, "imagesize"):
        cvd.DirectorySequence(photo_folder, imagesize=(8, 8))
    with refuse(TypeError, "probability"):
        cvd.layers.RandomFlip(probability=0.5)
