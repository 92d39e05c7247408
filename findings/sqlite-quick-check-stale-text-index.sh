#!/usr/bin/env bash
# SQLite 3.54.1, as PyPI apsw 3.54.1.0 brings it.
#
# PRAGMA quick_check also looks at full-text indexes (FTS5). A connection that has written to such an index
# keeps in memory where its parts lie; when another connection writes to it afterwards, quick_check on the
# first reports "fts5: checksum mismatch" and, once parts were merged, "fts5: corruption found", of an index in
# which nothing is wrong: the other connection, and one opened anew, both say ok at that moment. A search on
# the first connection, whatever for, makes its next quick_check say ok as well. So a check of a file that
# others write to searches the index before it judges it.
#
# Seen: after 1 write of the other: checksum mismatch, other ok, new ok; after 8: corruption found, other ok,
# new ok; after a search: ok
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
venv/bin/python - <<'PY'
import apsw, sys

one = apsw.Connection("book.db")
for sql in ("PRAGMA journal_mode = WAL", "CREATE VIRTUAL TABLE words USING fts5(text)"):
    list(one.execute(sql))
other = apsw.Connection("book.db")
written = 0


def write(by, times):
    global written
    for _ in range(times):
        written += 1
        by.execute("INSERT INTO words (text) VALUES (?)", (f"word{written}",))


def look(by):
    said = list(by.execute("PRAGMA quick_check"))[0][0]
    return next((w for w in ("ok", "checksum mismatch", "corruption found") if w in said), said)


def all_of_them():
    return f"{look(one)}, other {look(other)}, new {look(apsw.Connection('book.db'))}"


write(one, 12)
assert look(one) == "ok"
write(other, 1)
first = all_of_them()
write(other, 7)
last = all_of_them()
list(one.execute("SELECT 1 FROM words WHERE words MATCH 'nothing'"))
seen = f"after 1 write of the other: {first}; after 8: {last}; after a search: {look(one)}"
print(seen)
wanted = (
    "after 1 write of the other: checksum mismatch, other ok, new ok; "
    "after 8: corruption found, other ok, new ok; after a search: ok"
)
sys.exit(seen != wanted)
PY
