"""What the API takes, as pydantic models: strict, bounded and closed."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, JsonValue
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from fonts.drawer import NAME as ARTWORK
from fonts.manner import Degrees, Factor, Share
from jobs.api_forms import clean, formed, named, of_control
from jobs.job import State
from jobs.note import SEED_MAX

Words = Annotated[str, clean(max_length=5000)]
Short = Annotated[str, clean(min_length=1, max_length=100)]
FieldName = Annotated[str, clean(min_length=1, max_length=64)]
ArtworkName = Annotated[
    str, formed(rf"^({ARTWORK})?$", "a drawing is named like signatures/margaret", examples=["signatures/margaret"])
]
Part = Annotated[str, clean(max_length=200)]
Value = Annotated[str, clean(max_length=2000)]
PlotterName = Annotated[
    str,
    formed(
        r"^(plt_)?[a-z0-9][a-z0-9-]{0,30}$",
        "plotters are named in small letters, digits and hyphens, like left or plt_left",
        examples=["plt_left"],
    ),
]
PlotterId = Annotated[PlotterName, Path()]
SlotName = Annotated[str, named(examples=["card"])]
JobId = Annotated[
    str,
    formed(
        r"^job_[0-9a-z]{26}$",
        "a job's id is job_ and 26 small letters and digits",
        examples=["job_01m9zq3v5d8h2k4n6r7t9w1x3y"],
    ),
]
BatchId = Annotated[
    str,
    formed(
        r"^bat_[0-9a-z]{26}$",
        "a batch's id is bat_ and 26 small letters and digits",
        examples=["bat_01m9zq3v5d8h2k4n6r7t9w1x3y"],
    ),
]


# JSON has one kind of number: 20.0 is the integer 20 (JSON Schema 2020-12, validation, section 6.1.1).
_INTEGRAL = BeforeValidator(lambda it: int(it) if isinstance(it, float) and it.is_integer() else it)
Whole = Annotated[int, _INTEGRAL]
Servo = Annotated[int, Field(ge=0, le=1000), _INTEGRAL]
Seed = Annotated[int, Field(ge=0, le=SEED_MAX), _INTEGRAL]


class Unsent:
    """Marks what may be left out of a query or the headers: None stands for that, and no client can send it."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of what can be sent."""
        [sent] = [one for one in handler(core)["anyOf"] if one != {"type": "null"}]
        return sent  # type: ignore[no-any-return]


# A key against its pattern is refused; pydantic's schema leaves it open.
_NO_OTHERS: dict[str, JsonValue] = {"additionalProperties": False}


class Strict(BaseModel):
    """Taken as it is meant, or refused: no value is bent into shape, no key passed over."""

    model_config = ConfigDict(strict=True, extra="forbid")


class KnobsIn(Strict):
    """How the hand's person writes this time; what is left out stays as that person is."""

    neatness: Share | None = Field(None, description="1 scatters half as much as people do, .5 as much, 0 twice.")
    speed: Share | None = Field(None, description="1 is in a hurry, 0 takes its time.")
    slant: Degrees | None = Field(None, description="Degrees to the right, on top of how the letters are drawn.")
    size: Factor | None = Field(None, description="Against what the paper asks for; never below the paper's least.")
    connectedness: Share | None = Field(None, description="Share of the possible joins that are made.")


class AddressIn(Strict):
    """An address by its parts. Which of them must be there, and in what order they are written, the country decides."""

    name: Part | None = None
    company_name: Part | None = None
    street_address: Part | None = Field(None, description="May have several lines.")
    city_area: Part | None = None
    city: Part | None = None
    postal_code: Part | None = None
    sorting_code: Part | None = Field(None, description="CEDEX, say.")
    country_area: Part | None = Field(None, description="Region: state, province, county.")
    country_code: Part | None = Field(None, description="ISO 3166, two letters.", examples=["GB"])


