//! What a Linux machine says through syslog.

pub(super) mod accounts;
pub(super) mod cron;
pub(super) mod netfilter;
pub(super) mod pam;
pub(super) mod sshd;
pub(super) mod su;
pub(super) mod sudo;
pub(super) mod sysmon;
pub(super) mod systemd;
