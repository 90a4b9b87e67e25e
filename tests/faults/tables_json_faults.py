"""JSON files that are hostile, damaged or just very large."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.tables import (
    MB,
    fault,
    use_boxes,
    use_levels,
    use_pickled,
    use_reading,
    use_table,
    write_json,
)


def make_keys_of_their_own(folder: Path) -> Path:
    rows = (f'{{"location":"a","label":0,"{n:x}":1}}\n' for n in range(50_000))
    return write_json(folder, rows)


def make_cut_string(folder: Path) -> Path:
    return write_json(folder, ['[{"location": "', *["a" * MB] * 20])


def make_cut_escapes(folder: Path) -> Path:
    return write_json(folder, ['[{"location": "', *["\\\\" * MB] * 2])


def make_deep_array(folder: Path) -> Path:
    return write_json(
        folder, ['[{"location": "a", "label": "b", "c": ', "[" * 100_000, "]" * 100_000, "}]"]
    )


def make_deep_column(folder: Path) -> Path:
    return write_json(
        folder, ['[{"location": "a", "label": "b", "c": ', "[" * 800, "]" * 800, "}]"]
    )


def make_half_location(folder: Path) -> Path:
    return write_json(folder, '[{"location": "\\ud800.jpg", "label": "b"}]')


def make_half_label(folder: Path) -> Path:
    return write_json(folder, '[{"location": "a.jpg", "label": "\\ud83d"}]')


def make_json_digits(folder: Path) -> Path:
    return write_json(folder, f'[{{"location": "a.jpg", "label": {"9" * 4000}}}]')


def make_json_more_digits(folder: Path) -> Path:
    return write_json(folder, f'[{{"location": "a.jpg", "label": 1, "c": {"9" * 5000}}}]')


def make_key_twice(folder: Path) -> Path:
    keys = ", ".join(f'"k{n}": 1' for n in range(100_000))
    return write_json(folder, f'[{{"location": "a.jpg", "label": 1, {keys}, "k99999": 2}}]')


def make_json_pixels(folder: Path) -> Path:
    row = "[" + ",".join(["128"] * 1000) + "]"
    image = "[" + ",".join([row] * 1000) + "]"
    return write_json(folder, [f'{{"location": {image}, "label": "cat"}}\n'] * 15)


def make_json_large_pixels(folder: Path) -> Path:
    row = "[" + ",".join(["128"] * 4000) + "]"
    return write_json(folder, ['{"location": [', ",".join([row] * 4000), '], "label": "cat"}'])


def make_loose_pixels(folder: Path) -> Path:
    row = "[" + ", ".join(["128"] * 500) + "]"
    image = "[" + ",".join([row] * 500) + "]"
    return write_json(folder, [f"{{'location': {image}, 'label': 'cat'}}\n"] * 2)


def make_loose_brackets(folder: Path) -> Path:
    return write_json(folder, ["{'location': 'a', 'label': 'b', 'c': [", "[]," * 600_000, "]}"])


def make_large_codes(folder: Path) -> Path:
    rows = '{"location": "a", "label": [999999, 0]}\n{"location": "a", "label": [1, 0, 2]}\n'
    return write_json(folder, [rows] * 5000)


def make_large_levels(folder: Path) -> Path:
    return write_json(folder, [f'{{"location": "a", "label": {[999_999] * 60}}}\n'] * 2)


def _box_cell(cell: str) -> list[str]:
    return ['{"location": "a.jpg", "boxes": ', cell, "}"]


def make_boxes_beyond_floats(folder: Path) -> Path:
    return write_json(folder, _box_cell("[[0, 0, 1e300, 5]]"))


def make_boxes_of_digits(folder: Path) -> Path:
    return write_json(folder, _box_cell(f"[[0, 0, {'9' * 4000}, 5]]"))


def make_boxes_of_large_class(folder: Path) -> Path:
    return write_json(folder, _box_cell("[[0, 0, 4, 5, 99999999999]]"))


def make_boxes_of_wrong_kind(folder: Path) -> Path:
    return write_json(folder, _box_cell('[{"box": 7}]'))


def make_boxes_of_deep_text(folder: Path) -> Path:
    return write_json(folder, _box_cell(json.dumps("[" * 100_000)))


def make_million_boxes(folder: Path) -> Path:
    return write_json(folder, _box_cell("[" + ",".join(["[0,0,9,9]"] * 10**6) + "]"))


def make_many_values_in_a_box(folder: Path) -> Path:
    return write_json(folder, _box_cell("[[" + ",".join(["0"] * 10**6) + "]]"))


FAULTS = (
    fault("json-keys-of-their-own", make_keys_of_their_own, use_table, r"ValueError: ", quick=True),
    fault(
        "json-cut-in-a-long-string",
        make_cut_string,
        use_table,
        r"ValueError: .*line 1: .{,300}$",
        quick=True,
    ),
    fault(
        "json-cut-in-a-string-of-escapes",
        make_cut_escapes,
        use_table,
        r"ValueError: .*line 1: .{,300}$",
    ),
    fault("json-100,000-levels", make_deep_array, use_table, r"ValueError: .*line 1: "),
    fault(
        "json-800-levels-pickled", make_deep_column, use_pickled, r"ValueError: .*line 1: .*levels"
    ),
    fault("json-half-a-pair-in-location", make_half_location, use_table, r"ValueError: .*line 1: "),
    fault("json-half-a-pair-in-label", make_half_label, use_table, r"ValueError: .*line 1: "),
    fault("json-label-of-4,000-digits", make_json_digits, use_table, r"ValueError: .{,1000}$"),
    fault(
        "json-number-of-5,000-digits", make_json_more_digits, use_table, r"ValueError: .*line 1: "
    ),
    fault(
        "json-key-twice-of-100,000", make_key_twice, use_table, r"ValueError: .*'k99999' 2 times"
    ),
    fault(
        "json-pixels-of-15-images",
        make_json_pixels,
        use_reading,
        r"image of \(1000, 1000, 1\)",
        cpu=10,
    ),
    fault(
        "json-pixels-of-64-MB",
        make_json_large_pixels,
        use_reading,
        r"image of \(4000, 4000, 1\)",
        cpu=10,
        memory=1500,
    ),
    fault("json-loose-pixels", make_loose_pixels, use_reading, r"image of \(500, 500, 1\)"),
    fault("json-loose-brackets", make_loose_brackets, use_table, r"1 images"),
    fault("json-codes-of-a-million", make_large_codes, use_table, r"ValueError: "),
    fault("json-levels-of-a-million", make_large_levels, use_levels, r"ValueError: "),
    fault("json-boxes-beyond-floats", make_boxes_beyond_floats, use_boxes, r"ValueError: .*row 0"),
    fault("json-boxes-of-4,000-digits", make_boxes_of_digits, use_boxes, r"ValueError: .*row 0"),
    fault(
        "json-boxes-of-a-large-class", make_boxes_of_large_class, use_boxes, r"ValueError: .*row 0"
    ),
    fault(
        "json-boxes-of-a-wrong-kind", make_boxes_of_wrong_kind, use_boxes, r"ValueError: .*row 0"
    ),
    fault("json-boxes-of-deep-text", make_boxes_of_deep_text, use_boxes, r"ValueError: .*row 0"),
    fault("json-a-million-boxes", make_million_boxes, use_boxes, r"1000000 boxes", cpu=10),
    fault(
        "json-box-of-a-million-values",
        make_many_values_in_a_box,
        use_boxes,
        r"ValueError: .{,1000}$",
    ),
)
