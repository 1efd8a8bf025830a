//! BIND's `named-checkzone` reads the zone, and finds each record in it.

use formats::release::Form;
use formats::release::rpz::{Action, Zone};

use super::{file, list, run, skip};

#[test]
fn bind_reads_the_zone() {
    let folder = tempfile::tempdir().unwrap();
    let (text, compiled) = (folder.path().join("rpz.zone"), folder.path().join("rpz.out"));
    let mut judged = 0;
    for action in [
        Action::NxDomain,
        Action::NoData,
        Action::Drop,
        Action::PassThru,
        Action::TcpOnly,
        Action::Redirect("garden.city.example".into()),
    ] {
        let target = action.target();
        let zone = Zone { name: "rpz.city.example".into(), serial: 4_294_967_295, action, ttl_seconds: 60 };
        let list = list::all(300);
        let written = file(&text, &Form::Rpz(zone), &list);
        let out = compiled.display().to_string();
        let arguments = ["-o", &out, "-s", "full", "rpz.city.example", &text.display().to_string()];
        let Some((is_content, said)) = run("named-checkzone", &arguments) else {
            return skip("named-checkzone (Debian package bind9-utils)");
        };
        assert!(is_content && said.contains("loaded serial 4294967295"), "{said:.2000}");
        assert!(!said.contains("warning") && !said.contains("ignor"), "{said:.2000}");
        let read = std::fs::read_to_string(&compiled).unwrap();
        let records = read.lines().filter(|line| line.contains("CNAME") && line.ends_with(&target)).count() as u64;
        let is_domain = |line: &&str| line.starts_with("*.");
        let domains = std::fs::read_to_string(&text).unwrap().lines().filter(is_domain).count() as u64;
        assert_eq!(records, written.written + domains, "one record, two for a domain");
        judged += records;
    }
    println!("oracle: {judged} passed, 0 failed");
}
