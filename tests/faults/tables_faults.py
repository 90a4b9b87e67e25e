"""CSV files that are hostile, damaged or just very large."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.tables import (
    MB,
    fault,
    use_levels,
    use_multilabel,
    use_pixel_columns,
    use_reading,
    use_strictly,
    use_table,
    use_warned,
    write_csv,
)


def make_column_twice(folder: Path) -> Path:
    names = [f"c{number}" for number in range(100_000)]
    return write_csv(folder, ["location,label,", ",".join(names), ",c5\n"])


def make_million_columns(folder: Path) -> Path:
    names = ",".join(f"{number:x}" for number in range(10**6))
    return write_csv(folder, ["location,label,", names, "\na.jpg,cat", "," * 10**6, "\n"])


def make_pixel_columns(folder: Path) -> Path:
    names = ",".join(f"p{number}" for number in range(100_000))
    return write_csv(folder, [names, "\n", ",".join(["7"] * 100_000), "\n"])


def make_long_cell(folder: Path) -> Path:
    return write_csv(folder, ["location,label\n", *["a" * MB] * 32, ",cat\n"])


def make_long_label(folder: Path) -> Path:
    return write_csv(folder, ["location,label\na.jpg,", *["a," * MB] * 10, "\n"])


def make_long_quoted_label(folder: Path) -> Path:
    return write_csv(folder, ['location,label\na.jpg,"', *["a," * MB] * 10, '"\n'])


def make_open_quote(folder: Path) -> Path:
    return write_csv(folder, ['location,label\n"a.jpg,cat\n', *["a.jpg,cat\n" * 100_000] * 20])


def make_open_quote_of_short_lines(folder: Path) -> Path:
    return write_csv(folder, ['location,label\n"a.jpg,cat\n', *["\n" * MB] * 10])


def make_nul(folder: Path) -> Path:
    return write_csv(folder, "location,label\na\0b.jpg,cat\nb.jpg,d\0g\n")


def make_mixed_ends(folder: Path) -> Path:
    return write_csv(folder, "\ufefflocation,label\r\na.jpg,cat\rb.jpg,dog\nc.jpg,cat\r\n\r\n")


def make_endless_line(folder: Path) -> Path:
    path = folder / "t.csv"
    with path.open("wb") as file:
        file.write(b"location,label\n")
        file.truncate(1 << 40)
    return path


def make_own_labels(folder: Path) -> Path:
    rows = (f"{n:x}.jpg,{n:x}|b\n" for n in range(60_000))
    return write_csv(folder, ["location,label\n", *rows])


def make_digits(folder: Path) -> Path:
    return write_csv(folder, f"location,label\na.jpg,{'9' * 4000}\nb.jpg,1\n")


def make_csv_pixels(folder: Path) -> Path:
    row = "[" + ",".join(["128"] * 1000) + "]"
    image = "[" + ",".join([row] * 1000) + "]"
    return write_csv(folder, ["location,label\n", *[f"{image},cat\n"] * 15])


def make_csv_large_pixels(folder: Path) -> Path:
    row = "[" + ",".join(["128"] * 4000) + "]"
    return write_csv(folder, ["location,label\n[", ",".join([row] * 3999), ",", row, "],cat\n"])


def make_many_levels(folder: Path) -> Path:
    return write_csv(folder, ["location,label\na.jpg,", "a/" * 500_000, "b\n"])


def make_blank_list(folder: Path) -> Path:
    return write_csv(folder, ["location,label\na.jpg,\"[''", " " * 400_000, "']\"\n"])


def make_one_long_of_many(folder: Path) -> Path:
    rows = (f'{n}.jpg,"[a, b{n % 7}]"\n' for n in range(20_000))
    return write_csv(folder, ["location,label\n", *rows, f'x.jpg,"[a, {"b" * 200_000}]"\n'])


def make_deep_locations(folder: Path) -> Path:
    rows = (f"{'a/' * 1990}{n}/a.jpg,cat\n" for n in range(250))
    return write_csv(folder, ["location,label\n", *rows])


def make_long_location(folder: Path) -> Path:
    return write_csv(folder, ["location,label\n", "a/" * 500_000, "b.jpg,cat\n"])


def make_loop_in_root(folder: Path) -> Path:
    (folder / "loop").symlink_to("loop")
    return write_csv(folder, "location,label\nloop/a.jpg,cat\n")


def make_utf16(folder: Path) -> Path:
    return write_csv(folder, "location,label\na.jpg,cat\n", "utf-16")


def make_latin(folder: Path) -> Path:
    return write_csv(folder, "location,label\ncaf\xe9.jpg,cat\n", "latin-1")


def make_fifo(folder: Path) -> Path:
    os.mkfifo(folder / "t.csv")
    return folder / "t.csv"


def make_normalization(folder: Path) -> Path:
    return write_csv(folder, "location,label\na.jpg,caf\u00e9\nb.jpg,cafe\u0301\n")


def make_million_classes(folder: Path) -> Path:
    rows = (f"{n:x}.jpg,c{n:x}\n" for n in range(10**6))
    return write_csv(folder, ["location,label\n", *rows])


FAULTS = (
    fault(
        "csv-column-twice-of-100,000",
        make_column_twice,
        use_table,
        r"ValueError: .*'c5' is there 2 times",
        quick=True,
    ),
    fault(
        "csv-of-a-million-columns",
        make_million_columns,
        use_table,
        r"1 images, 1000000 more",
        cpu=8,
        memory=1000,
    ),
    fault(
        "csv-of-100,000-pixel-columns",
        make_pixel_columns,
        use_pixel_columns,
        r"images of \(100, 1000, 1\) and",
    ),
    fault("csv-cell-of-32-MB", make_long_cell, use_table, r"1 images"),
    fault("csv-cell-of-32-MB-read", make_long_cell, use_reading, r"ImageError: .{,400}$"),
    fault("csv-cell-of-32-MB-found", make_long_cell, use_strictly, r"FileNotFoundError: .{,1000}$"),
    fault(
        "csv-row-of-10-million-values",
        make_long_label,
        use_table,
        r"ValueError: .{,1000}$",
        memory=2000,
        cpu=5,
    ),
    fault("csv-label-of-20-MB", make_long_quoted_label, use_multilabel, r".{,1000}$"),
    fault(
        "csv-quote-never-closed", make_open_quote, use_table, r"ValueError: .*line 2: .*not closed"
    ),
    fault(
        "csv-quote-never-closed-short-lines",
        make_open_quote_of_short_lines,
        use_table,
        r"ValueError: .*line 2: .*not closed",
    ),
    fault("csv-zero-characters", make_nul, use_reading, r"ImageError: a\\x00b.jpg.*zero character"),
    fault(
        "csv-mixed-line-ends-and-mark",
        make_mixed_ends,
        use_table,
        r"3 images, 0 more columns, .*2 classes",
    ),
    fault("csv-line-of-a-terabyte", make_endless_line, use_table, r"ValueError: .*line 2"),
    fault("csv-labels-each-once", make_own_labels, use_multilabel, r"ValueError: ", quick=True),
    fault("csv-label-of-4,000-digits", make_digits, use_table, r"ValueError: .{,1000}$"),
    fault(
        "csv-pixels-of-15-images",
        make_csv_pixels,
        use_reading,
        r"image of \(1000, 1000, 1\)",
        cpu=10,
    ),
    fault(
        "csv-pixels-of-64-MB",
        make_csv_large_pixels,
        use_reading,
        r"image of \(4000, 4000, 1\)",
        cpu=10,
        memory=1000,
    ),
    fault(
        "csv-hierarchy-of-500,000-levels", make_many_levels, use_levels, r"ValueError: .{,1000}$"
    ),
    fault("csv-list-of-blanks", make_blank_list, use_table, r"."),
    fault(
        "csv-one-long-label-of-many", make_one_long_of_many, use_table, r"20001 images", quick=True
    ),
    fault("csv-deep-locations", make_deep_locations, use_strictly, r"FileNotFoundError"),
    fault(
        "csv-location-of-1-MB", make_long_location, use_strictly, r"FileNotFoundError: .{,1000}$"
    ),
    fault(
        "csv-symlink-loop-with-root",
        make_loop_in_root,
        use_strictly,
        r"FileNotFoundError|ImageError",
    ),
    fault("csv-utf-16", make_utf16, use_table, r"ValueError: .*encoding="),
    fault("csv-latin-1", make_latin, use_table, r"ValueError: .*line 2.*encoding="),
    fault("csv-is-a-fifo", make_fifo, use_table, r"FileNotFoundError: .*is not a file"),
    fault("csv-classes-that-look-alike", make_normalization, use_warned, r"look alike"),
    fault(
        "csv-a-million-classes",
        make_million_classes,
        use_table,
        r"1000000 images.*1000000 classes",
        cpu=10,
    ),
)
