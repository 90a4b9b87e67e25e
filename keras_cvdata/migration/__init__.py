"""Old code with Keras's image module, changed to that of this package: `keras-cvdata migrate`."""

try:
    import libcst  # noqa: F401
except ImportError as error:
    raise ImportError(
        'keras-cvdata migrate needs libcst. Install it: pip install "keras-cvdata[migrate]"'
    ) from error

from keras_cvdata.migration.analysis import migrate_source
from keras_cvdata.migration.changes import Note
from keras_cvdata.migration.files import Migrated, find_files, migrate_file, write

__all__ = ["Migrated", "Note", "find_files", "migrate_file", "migrate_source", "write"]
