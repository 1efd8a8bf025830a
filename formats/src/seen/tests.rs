//! What banners say, which end of a connection they are about, and that no text breaks the reader.

use model::Format;
use proptest::prelude::*;

use super::*;
use crate::testing;

fn words_of(text: &str, said: Said) -> Words<'_> {
    let (side, how) = match said {
        Said::Agent => (Side::Client, How::UserAgent),
        Said::Web => (Side::Server, How::ServerHeader),
        Said::Name => (Side::Server, How::Inventory),
        _ => (Side::Server, How::Banner),
    };
    Words { address: [192, 0, 2, 1].into(), side, how, said, text, named: None, vendor: "" }
}

fn shown(software: &Software) -> String {
    let name = software.cpe.as_deref().map_or("-", |cpe| cpe.trim_start_matches("cpe:2.3:"));
    format!("{}@{} {}", software.product, software.version, name.trim_end_matches(":*"))
}

#[track_caller]
fn check(said: Said, text: &str, expected: &[&str]) {
    let found: Vec<String> = software(&words_of(text, said)).iter().map(shown).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn the_table_is_whole() {
    assert!(table_size() >= 80, "{}", table_size());
}

#[test]
fn greetings() {
    use Said::{File, Mail, Ssh};
    check(
        Ssh,
        "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6",
        &["OpenSSH@8.9p1 a:openbsd:openssh:8.9:p1:*:*:*:*:*:ubuntu-3ubuntu0.6"],
    );
    check(Ssh, "SSH-2.0-OpenSSH_9.6", &["OpenSSH@9.6 a:openbsd:openssh:9.6"]);
    check(Ssh, "SSH-2.0-OpenSSH_for_Windows_8.1", &["OpenSSH@8.1 a:openbsd:openssh:8.1"]);
    check(
        Ssh,
        "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
        &["OpenSSH@9.2p1 a:openbsd:openssh:9.2:p1:*:*:*:*:*:debian-2\\+deb12u3"],
    );
    check(Ssh, "SSH-2.0-dropbear_2020.81", &["Dropbear SSH@2020.81 a:dropbear_ssh_project:dropbear_ssh:2020.81"]);
    check(Ssh, "SSH-2.0-dropbear", &[]);
    check(Ssh, "SSH-2.0-libssh_0.9.6", &["libssh@0.9.6 a:libssh:libssh:0.9.6"]);
    check(Ssh, "SSH-2.0-libssh2_1.10.0", &["libssh2@1.10.0 a:libssh2:libssh2:1.10.0"]);
    check(Ssh, "SSH-2.0-ROSSSH", &["MikroTik RouterOS@ o:mikrotik:routeros"]);
    check(Ssh, "SSH-2.0-Cisco-1.25", &["Cisco IOS@ o:cisco:ios"]);
    check(File, "(vsFTPd 3.0.3)", &["vsftpd@3.0.3 a:vsftpd_project:vsftpd:3.0.3"]);
    check(
        File,
        "ProFTPD 1.3.5e Server (Debian) [::ffff:192.0.2.1]",
        &["ProFTPD@1.3.5e a:proftpd:proftpd:1.3.5e:*:*:*:*:*:*:debian"],
    );
    check(Mail, "mx.city.example ESMTP Exim 4.94.2 Fri, 20 Nov 2026", &["Exim@4.94.2 a:exim:exim:4.94.2"]);
    check(Mail, "mx.city.example ESMTP Postfix (Ubuntu)", &["Postfix@ a:postfix:postfix:*:*:*:*:*:*:*:ubuntu"]);
    check(
        Mail,
        "x Microsoft ESMTP MAIL Service, Version: 10.0.17763.1697 ready",
        &["Exchange Server@10.0.17763.1697 a:microsoft:exchange_server:10.0.17763.1697"],
    );
    check(Ssh, "SSH-2.0-XopenSSH_1", &[]);
    check(Ssh, "", &[]);
}

#[test]
fn web_servers() {
    let check = |text, expected: &[&str]| check(Said::Web, text, expected);
    check(
        "Apache/2.4.52 (Ubuntu) OpenSSL/3.0.2 PHP/8.1.2-1ubuntu2.14",
        &[
            "Apache HTTP Server@2.4.52 a:apache:http_server:2.4.52:*:*:*:*:*:*:ubuntu",
            "OpenSSL@3.0.2 a:openssl:openssl:3.0.2:*:*:*:*:*:*:ubuntu",
            "PHP@8.1.2 a:php:php:8.1.2:*:*:*:*:*:*:1ubuntu2.14",
        ],
    );
    check(
        "Apache/2.4.6 (CentOS) OpenSSL/1.0.2k-fips",
        &[
            "Apache HTTP Server@2.4.6 a:apache:http_server:2.4.6:*:*:*:*:*:*:centos",
            "OpenSSL@1.0.2k a:openssl:openssl:1.0.2k:*:*:*:*:*:*:centos",
        ],
    );
    check("nginx/1.18.0", &["nginx@1.18.0 a:f5:nginx:1.18.0"]);
    check("nginx", &[]);
    check("Microsoft-IIS/10.0", &["Internet Information Services@10.0 a:microsoft:internet_information_services:10.0"]);
    check("Apache-Coyote/1.1", &["Apache Tomcat@ a:apache:tomcat"]);
    check("Jetty(9.4.43.v20210629)", &["Jetty@9.4.43.v20210629 a:eclipse:jetty:9.4.43.v20210629"]);
    check("GoAhead-Webs", &["GoAhead@ a:embedthis:goahead"]);
    check("Boa/0.94.14rc21", &["Boa@0.94.14rc21 a:boa:boa:0.94.14rc21"]);
    check("App-webs/", &["Hikvision@ -"]);
    check("lwIP/1.4.1 (http://savannah.nongnu.org/projects/lwip)", &["lwIP@1.4.1 a:lwip_project:lwip:1.4.1"]);
    check("cloudflare", &[]);
}

#[test]
fn user_agents() {
    let check = |text, expected: &[&str]| check(Said::Agent, text, expected);
    check(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
        &["Windows 10 or later@ -", "Chrome@119.0.0.0 a:google:chrome:119.0.0.0"],
    );
    check(
        "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36 Edg/109.0.1518.78",
        &["Windows 7 or Server 2008 R2@ -", "Microsoft Edge@109.0.1518.78 a:microsoft:edge_chromium:109.0.1518.78"],
    );
    check(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
        &["Safari@17.1 a:apple:safari:17.1"],
    );
    check(
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
        &["Firefox@115.0 a:mozilla:firefox:115.0:*:*:*:*:*:*:ubuntu"],
    );
    check(
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        &["Windows 7 or Server 2008 R2@ -", "Internet Explorer@11 a:microsoft:internet_explorer:11"],
    );
    check("Mozilla/5.0 (Windows NT 5.1)", &["Windows XP@ o:microsoft:windows_xp"]);
    check("curl/7.81.0", &["curl@7.81.0 a:haxx:curl:7.81.0"]);
    check("Wget/1.21.2", &["Wget@1.21.2 a:gnu:wget:1.21.2"]);
    check("python-requests/2.28.1", &["Requests@2.28.1 a:python:requests:2.28.1"]);
    check("Go-http-client/1.1", &["Go HTTP client@ -"]);
    check("aws-cli/2.13.0 Python/3.11.4 Linux/5.15", &["AWS CLI@2.13.0 a:amazon:aws_cli:2.13.0"]);
}

#[test]
fn inventories() {
    let check = |(name, version): (&'static str, &'static str), expected: &[&str]| {
        let words = Words { named: Some((name, version)), vendor: "Bell", ..words_of(name, Said::Name) };
        assert_eq!(software(&words).iter().map(shown).collect::<Vec<_>>(), expected, "{name}");
    };
    check(("MariaDB", "10.6.12"), &["MariaDB@10.6.12 a:mariadb:mariadb:10.6.12"]);
    check(("Bell Suite", "4.2"), &["Bell Suite@4.2 -"]);
    check(
        ("Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 15.2(4)E7, RELEASE SOFTWARE", ""),
        &["Cisco IOS@15.2(4)E7 o:cisco:ios:15.2\\(4\\)e7"],
    );
    check(("\u{1b}[2J", ""), &["[2J@ -"]);
    check(("", ""), &[]);
}

#[test]
fn what_a_distribution_may_have_mended() {
    let one = |text| software(&words_of(text, Said::Ssh)).remove(0);
    assert_eq!(maybe_mended_by(&one("SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6")).as_deref(), Some("ubuntu-3ubuntu0.6"));
    assert_eq!(maybe_mended_by(&one("SSH-2.0-OpenSSH_9.6")), None);
    // An advisory's name covers it all the same.
    let advisory = Cpe::parse("cpe:2.3:a:openbsd:openssh:8.9:p1:*:*:*:*:*:*").unwrap();
    assert!(
        advisory.covers(&Cpe::parse(one("SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6").cpe.as_deref().unwrap()).unwrap())
    );
}

fn seen(format: Format, body: &str) -> Vec<String> {
    let (event, troubles) = testing::event(format, body);
    assert_eq!(troubles, []);
    assert_eq!(testing::violations(&event), Vec::<String>::new());
    let one = |seen: &SoftwareSeen| {
        format!("{} {:?} {} {}@{}", seen.address, seen.side, seen.how, seen.software.product, seen.software.version)
    };
    in_event(&event).iter().map(one).collect()
}

#[test]
fn records_of_zeek() {
    let check = |body: &str, expected: &[&str]| assert_eq!(seen(Format::Zeek, body), expected, "{body}");
    check(
        r#"{"_path":"software","ts":1.6e9,"host":"10.20.7.20","host_p":22,"software_type":"SSH::SERVER","name":"OpenSSH","version.major":8,"version.minor":9,"version.addl":"p1","unparsed_version":"OpenSSH_8.9p1 Ubuntu-3ubuntu0.6"}"#,
        &["10.20.7.20 Server zeek-software OpenSSH@8.9p1"],
    );
    check(
        r#"{"_path":"software","ts":1.6e9,"host":"10.20.7.21","software_type":"HTTP::BROWSER","name":"Firefox","version.major":115,"version.minor":0,"unparsed_version":"Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/115.0"}"#,
        &["10.20.7.21 Client zeek-software Firefox@115.0"],
    );
    check(
        r#"{"_path":"software","ts":1.6e9,"host":"10.20.7.22","software_type":"MYSQL::SERVER","name":"MySQL","version.major":8,"version.minor":0,"version.minor2":31,"unparsed_version":"8.0.31"}"#,
        &["10.20.7.22 Server zeek-software MySQL@8.0.31"],
    );
    check(
        r#"{"_path":"ssh","ts":1.6e9,"id.orig_h":"10.0.0.5","id.orig_p":50000,"id.resp_h":"10.20.7.20","id.resp_p":22,"client":"SSH-2.0-PuTTY_Release_0.76","server":"SSH-2.0-dropbear_2020.81","auth_attempts":0}"#,
        &["10.0.0.5 Client banner PuTTY@0.76", "10.20.7.20 Server banner Dropbear SSH@2020.81"],
    );
    check(
        r#"{"_path":"http","ts":1.6e9,"id.orig_h":"10.0.0.5","id.orig_p":50000,"id.resp_h":"10.20.7.20","id.resp_p":80,"method":"GET","host":"a.example","uri":"/","user_agent":"curl/7.81.0","status_code":200,"server":"nginx/1.18.0 (Ubuntu)"}"#,
        &["10.0.0.5 Client user-agent curl@7.81.0", "10.20.7.20 Server server-header nginx@1.18.0"],
    );
    check(
        r#"{"_path":"ftp","ts":1.6e9,"id.orig_h":"10.0.0.5","id.orig_p":50000,"id.resp_h":"10.20.7.20","id.resp_p":21,"command":"<init>","reply_code":220,"reply_msg":"(vsFTPd 3.0.3)"}"#,
        &["10.20.7.20 Server banner vsftpd@3.0.3"],
    );
    check(r#"{"_path":"software","ts":1.6e9,"host":"0.0.0.0","software_type":"SSH::SERVER","name":"OpenSSH"}"#, &[]);
}

#[test]
fn records_of_suricata_and_ocsf() {
    let head = r#""timestamp":"2026-11-20T10:00:00.000000+0000","flow_id":1,"src_ip":"10.0.0.5","src_port":50000,"dest_ip":"10.20.7.20","dest_port":80,"proto":"TCP""#;
    assert_eq!(
        seen(
            Format::Suricata,
            &format!(
                r#"{{{head},"event_type":"ssh","ssh":{{"client":{{"proto_version":"2.0","software_version":"OpenSSH_7.4"}},"server":{{"proto_version":"2.0","software_version":"dropbear_2012.55"}}}}}}"#
            )
        ),
        ["10.0.0.5 Client banner OpenSSH@7.4", "10.20.7.20 Server banner Dropbear SSH@2012.55"]
    );
    assert_eq!(
        seen(
            Format::Suricata,
            &format!(
                r#"{{{head},"event_type":"http","http":{{"hostname":"a.example","url":"/","http_user_agent":"Wget/1.21.2","http_method":"GET","protocol":"HTTP/1.1","status":200,"length":5,"server":"lighttpd/1.4.53"}}}}"#
            )
        ),
        ["10.0.0.5 Client user-agent Wget@1.21.2", "10.20.7.20 Server server-header lighttpd@1.4.53"]
    );
    let (event, _) = testing::event(
        Format::Ocsf,
        r#"{"class_uid":5020,"activity_id":2,"time":1600000000000,"metadata":{"product":{"name":"Agent"},"version":"1.8.0"},
        "device":{"ip":"10.0.0.9","type_id":0},"product":{"name":"Samba","vendor_name":"Samba","version":"4.15.13"}}"#,
    );
    assert_eq!(
        in_event(&event).iter().map(|seen| shown(&seen.software)).collect::<Vec<_>>(),
        ["Samba@4.15.13 a:samba:samba:4.15.13"]
    );
    let (event, _) = testing::event(
        Format::Ocsf,
        r#"{"class_uid":5001,"activity_id":1,"time":1600000000000,"device":{"ip":"10.0.0.9","type_id":1,"os":{"name":"Bell OS","type_id":200,"version":"3"}}}"#,
    );
    assert_eq!(in_event(&event).iter().map(|seen| shown(&seen.software)).collect::<Vec<_>>(), ["Bell OS@3 -"]);
    let (event, _) = testing::event(
        Format::Ocsf,
        r#"{"class_uid":4002,"activity_id":3,"time":1600000000000,"src_endpoint":{"ip":"10.0.0.5"},"dst_endpoint":{"ip":"10.0.0.9"},
        "http_response":{"code":200,"http_headers":[{"name":"X-Powered-By","value":"PHP/7.4.3"},{"name":"Date","value":"nginx/1.0"}]}}"#,
    );
    assert_eq!(
        in_event(&event).iter().map(|seen| shown(&seen.software)).collect::<Vec<_>>(),
        ["PHP@7.4.3 a:php:php:7.4.3"]
    );
}

