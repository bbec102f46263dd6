"""The rhymes of the tunes (詞林正韻, Ge Zai, 1821): nineteen parts, each a union of Pingshui groups.

A part holds level groups and the rising and departing ones that answer them; the last five hold entering groups. A
tune that rhymes oblique takes rising and departing tones together. Nine groups of Pingshui belong to two parts: _HALVES
names the characters of the second. Such a group remains a rhyme of its own, since poets rhymed its halves with each
other (晏殊, 一曲新詞酒一杯: 杯臺回來徊). This module knows nothing of forms or models.
"""

from functools import cache

from textgen.verse.sounds import pingshui
from textgen.verse.sounds.readings import Readings

NAME = "cilin"

# Of each part the level, the rising and the departing groups; of the last five the entering ones.
_PARTS = """
東冬 董腫 送宋
江陽 講養 絳漾
支微齊灰 紙尾薺賄 寘未霽泰隊
魚虞 語麌 御遇
佳灰 蟹賄 泰卦隊
真文元 軫吻阮 震問願
元寒刪先 阮旱潸銑 願翰諫霰
蕭肴豪 篠巧皓 嘯效號
歌 哿 箇
佳麻 馬 卦禡
庚青蒸 梗迥 敬徑
尤 有 宥
侵 寢 沁
覃鹽咸 感琰豏 勘豔陷
屋沃
覺藥
質陌錫職緝
物月曷黠屑葉
合洽
"""

# A group that two parts share, the part of most of its characters, and that of these.
_HALVES = """
平灰 3 5 開哀埃臺苔該才材財裁來萊栽哉災猜胎台孩駘垓陔騋徠毸皚欸絯崍郲唉鮐炱荄纔邰頦儓薹侅峐咍抬擡賅菑偲鰓腮獃鎧能咳
平元 7 6 魂渾褌孫尊樽罇存蹲敦墩暾屯豚村邨論坤昏婚閽吞啍焞昆琨鯤鵾縕蓀飧飱惇崙惛薞鷷驐掄睧緷鼲溷崑嶟繜燉蜳飩臀庉棔
平元 7 6 沌炖囤錕髡涽餛猻薀溫門盆奔痕根恩捫跟轀璊虋湓噴拫瘟賁亹垠
平佳 5 10 佳涯媧娃哇蛙蝸緺騧洼崖厓
上賄 3 5 改采彩綵海在宰醢載鎧愷待怠殆寀紿鼐頦駘欸塏亥乃迺凱闓胲閡僾採迨靉靆
上阮 7 6 本穩很懇墾畚笨懣齦損袞衮遯閫梱壼鯀悃捆輥緄鱒撙盾刌混沌噂焜棍渾緷滾錕忖囤
去泰 3 5 泰帶蓋瀨賴籟蔡害靄藹艾柰奈太汰軑癩藾愒賚丐大汏磕壒茷
去卦 5 10 卦挂畫話絓詿繣罣掛
去隊 3 5 塞愛代載態菜礙戴貸黛賚逮岱埭溉慨愾賽耐曖鎧在再欬薆靉睞徠襶裁靆采栽縡採鼐袋玳閡概僾
去願 7 6 論寸困頓遯鈍遜溷巽潠敦慁惛諢鐏焌恨悶嫩噴艮坌搵奔褪
"""
_NUMERALS = "一二三四五六七八九"


def _name(part: int) -> str:
    tens, ones = divmod(part, 10)
    numeral = "十" * bool(tens) + (_NUMERALS[ones - 1] if ones else "")
    return f"入聲第{numeral}部" if part > 14 else f"第{numeral}部"


# Parts that poets also rhymed with each other: a licence (Long Yusheng, 唐宋詞格律).
NEAR = tuple(frozenset(map(_name, parts)) for parts in ((6, 11, 13), (7, 14), (17, 18, 19)))


@cache
def _parts() -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """The part of each group, named as 平東 or 上董; and of a character of a group, where it is another one."""
    groups: dict[str, int] = {}
    for part, row in enumerate(_PARTS.split("\n")[1:-1], 1):
        tones = "入" if part > 14 else "平上去"
        for tone, names in zip(tones, row.split(), strict=True):
            for name in names:
                groups.setdefault(tone + name, part)
    halves: dict[tuple[str, str], int] = {}
    for row in _HALVES.split("\n")[1:-1]:
        group, most, others, characters = row.split()
        groups[group] = int(most)
        halves |= {(group, character): int(others) for character in characters}
    return groups, halves


def groups() -> frozenset[str]:
    """The names of the nineteen parts, and of the groups that two of them share."""
    _, halves = _parts()
    return frozenset(_name(part) for part in range(1, 20)) | {group.removeprefix("平") for group, _ in halves}


@cache
def readings(character: str) -> Readings:
    """The Readings of a character, with the names of parts as its rhyme groups."""
    parts, halves = _parts()
    split = {group for group, _ in halves}
    level: set[str] = set()
    oblique: set[str] = set()
    own = pingshui.readings(character)
    for form in pingshui.own_forms(character):
        found = pingshui.readings(form)
        for names, others in ((level, {"平" + one for one in found.groups}), (oblique, found.other_groups)):
            names |= {_name(halves.get((one, form), parts[one])) for one in others}
            # Poets rhymed the two halves of a group with each other too.
            names |= {one.removeprefix("平") for one in others if one in split}
    return Readings(frozenset(level), frozenset(oblique), own.level, own.oblique)
