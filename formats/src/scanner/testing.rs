//! Reports as the scanners write them, of hosts that do not exist.

pub(super) const NESSUS: &str = r#"<?xml version="1.0" ?>
<NessusClientData_v2>
<Policy><policyName>Weekly</policyName><Preferences><ServerPreferences><preference><name>password</name><value>hunter2</value></preference></ServerPreferences></Preferences></Policy>
<Report name="City hall" xmlns:cm="http://www.nessus.org/cm">
<ReportHost name="portal.city.example"><HostProperties>
<tag name="HOST_END_TIMESTAMP">1700000009</tag>
<tag name="host-ip">192.0.2.10</tag>
<tag name="host-fqdn">portal.city.example</tag>
</HostProperties>
<ReportItem port="0" svc_name="general" protocol="tcp" severity="0" pluginID="19506" pluginName="Nessus Scan Information" pluginFamily="Settings">
<plugin_output>Information about this scan :

Nessus version : 10.6.1
Plugin feed version : 202311140000
</plugin_output></ReportItem>
<ReportItem port="443" svc_name="www" protocol="tcp" severity="4" pluginID="150155" pluginName="nginx 0.6.x &lt; 1.20.1 1-Byte Memory Overwrite RCE" pluginFamily="Web Servers">
<cpe>cpe:/a:nginx:nginx</cpe>
<cve>CVE-2021-23017</cve>
<cvss3_base_score>7.7</cvss3_base_score>
<cvss3_vector>CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:H</cvss3_vector>
<cvss_base_score>6.8</cvss_base_score>
<cvss_vector>CVSS2#AV:N/AC:M/Au:N/C:P/I:P/A:P</cvss_vector>
<risk_factor>High</risk_factor>
<plugin_output>
  URL               : https://portal.city.example/?session=SECRET
  Installed version : 1.18.0
  Fixed version     : 1.20.1
</plugin_output></ReportItem>
<ReportItem port="22" svc_name="ssh" protocol="tcp" severity="0" pluginID="10267" pluginName="SSH Server Type and Version Information" pluginFamily="Service detection"></ReportItem>
</ReportHost>
<ReportHost name="192.0.2.11"><HostProperties></HostProperties>
<ReportItem port="3389" svc_name="msrdp" protocol="tcp" severity="2" pluginID="57690" pluginName="Terminal Services Encryption Level is Medium or Low" pluginFamily="Misc."><risk_factor>Medium</risk_factor></ReportItem>
</ReportHost>
</Report></NessusClientData_v2>"#;

pub(super) const OPENVAS: &str = r#"<report id="5f0d" format_id="a994b278" extension="xml" content_type="text/xml"><owner><name>admin</name></owner>
<report id="5f0d"><gmp><version>22.4</version></gmp><scan_end>2026-11-20T10:00:00Z</scan_end>
<results start="1" max="100">
<result id="r1"><name>OpenSSH &lt; 9.8 RCE</name><owner><name>admin</name></owner><modification_time>2026-11-20T09:58:00Z</modification_time><creation_time>2026-11-20T09:57:00Z</creation_time>
<detection><result id="r0"><details><detail><name>product</name><value>cpe:/a:openbsd:openssh:8.9p1</value></detail><detail><name>location</name><value>22/tcp</value></detail></details></result></detection>
<host>192.0.2.20<asset asset_id="aa"/><hostname>srv-20.city.example</hostname></host><port>22/tcp</port>
<nvt oid="1.3.6.1.4.1.25623.1.0.1"><type>nvt</type><name>OpenSSH RCE</name><family>General</family><cvss_base>8.1</cvss_base>
<severities score="81"><severity type="cvss_base_v3"><origin>NVD</origin><value>CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H</value></severity></severities>
<tags>cvss_base_vector=CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H|summary=x</tags>
<refs><ref type="cve" id="CVE-2024-6387"/><ref type="url" id="https://x.example"/><ref type="cert-bund" id="WID-SEC-1"/></refs></nvt>
<threat>High</threat><severity>8.1</severity><qod><value>80</value></qod>
<description>Installed version: 8.9p1
Fixed version:     9.8p1
Banner: SECRET</description></result>
<result id="r2"><name>Services</name><host>192.0.2.20</host><port>22/tcp</port><nvt oid="1.3.6.1.4.1.25623.1.0.2"><name>Services</name></nvt><threat>Log</threat><severity>0.0</severity></result>
</results><hosts count="1"/><host><ip>192.0.2.20</ip></host></report></report>"#;