class NoteIn(Strict):
    """What shall be written. Give either `text` or `template`; what is left out takes the shop's default."""

    text: Words | None = Field(None, description="Own words; merge fields stand in {braces}, {{ }} are literal braces.")
    template: Short | None = Field(None, description="Name of a template instead of own words.")
    fields: dict[FieldName, Value] = Field(
        default_factory=dict, max_length=100, description="Merge fields.", json_schema_extra=_NO_OTHERS
    )
    hand: Short | None = Field(None, description="Name of a hand; `GET /v1/hands` lists them.")
    stock: Short | None = Field(None, description="Name of a paper; `GET /v1/stocks` lists them.")
    seed: Seed | None = Field(None, description="Same note and seed, same strokes. Drawn if left out.")
    frames: dict[FieldName, Value] = Field(
        default_factory=dict,
        max_length=10,
        description="Words for the paper's other frames, a return address say.",
        json_schema_extra=_NO_OTHERS,
    )
    address: AddressIn | None = Field(
        None,
        description="For the paper's frame `address`; where that is its first, in place of a text: an envelope.",
    )
    artwork: ArtworkName | None = Field(
        None, description="Signature or doodle; `GET /v1/artwork` lists them. Else the hand's signature; '' for none."
    )
    transliterate: bool = Field(
        False, description="Write what the hand has no letter for in letters it has; `warnings` shows each replacement."
    )
    knobs: KnobsIn | None = Field(None, description="How the person writes it; `GET /v1/hands` says as usual.")

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "Dear Ana,\nthank you for your order.\nJo", "stock": "a6", "seed": 7}]
        },
    )


class JobIn(NoteIn):
    """An order for one card: the note, and how it shall be handled."""

    priority: Whole = Field(0, ge=-100, le=100, description="Higher is written earlier; equals by age.")
    hold: bool = Field(False, description="Keep it from being written until it is released.")
    plotter: PlotterName | None = Field(None, description="Only this plotter may write it.")
    external_id: Short | None = Field(None, description="Your own number for it; not checked for doubles.")
    metadata: dict[FieldName, Annotated[str, clean(max_length=500)]] = Field(
        default_factory=dict,
        max_length=20,
        description="Up to 20 pairs of your own, given back as they are.",
        json_schema_extra=_NO_OTHERS,
    )

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "template": "thank-you-order",
                    "fields": {"first_name": "Ana", "product": "the oak stool", "agent": "Jo"},
                    "external_id": "A-1001",
                }
            ]
        },
    )


class DecisionIn(Strict):
    """A person's word on an interrupted card."""

    card: Literal["good", "resume", "fresh", "give_up"] = Field(
        description="good: the card can be sent. resume: nobody has touched it, go on with it (only while its "
        "`verdict` says `resumable`). fresh: it is spoiled, write another. give_up: write none."
    )
    looked: bool = Field(
        False, description="With resume of a card whose verdict is look: only the strokes that are certain are on it."
    )
    note: Annotated[str, clean(max_length=500)] = Field("", description="Why, for the record.")


Blanks = Annotated[int, Field(ge=0, le=10000), _INTEGRAL]


class BlanksIn(Strict):
    """A person has laid blank cards into a plotter and looked at them: either `stock`, or `slots`."""

    stock: Short | None = Field(None, description="Which paper.", examples=["a6"])
    count: Blanks | None = Field(
        None, description="How many lie there now; in the first slots where there are several. Else all it holds."
    )
    slots: dict[SlotName, Short] | None = Field(
        None,
        max_length=100,
        description="One card each in these slots, of the paper named; none in the others.",
        json_schema_extra=_NO_OTHERS,
    )

    model_config = ConfigDict(
        strict=True, extra="forbid", json_schema_extra={"examples": [{"count": 20, "stock": "a6"}]}
    )


Mm = Annotated[float, Field(ge=-3000, le=3000)]


class PlaceIn(Strict):
    """A place on a machine's bed."""

    x_mm: Mm
    y_mm: Mm


class CornersIn(Strict):
    """Where the pen was held above the two lower corners of a paper in a slot, machine mm."""

    stock: Short = Field(description="Which paper lies there.", examples=["a6"])
    lower_left: PlaceIn
    lower_right: PlaceIn

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "stock": "a6",
                    "lower_left": {"x_mm": 10.0, "y_mm": 10.0},
                    "lower_right": {"x_mm": 158.0, "y_mm": 10.3},
                }
            ]
        },
    )


class HereIn(Strict):
    """Where does the pen stand? `token` proves that one has the plotter's controls, where somebody has them."""

    token: Annotated[str, of_control()] | None = None


class FedIn(Strict):
    """A person has looked whether the feeder has brought a card."""

    card: Literal["here", "missing"]


class JobsQuery(Strict):
    """Which jobs, and how many at once."""

    # Query values are text: numbers are read from them.
    model_config = ConfigDict(strict=False, extra="forbid")

    state: list[State] = Field(default_factory=list, max_length=len(State), description="One or more states.")
    batch: Annotated[BatchId | None, Unsent] = None
    external_id: Annotated[Short | None, Unsent] = None
    plotter: Annotated[PlotterName | None, Unsent] = Field(None, description="Asked for it, or last written on it.")
    order: Literal["newest", "oldest"] = "newest"
    limit: int = Field(50, ge=1, le=200)
    after: Annotated[JobId | None, Unsent] = Field(None, description="`next` of the page before.")
