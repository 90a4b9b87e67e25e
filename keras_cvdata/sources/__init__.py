"""Where images come from: random access to samples, without Keras."""
