"""Name the kind of a file that cannot be read: empty, cut short, encrypted, or of another format.

Belongs here: telling the kind by a file's first and last bytes, as ``file`` does. Does not belong
here: reading one. Nothing of the content is quoted.
"""

from __future__ import annotations

from typing import Literal

from aml_assets.io.spill import Content

Format = Literal["Parquet", "ORC"]
"""What a file should be."""

_LOOKED_AT = 4096  # bytes at once

AGAIN = "Have the upstream system write it again."
_AS_WANTED = "Have the upstream system write it as {wanted}."
_NOT_HERE = "Have it moved out of the folder, or written as {wanted}."
_SETTING = "Set format: {setting} for this table, or have the upstream system write it as {wanted}."

_PLAIN, _ENCRYPTED = b"PAR1", b"PARE"
_ORC = b"ORC"

_FORMATS = {
    _PLAIN: "a Parquet file",
    _ENCRYPTED: "a Parquet file",
    _ORC: "an ORC file",
    b"Obj\x01": "an Avro file",
    b"SEQ": "a Hadoop sequence file",
    b"RCF": "an RCFile",
    b"ARROW1": "an Arrow file",
    b"FEA1": "a Feather file",
    b"\x1f\x8b": "a gzip file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\x04\x22\x4d\x18": "an LZ4 file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip file",
    b"PK\x03\x04": "a ZIP file (or an Excel one)",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file",
    b"SQLite format 3": "an SQLite file",
    b"\x89HDF": "an HDF5 file",
    b"crc\x00": "a checksum of Hadoop's",
    b"%PDF": "a PDF file",
    b"-----BEGIN PGP": "a PGP message",
    b"version https://git-lfs": "a Git LFS pointer, not the file",
}
"""The first bytes of a file → what kind of file it is."""

_WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")  # byte order marks of UTF-16

_TEXTS = {
    b"<!doctype html": "an HTML page",
    b"<html": "an HTML page",
    b"<?xml": "an XML file",
    b"<": "an XML or HTML file",
    b"{": "a JSON file",
    b"[": "a JSON file",
}


def what_it_is(content: Content, wanted: Format = "Parquet") -> tuple[str, str]:
    """Return what is wrong with a file that cannot be read, and a remedy.

    The first text goes on after "the file …", as "is empty (0 bytes)".
    """
    if not len(content):
        return "is empty (0 bytes)", AGAIN
    begin, end = content[:_LOOKED_AT], content[-len(_PLAIN) :]
    harmed = _orc(begin, end) if wanted == "ORC" else _parquet(begin, end, len(content))
    if harmed is not None:
        return harmed
    if _is_zeros(content):
        return "holds nothing but zeros", AGAIN
    for first, what in _FORMATS.items():
        if begin.startswith(first):
            remedy = _NOT_HERE if "Hadoop's" in what else _AS_WANTED
            if first in (_PLAIN, _ORC):
                remedy = _SETTING
            setting = "orc" if first == _ORC else "parquet"
            return f"is not {wanted}, but {what}", remedy.format(wanted=wanted, setting=setting)
    if _ends_as_orc(end) if wanted == "ORC" else end == _PLAIN:
        return "is damaged: its beginning is missing", AGAIN
    return f"is not {wanted}, but {_text_or_other(begin)}", _AS_WANTED.format(wanted=wanted)


def _parquet(begin: bytes, end: bytes, length: int) -> tuple[str, str] | None:
    """Return what is wrong with a Parquet file; ``None`` if it does not begin as one."""
    if begin.startswith(_ENCRYPTED):
        return "is encrypted (Parquet modular encryption)", "Have it written without encryption."
    if not begin.startswith(_PLAIN):
        return None
    if end == _PLAIN and length > 2 * len(_PLAIN):
        return "is damaged: its footer cannot be read", AGAIN
    return "is truncated: its footer is missing", AGAIN


def _orc(begin: bytes, end: bytes) -> tuple[str, str] | None:
    """Return what is wrong with an ORC file; ``None`` if it does not begin as one."""
    if not begin.startswith(_ORC):
        return None
    if _ends_as_orc(end):
        return "is damaged: it cannot be decoded", AGAIN
    return "is truncated: its end is missing", AGAIN


def _ends_as_orc(end: bytes) -> bool:
    """Return whether a file's last four bytes are those of ORC; the last one is a length."""
    return end[:-1] == _ORC


def _is_zeros(content: Content) -> bool:
    starts = range(0, len(content), _LOOKED_AT)
    return not any(content[start : start + _LOOKED_AT].strip(b"\0") for start in starts)


def _text_or_other(content: bytes) -> str:
    if content.startswith(_WIDE_TEXT):
        return "a text file (CSV, say)"
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    for first, what in _TEXTS.items():
        if start[: len(first)].lower() == first:
            return what
    # No text in any encoding of one or more bytes holds control characters.
    controls = sum(each < 32 and each not in b"\t\n\v\f\r\x1b" for each in start)
    return "something else" if controls else "a text file (CSV, say)"
