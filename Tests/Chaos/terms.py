"""What a fault entitles the cluster to: the terms on which a run is judged. Pure."""

from dataclasses import dataclass
from enum import Enum


class GapRule(Enum):
    """Which gaps are in order. Each must be in order by the rule of its fault, else it is unfounded."""

    NEVER = "none"
    FOUNDED = "those that cover a lost event"
    RESUMED = "those that cover a lost event, and those of clients that came back with a position of the era before"
    NEW_ERA = "any, provided that data was lost"
    EVERYONE = "each subscriber is owed one on each channel"


@dataclass
class Terms:
    """What a fault entitles the cluster to."""

    gaps: GapRule = GapRule.NEVER
    first_era: str | None = None  # of Redis' data, when the run began
    last_era: str | None = None  # and when it ended
    struck: float = 0.0  # when the fault struck first: a gap told before has another reason
    reborn: float = float("inf")  # when the last era had surely begun: who then comes back from another one is owed a gap
    is_rolled_back: bool = False  # Redis' data was set back by the fault itself, whether a new era tells of it or not

    @property
    def forgets(self):
        """Whether Redis lost data, idempotency keys among it: a publish that is retried then may be delivered again."""
        return self.is_rolled_back or self.first_era != self.last_era
