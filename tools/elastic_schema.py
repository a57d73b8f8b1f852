"""Write the field names of `--schema elastic`: those of Endpoint, integrations and Beats beside ECS.

Takes names and types alone, no descriptions, from a survey that is not part of this repository: a JSON object `fields`
of names with `type` and `sources`. What only the schema of detection-rules names is left out.

    EQLITE_SHARED=… python -m tools.elastic_schema
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

TARGET = Path(__file__).parent.parent / "src" / "eqlite" / "semantics" / "elastic_9.5.0.tsv.z"
ECS = TARGET.with_name("ecs_9.5.0.tsv")
OF_RULES = "non-ecs-schema"
LEFT_OUT = frozenset({"alias"})  # of which the survey does not say what they stand for
OTHER_NAMES = {"array": "keyword"}  # a word of Beats for many keywords


def main() -> None:
    """Write the file anew."""
    survey = Path(os.environ["EQLITE_SHARED"]) / "corpus" / "non_ecs_flat.json"
    fields = json.loads(survey.read_text(encoding="utf-8"))["fields"]
    known = {line.partition("\t")[0] for line in ECS.read_text(encoding="utf-8").splitlines()}
    lines = []
    for name, field in sorted(fields.items()):
        if name in known or name.startswith(".") or field["type"] in LEFT_OUT:
            continue
        if all(source.startswith(OF_RULES) for source in field["sources"]):
            continue
        lines.append(f"{name}\t{OTHER_NAMES.get(field['type'], field['type'])}\n")
    TARGET.write_bytes(zlib.compress("".join(lines).encode(), 9))
    print(f"{TARGET.name}: {len(lines):,} fields, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