pub(super) const TRIVY: &str = r#"{"SchemaVersion":2,"CreatedAt":"2026-11-20T10:00:00.5+01:00","ArtifactName":"registry.city.example/portal:1.4","ArtifactType":"container_image",
"Trivy":{"Version":"0.67.0"},"Metadata":{"OS":{"Family":"debian","Name":"12.5"}},"Results":[
{"Target":"portal (debian 12.5)","Class":"os-pkgs","Type":"debian","Vulnerabilities":[
{"VulnerabilityID":"CVE-2024-6387","VendorIDs":["DSA-5724-1"],"PkgID":"openssh-server@1:9.2p1-2","PkgName":"openssh-server","PkgIdentifier":{"PURL":"pkg:deb/debian/openssh-server@9.2p1-2?arch=amd64&distro=debian-12.5&epoch=1"},
"InstalledVersion":"1:9.2p1-2","FixedVersion":"1:9.2p1-2+deb12u3","Status":"fixed","Title":"openssh: regreSSHion","Severity":"HIGH",
"CVSS":{"nvd":{"V3Vector":"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H","V3Score":8.1},"redhat":{"V3Vector":"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H","V3Score":8.1}}},
{"VulnerabilityID":7,"PkgName":"x"}]},
{"Target":"secrets","Class":"secret","Secrets":[{"Match":"SECRET"}]},{"Target":"x","Vulnerabilities":null}]}"#;

pub(super) const GRYPE: &str = r#"{"matches":[{"vulnerability":{"id":"GHSA-jfh8-c2jp-5v3q","severity":"Critical","description":"Log4j\nremote","cvss":[{"version":"3.1","vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H","metrics":{"baseScore":10}}],
"fix":{"versions":["2.15.0"],"state":"fixed"}},"relatedVulnerabilities":[{"id":"CVE-2021-44228","cvss":[]}],
"artifact":{"name":"log4j-core","version":"2.14.1","type":"java-archive","cpes":["cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*"],"purl":"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"}}, 5],
"source":{"type":"image","target":{"userInput":"registry.city.example/portal:1.4"}},"descriptor":{"name":"grype","version":"0.104.0","timestamp":"2026-11-20T10:00:00Z"}}"#;

pub(super) const OSV_SCANNER: &str = r#"{"results":[{"source":{"path":"/srv/portal/package-lock.json","type":"lockfile"},"packages":[{"package":{"name":"@bell/core","version":"1.2.0","ecosystem":"npm"},
"vulnerabilities":[{"id":"GHSA-2222-3333-4444","aliases":["CVE-2026-1000"],"summary":"A hole","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],"database_specific":{"severity":"MODERATE"},
"affected":[{"package":{"name":"@bell/core","ecosystem":"npm"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.9"}]},{"type":"GIT","events":[{"fixed":"abcdef"}]}]},{"package":{"name":"other"},"ranges":[{"type":"SEMVER","events":[{"fixed":"9"}]}]}]}],
"groups":[{"ids":["GHSA-2222-3333-4444"],"max_severity":"7.5"}]}]}]}"#;

pub(super) const NUCLEI: &str = r#"{"template-id":"CVE-2021-44228","info":{"name":"Log4j","severity":"critical","classification":{"cve-id":["cve-2021-44228"],"cvss-metrics":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H","cvss-score":10,"cpe":"cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*"}},"host":"https://portal.city.example:8443","ip":"192.0.2.10","response":"SECRET","timestamp":"2026-11-20T11:00:00.123+01:00","matcher-status":true}
{"template-id":"tech-detect","info":{"name":"x","severity":"info"},"host":"portal.city.example"}
{"template-id":"x","info":{"severity":"high"}}
{"template-id":"exposed-panel","info":{"name":"Panel","severity":"medium"},"host":"http://[2001:db8::1]/admin"}
{"template-id":"#;

pub(super) const SARIF: &str = r#"{"version":"2.1.0","$schema":"https://json.schemastore.org/sarif-2.1.0.json","runs":[{"tool":{"driver":{"name":"Trivy","version":"0.67.0","rules":[
{"id":"CVE-2024-6387","shortDescription":{"text":"openssh: regreSSHion"},"defaultConfiguration":{"level":"error"},"properties":{"security-severity":"8.1","tags":["vulnerability","HIGH"]}},
{"id":"js/x","properties":{"tags":["security","external/cve/cve-2026-1000"]}},{"id":"unused-variable"}]}},
"invocations":[{"endTimeUtc":"2026-11-20T10:00:00Z"}],
"results":[{"ruleId":"CVE-2024-6387","ruleIndex":0,"level":"error","message":{"text":"SECRET"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"library/portal"}}}]},
{"ruleIndex":1,"level":"warning","message":{"text":"x"}},{"ruleId":"unused-variable"},[]]}]}"#;

pub(super) const CYCLONEDX: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"bom-ref":"p","type":"application","name":"portal","version":"1"}},
"components":[{"bom-ref":"a","type":"library","name":"a","version":"1.0","purl":"pkg:npm/a@1.0"}],
"vulnerabilities":[{"id":"CVE-2026-1000","affects":[{"ref":"a"}]},{"id":"CVE-2026-1001","analysis":{"state":"not_affected"},"affects":[{"ref":"a"}]}]}"#;

/// All of them, with what they are.
pub(super) const ALL: [(super::Form, &str); 8] = [
    (super::Form::Nessus, NESSUS),
    (super::Form::OpenVas, OPENVAS),
    (super::Form::Trivy, TRIVY),
    (super::Form::Grype, GRYPE),
    (super::Form::OsvScanner, OSV_SCANNER),
    (super::Form::Nuclei, NUCLEI),
    (super::Form::Sarif, SARIF),
    (super::Form::CycloneDx, CYCLONEDX),
];
