"""The checker on well-known poems in the public domain: it tells their form and counts their licences."""

import pytest

from textgen.errors import UsageError
from textgen.verse import check
from textgen.verse.joining import joined
from textgen.verse.verdicts import Break

HILL = """\
They are all gone away,
The House is shut and still,
There is nothing more to say.

Through broken walls and gray
The winds blow bleak and shrill:
They are all gone away.

Nor is there one to-day
To speak them good or ill:
There is nothing more to say.

Why is it then we stray
Around the sunken sill?
They are all gone away,

And our poor fancy-play
For them is wasted skill:
There is nothing more to say.

There is ruin and decay
In the House on the Hill:
They are all gone away,
There is nothing more to say."""

POPPIES = """\
In Flanders fields the poppies blow
Between the crosses, row on row,
That mark our place; and in the sky
The larks, still bravely singing, fly
Scarce heard amid the guns below.

We are the Dead. Short days ago
We lived, felt dawn, saw sunset glow,
Loved and were loved, and now we lie
In Flanders fields.

Take up our quarrel with the foe:
To you from failing hands we throw
The torch; be yours to hold it high.
If ye break faith with us who die
We shall not sleep, though poppies grow
In Flanders fields."""

GRIEF = """\
How great my grief, my joys how few,
Since first it was my fate to know thee!
Have the slow years not brought to view
How great my grief, my joys how few,
Nor memory shaped old times anew,
Nor loving-kindness helped to show thee
How great my grief, my joys how few,
Since first it was my fate to know thee?"""

GUESS = """\
When first we met we did not guess
That Love would prove so hard a master;
Of more than common friendliness
When first we met we did not guess.
Who could foretell this sore distress,
This irretrievable disaster
When first we met? - We did not guess
That Love would prove so hard a master."""

FAME = """\
What is the end of fame? 'tis but to fill
A certain portion of uncertain paper:
Some liken it to climbing up a hill,
Whose summit, like all hills, is lost in vapour;
For this men write, speak, preach, and heroes kill,
And bards burn what they call their "midnight taper,"
To have, when the original is dust,
A name, a wretched picture, and worse bust."""

LUCRECE = """\
From the besieged Ardea all in post,
Borne by the trustless wings of false desire,
Lust-breathed Tarquin leaves the Roman host,
And to Collatium bears the lightless fire
Which, in pale embers hid, lurks to aspire
And girdle with embracing flames the waist
Of Collatine's fair love, Lucrece the chaste."""

LIGHT = """\
When I consider how my light is spent
Ere half my days in this dark world and wide,
And that one talent which is death to hide
Lodged with me useless, though my soul more bent
To serve therewith my Maker, and present
My true account, lest he returning chide,
"Doth God exact day-labour, light denied?"
I fondly ask. But Patience, to prevent
That murmur, soon replies: "God doth not need
Either man's work or his own gifts; who best
Bear his mild yoke, they serve him best. His state
Is kingly; thousands at his bidding speed
And post o'er land and ocean without rest:
They also serve who only stand and wait.\""""

STRAND = """\
One day I wrote her name upon the strand,
But came the waves and washed it away:
Again I wrote it with a second hand,
But came the tide, and made my pains his prey.
Vain man, said she, that dost in vain assay
A mortal thing so to immortalize,
For I myself shall like to this decay,
And eek my name be wiped out likewise.
Not so (quod I), let baser things devise
To die in dust, but you shall live by fame:
My verse your virtues rare shall eternize,
And in the heavens write your glorious name.
Where whenas death shall all the world subdue,
Our love shall live, and later life renew."""

EDEN = """\
Of Man's first disobedience, and the fruit
Of that forbidden tree, whose mortal taste
Brought death into the World, and all our woe,
With loss of Eden, till one greater Man
Restore us, and regain the blissful seat,
Sing, Heavenly Muse, that, on the secret top
Of Oreb, or of Sinai, didst inspire
That shepherd who first taught the chosen seed
In the beginning how the heavens and earth
Rose out of Chaos: or, if Sion hill
Delight thee more, and Siloa's brook that flowed
Fast by the oracle of God, I thence
Invoke thy aid to my adventurous song,
That with no middle flight intends to soar"""

