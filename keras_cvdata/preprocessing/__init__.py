"""Old code goes on: `keras_cvdata.preprocessing.image` in the place of Keras's module."""
