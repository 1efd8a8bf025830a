//! Words that the standard lists: open vocabularies (STIX 2.1, section 10), and closed lists of the types that use them.

fn is_of(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_ssdeep(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b':' | b'.');
    (1..=128).contains(&text.len()) && text.bytes().all(letters)
}

fn is_tlsh(text: &str) -> bool {
    text.len() == 70 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A test of a hash's digits.
type IsHash = fn(&str) -> bool;

/// `hash-algorithm-ov`, with the digits of each.
pub(super) const HASHES: [(&str, IsHash); 8] = [
    ("MD5", |text| is_of(text, 32)),
    ("SHA-1", |text| is_of(text, 40)),
    ("SHA-256", |text| is_of(text, 64)),
    ("SHA-512", |text| is_of(text, 128)),
    ("SHA3-256", |text| is_of(text, 64)),
    ("SHA3-512", |text| is_of(text, 128)),
    ("SSDEEP", is_ssdeep),
    ("TLSH", is_tlsh),
];

/// A list of words.
pub(super) type Words = &'static [&'static str];

pub(super) const ACCOUNT_TYPE: Words = &[
    "facebook",
    "ldap",
    "nis",
    "openid",
    "radius",
    "skype",
    "tacacs",
    "twitter",
    "unix",
    "windows-local",
    "windows-domain",
];
pub(super) const MOTIVATION: Words = &[
    "accidental",
    "coercion",
    "dominance",
    "ideology",
    "notoriety",
    "organizational-gain",
    "personal-gain",
    "personal-satisfaction",
    "revenge",
    "unpredictable",
];
pub(super) const RESOURCE_LEVEL: Words = &["individual", "club", "contest", "team", "organization", "government"];
pub(super) const GROUPING_CONTEXT: Words = &["suspicious-activity", "malware-analysis", "unspecified"];
pub(super) const IDENTITY_CLASS: Words =
    &["individual", "group", "system", "organization", "class", "unspecified", "unknown"];
pub(super) const LANGUAGE_OF_CODE: Words = &[
    "applescript",
    "bash",
    "c",
    "c++",
    "c#",
    "go",
    "java",
    "javascript",
    "lua",
    "objective-c",
    "perl",
    "php",
    "powershell",
    "python",
    "ruby",
    "scala",
    "swift",
    "typescript",
    "visual-basic",
    "x86-32",
    "x86-64",
];
pub(super) const INDICATOR_TYPE: Words =
    &["anomalous-activity", "anonymization", "benign", "compromised", "malicious-activity", "attribution", "unknown"];
pub(super) const SECTOR: Words = &[
    "agriculture",
    "aerospace",
    "automotive",
    "chemical",
    "commercial",
    "communications",
    "construction",
    "defense",
    "education",
    "energy",
    "entertainment",
    "financial-services",
    "government",
    "emergency-services",
    "government-local",
    "government-national",
    "government-public-services",
    "government-regional",
    "healthcare",
    "hospitality-leisure",
    "infrastructure",
    "dams",
    "nuclear",
    "water",
    "insurance",
    "manufacturing",
    "mining",
    "non-profit",
    "pharmaceuticals",
    "retail",
    "technology",
    "telecommunications",
    "transportation",
    "utilities",
];
pub(super) const INFRASTRUCTURE_TYPE: Words = &[
    "amplification",
    "anonymization",
    "botnet",
    "command-and-control",
    "control-system",
    "exfiltration",
    "firewall",
    "hosting-malware",
    "hosting-target-lists",
    "phishing",
    "reconnaissance",
    "routers-switches",
    "staging",
    "workstation",
    "unknown",
];
pub(super) const ANALYSIS_RESULT: Words = &["malicious", "suspicious", "benign", "unknown"];
pub(super) const CAPABILITY: Words = &[
    "accesses-remote-machines",
    "anti-debugging",
    "anti-disassembly",
    "anti-emulation",
    "anti-memory-forensics",
    "anti-sandbox",
    "anti-vm",
    "captures-input-peripherals",
    "captures-output-peripherals",
    "captures-system-state-data",
    "cleans-traces-of-infection",
    "commits-fraud",
    "communicates-with-c2",
    "compromises-data-availability",
    "compromises-data-integrity",
    "compromises-system-availability",
    "controls-local-machine",
    "degrades-security-software",
    "degrades-system-updates",
    "determines-c2-server",
    "emails-spam",
    "escalates-privileges",
    "evades-av",
    "exfiltrates-data",
    "fingerprints-host",
    "hides-artifacts",
    "hides-executing-code",
    "infects-files",
    "infects-remote-machines",
    "installs-other-components",
    "persists-after-system-reboot",
    "prevents-artifact-access",
    "prevents-artifact-deletion",
    "probes-network-environment",
    "self-modifies",
    "steals-authentication-credentials",
    "violates-system-operational-integrity",
];
pub(super) const MALWARE_TYPE: Words = &[
    "adware",
    "backdoor",
    "bot",
    "bootkit",
    "ddos",
    "downloader",
    "dropper",
    "exploit-kit",
    "keylogger",
    "ransomware",
    "remote-access-trojan",
    "resource-exploitation",
    "rogue-security-software",
    "rootkit",
    "screen-capture",
    "spyware",
    "trojan",
    "unknown",
    "virus",
    "webshell",
    "wiper",
    "worm",
];
pub(super) const PATTERN_TYPE: Words = &["stix", "pcre", "sigma", "snort", "suricata", "yara"];
pub(super) const ARCHITECTURE: Words = &["alpha", "arm", "ia-64", "mips", "powerpc", "sparc", "x86", "x86-64"];
pub(super) const REGION: Words = &[
    "africa",
    "eastern-africa",
    "middle-africa",
    "northern-africa",
    "southern-africa",
    "western-africa",
    "americas",
    "latin-america-caribbean",
    "south-america",
    "caribbean",
    "central-america",
    "northern-america",
    "asia",
    "central-asia",
    "eastern-asia",
    "southern-asia",
    "south-eastern-asia",
    "western-asia",
    "europe",
    "eastern-europe",
    "northern-europe",
    "southern-europe",
    "western-europe",
    "oceania",
    "australia-new-zealand",
    "melanesia",
    "micronesia",
    "polynesia",
    "antarctica",
];
pub(super) const REPORT_TYPE: Words = &[
    "threat-report",
    "attack-pattern",
    "campaign",
    "identity",
    "indicator",
    "intrusion-set",
    "malware",
    "observed-data",
    "threat-actor",
    "tool",
    "vulnerability",
];
pub(super) const ACTOR_TYPE: Words = &[
    "activist",
    "competitor",
    "crime-syndicate",
    "criminal",
    "hacker",
    "insider-accidental",
    "insider-disgruntled",
    "nation-state",
    "sensationalist",
    "spy",
    "terrorist",
    "unknown",
];
pub(super) const ACTOR_ROLE: Words = &[
    "agent",
    "director",
    "independent",
    "infrastructure-architect",
    "infrastructure-operator",
    "malware-author",
    "sponsor",
];
pub(super) const SOPHISTICATION: Words =
    &["none", "minimal", "intermediate", "advanced", "expert", "innovator", "strategic"];
