"""The words that sales exports use, in English, German, French and Spanish.

Belongs here: the vocabulary, and finding its words in a header. Does not: what is made of them
(`mapping`, `columns`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache


class Concept(StrEnum):
    """What a column of a sales export may mean."""

    ORDER_DATE = "order date"
    OTHER_DATE = "another date"
    TIME = "time"
    ORDER_ID = "order number"
    LINE_NUMBER = "line number"
    PRODUCT_ID = "product number"
    PRODUCT = "product"
    CATEGORY = "category"
    CUSTOMER_ID = "customer number"
    REGION = "country or region"
    QUANTITY = "quantity"
    UNIT_PRICE = "price of one unit"
    NET = "amount without tax"
    AMOUNT = "amount"
    GROSS = "amount with tax"
    DISCOUNT = "discount"
    TAX = "tax"
    CURRENCY = "currency"
    STATUS = "status"
    PERSONAL = "personal data"
    OTHER_ID = "another number"


_WORDS: dict[Concept, str] = {
    Concept.ORDER_DATE: (
        "order date|date|day|sold on|sale date|sales date|invoice date|transaction date|"
        "purchase date|timestamp|order day|ordered at|created at|datetime|date time|sold|"
        "datum|bestelldatum|auftragsdatum|rechnungsdatum|belegdatum|kaufdatum|verkaufsdatum|"
        "buchungsdatum|tag|bestellt am|verkauft am|zeitpunkt|date de commande|date commande|"
        "date de facture|date facture|date vente|date de vente|jour|fecha|fecha de pedido|"
        "fecha pedido|fecha factura|fecha de venta|fecha venta|dia"
    ),
    Concept.OTHER_DATE: (
        "ship date|delivery date|due date|paid on|payment date|updated at|birth date|"
        "lieferdatum|faelligkeit|zahldatum|valuta|versanddatum|date de livraison|date livraison|"
        "echeance|fecha de entrega|fecha entrega|vencimiento"
    ),
    Concept.TIME: "time|order time|uhrzeit|zeit|heure|hora",
    Concept.ORDER_ID: (
        "order id|order no|order number|order|invoice no|invoice|invoice id|invoice number|"
        "receipt|receipt no|transaction id|transaction|bestellnummer|bestellung|bestell nr|"
        "bestellnr|auftrag|auftragsnummer|auftragsnr|rechnung|rechnungsnummer|rechnungsnr|"
        "rechnung nr|beleg|belegnummer|belegnr|beleg nr|bon|bonnummer|commande|no commande|"
        "numero de commande|numero commande|facture|no facture|numero de facture|"
        "numero facture|pedido|no pedido|numero de pedido|numero pedido|factura|no factura|"
        "numero de factura|numero factura|ticket"
    ),
    Concept.LINE_NUMBER: (
        "line number|line no|order line|line|position|pos|row|item no|zeile|ligne|linea"
    ),
    Concept.PRODUCT_ID: (
        "product id|product code|product no|sku|stock code|item id|item number|item code|ean|"
        "gtin|artikelnummer|artikelnr|artikel nr|produktnummer|art nr|code produit|"
        "code article|reference|ref|codigo|codigo producto|codigo de producto|referencia"
    ),
    Concept.PRODUCT: (
        "product|product name|item|item name|article|description|name|title|produkt|artikel|"
        "produktname|artikelname|bezeichnung|artikelbezeichnung|ware|beschreibung|produit|"
        "libelle|designation|nom du produit|producto|articulo|descripcion|nombre del producto"
    ),
    Concept.CATEGORY: (
        "category|product category|type|group|department|kategorie|warengruppe|produktgruppe|"
        "categorie|famille|rayon|categoria|familia"
    ),
    Concept.CUSTOMER_ID: (
        "customer id|customer no|customer number|customer|client id|client|account|buyer|"
        "kunde|kundennummer|kundennr|kunden nr|kunden id|no client|code client|"
        "numero client|cliente|no cliente|codigo cliente|numero de cliente|id cliente"
    ),
    Concept.REGION: (
        "country|region|state|market|ship country|land|staat|gebiet|bundesland|pays|"
        "pais|provincia|territory"
    ),
    Concept.QUANTITY: (
        "quantity|qty|units|count|pieces|pcs|menge|anzahl|stueck|stueckzahl|stk|quantite|qte|"
        "nombre|cantidad|cant|unidades"
    ),
    Concept.UNIT_PRICE: (
        "unit price|price|price each|price per unit|preis|einzelpreis|stueckpreis|ep|vk|"
        "verkaufspreis|prix|prix unitaire|pu|precio|precio unitario"
    ),
    Concept.NET: (
        "net amount|net|net sales|net revenue|net total|amount net|total net|subtotal|"
        "netto|nettobetrag|betrag netto|nettoumsatz|netto umsatz|nettosumme|net ht|montant ht|"
        "total ht|ht|prix ht|neto|importe neto|total neto|base imponible"
    ),
    Concept.AMOUNT: (
        "amount|revenue|sales|line total|line amount|turnover|value|sales amount|sum|total|"
        "extended price|order value|umsatz|betrag|summe|gesamt|gesamtpreis|wert|erloes|"
        "zeilenbetrag|positionswert|montant|chiffre d affaires|ca|total ligne|importe|monto|"
        "ventas|valor|ingresos"
    ),
    Concept.GROSS: (
        "gross|gross amount|total amount|grand total|amount gross|total gross|brutto|"
        "bruttobetrag|betrag brutto|bruttoumsatz|montant ttc|total ttc|ttc|prix ttc|"
        "importe bruto|total bruto|total con iva"
    ),
    Concept.DISCOUNT: "discount|rebate|rabatt|nachlass|skonto|remise|rabais|descuento|rebaja",
    Concept.TAX: (
        "tax|vat|tax amount|sales tax|mwst|ust|steuer|mehrwertsteuer|tva|taxe|iva|impuesto"
    ),
    Concept.CURRENCY: "currency|currency code|ccy|waehrung|devise|monnaie|moneda|divisa",
    Concept.STATUS: (
        "status|order status|state of order|transaction type|vorgang|belegart|"
        "statut|etat|estado|kind|order type|vorgangsart"
    ),
    Concept.PERSONAL: (
        "email|e mail|mail|phone|telephone|tel|mobile|cell|fax|address|street|zip|zip code|"
        "postcode|postal code|first name|last name|surname|full name|customer name|contact|"
        "contact name|buyer name|birth date|date of birth|birthday|iban|ip|ip address|"
        "telefon|handy|mobil|adresse|strasse|plz|postleitzahl|vorname|nachname|kundenname|"
        "name kunde|ansprechpartner|geburtsdatum|courriel|adresse mail|telephone portable|"
        "portable|rue|code postal|nom|prenom|nom du client|nom client|correo|"
        "correo electronico|telefono|movil|direccion|calle|codigo postal|apellido|apellidos|"
        "nombre del cliente|nombre cliente|shipping address|billing address|lieferadresse|"
        "rechnungsadresse|anschrift"
    ),
    Concept.OTHER_ID: (
        "id|no|nr|number|code|key|nummer|kennung|numero|filiale|store|store id|shop|branch"
    ),
}
_EXACT = {word: concept for concept, words in reversed(_WORDS.items()) for word in words.split("|")}
_EXACT |= {
    word: Concept.PERSONAL
    for word in _WORDS[Concept.PERSONAL].split("|")
    if word not in {"name", "nombre"}
}
_SUFFIXES = ("nummer", "nr", "datum", "betrag", "preis", "menge", "name")
_FILLERS = re.compile(r"\b(?:in|en|of|the|de|du|des|la|le|del|der|die|das|per|pro|par|por)\b")
_TOTALS = re.compile(
    r"\W*(?:grand |sub)?(?:total(?:s|es|e|aux)?|sum(?:me|a)?|gesamt\w*|zwischensumme|uebertrag|"
    r"somme|insgesamt|end of (?:report|file)|rows?|records?|lines?|zeilen|datensaetze|eof|ende)\b"
)
ID_WORDS = frozenset(
    {
        Concept.ORDER_ID,
        Concept.PRODUCT_ID,
        Concept.CUSTOMER_ID,
        Concept.OTHER_ID,
        Concept.PERSONAL,
        Concept.PRODUCT,
    }
)
"""Meanings whose digits are names, with which nobody counts."""


def folded(text: str) -> str:
    """A text in small ASCII letters and digits, its words apart by one blank."""
    text = re.sub(r"(?<=[a-z0-9\u00df-\u00ff])(?=[A-Z\u00c0-\u00de])", " ", text)
    text = re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", " ", text).lower()
    for sign, plain in (
        ("ä", "ae"),
        ("ö", "oe"),
        ("ü", "ue"),
        ("ß", "ss"),
        ("n°", "no"),
        ("#", " no "),
    ):
        text = text.replace(sign, plain)
    text = unicodedata.normalize("NFKD", text).replace("\u0153", "oe")
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[a-z0-9]+", text))


@lru_cache(maxsize=4096)
def concept_of(header: str) -> tuple[Concept | None, int]:
    """What a header means, and how sure that is: 3 for the very word, 1 for one among others."""
    words = folded(header)
    without = folded(re.sub(r"[(\[].*?[)\]]", " ", header))
    for text in (words, without, " ".join(_FILLERS.sub(" ", words).split())):
        if text in _EXACT:
            return _EXACT[text], 3
    parts = [part for part in words.split() if part not in _CODES]
    if " ".join(parts) in _EXACT:
        return _EXACT[" ".join(parts)], 3
    for length in range(len(parts) - 1, 0, -1):
        # The last words say what it is, the first ones of what.
        for start in range(len(parts) - length, -1, -1):
            text = " ".join(parts[start : start + length])
            if text in _EXACT and len(text) > 2:
                return _EXACT[text], 2 if length > 1 else 1
    for suffix in _SUFFIXES:
        if len(words) > len(suffix) and words.endswith(suffix) and suffix in _EXACT:
            return _EXACT[suffix], 1
    return None, 0


_CODES = frozenset(
    ["usd", "eur", "gbp", "chf", "jpy", "pln", "sek", "nok", "dkk", "czk", "cad", "aud"]
)


def known(cells: Sequence[str]) -> int:
    """How many of some cells are words of sales exports."""
    return sum(concept_of(cell)[1] >= 2 for cell in cells if cell and len(cell) < 60)


def is_total(text: str) -> bool:
    """Whether a text begins as the last line of a report does."""
    return _TOTALS.match(folded(text[:60])) is not None
