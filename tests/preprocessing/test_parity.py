"""The old class of Keras and ours give the same batches for the same arguments and seeds."""

import pytest

from tests.preprocessing.parity import compare, random_combinations, single_arguments

# Largest mean difference in grey levels, of warps alone and of all combinations.
ALONE, COMBINED = 0.001, 0.05

# What must be equal to the last bit where it acts alone.
EXACT = {
    *("horizontal_flip", "vertical_flip", "channel_shift_range", "brightness_range", "rescale"),
    *("preprocessing_function", "samplewise_center", "samplewise_std_normalization"),
    *(
        "featurewise_center",
        "featurewise_std_normalization",
    ),
    *("data_format", "validation_split", "dtype"),
}


# A table is read as a folder is, so what it does alone is left to the slow tests.
SINGLE = [
    pytest.param(each, marks=[pytest.mark.slow] * (each.flow == "frame"))
    for each in single_arguments()
]


@pytest.mark.parametrize("combination", SINGLE, ids=str)
def test_each_argument_alone(data, combination):
    found = compare(data, combination)
    assert found.mean <= ALONE
    assert found.off == 0
    if not combination.arguments or combination.arguments.keys() <= EXACT:
        assert found.equal == 1


COMBINATIONS = [
    pytest.param(each, marks=[pytest.mark.nightly] * (number >= 60 * 3))  # on three flows each
    for number, each in enumerate(random_combinations(200))
]


@pytest.mark.slow
@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_random_combinations(data, combination):
    found = compare(data, combination)
    assert found.mean <= COMBINED
    assert found.off == 0
