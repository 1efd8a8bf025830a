//! What may be wrong with a scenario file, and that each limit is reached.

use model::limits::{
    SCENARIO_BEATS_MAX, SCENARIO_BYTES_MAX, SCENARIO_COMPLAINTS_MAX, SCENARIO_DAYS_MAX, SCENARIO_LIST_MAX,
    SCENARIO_SCENES_MAX, SCENARIO_STEP_BEATS_MAX, SCENARIO_STEPS_MAX, SCENARIO_TEXT_CHARS_MAX,
};

use super::super::{Part, Scenario, ScenarioError};
use super::{step, text_of};

fn error_of(text: &str) -> String {
    match Scenario::parse(text) {
        Ok(_) => panic!("was read: {text}"),
        Err(error) => error.to_string(),
    }
}

const ACCOUNT: &str = r#"move = "make-account"; by = "x"; account = "y""#;

#[test]
fn wrong_steps_are_named_with_their_reason() {
    for (lines, expected) in [
        (r#"move = "sing""#, "attack 1 (one), step 1 (sing): unknown variant `sing`"),
        (r#"account = "x""#, "attack 1 (one), step 1: missing field `move`"),
        (r#"move = "make-account"; by = "x""#, "step 1 (make-account): missing field `account`"),
        (r#"move = "make-account"; by = "x"; account = "y"; colour = "red""#, "unknown field `colour`"),
        (r#"move = "make-account"; by = "x y"; account = "y""#, "\"x y\" is no name of an account"),
        (r#"move = "make-account"; by = "x"; account = "y"; after = "soon""#, "\"soon\" is no span of time"),
        (r#"move = "make-account"; by = "x"; account = "y"; after = "2d""#, "after the end of what it is a step of"),
        (r#"move = "make-account"; by = "x"; account = "y"; hours = "8""#, "\"8\" are no hours"),
        (r#"move = "make-account"; by = "x"; account = "y"; on = "sundays""#, "unknown variant `sundays`"),
        (
            r#"move = "clear-log"; account = "x"; machine = "ws-moon01""#,
            "there is no machine \"ws-moon01\" in the city",
        ),
        (r#"move = "clear-log"; account = "x"; machine = "dns01""#, "dns01 is no Windows machine"),
        (r#"move = "run-as-root"; account = "x"; machine = "dc01"; command = "a""#, "dc01 is no Linux server"),
        (r#"move = "log-in"; account = "x"; via = "vpn""#, "`from` is missing"),
        (r#"move = "log-in"; account = "x"; via = "vpn"; from = "moon""#, "neither an address nor a machine"),
        (
            r#"move = "log-in"; account = "x"; via = "ssh"; from = "ws-it01"; machine = "dc01""#,
            "nobody comes to dc01 via",
        ),
        (r#"move = "move-laterally"; account = "x"; from = "ws-it01"; to = []; via = "rdp""#, "an empty list"),
        (r#"move = "move-laterally"; account = "x"; from = "ws-it01"; to = ["dc01"]; via = "vpn""#, "nobody goes from"),
        (
            r#"move = "cloud-call"; identity = "x"; from = "192.0.2.1"; service = "s3"; call = "A"; request = "{""#,
            "no JSON",
        ),
        (r#"move = "falsify-sensor"; controller = "dc01"; sensor = "level"; how = "freeze""#, "dc01 is no controller"),
        (
            r#"move = "falsify-sensor"; controller = "plc-pump01"; sensor = "level"; how = "drift""#,
            "`amount` is missing",
        ),
        (r#"move = "shift-hours"; accounts = ["x"]; minutes = 900"#, "between -360 and 360"),
        (r#"move = "move-backup"; hour = 24"#, "`hour` is 0 to 23"),
        (
            r#"move = "beacon"; machine = "dc01"; host = "a b"; address = "192.0.2.1"; over = "https"; every = "1h""#,
            "is no name of a host",
        ),
        (
            r#"move = "beacon"; machine = "dc01"; host = "a"; address = "192.0.2.1"; over = "https"; every = "1h"; jitter = 101"#,
            "101 is more than 100 percent",
        ),
        (
            r#"move = "send-out"; machine = "dc01"; host = "a"; address = "192.0.2.1"; over = "dns"; bytes = 1"#,
            "the move tunnel-dns",
        ),
        (
            r#"move = "run-program"; machine = "dc01"; account = "x"; image = 'C:\a'; count = 30; every = "1h""#,
            "take longer than it lasts",
        ),
    ] {
        let error = error_of(&text_of(&step(lines)));
        assert!(error.contains(expected), "{lines}: {error}");
    }
}

#[test]
fn wrong_scenes_are_named_with_their_reason() {
    let good = text_of(&step(ACCOUNT));
    assert!(Scenario::parse(&good).is_ok());
    for (from, to, expected) in [
        ("label = \"one\"", "label = \"One!\"", "a label has 1 to 64 small letters"),
        ("subtlety = 3", "subtlety = 13", "`subtlety` is 1 (noisy) to 12"),
        ("subtlety = 3\n", "", "`subtlety` is 1 (noisy) to 12"),
        ("techniques = [\"T1078\"]\n", "", "`techniques` names no technique"),
        ("[\"T1078\"]", "[\"phishing\"]", "ids of ATT&CK"),
        ("day = 1", "day = 3", "`day` is 1 to 2, not 3"),
        ("day = 1", "day = 0", "`day` is 1 to 2, not 0"),
        ("\"10:00\"", "\"10\"", "\"10\" is no time of day"),
        ("\"1d\"", "\"2d\"", "it lasts longer than the scenario"),
        ("\"1d\"", "\"400d\"", "is longer than 90 days"),
        ("title = \"one thing\"", "title = 3", "invalid type"),
        ("title = \"one thing\"", "tittle = \"a\"", "unknown field `tittle`"),
        ("seed = 5\n", "", "missing field `seed`"),
        ("seed = 5", "seed = -5", "no scenario"),
        ("days = 2", "days = 0", "`days` is 1 to 90, not 0"),
        ("[[attack]]", "[[attack]", "no scenario"),
        ("[[attack.step]]", "[[attack.step]]\n[[attack.step]]", "step 1: missing field `move`"),
        ("[[attack]]\n", "[[disturbance]]\n[[attack]]\n", "disturbance 1: missing field"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        let error = error_of(&text);
        assert!(error.contains(expected), "{to}: {error}");
    }
    let twice = format!(
        "{good}{}",
        good.split_once("[[attack]]").map(|(_, rest)| format!("[[attack]]{rest}")).unwrap_or_default()
    );
    assert!(error_of(&twice).contains("attack 2 (one): another one has the same label"));
}

#[test]
fn all_wrong_records_are_named_at_once() {
    let text = text_of(&[step(r#"move = "sing""#), step(ACCOUNT), step(r#"move = "clear-log""#)].concat());
    let Err(ScenarioError::Wrong { complaints, more: 0 }) = Scenario::parse(&text) else { panic!("{text}") };
    let places: Vec<&str> = complaints.iter().map(|complaint| complaint.place.as_str()).collect();
    assert_eq!(places, ["attack 1 (one), step 1 (sing)", "attack 1 (one), step 3 (clear-log)"]);
}

#[test]
fn limits_are_reached() {
    let most = |text: &str| Scenario::parse(text).map(|_| ());
    let pad = |bytes: usize| format!("{}#{}", text_of(&step(ACCOUNT)), " ".repeat(bytes));
    let room = SCENARIO_BYTES_MAX - pad(0).len();
    assert!(most(&pad(room)).is_ok());
    assert!(matches!(Scenario::parse(&pad(room + 1)), Err(ScenarioError::TooLong { .. })));

    let days = |days: u32| text_of(&step(ACCOUNT)).replace("days = 2", &format!("days = {days}"));
    assert!(most(&days(SCENARIO_DAYS_MAX)).is_ok() && most(&days(SCENARIO_DAYS_MAX + 1)).is_err());

    let steps = |count: usize| text_of(&step(ACCOUNT).repeat(count));
    assert!(most(&steps(SCENARIO_STEPS_MAX)).is_ok() && most(&steps(SCENARIO_STEPS_MAX + 1)).is_err());

    let scenes = |count: usize| {
        let (head, scene) =
            text_of(&step(ACCOUNT)).split_once("[[attack]]").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let scene = |number: usize| {
            format!("[[attack]]{}", scene.replace("label = \"one\"", &format!("label = \"a{number}\"")))
        };
        head + &(0..count).map(scene).collect::<String>()
    };
    assert!(most(&scenes(SCENARIO_SCENES_MAX)).is_ok() && most(&scenes(SCENARIO_SCENES_MAX + 1)).is_err());

    let list = |count: usize| {
        let names = vec!["\"x\""; count].join(", ");
        text_of(&step(&format!("move = \"holiday\"; accounts = [{names}]")))
    };
    assert!(most(&list(SCENARIO_LIST_MAX)).is_ok());
    assert!(error_of(&list(SCENARIO_LIST_MAX + 1)).contains("a list of more than"));

    let words = |count: usize| {
        let words = "é".repeat(count);
        text_of(&step(&format!("move = \"drop-file\"; machine = \"dc01\"; image = \"{words}\"; file = \"b\"")))
    };
    assert!(most(&words(SCENARIO_TEXT_CHARS_MAX)).is_ok());
    assert!(error_of(&words(SCENARIO_TEXT_CHARS_MAX + 1)).contains("a text is longer than"));
    assert!(
        error_of(&text_of(&step("move = \"drop-file\"; machine = \"dc01\"; image = \"a\\nb\"; file = \"b\"")))
            .contains("line ends")
    );
}

#[test]
fn moves_are_counted_before_they_are_played() {
    let visits = |count: u64| {
        step(&format!("move = \"visit\"; to = \"tax-web01\"; who = \"crowd\"; sources = 9; count = {count}"))
    };
    assert!(Scenario::parse(&text_of(&visits(SCENARIO_STEP_BEATS_MAX))).is_ok());
    let error = error_of(&text_of(&visits(SCENARIO_STEP_BEATS_MAX + 1)));
    assert!(error.contains("100001 times; 100000 are the most"), "{error}");
    let times = usize::try_from(SCENARIO_BEATS_MAX / SCENARIO_STEP_BEATS_MAX).unwrap();
    assert!(Scenario::parse(&text_of(&visits(SCENARIO_STEP_BEATS_MAX).repeat(times))).is_ok());
    let error = error_of(&text_of(&[visits(SCENARIO_STEP_BEATS_MAX).repeat(times), visits(1)].concat()));
    assert!(error.contains("step 6 (visit): with it, all steps together do more than 500000 moves"), "{error}");
    let beacon = r#"move = "beacon"; machine = "dc01"; host = "a"; address = "192.0.2.1"; over = "dns"; every = "0s""#;
    assert!(Scenario::parse(&text_of(&step(beacon))).is_ok(), "no beat is shorter than a second");
}

#[test]
fn complaints_are_bounded() {
    let text = text_of(&step(r#"move = "sing""#).repeat(SCENARIO_STEPS_MAX));
    let Err(ScenarioError::Wrong { complaints, more }) = Scenario::parse(&text) else { panic!("was read") };
    assert_eq!((complaints.len(), more), (SCENARIO_COMPLAINTS_MAX, SCENARIO_STEPS_MAX - SCENARIO_COMPLAINTS_MAX));
}

#[test]
fn the_scenarios_beside_this_crate_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for (name, attacks, least) in [("thirty-days", 12, 15), ("second-month", 12, 14), ("quiet-month", 0, 15)] {
        let scenario =
            Scenario::read(&folder.join(format!("{name}.toml"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        let subtleties: Vec<u8> =
            scenario.scenes.iter().filter(|scene| scene.part == Part::Attack).map(|scene| scene.subtlety).collect();
        assert_eq!(subtleties, (1..=attacks).collect::<Vec<u8>>(), "{name}");
        let disturbances = scenario.scenes.iter().filter(|scene| scene.part == Part::Disturbance).count();
        assert!(disturbances >= least, "{name}: {disturbances}");
        assert_eq!(scenario.days, 30);
        let week = crate::city::FIRST_DAY.plus(std::time::Duration::from_secs(7 * 86_400));
        assert!(scenario.scenes.iter().all(|scene| scene.starts >= week), "{name}: the first week has nothing odd");
    }
    let missing = Scenario::read(&folder.join("no-such.toml")).map(|_| ()).unwrap_err();
    assert!(matches!(missing, ScenarioError::Unreadable { .. }));
}
