"""Bytes to text."""

import re

import pytest

from textgen.corpus.charsets import EXAMPLES, decode
from textgen.corpus.notes import NoteKind
from textgen.errors import CorpusError, UsageError

TANG = "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。" * 30
FRENCH = "Le garçon aperçut l'été déjà passé, où la forêt était brûlée. " * 30
RUSSIAN = "Тихо плывёт река, и старый паромщик смотрит на другой берег. " * 30


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding_and_is_not_part_of_the_text(encoding):
    text, notes = decode(TANG.encode(encoding), "poems.txt")
    assert text == TANG
    assert bool(notes) == (encoding != "utf-8-sig")


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("bits", ["16", "32"])
def test_both_byte_orders(bits, order):
    text, (note,) = decode(("\ufeff" + FRENCH).encode(f"utf-{bits}-{order}"), "f")
    assert text == FRENCH
    assert (note.kind, note.value) == (NoteKind.ENCODING, f"UTF-{bits}-{order.upper()}")
    assert str(note) == f"f: read as UTF-{bits}-{order.upper()}, as its byte-order mark says"


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (TANG, "big5", "big5"),
        (TANG, "gb18030", "gb18030"),
        (FRENCH, "latin-1", "cp1252"),
        (RUSSIAN, "koi8-r", "koi8_r"),
        (RUSSIAN, "cp1251", "cp1251"),
    ],
)
def test_another_encoding_is_suggested_but_never_used_unasked(text, encoding, named):
    data = text.encode(encoding)
    with pytest.raises(CorpusError) as caught:
        decode(data, "old.txt")
    message = str(caught.value)
    assert message.startswith(f"old.txt: not UTF-8: byte 0x{data[_first_bad(data)]:02x} at offset {_first_bad(data)}; ")
    (suggested,) = re.findall("`encoding=([^`]+)`", message)
    assert data.decode(suggested) == text, message
    # Given by name, the text round-trips.
    assert decode(data, "old.txt", encoding) == (text, [])
    assert decode(data, "old.txt", named)[0] == text


def _first_bad(data):
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\x1f\x8b\x08\x00text", "gzip within gzip"),
        (b"\x89PNG\r\n\x1a\n", "looks like binary: a PNG picture"),
        (b"%PDF-1.7", "looks like binary: a PDF"),
        (b"{\\rtf1\\ansi The moon\\par }", "looks like formatted text (RTF); save it as plain text first"),
        (b"PK\x03\x04", "looks like binary: a ZIP archive, as .docx"),
        (b"\x7fELF\x02", "looks like binary: a program"),
        (b"text and \0 then more", "looks like binary: a NUL byte at offset 9"),
        ("no mark".encode("utf-16-le"), "utf-16-le or utf-16-be"),
        (b"cut short \xe2\x82", "byte 0xe2 at offset 10"),
        (b"\xff", "not UTF-8: byte 0xff at offset 0"),
        (b"\xff\xfea", "not utf-16-le: byte 0x61 at offset 2"),
    ],
)
def test_bytes_that_are_not_text(data, complaint):
    with pytest.raises(CorpusError) as caught:
        decode(data, "f")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_named_encoding_is_strict_too():
    with pytest.raises(CorpusError, match="f: not gb18030: byte 0x81 at offset 2; "):
        decode(b"ab\x81", "f", "gb18030")
    assert decode(b"a\0b", "f", "utf-8") == ("a\0b", [])  # a named encoding allows NUL
    assert decode("\ufeffab".encode("utf-16-le"), "f", "utf-16-le") == ("ab", [])


@pytest.mark.parametrize("encoding", ["zzz", "rot13", "hex", "base64", "", " ", "a\0b", "ü"])
def test_an_encoding_that_does_not_exist(encoding):
    shown = encoding.replace("\0", r"\x00")
    with pytest.raises(UsageError, match=f"^`encoding={re.escape(shown)}`: .* utf-8, utf-16"):
        decode(b"text", "f", encoding)


@pytest.mark.parametrize("encoding", EXAMPLES)
def test_the_encodings_that_messages_name_exist(encoding):
    assert decode("text".encode(encoding), "f", encoding)[0] == "text"


def test_nothing_is_normalised():
    text = "cafe\u0301 caf\u00e9 \u2126 \ufb01 \u200d\U0001f469\u200d\U0001f467 \u05e9\u05dc"
    assert decode(text.encode(), "f") == (text, [])
