"""What a model reads before it writes: prompts from files, and prompt symbols outside the vocabulary."""

from pathlib import Path

from textgen.errors import PromptError
from textgen.system.wording import ascii_safe, count
from textgen.tokens.base import Tokenizer
from textgen.tokens.nearest import nearest

# Unknown symbols listed in a message.
MAX_LISTED = 10


def read_prompts(path: str | Path) -> list[str]:
    """Prompts from a file, one on each line. Blank lines are left out; "-" is standard input.

    Raises:
        CorpusError: the file is missing, cannot be read or is not UTF-8.
        PromptError: the file has no prompt.
    """
    # Imported here: few prompts come from files, and reading files imports much.
    from textgen.corpus.documents import read_text

    prompts = [line for line in read_text(path)[0].split("\n") if line.strip()]
    if not prompts:
        raise PromptError(f"{path}: no prompt in it; a prompt is a line that is not blank")
    return prompts


def readable(prompt: str, tokenizer: Tokenizer, unknown: str = "error", what: str = "the prompt") -> str:
    """The prompt as the model can read it.

    Args:
        prompt: the text.
        tokenizer: the model's.
        unknown: how to handle symbols outside the vocabulary: "error", "skip" or "nearest".
        what: what messages call the text.

    Raises:
        PromptError: lists the unknown symbols; for "nearest", those that nothing in the vocabulary is like.
    """
    never = tokenizer.unknown(prompt)
    if not never:
        return prompt
    known = frozenset(tokenizer.symbols)
    replacements: dict[str, str | None] = dict.fromkeys(never, "")
    if unknown == "nearest":
        replacements = {symbol: nearest(symbol, known) for symbol in never}
        never = [symbol for symbol in never if replacements[symbol] is None]
    if unknown == "error" or (unknown == "nearest" and never):
        listed = ", ".join(map(ascii_safe, never[:MAX_LISTED])) + (", ..." if len(never) > MAX_LISTED else "")
        also, cure = "", '`unknown="skip"` or `unknown="nearest"`'
        if unknown == "nearest":
            also, cure = ", with nothing near to them in the vocabulary", '`unknown="skip"`'
        raise PromptError(
            f"{what} holds {count(len(never), tokenizer.noun)} the model never saw{also}: {listed}; change {what}, or "
            f"read it with {cure}"
        )
    return "".join(replacements.get(symbol, symbol) or "" for symbol in tokenizer.split(prompt))


def whole_lines(text: str) -> str:
    """A text that ends with a line's end, for a model that goes on from whole lines only; an empty one stays empty."""
    return f"{text}\n" if text and not text.endswith("\n") else text
