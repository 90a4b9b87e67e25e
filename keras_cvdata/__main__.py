"""`python -m keras_cvdata` is the command `keras-cvdata`."""

import sys

from keras_cvdata.cli import main

if __name__ == "__main__":
    sys.exit(main())
