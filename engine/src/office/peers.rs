//! Peers: who they are, what was agreed with them, how they do, and what left for them.

use std::collections::BTreeSet;
use std::time::Duration;

use intel::release::PeerId;
use model::{AgencyId, Grade, Marking, OpContext, Timestamp, limits};
use serde::{Deserialize, Serialize};
use store::state::{
    ApiRoot, Collection, CollectionRights, Departed, DeparturesAsked, EVERYTHING, NewCollection, NewIntelSource,
    NewPeer, NewToken, Peer, PeerNumber, RefusedCount, Scope, StateError,
};

use super::{Office, OfficeError};
use crate::access::Operation;
use crate::share::{PeerTerms, Signer};

/// The API root in which collections for peers are.
pub const PEERS_ROOT: &str = "peers";
/// For how many days a peer's token is good.
const TOKEN_DAYS: u64 = 365;
/// For which days refusals are shown.
const REFUSED_DAYS: u64 = 30;

/// A peer that is to be added.
#[derive(Clone, Debug)]
pub struct PeerAsked<'a> {
    /// What people call it: a label, since sources are named after it.
    pub name: &'a str,
    /// What was agreed with it.
    pub terms: PeerTerms,
    /// How it is spoken with, as JSON of whoever speaks.
    pub wire: serde_json::Value,
    /// Our token at its place, if there is one yet.
    pub secret: Option<&'a str>,
    /// How reliable what it says is.
    pub grade: Grade,
    /// How far what it says may travel, where it does not say so.
    pub marking: Marking,
}

/// What a peer has to be told so that it can read what we share with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The token with which it comes in; shown once, not kept.
    pub secret: [u8; 32],
    /// The collection that it reads: API root and id.
    pub outbox: (String, String),
    /// The collection that it may write into.
    pub inbox: (String, String),
    /// Our key, with which we sign groups.
    pub key: String,
}

/// How a peer does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerHealth {
    /// Since when its stream of hints is open, if it is.
    pub streaming: Option<Timestamp>,
    /// When it was asked last.
    pub last_try: Option<Timestamp>,
    /// When everything that it has was here last.
    pub last_success: Option<Timestamp>,
    /// When something new came last.
    pub last_news: Option<Timestamp>,
    /// How often in a row it went wrong.
    pub failures: u32,
    /// What went wrong last, if the last try did.
    pub error: Option<String>,
    /// Claims that came, new or changed.
    pub claims: u64,
    /// Sightings that came.
    pub sightings: u64,
    /// Records that could not be read.
    pub bad: u64,
    /// The first of the last page's, and why.
    pub notes: Vec<String>,
}

impl PeerHealth {
    /// That of a peer.
    pub fn of(peer: &Peer) -> Self {
        serde_json::from_str(&peer.health).unwrap_or_default()
    }

    /// In a word: `new`, `paused`, `live`, `good`, `failing`.
    pub fn status(&self, peer: &Peer) -> &'static str {
        match (peer.paused, self.last_try, self.failures) {
            (Some(_), ..) => "paused",
            (None, None, _) => "new",
            (None, Some(_), 0) if self.streaming.is_some() => "live",
            (None, Some(_), 0) => "good",
            (None, Some(_), _) => "failing",
        }
    }
}

/// A peer with all around it.
#[derive(Clone, Debug)]
pub struct PeerView {
    /// The peer.
    pub peer: Peer,
    /// What was agreed.
    pub terms: PeerTerms,
    /// How it does.
    pub health: PeerHealth,
    /// How much left for it.
    pub left: u64,
    /// What did not leave in the last 30 days.
    pub refused: Vec<RefusedCount>,
}

/// How a peer's configuration is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    terms: PeerTerms,
    #[serde(default)]
    wire: serde_json::Value,
}

/// How a peer is spoken with, of its configuration.
pub fn wire_of(peer: &Peer) -> serde_json::Value {
    serde_json::from_str::<Kept>(&peer.config).map(|kept| kept.wire).unwrap_or_default()
}

