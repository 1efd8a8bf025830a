//! One piece of software as it is looked for, and whether a statement means it.

use model::limits::SOFTWARE_NAME_BYTES_MAX;
use model::register::Software;
use model::software::cpe::{Attribute, Relation, Value};
use model::software::{Cpe, Named, Purl};

use super::ecosystem;
use super::version::Scheme;

/// How a product is named where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// By a name of the dictionary, or by words.
    Dictionary,
    /// By its package.
    Package,
}

/// A statement means a piece of software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// How it is named.
    pub(super) level: Level,
    /// The name that fits.
    pub(super) name: String,
    /// Its version, as that name counts it; empty where nobody says.
    pub(super) version: String,
    /// The order of its versions.
    pub(super) scheme: Scheme,
    /// The version that the statement's own name has, where it has one.
    pub(super) named_version: Option<String>,
    /// What is not certain about it.
    pub(super) doubt: Option<String>,
}

/// A piece of software, its names read.
#[derive(Clone, Debug)]
pub(super) struct Subject<'s> {
    software: &'s Software,
    purl: Option<Purl>,
    cpe: Option<Cpe>,
    /// Its name of the dictionary was made of words, not given.
    is_by_words: bool,
    keys: Vec<(String, Option<String>)>,
    /// A name that is there and cannot be read.
    pub(super) unreadable: Option<String>,
}

impl<'s> Subject<'s> {
    /// Reads the names.
    pub(super) fn of(software: &'s Software) -> Self {
        let mut unreadable = None;
        let purl = software.purl.as_deref().and_then(|text| {
            let read = Purl::parse(text);
            read.map_err(|error| unreadable = Some(error.to_string())).ok()
        });
        let own = software.cpe.as_deref().and_then(|text| {
            let read = Cpe::parse(text);
            read.map_err(|error| unreadable = Some(error.to_string())).ok()
        });
        let is_by_words = own.is_none();
        let is_short = software.vendor.len() + software.product.len() < SOFTWARE_NAME_BYTES_MAX;
        let cpe = own.or_else(|| {
            let is_named = purl.is_none() && !software.product.is_empty() && is_short;
            is_named.then(|| Cpe::of_words(&software.vendor, &software.product))
        });
        let keys = purl.as_ref().map(ecosystem::keys).unwrap_or_default();
        Subject { software, purl, cpe, is_by_words, keys, unreadable }
    }

