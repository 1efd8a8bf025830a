//! Manifests by hand, sound and broken; the binary form is put together here.

use model::limits::{MOBILE_ATTRIBUTES_MAX, MOBILE_ELEMENTS_MAX, XML_DEPTH_MAX};
use model::register::DataCategory;
use proptest::prelude::*;

use super::*;

const ANDROID: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="city.waste" android:versionName="2.0">
  <uses-sdk android:minSdkVersion="24" android:targetSdkVersion="34"/>
  <uses-permission android:name="android.permission.ACCESS_FINE_LOCATION"/>
  <uses-permission android:name="android.permission.INTERNET"/>
  <uses-permission android:name="android.permission.INTERNET"/>
  <uses-permission-sdk-23 android:name="android.permission.CAMERA"/>
  <uses-permission/>
  <application android:allowBackup="false" android:debuggable="true" android:usesCleartextTraffic="true">
    <activity android:name=".Main" android:exported="true"><intent-filter>
      <action android:name="android.intent.action.MAIN"/><category android:name="android.intent.category.LAUNCHER"/>
    </intent-filter></activity>
    <activity android:name=".Link" android:exported="true"><intent-filter><action android:name="android.intent.action.VIEW"/></intent-filter></activity>
    <service android:name=".Sync" android:exported="true" android:permission="city.waste.SYNC"/>
    <provider android:name=".Files" android:exported="true" android:readPermission="city.waste.READ"/>
    <receiver android:name=".Boot" android:exported="false"/>
  </application>
</manifest>"#;

const INFO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
  <key>CFBundleIdentifier</key><string>city.waste</string>
  <key>CFBundleShortVersionString</key><string>2.0</string>
  <key>NSCameraUsageDescription</key><string>Waste &amp; more</string>
  <key>NSNewThingUsageDescription</key><string>x</string>
  <key>NSAppTransportSecurity</key><dict>
    <key>NSAllowsArbitraryLoads</key><true/>
    <key>NSExceptionDomains</key><dict>
      <key>old.example</key><dict><key>NSExceptionMinimumTLSVersion</key><string>TLSv1.0</string></dict>
      <key>clear.example</key><dict><key>NSExceptionAllowsInsecureHTTPLoads</key><true/></dict>
      <key>fine.example</key><dict><key>NSExceptionAllowsInsecureHTTPLoads</key><false/></dict>
    </dict></dict>
  <key>UIFileSharingEnabled</key><true/>
</dict></plist>"#;

const PRIVACY: &str = r#"<plist version="1.0"><dict>
  <key>NSPrivacyTracking</key><true/>
  <key>NSPrivacyTrackingDomains</key><array><string>t.example</string><string>t.example</string></array>
  <key>NSPrivacyCollectedDataTypes</key><array>
    <dict><key>NSPrivacyCollectedDataType</key><string>NSPrivacyCollectedDataTypePreciseLocation</string>
      <key>NSPrivacyCollectedDataTypeTracking</key><true/></dict>
    <dict><key>NSPrivacyCollectedDataType</key><string>NSPrivacyCollectedDataTypeMoods</string></dict>
    <dict/>
  </array></dict></plist>"#;

fn words(found: &MobileManifest) -> Vec<String> {
    found.weaknesses.iter().map(|one| format!("{}: {}", one.control, one.what)).collect()
}

#[test]
fn an_android_manifest() {
    let found = read(ANDROID.as_bytes()).unwrap();
    assert_eq!(
        (found.platform, found.package.as_str(), found.version.as_str()),
        (MobilePlatform::Android, "city.waste", "2.0")
    );
    let asked: Vec<_> = found.permissions.iter().map(|one| (one.name.as_str(), one.is_dangerous)).collect();
    assert_eq!(
        asked,
        [
            ("android.permission.ACCESS_FINE_LOCATION", true),
            ("android.permission.CAMERA", true),
            ("android.permission.INTERNET", false),
        ]
    );
    assert_eq!(found.permissions[0].touches, [DataCategory::Location]);
    assert_eq!(
        words(&found),
        [
            "MASVS-RESILIENCE-4: it can be debugged",
            "MASVS-NETWORK-1: traffic in the clear is allowed",
            "MASVS-PLATFORM-1: other apps can reach its activity .Link",
            "MASVS-PLATFORM-1: other apps can reach its provider .Files",
        ]
    );
    assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
}

/// What settings of an application say, when the app aims at a level of the platform.
fn check(level: u32, application: &str, inside: &str, expected: &[&str]) {
    let text = format!(
        r#"<manifest package="a"><uses-sdk android:targetSdkVersion="{level}"/><application {application}>{inside}</application></manifest>"#
    );
    assert_eq!(words(&read(text.as_bytes()).unwrap()), expected, "{text}");
}

