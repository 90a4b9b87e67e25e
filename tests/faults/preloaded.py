"""What processes that try faults have imported before: the package with all its names."""

import keras_cvdata

for _name in keras_cvdata.__all__:
    getattr(keras_cvdata, _name)
