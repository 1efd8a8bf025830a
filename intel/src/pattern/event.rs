//! An event of the watch as observed data: one observation whose objects carry the names of STIX 2.1, section 6.
//!
//! What OCSF says in another form is said as patterns expect it: hashes in small letters and under both spellings of their
//! algorithm, names in small letters without a last dot, hives of the registry by their full names. The header fields of a
//! request stand as lists, as 2.1 has them, and in a second object as texts, as 2.0 had them and most patterns still do.
//!
//! The observation is as long as a moment: what lasted, a connection say, counts when the event was.

use std::collections::BTreeMap;

use model::ocsf::{
    Actor, Attributes, Certificate, ConnectionInfo, DnsAnswer, DnsQuery, Email, Endpoint, Event, File, Fingerprint,
    HttpRequest, Process, Product, RegKey, RegValue, Tls, Traffic, Url, User, WinService,
};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};

use super::observed::{Frame, Observation, Observed};

/// Parents of a process that are told: its own, theirs, and one more.
const PARENTS_MAX: usize = 3;

impl Observed {
    /// The event as one observation.
    pub fn of_event(event: &Event) -> Observed {
        let mut scene = Scene::default();
        scene.attributes(&event.attributes);
        let frame = Frame { first: event.time, last: event.time, count: times(event) };
        let objects: BTreeMap<String, usize> = (0..scene.objects.len()).map(|at| (at.to_string(), at)).collect();
        let observation = Observation { id: event.id.to_string(), frame: Some(frame), objects };
        Observed::of_parts(scene.objects, vec![observation])
    }
}

/// How often it happened: one record may stand for several.
pub(super) fn times(event: &Event) -> u64 {
    event.attributes.count.and_then(|count| u64::try_from(count).ok()).unwrap_or(1).max(1)
}

type Has = fn(&Attributes) -> bool;

/// What an event has to have for there to be an object of that type. Types that are not here no event has.
pub(super) fn needed_for(object_type: &str) -> Option<Has> {
    let has: Has = match object_type {
        "ipv4-addr" | "ipv6-addr" | "mac-addr" | "domain-name" => |a| {
            let ends = a.src_endpoint.is_some() || a.dst_endpoint.is_some() || a.device.is_some();
            ends || a.query.is_some() || a.tls.is_some() || has_url(a) || a.evidences.is_some()
        },
        "network-traffic" => |a| {
            a.src_endpoint.is_some() || a.dst_endpoint.is_some() || a.http_request.is_some() || a.evidences.is_some()
        },
        "autonomous-system" => |a| a.src_endpoint.is_some() || a.dst_endpoint.is_some(),
        "url" => |a| has_url(a) || a.evidences.is_some(),
        "file" | "directory" => |a| {
            let images = a.process.is_some() || a.actor.is_some() || a.module.is_some() || a.driver.is_some();
            images || a.file.is_some() || a.file_result.is_some() || a.evidences.is_some()
        },
        "process" => |a| {
            a.process.is_some()
                || a.actor.is_some()
                || a.win_service.is_some()
                || a.job.is_some()
                || a.evidences.is_some()
        },
        "user-account" => {
            |a| a.user.is_some() || a.actor.is_some() || a.process.is_some() || a.evidences.is_some() || a.job.is_some()
        }
        "email-addr" | "email-message" => {
            |a| a.email.is_some() || a.user.is_some() || a.actor.is_some() || a.evidences.is_some()
        }
        "windows-registry-key" => |a| a.reg_key.is_some() || a.reg_value.is_some(),
        "x509-certificate" => |a| a.tls.is_some() || a.file.is_some() || a.module.is_some() || a.evidences.is_some(),
        "software" => |a| a.app.is_some() || a.product.is_some(),
        _ => return None,
    };
    Some(has)
}

fn has_url(a: &Attributes) -> bool {
    a.url.is_some() || a.http_request.is_some()
}

/// Objects as they are told of, each thing once.
#[derive(Default)]
struct Scene {
    objects: Vec<Value>,
    /// Things that are nothing but their value.
    by_value: FxHashMap<(&'static str, String), String>,
}

/// An object in the making; what is absent is left out.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn of(object_type: &'static str) -> Self {
        let mut fields = Fields::default();
        fields.put("type", Some(object_type));
        fields
    }

    fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
    }

    /// It says more than its type.
    fn says_something(&self) -> bool {
        self.0.len() > 1
    }
}

