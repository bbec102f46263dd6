"""What a model reads before it writes: prompts from files, and symbols that it never saw."""

from textgen.errors import PromptError
from textgen.system.wording import ascii_safe, count
from textgen.tokens.nearest import nearest


def read_prompts(path) -> list[str]:
    """Prompts from a file, one a line, blank lines left out; "-" is standard input.

    Raises:
        CorpusError: the file is missing, cannot be read or is not UTF-8.
        PromptError: no prompt in it.
    """
    from textgen.corpus.documents import read_text  # few prompts come from files, and reading files wants much

    prompts = [line for line in read_text(path)[0].split("\n") if line.strip()]
    if not prompts:
        raise PromptError(f"{path}: no prompt in it; a prompt is a line that is not blank")
    return prompts


def readable(prompt: str, tokenizer, unknown: str = "error") -> str:
    """The prompt as the model can read it.

    Args:
        prompt: text.
        tokenizer: the model's.
        unknown: what to do about symbols that the model never saw: "error", "skip", or "nearest".

    Raises:
        PromptError: listing what the model never saw, or, of "nearest", what nothing is near to.
    """
    never = tokenizer.unknown(prompt)
    if not never:
        return prompt
    known = frozenset(tokenizer.symbols)
    instead = dict.fromkeys(never, "")
    if unknown == "nearest":
        instead = {symbol: nearest(symbol, known) for symbol in never}
        never = [symbol for symbol in never if instead[symbol] is None]
    if unknown == "error" or (unknown == "nearest" and never):
        shown = ", ".join(map(ascii_safe, never[:10])) + (", ..." if len(never) > 10 else "")
        said, cure = "", "write the prompt without, or read on with --unknown skip or --unknown nearest"
        if unknown == "nearest":
            said, cure = " and has nothing near to", "write the prompt without, or read on with --unknown skip"
        raise PromptError(
            f"the prompt holds {count(len(never), tokenizer.noun)} the model never saw{said}: {shown}; {cure}"
        )
    return "".join(instead.get(symbol, symbol) for symbol in tokenizer.split(prompt))