#[test]
fn defaults_of_the_platform_and_what_is_not_known() {
    let safe = r#"android:allowBackup="false""#;
    check(34, safe, "", &[]);
    check(34, "", "", &["MASVS-STORAGE-2: backups of its data are not forbidden"]);
    check(27, safe, "", &["MASVS-NETWORK-1: traffic in the clear is not forbidden"]);
    check(27, r#"android:allowBackup="false" android:usesCleartextTraffic="false""#, "", &[]);
    let referring = r#"android:allowBackup="@7f010001" android:debuggable="@bool/d" android:usesCleartextTraffic="@bool/c" android:networkSecurityConfig="@xml/n""#;
    check(
        34,
        referring,
        "",
        &[
            "MASVS-RESILIENCE-4: whether it can be debugged stands in a resource",
            "MASVS-STORAGE-2: whether backups are allowed stands in a resource",
            "MASVS-NETWORK-1: whether traffic in the clear is allowed stands in a resource",
            "MASVS-NETWORK-1: what its own network security configuration allows is not in the manifest",
        ],
    );
    let filtered = r#"<service android:name="S"><intent-filter/></service>"#;
    check(34, safe, filtered, &[]);
    check(30, safe, filtered, &["MASVS-PLATFORM-1: other apps can reach its service S"]);
    check(30, r#"android:allowBackup="false" android:permission="p""#, filtered, &[]);
    let both = r#"<provider android:exported="true" android:readPermission="r" android:writePermission="w"/>"#;
    check(34, safe, both, &[]);
    // A level that nobody says is the lowest; no application at all is one without settings.
    assert_eq!(words(&read(b"<manifest/>").unwrap()).len(), 2);
}

#[test]
fn property_lists() {
    let found = read(INFO.as_bytes()).unwrap();
    assert_eq!((found.part, found.version.as_str()), (ManifestPart::Whole, "2.0"));
    let asked: Vec<_> = found.permissions.iter().map(|one| (one.name.as_str(), one.touches.len())).collect();
    assert_eq!(asked, [("NSCameraUsageDescription", 2), ("NSNewThingUsageDescription", 0)]);
    assert_eq!(
        words(&found),
        [
            "MASVS-NETWORK-1: traffic in the clear is allowed",
            "MASVS-NETWORK-1: traffic in the clear is allowed to clear.example",
            "MASVS-NETWORK-1: an old TLS is allowed to old.example",
            "MASVS-STORAGE-2: its documents can be copied by whoever connects a computer",
        ]
    );
    let found = read(PRIVACY.as_bytes()).unwrap();
    assert_eq!((found.part, found.tracking_domains.as_slice()), (ManifestPart::Privacy, &["t.example".to_owned()][..]));
    let collected: Vec<_> = found.collected.iter().map(|one| one.data.clone()).collect();
    assert_eq!(collected, [Some(vec![DataCategory::Location]), None]);
    assert_eq!((found.weaknesses.len(), found.notes.len()), (2, 1), "{found:?}");
    let built = INFO.replace("<string>2.0</string>", "<string>$(MARKETING_VERSION)</string>");
    let found = read(built.as_bytes()).unwrap();
    assert_eq!((found.version.as_str(), found.notes.len()), ("", 1));
}

#[test]
fn what_is_broken_is_refused() {
    let deep = format!("<manifest>{}{}</manifest>", "<a>".repeat(XML_DEPTH_MAX), "</a>".repeat(XML_DEPTH_MAX));
    let many = format!("<manifest>{}</manifest>", "<a/>".repeat(2 * MOBILE_ELEMENTS_MAX));
    let attributes: String = (0..=MOBILE_ATTRIBUTES_MAX).map(|number| format!("a{number}=\"\" ")).collect();
    let wide = format!("<manifest {attributes}/>");
    let large = vec![b' '; MOBILE_FILE_BYTES_MAX + 1];
    for (bytes, expected) in [
        (&b""[..], "neither"),
        (b"<html/>", "neither"),
        (b"<manifest>", "ends inside"),
        (b"<manifest></other>", "broken XML"),
        (b"<manifest package=\"&x;\"/>", "entity"),
        (b"<!DOCTYPE manifest [<!ENTITY x 'y'>]><manifest package=\"&x;\"/>", "document type"),
        (b"PK\x03\x04rest", "unpack"),
        (b"bplist00rest", "plutil"),
        (b"\xff\xfe<\0", "UTF-16"),
        (b"<plist/>", "empty"),
        (b"<plist><array/></plist>", "no names"),
        (b"<plist><dict><key>a</key></dict></plist>", "without a value"),
        (b"<plist><dict><string>a</string></dict></plist>", "turns"),
        (b"<plist><dict><key>a</key><true/><key>a</key><false/></dict></plist>", "twice"),
        (b"<plist><dict><key>a</key><set/></dict></plist>", "do not have"),
        (deep.as_bytes(), "deeper"),
        (many.as_bytes(), "elements"),
        (wide.as_bytes(), "attributes"),
        (&large, "at most"),
    ] {
        let found = read(bytes);
        let text: String = String::from_utf8_lossy(bytes).chars().take(60).collect();
        assert!(matches!(&found, Err(trouble) if trouble.detail.contains(expected)), "{text}: {found:?}");
    }
    let long: String =
        (0..=MOBILE_PERMISSIONS_MAX).map(|number| format!("<uses-permission name=\"p{number}\"/>")).collect();
    let found = read(format!("<manifest>{long}</manifest>").as_bytes()).unwrap();
    assert_eq!((found.permissions.len(), found.notes.len()), (MOBILE_PERMISSIONS_MAX, 1));
    let open: String =
        (0..=MOBILE_WEAKNESSES_MAX).map(|number| format!("<service name=\"s{number}\" exported=\"true\"/>")).collect();
    let found = read(format!("<manifest><application>{open}</application></manifest>").as_bytes()).unwrap();
    assert_eq!((found.weaknesses.len(), found.notes.len()), (MOBILE_WEAKNESSES_MAX, 1));
}

/// An attribute as the binary form has it: its name's place in the pool, the kind of its value, and the value.
type Typed = (u32, u8, u32);

fn chunk(kind: u16, head: &[u8], body: &[u8]) -> Vec<u8> {
    let (head_length, length) = (8 + head.len() as u16, 8 + (head.len() + body.len()) as u32);
    [&kind.to_le_bytes()[..], &head_length.to_le_bytes(), &length.to_le_bytes(), head, body].concat()
}

fn pool(texts: &[&str], is_utf8: bool) -> Vec<u8> {
    let (mut offsets, mut data) = (Vec::new(), Vec::new());
    for text in texts {
        offsets.extend((data.len() as u32).to_le_bytes());
        if is_utf8 {
            data.extend([text.chars().count() as u8, text.len() as u8]);
            data.extend(text.bytes().chain([0]));
        } else {
            data.extend((text.encode_utf16().count() as u16).to_le_bytes());
            data.extend(text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        }
    }
    let numbers = [texts.len() as u32, 0, u32::from(is_utf8) << 8, 28 + offsets.len() as u32, 0];
    let head: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
    chunk(1, &head, &[offsets, data].concat())
}

fn open(name: u32, attributes: &[Typed]) -> Vec<u8> {
    let none = u32::MAX.to_le_bytes();
    let mut body = [&none[..], &name.to_le_bytes(), &20u16.to_le_bytes(), &20u16.to_le_bytes()].concat();
    body.extend((attributes.len() as u16).to_le_bytes());
    body.extend([0; 6]);
    for (key, kind, value) in attributes {
        body.extend(
            [&none[..], &key.to_le_bytes(), &none, &8u16.to_le_bytes(), &[0, *kind], &value.to_le_bytes()].concat(),
        );
    }
    chunk(0x0102, &[1, 0, 0, 0, 255, 255, 255, 255], &body)
}

fn close(name: u32) -> Vec<u8> {
    let body = [u32::MAX.to_le_bytes(), name.to_le_bytes()].concat();
    chunk(0x0103, &[1, 0, 0, 0, 255, 255, 255, 255], &body)
}

/// A small manifest in the binary form.
fn packed(is_utf8: bool) -> Vec<u8> {
    // The first three are attributes with resource numbers; the pool has no names for two of them.
    let texts = [
        "",
        "",
        "name",
        "package",
        "city.waste",
        "manifest",
        "uses-permission",
        "application",
        "android.permission.CAMERA",
    ];
    let numbers: Vec<u8> = [0x0101_000f_u32, 0x0101_0280, 0x0101_0003].into_iter().flat_map(u32::to_le_bytes).collect();
    let parts = [
        pool(&texts, is_utf8),
        chunk(0x0180, &[], &numbers),
        chunk(0x0100, &[0; 8], &[0; 8]),
        open(5, &[(3, 3, 4)]),
        open(6, &[(2, 3, 8)]),
        close(6),
        open(7, &[(0, 0x12, u32::MAX), (1, 0x01, 0x7f01_0001)]),
        close(7),
        close(5),
    ];
    chunk(3, &[], &parts.concat())
}

#[test]
fn the_binary_form() {
    for is_utf8 in [true, false] {
        let found = read(&packed(is_utf8)).unwrap();
        assert_eq!(found.package, "city.waste");
        assert_eq!(found.permissions[0].name, "android.permission.CAMERA");
        assert_eq!(
            words(&found),
            [
                "MASVS-RESILIENCE-4: it can be debugged",
                "MASVS-STORAGE-2: whether backups are allowed stands in a resource",
                "MASVS-NETWORK-1: traffic in the clear is not forbidden",
            ]
        );
    }
    let whole = packed(true);
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length}");
    }
    let mut many = whole.clone();
    many[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(read(&many).unwrap_err().detail.contains("texts"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..400, byte: u8) {
        let _ = read(&bytes);
        let mut bent = packed(true);
        if let Some(place) = bent.get_mut(at) { *place = byte; }
        prop_assert_eq!(read(&bent), read(&bent));
    }
}
