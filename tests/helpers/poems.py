"""Poems of six subjects, made by rule: what belongs together in them is known."""

import numpy as np

RIVER, FRONTIER, PLAIN = "江舟波帆岸漁", "胡戰馬弓烽旗", "不人一來去時見無中何日自"
SUBJECTS = {
    "江上": RIVER,
    "塞下": FRONTIER,
    "宮怨": "妝扇閨釵裙帷",
    "寄僧": "禪寺磬衲鐘佛",
    "荷花": "蓮蓉葉蜂蝶香",
    "田家": "犁麥桑雞牛黍",
}


def line(random, subject, length=5):
    """A line: a word of two characters of the subject, another of its characters, and others of no subject."""
    own = random.permutation(list(subject)).tolist()
    rest = random.permutation(list(PLAIN)).tolist()[: length - 3] + own[2:3]
    return "".join(own[:2] + random.permutation(rest).tolist())


def poems(count=300, seed=0, length=5, lines=4):
    """Titles and lines of poems, as many of each subject."""
    random = np.random.default_rng(seed)
    titles = [list(SUBJECTS)[number % len(SUBJECTS)] for number in range(count)]
    return [(title, [line(random, SUBJECTS[title], length) for _ in range(lines)]) for title in titles]


def documents(found):
    """Poems as a model reads them."""
    texts = []
    for title, lines in found:
        rows = [one + "，。"[at % 2] + "\n" * (at % 2) for at, one in enumerate(lines)]
        texts.append(f"《{title}》五言四句\n" + "".join(rows).rstrip("\n"))
    return texts
