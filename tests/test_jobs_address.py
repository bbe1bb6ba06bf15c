"""Addresses stand in the lines and the order of their country; what is missing or wrong is named by its part."""

import pytest

from jobs.address import AddressFault, addressed

GIVEN = {"name": "Jo Lee", "street_address": "1 Main St", "city": "Springfield", "postal_code": "62701"}
LINES = {
    "US": ({"country_area": "Illinois"}, "Jo Lee|1 Main St|SPRINGFIELD, IL 62701|UNITED STATES"),
    "DE": ({"postal_code": "50667", "city": "Köln"}, "Jo Lee|1 Main St|50667 KÖLN|GERMANY"),
    "GB": ({"postal_code": "cb1 2ad", "city": "Cambridge"}, "Jo Lee|1 Main St|CAMBRIDGE|CB1 2AD|UNITED KINGDOM"),
    "IT": ({"postal_code": "20121", "city": "Milano", "country_area": "MI"}, "Jo Lee|1 Main St|20121 MILANO MI|ITALY"),
    "ES": ({"postal_code": "45001", "country_area": "Toledo"}, "Jo Lee|1 Main St|45001 SPRINGFIELD TOLEDO|SPAIN"),
    "SG": ({"postal_code": "238823", "city": ""}, "Jo Lee|1 Main St|SINGAPORE 238823|REP. OF SINGAPORE"),
    "JP": (
        {"postal_code": "104-0061", "city": "Chuo-ku", "country_area": "Tokyo"},
        "Jo Lee|1 Main St|Chuo-ku, TOKYO|104-0061|JAPAN",
    ),
    "FR": (
        {"street_address": "Bât. A\n3 rue Haute", "postal_code": "75001", "city": "Paris", "company_name": "Léa SARL"},
        "Léa SARL|Jo Lee|Bât. A|3 rue Haute|75001 PARIS|FRANCE",
    ),
}


@pytest.mark.parametrize("country", LINES)
def test_lines_are_in_the_order_of_the_country(country: str) -> None:
    more, lines = LINES[country]
    found = addressed({**GIVEN, **more, "country_code": country.lower()})
    assert ("|".join(found.lines), found.unused) == (lines, ())
    assert addressed({**GIVEN, **more, "country_code": country}, home=country).lines == found.lines[:-1]


def wrong(**parts: str) -> list[tuple[str, str]]:
    with pytest.raises(AddressFault) as caught:
        addressed({**GIVEN, **parts})
    assert all(words for _, _, words in caught.value.faults)
    return [(part, code) for part, code, _ in caught.value.faults]


def test_what_is_wrong_is_named_by_its_part() -> None:
    assert wrong() == [("country_code", "missing_country")]
    for country in ("ZZ", "all", "GBR", "\u017fE", "../x", "G"):
        assert wrong(country_code=country) == [("country_code", "unknown_country")], country
    assert wrong(country_code="US", country_area="IL", postal_code="6270") == [("postal_code", "invalid")]
    assert wrong(country_code="US", country_area="Narnia") == [("country_area", "invalid")]
    assert wrong(country_code="US", country_area="IL", city=" ", street_address="") == [
        ("city", "missing"),
        ("street_address", "missing"),
    ]
    assert wrong(country_code="GB", planet="Earth") == [("planet", "unknown_name")]


@pytest.mark.parametrize(
    ("country", "code", "region"), [("CA", "h3z 2y7", "AB"), ("US", "95014", "NY"), ("ES", "28013", "Barcelona")]
)
def test_a_postal_code_of_another_region_is_told_with_that_region(country: str, code: str, region: str) -> None:
    with pytest.raises(AddressFault) as caught:
        addressed({**GIVEN, "country_code": country, "postal_code": code, "country_area": region})
    [(part, fault, words)] = caught.value.faults
    assert (part, fault) == ("postal_code", "invalid")
    assert f"“{code}” is no " in words
    assert words.endswith(f"of “{region}” in {country}")


def test_a_city_that_is_its_own_region_is_written_once() -> None:
    parts = {**GIVEN, "city": "Madrid", "country_area": "madrid", "postal_code": "28013", "country_code": "ES"}
    assert addressed(parts) == addressed({**parts, "city": "MADRID"})
    assert "28013 MADRID" in addressed(parts).lines


def test_regions_that_have_no_codes_are_written_as_given() -> None:
    parts = {**GIVEN, "city": "Chaoyang", "country_area": "Beijing", "postal_code": "100022", "country_code": "CN"}
    assert "BEIJING, 100022" in addressed(parts).lines
