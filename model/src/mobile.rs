//! Platforms of apps for telephones.

use crate::register::words::words;

words! {
    /// On which telephones an app runs.
    MobilePlatform, "platform of apps" {
        /// Android.
        Android = "android",
        /// iOS and iPadOS.
        Ios = "ios",
    }
}
