"""Damage to a cache's directory, at random or with malice.

Each of MUTATIONS is called with a random.Random, the cache's folder and one of somebody's files.
"""

import os
import sqlite3
from contextlib import closing, suppress

OWNER = "0123456789abcdef"

COLUMNS = [
    *(("spaces", column) for column in ("id", "name", "dtype", "label")),
    *(
        ("segments", column)
        for column in ("id", "space", "file", "n", "p", "c", "bytes", "last_used")
    ),
    *(("tokens", column) for column in ("space", "key", "segment", "row", "checksum")),
]

SCHEMAS = [
    "CREATE TRIGGER t AFTER INSERT ON claims BEGIN DELETE FROM tokens; END",
    "CREATE TRIGGER t AFTER UPDATE ON segments BEGIN UPDATE tokens SET row = 0; END",
    "CREATE TABLE more (a)",
    "DROP TABLE claims",
    "DROP INDEX tokens_of_segment",
    "ALTER TABLE segments RENAME TO s; CREATE VIEW segments AS WITH RECURSIVE r(a) AS "
    "(SELECT 1 UNION ALL SELECT a + 1 FROM r) SELECT a AS id, a AS space FROM r",
    "PRAGMA user_version = 7",
    "PRAGMA application_id = 1",
    "PRAGMA journal_mode = WAL",
    "UPDATE sqlite_sequence SET seq = 9223372036854775807",
    "UPDATE segments SET bytes = 9223372036854775807",
]


def outside_paths(outside):
    names = ("thesis.txt", "thesis.tokens", "thesis.alive")
    return [os.path.join(where, name) for name in names for where in (outside, "../outside")]


def values(rng, outside):
    """A value that somebody may have written into the index."""
    numbers = [-1, 0, 1, 2, 3, 4, 5, 12, 48, 192, 2**31, 2**62, -(2**62), 1.5, 1e300]
    texts = ["", "aa", "bb", "float16", OWNER, f"{OWNER}-1.tokens", "\0", "a\0/..", ".", ".."]
    others = [None, b"", b"\xff\xfe", b"\0" * 8]
    return rng.choice([*numbers, *texts, *others, *outside_paths(outside)])


