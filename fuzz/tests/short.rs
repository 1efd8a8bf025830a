//! The short form: every target, its seeds and some rounds of mutations, the same ones each time.

use fuzz::driver::{Until, run};

/// The number that all mutations follow from.
const SEED: u64 = 0x5EED_2026;

macro_rules! short {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            let target = fuzz::target(stringify!($name)).expect("a target of that name");
            if let Err(failure) = run(target, Until::Rounds(target.rounds), SEED) {
                panic!("{failure}");
            }
        })+

        #[test]
        fn every_target_has_its_test() {
            let names: Vec<_> = fuzz::TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),+]);
        }
    };
}

short! {
    windows zeek suricata cloudtrail m365 ocsf netflow_flow syslog cef auditd json json_mapped mapping_file recognise split
    evtx netflow_packets sigma correlation correlation_state routing indicator_list values misp_list plain_list segment_image
    syslog_frames http_lines tail_lines fingerprint rpz_question scenario feed_url feed_settings taxii_page taxii_resource misp_manifest misp_heads
    intel_stix intel_misp intel_list intel_json intel_nmap intel_breach intel_judged stix_pattern stix_observed mined lookalike seen_run
    risk_rows risk_files decision_table
    register_files register_inventories bill_of_materials mobile_manifests advisories software_names scanner_xml scanner_json banner
    edge_table series_table
    probe_page probe_data
    journal_segment journal_marks times cursor
}