# Shelley's first section without its last line, which makes a couplet of the chain's end.
WIND = """\
O wild West Wind, thou breath of Autumn's being,
Thou, from whose unseen presence the leaves dead
Are driven, like ghosts from an enchanter fleeing,

Yellow, and black, and pale, and hectic red,
Pestilence-stricken multitudes: O thou,
Who chariotest to their dark wintry bed

The winged seeds, where they lie cold and low,
Each like a corpse within its grave, until
Thine azure sister of the Spring shall blow

Her clarion o'er the dreaming earth, and fill
(Driving sweet buds like flocks to feed in air)
With living hues and odours plain and hill:

Wild Spirit, which art moving everywhere;"""

ECHO = """\
True ease in writing comes from art, not chance,
As those move easiest who have learned to dance.
'Tis not enough no harshness gives offence,
The sound must seem an echo to the sense:
Soft is the strain when Zephyr gently blows,
And the smooth stream in smoother numbers flows;
But when loud surges lash the sounding shore,
The hoarse, rough verse should like the torrent roar:
When Ajax strives some rock's vast weight to throw,
The line too labours, and the words move slow;"""

CURFEW = """\
The curfew tolls the knell of parting day,
The lowing herd winds slowly o'er the lea,
The ploughman homeward plods his weary way,
And leaves the world to darkness and to me."""

COY = """\
Had we but world enough, and time,
This coyness, Lady, were no crime.
We would sit down and think which way
To walk, and pass our long love's day"""

SHRINK = """\
Water, water, every where,
And all the boards did shrink;
Water, water, every where,
Nor any drop to drink."""

MARINER = """\
It is an ancient Mariner,
And he stoppeth one of three.
"By thy long grey beard and glittering eye,
Now wherefore stopp'st thou me?\""""

GRACE = """\
Amazing grace! How sweet the sound
That saved a wretch like me!
I once was lost, but now am found;
Was blind, but now I see."""

WREN = """\
Sir Christopher Wren
Said, "I am going to dine with some men.
If anyone calls,
Say I'm designing St Paul's.\""""

LISTEN = """\
Listen.
With faint dry sound,
Like steps of passing ghosts,
The leaves, frost-crisp'd, break from the trees
And fall."""


# The form that is told without --form, and how many lines break its rhyme: near rhymes, mosaic ones, and words that the
# dictionary lacks.
@pytest.mark.parametrize(
    ("text", "form", "rhymes"),
    [
        (HILL, "villanelle", 0),  # E. A. Robinson, The House on the Hill
        (POPPIES, "rondeau", 0),  # McCrae, In Flanders Fields
        (GRIEF, "triolet", 1),  # Hardy: "know thee" and "show thee" end in one word
        (GUESS, "triolet", 1),  # Bridges: "friendliness" is stressed on its first syllable
        (FAME, "ottava-rima", 1),  # Byron, Don Juan: the dictionary has no "vapour"
        (LUCRECE, "rhyme-royal", 1),  # Shakespeare, The Rape of Lucrece: "aspire" has one syllable less than "desire"
        (LIGHT, "petrarchan", 0),  # Milton, On His Blindness
        (STRAND, "spenserian", 4),  # Spenser, Amoretti 75: assay, eternize; likewise and devise beside "immortalize"
        (EDEN, "blank-verse", 0),  # Milton, Paradise Lost
        (WIND, "terza-rima", 2),  # Shelley, Ode to the West Wind: "thou" beside low and blow
        (ECHO, "heroic-couplets", 1),  # Pope, An Essay on Criticism: the dictionary has no "offence"
        (CURFEW, "elegiac", 0),  # Gray, Elegy
        (COY, "tetrameter-couplets", 0),  # Marvell, To His Coy Mistress
        (SHRINK, "ballad", 0),  # Coleridge, The Rime of the Ancient Mariner
        (MARINER, "ballad", 0),
        (GRACE, "common-meter", 0),  # Newton, Amazing Grace
        (WREN, "clerihew", 0),  # Bentley
        (LISTEN, "cinquain", 0),  # Crapsey, November Night
    ],
)
def test_the_form_of_a_known_poem(text, form, rhymes):
    lines = text.split("\n")
    verdict = check(lines)
    assert verdict.form.name == form
    assert verdict.count("rhyme") == rhymes, [line.breaks for line in verdict.lines]
    assert verdict.count("refrain") == verdict.count("word") == 0
    assert not verdict.breaks
    # The same without breaks between stanzas, and read from a file among other poems.
    assert check(list(filter(None, lines))).form.name == form
    assert list(joined([*CURFEW.split("\n\n"), *text.split("\n\n"), GRACE], None)) == [CURFEW, text, GRACE]
    assert list(joined(text.split("\n\n") * 2, form)) == [text, text]


