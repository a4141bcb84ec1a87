"""Shops and products as they are called in each market, long rather than short."""

from __future__ import annotations

from dataclasses import dataclass

LINK = "https://go.example.com/r/AbCdEfGhIjKl"


@dataclass(frozen=True)
class Sample:
    """``dear_product`` has a letter that GSM-7 lacks."""

    store: str
    product: str
    dear_product: str


SAMPLES = {
    "de": Sample("Alpenglück", "Merinopullover, grau", "Wollschal „Škofja Loka“"),
    "en": Sample("Harbour & Pine", "Merino crew-neck jumper", "Linen tote “Łódź”"),
    "es": Sample("Casa Olivo", "Camiseta de lino azul", "Pantalón de algodón"),
    "fr": Sample("Maison Lavande", "Bougie parfumée figuier", "Châle en laine côtelé"),
    "pl": Sample("Alpejka", "Koszula lniana damska", "Koszula lniana męska"),
    "sl": Sample("Lanena hiša", "Lanena srajca Bela", "Žametna blazina, siva"),
}
