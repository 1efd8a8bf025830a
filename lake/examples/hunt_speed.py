"""Times DuckDB on the files that the example hunt_speed has written, and prints the same lines."""

import sys
import time

import duckdb
from deltalake import DeltaTable

FILES = DeltaTable(f"{sys.argv[1]}/events").file_uris()
EVENTS = f"read_parquet({FILES!r})"
HUNTS = [
    ("count by class and hour", "SELECT class_uid, date_trunc('hour', time) AS h, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 100"),
    ("top talkers", "SELECT src_endpoint.ip AS ip, count(*) AS n, sum(traffic.bytes) AS bytes FROM events WHERE src_endpoint.ip IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"),
    ("full text", "SELECT count(*) AS n FROM events WHERE raw LIKE '%needle-4711%'"),
    ("needle with record", "SELECT raw FROM events WHERE src_endpoint.ip = '10.0.1.3' LIMIT 10001"),
    ("needle without record", "SELECT time FROM events WHERE src_endpoint.ip = '10.0.1.3' LIMIT 10001"),
    ("class with record", "SELECT max(length(raw)) FROM events WHERE class_uid = 4003"),
    ("most rows with record", "SELECT max(length(raw)) FROM events WHERE device.hostname <> 'ws-00001.corp.example'"),
    ("full text with record", "SELECT max(raw) FROM events WHERE raw LIKE '%needle-4711%'"),
    ("full text in a class", "SELECT max(raw) FROM events WHERE class_uid = 1007 AND raw LIKE '%needle-4711%'"),
    ("full text, many hits", "SELECT max(length(raw)) FROM events WHERE raw LIKE '%tool1%'"),
]

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
for name, sql in HUNTS:
    best = None
    for _ in range(5):
        started = time.perf_counter()
        rows = connection.sql(sql.replace("FROM events", f"FROM {EVENTS}")).to_arrow_table()
        took = time.perf_counter() - started
        best = took if best is None else min(best, took)
    print(f"{name}: {best * 1000:.0f} ms, {rows.num_rows} rows")
