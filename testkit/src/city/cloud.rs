//! What the city's cloud account writes: AWS CloudTrail records (event version 1.08), one a line.

use model::Timestamp;

use super::stage::{Log, Stage};
use super::text::{Object, iso_seconds};

/// The account number that AWS reserves for examples.
pub(super) const ACCOUNT: &str = "111122223333";

/// A call to the cloud's API.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) user: &'a str,
    pub(super) from: &'a str,
    pub(super) service: &'a str,
    pub(super) name: &'a str,
    pub(super) read_only: bool,
}

impl Stage {
    fn cloud_record(&mut self, at: Timestamp, call: &Call<'_>) -> Object {
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
            .text("awsRegion", "eu-central-1")
            .text("sourceIPAddress", call.from)
            .text("userAgent", "aws-cli/2.15.30 Python/3.11.8 Linux/6.1")
    }

    fn cloud_end(&mut self, at: Timestamp, line: Object, kind: &str, read_only: bool) {
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
    pub(super) fn cloud(&mut self, at: Timestamp, call: &Call<'_>, request: &str) {
        let line = self.cloud_record(at, call).raw("requestParameters", request).raw("responseElements", "null");
        self.cloud_end(at, line, "AwsApiCall", call.read_only);
    }

    /// A log-in to the cloud's console.
    pub(super) fn cloud_login(&mut self, at: Timestamp, user: &str, from: &str, second_factor: bool) {
        let call = Call { user, from, service: "signin", name: "ConsoleLogin", read_only: false };
        let used = if second_factor { "Yes" } else { "No" };
        let more = Object::new().text("MobileVersion", "No").text("MFAUsed", used).finish();
        let line = self
            .cloud_record(at, &call)
            .raw("requestParameters", "null")
            .raw("responseElements", Object::new().text("ConsoleLogin", "Success").finish())
            .raw("additionalEventData", more);
        self.cloud_end(at, line, "AwsConsoleSignIn", false);
    }
}
