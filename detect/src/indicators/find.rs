//! From an observable to the indicators that name it.
//!
//! An address is looked for alone, with its port, and in ranges; a name with all its parents; a URL whole, without its
//! scheme, by its path, and its host as name or address; an e-mail address whole and its domain as a name. A stranger costs
//! one look into a filter for each question and no allocation, unless its spelling has to be mended first.

use std::net::IpAddr;

use model::ocsf::{Observable, ObservableKind};
use model::{Indicator, IndicatorId, IndicatorKind, Level, limits};

use super::claims::{Claim, settle};
use super::key::{self, Table};
use super::name::{self, Name};
use super::normal;
use super::segment::indicator;
use super::set::IndicatorSet;
use super::url::Url;

/// An indicator that names what was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What the indicator names.
    pub kind: IndicatorKind,
    /// Its value in normal form.
    pub value: String,
    /// Who says so, the surest first; never empty.
    pub claims: Vec<Claim>,
    /// What in the event it named: the whole observable, or the part of it (a URL's host) that was meant.
    pub observed: String,
    /// How the two relate.
    pub how: How,
}

/// How an indicator names what was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// They are the same thing.
    Exact,
    /// The indicator is a domain above the name.
    Subdomain,
    /// The indicator is a range around the address.
    InRange,
    /// The list or the event gives no scheme; the rest of the URL is the same.
    WithoutScheme,
}

impl Hit {
    /// The id of the indicator, whoever claims it.
    pub fn id(&self) -> IndicatorId {
        IndicatorId::of(self.kind, &self.value)
    }

    /// The highest level that a source gives it.
    pub fn level(&self) -> Level {
        self.claims.iter().map(|claim| claim.level).max().unwrap_or(Level::Informational)
    }

    /// The indicator as its surest source has it.
    pub fn indicator(&self) -> Option<Indicator> {
        self.claims.first().map(|claim| indicator(self.kind, self.value.clone(), claim.clone()))
    }
}

impl IndicatorSet {
    /// Puts every indicator that names `observable` behind `hits`, the narrowest of a kind first.
    #[inline]
    pub fn find(&self, observable: &Observable<'_>, hits: &mut Vec<Hit>) {
        let value = observable.value;
        match observable.kind {
            ObservableKind::Hostname => self.find_host(value, observable.port, hits),
            ObservableKind::Ip => {
                if let Some(address) = normal::address(value.trim()) {
                    self.find_address(address, observable.port, hits);
                }
            }
            ObservableKind::Url => self.find_url(value, hits),
            ObservableKind::Hash => {
                // Some records give all hashes of a file in one text: `MD5=…,SHA256=…`.
                for hash in value.split([',', ';', ' ']).filter_map(normal::hash) {
                    self.find_text(IndicatorKind::FileHash, &hash, How::Exact, hits);
                }
            }
            ObservableKind::Email => self.find_email(value, hits),
            ObservableKind::Port => {}
        }
    }

    #[inline]
    fn find_host(&self, host: &str, port: Option<u16>, hits: &mut Vec<Hit>) {
        let mut name = Name::EMPTY;
        if !name.read(host) {
            return self.find_odd_host(host, port, hits);
        }
        // The last label of an address is a number; no name ends like that. One with colons is odd.
        if name.text().last().is_some_and(u8::is_ascii_digit)
            && let Some(address) = normal::address(host)
        {
            return self.find_address(address, port, hits);
        }
        self.find_name(&name, hits);
    }

    /// A host whose spelling has to be mended first, or an address.
    #[cold]
    fn find_odd_host(&self, host: &str, port: Option<u16>, hits: &mut Vec<Hit>) {
        let host = host.trim();
        if let Some(address) = normal::address(host) {
            return self.find_address(address, port, hits);
        }
        let mut name = Name::EMPTY;
        if let Some(host) = normal::host(host)
            && name.read(&host)
        {
            self.find_name(&name, hits);
        }
    }

    #[inline(always)]
    fn find_name(&self, name: &Name<'_>, hits: &mut Vec<Hit>) {
        if !self.delta.is_empty() || self.segments.iter().any(|segment| segment.may_name(name)) {
            self.confirm_name(name, hits);
        }
    }

    #[cold]
    fn confirm_name(&self, name: &Name<'_>, hits: &mut Vec<Hit>) {
        let mut found: Vec<(usize, Vec<Claim>)> = Vec::new();
        for segment in &self.segments {
            segment.find_names(name, |start, claims| add(&mut found, start, claims));
        }
        if !self.delta.is_empty() {
            for suffix in name.suffixes() {
                let text = name.text().get(suffix.start..).unwrap_or_default();
                if let Some(change) = self.delta.find_name(suffix.hash, text) {
                    change.apply(entry(&mut found, suffix.start));
                }
            }
        }
        if found.is_empty() {
            return;
        }
        found.sort_unstable_by_key(|(start, _)| *start);
        let observed = String::from_utf8_lossy(name.text());
        for (start, claims) in found {
            let how = if start == 0 { How::Exact } else { How::Subdomain };
            let value = observed.get(start..).unwrap_or_default().to_owned();
            push(
                hits,
                Hit { kind: IndicatorKind::Domain, value, claims, observed: observed.clone().into_owned(), how },
            );
        }
    }

