use super::*;
use crate::text::draft::View;

fn check(line: &str, expected: &[(&str, &str)]) {
    let mut out = Fields::new(model::Format::Auditd);
    assert!(begins(line), "{line}");
    fields(line, &mut out);
    let view = View::of(&out);
    for (name, value) in expected {
        assert_eq!(view.get(name).unwrap_or_default(), *value, "{name} of {line}");
    }
}

#[test]
fn system_calls() {
    check(
        "type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 success=no exit=-13 a0=7fffd19c5592 a1=0 a2=7fffd19c4b50 a3=a items=1 ppid=2686 pid=3538 auid=1000 uid=1000 tty=pts0 ses=1 comm=\"cat\" exe=\"/bin/cat\" subj=unconfined key=\"sshd_config\"",
        &[
            ("type", "SYSCALL"),
            ("serial", "24287"),
            ("SYSCALL", "open"),
            ("a0", "7fffd19c5592"),
            ("exe", "/bin/cat"),
            ("Image", "/bin/cat"),
            ("key", "sshd_config"),
            ("success", "no"),
        ],
    );
    check(
        "node=gw type=SYSCALL msg=audit(1.0:1): arch=c00000b7 syscall=221 success=yes comm=63617420 key=(null)\u{1d}ARCH=aarch64 SYSCALL=execve AUID=\"alice\" UID=\"root\"",
        &[("node", "gw"), ("SYSCALL", "execve"), ("comm", "cat "), ("AUID", "alice"), ("User", "root"), ("Image", "")],
    );
}

#[test]
fn arguments() {
    check(
        "type=EXECVE msg=audit(1.0:1): argc=4 a0=\"/bin/sh\" a1=\"-c\" a2=6C73202D6C a3=\"1234\"",
        &[("a2", "ls -l"), ("a3", "1234"), ("CommandLine", "/bin/sh -c ls -l 1234"), ("Image", "/bin/sh")],
    );
    check(
        "type=EXECVE msg=audit(1.0:1): argc=2 a0=\"x\" a1_len=12 a1[0]=616263 a1[1]=646566",
        &[("a1", "abcdef"), ("CommandLine", "x abcdef")],
    );
    check(
        "type=PROCTITLE msg=audit(1.0:1): proctitle=636174002F6574632F73736864",
        &[("proctitle", "cat /etc/sshd"), ("CommandLine", "cat /etc/sshd")],
    );
    // Lower case is no encoding, and neither is half a byte.
    check("type=PROCTITLE msg=audit(1.0:1): proctitle=6a6b", &[("proctitle", "6a6b")]);
    check("type=PROCTITLE msg=audit(1.0:1): proctitle=ABC", &[("proctitle", "ABC")]);
}

#[test]
fn messages_inside() {
    check(
        "type=USER_LOGIN msg=audit(1.0:7): pid=2 uid=0 auid=4294967295 ses=4294967295 msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.7 terminal=ssh res=failed'\u{1d}UID=\"root\" AUID=\"unset\"",
        &[("op", "login"), ("acct", "root"), ("addr", "192.0.2.7"), ("res", "failed"), ("AUID", "unset")],
    );
    check(
        "type=USER_AUTH msg=audit(1.0:7): user pid=2 uid=0 auid=0 msg='PAM: authentication acct=\"bob\" : exe=\"/bin/su\" (hostname=?, addr=?, terminal=pts/0 res=success)'",
        &[("acct", "bob"), ("exe", "/bin/su"), ("hostname", "?"), ("terminal", "pts/0"), ("res", "success")],
    );
    check(
        "type=USER_CMD msg=audit(1.0:7): pid=2 uid=1000 msg='cwd=\"/home/a\" cmd=636174202F6574632F736861646F77 exe=\"/usr/bin/sudo\" terminal=pts/0 res=success'",
        &[
            ("cmd", "cat /etc/shadow"),
            ("CommandLine", "cat /etc/shadow"),
            ("Image", "cat"),
            ("CurrentDirectory", "/home/a"),
        ],
    );
    check(
        "type=SERVICE_STOP msg=audit(1.0:7): pid=1 uid=0 msg='unit=auditd comm=\"systemd\" exe=\"/usr/lib/systemd/systemd\" res=success'",
        &[("unit", "auditd")],
    );
}

#[test]
fn addresses() {
    check("type=SOCKADDR msg=audit(1.0:7): saddr=0200003508080808000000000000000", &[("laddr", "")]);
    check(
        "type=SOCKADDR msg=audit(1.0:7): saddr=02000035C0000207000000000000000000",
        &[("laddr", "192.0.2.7"), ("lport", "53"), ("DestinationIp", "192.0.2.7")],
    );
    check(
        "type=SOCKADDR msg=audit(1.0:7): saddr=0A0001BB0000000020010DB800000000000000000000000700000000",
        &[("laddr", "2001:db8::7"), ("lport", "443")],
    );
    check("type=SOCKADDR msg=audit(1.0:7): saddr=01002F72756E2F7800", &[("saddr_fam", "local"), ("path", "/run/x")]);
    check(
        "type=SOCKADDR msg=audit(1.0:7): saddr=02000035\u{1d}SADDR={ saddr_fam=inet laddr=192.0.2.7 lport=53 }",
        &[("laddr", "192.0.2.7"), ("lport", "53")],
    );
}

#[test]
fn other_shapes() {
    check(
        "type=1400 audit(1.5:9): apparmor=\"DENIED\" operation=\"open\" profile=\"x\" name=\"/etc/shadow\" pid=7 comm=\"y\"",
        &[("type", "AVC"), ("apparmor", "DENIED"), ("name", "/etc/shadow")],
    );
    check(
        "type=AVC msg=audit(1.5:9): avc:  denied  { read write } for  pid=7 comm=\"httpd\" name=\"x\" dev=\"dm-0\"",
        &[("seresult", "denied"), ("seperms", "read write"), ("comm", "httpd")],
    );
    check(
        "type=PATH msg=audit(1.0:7): item=0 name=\"/etc/a b\" inode=4 mode=0100644 ouid=0 nametype=CREATE",
        &[("name", "/etc/a b"), ("nametype", "CREATE")],
    );
    assert!(!begins("type=x"));
    assert!(!begins("type=SYSCALL msg=audit(x:y): a=b"));
}

#[test]
fn a_forged_record_is_not_followed_down() {
    let deep = format!("type=USER_AUTH msg=audit(1.0:7): {}", "msg='".repeat(50_000));
    check(&deep, &[("type", "USER_AUTH")]);
}