# Written for this test: the forms whose known English poems are younger, or longer, than a test should hold.
RAIN = """\
The roofs are grey, the gutters sing the rain,
And all the streets begin to bring the rain.

A lamp is lit behind a yellow blind,
And pigeons walk the sill and wing the rain.

I have no letter and I have no bell.
The only visitor to ring: the rain.

The river takes the colour of the road,
And boats go by, and children fling the rain.

O write it down before the morning comes:
That I was here, and heard you, spring, the rain."""

TIDE = """\
The tide goes out, the boats lie down,
A lantern moves along the sand,
The bells are ringing in the town,
And someone waits with empty hand.

A lantern moves along the sand,
It stops, it turns, it comes again,
And someone waits with empty hand
Between the darkness and the rain.

It stops, it turns, it comes again,
The water rises to the door
Between the darkness and the rain
That hides the harbour and the shore.

The water rises to the door,
The bells are ringing in the town
That hides the harbour and the shore.
The tide goes out, the boats lie down."""

# Ends that rhyme in two syllables: candle, handle; morning, warning; feather, weather.
STREET = """\
He lit the lamp, he lit the candle,
And sat, and heard the hours go by,
And someone tried the garden handle,
And was it wind, or was it I?
The street was dark until the morning.
He had no letter and no warning,
He had a chair, he had a bed,
And all the books that he had read.
He thought of summer and of weather,
Of roads that he had never gone,
Of houses with the curtains drawn,
A window, and a blackbird's feather.
And then he slept. The lamp burned low.
The roofs were white with early snow."""

FROST = ["First frost on the roofs.", "The old man opens the door", "and counts the sparrows.", "One is missing.", "x"]


def six(order, numbers=()):
    """Lines that end in six words in an order, and perhaps have another of them before."""
    ends = ["stone", "water", "door", "garden", "light", "hand"]
    first = [f"the {ends[number - 1]} and" for number in numbers] or ["we saw it near"] * len(order)
    return "\n".join(f"{one} the {ends[number - 1]}" for one, number in zip(first, order, strict=True))


SIX = "\n\n".join(
    [
        *map(
            six,
            (
                [1, 2, 3, 4, 5, 6],
                [6, 1, 5, 2, 4, 3],
                [3, 6, 4, 1, 2, 5],
                [5, 3, 2, 6, 1, 4],
                [4, 5, 1, 3, 6, 2],
                [2, 4, 6, 5, 3, 1],
            ),
        ),
        six([5, 3, 1], [2, 4, 6]),
    ]
)


def breaks(verdict):
    """Line number from 1 to what breaks in it, without meter."""
    kept = {
        number: [str(one) for one in line.breaks if one.kind not in ("meter", "syllables")]
        for number, line in enumerate(verdict.lines, 1)
    }
    return {number: found for number, found in kept.items() if found}


