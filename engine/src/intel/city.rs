//! What the city is: its names and domains, addresses, sector and region, what it runs, and who works there. Everything that intelligence
//! is held against to see whether it concerns us.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use detect::indicators::normal;
use intel::lookalike::{Brand, BrandError, Brands, Distinctness, LookReason, Lookalike};
use intel::release::OrganisationsMin;
use intel::watch::OwnAssets;
use intel::weigh::About;
use intel::words::is_word_of;
use model::{Explained, IndicatorKind, limits};
use serde::{Deserialize, Serialize};

/// The city as people write it down: the table `[city]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CitySetting {
    /// Its names and those of its services, as people write them.
    pub names: Vec<String>,
    /// Names that are words or others' names, too: told only when nothing else can be meant.
    pub common_names: Vec<String>,
    /// Its domains. They are its own, and so is all below them.
    pub domains: Vec<String>,
    /// Its addresses and ranges.
    pub addresses: Vec<String>,
    /// Domains that look like its own and are harmless.
    pub allowed: Vec<String>,
    /// What it does: `government`, `water`.
    pub sectors: Vec<String>,
    /// Where it is: `DE`, `europe`.
    pub regions: Vec<String>,
    /// What it runs: `fortinet/fortios`, vendor and product, or a product alone.
    pub technologies: Vec<String>,
    /// Domains of its staff's mail, beside `domains`.
    pub staff_domains: Vec<String>,
    /// File with its staff's mail addresses, one a line, for feeds of breaches.
    pub staff_accounts: Option<PathBuf>,
    /// Fewest organisations behind a number that its brief tells of others; three, when it is not said.
    pub organisations_min: Option<u32>,
}

/// Why a city cannot be used as it is written down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CityError {
    /// A name or a domain.
    #[error("names and domains")]
    Brand(#[from] BrandError),
    /// Something else.
    #[error("{setting}: {reason}")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The file of staff accounts.
    #[error("cannot read the staff's accounts in {}", path.display())]
    Staff {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },
}

/// A product that the city runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Technology {
    /// Who makes it; empty where that is not said.
    pub vendor: String,
    /// What it is called.
    pub product: String,
}

/// A mail address of the staff, which is never printed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StaffAccount {
    /// All 40 digits of its SHA-1, upper case.
    pub sha1: String,
    /// The address.
    pub address: String,
}

impl std::fmt::Debug for StaffAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StaffAccount([personal])")
    }
}

/// The city, ready to be compared with.
#[derive(Default)]
pub struct City {
    /// Its addresses and domains.
    pub own: Arc<OwnAssets>,
    /// Sectors, regions and technologies, as weighing asks for them.
    pub about: About,
    setting: CitySetting,
    domains: Vec<String>,
    technologies: Vec<Technology>,
    brands: Option<Brands>,
}

impl std::fmt::Debug for City {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("City").field("setting", &self.setting).finish_non_exhaustive()
    }
}

fn wrong<T>(setting: &'static str, reason: impl Into<String>) -> Result<T, CityError> {
    Err(CityError::Setting { setting, reason: reason.into() })
}

impl City {
    /// Reads what people wrote down. The file of accounts is read when somebody asks for it: [`City::staff`].
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn new(setting: &CitySetting) -> Result<Self, CityError> {
        let lists = [&setting.sectors, &setting.regions, &setting.technologies];
        if lists.iter().any(|list| list.len() > limits::CITY_WORDS_MAX) {
            return wrong("sectors, regions, technologies", format!("more than {} each", limits::CITY_WORDS_MAX));
        }
        let domains = setting.domains.iter().chain(&setting.staff_domains);
        let domains: Vec<String> = domains.map(|name| own_domain(name)).collect::<Result<_, _>>()?;
        let (own, not_taken) = OwnAssets::new(setting.addresses.iter().chain(&domains).map(String::as_str));
        if let Some(first) = not_taken.first() {
            return wrong("addresses", first.to_string());
        }
        let technologies: Vec<Technology> = setting.technologies.iter().map(|text| technology(text)).collect();
        if technologies.iter().any(|one| one.product.chars().count() < 2) {
            return wrong("technologies", "a product has two letters at least; hint: \"vendor/product\"");
        }
        if setting.organisations_min.is_some_and(|min| OrganisationsMin::new(min).is_none()) {
            return wrong("organisations_min", "2 at least: a number over fewer would be about somebody");
        }
        let about = About {
            sectors: setting.sectors.clone(),
            regions: setting.regions.clone(),
            technologies: technologies.iter().map(|one| one.product.clone()).collect(),
        };
        let brands = brands(setting, &domains)?;
        Ok(City { own: Arc::new(own), about, setting: setting.clone(), domains, technologies, brands })
    }

    /// Whether anything is said about it.
    pub fn is_known(&self) -> bool {
        self.setting != CitySetting { organisations_min: self.setting.organisations_min, ..CitySetting::default() }
    }

