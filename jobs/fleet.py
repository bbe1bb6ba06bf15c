"""Fleet: all plotters that this controller drives, one worker each."""

from collections.abc import Sequence

from jobs.compose import Shelf
from jobs.dispatch import Dispatch
from jobs.errand import Errands
from jobs.worker import GRACE_S, Opener, Worker
from plotter.machine import Plotter
from plotter.serialport import open_port


class Fleet:
    """Starts and stops the workers. Registering first settles what an earlier start has left open."""

    def __init__(
        self, plotters: Sequence[Plotter], *, dispatch: Dispatch, shelf: Shelf, opener: Opener = open_port
    ) -> None:
        self.plotters = tuple(plotters)
        self._dispatch = dispatch
        self._shelf = shelf
        self._opener = opener
        self._workers: list[Worker] = []
        self.errands = {one.name: Errands(one.name, dispatch.store.bell) for one in self.plotters}
        """What people ask of each plotter while no card is under its pen, by its name."""

    def start(self) -> None:
        """Drive the plotters from now on; raises Taken when another controller does. No effect while running."""
        if self._workers:
            return
        self._dispatch.register(self.plotters)
        self._workers = [
            Worker(
                one,
                dispatch=self._dispatch,
                shelf=self._shelf,
                opener=self._opener,
                errands=self.errands[one.name],
            )
            for one in self.plotters
        ]
        for worker in self._workers:
            worker.start()

    def stop(self, grace_s: float = GRACE_S) -> None:
        """End all workers: the strokes under the pens are finished, the cards in hand become interrupted.

        Returns when every worker has ended; raises RuntimeError naming those that did not within three times the grace.
        """
        for worker in self._workers:
            worker.stop(grace_s)
        late = [worker.plotter.name for worker in self._workers if not worker.join(3 * grace_s + 5)]
        self._workers = []
        if late:
            raise RuntimeError(
                f"still busy with their ports: {', '.join(late)}; their cards will come back interrupted"
            )
