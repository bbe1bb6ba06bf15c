"""Shop: the configuration as values: where the server listens, which plotters, stocks and templates there are."""

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from ipaddress import ip_address
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from fonts.card import Stock
from fonts.manner import Manner
from jobs.shopcare import CareAsked, care_faults, patch_faults
from plotter import bed
from plotter.care import Name, PenProfile
from plotter.machine import Feeder, Machine, Plotter, Slot
from plotter.macros import MacroFault, macro
from plotter.port import PortError
from plotter.simport import open_sim

_STRICT = ConfigDict(extra="forbid")


class ShopFault(ValueError):
    """The configuration is wrong; `faults` says every fault, each with its section and key."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Address:
    """Where the server listens and keeps its records."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8420
    database: str = "sqlite:///var/fairhand.db"
    allow_remote: bool = False
    trusted_hosts: tuple[str, ...] = ()

    def url(self, port: int | None = None) -> str:
        """Where it is reached, at its own port or the one it was given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port if port is None else port}"


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Notes:
    """What a note gets that does not say: its hand, its stock; the file of templates; the country mail is sent from.

    `artwork` is a folder of SVG files; `signatures` says which of them goes with notes in a hand that name none.
    `hands` is the folder of the fonts that the shop has added.
    """

    hand: str = "wren"
    stock: str = "a6"
    templates: str = ""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    artwork: str = ""
    hands: str = "var/hands"
    signatures: Mapping[Name, str] = Field(default_factory=dict)


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Place:
    """One plotter as the file words it: `machine` is the name of a model; it has a `slot`, or several `slots`."""

    port: str
    machine: str
    slot: Slot | None = None
    slots: Mapping[Name, Slot] = Field(default_factory=dict)
    capacity: Annotated[int, Field(ge=1, le=10000)] = 1
    feeder: Feeder | None = None
    care: CareAsked = Field(default_factory=CareAsked)


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class OwnHand(Manner):
    """A hand of the shop's own: a face, shipped or added, and knobs."""

    face: str
    title: str = ""


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class _Sections:
    server: Address = Field(default_factory=Address)
    notes: Notes = Field(default_factory=Notes)
    machines: Mapping[Name, Machine] = Field(default_factory=dict)
    pens: Mapping[Name, PenProfile] = Field(default_factory=dict)
    plotters: Mapping[Name, Place] = Field(default_factory=dict)
    stocks: Mapping[Name, Stock] = Field(default_factory=dict)
    hands: Mapping[Name, OwnHand] = Field(default_factory=dict)


@dataclass(frozen=True, config=_STRICT, kw_only=True)
class Template:
    """A note's text with merge fields in {braces}."""

    text: Annotated[str, Field(min_length=1, max_length=20000)]


@dataclass(frozen=True)
class Shop:
    """Everything the files say, checked: names resolve, papers lie inside beds, frames inside papers."""

    server: Address
    notes: Notes
    machines: Mapping[str, Machine]
    plotters: tuple[Plotter, ...]
    stocks: Mapping[str, Stock]
    templates: Mapping[str, str]
    hands: Mapping[str, OwnHand] = field(default_factory=dict)

    def machine(self, name: str | None) -> Machine:
        """The model of that name, or of the first plotter when none is named; raises ShopFault."""
        if name is None:
            return self.plotters[0].machine if self.plotters else Machine()
        if name not in self.machines:
            raise ShopFault([f"there is no machine '{name}'; [machines] has {_list(self.machines)}"])
        return self.machines[name]


