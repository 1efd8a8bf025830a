//! The staff's identity provider, asked over HTTPS (OpenID Connect Core 1.0, authorization code with PKCE).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::{Role, Roles, Timestamp};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdTokenFields,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims, http,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::state::IdentityHash;
use url::Url;

/// Longest answer that is read of a provider.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// How long a provider may take for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long what a provider says of itself, and its keys, are taken as they are.
const METADATA_KEPT: Duration = Duration::from_secs(600);

/// How to ask an identity provider, and what its groups may do here.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// The provider, by the address that it gives itself.
    pub issuer: String,
    /// What the provider calls this installation.
    pub client_id: String,
    /// The secret between the two, if there is one.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// What people call their account there.
    #[serde(default = "label")]
    pub label: String,
    /// Scopes to ask for beside `openid` and `profile`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim that names somebody's groups.
    #[serde(default = "claim")]
    pub roles_claim: String,
    /// What groups are here for. Whoever has one is admitted when they first come, and keeps the roles that their groups have;
    /// without it, an account lets in only whom an administrator has admitted.
    #[serde(default)]
    pub roles: BTreeMap<String, BTreeSet<Role>>,
}

fn label() -> String {
    "staff account".to_owned()
}

fn claim() -> String {
    "groups".to_owned()
}

impl std::fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderConfig").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Why a provider is of no help. For the log: whoever tries is told no more than that it did not work.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    #[error("the identity provider's address: {0}")]
    Address(String),
    #[error("the identity provider cannot be asked: {0}")]
    Http(String),
    #[error("the identity provider says nothing that can be used: {0}")]
    Answer(String),
    #[error("the identity provider's token is not to be trusted: {0}")]
    Token(String),
}

/// Claims beside the standard ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Extra {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for Extra {}

type Fields = IdTokenFields<
    Extra,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type StaffClient = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is needed to go on when somebody comes back.
#[derive(Debug)]
pub(super) struct Asked {
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// Who came back.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) identity: IdentityHash,
    /// What they are called.
    pub(super) name: String,
    /// When they proved to the provider who they are, if it says so.
    pub(super) proven: Option<Timestamp>,
    /// What their groups are here for; `None` when groups say nothing here.
    pub(super) roles: Option<Roles>,
}

/// An identity provider.
pub(super) struct Provider {
    config: ProviderConfig,
    back: RedirectUrl,
    http: Http,
    known: Mutex<Option<(Timestamp, CoreProviderMetadata)>>,
}

