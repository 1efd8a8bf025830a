//! A program on an item, on one line as people write it.

use super::item::Software;

impl Software {
    /// Reads `[VENDOR/]PRODUCT[@VERSION]`, with a CPE 2.3, a package URL or both behind it; or one of those alone, which then say what it is.
    ///
    /// # Errors
    /// When no product is named.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim();
        let (mut cpe, mut purl) = (None, None);
        loop {
            let (before, last) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
            let place = match last {
                last if last.starts_with("cpe:2.3:") && cpe.is_none() => &mut cpe,
                last if last.starts_with("pkg:") && purl.is_none() => &mut purl,
                _ => break,
            };
            *place = Some(last.to_owned());
            rest = before.trim_end();
        }
        let named = match (rest, &cpe, &purl) {
            ("", Some(cpe), _) => Software::of_cpe(cpe),
            ("", None, Some(purl)) => {
                let (_, version) = purl.rsplit_once('@').unwrap_or((purl, ""));
                let plain = purl.strip_suffix(version).unwrap_or(purl).trim_end_matches('@');
                let product = plain.rsplit(['/', ':']).next().unwrap_or_default();
                Software { product: product.to_owned(), version: version.to_owned(), ..Software::default() }
            }
            (name, ..) => {
                let (name, version) = name.rsplit_once('@').unwrap_or((name, ""));
                let (vendor, product) = name.rsplit_once('/').unwrap_or(("", name));
                let owned = |text: &str| text.trim().to_owned();
                let (vendor, product, version) = (owned(vendor), owned(product), owned(version));
                Software { vendor, product, version, ..Software::default() }
            }
        };
        if named.product.is_empty() {
            let shown: String = text.chars().take(80).collect();
            return Err(format!("{shown:?} names no product"));
        }
        Ok(Software { cpe, purl, ..named })
    }

    fn of_cpe(cpe: &str) -> Self {
        let mut parts = cpe.split(':').skip(3);
        let mut part = || parts.next().filter(|part| !matches!(*part, "*" | "-")).unwrap_or_default().to_owned();
        let (vendor, product, version) = (part(), part(), part());
        Software { vendor, product, version, ..Software::default() }
    }

    /// As [`Software::parse`] reads it.
    pub fn written(&self) -> String {
        let mut text = String::new();
        if !self.vendor.is_empty() {
            text.push_str(&self.vendor);
            text.push('/');
        }
        text.push_str(&self.product);
        if !self.version.is_empty() {
            text.push('@');
            text.push_str(&self.version);
        }
        for name in [&self.cpe, &self.purl].into_iter().flatten() {
            text.push(' ');
            text.push_str(name);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: [&str; 3], is_cpe: bool, is_purl: bool) {
        let found = Software::parse(text).unwrap();
        assert_eq!([found.vendor.as_str(), &found.product, &found.version], expected, "{text}");
        assert_eq!((found.cpe.is_some(), found.purl.is_some()), (is_cpe, is_purl), "{text}");
        assert_eq!(Software::parse(&found.written()), Ok(found), "{text}");
    }

    #[test]
    fn a_line_is_a_program() {
        let cpe = "cpe:2.3:a:f5:nginx:1.25.3:*:*:*:*:*:*:*";
        check("nginx", ["", "nginx", ""], false, false);
        check(" f5/nginx@1.25.3 ", ["f5", "nginx", "1.25.3"], false, false);
        check("Microsoft/Windows Server@2019", ["Microsoft", "Windows Server", "2019"], false, false);
        check(cpe, ["f5", "nginx", "1.25.3"], true, false);
        check("cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*", ["f5", "nginx", ""], true, false);
        check("pkg:npm/left-pad@1.3.0", ["", "left-pad", "1.3.0"], false, true);
        check("pkg:npm/left-pad", ["", "left-pad", ""], false, true);
        check(&format!("F5/NGINX@1.25.3 {cpe} pkg:deb/debian/nginx@1.25.3"), ["F5", "NGINX", "1.25.3"], true, true);
        for text in ["", "@1", "f5/", "cpe:2.3:a:f5", "pkg:"] {
            assert!(Software::parse(text).is_err(), "{text}");
        }
    }
}