def shop(
    sections: Mapping[str, Any],
    templates: Mapping[str, Any],
    hands: Collection[str] | None = None,
    faces: Collection[str] | None = None,
) -> Shop:
    """The shop that two parsed TOML files describe; raises ShopFault with all their faults.

    With `hands`, the hand of the notes must be one of them or the shop's own, which may not be called as one of them;
    with `faces`, its own hands must write one of them.
    """
    faults: list[str] = []
    wrong: set[tuple[str, ...]] = set()
    try:
        read = TypeAdapter(_Sections).validate_python(sections)
    except ValidationError as error:
        faults += _words(error)
        wrong = {tuple(str(part) for part in one["loc"][:2]) for one in error.errors()}
        # What is right is looked at all the same, so that everything is said at once.
        read = TypeAdapter(_Sections).validate_python(_without(sections, wrong))
    try:
        texts = {
            name: one.text.strip("\n")
            for name, one in TypeAdapter(dict[Name, Template]).validate_python(templates).items()
        }
    except ValidationError as error:
        texts = {}
        faults += [f"templates: {fault}" for fault in _words(error)]
    faults += _server_faults(read.server) + _stock_faults(read.stocks)
    if not wrong & {("notes",), ("notes", "stock"), ("stocks",)}:
        faults += _unknown("[notes] stock", "stock", read.notes.stock, sections.get("stocks", {}), "[stocks] has")
    if hands is not None and not wrong & {("notes",), ("notes", "hand")}:
        faults += _unknown("[notes] hand", "hand", read.notes.hand, {*hands, *sections.get("hands", ())}, "there are")
    for name, one in read.hands.items():
        if hands is not None and name in hands:
            faults.append(f"[hands.{name}] there is a hand of that name already; choose another")
        if faces is not None:
            faults += _unknown(f"[hands.{name}] face", "face", one.face, faces, "there are")
    plotters = []
    for name, place in read.plotters.items():
        if ("machines",) not in wrong:
            where = f"[plotters.{name}] machine"
            faults += _unknown(where, "machine", place.machine, sections.get("machines", {}), "[machines] has")
        if (model := read.machines.get(place.machine)) is not None:
            wrong_here = _place_faults(name, place, model) + care_faults(name, place.care, model, read.pens)
            faults += wrong_here
            if not wrong_here:
                plotters.append(replace(_plotter(name, place, model), care=place.care.care(model, read.pens)))
                if not any(one[0] == "stocks" for one in wrong):
                    faults += _bed_faults(plotters[-1], read.stocks) + patch_faults(plotters[-1], read.stocks)
    faults += _port_faults(read.plotters)
    if faults:
        raise ShopFault(faults)
    return Shop(read.server, read.notes, read.machines, tuple(plotters), read.stocks, texts, read.hands)


def remarks(it: Shop) -> list[str]:
    """What may be meant so and should be looked at: a plotter on real paper with more blanks than places for them."""
    return [
        f"[plotters.{one.name}] capacity: {one.load} blanks and one slot, and no feeder: each card is written in the "
        "same place, so the machine must change them by itself. Cards laid by hand: capacity = 1, or several slots"
        for one in it.plotters
        if one.load > len(one.bed) and one.feeder is None and not one.port.startswith("sim://")
    ]


def _plotter(name: str, place: Place, machine: Machine) -> Plotter:
    return Plotter(
        name=name,
        port=place.port,
        machine=machine,
        slot=place.slot or next(iter(place.slots.values()), Slot()),
        slots=place.slots,
        capacity=place.capacity,
        feeder=place.feeder,
    )


def _place_faults(name: str, place: Place, machine: Machine) -> list[str]:
    """What of a plotter's bed does not go together."""
    faults = []
    if place.slot and place.slots:
        faults.append(f"[plotters.{name}] slot: there are slots with names too; keep one or the other")
    try:
        _plotter(name, place, machine)
    except ValidationError as error:
        faults += [
            f"[plotters.{name}] {one['msg'].removeprefix('Value error, ')}" for one in error.errors(include_url=False)
        ]
    if place.port.startswith("sim://"):
        try:
            open_sim(place.port, machine).close()
        except PortError as error:
            faults.append(f"[plotters.{name}] port: {error}")
    if place.feeder:
        try:
            macro("feeder", place.feeder.macro, machine)
        except MacroFault as error:
            faults.append(f"[plotters.{name}.feeder] {error}")
    return faults