    /// Under what advisories about it are kept.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let product = self.cpe.as_ref().map(cpe_key);
        self.keys.iter().map(|(key, _)| key.clone()).chain(product)
    }

    /// The type of its package, where it has one.
    pub(super) fn package_kind(&self) -> Option<&str> {
        self.purl.as_ref().map(Purl::kind)
    }

    /// It can be looked for in the dictionary.
    pub(super) fn is_in_dictionary(&self) -> bool {
        self.cpe.is_some()
    }

    fn version(&self) -> String {
        let own = Some(self.software.version.clone()).filter(|version| !version.is_empty());
        let of_purl = || self.purl.as_ref().and_then(|purl| purl.version().map(str::to_owned));
        let of_cpe = || self.cpe.as_ref().and_then(|cpe| cpe.text(Attribute::Version));
        own.or_else(of_purl).or_else(of_cpe).unwrap_or_default()
    }

    /// Whether a statement's name means it.
    pub(super) fn fits(&self, named: &Named) -> Option<Fit> {
        match named {
            Named::Package { ecosystem, name } => self.package(ecosystem, name),
            Named::Purl(purl) => self.purl(purl),
            Named::Cpe(cpe) => self.dictionary(cpe, false),
            Named::Words { vendor, product } => self.dictionary(&Cpe::of_words(vendor, product), true),
        }
    }

    fn package(&self, ecosystem: &str, name: &str) -> Option<Fit> {
        let purl = self.purl.as_ref()?;
        let key = ecosystem::key(ecosystem, name);
        let (_, version) = self.keys.iter().find(|(own, _)| *own == key)?;
        let (_, release) = ecosystem::family(ecosystem);
        let is_of_release = ecosystem::is_of_release(purl, release);
        if is_of_release == Some(false) {
            return None;
        }
        let doubt =
            (release.is_some() && is_of_release.is_none()).then(|| format!("nobody says that it is of {ecosystem}"));
        Some(Fit {
            level: Level::Package,
            name: format!("{ecosystem} {name}"),
            version: version.clone().unwrap_or_else(|| self.version()),
            scheme: Scheme::of(ecosystem),
            named_version: None,
            doubt,
        })
    }

    fn purl(&self, named: &Purl) -> Option<Fit> {
        let own = self.purl.as_ref()?;
        let key = named.key();
        let (_, version) = self.keys.iter().find(|(own, _)| *own == key)?;
        let mut doubt = None;
        for name in ["distro", "arch"] {
            match (named.qualifier(name), own.qualifier(name)) {
                (Some(named), Some(own)) if named != own => return None,
                (Some(named), None) => doubt = Some(format!("nobody says that its {name} is {named}")),
                _ => {}
            }
        }
        Some(Fit {
            level: Level::Package,
            name: named.to_string(),
            version: version.clone().unwrap_or_else(|| self.version()),
            scheme: ecosystem::scheme(own),
            named_version: named.version().map(str::to_owned),
            doubt,
        })
    }

    fn dictionary(&self, named: &Cpe, is_by_words: bool) -> Option<Fit> {
        let own = self.cpe.as_ref()?;
        let mut doubt = (is_by_words || self.is_by_words).then(|| "it is found by its name in words only".to_owned());
        for (attribute, relation) in named.compare(own) {
            match (attribute, relation) {
                // The version is compared in its own order, not letter by letter.
                (Attribute::Version, _) => {}
                (_, Relation::Disjoint) => return None,
                (Attribute::Part, Relation::Subset | Relation::Undefined) => {}
                (_, Relation::Subset | Relation::Undefined) => {
                    let value = named.value(attribute);
                    doubt = Some(format!("nobody says that its {attribute:?} is {value}").to_lowercase());
                }
                (_, Relation::Equal | Relation::Superset) => {}
            }
        }
        // A distribution mends old versions without giving them a new number: whoever reads the answer has to look at its own advisories.
        if let Some(by) = own.text(Attribute::Other).filter(|_| doubt.is_none()) {
            doubt = Some(format!("the distribution ({by}) may have mended it without another number"));
        }
        let (version, named_version) = self.versions(named)?;
        Some(Fit {
            level: Level::Dictionary,
            name: named.to_string(),
            version,
            scheme: self.purl.as_ref().map_or(Scheme::Plain, ecosystem::scheme),
            named_version,
            doubt,
        })
    }

    /// Its version, and that of the statement's name. `None` where a pattern of versions leaves it out.
    fn versions(&self, named: &Cpe) -> Option<(String, Option<String>)> {
        let own = self.version();
        match named.value(Attribute::Version) {
            Value::Any | Value::Na => Some((own, None)),
            value => match value.plain() {
                Some(plain) => Some((own, Some(plain))),
                None => {
                    let target = Cpe::of_words("", &own).value(Attribute::Product).clone();
                    let any = Cpe::of_words("", "");
                    let (pattern, target) =
                        (any.clone().with(Attribute::Version, value.clone()), any.with(Attribute::Version, target));
                    (own.is_empty() || pattern.covers(&target)).then_some((own, None))
                }
            },
        }
    }
}

/// Under what statements about a name of the dictionary are kept: its product; `*` where that is none, or a pattern.
pub(super) fn cpe_key(cpe: &Cpe) -> String {
    format!("cpe:{}", cpe.text(Attribute::Product).as_deref().unwrap_or("*"))
}
