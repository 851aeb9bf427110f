"""The file that a database is carried in: JSON lines, compressed by gzip, whose last one says that it is complete.

The first line is a `Manifest`; ``{"sha256": SUM}`` follows, its checksum, as it is acted upon before the rest is read.
Then, for each table, there is a line ``{"table": NAME}`` and a line with a list for each row, in which bytes are in
Base64. The last line, ``{"end": ROWS, "sha256": SUM}``, has the number of rows, and the checksum of all lines before.
"""

import gzip
import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from posthouse.core.errors import PosthouseError

FORMAT = 1
#: Much of a database is JSON, of which the fastest level saves nearly as much as the slowest one.
LEVEL = 1
#: How many rows are in memory at a time at most, and how many bytes of lines where there are several.
ROWS = 1000
BYTES = 4 * 1024 * 1024
GZIP = 16 + zlib.MAX_WBITS
FOREIGN = "this is no export of posthouse"

Row = Mapping[str, Any]


class Manifest(BaseModel):
    """What an export holds. Times are seconds since the epoch."""

    model_config = ConfigDict(frozen=True)

    posthouse_export: int = FORMAT
    """The format of the file."""
    version: str
    """Which posthouse wrote it."""
    migration: str
    written_at: float
    columns: Mapping[str, tuple[str, ...]]
    """The columns of each table, in the order of the values in its rows."""
    rows: Mapping[str, int]
    last_ids: Mapping[str, int]
    """The highest id that was ever given in each table that counts."""
    oldest_at: float | None
    """When its first event was received; None if it has none."""


class Writer:
    """Writes one export."""

    def __init__(self, stream: BinaryIO, manifest: Manifest) -> None:
        self._stream = stream
        self._zip = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._sum = hashlib.sha256()
        self._rows = 0
        self._line(manifest.model_dump())
        self._line({"sha256": self._sum.hexdigest()})

    def begin(self, table: str) -> None:
        """Go on with the rows of a table."""
        self._line({"table": table})

    def row(self, values: Sequence[Any]) -> None:
        """Write a row of it."""
        self._line([_in_base64(value) if isinstance(value, bytes) else value for value in values])
        self._rows += 1

    def end(self) -> None:
        """Say that this was all; without it, nobody takes the export for one."""
        self._line({"end": self._rows, "sha256": self._sum.hexdigest()})
        self._stream.write(self._zip.flush())
        self._stream.flush()

    def _line(self, value: object) -> None:
        line = _json(value)
        self._sum.update(line)
        self._stream.write(self._zip.compress(line))


class Reader:
    """Reads one export. Raises `PosthouseError` for a file that is none, is not complete or is damaged."""

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = gzip.GzipFile(fileobj=stream, mode="rb")
        self._sum = hashlib.sha256()
        try:
            first, second = self._zip.readline(), self._zip.readline()
        except EOFError:
            raise PosthouseError(f"{FOREIGN}, or only the beginning of one") from None
        except (gzip.BadGzipFile, zlib.error):
            raise PosthouseError(FOREIGN) from None
        self._sum.update(first)
        self.manifest = _manifest(first)
        if second != _json({"sha256": self._sum.hexdigest()}):
            raise PosthouseError("the export is damaged: the checksum of its first line is another one")
        self._sum.update(second)

    def batches(self, in_base64: Collection[tuple[str, str]]) -> Iterator[tuple[str, list[Row]]]:
        """Yield the rows of each table, a few at a time; only when this has ended are they known to be complete.

        ``in_base64`` are the tables' columns that hold bytes.
        """
        try:
            yield from self._batches(in_base64)
        except EOFError:
            raise PosthouseError("the export is cut off: it has no end") from None
        except (gzip.BadGzipFile, zlib.error, ValueError, KeyError, TypeError) as error:
            raise PosthouseError(f"the export is damaged: {type(error).__name__}") from None

    def _batches(self, in_base64: Collection[tuple[str, str]]) -> Iterator[tuple[str, list[Row]]]:
        table, rows, size, count = "", list[Row](), 0, 0
        while line := self._zip.readline():
            said = json.loads(line)
            if isinstance(said, list):
                rows.append(self._row(table, said, in_base64))
                size, count = size + len(line), count + 1
            if rows and (isinstance(said, dict) or len(rows) >= ROWS or size >= BYTES):
                yield table, rows
                rows, size = [], 0
            if isinstance(said, dict) and "end" in said:
                self._require_all(said, count)
                return
            if isinstance(said, dict):
                table = said["table"]
            self._sum.update(line)
        raise EOFError

    def _row(self, table: str, values: Sequence[Any], in_base64: Collection[tuple[str, str]]) -> Row:
        return {
            name: b64decode(value, validate=True) if (table, name) in in_base64 else value
            for name, value in zip(self.manifest.columns[table], values, strict=True)
        }

    def _require_all(self, end: Mapping[str, Any], count: int) -> None:
        expected = sum(self.manifest.rows.values())
        if end["sha256"] != self._sum.hexdigest():
            raise PosthouseError("the export is damaged: its checksum is another one")
        if (end["end"], count) != (expected, expected):
            raise PosthouseError(f"the export is damaged: it has {count} rows instead of {expected}")
        self._zip.read(1)  # gzip's own checksum comes behind it


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _in_base64(value: bytes) -> str:
    return b64encode(value).decode()


def _manifest(line: bytes) -> Manifest:
    try:
        found = json.loads(line)
        number = found["posthouse_export"]
        if number != FORMAT:
            raise PosthouseError(
                f"posthouse {found.get('version', '?')} wrote this export in format {number}, and this one reads "
                f"{FORMAT}: install that version"
            )
        return Manifest.model_validate(found)
    except (ValueError, KeyError, TypeError, ValidationError):
        raise PosthouseError(FOREIGN) from None
