"""English function words, as data: the closed classes whose members bear no stress of their own in verse.

A noun, a main verb, an adjective or an adverb bears stress; an article, a preposition, a conjunction, an auxiliary or a
pronoun does not, unless the meter promotes it. So say Attridge, The Rhythms of English Poetry (1982), and Fussell,
Poetic Meter and Poetic Form (1965). Words are in lower case, with the typewriter's apostrophe, and without one at their
beginning ("tis"), as `textgen.corpus.memory.words` gives them. Words that are as often something else are left out
("like", "past", "mine", "own"). This module knows nothing of meter.
"""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ARTICLES = _set("a an the")
# Prepositions that are nothing else: they need a noun after them.
PREPOSITIONS = _set(
    "of at from to into onto unto upon with for amid amidst among amongst against toward towards during except per via "
    "till until despite betwixt twixt gainst mid midst"
)
# Prepositions that are adverbs too, alone or with a verb (come in, go on, look up).
PARTICLES = _set(
    "in on up down out off over by through about around along across above below beneath behind before after under "
    "within without beyond near round between since underneath o'er thro neath throughout inside outside"
)
CONJUNCTIONS = _set("and or nor but if as than because although though lest unless whereas while whilst that ere an'")
# They stand before a noun and never alone; "his" and "her" may stand alone.
POSSESSIVES = _set("my thy your our their its whose")
DETERMINERS = POSSESSIVES | _set("his her every")
PRONOUNS = _set("i me he him she her it we us they them thou thee ye you who whom which his one's") | POSSESSIVES
AUXILIARIES = _set(
    "am is are was were be been art wert wast have has had hast hadst hath do does did dost doth didst can could canst "
    "will would wilt wouldst shall should shalt shouldst may might mayst must tis twas i'm he's she's it's we're "
    "they're you're i'll he'll she'll it'll we'll they'll you'll i'd he'd she'd we'd they'd you'd i've we've they've "
    "you've that's there's"
)

FUNCTION_WORDS = ARTICLES | PREPOSITIONS | PARTICLES | CONJUNCTIONS | DETERMINERS | PRONOUNS | AUXILIARIES

# No line ends on these, and no mark follows them: what they belong to comes next. "That" ends a line as a pronoun,
# "though", "while" and "ere" as adverbs or nouns.
UNFINISHED = ARTICLES | PREPOSITIONS | POSSESSIVES | _set("every") | CONJUNCTIONS - _set("that though while ere")

# Nouns that a letter follows as a name: vitamin a. The letter is no article. Nouns before which "a" may be either, as
# in "by my side a lamp", are not among them.
LETTERED = _set("vitamin hepatitis")
# More characters than such a word has, with a space before and after it.
MAX_LETTERED = 16

# The classes as findings name them; a word of several is named by the first.
KINDS = {
    "article": ARTICLES,
    "preposition": PREPOSITIONS | PARTICLES,
    "conjunction": CONJUNCTIONS,
    "possessive": DETERMINERS - _set("every"),
    "determiner": _set("every"),
    "pronoun": PRONOUNS,
    "auxiliary": AUXILIARIES,
}


def is_letter(before: str, word: str) -> bool:
    """Whether "a" is the name of a letter, by the text in lower case before it: vitamin a."""
    return word == "a" and before.rstrip().rpartition(" ")[2] in LETTERED


# The first class of each word.
_KIND_OF = {word: name for name, words in reversed(KINDS.items()) for word in words}


def kind_of(word: str) -> str:
    """The class of a function word, one of KINDS; empty for other words."""
    return _KIND_OF.get(word, "")
