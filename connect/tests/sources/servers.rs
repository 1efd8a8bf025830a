//! Certificates and servers for tests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use crate::intake::soon;

/// An authority, a server's certificate for `localhost`, and a client's, as PEM files.
pub(crate) struct Certificates {
    pub(crate) folder: TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("signed");
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).expect("written");
        for name in ["server", "client"] {
            let key = KeyPair::generate().expect("a key");
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
            // Its own name: OpenSSL takes a certificate that is named like its issuer for the issuer's own.
            params.distinguished_name.push(DnType::CommonName, name);
            let certificate = params.signed_by(&key, &authority).expect("signed");
            std::fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).expect("written");
            std::fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem()).expect("written");
        }
        Certificates { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A client that trusts the authority, with or without a certificate of its own.
    pub(crate) fn connector(&self, client: Option<&str>) -> tokio_rustls::TlsConnector {
        let config = connect::tls::ConnectTls {
            ca: self.path("ca.pem"),
            cert: client.map(|name| self.path(&format!("{name}.pem"))),
            key: client.map(|name| self.path(&format!("{name}.key"))),
        };
        tokio_rustls::TlsConnector::from(Arc::new(connect::tls::connect(&config).expect("a client")))
    }
}

/// Says that a test is skipped because a server is absent; with `CI=true` that is a failure.
pub(crate) fn skip(what: &str) {
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!required, "CI=true needs {what}");
    eprintln!("skipped: no {what}");
}

/// A name that no other run uses.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}-{}-{:08x}", std::process::id(), fastrand::u32(..))
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A server process of our own, ended with the test.
pub(crate) struct Server {
    program: &'static str,
    args: Vec<String>,
    port: u16,
    child: Option<Child>,
}

impl Server {
    /// Starts it; `None` when the program is not installed.
    pub(crate) async fn start(program: &'static str, args: Vec<String>, port: u16) -> Option<Self> {
        let found = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin"];
        let program = found.iter().map(|folder| format!("{folder}/{program}")).find(|path| Path::new(path).exists())?;
        let mut server = Server { program: program.leak(), args, port, child: None };
        server.restart().await;
        Some(server)
    }

    pub(crate) async fn restart(&mut self) {
        self.kill();
        let mut command = Command::new(self.program);
        command.args(&self.args).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("the server starts"));
        let is_up = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon("the server is up", is_up).await;
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
