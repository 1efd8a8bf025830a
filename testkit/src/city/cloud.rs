//! What the city's cloud account writes: AWS CloudTrail records (event version 1.08), one a line.

use model::Timestamp;

use super::stage::{Log, Stage};
use super::text::{Object, iso_seconds};

/// The account number that AWS reserves for examples.
pub(crate) const ACCOUNT: &str = "111122223333";

/// Where the city's part of the cloud is, and what its people call it with.
const HOME: (&str, &str) = ("eu-central-1", "aws-cli/2.15.30 Python/3.11.8 Linux/6.1");

/// A call to the cloud's API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) user: &'a str,
    pub(crate) from: &'a str,
    pub(crate) service: &'a str,
    pub(crate) name: &'a str,
    pub(crate) read_only: bool,
}

impl Stage {
    /// The head of a record; `place` is the region, and the program that calls.
    pub(crate) fn cloud_record(&mut self, at: Timestamp, call: &Call<'_>, place: (&str, &str)) -> Object {
        let principal = super::text::hash_of(call.user, 16);
        let identity = Object::new()
            .text("type", "IAMUser")
            .text("principalId", &format!("AIDA{principal}"))
            .text("arn", &format!("arn:aws:iam::{ACCOUNT}:user/{}", call.user))
            .text("accountId", ACCOUNT)
            .text("userName", call.user)
            .finish();
        Object::new()
            .text("eventVersion", "1.08")
            .raw("userIdentity", identity)
            .text("eventTime", &iso_seconds(at))
            .text("eventSource", &format!("{}.amazonaws.com", call.service))
            .text("eventName", call.name)
            .text("awsRegion", place.0)
            .text("sourceIPAddress", call.from)
            .text("userAgent", place.1)
    }

    /// Ends a record and writes it.
    pub(crate) fn cloud_end(&mut self, at: Timestamp, line: Object, kind: &str, read_only: bool) {
        let line = line
            .text("requestID", &self.random.uuid())
            .text("eventID", &self.random.uuid())
            .raw("readOnly", read_only)
            .text("eventType", kind)
            .raw("managementEvent", true)
            .text("recipientAccountId", ACCOUNT)
            .text("eventCategory", "Management")
            .finish();
        self.write(Log::CloudTrail, at, line);
    }

    /// A call to the API; `request` is its parameters, a JSON object or `null`.
    pub(crate) fn cloud(&mut self, at: Timestamp, call: &Call<'_>, request: &str) {
        let line = self.cloud_record(at, call, HOME).raw("requestParameters", request).raw("responseElements", "null");
        self.cloud_end(at, line, "AwsApiCall", call.read_only);
    }

    /// A log-in to the cloud's console.
    pub(crate) fn cloud_login(&mut self, at: Timestamp, user: &str, from: &str, second_factor: bool) {
        let call = Call { user, from, service: "signin", name: "ConsoleLogin", read_only: false };
        let used = if second_factor { "Yes" } else { "No" };
        let more = Object::new().text("MobileVersion", "No").text("MFAUsed", used).finish();
        let line = self
            .cloud_record(at, &call, HOME)
            .raw("requestParameters", "null")
            .raw("responseElements", Object::new().text("ConsoleLogin", "Success").finish())
            .raw("additionalEventData", more);
        self.cloud_end(at, line, "AwsConsoleSignIn", false);
    }
}
