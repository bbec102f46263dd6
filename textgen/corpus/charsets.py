"""Bytes to text: strict UTF-8 unless a byte-order mark or the user says otherwise; nothing guessed, nothing dropped.

What is no text is recognised by its first bytes or by a NUL, and for what is text of another kind an encoding is
suggested (charset-normalizer), but never taken by itself. Knows nothing of files.
"""

import codecs

from textgen.errors import CorpusError, UsageError

# The longer mark first: that of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
KINDS = (
    (b"\x1f\x8b", "gzip within gzip: unpack it first"),
    (b"\x89PNG", "looks like binary: a PNG picture; give plain text"),
    (b"\xff\xd8\xff", "looks like binary: a JPEG picture; give plain text"),
    (b"%PDF-", "looks like binary: a PDF; save its text as plain text first"),
    (b"PK\x03\x04", "looks like binary: a ZIP archive, as .docx and .epub are; save its text as plain text first"),
    (b"BZh", "bzip2: decompress it first, for instance bunzip2 -c FILE | textgen train -"),
    (b"\xfd7zXZ", "xz: decompress it first, for instance xz -dc FILE | textgen train -"),
    (b"\x28\xb5\x2f\xfd", "zstd: decompress it first, for instance zstd -dc FILE | textgen train -"),
    (b"\x7fELF", "looks like binary: a program; give plain text"),
    (b"\xd0\xcf\x11\xe0", "looks like binary: an old Office document; save its text as plain text first"),
)
WESTERN = frozenset("àáâäãåæçèéêëìíîïñòóôöõøœùúûüýÿßÀÁÂÄÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜÝ«»‘’“”„–—…€£§°¡¿\xa0")
# Bytes that a suggestion is made from.
LOOKED_AT = 50_000


def decode(data, name, encoding=None):
    """The text of some bytes, and notes on what was not taken as it stood. Arguments and errors as of `decoded`."""
    notes = []
    return "".join(decoded([data], name, encoding, notes)), notes


def decoded(chunks, name, encoding, notes):
    """The text of bytes that come in chunks, piece by piece.

    Args:
        chunks: an iterable of bytes, the first of at least four where there are as many.
        name: what messages call them.
        encoding: a name that Python knows; None for UTF-8, or what a byte-order mark says.
        notes: a list; what was not taken as it stood is added, a line each.

    Raises:
        UsageError: an encoding that does not exist.
        CorpusError: not text, or not text so encoded.
    """
    chunks = iter(chunks)
    chunk, mark, plain = next(chunks, b""), b"", False
    if encoding is None:
        mark, encoding = next(((mark, kind) for mark, kind in MARKS if chunk.startswith(mark)), (b"", "utf-8"))
        plain = not mark
        if plain:
            _refuse_kinds(chunk, name)
        elif encoding != "utf-8":
            notes.append(f"{name}: read as {encoding.upper()}, as its byte-order mark says")
    else:
        _check_encoding(encoding)
    decoder, position, is_first = codecs.getincrementaldecoder(encoding)(), len(mark), True
    chunk = chunk[len(mark) :] if mark else chunk
    while True:
        following = next(chunks, None)
        if plain and (at := chunk.find(b"\0")) >= 0:
            raise CorpusError(
                f"{name}: looks like binary: a NUL byte at offset {position + at}; give plain text, or say how it is "
                "encoded with --encoding (UTF-16 without a mark: utf-16-le or utf-16-be)"
            )
        before = position - len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, following is None)
        except UnicodeDecodeError as error:
            at, bad, cure = before + error.start, error.object, _suggestion(error.object, encoding, following is None)
            inside = error.start < len(bad)
            byte = (
                f"byte 0x{bad[error.start]:02x} at offset {at}" if inside else f"it ends in the middle, at offset {at}"
            )
            raise CorpusError(f"{name}: not {_shown(encoding)}: {byte}; {cure}") from None
        except UnicodeError as error:
            cure = _suggestion(chunk, encoding, following is None)
            raise CorpusError(f"{name}: not {_shown(encoding)}: {error}; {cure}") from None
        yield text.removeprefix("\ufeff") if is_first else text
        if following is None:
            return
        position, chunk, is_first = position + len(chunk), following, False


def _refuse_kinds(data, name):
    kind = next((words for start, words in KINDS if data.startswith(start)), None)
    if kind:
        raise CorpusError(f"{name}: {kind}")


def _check_encoding(encoding):
    try:
        is_text = codecs.lookup(encoding)._is_text_encoding  # Python's own mark of codecs such as rot13 and hex
    except (LookupError, ValueError):
        is_text = False
    if not is_text:
        raise UsageError(
            f"--encoding {encoding}: no such encoding; some there are: utf-8, utf-16, latin-1, cp1252, gb18030, big5, "
            "shift_jis, euc-kr, koi8-r"
        )


def _shown(encoding):
    return "UTF-8" if encoding == "utf-8" else encoding


def _suggestion(data, refused, is_last):
    """What else it may be; `is_last` where nothing follows these bytes."""
    candidates = [*_western(data[:LOOKED_AT]), *_detected(data[:LOOKED_AT])]
    for name in candidates:
        try:
            codecs.getincrementaldecoder(name)().decode(data, is_last)
        except (UnicodeError, LookupError):
            continue
        if name not in ("ascii", "utf_8", refused):
            return f"it may be {name}: try --encoding {name}"
    return "say how it is encoded with --encoding, for instance --encoding latin-1"


def _western(data):
    """cp1252, where it makes letters of western Europe of all that is not ASCII: of a few accents among ASCII letters
    the detector takes a neighbour's alphabet now and then."""
    beyond = [character for character in data.decode("cp1252", "replace") if character > "\x7f"]
    if beyond and sum(character in WESTERN for character in beyond) >= 0.95 * len(beyond):
        yield "cp1252"


def _detected(data):
    from charset_normalizer import from_bytes  # only here: most texts are what they say they are

    for match in from_bytes(data):
        for name in (match.encoding, *(other.encoding for other in match.submatch)):
            if not name.startswith(("utf_16", "utf_32")):  # without a mark or a NUL it hardly is
                yield name
