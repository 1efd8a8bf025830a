//! Topic filters (MQTT 5.0 section 4.7) against topics and against each other.

/// The filter of a shared subscription without its group (MQTT 5.0 section 4.8.2).
pub(super) fn without_share(filter: &str) -> &str {
    filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/')).map_or(filter, |(_, filter)| filter)
}

/// Whether a topic matches a filter (MQTT 5.0 section 4.7). The library's own function panics on topics that begin with
/// a letter of more than one byte.
pub(super) fn matches(topic: &str, filter: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// Whether every topic that `narrow` matches is matched by `wide`.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    let mut levels = narrow.split('/');
    for wanted in wide.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(level)) if level != "#" => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// Whether some topic is matched by both.
pub(super) fn overlaps(one: &str, other: &str) -> bool {
    let (mut ones, mut others) = (one.split('/'), other.split('/'));
    loop {
        match (ones.next(), others.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some("+"), Some(_)) | (Some(_), Some("+")) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_pair(one: &str, other: &str, expected: &str) {
        let found = match (covers(one, other), overlaps(one, other)) {
            (true, true) => "covers",
            (false, true) => "overlaps",
            (false, false) => "apart",
            (true, false) => "nonsense",
        };
        assert_eq!(found, expected, "{one:?} and {other:?}");
    }

    #[test]
    fn filters_against_filters() {
        check_pair("a/#", "a/b/+", "covers");
        check_pair("a/#", "a", "covers");
        check_pair("a/b", "a/#", "overlaps");
        check_pair("a/+", "a/b", "covers");
        check_pair("a/+", "a/#", "overlaps");
        check_pair("a/+/c", "a/b/#", "overlaps");
        check_pair("a/+/c", "a/b/d", "apart");
        check_pair("a/b", "a/b/c", "apart");
        check_pair("+/b", "a/+", "overlaps");
        check_pair("#", "a/+/#", "covers");
    }

    fn check(topic: &str, filter: &str, expected: bool) {
        assert_eq!(matches(topic, without_share(filter)), expected, "{topic:?} against {filter:?}");
    }

    #[test]
    fn topics_match_filters() {
        check("a/b", "a/b", true);
        check("a/b", "a/+", true);
        check("a", "a/#", true);
        check("a/b/c", "a/#", true);
        check("a/b/c", "a/+", false);
        check("a", "a/+", false);
        check("a/", "a/+", true);
        check("a/b", "#", true);
        check("$SYS/load", "#", false);
        check("$SYS/load", "$SYS/#", true);
        check("öffi/tor", "öffi/+", true);
        check("", "#", true);
        check("a/b", "$share/watch/a/+", true);
    }
}