#[test]
fn limits_hold() {
    let long = format!("nginx/{}", "1".repeat(5_000));
    let found = software(&words_of(&long, Said::Web));
    assert!(found[0].version.len() <= model::limits::BANNER_WORD_BYTES_MAX);
    let behind = format!("{}nginx/1.2", " ".repeat(model::limits::BANNER_BYTES_MAX));
    assert_eq!(software(&words_of(&behind, Said::Web)), []);
    let many = "nginx/1 apache/2 php/3 openssl/4 perl/v5 jetty/6 caddy/7 squid/8 zope/9 boa/1";
    assert_eq!(software(&words_of(many, Said::Web)).len(), model::limits::BANNER_PRODUCTS_MAX);
}

proptest! {
    #[test]
    fn never_panics_and_names_are_names(text in "(SSH-2.0-|Apache/|nginx/|OpenSSH_|Chrome/|Version |\u{e9}|[0-9.()p +~-]|\\PC){0,20}", name in ".{0,10}") {
        for said in [Said::Ssh, Said::Web, Said::Mail, Said::File, Said::Agent, Said::Name] {
            for named in [None, Some((name.as_str(), text.as_str()))] {
                for found in software(&Words { named, ..words_of(&text, said) }) {
                    prop_assert!(!found.product.is_empty());
                    prop_assert!(found.cpe.as_deref().is_none_or(|cpe| Cpe::parse(cpe).is_ok_and(|read| read.to_string() == cpe)), "{:?}", found);
                }
            }
        }
    }
}
