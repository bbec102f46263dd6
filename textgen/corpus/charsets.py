"""Bytes to text: strict UTF-8 unless a byte-order mark or the user names another encoding.

Nothing is guessed and nothing is dropped. Binary files are recognised by their first bytes or by a NUL byte. For text
in another encoding the error suggests one (charset-normalizer helps), but it is never used unasked. Knows nothing of
files.
"""

import codecs
import contextlib
from collections.abc import Iterable, Iterator

from textgen.arguments import short
from textgen.corpus.notes import Note, NoteKind
from textgen.errors import CorpusError, UsageError

# The longer mark first: that of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The first bytes of files that are not plain text, what they are, and what to do.
SIGNATURES = (
    (b"\x1f\x8b", "gzip within gzip: unpack it first"),
    (b"\x89PNG", "looks like binary: a PNG picture; give plain text"),
    (b"\xff\xd8\xff", "looks like binary: a JPEG picture; give plain text"),
    (b"%PDF-", "looks like binary: a PDF; save its text as plain text first"),
    (b"{\\rtf", "looks like formatted text (RTF); save it as plain text first"),
    (b"PK\x03\x04", "looks like binary: a ZIP archive, as .docx and .epub are; save its text as plain text first"),
    (b"BZh", "bzip2: decompress it first, for instance bunzip2 -c FILE | textgen train -"),
    (b"\xfd7zXZ", "xz: decompress it first, for instance xz -dc FILE | textgen train -"),
    (b"\x28\xb5\x2f\xfd", "zstd: decompress it first, for instance zstd -dc FILE | textgen train -"),
    (b"\x7fELF", "looks like binary: a program; give plain text"),
    (b"\xd0\xcf\x11\xe0", "looks like binary: an old Office document; save its text as plain text first"),
)
# Encodings that an error names as examples; Python knows many more.
EXAMPLES = ("utf-8", "utf-16", "latin-1", "cp1252", "gb18030", "big5", "shift_jis", "euc-kr", "koi8-r")
# Characters beyond ASCII that texts in western European languages use.
WESTERN = frozenset("àáâäãåæçèéêëìíîïñòóôöõøœùúûüýÿßÀÁÂÄÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜÝ«»‘’“”„–—…€£§°¡¿\xa0")
# Share of the characters beyond ASCII that must be WESTERN for cp1252 to be suggested.
MIN_WESTERN_SHARE = 0.95
# Bytes from which an encoding is suggested.
MAX_EXAMINED_BYTES = 50_000
# Encodings that Python knows but that no text is in: those of host names, and one that always fails.
NOT_OF_TEXT = ("idna", "punycode", "undefined")
# Bytes that one unfinished sequence may have: UTF-7 and escapes have no bound, and would be read again and again.
MAX_HELD_BYTES = 1 << 22


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, list[Note]]:
    """The text of some bytes, and the notes on it. Arguments and errors as for `decoded`."""
    notes: list[Note] = []
    return "".join(decoded([data], name, encoding, notes)), notes


def decoded(chunks: Iterable[bytes], name: str, encoding: str | None, notes: list[Note]) -> Iterator[str]:
    """Decode bytes that come in chunks; yields the text piece by piece.

    Args:
        chunks: the bytes; the first chunk has at least four of them, if there are as many.
        name: what messages call the source of the bytes.
        encoding: a name that Python knows; None for UTF-8, or the encoding of a byte-order mark.
        notes: a list to which notes are added.

    Raises:
        UsageError: the encoding does not exist.
        CorpusError: the bytes are not text, or not text in that encoding.
    """
    chunks = iter(chunks)
    chunk, mark, is_strict = next(chunks, b""), b"", False
    if encoding is None:
        mark, encoding = _by_mark(chunk, name, notes)
        is_strict = not mark
        if is_strict:
            _refuse_binary(chunk, name)
    else:
        _check_encoding(encoding)
    decoder = _Decoder(name, encoding, len(mark))
    chunk, is_first = chunk[len(mark) :], True
    while True:
        following = next(chunks, None)
        if is_strict:
            decoder.refuse_nul(chunk)
        text = decoder.decode(chunk, following is None)
        yield text.removeprefix("\ufeff") if is_first else text
        if following is None:
            return
        chunk, is_first = following, False


def _by_mark(chunk: bytes, name: str, notes: list[Note]) -> tuple[bytes, str]:
    """The byte-order mark with which a text begins (empty without one), and the encoding."""
    mark, encoding = next(((mark, kind) for mark, kind in MARKS if chunk.startswith(mark)), (b"", "utf-8"))
    if encoding != "utf-8":
        shown = encoding.upper()
        notes.append(Note(NoteKind.ENCODING, f"{name}: read as {shown}, as its byte-order mark says", shown))
    return mark, encoding


