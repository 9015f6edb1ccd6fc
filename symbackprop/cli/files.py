"""Which derivation files are meant, what they hold, and documents that appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from symbackprop.errors import FileError

if TYPE_CHECKING:
    from symbackprop.model.derivation_file import DerivationFile


def derivation_files(paths: Iterable[str]) -> list[Path]:
    """The .toml files that are named, or that lie in a named directory, sorted there.

    Raises: FileError for a path that names nothing.
    """
    return files_of(paths, ".toml")


def loaded(path: Path) -> "DerivationFile":
    """The derivation file at a path, with everything in it checked that can be without a proof.

    Raises: FileError with one line that says where and what to do.
    """
    from symbackprop.model.derivation_file import load
    from symbackprop.model.toml_values import told_at
    from symbackprop.write.check import check_names

    file = load(path)
    with told_at(str(path)):
        check_names(file)
    return file


def files_of(paths: Iterable[str], suffix: str) -> list[Path]:
    """The files that are named, and those with this suffix that lie in a named directory, sorted there.

    Raises: FileError for a path that names nothing.
    """
    files: list[Path] = []
    for text in paths:
        if not text:
            raise FileError("an empty path: name a file or a directory")
        path = Path(text)
        found = kind_of(path)
        if found == "directory":
            files += _inside(path, suffix)
        elif found == "file":
            files.append(path)
        else:
            raise FileError(f"{path}: no such file or directory")
    return list(dict.fromkeys(files))


def _inside(directory: Path, suffix: str) -> list[Path]:
    found = sorted(path for path in directory.rglob(f"*{suffix}") if path.is_file())
    if not found:
        raise FileError(f"{directory}: the directory holds no {suffix} file")
    return found


def kind_of(path: Path) -> str:
    """What the path names: "directory", "file" or nothing."""
    try:
        return "directory" if path.is_dir() else "file" if path.exists() else ""
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from None


def directory_for(option: str, text: str) -> Path:
    """The directory that an option names, which need not exist yet.

    Raises: FileError for what can be no directory, or none in which a file can be written.
    """
    path = Path(text)
    if not text.strip():
        raise FileError(f"{option} {text!r}: the text is empty; expected a directory")
    above = next(part for part in (path, *path.parents) if kind_of(part) or part == part.parent)
    if kind_of(above) == "file":
        raise FileError(f"{option} {text!r}: {above} is a file; expected a directory")
    check_writable(path, f"{option} {text!r}")
    return path


def check_writable(directory: Path, told: str) -> None:
    """Writes a file there and takes it away again, with all directories that were made for it.

    Raises: FileError that begins with `told`.
    """
    made: list[Path] = []
    try:
        for part in (*reversed(directory.parents), directory):
            if not part.is_dir():
                part.mkdir(exist_ok=True)
                made.append(part)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise FileError(f"{told}: nothing can be written there: {error.strerror}") from None
    finally:
        for part in reversed(made):
            with suppress(OSError):  # of one in which somebody else has written since
                part.rmdir()


def formats(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """The formats of `--format`, which are separated by commas.

    Raises: FileError for one that is not known, or none.
    """
    known = tuple(known)
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    if not chosen or not set(chosen) <= set(known):
        raise FileError(f"--format {text!r}: expected some of {', '.join(known)}")
    return chosen


def write_all(made: Mapping[Path, str]) -> list[Path]:
    """Writes each text to its path; returns the paths.

    Every text is in a temporary file beside its place before the first one takes it, so that what fails or is
    interrupted before leaves every file as it was.

    Raises: FileError where one cannot be written.
    """
    waiting: dict[Path, str] = {}
    try:
        for path, text in made.items():
            with _told(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                handle, waiting[path] = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
                with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                    stream.write(text)
                os.chmod(waiting[path], 0o644)
        for path in made:
            with _told(path):
                os.replace(waiting[path], path)
            del waiting[path]
    finally:
        for name in waiting.values():
            with suppress(OSError):
                os.unlink(name)
    return list(made)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}") from None
