//! What a city runs, what is in it, and what is said about that.

use formats::register::{Brought, cloud, csv, json, scan};
use formats::seen::{How, Said, Side, Words, software};
use formats::{mobile, osv, sbom, scanner};
use model::limits::{NOTES_KEPT_MAX, SCANNER_TITLE_BYTES_MAX};
use model::software::{Cpe, Purl, Range};

/// The same bytes give the same, notes are bounded, and what is brought is tidy.
fn bring(bytes: &[u8], read: fn(&[u8]) -> Brought) -> Brought {
    let found = read(bytes);
    assert_eq!(found, read(bytes));
    assert!(found.refused.len() as u64 <= found.refused_count && found.refused.len() <= NOTES_KEPT_MAX);
    assert!(found.refused.iter().all(|refused| !refused.place.is_empty()));
    for item in &found.items {
        assert_eq!(item.check(), Ok(()));
    }
    assert!(found.links.iter().all(|link| link.from != link.to));
    found
}

/// Tables of items and links, as they come and behind the names of their columns; JSON. What is brought is written and read again.
pub fn register_files(bytes: &[u8]) {
    let items = [b"id,kind,title,data,software,labels,addresses,confidentiality_why\n", bytes].concat();
    let links = [b"from;kind;to;protocol;port;data\n", bytes].concat();
    let tables = [bytes, items.as_slice(), links.as_slice()].map(|bytes| bring(bytes, csv::read));
    let json = bring(bytes, json::read);
    for found in tables.into_iter().chain([json]) {
        let again = json::read(json::write(&found.items, &found.links).as_bytes());
        assert_eq!(again.items, found.items);
        let written = csv::items(&found.items);
        let kept: Vec<_> = found.items.iter().filter(|item| !written.too_long.contains(&item.id)).collect();
        let again = csv::read(written.text.as_bytes());
        assert_eq!(
            again.items.iter().map(|item| &item.id).collect::<Vec<_>>(),
            kept.iter().map(|item| &item.id).collect::<Vec<_>>()
        );
    }
}

/// Inventories of clouds, and scans.
pub fn register_inventories(bytes: &[u8]) {
    bring(bytes, cloud::read);
    bring(bytes, scan::read);
}

/// Bills of materials: places are places, and what is said can be told.
pub fn bill_of_materials(bytes: &[u8]) {
    let found = sbom::read(bytes);
    assert_eq!(found, sbom::read(bytes));
    let Ok(bill) = found else { return };
    let count = bill.components.len();
    assert!(bill.dependencies.iter().all(|(from, to)| *from.max(to) < count));
    assert!(bill.subject.is_none_or(|subject| subject < count));
    assert!(bill.components.iter().all(|component| !component.software().product.is_empty()));
    assert!(bill.statements(&[]).iter().all(|advisory| !advisory.statements.is_empty()));
}

/// Manifests of apps, as they come and behind the head of the binary form: lists are bounded, texts are lines.
pub fn mobile_manifests(bytes: &[u8]) {
    use model::limits::{MOBILE_PERMISSIONS_MAX, MOBILE_WEAKNESSES_MAX};
    let length = u32::try_from(bytes.len() + 8).unwrap_or(u32::MAX).to_le_bytes();
    let packed = [&[3, 0, 8, 0], &length[..], bytes].concat();
    for bytes in [bytes, packed.as_slice()] {
        let found = mobile::read(bytes);
        assert_eq!(found, mobile::read(bytes));
        let Ok(found) = found else { continue };
        assert!(found.permissions.len() <= MOBILE_PERMISSIONS_MAX && found.weaknesses.len() <= MOBILE_WEAKNESSES_MAX);
        let names = found.permissions.iter().map(|asked| &asked.name).chain(&found.tracking_domains);
        assert!(names.chain([&found.package, &found.version]).all(|name| !name.chars().any(char::is_control)));
    }
}

/// Advisories of OSV and NVD.
pub fn advisories(bytes: &[u8]) {
    for read in [osv::read, osv::nvd, osv::any] {
        let found = read(bytes);
        assert_eq!(found, read(bytes));
        assert!(found.refused.len() as u64 <= found.refused_count && found.refused.len() <= NOTES_KEPT_MAX);
        assert!(found.advisories.iter().all(|advisory| !advisory.id.is_empty()));
    }
}