    fn find_address(&self, address: IpAddr, port: Option<u16>, hits: &mut Vec<Hit>) {
        let octets = key::octets(&address);
        let octets = octets.as_ref();
        let is_v4 = address.is_ipv4();
        let (one, range) = if is_v4 { (Table::Ipv4, Table::RangeV4) } else { (Table::Ipv6, Table::RangeV6) };
        self.find_key(one, octets, How::Exact, || address.to_string(), hits);
        if let Some(port) = port {
            let key = key::ip_port(address, port);
            let observed = || std::net::SocketAddr::new(address, port).to_string();
            self.find_key(Table::IpPort, key.as_ref(), How::Exact, observed, hits);
        }
        self.find_ranges(range, octets, address, hits);
    }

    fn find_ranges(&self, table: Table, octets: &[u8], address: IpAddr, hits: &mut Vec<Hit>) {
        let mut found: Vec<(Vec<u8>, Vec<Claim>)> = Vec::new();
        for segment in &self.segments {
            segment.find_ranges(table, octets, |key, claims| add(&mut found, key.to_vec(), claims));
        }
        if !self.delta.is_empty() {
            self.delta.find_ranges(table, octets, |key, change| change.apply(entry(&mut found, key.to_vec())));
        }
        found.sort_unstable_by_key(|(key, _)| std::cmp::Reverse(key.last().copied()));
        for (key, claims) in found {
            if let Some(value) = key::decode(table, &key) {
                let hit = Hit { kind: table.kind(), value, claims, observed: address.to_string(), how: How::InRange };
                push(hits, hit);
            }
        }
    }

    fn find_url(&self, text: &str, hits: &mut Vec<Hit>) {
        if text.len() > limits::MATCH_VALUE_BYTES_MAX {
            return;
        }
        if Url::is_path(text) {
            if let Some(path) = Url::path_of(text) {
                let before_query = path.split_once('?').map(|(path, _)| path);
                self.find_paths(&path, before_query, hits);
            }
            return;
        }
        let Some(url) = Url::parse(text) else { return };
        let whole = url.to_string();
        self.find_text(IndicatorKind::Url, &whole, How::Exact, hits);
        match url.scheme {
            Some(_) => {
                for value in url.without_scheme() {
                    self.find_text(IndicatorKind::Url, &value, How::WithoutScheme, hits);
                }
            }
            // A record without the scheme leaves open which of the two it was.
            None => {
                for scheme in ["http", "https"] {
                    if let Some(url) = Url::parse(&format!("{scheme}://{whole}")) {
                        self.find_text(IndicatorKind::Url, &url.to_string(), How::WithoutScheme, hits);
                    }
                }
            }
        }
        self.find_paths(url.path_and_query(), url.path_before_query(), hits);
        match url.address {
            Some(address) => self.find_address(address, url.port(), hits),
            None => self.find_host(&url.host, None, hits),
        }
    }

    fn find_paths(&self, path: &str, before_query: Option<&str>, hits: &mut Vec<Hit>) {
        for path in [Some(path), before_query].into_iter().flatten() {
            self.find_text(IndicatorKind::UrlPath, path, How::Exact, hits);
        }
    }

    fn find_email(&self, text: &str, hits: &mut Vec<Hit>) {
        let Some(email) = normal::email(text) else { return };
        self.find_text(IndicatorKind::Email, &email, How::Exact, hits);
        if let Some((_, domain)) = email.rsplit_once('@') {
            self.find_host(domain, None, hits);
        }
    }

    /// Looks for a value in normal form whose key is the value itself or made from it.
    fn find_text(&self, kind: IndicatorKind, value: &str, how: How, hits: &mut Vec<Hit>) {
        if kind == IndicatorKind::FileHash {
            let mut key = Vec::with_capacity(64);
            if let Some(table) = key::encode(kind, value, &mut key) {
                self.find_key(table, &key, how, || value.to_owned(), hits);
            }
            return;
        }
        let table = match kind {
            IndicatorKind::Url => Table::Url,
            IndicatorKind::UrlPath => Table::UrlPath,
            _ => Table::Email,
        };
        self.find_key(table, value.as_bytes(), how, || value.to_owned(), hits);
    }

    fn find_key(&self, table: Table, key: &[u8], how: How, value: impl Fn() -> String, hits: &mut Vec<Hit>) {
        let hash = name::hash(key);
        let mut claims = Vec::new();
        for segment in self.segments.iter().filter(|segment| segment.may_hold(table, hash)) {
            claims.extend(segment.find(table, key).into_iter().flatten());
        }
        if !self.delta.is_empty()
            && let Some(change) = self.delta.find(table, hash, key)
        {
            change.apply(&mut claims);
        }
        if !claims.is_empty() {
            push(hits, Hit { kind: table.kind(), value: value(), claims, observed: value(), how });
        }
    }
}

/// The claims under that key, which may be new.
fn entry<K: PartialEq>(found: &mut Vec<(K, Vec<Claim>)>, key: K) -> &mut Vec<Claim> {
    let at = found.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
        found.push((key, Vec::new()));
        found.len() - 1
    });
    &mut found[at].1
}

fn add<K: PartialEq>(found: &mut Vec<(K, Vec<Claim>)>, key: K, claims: Vec<Claim>) {
    entry(found, key).extend(claims);
}

fn push(hits: &mut Vec<Hit>, mut hit: Hit) {
    settle(&mut hit.claims);
    if !hit.claims.is_empty() {
        hits.push(hit);
    }
}
