"""A feeder on a simulated machine: a motor on the coolant output, a magazine, and a sensor at the slot.

While the motor runs, the old sheet leaves at once; after TRAVEL_S the next one lies in its place, if there is one and
it does not jam. `sim://?feeder=20` has one with 20 cards; `&jam=3` lets its third card jam.
"""

from plotter.simulator import Simulator

TRAVEL_S = 0.8


class SimFeeder:
    """Attached to a simulator; what lies under the pen is a pure function of when the motor ran."""

    def __init__(self, simulator: Simulator, cards: int, *, jam: int = 0, pin: str = "P", ejects: bool = True) -> None:
        """`cards` in the magazine; the `jam`-th never arrives; without `ejects` old sheets stay where they are."""
        self.cards, self.brought = cards, 0
        self._simulator, self._jam, self._pin, self._ejects = simulator, jam, pin, ejects
        self._since: float | None = None  # when the motor began to bring what is on its way
        self._lies = False
        simulator.feeder = self
        simulator.firmware.on_coolant = self._motor
        simulator.firmware.inputs = lambda: pin if self.lies else ""

    @property
    def lies(self) -> bool:
        """Whether a sheet lies in the slot now."""
        self._arrive()
        return self._lies

    def _motor(self, on: bool) -> None:
        if not on:
            self._arrive()
            self._since = None
        elif self._since is None:
            if not self._ejects and self._lies:
                return
            self._since, self._lies = self._simulator.firmware.t, False
            self._simulator.new_sheet()

    def _arrive(self) -> None:
        if self._since is None or self._lies or self._simulator.firmware.t < self._since + TRAVEL_S:
            return
        self._since = None
        if self.cards < 1:
            return
        self.cards -= 1
        self.brought += 1
        self._lies = self.brought != self._jam