impl Provider {
    /// The provider, which sends people back to `back`.
    ///
    /// # Errors
    /// When an address is none, or one that would not be encrypted.
    pub(super) fn new(config: ProviderConfig, back: Url) -> Result<Self, ProviderError> {
        let issuer = Url::parse(&config.issuer).map_err(|error| ProviderError::Address(error.to_string()))?;
        // Only what never leaves the machine may be asked in plain text.
        let is_local = matches!(issuer.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if issuer.scheme() != "https" && !is_local {
            return Err(ProviderError::Address(format!("{issuer} is not https")));
        }
        let client = reqwest::Client::builder()
            .timeout(ANSWER_TIME_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .https_only(!is_local)
            .no_proxy()
            .build()
            .map_err(|error| ProviderError::Http(error.to_string()))?;
        Ok(Provider { config, back: RedirectUrl::from_url(back), http: Http(client), known: Mutex::default() })
    }

    pub(super) fn label(&self) -> &str {
        &self.config.label
    }

    async fn client(&self, now: Timestamp) -> Result<StaffClient, ProviderError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = known.filter(|(since, _)| since.plus(METADATA_KEPT) > now && *since <= now);
        let metadata = match fresh {
            Some((_, metadata)) => metadata,
            None => {
                let issuer = IssuerUrl::new(self.config.issuer.clone());
                let issuer = issuer.map_err(|error| ProviderError::Address(error.to_string()))?;
                let metadata = CoreProviderMetadata::discover_async(issuer, &self.http).await;
                let metadata = metadata.map_err(|error| ProviderError::Answer(words(&error)))?;
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                *known = Some((now, metadata.clone()));
                metadata
            }
        };
        let secret = self.config.client_secret.clone().map(ClientSecret::new);
        let client =
            StaffClient::from_provider_metadata(metadata, ClientId::new(self.config.client_id.clone()), secret);
        Ok(client.set_redirect_uri(self.back.clone()))
    }

    /// Where to send somebody who wants to come in by their account. `must_prove`: the provider has to ask them again.
    pub(super) async fn address(
        &self,
        now: Timestamp,
        state: &str,
        must_prove: bool,
    ) -> Result<(Url, Asked), ProviderError> {
        let client = self.client(now).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = state.to_owned();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client.authorize_url(flow, move || CsrfToken::new(state), Nonce::new_random);
        request = request.set_pkce_challenge(challenge).add_scope(Scope::new("profile".to_owned()));
        for scope in &self.config.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        if must_prove {
            request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        }
        let (address, _, nonce) = request.url();
        Ok((address, Asked { nonce, verifier }))
    }

    /// Who came back with that code.
    pub(super) async fn account(&self, now: Timestamp, code: &str, asked: Asked) -> Result<Account, ProviderError> {
        let client = self.client(now).await?;
        let answer = |error: &dyn std::error::Error| ProviderError::Answer(words(error));
        let token = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| answer(&error))?
            .set_pkce_verifier(asked.verifier)
            .request_async(&self.http)
            .await
            .map_err(|error| answer(&error))?;
        let id_token = token.id_token().ok_or_else(|| ProviderError::Answer("there is no ID token".to_owned()))?;
        // Signed with a key of the provider's own: a shared secret or no signature proves nothing.
        let verifier = client.id_token_verifier().set_allowed_algs([
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
            CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            CoreJwsSigningAlgorithm::EcdsaP384Sha384,
            CoreJwsSigningAlgorithm::EdDsa,
        ]);
        let claims = id_token.claims(&verifier, &asked.nonce);
        let claims = claims.map_err(|error| ProviderError::Token(words(&error)))?;
        let mut extra = claims.additional_claims().claims.clone();
        let mut names = vec![claims.name().and_then(|name| name.get(None)).map(|name| name.to_string())];
        names.push(claims.preferred_username().map(|name| name.to_string()));
        // Most providers keep a person's name and groups out of the token and give them when they are asked for.
        let access = token.access_token().clone();
        if let Ok(request) = client.user_info(access, Some(claims.subject().clone())) {
            let info: Result<UserInfoClaims<Extra, CoreGenderClaim>, _> = request.request_async(&self.http).await;
            let info = info.map_err(|error| answer(&error))?;
            names.insert(0, info.name().and_then(|name| name.get(None)).map(|name| name.to_string()));
            names.push(info.preferred_username().map(|name| name.to_string()));
            extra.extend(info.additional_claims().claims.clone());
        }
        let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        Ok(Account {
            identity: IdentityHash::of(&self.config.issuer, claims.subject().as_str()),
            name: name.unwrap_or_else(|| claims.subject().to_string()),
            proven: claims.auth_time().map(|at| Timestamp::from_micros(at.timestamp_micros())),
            roles: self.roles(&extra),
        })
    }

    fn roles(&self, extra: &Map<String, Value>) -> Option<Roles> {
        if self.config.roles.is_empty() {
            return None;
        }
        let groups: Vec<&str> = match extra.get(&self.config.roles_claim) {
            Some(Value::String(group)) => vec![group],
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let roles = groups.into_iter().filter_map(|group| self.config.roles.get(group)).flatten();
        Some(roles.copied().collect())
    }
}

/// An error with everything behind it, in one line.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

/// HTTP as far as a provider needs it: no redirects, a time limit, and no answer beyond a size.
struct Http(reqwest::Client);

#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Shape(#[from] http::Error),
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let mut response = self.0.execute(request.try_into()?).await?;
            let mut answer = http::Response::builder().status(response.status());
            if let Some(kind) = response.headers().get(http::header::CONTENT_TYPE) {
                answer = answer.header(http::header::CONTENT_TYPE, kind);
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                    return Err(HttpError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            Ok(answer.body(body)?)
        })
    }
}
