"""Files and folders that appear complete or not at all, whatever ends the run that writes them."""

from keras_cvdata.writing.files import check_writable, replacing_file, write_bytes, write_text
from keras_cvdata.writing.folders import check_free_folder, replacing_folder
from keras_cvdata.writing.keeping import write_or_keep

__all__ = [
    "check_free_folder",
    "check_writable",
    "replacing_file",
    "replacing_folder",
    "write_bytes",
    "write_or_keep",
    "write_text",
]
