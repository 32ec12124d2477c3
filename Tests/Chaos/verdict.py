"""The result of one run: what the judge found, how long things took, and whether that passes. For machines and for eyes."""

from collections import Counter
from dataclasses import asdict

import promptness
from judge import KINDS, judge
from terms import GapRule, Terms

MOST_SHOWN = 20  # violations in a result; the records hold all
SETTLING = 1.0  # seconds after the last strike, or after Redis' return, until which its new era has begun everywhere


class Verdict:
    def __init__(self, fault, evidence, is_timed=True):
        self.fault, self.evidence = fault, evidence
        struck = [when for when, _ in evidence.strikes]
        self.terms = Terms(fault.gaps, evidence.first_era, evidence.last_era, min(struck, default=0.0),
                           max(struck + evidence.backs, default=0.0) + SETTLING, fault.sets_back)
        self.judgement = judge(evidence.publications, evidence.records, self.terms)
        self.times = {
            "again": promptness.receiving_again(evidence.records, struck),
            "back": promptness.delivery_back(evidence.publications, evidence.records, evidence.backs),
            "noticed": promptness.Spread.of(evidence.noticed),
            "on the way": promptness.on_the_way(evidence.publications, evidence.records),
        }
        self.cut = promptness.cut_off(evidence.records)
        self.statuses = Counter()
        for record in evidence.records:
            self.statuses.update(record.statuses)
        self.reasons = list(self._reasons(is_timed))

    @property
    def passes(self):
        return not self.reasons

    def _reasons(self, is_timed):
        """Why it doesn't pass, a phrase each."""
        if self.evidence.trouble:
            yield self.evidence.trouble
        excused = {"lost"} if self.terms.gaps is not GapRule.NEVER else set()
        for kind in KINDS:
            if self.judgement.counts[kind] and kind not in excused:
                yield f"{self.judgement.counts[kind]} {kind}"
        if is_timed:
            for limit, seconds in self.fault.limits.items():
                name, _, measure = limit.rpartition(" ")
                spread = self.times[name]
                if spread is None:
                    yield f"{limit}: nothing was measured"
                elif getattr(spread, measure) > seconds:
                    yield f"{limit} {getattr(spread, measure):.2f} s, over {seconds:.0f} s"
        if self.fault.proof and not self._happened(self.fault.proof):
            yield f"nothing happened: no {self.fault.proof}"

    def _happened(self, proof):
        """Whether the fault reached anybody: one that didn't proves nothing."""
        match proof:
            case "cut":
                return self.cut > 0
            case "gaps":
                return self.judgement.gaps > 0
            case "noticed":
                return bool(self.evidence.noticed)
            case "era":
                return self.terms.forgets
            case "errors":
                return any(len(publication.attempts) > len(publication.acknowledgements)
                           for publication in self.evidence.publications)
        raise ValueError(proof)

    def result(self):
        """As JSON has it. All times are in seconds."""
        publications = self.evidence.publications
        return {
            "fault": self.fault.name,
            "passed": self.passes,
            "reasons": self.reasons,
            "published": len(publications),
            "acknowledged": sum(publication.is_acknowledged for publication in publications),
            "attempts": sum(len(publication.attempts) for publication in publications),
            "subscribers": len(self.evidence.records),
            "received": self.judgement.received,
            **{kind.replace(" ", "_"): self.judgement.counts[kind] for kind in KINDS},
            "gaps": self.judgement.gaps,
            "told_gap": self.judgement.told,
            "redelivered": self.judgement.redelivered,
            "cut_off": self.cut,
            "retreats": sum(record.retreats for record in self.evidence.records),
            "statuses": dict(self.statuses),
            "eras": [self.evidence.first_era, self.evidence.last_era],
            "times": {name: asdict(spread) if spread else None for name, spread in self.times.items()},
            "strikes": self.evidence.strikes,
            "violations": [asdict(violation) for violation in self.judgement.violations[:MOST_SHOWN]],
        }

    def summary(self):
        """One line."""
        counts = self.judgement.counts
        parts = [f"{counts[kind]} {kind}" for kind in ("lost", "undeclared", "duplicated", "out of order", "phantom")]
        parts.append(f"{self.judgement.gaps} gaps")
        line = (f"{len(self.evidence.publications)} published, {self.judgement.received} received by "
                f"{len(self.evidence.records)}: {', '.join(parts)}")
        if self.cut:
            line += f"; {self.cut} cut off"
        for name, words in (("again", "receiving again"), ("back", "delivery back"), ("noticed", "noticed")):
            if self.times[name]:
                line += f"; {words} {self.times[name]}"
        return line + ("" if self.passes else f"  [{'; '.join(self.reasons)}]")
