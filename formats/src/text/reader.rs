//! The readers of messages: which there are, which log source each stands for, and which one a message goes to.

use model::Fields;

use super::draft::{Draft, View};
use super::syslog::Envelope;
use super::{access, asa, auditd, cef, dhcp, dns, fortigate, linux, paloalto, pfsense, plain, postfix};

macro_rules! readers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal => $event:path,)+) => {
        /// One reader.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Reader { $($(#[$doc])* $variant,)+ }

        impl Reader {
            /// The value of `_log`.
            pub(super) fn name(self) -> &'static str {
                match self { $(Reader::$variant => $name,)+ }
            }

            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Reader::$variant),)+ _ => None }
            }

            /// Fills the event.
            pub(super) fn event(self, view: &View<'_, '_>, draft: &mut Draft<'_>) {
                match self { $(Reader::$variant => $event(view, draft),)+ }
            }
        }
    };
}

readers! {
    /// Nobody understood it: a base event with the message.
    Plain = "syslog" => plain_event,
    /// OpenSSH server.
    Sshd = "sshd" => linux::sshd::event,
    /// A PAM module, in whatever program.
    Pam = "pam" => linux::pam::event,
    /// sudo.
    Sudo = "sudo" => linux::sudo::event,
    /// su.
    Su = "su" => linux::su::event,
    /// useradd and its kin.
    Accounts = "accounts" => linux::accounts::event,
    /// cron.
    Cron = "cron" => linux::cron::event,
    /// systemd and systemd-logind.
    Systemd = "systemd" => linux::systemd::event,
    /// iptables, nftables, ufw.
    Netfilter = "netfilter" => linux::netfilter::event,
    /// Sysmon for Linux.
    Sysmon = "sysmon" => linux::sysmon::event,
    /// Name servers.
    Dns = "dns" => dns::event,
    /// DHCP servers.
    Dhcp = "dhcp" => dhcp::event,
    /// Postfix.
    Postfix = "postfix" => postfix::event,
    /// Web servers.
    Access = "access" => access::event,
    /// FortiGate.
    Fortigate = "fortigate" => fortigate::event,
    /// PAN-OS.
    Paloalto = "paloalto" => paloalto::event,
    /// pfSense and OPNsense.
    Pfsense = "pfsense" => pfsense::event,
    /// Cisco ASA, Firepower and IOS.
    Cisco = "cisco" => asa::event,
    /// CEF.
    Cef = "cef" => cef::event,
    /// Linux audit daemon.
    Auditd = "auditd" => auditd::event,
}

/// A log source in Sigma's words; an empty text is none.
pub(super) struct Source {
    pub product: &'static str,
    pub services: &'static [&'static str],
    pub category: &'static str,
}

impl Source {
    /// A Linux service.
    pub(super) const fn linux(services: &'static [&'static str]) -> Self {
        Source { product: "linux", services, category: "" }
    }
}

/// Writes the fields that say which log source a record belongs to and who reads on.
pub(super) fn announce(reader: Reader, source: &Source, fields: &mut Fields<'_>) {
    if !source.product.is_empty() {
        fields.push("_product", plain(source.product));
    }
    for service in source.services {
        fields.push("_service", plain(service));
    }
    if !source.category.is_empty() {
        fields.push("_category", plain(source.category));
    }
    fields.push("_log", plain(reader.name()));
}

/// Finds the reader of a message and lets it add its fields.
pub(super) fn read<'a>(envelope: &Envelope<'a>, fields: &mut Fields<'a>) {
    let message = envelope.message;
    if !by_shape(message, fields) && !by_program(envelope, fields) {
        announce(Reader::Plain, &plain_source(envelope), fields);
    }
}

/// Formats that show themselves, whoever the program is.
fn by_shape<'a>(message: &'a str, fields: &mut Fields<'a>) -> bool {
    match message.as_bytes().first() {
        Some(b'C') if cef::begins(message) => cef::fields(message, fields),
        Some(b'%') if asa::begins(message) => asa::fields(message, fields),
        Some(b'<') if linux::sysmon::begins(message) => linux::sysmon::fields(message, fields),
        Some(b'0'..=b'9') if paloalto::begins(message) => paloalto::fields(message, fields),
        Some(b't' | b'n') if auditd::begins(message) => auditd::fields(message, fields),
        _ if fortigate::begins(message) => fortigate::fields(message, fields),
        _ => return false,
    }
    true
}

