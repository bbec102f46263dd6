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
    (b"\x1f\x8b", "gzip: decompress it first, for instance gunzip -c FILE | textgen train -"),
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
    """The text of some bytes, and notes on what was not taken as it stood.

    Args:
        data: bytes.
        name: what messages call them.
        encoding: a name that Python knows; None for UTF-8, or what a byte-order mark says.

    Raises:
        UsageError: an encoding that does not exist.
        CorpusError: not text, or not text so encoded.
    """
    notes = []
    if encoding is None:
        mark, encoding = next(((mark, kind) for mark, kind in MARKS if data.startswith(mark)), (b"", "utf-8"))
        if not mark:
            _refuse_binary(data, name)
        elif encoding != "utf-8":
            notes.append(f"{name}: read as {encoding.upper()}, as its byte-order mark says")
        skip = len(mark)
    else:
        _check_encoding(encoding)
        skip = 0
    try:
        text = (data[skip:] if skip else data).decode(encoding)
    except UnicodeDecodeError as error:
        at = error.start + skip
        byte = f"byte 0x{data[at]:02x} at offset {at}" if at < len(data) else f"it ends in the middle, at offset {at}"
        raise CorpusError(f"{name}: not {_shown(encoding)}: {byte}; {_suggestion(data, encoding)}") from None
    except UnicodeError as error:
        raise CorpusError(f"{name}: not {_shown(encoding)}: {error}; {_suggestion(data, encoding)}") from None
    return text.removeprefix("\ufeff"), notes


def _refuse_binary(data, name):
    kind = next((words for start, words in KINDS if data.startswith(start)), None)
    if kind:
        raise CorpusError(f"{name}: {kind}")
    at = data.find(b"\0")
    if at >= 0:
        raise CorpusError(
            f"{name}: looks like binary: a NUL byte at offset {at}; give plain text, or say how it is encoded with "
            "--encoding (UTF-16 without a mark: utf-16-le or utf-16-be)"
        )


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


def _suggestion(data, refused):
    """What else it may be."""
    candidates = [*_western(data[:LOOKED_AT]), *_detected(data[:LOOKED_AT])]
    for name in candidates:
        try:
            data.decode(name)
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
