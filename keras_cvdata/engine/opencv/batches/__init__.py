"""Small images a whole batch at a time: what images share is done once, not once for each.

For images of a few kilobytes the calls cost more than the pixels. The result is that of
`engine.opencv.render` on one image after the other, bit for bit. `ways` is for images of any size:
numbers, before there are pixels.
"""

from keras_cvdata.engine.opencv.batches.rendering import Together

__all__ = ["Together"]