fn config_of(terms: &PeerTerms, wire: &serde_json::Value) -> String {
    serde_json::to_string(&Kept { terms: terms.clone(), wire: wire.clone() }).unwrap_or_default()
}

/// What stands before a peer's name in that of its source.
const SOURCE_PREFIX: &str = "peer-";

/// The name of a peer's source of intelligence.
pub fn source_name(peer: &str) -> String {
    format!("{SOURCE_PREFIX}{peer}")
}

impl Office {
    /// Signs for the agency.
    pub(super) async fn signer(&self, agency: &AgencyId) -> Result<Signer, OfficeError> {
        let secret = self.vault.agency_secret(agency.as_str(), "groups").await?;
        Signer::new(agency.as_str(), &secret).ok_or_else(|| OfficeError::Refused("no key can be made".to_owned()))
    }

    /// What the agency is called among all nodes, and the key with which it signs.
    ///
    /// # Errors
    /// When the context may not, or the vault refuses.
    pub async fn sharing_key(&self, ctx: &OpContext) -> Result<String, OfficeError> {
        self.may(ctx, Operation::PeerRead).await?;
        Ok(self.signer(&ctx.agency).await?.verifier().to_string())
    }

    /// Adds a peer with collections, a token and a source of its own. Says what it has to be told.
    ///
    /// # Errors
    /// When the context may not, name or terms make no sense, the name is taken, or the state refuses.
    pub async fn add_peer(&self, ctx: &OpContext, asked: &PeerAsked<'_>) -> Result<Invitation, OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        model::SourceId::parse(&source_name(asked.name)).map_err(|error| OfficeError::Refused(error.to_string()))?;
        asked.terms.check().map_err(OfficeError::Refused)?;
        if self.state.peers(ctx).await?.iter().any(|peer| peer.removed.is_none() && peer.name == asked.name) {
            return Err(OfficeError::Conflict(format!("there is a peer {:?} already", asked.name)));
        }
        self.peers_root(ctx).await?;
        let outbox = self.peer_collection(ctx, format!("For {}", asked.name)).await?;
        let inbox = self.peer_collection(ctx, format!("From {}", asked.name)).await?;
        let source = source_name(asked.name);
        let config = serde_json::json!({ "grade": asked.grade, "marking": asked.marking }).to_string();
        let source = NewIntelSource { name: &source, kind: "peer", config: &config };
        let source = self.state.add_intel_source(ctx, &source).await?;
        let (token, secret) = self.peer_token(ctx, asked.name).await?;
        let config = config_of(&asked.terms, &asked.wire);
        let new = NewPeer {
            name: asked.name,
            config: &config,
            secret: asked.secret.unwrap_or_default(),
            token: &token,
            outbox: &outbox,
            inbox: &inbox,
            source,
        };
        self.state.add_peer(ctx, &new).await?;
        let peer = self.state.peer(ctx, asked.name).await?;
        self.let_in(ctx, &peer, &token).await?;
        // Groups that it is in already; the rest follows with the next pass.
        self.spread_groups(ctx, peer.number).await?;
        self.invitation(ctx, &peer, secret).await
    }