/// Names of software: what is read is written so that it is read as the same.
pub fn software_names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for text in [
        text.to_string(),
        format!("pkg:npm/{text}"),
        format!("cpe:/a:{text}"),
        format!("cpe:2.3:a:{text}:*:*:*:*:*:*:*"),
    ] {
        if let Ok(purl) = Purl::parse(&text) {
            assert_eq!(Purl::parse(&purl.to_string()), Ok(purl));
        }
        if let Ok(cpe) = Cpe::parse(&text) {
            assert_eq!(Cpe::parse(&cpe.to_string()), Ok(cpe));
        }
    }
    let _ = Range::vers(&format!("vers:{text}"));
}

/// Reports of scanners, of whatever form they are; the same bytes give the same, and what is taken is short and on one line.
fn report(bytes: &[u8]) {
    let found = scanner::read("report", bytes);
    assert_eq!(found, scanner::read("report", bytes));
    assert!(found.refused.len() as u64 <= found.refused_count && found.refused.len() <= NOTES_KEPT_MAX);
    assert!(found.refused.iter().all(|refused| !refused.place.is_empty()));
    for one in &found.reported {
        assert!(one.title.len() <= SCANNER_TITLE_BYTES_MAX && !one.title.chars().any(char::is_control));
        assert!(one.score_tenths.is_none_or(|score| score <= 100));
    }
}

/// Reports in XML: Nessus, OpenVAS.
pub fn scanner_xml(bytes: &[u8]) {
    report(bytes);
    report(&[b"<NessusClientData_v2><Report>", bytes].concat());
    report(&[b"<report><results>", bytes].concat());
}

/// Reports in JSON: Trivy, Grype, osv-scanner, Nuclei, SARIF, bills of materials.
pub fn scanner_json(bytes: &[u8]) {
    report(bytes);
    for name in ["Results", "matches", "results", "runs"] {
        report(&[format!("{{\"{name}\":[").as_bytes(), bytes, b"]}"].concat());
    }
}

/// Banners and user agents: names are names, versions are short.
pub fn banner(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for said in [Said::Ssh, Said::Web, Said::Mail, Said::File, Said::Agent, Said::Name] {
        let named = (said == Said::Name).then_some((text.as_ref(), text.as_ref()));
        let (side, how) = (Side::Server, How::Banner);
        let words = Words { address: [192, 0, 2, 1].into(), side, how, said, text: &text, named, vendor: "" };
        let found = software(&words);
        assert_eq!(found, software(&words));
        for one in found {
            assert!(!one.product.is_empty() && one.version.len() <= model::limits::BANNER_WORD_BYTES_MAX);
            assert!(one.cpe.as_deref().is_none_or(|cpe| Cpe::parse(cpe).is_ok_and(|read| read.to_string() == cpe)));
        }
    }
}

pub(super) mod seeds {
    use crate::seeds::texts;

    pub(in super::super) fn register_files() -> Vec<Vec<u8>> {
        texts(&[
            "id,kind,title,data,software\nportal,service,Portal,health:12000;contact,nginx|1.18.0|F5\nstore,data store,,none,pkg:npm/a@1\n",
            "from;kind;to;protocol;port;is_encrypted\nportal;depends-on;store;https;443;yes\n",
            r#"{"items":[{"id":"a","kind":"service","data":[]},{"id":"v","kind":"vendor"}],"links":[{"from":"a","to":"v","kind":"delivered-by"}]}"#,
            "{\"id\":\"a\",\"kind\":\"service\"}\n{\"from\":\"a\",\"to\":\"b\",\"kind\":\"runs-on\"}\n",
        ])
    }

