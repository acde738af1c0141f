"""Which language a listing is in, and which are not covered."""

import pytest

from moderation.offline_model.goods import vocabulary
from moderation.offline_model.language import detect
from moderation.offline_model.texts import view


def detected(text, hint=""):
    seen = view({"description": text}, {})
    return detect(seen.sentences, hint, vocabulary())


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "A soft towel for the bath, it dries quickly on the line."),
        ("id", "Handuk lembut untuk kamar mandi, cepat kering dan tidak luntur."),
        ("es", "Toalla suave para el baño que se seca muy rápido."),
        ("de", "Weiches Handtuch für das Bad, trocknet schnell auf der Leine."),
        ("fr", "Serviette douce pour le bain, elle sèche très vite."),
        ("pl", "Miękki ręcznik do łazienki, szybko schnie na sznurku."),
        ("ro", "Prosop moale pentru baie, se usucă repede și este mare."),
        ("pt", "Toalha macia para o banho, não desbota e seca rápido."),
    ],
)
def test_a_covered_language_is_told(language, text):
    found = detected(text)
    assert found.language == language
    assert not found.unsupported
    assert "en" in found.apply


@pytest.mark.parametrize(
    "text",
    [
        "Een zachte handdoek voor het bad, deze is niet gebruikt.",
        "En mjuk handduk för badet som är ny och inte har använts.",
        "Měkký ručník do koupelny, který je nový a velmi pěkný.",
        "Puha törölköző a fürdőszobába, új és nem volt használva.",
        "Мягкое полотенце для ванной комнаты.",
        "منشفة ناعمة للحمام",
        "부드러운 목욕 수건입니다",
        "ผ้าขนหนูนุ่มสำหรับห้องน้ำ",
        "柔软的浴巾适合浴室使用",
        "Khăn tắm mềm mại cho phòng tắm của bạn",
    ],
)
def test_a_language_without_full_lists_is_said_so(text):
    assert detected(text, "en").unsupported


def test_one_foreign_sentence_among_english_ones_is_seen():
    text = "A soft towel for the bath. Deze is niet voor het echt maar voor een ander."
    assert detected(text).unsupported == "nl"


def test_a_hint_only_breaks_a_tie():
    text = "A soft towel for the bath, it dries quickly on the line."
    assert detected(text, "pl").language == "en"
    assert detected("", "pl").language == "pl"