pub(super) const TOOL_TYPE: Words = &[
    "denial-of-service",
    "exploitation",
    "information-gathering",
    "network-capture",
    "credential-exploitation",
    "remote-access",
    "vulnerability-scanning",
    "unknown",
];
pub(super) const PE_TYPE: Words = &["exe", "dll", "sys"];

// Closed lists.

pub(super) const ENCRYPTION: Words = &["AES-256-GCM", "ChaCha20-Poly1305", "mime-type-indicated"];
pub(super) const EXTENSION_TYPE: Words =
    &["new-sdo", "new-sco", "new-sro", "property-extension", "toplevel-property-extension"];
pub(super) const OPINION: Words = &["strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"];
pub(super) const ADDRESS_FAMILY: Words =
    &["AF_UNSPEC", "AF_INET", "AF_IPX", "AF_APPLETALK", "AF_NETBIOS", "AF_INET6", "AF_IRDA", "AF_BTH"];
pub(super) const SOCKET_TYPE: Words = &["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET"];
pub(super) const INTEGRITY: Words = &["low", "medium", "high", "system"];
pub(super) const SERVICE_START: Words =
    &["SERVICE_AUTO_START", "SERVICE_BOOT_START", "SERVICE_DEMAND_START", "SERVICE_DISABLED", "SERVICE_SYSTEM_ALERT"];
pub(super) const SERVICE_TYPE: Words = &[
    "SERVICE_KERNEL_DRIVER",
    "SERVICE_FILE_SYSTEM_DRIVER",
    "SERVICE_WIN32_OWN_PROCESS",
    "SERVICE_WIN32_SHARE_PROCESS",
];
pub(super) const SERVICE_STATUS: Words = &[
    "SERVICE_CONTINUE_PENDING",
    "SERVICE_PAUSE_PENDING",
    "SERVICE_PAUSED",
    "SERVICE_RUNNING",
    "SERVICE_START_PENDING",
    "SERVICE_STOP_PENDING",
    "SERVICE_STOPPED",
];
pub(super) const REGISTRY_TYPE: Words = &[
    "REG_NONE",
    "REG_SZ",
    "REG_EXPAND_SZ",
    "REG_BINARY",
    "REG_DWORD",
    "REG_DWORD_BIG_ENDIAN",
    "REG_DWORD_LITTLE_ENDIAN",
    "REG_LINK",
    "REG_MULTI_SZ",
    "REG_RESOURCE_LIST",
    "REG_FULL_RESOURCE_DESCRIPTION",
    "REG_RESOURCE_REQUIREMENTS_LIST",
    "REG_QWORD",
    "REG_INVALID_TYPE",
];

/// Language codes of two letters (ISO 639-1), three bytes each.
pub(super) const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz \
ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn \
ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm \
rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za \
zh zu ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intel::check::stix::formats;

    #[test]
    fn every_word_has_the_form_of_its_list() {
        for words in
            [MOTIVATION, RESOURCE_LEVEL, SECTOR, CAPABILITY, MALWARE_TYPE, REGION, ACTOR_TYPE, TOOL_TYPE, ACCOUNT_TYPE]
        {
            words.iter().for_each(|word| assert!(formats::is_vocabulary_word(word), "{word}"));
        }
        assert_eq!(LANGUAGES.len() % 3, 0);
        assert!(LANGUAGES.as_bytes().chunks(3).all(|code| code[2] == b' '));
        assert!(HASHES[0].1("44d88612fea8a8f36de82e1278abb02f") && !HASHES[1].1("44d88612fea8a8f36de82e1278abb02f"));
    }
}
