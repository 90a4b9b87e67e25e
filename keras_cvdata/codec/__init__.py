"""Encoded images to pixels: formats, limits, orientation, depth and color modes."""

from keras_cvdata.codec.colors import to_color_mode
from keras_cvdata.codec.decoding import decode, encode, read
from keras_cvdata.codec.header import Header
from keras_cvdata.codec.headers import sniff
from keras_cvdata.codec.masks import read_colors, read_mask

__all__ = [
    "Header",
    "decode",
    "encode",
    "read",
    "read_colors",
    "read_mask",
    "sniff",
    "to_color_mode",
]