impl Scene {
    fn add(&mut self, fields: Fields) -> String {
        let id = self.objects.len().to_string();
        self.objects.push(Value::Object(fields.0));
        id
    }

    fn add_if(&mut self, fields: Fields) -> Option<String> {
        fields.says_something().then(|| self.add(fields))
    }

    fn value(&mut self, object_type: &'static str, value: String) -> Option<String> {
        if value.is_empty() {
            return None;
        }
        if let Some(id) = self.by_value.get(&(object_type, value.clone())) {
            return Some(id.clone());
        }
        let mut fields = Fields::of(object_type);
        fields.put("value", Some(value.clone()));
        let id = self.add(fields);
        self.by_value.insert((object_type, value), id.clone());
        Some(id)
    }

    fn attributes(&mut self, a: &Attributes) {
        if let Some(device) = a.device.as_deref() {
            self.host(device.ip.as_deref());
            self.host(device.hostname.as_deref());
            self.value("mac-addr", device.mac.as_deref().unwrap_or_default().to_ascii_lowercase());
        }
        self.connection(&Connection {
            ends: (a.src_endpoint.as_deref(), a.dst_endpoint.as_deref()),
            info: a.connection_info.as_deref(),
            traffic: a.traffic.as_deref(),
            request: a.http_request.as_deref(),
            app: a.app_name.as_deref(),
        });
        self.names(a.query.as_deref(), a.answers.as_deref(), a.tls.as_deref());
        self.url(a.url.as_deref());
        for file in [a.file.as_deref(), a.file_result.as_deref()].into_iter().flatten() {
            self.file(file);
        }
        for image in
            [a.module.as_ref().and_then(|m| m.file.as_deref()), a.driver.as_ref().and_then(|d| d.file.as_deref())]
        {
            image.map(|file| self.file(file));
        }
        self.actor(a.actor.as_deref());
        for process in [a.process.as_deref(), a.logon_process.as_deref()].into_iter().flatten() {
            self.process(process, 0);
        }
        self.service(a.win_service.as_deref());
        if let Some(job) = a.job.as_deref() {
            let mut fields = Fields::of("process");
            fields.put("command_line", job.cmd_line.as_deref());
            let image = job.file.as_deref().and_then(|file| self.file(file));
            fields.put("image_ref", image);
            let user = job.user.as_deref().and_then(|user| self.user(user));
            fields.put("creator_user_ref", user);
            self.add_if(fields);
        }
        a.user.as_deref().map(|user| self.user(user));
        self.email(a.email.as_deref());
        self.registry(a.reg_key.as_ref(), a.reg_value.as_deref());
        for product in [a.app.as_deref(), a.product.as_deref()].into_iter().flatten() {
            self.software(product);
        }
        for seen in a.evidences.iter().flatten() {
            self.connection(&Connection {
                ends: (seen.src_endpoint.as_deref(), seen.dst_endpoint.as_deref()),
                info: seen.connection_info.as_deref(),
                traffic: None,
                request: seen.http_request.as_deref(),
                app: None,
            });
            self.names(seen.query.as_deref(), None, seen.tls.as_deref());
            self.url(seen.url.as_deref());
            seen.file.as_deref().map(|file| self.file(file));
            seen.process.as_deref().map(|process| self.process(process, 0));
            seen.user.as_deref().map(|user| self.user(user));
            self.email(seen.email.as_deref());
        }
    }