def refuse_surrogates(text: str, where: str) -> None:
    """Raise CorpusError if a text holds half of a surrogate pair, which is no character and cannot be written.

    Args:
        text: the text.
        where: what messages call it.
    """
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"{where}: U+{ord(text[error.start]):04X} at character {error.start + 1:,} is half of a surrogate pair, "
            "not text; remove it, or convert the text to UTF-8 with the program that wrote it"
        ) from None


class _Decoder:
    """A strict incremental decoder whose errors give the offset in the whole text.

    Args:
        name: what messages call the source of the bytes.
        encoding: a name that Python knows.
        position: the offset of the first byte.
    """

    def __init__(self, name: str, encoding: str, position: int) -> None:
        self.name, self.encoding, self.position = name, encoding, position
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def refuse_nul(self, chunk: bytes) -> None:
        """Raise CorpusError if the chunk to be decoded next holds a NUL byte."""
        if (at := chunk.find(b"\0")) >= 0:
            raise CorpusError(
                f"{self.name}: looks like binary: a NUL byte at offset {self.position + at}; give plain text, or name "
                "its encoding with `encoding` (UTF-16 without a byte-order mark: utf-16-le or utf-16-be)"
            )

    def decode(self, chunk: bytes, is_last: bool) -> str:
        """The text of the next chunk. Raises CorpusError if the chunk is not text in the encoding."""
        held = len(self._decoder.getstate()[0])  # bytes of an incomplete character at the end of the chunk before
        if held > MAX_HELD_BYTES:
            reason = f"a sequence that begins at offset {self.position - held} is not finished after {held:,} bytes"
            raise self._error(reason, chunk, is_last)
        try:
            text = self._decoder.decode(chunk, is_last)
        except UnicodeDecodeError as error:
            offset, data = self.position - held + error.start, error.object
            is_inside = error.start < len(data)
            where = f"byte 0x{data[error.start]:02x}" if is_inside else "the text ends inside a character"
            separator = " " if is_inside else ", "
            raise self._error(f"{where}{separator}at offset {offset}", data, is_last) from None
        except UnicodeError as error:
            raise self._error(str(error), chunk, is_last) from None
        if self.encoding != "utf-8":  # the one that is sure to give none
            refuse_surrogates(text, f"{self.name}: read as {self.encoding} from offset {self.position - held}")
        self.position += len(chunk)
        return text

    def _error(self, reason: str, data: bytes, is_last: bool) -> CorpusError:
        shown = "UTF-8" if self.encoding == "utf-8" else self.encoding
        return CorpusError(f"{self.name}: not {shown}: {reason}; {_suggestion(data, self.encoding, is_last)}")


def _refuse_binary(data: bytes, name: str) -> None:
    advice = next((advice for start, advice in SIGNATURES if data.startswith(start)), None)
    if advice:
        raise CorpusError(f"{name}: {advice}")


def _check_encoding(encoding: str) -> None:
    try:
        if codecs.lookup(encoding).name in NOT_OF_TEXT:
            raise LookupError
        with contextlib.suppress(UnicodeError):  # one letter need not be a text in it
            b"a".decode(encoding)  # not b"": Python decodes that without looking whether it is a codec of text
    except (LookupError, ValueError):  # unknown, or no text encoding (rot13, hex); a name with a NUL or no text itself
        raise UsageError(
            f"`encoding={short(encoding)}`: no such encoding; some that exist: {', '.join(EXAMPLES)}"
        ) from None


def _suggestion(data: bytes, refused: str, is_last: bool) -> str:
    """Advice on which encoding the bytes may have; `is_last` if nothing follows these bytes."""
    examined = data[:MAX_EXAMINED_BYTES]
    for name in (*_western(examined), *_detected(examined)):
        try:
            codecs.getincrementaldecoder(name)().decode(data, is_last)
        except (UnicodeError, LookupError):
            continue
        if name not in ("ascii", "utf_8", refused):
            return f'it may be {name}: try `encoding="{name}"`'
    return 'name its encoding with `encoding`, for instance `encoding="latin-1"`'


def _western(data: bytes) -> Iterator[str]:
    """cp1252, if it decodes nearly all bytes beyond ASCII as western European letters and marks.

    The detector sometimes takes a few accents among ASCII letters for a neighbouring alphabet.
    """
    beyond = [character for character in data.decode("cp1252", "replace") if character > "\x7f"]
    if beyond and sum(character in WESTERN for character in beyond) >= MIN_WESTERN_SHARE * len(beyond):
        yield "cp1252"


def _detected(data: bytes) -> Iterator[str]:
    from charset_normalizer import from_bytes  # only here: most texts are in the encoding that they claim

    for match in from_bytes(data):
        for name in (match.encoding, *(other.encoding for other in match.submatch)):
            if not name.startswith(("utf_16", "utf_32")):  # unlikely without a byte-order mark or a NUL byte
                yield name
