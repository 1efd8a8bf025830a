//! Files: over whatever protocol, over SMB, over FTP.

use model::ocsf::{Event, File};

use super::apps::actor;
use super::names::Z;
use crate::parts;
use crate::row::{Row, some_of};

/// `files`: a file that crossed the network. Older versions name the hosts only, newer ones the connection too.
pub(super) fn files(row: &Row<'_, Z>, event: &mut Event) {
    let is_upload = row.truth(Z::IsOrig) == Some(true);
    event.activity_id = if is_upload { 1 } else { 2 };
    let a = &mut event.attributes;
    if a.src_endpoint.is_none() {
        // Whoever sent it is the transmitter; for a download the client is the receiver.
        let sender = row.list(Z::TxHosts).next().and_then(|text| crate::row::address(&text));
        let receiver = row.list(Z::RxHosts).next().and_then(|text| crate::row::address(&text));
        let (client, server) = if is_upload { (sender, receiver) } else { (receiver, sender) };
        a.src_endpoint = parts::endpoint(client, None, None);
        a.dst_endpoint = parts::endpoint(server, None, None);
    }
    let hashes = [("MD5", Z::Md5), ("SHA1", Z::Sha1), ("SHA256", Z::Sha256)];
    let hashes = hashes.into_iter().filter_map(|(name, slot)| parts::fingerprint(name, &row.str(slot)?));
    let name = row.text(Z::Filename).or_else(|| row.text(Z::Fuid));
    a.file = name.map(|name| {
        Box::new(File {
            hashes: some_of(hashes.collect()),
            mime_type: row.text(Z::MimeType),
            size: row.int(Z::TotalBytes).or_else(|| row.int(Z::SeenBytes)),
            uid: row.text(Z::Fuid),
            ..*parts::file(name)
        })
    });
    a.app_name = row.text(Z::Source).map(|name| name.to_ascii_lowercase());
}

/// `smb_files`.
pub(super) fn smb_files(row: &Row<'_, Z>, event: &mut Event) {
    let action = row.text(Z::Action).unwrap_or_default();
    event.activity_id = match action.as_str() {
        "SMB::FILE_OPEN" | "SMB::FILE_READ" => 2,
        "SMB::FILE_WRITE" => 5,
        _ => 99,
    };
    let a = &mut event.attributes;
    a.app_name = Some("smb".into());
    a.command = Some(action.trim_start_matches("SMB::").to_owned()).filter(|action| !action.is_empty());
    a.share = row.text(Z::SharePath);
    a.file = row.text(Z::Name).map(|name| {
        Box::new(File {
            size: row.int(Z::Size),
            created_time: row.millis(Z::TimesCreated),
            modified_time: row.millis(Z::TimesModified),
            ..*parts::file(name)
        })
    });
}

/// `smb_mapping`: a share that was mounted.
pub(super) fn smb_mapping(row: &Row<'_, Z>, event: &mut Event) {
    let a = &mut event.attributes;
    a.app_name = Some("smb".into());
    a.share = row.text(Z::SharePath);
    a.share_type = row.text(Z::ShareType);
    a.status_detail = row.text(Z::Service);
}

/// `ftp`: a command and its reply.
pub(super) fn ftp(row: &Row<'_, Z>, event: &mut Event) {
    let command = row.text(Z::Command).unwrap_or_default();
    event.activity_id = match command.as_str() {
        "STOR" | "STOU" | "APPE" => 1,
        "RETR" => 2,
        "DELE" | "RMD" => 4,
        "RNFR" | "RNTO" => 5,
        "LIST" | "NLST" | "MLSD" => 6,
        _ => 99,
    };
    let a = &mut event.attributes;
    a.app_name = Some("ftp".into());
    a.status_code = row.text(Z::ReplyCode);
    a.status_detail = row.text(Z::ReplyMsg);
    if (1..=5).contains(&event.activity_id) {
        let name = row.text(Z::Arg).filter(|arg| !arg.ends_with('/'));
        a.file = name.map(|name| Box::new(File { size: row.int(Z::FileSize), ..*parts::file(name) }));
    }
    a.command = Some(command).filter(|command| !command.is_empty());
    actor(row.text(Z::SocksUser), event);
}