    /// An address or a name: host names are often addresses in disguise.
    fn host(&mut self, text: Option<&str>) -> Option<String> {
        let text = text?.trim();
        match text.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(address)) => self.value("ipv4-addr", address.to_string()),
            Ok(std::net::IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => self.value("ipv4-addr", address.to_string()),
                None => self.value("ipv6-addr", address.to_string()),
            },
            Err(_) => self.value("domain-name", text.trim_end_matches('.').to_ascii_lowercase()),
        }
    }

    /// An end of a connection: its address, else its name.
    fn end(&mut self, end: &Endpoint) -> Option<String> {
        let system = end.autonomous_system.as_deref().map(|system| {
            let mut fields = Fields::of("autonomous-system");
            fields.put("number", system.number);
            fields.put("name", system.name.as_deref());
            self.add(fields)
        });
        let mac = self.value("mac-addr", end.mac.as_deref().unwrap_or_default().to_ascii_lowercase());
        let (address, name) = (self.host(end.ip.as_deref()), self.host(end.hostname.as_deref()));
        if let (Some(address), Some(name)) = (&address, &name)
            && address != name
        {
            self.refer(name, "resolves_to_refs", address);
        }
        if let Some(address) = &address {
            system.iter().for_each(|system| self.refer(address, "belongs_to_refs", system));
            mac.iter().for_each(|mac| self.refer(address, "resolves_to_refs", mac));
        }
        address.or(name).or(mac)
    }

    /// Puts a reference into a list of an object that is there.
    fn refer(&mut self, from: &str, name: &str, to: &str) {
        let object = from.parse::<usize>().ok().and_then(|at| self.objects.get_mut(at));
        let Some(Value::Object(fields)) = object else { return };
        if let Value::Array(list) = fields.entry(name).or_insert_with(|| Value::Array(Vec::new()))
            && !list.iter().any(|known| known == to)
        {
            list.push(to.into());
        }
    }

    fn connection(&mut self, connection: &Connection<'_>) {
        let (from, to) = connection.ends;
        let mut fields = Fields::of("network-traffic");
        let ends = [("src_ref", "src_port", from), ("dst_ref", "dst_port", to)];
        for (name, port, end) in ends {
            let Some(end) = end else { continue };
            let place = self.end(end);
            fields.put(name, place);
            fields.put(port, end.port);
        }
        self.url(connection.request.and_then(|request| request.url.as_deref()));
        if !fields.says_something() && connection.request.is_none() {
            return;
        }
        fields.put("protocols", Some(connection.protocols(&fields, self)));
        if let Some(traffic) = connection.traffic {
            fields.put("src_byte_count", traffic.bytes_out);
            fields.put("dst_byte_count", traffic.bytes_in);
            fields.put("src_packets", traffic.packets_out);
            fields.put("dst_packets", traffic.packets_in);
        }
        let Some(request) = connection.request else {
            self.add(fields);
            return;
        };
        let headers = headers(request);
        let as_lists: Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
        let mut new = Fields(fields.0.clone());
        new.put("extensions", Some(extension(request, as_lists)));
        self.add(new);
        if !headers.is_empty() {
            let as_texts = headers.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
            fields.put("extensions", Some(extension(request, as_texts)));
            self.add(fields);
        }
    }

    fn names(&mut self, query: Option<&DnsQuery>, answers: Option<&[DnsAnswer]>, tls: Option<&Tls>) {
        let asked = query.and_then(|query| self.host(query.hostname.as_deref()));
        for answer in answers.unwrap_or_default() {
            let is_name =
                matches!(answer.type_name.as_deref(), Some("A" | "AAAA" | "CNAME" | "NS" | "MX" | "PTR") | None);
            let told = if is_name { self.host(answer.rdata.as_deref()) } else { None };
            if let (Some(asked), Some(told)) = (&asked, told)
                && *asked != told
            {
                self.refer(asked, "resolves_to_refs", &told);
            }
        }
        let Some(tls) = tls else { return };
        self.host(tls.sni.as_deref());
        if let Some(certificate) = tls.certificate.as_deref() {
            self.certificate(certificate);
        }
    }

    fn url(&mut self, url: Option<&Url>) {
        let Some(url) = url else { return };
        self.value("url", url.url_string.as_deref().unwrap_or_default().to_owned());
        self.host(url.hostname.as_deref());
    }

    fn certificate(&mut self, certificate: &Certificate) {
        let mut fields = Fields::of("x509-certificate");
        fields.put("serial_number", certificate.serial_number.as_deref());
        fields.put("issuer", certificate.issuer.as_deref());
        fields.put("subject", certificate.subject.as_deref());
        fields.put("hashes", hashes(certificate.fingerprints.as_deref()));
        fields.put("validity_not_before", certificate.created_time.and_then(time));
        fields.put("validity_not_after", certificate.expiration_time.and_then(time));
        self.add_if(fields);
    }

    fn file(&mut self, file: &File) -> Option<String> {
        let mut fields = Fields::of("file");
        // Some records have nothing but a path.
        let path = file.path.as_deref();
        let name = file.name.as_deref().or(path).map(|name| name.rsplit(['\\', '/']).next().unwrap_or(name));
        fields.put("name", name);
        fields.put("size", file.size);
        fields.put("mime_type", file.mime_type.as_deref());
        fields.put("hashes", hashes(file.hashes.as_deref()));
        fields.put("ctime", file.created_time.and_then(time));
        fields.put("mtime", file.modified_time.and_then(time));
        let folder = file.parent_folder.as_deref().or_else(|| path?.rsplit_once(['\\', '/']).map(|(folder, _)| folder));
        if let Some(folder) = folder.filter(|folder| !folder.is_empty()) {
            let mut directory = Fields::of("directory");
            directory.put("path", Some(folder));
            let id = self.add(directory);
            fields.put("parent_directory_ref", Some(id));
        }
        if let Some(certificate) = file.signature.as_deref().and_then(|signature| signature.certificate.as_deref()) {
            self.certificate(certificate);
        }
        self.add_if(fields)
    }

    fn actor(&mut self, actor: Option<&Actor>) {
        let Some(actor) = actor else { return };
        actor.process.as_deref().map(|process| self.process(process, 0));
        actor.user.as_deref().map(|user| self.user(user));
    }

    fn process(&mut self, process: &Process, depth: usize) -> Option<String> {
        let mut fields = Fields::of("process");
        fields.put("pid", process.pid);
        fields.put("command_line", process.cmd_line.as_deref());
        fields.put("cwd", process.working_directory.as_deref());
        fields.put("created_time", process.created_time.and_then(time));
        // STIX 2.0 had a name; 2.1 has that of the image.
        fields.put("name", process.name.as_deref());
        let image = match process.file.as_deref() {
            Some(file) => self.file(file),
            None => match process.path.as_deref().or(process.name.as_deref()) {
                Some(path) => self.file(&File { path: Some(path.to_owned()), ..File::default() }),
                None => None,
            },
        };
        fields.put("image_ref", image);
        let user = process.user.as_deref().and_then(|user| self.user(user));
        fields.put("creator_user_ref", user);
        if depth < PARENTS_MAX
            && let Some(parent) = process.parent_process.as_deref()
        {
            let parent = self.process(parent, depth + 1);
            fields.put("parent_ref", parent);
        }
        self.add_if(fields)
    }

    fn service(&mut self, service: Option<&WinService>) {
        let Some(service) = service else { return };
        let mut fields = Fields::of("process");
        fields.put("command_line", service.cmd_line.as_deref());
        let own = json!({ "service_name": service.name, "start_type": service.service_start_type });
        fields.put("extensions", Some(json!({ "windows-service-ext": own })));
        self.add(fields);
    }

    fn user(&mut self, user: &User) -> Option<String> {
        let mut fields = Fields::of("user-account");
        fields.put("user_id", user.uid.as_deref().or(user.name.as_deref()));
        fields.put("account_login", user.name.as_deref());
        fields.put("display_name", user.full_name.as_deref());
        let account = self.add_if(fields);
        if let Some(address) = user.email_addr.as_deref() {
            self.value("email-addr", address.to_ascii_lowercase());
        }
        account
    }

    fn email(&mut self, email: Option<&Email>) {
        let Some(email) = email else { return };
        let mut fields = Fields::of("email-message");
        let from = email.from.as_deref().and_then(|from| self.value("email-addr", from.to_ascii_lowercase()));
        fields.put("from_ref", from.clone());
        fields.put("sender_ref", from);
        let to: Vec<String> =
            email.to.iter().flatten().filter_map(|to| self.value("email-addr", to.to_ascii_lowercase())).collect();
        fields.put("to_refs", (!to.is_empty()).then_some(to));
        fields.put("subject", email.subject.as_deref());
        fields.put("message_id", email.message_uid.as_deref());
        self.add_if(fields);
    }

    fn registry(&mut self, key: Option<&RegKey>, value: Option<&RegValue>) {
        let mut fields = Fields::of("windows-registry-key");
        let path = value.and_then(|value| value.path.as_deref()).or_else(|| key?.path.as_deref());
        fields.put("key", path.map(hive));
        if let Some(value) = value {
            let mut own = Fields::default();
            own.put("name", value.name.as_deref());
            own.put("data", value.reg_string_data.as_deref());
            own.put("data_type", value.type_name.as_deref());
            fields.put("values", Some(Value::Array(vec![Value::Object(own.0)])));
        }
        self.add_if(fields);
    }

    fn software(&mut self, product: &Product) {
        let mut fields = Fields::of("software");
        fields.put("name", product.name.as_deref());
        fields.put("vendor", product.vendor_name.as_deref());
        fields.put("version", product.version.as_deref());
        self.add_if(fields);
    }
}

