//! Where scores are written to: standard output, or a file that appears when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

pub(super) struct Output {
    out: BufWriter<Box<dyn Write>>,
    /// The file as it is written, and its name when it is whole.
    file: Option<(PathBuf, PathBuf)>,
    is_json: bool,
}

impl Output {
    pub(super) fn open(path: Option<&Path>, is_json: bool) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Output { out: BufWriter::new(Box::new(io::stdout())), file: None, is_json });
        };
        let mut name = path.file_name().context("--out names no file")?.to_owned();
        name.push(".part");
        let beside = path.with_file_name(name);
        let file = File::create(&beside).with_context(|| format!("cannot write {}", beside.display()))?;
        Ok(Output { out: BufWriter::new(Box::new(file)), file: Some((beside, path.to_owned())), is_json })
    }

    /// The line above the rows, where there is one.
    pub(super) fn header(&mut self, header: &str) -> io::Result<()> {
        if self.is_json {
            return Ok(());
        }
        writeln!(self.out, "{header}")
    }

    /// A row: cells and the score, or an object.
    pub(super) fn row<T: Serialize>(&mut self, cells: &[&[u8]], score: f64, object: impl Fn() -> T) -> io::Result<()> {
        if self.is_json {
            serde_json::to_writer(&mut self.out, &object())?;
            return self.out.write_all(b"\n");
        }
        for cell in cells {
            self.cell(cell)?;
            self.out.write_all(b",")?;
        }
        writeln!(self.out, "{score}")
    }

    /// A cell, in quotes where it needs them (RFC 4180).
    fn cell(&mut self, cell: &[u8]) -> io::Result<()> {
        let is_plain = !cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n' | b';' | b'\t'))
            && !cell.starts_with(b" ")
            && !cell.ends_with(b" ");
        if is_plain {
            return self.out.write_all(cell);
        }
        self.out.write_all(b"\"")?;
        for (number, part) in cell.split(|byte| *byte == b'"').enumerate() {
            if number > 0 {
                self.out.write_all(b"\"\"")?;
            }
            self.out.write_all(part)?;
        }
        self.out.write_all(b"\"")
    }

    /// All that was written is where it belongs.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        match &self.file {
            Some((beside, path)) => fs::rename(beside, path),
            None => Ok(()),
        }
    }

    /// What is half written helps nobody.
    pub(super) fn give_up(self) {
        if let Some((beside, _)) = &self.file {
            fs::remove_file(beside).ok();
        }
    }
}
