use super::cpe::{Attribute, Relation, Value};
use super::*;
use proptest::prelude::*;

#[track_caller]
fn purl(text: &str, expected: &str) {
    match Purl::parse(text) {
        Ok(purl) => assert_eq!(purl.to_string(), expected, "{text}"),
        Err(error) => assert_eq!(error.to_string(), format!("no package URL: {expected}"), "{text}"),
    }
}

#[test]
fn package_urls_have_one_form() {
    for (text, expected) in [
        ("pkg:npm/%40angular/core@16.2.0", "pkg:npm/%40angular/core@16.2.0"),
        ("pkg:npm/@Angular/Core@16.2.0", "pkg:npm/%40angular/core@16.2.0"),
        ("pkg:npm/@angular/core", "pkg:npm/%40angular/core"),
        ("PKG://PyPI/Django_allauth@12.23", "pkg:pypi/django-allauth@12.23"),
        (
            "pkg:deb/Debian/CURL@7.50.3-1?distro=jessie&arch=i386",
            "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie",
        ),
        ("pkg:maven/org.apache.commons/io@1.3.4?type=", "pkg:maven/org.apache.commons/io@1.3.4"),
        ("pkg:golang/GitHub.com/gorilla/Context@v1#a//b/../c", "pkg:golang/GitHub.com/gorilla/Context@v1#a/b/c"),
        ("pkg:cargo/Rand@0.7.2", "pkg:cargo/Rand@0.7.2"),
        ("pkg:nuget/EnterpriseLibrary.Common@6.0", "pkg:nuget/EnterpriseLibrary.Common@6.0"),
        ("pkg:rpm/Fedora/Curl@7.50.3-1.fc25", "pkg:rpm/fedora/Curl@7.50.3-1.fc25"),
        ("pkg:generic/a%20b@1%2B2", "pkg:generic/a%20b@1%2B2"),
        ("pkg:docker/c@sha256:244fd?repository_url=gcr.io/x", "pkg:docker/c@sha256:244fd?repository_url=gcr.io/x"),
        ("pkg:maven/io@1", "a package of Maven needs its group"),
        ("pkg:npm", "it names no package"),
        ("pkg:npm/", "it names no package"),
        ("npm/a", "it does not begin with `pkg:`"),
        ("pkg:n&m/a", "its type has other characters than letters, digits, `.`, `-` and `+`"),
        ("pkg:npm/a@%zz", "a percent sign without two hexadecimal digits"),
        ("pkg:npm/a?x", "a qualifier without `=`"),
        ("pkg:npm/a?x=1&X=2", "a qualifier that is there twice"),
        ("pkg:npm/a%00", "a control character"),
    ] {
        purl(text, expected);
    }
}

#[test]
fn one_package_has_one_key() {
    let key = |text: &str| Purl::parse(text).unwrap().key();
    assert_eq!(key("pkg:pypi/zope.interface@1"), key("pkg:pypi/Zope_-interface"));
    assert_eq!(key("pkg:nuget/Newtonsoft.Json"), key("pkg:nuget/newtonsoft.json@1"));
    assert_eq!(key("pkg:npm/%40a/b"), "npm/@a/b");
    assert_eq!(key("pkg:golang/github.com/A/B"), key("pkg:golang/github.com/a/b@v1"));
    assert_ne!(key("pkg:cargo/Rand"), key("pkg:cargo/rand"));
}