fn by_program<'a>(envelope: &Envelope<'a>, fields: &mut Fields<'a>) -> bool {
    let Some(program) = envelope.program else {
        return access::fields(envelope.message, "", fields) || linux::netfilter::fields(envelope.message, fields);
    };
    let message = envelope.message;
    match base_name(program) {
        "sshd" | "sshd-session" | "sshd-auth" => linux::sshd::fields(message, fields),
        "sudo" => linux::sudo::fields(message, fields) || linux::pam::fields(message, "sudo", fields),
        "su" => linux::su::fields(message, fields) || linux::pam::fields(message, "su", fields),
        "cron" | "crond" | "CRON" | "crontab" | "anacron" | "/USR/SBIN/CRON" => {
            linux::cron::fields(message, fields) || linux::pam::fields(message, "cron", fields)
        }
        "systemd" | "systemd-logind" | "init" => {
            linux::systemd::fields(message, fields) || linux::pam::fields(message, "auth", fields)
        }
        "useradd" | "usermod" | "userdel" | "groupadd" | "groupmod" | "groupdel" | "gpasswd" | "passwd"
        | "chpasswd" | "chage" | "chfn" | "chsh" | "adduser" | "deluser" | "newusers" => {
            linux::accounts::fields(message, fields) || linux::pam::fields(message, "auth", fields)
        }
        "kernel" if message.contains("audit: type=") => auditd::kernel_fields(message, fields),
        "kernel" | "ulogd" | "ufw" | "nft" => linux::netfilter::fields(message, fields),
        "audit" | "audispd" | "audisp-syslog" | "auditd" => auditd::kernel_fields(message, fields),
        "named" | "unbound" | "dnsmasq" => dns::fields(message, fields),
        "dhcpd" | "dnsmasq-dhcp" | "kea-dhcp4" => dhcp::fields(message, fields),
        "filterlog" => pfsense::fields(message, fields),
        "nginx" | "apache" | "apache2" | "httpd" | "haproxy" | "lighttpd" | "caddy" | "traefik" => {
            access::fields(message, base_name(program), fields)
        }
        base if base.starts_with("postfix") => postfix::fields(message, fields),
        _ => {
            linux::pam::fields(message, "auth", fields)
                || access::fields(message, "", fields)
                || linux::netfilter::fields(message, fields)
        }
    }
}

/// `sshd` of `/usr/sbin/sshd`, `su` of `su(pam_unix)`; `postfix/smtpd` stays whole.
fn base_name(program: &str) -> &str {
    let program = program.split_once('(').map_or(program, |(name, _)| name);
    if program.starts_with('/') { program.rsplit('/').next().unwrap_or(program) } else { program }
}

/// Keyword rules for Linux are written for whatever a daemon says; a message with a program name is taken for one.
fn plain_source(envelope: &Envelope<'_>) -> Source {
    let Some(program) = envelope.program else { return Source { product: "", services: &[], category: "" } };
    let auth = matches!(envelope.facility(), Some("auth" | "authpriv"));
    match base_name(program) {
        "vsftpd" => Source::linux(&["vsftpd", "syslog"]),
        "clamd" | "freshclam" | "clamscan" => Source::linux(&["clamav", "syslog"]),
        "guacd" | "guacamole" => Source::linux(&["guacamole", "syslog"]),
        "sshd" | "sshd-session" | "sshd-auth" => Source::linux(&["sshd", "auth", "syslog"]),
        "sudo" => Source::linux(&["sudo", "auth", "syslog"]),
        "su" | "login" | "passwd" => Source::linux(&["auth", "syslog"]),
        "cron" | "crond" | "CRON" | "crontab" | "anacron" => Source::linux(&["cron", "syslog"]),
        "nginx" => Source { product: "", services: &["nginx"], category: "" },
        "apache" | "apache2" | "httpd" => Source { product: "", services: &["apache"], category: "" },
        "rpd" | "mgd" => Source { product: "juniper", services: &["bgp", "syslog"], category: "" },
        _ if auth => Source::linux(&["auth", "syslog"]),
        _ => Source::linux(&["syslog"]),
    }
}

/// A base event carries the message and the machine, which the draft has already.
fn plain_event(_view: &View<'_, '_>, _draft: &mut Draft<'_>) {}