def _port_faults(places: Mapping[str, Place]) -> list[str]:
    """Plotters that would share a port; each simulated one has a machine of its own."""
    taken: dict[str, str] = {}
    faults = []
    for name, place in places.items():
        if not place.port.startswith("sim://") and (first := taken.setdefault(place.port, name)) != name:
            faults.append(f"[plotters.{name}] port: {place.port} is that of {first}; each plotter has its own")
    return faults


def _bed_faults(plotter: Plotter, stocks: Mapping[str, Stock]) -> list[str]:
    """A slot in which no paper lies inside the bed; slots of which even the smallest papers lie upon one another."""
    papers = {name: (stock.width_mm, stock.height_mm) for name, stock in stocks.items()}
    faults, slots, alone = [], plotter.bed, []
    for name, slot in slots.items():
        if papers and all(bed.beyond_mm(slot, paper, plotter.machine) for paper in papers.values()):
            least = min(papers, key=lambda one: bed.beyond_mm(slot, papers[one], plotter.machine))
            [why] = bed.faults({name: slot}, {name: papers[least]}, plotter.machine)
            alone.append(f"[plotters.{plotter.name}] no stock fits: {least} is nearest, and {why}")
    together = [bed.faults(slots, dict.fromkeys(slots, paper), plotter.machine) for paper in papers.values()]
    if together and all(together) and not alone:
        smallest = min(papers, key=lambda one: papers[one][0] * papers[one][1])
        for why in bed.faults(slots, dict.fromkeys(slots, papers[smallest]), plotter.machine):
            faults.append(f"[plotters.{plotter.name}.slots] no stock can lie in all of them: of {smallest}, {why}")
    return alone + faults


def _server_faults(address: Address) -> list[str]:
    if address.allow_remote or is_loopback(address.host):
        return []
    return [
        f"[server] host: '{address.host}' can be reached from other computers, and there are no accounts yet. "
        "Keep 127.0.0.1, or put a proxy with a password in front and set allow_remote = true"
    ]


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _without(sections: Mapping[str, Any], wrong: Collection[tuple[str, ...]]) -> dict[str, Any]:
    """The sections less the entries that are wrong."""
    rest = {name: dict(one) if isinstance(one, Mapping) else one for name, one in sections.items()}
    for section, *entry in wrong:
        if entry:
            rest[section].pop(entry[0], None)
        else:
            rest.pop(section, None)
    return rest


def _unknown(where: str, kind: str, name: str, there: Collection[str], known: str) -> list[str]:
    return [] if name in there else [f"{where}: there is no {kind} '{name}'; {known} {_list(there)}"]


def _stock_faults(stocks: Mapping[str, Stock]) -> list[str]:
    faults = []
    for name, stock in stocks.items():
        if not stock.frames:
            faults.append(f"[stocks.{name}] frames: a stock needs at least one frame to write in")
        for frame_name, frame in stock.frames.items():
            where = f"[stocks.{name}.frames.{frame_name}]"
            if frame.x_mm + frame.width_mm > stock.width_mm or frame.y_mm + frame.height_mm > stock.height_mm:
                faults.append(
                    f"{where} the frame reaches beyond the paper of {stock.width_mm:g} x {stock.height_mm:g} mm"
                )
            if frame.xheight_min_mm > frame.xheight_max_mm:
                faults.append(f"{where} xheight_min_mm is above xheight_max_mm")
        if (box := stock.artwork) is not None and (
            box.x_mm + box.width_mm > stock.width_mm or box.y_mm + box.height_mm > stock.height_mm
        ):
            faults.append(f"[stocks.{name}.artwork] the box reaches beyond the paper")
    return faults


def _words(error: ValidationError) -> list[str]:
    faults = []
    for one in error.errors(include_url=False):
        *section, key = [str(part) for part in one["loc"]] or ["(file)"]
        kind = one["type"]
        why = "there is no such key" if kind in ("unexpected_keyword_argument", "extra_forbidden") else one["msg"]
        got = "" if isinstance(one["input"], dict) or kind.startswith("missing") else f", got {one['input']!r}"
        faults.append(f"[{'.'.join(section)}] {key}: {why}{got}" if section else f"{key}: {why}{got}")
    return faults


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
