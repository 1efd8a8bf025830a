//! What is not to be trusted: tokens that are forged, old, for somebody else, or of no provider of ours.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn provider(issuer: &str) -> Result<Provider, ProviderError> {
    let config = json!({
        "issuer": issuer, "client_id": "watchbell", "client_secret": "between the two",
        "roles": { "watch": ["analyst"], "heads": ["lead", "auditor"] },
    });
    Provider::new(serde_json::from_value(config).unwrap(), Url::parse("http://localhost/staff").unwrap())
}

#[test]
fn a_provider_is_asked_over_an_encrypted_way() {
    for issuer in ["https://id.example", "http://localhost:4444", "http://127.0.0.1:4444/realm"] {
        assert!(provider(issuer).is_ok(), "{issuer}");
    }
    for issuer in ["http://id.example", "http://localhost.evil.example", "ftp://id.example", "id.example"] {
        assert!(provider(issuer).is_err(), "{issuer}");
    }
}

#[test]
fn groups_are_here_for_something() {
    let provider = provider("https://id.example").unwrap();
    let check = |claims: Value, roles: &[Role]| {
        let found = provider.roles(claims.as_object().unwrap()).unwrap();
        assert_eq!(found, roles.iter().copied().collect::<Roles>(), "{claims}");
    };
    check(json!({ "groups": ["watch", "heads", "others"] }), &[Role::Analyst, Role::Lead, Role::Auditor]);
    check(json!({ "groups": "watch" }), &[Role::Analyst]);
    check(json!({ "groups": [7, {}, ["watch"]] }), &[]);
    check(json!({ "roles": ["watch"] }), &[]);
}

/// How a provider's token is signed.
#[derive(Clone, Copy, PartialEq)]
enum Signed {
    Right,
    ByAnotherKey,
    NotAtAll,
    /// With the secret that client and provider share: whoever reads the client's configuration could.
    BySharedSecret,
}

fn part(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

fn token(key: &EcdsaKeyPair, claims: &Value, signed: Signed) -> String {
    let header = |alg: &str| json!({ "alg": alg, "kid": "one", "typ": "JWT" });
    let sign = |key: &EcdsaKeyPair, text: &str| {
        let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", BASE64.encode(signature.as_ref()))
    };
    match signed {
        Signed::Right => sign(key, &format!("{}.{}", part(&header("ES256")), part(claims))),
        Signed::ByAnotherKey => {
            let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            sign(&other, &format!("{}.{}", part(&header("ES256")), part(claims)))
        }
        Signed::NotAtAll => format!("{}.{}.", part(&header("none")), part(claims)),
        Signed::BySharedSecret => {
            let text = format!("{}.{}", part(&header("HS256")), part(claims));
            let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"between the two");
            format!("{text}.{}", BASE64.encode(aws_lc_rs::hmac::sign(&secret, text.as_bytes())))
        }
    }
}

/// Answers as a provider does, with a token that may be false. `change` has the claims, the nonce that was asked for included.
async fn false_provider(
    change: impl Fn(&mut Value) + Send + Sync + 'static,
    signed: Signed,
    user_subject: &'static str,
) -> (Provider, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let provider = provider(&issuer).unwrap();
    let nonce = Arc::new(Mutex::new(String::new()));
    let (asked, key) = (Arc::clone(&nonce), EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16 * 1024];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            let body = match path.as_str() {
                "/.well-known/openid-configuration" => json!({
                    "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
                    "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
                    "userinfo_endpoint": format!("{issuer}/me"), "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
                }),
                "/keys" => {
                    let point = key.public_key().as_ref();
                    json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one",
                        "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..]) }] })
                }
                "/me" => json!({ "sub": user_subject, "name": "Ada Brandt", "groups": ["watch"] }),
                _ => {
                    let mut claims = json!({
                        "iss": issuer, "sub": "7", "aud": "watchbell", "iat": now, "exp": now + 300,
                        "nonce": *asked.lock().unwrap(), "auth_time": now,
                    });
                    change(&mut claims);
                    json!({ "access_token": "a", "token_type": "Bearer", "id_token": token(&key, &claims, signed) })
                }
            };
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (provider, nonce)
}

async fn come(
    change: impl Fn(&mut Value) + Send + Sync + 'static,
    signed: Signed,
    user_subject: &'static str,
) -> Result<Account, ProviderError> {
    let (provider, nonce) = false_provider(change, signed, user_subject).await;
    let now = Timestamp::from_millis(1_700_000_000_000);
    let (address, asked) = provider.address(now, "a-state", false).await.unwrap();
    let pairs: BTreeMap<_, _> = address.query_pairs().into_owned().collect();
    assert_eq!((pairs["state"].as_str(), pairs["code_challenge_method"].as_str()), ("a-state", "S256"));
    *nonce.lock().unwrap() = pairs["nonce"].clone();
    provider.account(now, "a-code", asked).await
}

#[tokio::test]
async fn what_is_right_is_taken() {
    let account = come(|_| {}, Signed::Right, "7").await.unwrap();
    assert_eq!((account.name.as_str(), account.roles), ("Ada Brandt", Some(Roles::of(Role::Analyst))));
    assert!(account.proven.is_some());
}

#[tokio::test]
async fn what_is_forged_or_for_somebody_else_is_not() {
    let refused = async |change: fn(&mut Value), signed, user: &'static str, what: &str| {
        let outcome = come(change, signed, user).await;
        assert!(outcome.is_err(), "{what}: {outcome:?}");
    };
    refused(|_| {}, Signed::ByAnotherKey, "7", "signed by another key").await;
    refused(|_| {}, Signed::NotAtAll, "7", "alg none").await;
    refused(|_| {}, Signed::BySharedSecret, "7", "signed with the client's own secret").await;
    refused(|claims| claims["nonce"] = json!("another"), Signed::Right, "7", "of another visit").await;
    refused(|claims| drop(claims.as_object_mut().unwrap().remove("nonce")), Signed::Right, "7", "without a nonce")
        .await;
    refused(|claims| claims["aud"] = json!("another-client"), Signed::Right, "7", "for another client").await;
    refused(|claims| claims["iss"] = json!("https://evil.example"), Signed::Right, "7", "of another issuer").await;
    refused(|claims| claims["exp"] = json!(1_000), Signed::Right, "7", "ended").await;
    refused(|_| {}, Signed::Right, "8", "the provider speaks of somebody else").await;
}
