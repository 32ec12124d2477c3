"""All that a run leaves behind, in a folder, so that it can be judged again."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from record import Publication, Record, read_lines, write_lines


@dataclass
class Evidence:
    fault: str
    publications: list = field(default_factory=list)
    records: list = field(default_factory=list)
    strikes: list = field(default_factory=list)  # [when, what]
    backs: list = field(default_factory=list)  # when Redis answered again, after it was away
    noticed: list = field(default_factory=list)  # seconds until a worker said that its link is deaf
    first_era: str | None = None  # of Redis' data, when the load began
    last_era: str | None = None  # and when all was over
    trouble: str | None = None  # why the run itself failed

    LISTED = ("fault", "strikes", "backs", "noticed", "first_era", "last_era", "trouble")

    def write(self, folder):
        """Beside the records, which each crowd has written there itself."""
        write_lines(Path(folder) / "published.jsonl", self.publications)
        listed = {name: getattr(self, name) for name in self.LISTED}
        (Path(folder) / "evidence.json").write_text(json.dumps(listed, indent=1))

    @classmethod
    def read(cls, folder):
        evidence = cls(**json.loads((Path(folder) / "evidence.json").read_text()))
        evidence.publications = read_lines(Path(folder) / "published.jsonl", Publication)
        evidence.read_records(folder)
        return evidence

    def read_records(self, folder):
        for path in sorted(Path(folder).glob("received-*.jsonl")):
            self.records += read_lines(path, Record)