def flip_bits(rng, folder, outside):
    path = folder / "index.sqlite"
    content = bytearray(path.read_bytes())
    used = [i for i, byte in enumerate(content) if byte]
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        content[rng.choice(used)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def move_pages(rng, folder, outside):
    path = folder / "index.sqlite"
    content = bytearray(path.read_bytes())
    one, other = (4096 * rng.randrange(len(content) // 4096) for _ in range(2))
    content[one : one + 4096] = content[other : other + 4096]
    path.write_bytes(content[: rng.choice([len(content), rng.randrange(len(content))])])


def write_values(rng, folder, outside):
    with closing(sqlite3.connect(folder / "index.sqlite")) as db, db:
        for _ in range(rng.choice([1, 2, 5])):
            table, column = rng.choice(COLUMNS)
            where = rng.choice(["", f"WHERE {column} = (SELECT MIN({column}) FROM {table})"])
            with suppress(sqlite3.IntegrityError):
                db.execute(
                    f"UPDATE OR IGNORE {table} SET {column} = ? {where}", [values(rng, outside)]
                )


def write_claims(rng, folder, outside):
    owners = [None, OWNER, f"../outside/{OWNER}", "../outside/thesis", f"{outside}/thesis", "", 7]
    owner = rng.choice(owners)
    life = folder / f"{OWNER}.alive"
    kind = rng.randrange(5)
    if kind == 0:
        life.symlink_to(outside / "thesis.alive")
    elif kind == 1:
        os.link(outside / "thesis.alive", life)
    elif kind == 2:
        os.mkfifo(life)
    elif kind == 3:
        life.mkdir()
    with closing(sqlite3.connect(folder / "index.sqlite")) as db, db:
        rows = [(space, n.to_bytes(8, "big"), owner) for space in (1, 2) for n in range(12)]
        db.executemany("INSERT INTO claims VALUES (?, ?, ?, 'call')", rows)
        if rng.random() < 0.5:
            db.execute("DELETE FROM tokens")


def change_schema(rng, folder, outside):
    with closing(sqlite3.connect(folder / "index.sqlite")) as db:
        db.executescript(rng.choice(SCHEMAS))


def change_files(rng, folder, outside):
    names = [path.name for path in folder.glob("*.tokens")]
    names += ["index.sqlite", "index.sqlite-journal", "index.sqlite-wal", "index.sqlite-shm"]
    path = folder / rng.choice(names)
    kind = rng.randrange(6)
    if kind == 0 and path.suffix == ".tokens":
        os.truncate(path, rng.choice([0, 1, 191, 193, 10**6]))
        return
    path.unlink(missing_ok=True)
    if kind == 1:
        path.symlink_to(outside / rng.choice(["thesis.tokens", "thesis.txt", "missing.sqlite"]))
    elif kind == 2:
        os.mkfifo(path)
    elif kind == 3:
        path.mkdir()
    elif kind == 4 and path.suffix != ".tokens":
        os.link(outside / "thesis.txt", path)
    elif kind == 5:
        path.write_bytes(rng.randbytes(rng.choice([0, 8, 5000])))


def change_segments(rng, folder, outside):
    """Damage inside of files that keep their size, whole rows and files in a wrong place."""
    one, other = rng.sample(sorted(folder.glob("*.tokens")), 2)
    content, kind = bytearray(one.read_bytes()), rng.randrange(6)
    if kind < 2:
        for _ in range(rng.choice([1, 1, 2, 100])):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        one.write_bytes(content)
    elif kind == 2:
        rows = [content[start : start + 48] for start in range(0, len(content), 48)]
        i, j = rng.sample(range(len(rows)), 2)
        rows[i], rows[j] = rows[j], rows[i]
        one.write_bytes(b"".join(rows))
    elif kind == 3:
        one.unlink()
        os.link(rng.choice([other, outside / "thesis.tokens"]), one)
    elif kind == 4:
        one.rename(folder / "spare")
        other.rename(one)
        (folder / "spare").rename(other)
    else:
        start, n_bytes = rng.randrange(len(content)), rng.randrange(1, 100)
        content[start : start + n_bytes] = bytes(len(content[start : start + n_bytes]))
        one.write_bytes(content)


def swap_places(rng, folder, outside):
    """Images that have another one's tokens, by the index."""
    columns = rng.choice(["row", "segment", "checksum", "row, segment", "row, segment, checksum"])
    with closing(sqlite3.connect(folder / "index.sqlite")) as db, db:
        places = db.execute(f"SELECT {columns} FROM tokens").fetchall()
        images = db.execute("SELECT space, key FROM tokens").fetchall()
        names = " = ?, ".join(columns.split(", "))
        for image, place in zip(images, rng.sample(places, len(places)), strict=True):
            db.execute(f"UPDATE tokens SET {names} = ? WHERE space = ? AND key = ?", place + image)


def write_journal(rng, folder, outside):
    """A journal that sqlite rolls back, and that names another file, which it then removes."""
    (folder / "index.sqlite-journal").write_bytes(hot_journal(folder, outside / "thesis.txt"))


def hot_journal(folder, other):
    page, magic = (folder / "index.sqlite").read_bytes(), bytes.fromhex("d9d505f920a163d7")
    n_pages, page = len(page) // 4096, page[:4096]
    numbers = b"".join(n.to_bytes(4, "big") for n in (1, 7, n_pages, 512, 4096))
    checksum = (7 + sum(page[i] for i in range(4096 - 200, 0, -200))).to_bytes(4, "big")
    record = (1).to_bytes(4, "big") + page + checksum
    name = os.fsencode(other)
    end = len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + magic
    lock = (0x40000000 // 4096 + 1).to_bytes(4, "big")
    return (magic + numbers).ljust(512, b"\0") + record + lock + name + end


MUTATIONS = [
    flip_bits,
    flip_bits,
    move_pages,
    write_values,
    write_values,
    write_claims,
    change_schema,
    change_files,
    change_segments,
    change_segments,
    change_segments,
    swap_places,
    write_journal,
]