    /// A new token for a peer; the old one ends at once. Says what the peer has to be told.
    ///
    /// # Errors
    /// When the context may not, there is no such peer, or the state refuses.
    pub async fn invite_peer(&self, ctx: &OpContext, name: &str) -> Result<Invitation, OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        let peer = self.state.peer(ctx, name).await?;
        self.shut_out(ctx, &peer).await?;
        let (token, secret) = self.peer_token(ctx, name).await?;
        self.state.set_peer_token(ctx, &peer, &token).await?;
        self.let_in(ctx, &peer, &token).await?;
        self.invitation(ctx, &peer, secret).await
    }

    async fn invitation(&self, ctx: &OpContext, peer: &Peer, secret: [u8; 32]) -> Result<Invitation, OfficeError> {
        let place = |of: &store::state::PeerCollection| (of.root.clone(), of.id.clone());
        let key = self.signer(&ctx.agency).await?.verifier().to_string();
        Ok(Invitation { secret, outbox: place(&peer.outbox), inbox: place(&peer.inbox), key })
    }

    async fn peers_root(&self, ctx: &OpContext) -> Result<(), OfficeError> {
        let root = ApiRoot {
            name: PEERS_ROOT.to_owned(),
            title: "Peers".to_owned(),
            description: Some("What is shared with each peer, and what each brings.".to_owned()),
        };
        match self.state.add_api_root(ctx, &root).await {
            Ok(()) | Err(StateError::Exists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn peer_collection(&self, ctx: &OpContext, title: String) -> Result<Collection, OfficeError> {
        let new = NewCollection {
            id: Office::collection_id(),
            alias: None,
            title,
            description: None,
            spec_versions: vec!["2.1".to_owned()],
            everybody: CollectionRights::default(),
        };
        self.state.add_collection(ctx, PEERS_ROOT, &new).await?;
        Ok(self.state.collection(ctx, PEERS_ROOT, &new.id, EVERYTHING).await?)
    }

    /// A token has its name for ever, so each gets one that nothing had before.
    async fn peer_token(&self, ctx: &OpContext, name: &str) -> Result<(String, [u8; 32]), OfficeError> {
        let secret = crate::entrance::secret()?;
        let print = blake3::hash(&secret).to_hex();
        let token = format!("peer-{name}-{}", &print[..8]);
        let expires = ctx.now.plus(Duration::from_secs(TOKEN_DAYS * 86_400));
        let scopes = BTreeSet::from([Scope::Share]);
        self.state.add_token(ctx, &NewToken { name: &token, secret: &secret, scopes, expires }).await?;
        Ok((token, secret))
    }

    async fn let_in(&self, ctx: &OpContext, peer: &Peer, token: &str) -> Result<(), OfficeError> {
        let (reads, writes) = (
            CollectionRights { can_read: true, can_write: false },
            CollectionRights { can_read: false, can_write: true },
        );
        for (of, rights) in [(&peer.outbox, reads), (&peer.inbox, writes)] {
            self.state.set_collection_rights(ctx, (&of.root, &of.id), token, Some(rights)).await?;
        }
        Ok(())
    }

    /// The peer's tokens so far open nothing any more.
    async fn shut_out(&self, ctx: &OpContext, peer: &Peer) -> Result<(), OfficeError> {
        for token in self.state.tokens(ctx).await? {
            let is_theirs = store::state::object_named("token", &token.name) == peer.token;
            if is_theirs && token.revoked.is_none() {
                self.state.revoke_token(ctx, &token.name).await?;
            }
        }
        Ok(())
    }

    /// Changes what was agreed with a peer, how it is spoken with, and our token there; `None` leaves each as it is.
    ///
    /// # Errors
    /// When the context may not, the terms make no sense, there is no such peer, or the state refuses.
    pub async fn change_peer(
        &self,
        ctx: &OpContext,
        name: &str,
        terms: Option<&PeerTerms>,
        (wire, secret): (Option<&serde_json::Value>, Option<&str>),
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        let peer = self.state.peer(ctx, name).await?;
        let terms = terms.cloned().unwrap_or_else(|| PeerTerms::of(&peer));
        terms.check().map_err(OfficeError::Refused)?;
        let config = config_of(&terms, &wire.cloned().unwrap_or_else(|| wire_of(&peer)));
        self.state.set_peer(ctx, &peer, &config, secret).await?;
        self.spread_groups(ctx, peer.number).await
    }

    /// The agency's peers, and how much left for each.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn peers(&self, ctx: &OpContext) -> Result<Vec<PeerView>, OfficeError> {
        self.may(ctx, Operation::PeerRead).await?;
        let counts = self.state.departure_counts(ctx).await?;
        let since = ctx.now.minus(Duration::from_secs(REFUSED_DAYS * 86_400));
        let refused = self.state.refused_departures(ctx, since).await?;
        let peers = self.state.peers(ctx).await?.into_iter().filter(|peer| peer.removed.is_none());
        let view = |peer: Peer| PeerView {
            terms: PeerTerms::of(&peer),
            health: PeerHealth::of(&peer),
            left: counts.iter().find(|(number, _)| *number == peer.number).map_or(0, |(_, count)| *count),
            refused: refused.iter().filter(|count| count.peer == peer.number).cloned().collect(),
            peer,
        };
        Ok(peers.map(view).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// When the context may not, there is none, or the state refuses.
    pub async fn peer(&self, ctx: &OpContext, name: &str) -> Result<PeerView, OfficeError> {
        let found = self.peers(ctx).await?.into_iter().find(|view| view.peer.name == name);
        found.ok_or_else(|| OfficeError::NotFound { what: "peer", name: name.chars().take(80).collect() })
    }

    /// Has nothing go to a peer and asks it no more for now, or ends that: then what it missed follows.
    ///
    /// # Errors
    /// When the context may not, there is no such peer, or the state refuses.
    pub async fn pause_peer(&self, ctx: &OpContext, name: &str, is_paused: bool) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        let peer = self.state.peer(ctx, name).await?;
        self.state.pause_peer(ctx, &peer, is_paused.then_some(ctx.now)).await?;
        match is_paused {
            true => Ok(()),
            false => self.spread_groups(ctx, peer.number).await,
        }
    }

    /// Removes a peer: its token ends, and what it claimed goes. What left for it stays known.
    ///
    /// # Errors
    /// When the context may not, there is no such peer, or the state refuses.
    pub async fn remove_peer(&self, ctx: &OpContext, name: &str) -> Result<u64, OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        let peer = self.state.peer(ctx, name).await?;
        self.shut_out(ctx, &peer).await?;
        let claims = match self.remove_intel_source(ctx, &source_name(name)).await {
            Ok(claims) => claims,
            // Somebody has removed it before.
            Err(OfficeError::NotFound { .. }) => 0,
            Err(error) => return Err(error),
        };
        self.state.remove_peer(ctx, &peer).await?;
        Ok(claims)
    }

    /// What left, the latest first, each with the name of whom it left for.
    ///
    /// # Errors
    /// When the context may not, there is no such peer, or the state refuses.
    pub async fn departures(
        &self,
        ctx: &OpContext,
        to: Option<&str>,
        before: Option<Timestamp>,
        rows_max: usize,
    ) -> Result<Vec<(String, Departed)>, OfficeError> {
        self.may(ctx, Operation::PeerRead).await?;
        let peers = self.state.peers(ctx).await?;
        let to = match to {
            Some(name) => Some(number_of(&peers, name)?),
            None => None,
        };
        let before = before.unwrap_or(Timestamp::from_micros(i64::MAX));
        let asked = DeparturesAsked { to, before, rows_max: rows_max.min(limits::INTEL_PAGE_MAX) };
        let name = |number| peers.iter().find(|peer| peer.number == number).map_or("?", |peer| peer.name.as_str());
        let left = self.state.departures(ctx, &asked).await?;
        Ok(left.into_iter().map(|departed| (name(departed.peer).to_owned(), departed)).collect())
    }

    /// The peer whose token it is that asks, for what only peers may.
    pub(super) async fn asking_peer(&self, ctx: &OpContext) -> Result<Option<Peer>, OfficeError> {
        let peers = self.state.peers(ctx).await?;
        Ok(peers.into_iter().find(|peer| peer.removed.is_none() && peer.token == ctx.actor))
    }

    /// What a peer is called among all nodes.
    pub(super) fn node_of(peer: &Peer) -> Option<PeerId> {
        PeerTerms::of(peer).node(&peer.name)
    }
}

/// Of several that had the name, the one that has it now, else the last.
fn number_of(peers: &[Peer], name: &str) -> Result<PeerNumber, OfficeError> {
    let named = peers.iter().filter(|peer| peer.name == name);
    let found = named.max_by_key(|peer| (peer.removed.is_none(), peer.number));
    found
        .map(|peer| peer.number)
        .ok_or_else(|| OfficeError::NotFound { what: "peer", name: name.chars().take(80).collect() })
}
