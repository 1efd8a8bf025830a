//! The table is everybody's: `deltalake` from PyPI reads its log, DuckDB its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{World, log_on};

/// A Python with both packages, made once in the cache folder; `None` where there is no way to get it.
fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("WATCHBELL_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/watchbell")))?;
    let venv = cache.join("venv");
    let python = venv.join("bin/python");
    let works = |python: &Path| {
        let import = Command::new(python).args(["-c", "import deltalake, duckdb, pyarrow"]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if works(&python) {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).status();
    let install = || {
        let pip =
            Command::new(&python).args(["-m", "pip", "install", "--quiet", "deltalake", "duckdb", "pyarrow"]).status();
        pip.is_ok_and(|status| status.success())
    };
    let is_ready = made.is_ok_and(|status| status.success()) && install() && works(&python);
    let is_required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(is_ready || !is_required, "CI=true needs deltalake, duckdb and pyarrow in {}", venv.display());
    if !is_ready {
        eprintln!("skipped: no Python with deltalake, duckdb and pyarrow");
    }
    is_ready.then_some(python)
}

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
    let Some(python) = python() else { return };
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
