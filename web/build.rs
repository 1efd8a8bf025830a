//! Tells the compiler where the scripts of others are that the console brings to browsers.

use std::path::PathBuf;

/// Variable for the compiler, and the file.
const SCRIPTS: [(&str, &str); 3] = [
    ("WATCHBELL_HTMX", "htmx.org/dist/htmx.min.js"),
    ("WATCHBELL_UPLOT", "uplot/dist/uPlot.iife.min.js"),
    ("WATCHBELL_UPLOT_STYLE", "uplot/dist/uPlot.min.css"),
];

fn main() {
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("node_modules");
    for (variable, file) in SCRIPTS {
        let path = folder.join(file);
        if !path.is_file() {
            eprintln!("the console's scripts are not here: {}\nhint: cargo xtask assets", path.display());
            std::process::exit(1);
        }
        println!("cargo::rerun-if-changed={}", path.display());
        println!("cargo::rustc-env={variable}={}", path.display());
    }
}
