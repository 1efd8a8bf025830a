//! What Linux machines and the firewall write: syslog (RFC 5424, the firewall RFC 3164) and the audit daemon's log.

use model::Timestamp;

use super::map::Machine;
use super::stage::{Log, Stage};
use super::text::{bsd, iso_micros};

impl Stage {
    /// A syslog message; the facility is `authpriv` for programs that let people in, else `daemon`.
    pub(crate) fn syslog(&mut self, at: Timestamp, machine: &Machine, program: &str, message: &str) {
        let is_gate = matches!(program, "sshd" | "sudo" | "su");
        let priority = if is_gate { 10 * 8 + 6 } else { 3 * 8 + 6 };
        let process = self.random.between(600, 32_000);
        let time = iso_micros(at);
        let line = format!("<{priority}>1 {time} {} {program} {process} - - {message}", machine.name);
        self.write(Log::Syslog, at, line);
    }

    /// The firewall drops a packet that came from the internet.
    pub(crate) fn drops(&mut self, at: Timestamp, machine: &Machine, from: &str, port: u64) {
        let (number, client) = (self.random.between(1, 65_536), self.random.between(1_024, 65_536));
        let uptime = at.as_micros().rem_euclid(100_000_000_000);
        let line = format!(
            "<4>{} {} kernel: [{:5}.{:06}] FW-DROP: IN=eth0 OUT= MAC=02:00:5e:10:00:01:02:00:5e:10:00:fe:08:00 \
             SRC={from} DST=198.51.100.1 LEN=40 TOS=0x00 PREC=0x00 TTL=241 ID={number} PROTO=TCP SPT={client} \
             DPT={port} WINDOW=1024 RES=0x00 SYN URGP=0",
            bsd(at),
            machine.name,
            uptime / 1_000_000,
            uptime % 1_000_000,
        );
        self.write(Log::Syslog, at, line);
    }

    /// Somebody logs in over SSH, or tries to: a syslog message, and the audit daemon's record of the outcome.
    pub(crate) fn ssh(&mut self, at: Timestamp, machine: &Machine, user: &str, login: (&str, &str, bool)) {
        let (from, method, succeeds) = login;
        let port = self.port();
        let verb = if succeeds { "Accepted" } else { "Failed" };
        self.syslog(at, machine, "sshd", &format!("{verb} {method} for {user} from {from} port {port} ssh2"));
        if succeeds {
            let text = format!("pam_unix(sshd:session): session opened for user {user}(uid=1001) by (uid=0)");
            self.syslog(at, machine, "sshd", &text);
        }
        let serial = self.serial();
        let process = self.random.between(600, 32_000);
        let outcome = if succeeds { "success" } else { "failed" };
        let line = format!(
            "node={} type=USER_LOGIN msg=audit({}:{serial}): pid={process} uid=0 auid=4294967295 ses=4294967295 \
             msg='op=login acct=\"{user}\" exe=\"/usr/sbin/sshd\" hostname={from} addr={from} terminal=ssh res={outcome}'",
            machine.name,
            audit_time(at),
        );
        self.write(Log::Auditd, at, line);
    }

    /// Somebody runs a command as root: the message of sudo, and the audit daemon's records of the call.
    pub(crate) fn sudo(&mut self, at: Timestamp, machine: &Machine, user: &str, command: &str) {
        let text = format!("{user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}");
        self.syslog(at, machine, "sudo", &text);
        self.runs(at, machine, command);
    }

    /// The audit daemon's records of one `execve`: they belong together by their serial number.
    pub(crate) fn runs(&mut self, at: Timestamp, machine: &Machine, command: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        let Some(program) = words.first().copied() else { return };
        let name = program.rsplit('/').next().unwrap_or(program);
        let serial = self.serial();
        let (parent, process) = (self.random.between(600, 9_000), self.random.between(9_000, 32_000));
        let head = |kind: &str| format!("node={} type={kind} msg=audit({}:{serial}):", machine.name, audit_time(at));
        let arguments: Vec<_> = words.iter().enumerate().map(|(at, word)| format!("a{at}=\"{word}\"")).collect();
        let title: String = command
            .bytes()
            .map(|byte| if byte == b' ' { 0 } else { byte })
            .fold(String::new(), |text, byte| format!("{text}{byte:02X}"));
        let records = [
            format!(
                "{} arch=c000003e syscall=59 success=yes exit=0 a0=55d1c0 a1=55d1e8 a2=55d200 a3=8 items=2 \
                 ppid={parent} pid={process} auid=1001 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 \
                 tty=pts0 ses=7 comm=\"{name}\" exe=\"{program}\" key=\"commands\"",
                head("SYSCALL")
            ),
            format!("{} argc={} {}", head("EXECVE"), words.len(), arguments.join(" ")),
            format!("{} cwd=\"/\"", head("CWD")),
            format!("{} proctitle={title}", head("PROCTITLE")),
        ];
        for line in records {
            self.write(Log::Auditd, at, line);
        }
    }
}

/// Seconds and milliseconds since the epoch, as the audit daemon writes them.
fn audit_time(at: Timestamp) -> String {
    let millis = at.as_millis();
    format!("{}.{:03}", millis.div_euclid(1_000), millis.rem_euclid(1_000))
}
