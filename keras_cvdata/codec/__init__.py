"""Encoded images to pixels: formats, limits, orientation, depth and color modes."""

from keras_cvdata.codec.colors import to_color_mode
from keras_cvdata.codec.decoding import decode, encode, read
from keras_cvdata.codec.headers import Header, sniff

__all__ = ["Header", "decode", "encode", "read", "sniff", "to_color_mode"]