    pub(in super::super) fn register_inventories() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"Reservations":[{"OwnerId":"1","Instances":[{"InstanceId":"i-0a1","PublicIpAddress":"192.0.2.5","Placement":{"AvailabilityZone":"eu-central-1a"}}]}]}"#,
            r#"{"configurationItems":[{"resourceType":"AWS::S3::Bucket","resourceId":"b","configuration":"{}"}]}"#,
            r#"[{"id":"/subscriptions/0/x","name":"x","type":"microsoft.web/sites","properties":{"publicNetworkAccess":"Enabled"}}]"#,
            r#"[{"name":"//compute.googleapis.com/projects/p/instances/i","assetType":"compute.googleapis.com/Instance","resource":{"data":{}}}]"#,
            r#"<nmaprun><host><address addr="192.0.2.1"/><ports><port portid="22" protocol="tcp"><state state="open"/><service product="x" version="1"><cpe>cpe:/a:x:x:1</cpe></service></port></ports></host></nmaprun>"#,
        ])
    }

    pub(in super::super) fn bill_of_materials() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"bom-ref":"p","name":"p","version":"1"}},"components":[{"bom-ref":"a","name":"a",
            "purl":"pkg:npm/a@1","components":[{"name":"b","cpe":"cpe:/a:b:b"}]}],"dependencies":[{"ref":"p","dependsOn":["a"]}],"vulnerabilities":[{"id":"CVE-2026-1000",
            "analysis":{"state":"not_affected"},"affects":[{"ref":"a","versions":[{"range":"vers:npm/<2","status":"unaffected"}]}]}]}"#,
            r#"{"spdxVersion":"SPDX-2.3","packages":[{"SPDXID":"SPDXRef-P","name":"p","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/p@1"}]}],
            "relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-P"}]}"#,
            r#"{"@graph":[{"type":"software_Package","spdxId":"urn:p","name":"p"},{"type":"SpdxDocument","rootElement":["urn:p"]},{"type":"security_Vulnerability","spdxId":"urn:v","name":"v"},
            {"type":"security_VexFixedVulnAssessmentRelationship","from":"urn:v","to":["urn:p"]}]}"#,
        ])
    }

    pub(in super::super) fn mobile_manifests() -> Vec<Vec<u8>> {
        texts(&[
            r#"<manifest package="a" android:versionName="1"><uses-permission android:name="android.permission.CAMERA"/><application android:debuggable="true"><activity
            android:name=".L" android:exported="true"><intent-filter/></activity></application></manifest>"#,
            r#"<plist version="1.0"><dict><key>CFBundleIdentifier</key><string>a</string><key>NSCameraUsageDescription</key><string>x</string><key>NSAppTransportSecurity</key>
            <dict><key>NSAllowsArbitraryLoads</key><true/></dict></dict></plist>"#,
            r#"<plist><dict><key>NSPrivacyTrackingDomains</key><array><string>t.example</string></array></dict></plist>"#,
        ])
    }

    pub(in super::super) fn advisories() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"id":"A","aliases":["CVE-2026-1000"],"affected":[{"package":{"ecosystem":"npm","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1"}]}]}]}"#,
            r#"{"vulns":[{"id":"A","withdrawn":"2026-01-01T00:00:00Z"}]}"#,
            r#"{"vulnerabilities":[{"cve":{"id":"CVE-2026-1000","configurations":[{"nodes":[{"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:a:b:c:*:*:*:*:*:*:*:*","versionEndExcluding":"2"}]}]}]}}]}"#,
        ])
    }

    pub(in super::super) fn scanner_xml() -> Vec<Vec<u8>> {
        texts(&[
            r#"<NessusClientData_v2><Report name="x"><ReportHost name="a.example"><HostProperties><tag name="host-ip">192.0.2.1</tag></HostProperties><ReportItem port="443" severity="3" pluginID="1" pluginName="x &lt; 1"><cve>CVE-2024-4879</cve><cpe>cpe:/a:b:c:1</cpe><cvss3_base_score>7.5</cvss3_base_score><plugin_output>Fixed version : 2</plugin_output></ReportItem></ReportHost></Report></NessusClientData_v2>"#,
            r#"<report><report><gmp><version>22.4</version></gmp><results><result id="r"><name>x</name><host>192.0.2.1<hostname>a.example</hostname></host><port>22/tcp</port><nvt oid="1"><refs><ref type="cve" id="CVE-2024-6387"/></refs></nvt><severity>8.1</severity><description>Installed version: 1</description></result></results></report></report>"#,
            r#"<!DOCTYPE x [<!ENTITY a "b">]><report>&a;</report>"#,
        ])
    }

    pub(in super::super) fn scanner_json() -> Vec<Vec<u8>> {
        texts(&[
            r#"{"SchemaVersion":2,"ArtifactName":"a:1","Results":[{"Vulnerabilities":[{"VulnerabilityID":"CVE-2024-6387","PkgName":"p","InstalledVersion":"1","FixedVersion":"2","Severity":"HIGH","CVSS":{"nvd":{"V3Score":8.1}}}]}]}"#,
            r#"{"matches":[{"vulnerability":{"id":"GHSA-x","severity":"High","fix":{"versions":["2"]}},"artifact":{"name":"p","version":"1","purl":"pkg:npm/p@1"}}],"descriptor":{"name":"grype"}}"#,
            r#"{"results":[{"source":{"path":"/a"},"packages":[{"package":{"name":"p","version":"1","ecosystem":"npm"},"vulnerabilities":[{"id":"GHSA-x","aliases":["CVE-2026-1000"]}],"groups":[{"ids":["GHSA-x"],"max_severity":"7.5"}]}]}]}"#,
            r#"{"template-id":"x","host":"https://a.example:1","ip":"192.0.2.1","info":{"severity":"high","classification":{"cve-id":["cve-2024-4879"],"cvss-score":9.8}}}"#,
            r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x","rules":[{"id":"CVE-2024-6387","properties":{"security-severity":"8.1"}}]}},"results":[{"ruleIndex":0},{"ruleId":"x","properties":{"tags":["CVE-2024-6387"]}}]}]}"#,
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"bom-ref":"a","name":"a"}],"vulnerabilities":[{"id":"CVE-2026-1000","affects":[{"ref":"a"}]}]}"#,
        ])
    }

    pub(in super::super) fn banner() -> Vec<Vec<u8>> {
        texts(&[
            "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6",
            "Apache/2.4.52 (Ubuntu) OpenSSL/3.0.2 PHP/8.1.2-1ubuntu2.14",
            "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36 Edg/109.0.1518.78",
            "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 15.2(4)E7, RELEASE SOFTWARE",
            "Jetty(9.4.43.v20210629)",
        ])
    }

    pub(in super::super) fn software_names() -> Vec<Vec<u8>> {
        texts(&[
            "pkg:npm/%40angular/core@16.2.0?arch=x#a/b",
            "pkg:maven/org.a/b@1%2B2",
            r"cpe:2.3:a:foo\:bar:b*:1.?:-:*:*:*:*:*:*",
            "cpe:/a:hp:insight:7.4:-:~~online~win2003~x64~",
            "npm/>=1.2|<2|!=1.5",
        ])
    }
}