    /// Fewest organisations behind a number that is told of others.
    pub fn organisations_min(&self) -> OrganisationsMin {
        self.setting.organisations_min.and_then(OrganisationsMin::new).unwrap_or_default()
    }

    /// Whether there are names to compare new domains with.
    pub fn has_names(&self) -> bool {
        self.brands.is_some()
    }

    /// Whether anything is known as ours.
    pub fn has_assets(&self) -> bool {
        !self.setting.addresses.is_empty() || !self.domains.is_empty()
    }

    /// What a domain resembles of ours, if it does.
    pub fn resembles(&self, domain: &str) -> Option<Explained<Lookalike, LookReason>> {
        self.brands.as_ref()?.find(domain)
    }

    /// The own asset that an address, a name or an address of a web page is.
    pub fn owns(&self, text: &str) -> Option<&str> {
        let (kind, value) = detect::indicators::infer(text)?;
        self.own.covers(kind, &value)
    }

    /// The name of ours that a text says, if it does.
    pub fn is_named_in(&self, text: &str) -> Option<&str> {
        let distinct = self.setting.names.iter().find(|name| is_word_of(name, text));
        let common = || self.setting.common_names.iter().find(|name| name.eq_ignore_ascii_case(text.trim()));
        distinct.or_else(common).map(String::as_str)
    }

    /// The product of ours that a vendor's product is, by names, or by the names that its identifiers (CPE) give it.
    pub fn runs(&self, vendor: &str, product: &str, identifiers: &[&str]) -> Option<&Technology> {
        let is_it = |ours: &&Technology| {
            is_product(ours, vendor, product)
                || identifiers
                    .iter()
                    .filter_map(|text| of_cpe(text))
                    .any(|(vendor, product)| is_product(ours, &vendor, &product))
        };
        self.technologies.iter().find(is_it)
    }

    /// Words of the city that stand among a feed's labels: what a claim is said to concern.
    pub fn words_in(&self, tags: &[String]) -> Vec<&str> {
        let About { sectors, regions, technologies } = &self.about;
        let words = sectors.iter().chain(regions).chain(technologies).map(String::as_str);
        words.filter(|word| tags.iter().any(|tag| is_word_of(word, tag))).collect()
    }

    /// What a label says a claim is about, of what the city is.
    pub fn about_of(&self, label: &str) -> About {
        let met = |words: &[String]| words.iter().filter(|word| is_word_of(word, label)).cloned().collect();
        let About { sectors, regions, technologies } = &self.about;
        About { sectors: met(sectors), regions: met(regions), technologies: met(technologies) }
    }

    /// The staff's mail addresses, by their hashes. Those at others' domains are left out, and counted: nobody asks after strangers.
    ///
    /// # Errors
    /// When the file is not named, or cannot be read.
    pub fn staff(&self) -> Result<(Vec<StaffAccount>, u64), CityError> {
        let Some(path) = &self.setting.staff_accounts else {
            return wrong("staff_accounts", "not set; hint: a file with the staff's mail addresses, one a line");
        };
        let text = read(path).map_err(|cause| CityError::Staff { path: path.clone(), cause })?;
        let (mut staff, mut strangers) = (Vec::new(), 0);
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let address = normal(IndicatorKind::Email, line);
            match address.filter(|address| self.own.covers(IndicatorKind::Email, address).is_some()) {
                Some(address) => staff.push(StaffAccount { sha1: sha1(&address), address }),
                None => strangers += 1,
            }
        }
        staff.sort();
        staff.dedup();
        Ok((staff, strangers))
    }
}

