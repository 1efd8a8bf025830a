//! The table is everybody's: `deltalake` from PyPI reads its log, DuckDB its files.

use std::process::Command;

use crate::world::{World, log_on};

const SCRIPT: &str = r#"
import json, sys
import duckdb
from deltalake import DeltaTable

table = DeltaTable(sys.argv[1])
rows = table.to_pyarrow_table(columns=["agency", "day", "class_uid", "time", "user", "raw"]).sort_by("raw").to_pylist()
first = rows[0]
files = table.file_uris()
duck = duckdb.sql(
    "SELECT count(*), count(DISTINCT user.name), min(time)::VARCHAR, max(src_endpoint.ip), count(DISTINCT day) "
    f"FROM read_parquet({files!r}, hive_partitioning = true)"
).fetchall()[0]
print(json.dumps({
    "rows": len(rows),
    "version": table.version(),
    "partitions": table.metadata().partition_columns,
    "first": [first["agency"], str(first["day"]), first["class_uid"], first["time"].isoformat(), first["user"]["name"], first["raw"]],
    "duck": [str(cell) for cell in duck],
    "offset": table.transaction_version("lake"),
}))
"#;

#[tokio::test]
async fn others_read_the_table() {
    let Some(python) = testkit::python(&["deltalake", "duckdb", "pyarrow"]) else { return };
    let world = World::new().await;
    let records = (1..=5).map(|offset| log_on(offset, &format!("2024-05-0{offset}T11:00:00.000001Z"), "anna"));
    world.keep(records.collect()).await;
    // After a checkpoint, too, which others read instead of the entries before it.
    let context = crate::world::context("home", Some("erasure request 12"));
    let nobody = [lake::ErasureTerm::Account("nobody-here".into())];
    world.lake.erase(&context, &nobody, &[]).await.unwrap();
    let output = Command::new(python).arg("-c").arg(SCRIPT).arg(world.folder.path().join("events")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let raw = r#"{"EventID":4624,"TargetUserName":"anna","n":1}"#;
    assert_eq!(found["rows"], 5, "{found}");
    assert_eq!(found["partitions"], serde_json::json!(["agency", "day"]));
    let first = serde_json::json!(["home", "2024-05-01", 3002, "2024-05-01T11:00:00.000001+00:00", "anna", raw]);
    assert_eq!(found["first"], first);
    assert_eq!(found["duck"][0], "5");
    assert_eq!(found["duck"][3], "10.0.0.1");
    assert_eq!(found["duck"][4], "5");
    assert_eq!(found["offset"], 5);
}