#[expect(non_upper_case_globals, reason = "they carry the names of the targets")]
pub(super) mod words {
    type Words = &'static [&'static str];

    pub(in super::super) const register_files: Words = &[
        "id",
        "kind",
        "service",
        "data-store",
        "depends-on",
        "health:",
        "none",
        ";",
        "\\;",
        "|",
        "\"\"",
        "'=",
        "\"items\":[",
        "\"links\":[",
    ];
    pub(in super::super) const register_inventories: Words = &[
        "\"resourceType\":",
        "\"InstanceId\":",
        "\"assetType\":",
        "\"properties\":{",
        "\"Results\":[",
        "/subscriptions/",
        "<host>",
        "<cpe>",
    ];
    pub(in super::super) const bill_of_materials: Words = &[
        "\"bomFormat\":\"CycloneDX\"",
        "\"components\":[",
        "\"bom-ref\":",
        "\"purl\":",
        "\"spdxVersion\":\"SPDX-2.3\"",
        "\"packages\":[",
        "\"@graph\":[",
        "vers:",
    ];
    pub(in super::super) const mobile_manifests: Words = &[
        "<manifest ",
        "<uses-permission ",
        "android:name=",
        "<application ",
        "android:exported=",
        "<plist><dict>",
        "<key>",
        "NSCameraUsageDescription",
        "NSPrivacyTracking",
        "<array>",
        "<true/>",
        "<!DOCTYPE",
    ];
    pub(in super::super) const advisories: Words = &[
        "\"affected\":[",
        "\"ranges\":[",
        "\"events\":[",
        "\"introduced\":",
        "\"fixed\":",
        "\"cpeMatch\":[",
        "\"criteria\":",
    ];
    pub(in super::super) const scanner_xml: Words = &[
        "<ReportHost name=",
        "<ReportItem ",
        "<cve>",
        "<result id=",
        "<ref type=\"cve\" id=",
        "<detection>",
        "<!DOCTYPE",
        "<![CDATA[",
        "&#65;",
        "&x;",
    ];
    pub(in super::super) const scanner_json: Words = &[
        "\"Vulnerabilities\":[",
        "\"VulnerabilityID\":",
        "\"vulnerability\":{",
        "\"packages\":[",
        "\"template-id\":",
        "\"ruleIndex\":",
        "\"bomFormat\":",
        "CVE-2024-",
    ];
    pub(in super::super) const banner: Words = &[
        "OpenSSH_",
        "nginx/",
        "Chrome/",
        "Version ",
        "Ubuntu",
        "+deb12u3",
        "MSIE ",
        "Trident/7.0",
        "Cisco IOS Software",
    ];
    pub(in super::super) const software_names: Words =
        &["pkg:", "cpe:2.3:", "cpe:/", "%40", "%2F", "%01", "%02", "\\:", "\\*", "~", "@", "vers:"];
}