/// Digits of a SHA-1, upper case, as breach services compare them.
fn sha1(text: &str) -> String {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(limits::CITY_STAFF_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limits::CITY_STAFF_BYTES_MAX {
        return Err(std::io::Error::other(format!("more than {} bytes", limits::CITY_STAFF_BYTES_MAX)));
    }
    Ok(text)
}

fn own_domain(text: &str) -> Result<String, CityError> {
    match normal(IndicatorKind::Domain, text).filter(|name| name.contains('.')) {
        Some(name) => Ok(name),
        None => wrong("domains", format!("{:?} is no domain", text.chars().take(80).collect::<String>())),
    }
}

fn technology(text: &str) -> Technology {
    let (vendor, product) = text.split_once('/').unwrap_or(("", text));
    Technology { vendor: vendor.trim().to_owned(), product: product.trim().to_owned() }
}

fn is_product(ours: &Technology, vendor: &str, product: &str) -> bool {
    let is_either = |a: &str, b: &str| is_word_of(a, b) || is_word_of(b, a);
    // Products often carry their vendor's name, and a vendor that is not said is no reason to say nothing.
    let is_vendor = ours.vendor.is_empty()
        || vendor.is_empty()
        || is_either(&ours.vendor, vendor)
        || is_word_of(&ours.vendor, product);
    is_vendor && is_word_of(&ours.product, product)
}

/// Vendor and product of a CPE name, 2.3 or 2.2.
fn of_cpe(text: &str) -> Option<(String, String)> {
    let rest = text.strip_prefix("cpe:2.3:").or_else(|| text.strip_prefix("cpe:/"))?;
    let mut parts = rest.split(':').skip(1);
    let plain = |part: &str| part.replace('_', " ").replace('\\', "");
    Some((plain(parts.next()?), plain(parts.next()?)))
}

/// All domains go with the first name, so that each is looked for in itself.
fn brands(setting: &CitySetting, domains: &[String]) -> Result<Option<Brands>, CityError> {
    let brand = |name: &String, distinctness| Brand { name: name.clone(), domains: Vec::new(), distinctness };
    let mut all: Vec<Brand> = setting.names.iter().map(|name| brand(name, Distinctness::Distinct)).collect();
    all.extend(setting.common_names.iter().map(|name| brand(name, Distinctness::Common)));
    match (all.first_mut(), domains) {
        (None, []) => return Ok(None),
        (Some(first), domains) => first.domains = domains.to_vec(),
        (None, [first, ..]) => {
            all.push(Brand { name: String::new(), domains: domains.to_vec(), distinctness: Distinctness::Distinct });
            if let Some(brand) = all.first_mut() {
                brand.name.clone_from(first);
            }
        }
    }
    Ok(Some(Brands::new(&all, &setting.allowed, "")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn city(more: impl FnOnce(&mut CitySetting)) -> Result<City, CityError> {
        let mut setting = CitySetting {
            names: vec!["Musterstadt".into()],
            domains: vec!["musterstadt.example".into()],
            addresses: vec!["198.51.100.0/24".into()],
            sectors: vec!["government".into()],
            technologies: vec!["Fortinet/FortiOS".into(), "Exchange Server".into()],
            ..CitySetting::default()
        };
        more(&mut setting);
        City::new(&setting)
    }

    #[test]
    fn what_is_ours() {
        let city = city(|_| {}).unwrap();
        assert_eq!(city.owns("198.51.100.7"), Some("198.51.100.0/24"));
        assert_eq!(city.owns("https://tax.musterstadt.example/login"), Some("musterstadt.example"));
        assert_eq!((city.owns("203.0.113.1"), city.owns("nonsense")), (None, None));
        assert_eq!(city.is_named_in("City of Musterstadt (DE)"), Some("Musterstadt"));
        assert_eq!(city.is_named_in("Musterstadtwerke"), None);
        assert!(city.resembles("musterstadt-login.test").is_some());
        assert!(city.resembles("tax.musterstadt.example").is_none(), "our own");
    }

    #[test]
    fn what_we_run() {
        let city = city(|_| {}).unwrap();
        let check = |vendor: &str, product: &str, identifiers: &[&str], expected: Option<&str>| {
            let found = city.runs(vendor, product, identifiers).map(|one| one.product.as_str());
            assert_eq!(found, expected, "{vendor} {product} {identifiers:?}");
        };
        check("Fortinet", "FortiOS", &[], Some("FortiOS"));
        check("fortinet", "FortiOS 7.4.1", &[], Some("FortiOS"));
        check("Somebody", "FortiOS", &[], None);
        check("", "FortiOS", &[], Some("FortiOS"));
        check("Microsoft", "Exchange Server 2019", &[], Some("Exchange Server"));
        check("Microsoft", "Exchange", &[], None);
        check("", "", &["cpe:2.3:o:fortinet:fortios:7.0.0:*:*:*:*:*:*:*"], Some("FortiOS"));
        check("", "", &["cpe:/a:microsoft:exchange_server"], Some("Exchange Server"));
    }

    #[test]
    fn mistakes_are_named() {
        let check = |change: fn(&mut CitySetting), expected: &str| {
            let said = city(change).err().map(|error| connect_causes(&error)).unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        };
        check(|_| {}, "");
        check(|setting| setting.domains = vec!["nonsense".into()], "no domain");
        check(|setting| setting.domains = vec!["co.uk".into()], "public suffix");
        check(|setting| setting.addresses = vec!["10.0.0.0/33".into()], "no address");
        check(|setting| setting.technologies = vec!["x/".into()], "two letters");
        check(|setting| setting.allowed = vec!["?".into()], "no domain");
    }

    fn connect_causes(error: &dyn std::error::Error) -> String {
        error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {}", connect_causes(cause)))
    }

    #[test]
    fn staff_by_hash_and_strangers_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("staff");
        std::fs::write(&file, "# staff\nH.Brandt@musterstadt.example\n\nsomebody@elsewhere.example\n").unwrap();
        let city = city(|setting| setting.staff_accounts = Some(file)).unwrap();
        let (staff, strangers) = city.staff().unwrap();
        assert_eq!((staff.len(), strangers), (1, 1));
        // printf h.brandt@musterstadt.example | sha1sum
        assert_eq!(staff[0].sha1, "1CABBCC66329DEC0B76FA39E5E68BEFA928CD7EA");
        assert_eq!(format!("{staff:?}"), "[StaffAccount([personal])]");
    }
}
