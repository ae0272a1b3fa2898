"""Writing files whole: a temporary name beside the target, then a rename."""

import os
import tempfile
from pathlib import Path

from .errors import BadInput


def write_whole(path, write):
    """Calls `write(binary stream)` on a temporary file and renames it to `path`; on an error nothing is left."""
    path = Path(path)
    if path.is_dir():
        raise BadInput(f"{path}: is a folder; expected the name of a file")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: its folder does not exist")
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
