#!/usr/bin/env bash
# SQLite 3.50.4, as PyPI apsw 3.50.4.0 brings it.
#
# A column with CHECK (word IN ('a', 'b', 'c')) builds a table of the three words anew for every row that
# is written: the program of an INSERT opens it, fills it and looks the word up inside the loop over the
# rows, with no step that would do so once for the statement. Where the same list stands in a WHERE it is
# built once. With two words, and with the words compared one after the other (word = 'a' OR word = 'b'
# OR …), which allows the same, there is no such table. The more words a status has, the dearer each row.
#
# Seen: check in 3: built per row; check in 2: compared; check or: compared; where in 3: built once
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check apsw==3.50.4.0
venv/bin/python - <<'PY'
import apsw, sys

db = apsw.Connection(":memory:")
for name, check in [
    ("three", "w IN ('a', 'b', 'c')"),
    ("two", "w IN ('a', 'b')"),
    ("compared", "w = 'a' OR w = 'b' OR w = 'c'"),
]:
    db.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, w TEXT NOT NULL CHECK ({check})) STRICT")


def how(sql):
    steps = [row[1] for row in db.execute("EXPLAIN " + sql)]
    if "OpenEphemeral" not in steps:
        return "compared"
    at = steps.index("OpenEphemeral")
    return "built once" if "Once" in steps[:at] else "built per row"


rows = "SELECT value, 'a' FROM json_each('[1, 2, 3]')"
seen = "; ".join([
    "check in 3: " + how(f"INSERT INTO three {rows}"),
    "check in 2: " + how(f"INSERT INTO two {rows}"),
    "check or: " + how(f"INSERT INTO compared {rows}"),
    "where in 3: " + how("SELECT id FROM three WHERE w || '' IN ('a', 'b', 'c')"),
])
print(seen)
wanted = "check in 3: built per row; check in 2: compared; check or: compared; where in 3: built once"
sys.exit(seen != wanted)
PY
