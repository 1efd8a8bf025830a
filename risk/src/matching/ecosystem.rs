//! Packages of ecosystems and package URLs: one key for both.

use model::software::Purl;

use super::version::Scheme;

/// The key of a package of an ecosystem (OSV 1.7, "Defined ecosystems"), comparable with [`Purl::key`].
pub(super) fn key(ecosystem: &str, name: &str) -> String {
    let (family, _) = family(ecosystem);
    // Names are put together as they would stand in a package URL, which knows what letters mean there.
    let path = match family {
        "maven" => name.replacen(':', "/", 1),
        "deb/debian" | "deb/ubuntu" | "apk/alpine" | "npm" => name.replace('@', "%40"),
        _ => name.to_owned(),
    };
    match Purl::parse(&format!("pkg:{family}/{path}")) {
        Ok(purl) => purl.key(),
        Err(_) => format!("{}/{}", family.to_ascii_lowercase(), name),
    }
}

/// What stands in front of the names in package URLs of an ecosystem, and its release.
pub(super) fn family(ecosystem: &str) -> (&str, Option<&str>) {
    let (name, release) = ecosystem.split_once(':').map_or((ecosystem, None), |(name, release)| (name, Some(release)));
    let family = match name {
        "crates.io" => "cargo",
        "Go" => "golang",
        "PyPI" => "pypi",
        "npm" => "npm",
        "Maven" => "maven",
        "NuGet" => "nuget",
        "RubyGems" => "gem",
        "Packagist" => "composer",
        "Hex" => "hex",
        "Pub" => "pub",
        "Hackage" => "hackage",
        "CRAN" => "cran",
        "ConanCenter" => "conan",
        "SwiftURL" => "swift",
        "GitHub Actions" => "githubactions",
        "Debian" => "deb/debian",
        "Ubuntu" => "deb/ubuntu",
        "Alpine" => "apk/alpine",
        "Wolfi" => "apk/wolfi",
        "Chainguard" => "apk/chainguard",
        "Red Hat" => "rpm/redhat",
        "Rocky Linux" => "rpm/rocky-linux",
        "AlmaLinux" => "rpm/almalinux",
        "SUSE" => "rpm/suse",
        "openSUSE" => "rpm/opensuse",
        "Mageia" => "rpm/mageia",
        "openEuler" => "rpm/openeuler",
        other => other,
    };
    (family, release)
}

/// The keys by which a package is looked for: its own, and that of the source package that distributions name in advisories. With the
/// version that counts there, where it is another.
pub(super) fn keys(purl: &Purl) -> Vec<(String, Option<String>)> {
    let mut found = vec![(purl.key(), None)];
    if !matches!(purl.kind(), "deb" | "apk" | "rpm") {
        return found;
    }
    let upstream = purl.qualifier("upstream").map(|source| match source.split_once('@') {
        Some((name, version)) => (name, Some(version.to_owned())),
        None => (source, None),
    });
    if let (Some((name, version)), Some(namespace)) = (upstream, purl.namespace()) {
        found.push((format!("{}/{namespace}/{}", purl.kind(), name.to_lowercase()), version));
    }
    found
}

/// Whether a package of a distribution belongs to an advisory's release: `None` where nobody says.
pub(super) fn is_of_release(purl: &Purl, release: Option<&str>) -> Option<bool> {
    let wanted = release?.split(':').find(|part| part.starts_with(|c: char| c.is_ascii_digit() || c == 'v'))?;
    let wanted = wanted.trim_start_matches('v');
    let said = purl.qualifier("distro")?.to_ascii_lowercase();
    let said = CODE_NAMES.iter().find(|(name, _)| said.ends_with(name)).map_or(said.as_str(), |(_, number)| number);
    let number = said.rsplit(['-', '_']).next().filter(|part| part.starts_with(|c: char| c.is_ascii_digit()))?;
    // `3.18.4` belongs to `3.18`, and `12.5` to `12`.
    Some(number == wanted || number.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.')))
}

/// Releases that are called by a name (debian.org/releases, releases.ubuntu.com).
const CODE_NAMES: [(&str, &str); 10] = [
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("noble", "24.04"),
];

/// The order of versions of a package.
pub(super) fn scheme(purl: &Purl) -> Scheme {
    Scheme::of(purl.kind())
}
