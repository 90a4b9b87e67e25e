"""What a trained model makes of the images of a collection, and where it goes wrong."""

from keras_cvdata.review.report import ReviewReport
from keras_cvdata.review.run import review

__all__ = ["ReviewReport", "review"]