/// What is told of a connection in one place of an event.
struct Connection<'a> {
    ends: (Option<&'a Endpoint>, Option<&'a Endpoint>),
    info: Option<&'a ConnectionInfo>,
    traffic: Option<&'a Traffic>,
    request: Option<&'a HttpRequest>,
    app: Option<&'a str>,
}

impl Connection<'_> {
    /// From the outermost to the innermost, in small letters.
    fn protocols(&self, fields: &Fields, scene: &Scene) -> Vec<String> {
        let end = ["src_ref", "dst_ref"].iter().find_map(|name| fields.0.get(*name)?.as_str()?.parse::<usize>().ok());
        let kind = end.and_then(|at| scene.objects.get(at)?.get("type")?.as_str());
        let network = match kind {
            Some("ipv4-addr") => Some("ipv4"),
            Some("ipv6-addr") => Some("ipv6"),
            _ => None,
        };
        let transport = self.info.and_then(|info| info.protocol_name.as_deref());
        let application = self.app.or(self.request.map(|_| "http"));
        [network, transport, application].into_iter().flatten().map(str::to_ascii_lowercase).collect()
    }
}

fn headers(request: &HttpRequest) -> Vec<(&'static str, &str)> {
    let host = request.url.as_deref().and_then(|url| url.hostname.as_deref());
    [("User-Agent", request.user_agent.as_deref()), ("Referer", request.referrer.as_deref()), ("Host", host)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn extension(request: &HttpRequest, header: Map<String, Value>) -> Value {
    let mut fields = Fields::default();
    fields.put("request_method", request.http_method.as_deref().map(str::to_ascii_lowercase));
    let url = request.url.as_deref();
    let path = url.and_then(|url| url.path.as_deref()).map(|path| {
        match url.and_then(|url| url.query_string.as_deref()).filter(|query| !query.is_empty()) {
            Some(query) if !path.contains('?') => format!("{path}?{query}"),
            _ => path.to_owned(),
        }
    });
    fields.put("request_value", path.or_else(|| url?.url_string.clone()));
    fields.put("request_version", request.version.as_deref());
    fields.put("request_header", (!header.is_empty()).then_some(header));
    json!({ "http-request-ext": fields.0 })
}

/// Hashes by the names of STIX (section 10.7) and by those that many write instead.
fn hashes(hashes: Option<&[Fingerprint]>) -> Option<Map<String, Value>> {
    let mut all = Map::new();
    for hash in hashes? {
        let Some(value) = hash.value.as_deref() else { continue };
        let names: &[&str] = match hash.algorithm_id {
            Some(1) => &["MD5"],
            Some(2) => &["SHA-1", "SHA1"],
            Some(3) => &["SHA-256", "SHA256"],
            Some(4) => &["SHA-512", "SHA512"],
            Some(5) => &["SSDEEP"],
            Some(6) => &["TLSH"],
            _ => &[],
        };
        // Only what is written in hexadecimal digits means the same in small letters.
        let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = if is_hex { value.to_ascii_lowercase() } else { value.to_owned() };
        for name in names {
            all.insert((*name).to_owned(), value.clone().into());
        }
        if let (true, Some(name)) = (names.is_empty(), hash.algorithm.as_deref()) {
            all.insert(name.to_ascii_uppercase(), value.into());
        }
    }
    (!all.is_empty()).then_some(all)
}

/// The key with its hive written out.
fn hive(path: &str) -> String {
    let hives = [
        ("HKLM\\", "HKEY_LOCAL_MACHINE\\"),
        ("HKCU\\", "HKEY_CURRENT_USER\\"),
        ("HKCR\\", "HKEY_CLASSES_ROOT\\"),
        ("HKU\\", "HKEY_USERS\\"),
        ("HKCC\\", "HKEY_CURRENT_CONFIG\\"),
        ("\\REGISTRY\\MACHINE\\", "HKEY_LOCAL_MACHINE\\"),
        ("\\REGISTRY\\USER\\", "HKEY_USERS\\"),
    ];
    for (short, full) in hives {
        if let Some((head, rest)) = path.split_at_checked(short.len())
            && head.eq_ignore_ascii_case(short)
        {
            return format!("{full}{rest}");
        }
    }
    path.to_owned()
}

/// Milliseconds as a time of STIX.
fn time(millis: i64) -> Option<String> {
    Some(model::Timestamp::from_micros(millis.checked_mul(1_000)?).to_string())
}
