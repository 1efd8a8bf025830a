//! Which permissions open data about people, and which.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use model::mobile::MobilePlatform;
use model::register::DataCategory;
use serde::Deserialize;

const BUILT_IN: &str = include_str!("table.toml");

type Names = BTreeMap<String, Vec<DataCategory>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    android: Names,
    ios: Names,
    collected: Names,
}

/// Read once. Were it broken, nothing would be known of any name, which counts as bad; a test shows that it is not.
static TABLE: LazyLock<Table> = LazyLock::new(|| toml::from_str(BUILT_IN).unwrap_or_default());

/// What a permission can tell of people; `None` when it is not known as one that does.
pub fn permission(platform: MobilePlatform, name: &str) -> Option<&'static [DataCategory]> {
    let names = match platform {
        MobilePlatform::Android => &TABLE.android,
        MobilePlatform::Ios => &TABLE.ios,
    };
    names.get(name).map(Vec::as_slice)
}

/// Which personal data a kind of collected data is; `None` when the kind is not known.
pub fn collected(name: &str) -> Option<&'static [DataCategory]> {
    TABLE.collected.get(name).map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert!(toml::from_str::<Table>(BUILT_IN).is_ok());
        assert!(TABLE.android.len() > 40 && TABLE.ios.len() > 30 && TABLE.collected.len() > 30);
        let names = [&TABLE.android, &TABLE.ios, &TABLE.collected];
        assert!(names.iter().all(|names| names.values().all(|data| !data.is_empty())));
        assert_eq!(permission(MobilePlatform::Android, "android.permission.CAMERA").map(<[_]>::len), Some(2));
        assert_eq!(permission(MobilePlatform::Ios, "android.permission.CAMERA"), None);
    }
}
