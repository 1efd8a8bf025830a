//! Binary Windows event logs (EVTX) as JSON records.
//!
//! [MS-EVEN6], section 2.2, read by the crate `evtx`. A record comes out as the nested JSON that [`model::Format::Evtx`]
//! means. A chunk or record that cannot be read costs only itself. Deliberately absent: records that were deleted and could
//! be carved out of slack space.

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};
use std::sync::Arc;

use evtx::{EvtxParser, ParserSettings};
use model::limits::RECORD_BYTES_MAX;

use crate::Trouble;

/// Opens a log.
///
/// # Errors
/// When the file's header is none of an EVTX file.
pub fn records<T: Read + Seek>(file: T) -> Result<Records<T>, Trouble> {
    let settings = ParserSettings::new().num_threads(1).indent(false);
    let parser = EvtxParser::from_read_seek(file).map_err(|error| Trouble::malformed(error.to_string()))?;
    let parser = parser.with_configuration(settings.clone());
    Ok(Records { chunks: parser.into_chunks(), settings: Arc::new(settings), ready: Vec::new().into_iter() })
}

/// A record: its number in the log and its JSON.
pub type Record = Result<(u64, String), Trouble>;

/// The records of a log, in the order of the log.
pub struct Records<T: Read + Seek> {
    chunks: evtx::IntoIterChunks<T>,
    settings: Arc<ParserSettings>,
    /// What the last chunk, of at most 64 KiB, held.
    ready: std::vec::IntoIter<Record>,
}

impl<T: Read + Seek> Iterator for Records<T> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.ready.next() {
                return Some(record);
            }
            self.ready = match self.chunks.next()? {
                Ok(mut chunk) => match chunk.parse(Arc::clone(&self.settings)) {
                    Ok(mut chunk) => chunk.iter().map(record).collect::<Vec<_>>().into_iter(),
                    Err(error) => vec![Err(Trouble::malformed(error.to_string()))].into_iter(),
                },
                Err(error) => vec![Err(Trouble::malformed(error.to_string()))].into_iter(),
            };
        }
    }
}

fn record(record: Result<evtx::EvtxRecord<'_>, evtx::err::EvtxError>) -> Record {
    let record = record.and_then(evtx::EvtxRecord::into_json).map_err(|error| Trouble::malformed(error.to_string()))?;
    if record.data.len() > RECORD_BYTES_MAX {
        return Err(Trouble::too_large(format!("record {} has {} bytes", record.event_record_id, record.data.len())));
    }
    Ok((record.event_record_id, record.data))
}
