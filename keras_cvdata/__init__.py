"""Keras-native image data: sequences for `model.fit` and composable augmentation layers."""
