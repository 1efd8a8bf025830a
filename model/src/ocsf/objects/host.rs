//! What is on a machine: processes, files, drivers, scripts, jobs.

use serde::{Deserialize, Serialize};

use super::objects;
use super::{Certificate, Fingerprint, Product, Session, User};

objects! {
    /// `process`.
    Process {
        /// File name.
        name: String,
        /// Number.
        pid: i64,
        /// GUID or other name that is not reused.
        uid: String,
        /// Full path.
        path: String,
        /// Command line.
        cmd_line: String,
        /// Image.
        file: Box<File>,
        /// Under which account it runs.
        user: Box<User>,
        /// Who started it.
        parent_process: Box<Process>,
        /// Integrity level as the system names it.
        integrity: String,
        /// Integrity level: 1 untrusted … 6 protected.
        integrity_id: u32,
        /// Where it runs.
        working_directory: String,
        /// Start, milliseconds.
        created_time: i64,
        /// Thread.
        tid: i64,
        /// Log-on session.
        session: Box<Session>,
    }
    /// `file`.
    File {
        /// File name (required).
        name: String,
        /// Full path.
        path: String,
        /// Folder.
        parent_folder: String,
        /// Sort: 0 unknown, 1 regular, 2 folder … (required).
        type_id: u32,
        /// Caption of the sort.
        #[serde(rename = "type")]
        type_name: String,
        /// Extension.
        ext: String,
        /// Bytes.
        size: i64,
        /// Hashes.
        hashes: Vec<Fingerprint>,
        /// MIME type.
        mime_type: String,
        /// Maker.
        company_name: String,
        /// Description.
        desc: String,
        /// Version.
        version: String,
        /// Name that the maker gave it.
        internal_name: String,
        /// Product that it is part of.
        product: Box<Product>,
        /// Creation, milliseconds.
        created_time: i64,
        /// Last change, milliseconds.
        modified_time: i64,
        /// Owner.
        owner: Box<User>,
        /// Id.
        uid: String,
        /// Signature.
        signature: Box<DigitalSignature>,
    }
    /// `digital_signature`.
    DigitalSignature {
        /// 1 DSA, 2 RSA, 3 ECDSA, 4 Authenticode, 99 other (required).
        algorithm_id: u32,
        /// 1 valid … as the schema lists.
        state_id: u32,
        /// Caption.
        state: String,
        /// Who signed.
        certificate: Box<Certificate>,
        /// Name of the signer, where that is all that is known.
        developer_uid: String,
    }
    /// `module`.
    Module {
        /// File.
        file: Box<File>,
        /// Address.
        base_address: String,
        /// Address.
        start_address: String,
        /// Function.
        function_name: String,
        /// 0 unknown, 1 standard … 99 other.
        load_type_id: u32,
        /// Caption.
        load_type: String,
    }
    /// `kernel_driver`.
    KernelDriver {
        /// File (required).
        file: Box<File>,
    }
    /// `kernel`: a kernel resource.
    Kernel {
        /// Name (required).
        name: String,
        /// 0 unknown … (required).
        type_id: u32,
        /// Caption.
        #[serde(rename = "type")]
        type_name: String,
        /// Path.
        path: String,
    }
    /// `script`.
    Script {
        /// The text (required).
        script_content: LongString,
        /// 0 unknown, 1 Windows command prompt, 2 PowerShell … (required).
        type_id: u32,
        /// Caption.
        #[serde(rename = "type")]
        type_name: String,
        /// Name.
        name: String,
        /// Id.
        uid: String,
        /// File.
        file: Box<File>,
    }
    /// `long_string`.
    LongString {
        /// The text (required).
        value: String,
        /// Cut off.
        is_truncated: bool,
        /// How long it was.
        untruncated_size: i64,
    }
    /// `job`: a scheduled task.
    Job {
        /// Name (required).
        name: String,
        /// Command line.
        cmd_line: String,
        /// File.
        file: Box<File>,
        /// Account.
        user: Box<User>,
        /// Description.
        desc: String,
    }
}
