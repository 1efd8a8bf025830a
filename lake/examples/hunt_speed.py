"""DuckDB for the bench hunt_speed: the first line names files and threads, every further line asks one question.

The answer is one line: how long the question took, and the column `n` of its answer.
"""

import json
import sys
import time

import duckdb

connection = duckdb.connect()
for line in sys.stdin:
    asked = json.loads(line)
    if "files" in asked:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET threads = {asked['threads']}")
        # Footers are kept between questions, as ours are.
        connection.execute("SET parquet_metadata_cache = true")
        connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet({asked['files']!r})")
        answer = {}
    else:
        started = time.perf_counter()
        rows = connection.execute(asked["sql"]).to_arrow_table()
        answer = {"seconds": time.perf_counter() - started, "n": rows.column("n").to_pylist()}
    print(json.dumps(answer), flush=True)