#[test]
fn dictionary_names_in_both_forms() {
    for (text, expected) in [
        ("cpe:/a:nginx:nginx:1.18.0", "cpe:2.3:a:nginx:nginx:1.18.0:*:*:*:*:*:*:*"),
        (r"CPE:2.3:a:Foo\:Bar:b\!c:1.0:-:*:*:*:*:*:*", r"cpe:2.3:a:foo\:bar:b\!c:1.0:-:*:*:*:*:*:*"),
        (
            "cpe:/a:hp:insight:7.4.0.1570:-:~~online~win2003~x64~",
            "cpe:2.3:a:hp:insight:7.4.0.1570:-:*:*:online:win2003:x64:*",
        ),
        ("cpe:/a:foo%5cbar:big%24money:8.%02", r"cpe:2.3:a:foo\\bar:big\$money:8.*:*:*:*:*:*:*:*"),
        ("cpe:2.3:a:a:b:1?:*:*:*:*:*:*:*", "cpe:2.3:a:a:b:1?:*:*:*:*:*:*:*"),
        (r"cpe:2.3:a:a:b:\-:*:*:*:*:*:*:*", r"cpe:2.3:a:a:b:\-:*:*:*:*:*:*:*"),
        ("cpe:/o:microsoft", "cpe:2.3:o:microsoft:*:*:*:*:*:*:*:*:*"),
        ("cpe:2.3:a:a:b", "no CPE name: a formatted string has eleven values behind its version"),
        ("cpe:2.3:x:a:b:*:*:*:*:*:*:*:*", "no CPE name: its part is none of a, o and h"),
        ("cpe:2.3:a:a*b:b:*:*:*:*:*:*:*:*", "no CPE name: a wildcard inside a value"),
        ("cpe:2.3:a:**:b:*:*:*:*:*:*:*:*", "no CPE name: a value of wildcards only"),
        ("cpe:/a:b:%ff", "no CPE name: an encoded letter that is none of those allowed"),
        ("nginx", "no CPE name: it begins neither with `cpe:2.3:` nor with `cpe:/`"),
    ] {
        let found = Cpe::parse(text).map_or_else(|error| error.to_string(), |cpe| cpe.to_string());
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn names_compare_by_the_table() {
    let relation = |source: &str, target: &str| {
        let of = |version: &str| Cpe::parse(&format!("cpe:2.3:a:v:p:{version}:*:*:*:*:*:*:*")).unwrap();
        let (source, target) = (of(source), of(target));
        source.compare(&target).find(|(attribute, _)| *attribute == Attribute::Version).unwrap().1
    };
    // NIST IR 7696, table 6-2, row by row.
    for (source, target, expected) in [
        ("*", "*", Relation::Equal),
        ("*", "-", Relation::Superset),
        ("*", "1", Relation::Superset),
        ("*", "1*", Relation::Undefined),
        ("-", "*", Relation::Subset),
        ("-", "-", Relation::Equal),
        ("-", "1", Relation::Disjoint),
        ("1", "1", Relation::Equal),
        ("1", "2", Relation::Disjoint),
        ("1", "2*", Relation::Undefined),
        ("1", "-", Relation::Disjoint),
        ("1", "*", Relation::Subset),
        ("1*", "12", Relation::Superset),
        ("1?", "12", Relation::Superset),
        ("1??", "1", Relation::Superset),
        ("1?", "123", Relation::Disjoint),
        ("*2", "12", Relation::Superset),
        ("?2*", "123", Relation::Superset),
        ("1*", "-", Relation::Disjoint),
        ("1*", "*", Relation::Subset),
    ] {
        assert_eq!(relation(source, target), expected, "{source} {target}");
    }
    let of = |text: &str| Cpe::parse(text).unwrap();
    let named = of("cpe:/a:nginx:nginx");
    assert!(named.covers(&of("cpe:/a:nginx:nginx:1.18")) && !named.covers(&of("cpe:/a:f5:nginx:1.18")));
    assert!(of("cpe:/a:f5").is_disjoint(&of("cpe:/a:nginx")));
    assert_eq!(Cpe::of_words("F5 Inc", "NGINX").to_string(), "cpe:2.3:*:f5_inc:nginx:*:*:*:*:*:*:*:*");
    assert_eq!(Value::Any.plain(), None);
}

#[test]
fn ranges_of_versions_are_read() {
    let read = |text: &str| match Range::vers(text) {
        Some(Range::Vers { scheme, constraints }) => {
            let all = constraints.iter().map(|constraint| format!("{:?} {}", constraint.is, constraint.version));
            format!("{scheme}: {}", all.collect::<Vec<_>>().join(", "))
        }
        _ => "none".to_owned(),
    };
    assert_eq!(read("vers:npm/>=1.5.0|<7.0.0"), "npm: AtLeast 1.5.0, Less 7.0.0");
    assert_eq!(read("vers:Deb/1%3A2.0 | != 3"), "deb: Equal 1:2.0, Other 3");
    assert_eq!(read("vers:pypi/*"), "pypi: Any ");
    for text in ["npm/1", "vers:npm", "vers:npm/", "vers:npm/>=", "vers:npm/*1", "vers:npm/%zz"] {
        assert_eq!(read(text), "none", "{text}");
    }
    let many = "1|".repeat(crate::limits::ADVISORY_VERSIONS_MAX + 1);
    assert_eq!(read(&format!("vers:npm/{many}")), "none");
}

#[test]
fn names_have_a_limit() {
    let long = "a".repeat(crate::limits::SOFTWARE_NAME_BYTES_MAX);
    assert!(Purl::parse(&format!("pkg:npm/{long}")).unwrap_err().to_string().contains("too long"));
    assert!(Cpe::parse(&format!("cpe:/a:{long}")).unwrap_err().to_string().contains("too long"));
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(text in "(pkg:[a-z]{1,5}/|cpe:/[aoh]:|cpe:2.3:a:)([a-zA-Z0-9@%/?#&=:*~._ \\\\-]|%40|%2[0-9A-F]|:\\*){0,40}") {
        if let Ok(purl) = Purl::parse(&text) {
            let written = purl.to_string();
            prop_assert_eq!(Purl::parse(&written), Ok(purl), "{}", written);
        }
        if let Ok(cpe) = Cpe::parse(&text) {
            let written = cpe.to_string();
            prop_assert_eq!(Cpe::parse(&written), Ok(cpe), "{}", written);
        }
    }

    #[test]
    fn formatted_strings_are_read_again(values in proptest::collection::vec("[*?]?[a-z0-9.A-Z-]{1,5}[*?]?|\\*|-|a\\\\[!-/]", 10)) {
        let text = format!("cpe:2.3:a:{}", values.join(":"));
        if let Ok(cpe) = Cpe::parse(&text) {
            prop_assert_eq!(Cpe::parse(&cpe.to_string()), Ok(cpe.clone()));
            prop_assert!(cpe.compare(&cpe).all(|(_, relation)| relation == Relation::Equal));
        }
    }

    #[test]
    fn never_panics(text in ".{0,60}") {
        let _ = (Purl::parse(&text), Cpe::parse(&text), Cpe::parse(&format!("cpe:/{text}")), Purl::parse(&format!("pkg:{text}")));
    }
}