@pytest.mark.parametrize(("text", "form"), [(RAIN, "ghazal"), (TIDE, "pantoum"), (STREET, "onegin"), (SIX, "sestina")])
def test_the_form_of_a_poem_of_our_own(text, form):
    verdict = check(text.split("\n"))
    assert verdict.form.name == form
    assert not breaks(verdict)
    assert not verdict.breaks
    assert list(joined([*text.split("\n\n"), GRACE], None)) == [text, GRACE]


def test_words_that_do_not_return():
    lines = RAIN.split("\n")
    assert breaks(check([*lines[:-1], "That I was here, and heard you, spring, the sun."], "ghazal")) == {
        10: ["rhyme: sun does not rhyme with sing", "word: does not end in the rain"]
    }
    assert breaks(check(RAIN.replace("ring: the rain", "knock: the rain").split("\n"), "ghazal")) == {
        6: ["rhyme: knock does not rhyme with sing"]
    }
    sestina = SIX.split("\n")
    assert breaks(check([*sestina[:8], "we saw it near the river", *sestina[9:]], "sestina")) == {
        8: ["word: does not end in stone"]
    }
    assert breaks(check([*sestina[:-1], "the water and the stone"], "sestina")) == {39: ["word: does not have hand"]}
    twice = [*sestina[:1], "we saw it near the stone", *sestina[2:7]]
    assert breaks(check(twice, "sestina")) == {2: ["word: ends as line 1 does"]}


def test_lines_that_do_not_return():
    assert breaks(check(HILL.replace("all gone away,\n\nAnd", "almost gone away,\n\nAnd").split("\n"))) == {
        12: ["refrain: does not repeat line 1"]
    }
    # Marks and capitals may change; words may not.
    assert breaks(check(HILL.replace("all gone away,\n\nAnd", "ALL GONE - AWAY!\n\nAnd").split("\n"))) == {}
    lines = POPPIES.split("\n")
    assert breaks(check([*lines[:-1], "In Flanders"], "rondeau")) == {}
    for last in ("In Flanders poppies", "Fields", lines[0]):
        assert breaks(check([*lines[:-1], last], "rondeau")) == {
            15: ["refrain: does not repeat the first words of line 1"]
        }


def test_rhymes_of_two_syllables():
    masculine = STREET.replace("the candle", "the light").replace("garden handle", "shop at night")
    assert breaks(check(masculine.split("\n"), "onegin")) == {
        1: ["rhyme: light does not rhyme in two syllables"],
        3: ["rhyme: night does not rhyme in two syllables"],
    }
    feminine = STREET.replace("go by,", "flying,").replace("was it I?", "someone crying?")
    assert breaks(check(feminine.split("\n"), "onegin")) == {
        2: ["rhyme: flying does not rhyme in one syllable"],
        4: ["rhyme: crying does not rhyme in one syllable"],
    }


def test_breaks_between_stanzas():
    rows = TIDE.split("\n")
    assert check(rows, "pantoum").breaks == []
    assert check([*rows[:2], "", *rows[2:4], *rows[5:]], "pantoum").breaks == [
        Break("stanzas", "of 2, 6, 4, 4 lines, not 4, 4, 4, 4")
    ]
    # A form of one stanza may be printed in parts, as sonnets are.
    assert check([*LIGHT.split("\n")[:8], "", *LIGHT.split("\n")[8:]]).breaks == []


def test_lines_of_no_form_stay_without_one():
    prose = ["it was late", "nobody had thought of it before that evening in the old house"] * 8 + ["so"]
    with pytest.raises(UsageError, match="`form`: no form of English verse fits 17 lines of this length"):
        check(prose)


def test_a_form_that_asks_for_little_has_little_to_say_for_it():
    """A sonnet with near rhymes is no blank verse, and couplets of five iambs are no clerihew."""
    sonnet = LIGHT.replace("bent", "bend").replace("speed", "feet").replace("wait", "stay").split("\n")
    assert check(sonnet).form.name == "petrarchan"
    assert check(sonnet).count("rhyme") == 3
    assert check(ECHO.split("\n")[4:8]).form.name == "couplets"
    assert check(FROST).form.name == "tanka"
    assert check(FROST).count("syllables") == 2
