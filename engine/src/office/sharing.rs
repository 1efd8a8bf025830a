//! Collections of shared objects: who reads them, who brings objects, and who says so.
//!
//! Programs of others have the rights that each collection gives them; the agency's own people, as far as their roles let
//! them, have all. A right to a collection is a value that is had from here, and that reading and writing ask for.

use model::{OpContext, Role, Timestamp};
use store::ledger::Outcome;
use store::state::{
    ApiRoot, Collection, CollectionRights, Deed, EVERYTHING, ManifestPage, NewCollection, NewObject, ObjectsAsked,
    ObjectsPage, PostStatus, Taken,
};
use uuid::Uuid;

use super::{Office, OfficeError};
use crate::access::{Denied, Operation};

/// A collection whose objects may be read.
#[derive(Clone, Debug)]
pub struct Readable(Collection);

impl Readable {
    /// The collection.
    pub fn collection(&self) -> &Collection {
        &self.0
    }
}

/// A collection that objects may be brought into.
#[derive(Clone, Debug)]
pub struct Writable(Collection);

impl Writable {
    /// The collection.
    pub fn collection(&self) -> &Collection {
        &self.0
    }
}

/// As whom somebody has rights to collections.
fn holder(ctx: &OpContext) -> &str {
    if ctx.roles.has(Role::Peer) { &ctx.actor } else { EVERYTHING }
}

impl Office {
    /// An id that no collection has yet.
    pub fn collection_id() -> String {
        Uuid::new_v4().to_string()
    }

    /// The agency's API roots.
    ///
    /// # Errors
    /// When the context may not, or the state refuses.
    pub async fn api_roots(&self, ctx: &OpContext) -> Result<Vec<ApiRoot>, OfficeError> {
        self.may(ctx, Operation::ShareRead).await?;
        Ok(self.state.api_roots(ctx).await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// When the context may not, there is none of that name, or the state refuses.
    pub async fn api_root(&self, ctx: &OpContext, name: &str) -> Result<ApiRoot, OfficeError> {
        self.may(ctx, Operation::ShareRead).await?;
        Ok(self.state.api_root(ctx, name).await?)
    }

    /// The collections of a root that whoever asks may know of.
    ///
    /// # Errors
    /// As [`Office::api_root`].
    pub async fn collections(&self, ctx: &OpContext, root: &str) -> Result<Vec<Collection>, OfficeError> {
        self.api_root(ctx, root).await?;
        Ok(self.state.collections(ctx, root, holder(ctx)).await?)
    }

    /// One of them, by its id or alias.
    ///
    /// # Errors
    /// When the context may not, there is none that it may know of, or the state refuses.
    pub async fn collection(&self, ctx: &OpContext, root: &str, id: &str) -> Result<Collection, OfficeError> {
        self.may(ctx, Operation::ShareRead).await?;
        Ok(self.state.collection(ctx, root, id, holder(ctx)).await?)
    }

    /// The right to read a collection.
    ///
    /// # Errors
    /// As [`Office::collection`], and when there is no such right.
    pub async fn readable(&self, ctx: &OpContext, root: &str, id: &str) -> Result<Readable, OfficeError> {
        let collection = self.collection(ctx, root, id).await?;
        if !collection.rights.can_read {
            return Err(self.no_right(ctx, Operation::ShareRead, &collection).await?);
        }
        Ok(Readable(collection))
    }

    /// The right to bring objects into a collection.
    ///
    /// # Errors
    /// As [`Office::collection`], and when there is no such right.
    pub async fn writable(&self, ctx: &OpContext, root: &str, id: &str) -> Result<Writable, OfficeError> {
        self.may(ctx, Operation::ShareWrite).await?;
        let collection = self.state.collection(ctx, root, id, holder(ctx)).await?;
        // What a peer reads is written by the gate alone, whatever rights somebody has given.
        if !collection.rights.can_write || self.state.is_outbox(ctx, &collection).await? {
            return Err(self.no_right(ctx, Operation::ShareWrite, &collection).await?);
        }
        Ok(Writable(collection))
    }

    /// Writes down who tried, as for every other denial.
    async fn no_right(
        &self,
        ctx: &OpContext,
        operation: Operation,
        collection: &Collection,
    ) -> Result<OfficeError, OfficeError> {
        let deed = Deed::done(operation.name(), format!("collection:{}", collection.id));
        self.state.record(ctx, &[Deed { outcome: Outcome::Denied, ..deed }]).await?;
        Ok(Denied { operation, roles: ctx.roles.to_string(), needs_proof: false }.into())
    }

    /// A page of objects.
    ///
    /// # Errors
    /// When more is asked for at once than may be, or the state refuses.
    pub async fn shared_objects(
        &self,
        ctx: &OpContext,
        from: &Readable,
        asked: &ObjectsAsked,
    ) -> Result<ObjectsPage, OfficeError> {
        Ok(self.state.shared_objects(ctx, &from.0, asked).await?)
    }

    /// A page of what the collection's manifest says of its objects.
    ///
    /// # Errors
    /// As [`Office::shared_objects`].
    pub async fn manifest(
        &self,
        ctx: &OpContext,
        from: &Readable,
        asked: &ObjectsAsked,
    ) -> Result<ManifestPage, OfficeError> {
        Ok(self.state.manifest(ctx, &from.0, asked).await?)
    }

    /// Adds objects; durable when it returns. `status` writes what became of them, given the id under which that is kept.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn share_objects(
        &self,
        ctx: &OpContext,
        into: &Writable,
        objects: &[NewObject],
        status: &(dyn Fn(&str, &[Taken]) -> String + Send + Sync),
    ) -> Result<String, OfficeError> {
        let id = Uuid::new_v4().to_string();
        let body = |taken: &[Taken]| status(&id, taken);
        let taken = self.state.share_objects(ctx, &into.0, objects, &PostStatus { id: &id, body: &body }).await?;
        self.tell(taken.iter().filter(|taken| matches!(taken, Taken::Added(_))).count() as u64);
        Ok(body(&taken))
    }

    /// Deletes versions of an object; says how many there were. Whoever deletes has to be able to read what goes (TAXII 2.1, section 5.7).
    ///
    /// # Errors
    /// When there is no right to read, or the state refuses.
    pub async fn delete_shared_object(
        &self,
        ctx: &OpContext,
        from: &Writable,
        asked: &ObjectsAsked,
    ) -> Result<usize, OfficeError> {
        if !from.0.rights.can_read {
            return Err(self.no_right(ctx, Operation::ShareWrite, &from.0).await?);
        }
        Ok(self.state.delete_shared_object(ctx, &from.0, asked).await?)
    }

    /// When the last object was added to a collection.
    ///
    /// # Errors
    /// When the state refuses.
    pub async fn news_of(&self, ctx: &OpContext, from: &Readable) -> Result<Timestamp, OfficeError> {
        Ok(self.state.news_of(ctx, &from.0).await?)
    }

    /// What became of objects that whoever asks has brought.
    ///
    /// # Errors
    /// When the context may not, that is not known any more, or the state refuses.
    pub async fn share_status(&self, ctx: &OpContext, root: &str, id: &str) -> Result<String, OfficeError> {
        self.may(ctx, Operation::ShareRead).await?;
        Ok(self.state.share_status(ctx, root, id, &ctx.actor).await?)
    }

    /// Makes an API root.
    ///
    /// # Errors
    /// When the context may not, the name is none or taken, or the state refuses.
    pub async fn add_api_root(&self, ctx: &OpContext, root: &ApiRoot) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        Ok(self.state.add_api_root(ctx, root).await?)
    }

    /// Makes a collection.
    ///
    /// # Errors
    /// When the context may not, there is no such root, id or alias are none or taken, or the state refuses.
    pub async fn add_collection(&self, ctx: &OpContext, root: &str, new: &NewCollection) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        Ok(self.state.add_collection(ctx, root, new).await?)
    }

    /// Says what the program with that token may do with a collection of a root; `None`: what everybody may.
    ///
    /// # Errors
    /// When the context may not, there is no such collection, or the state refuses.
    pub async fn set_collection_rights(
        &self,
        ctx: &OpContext,
        collection: (&str, &str),
        token: &str,
        rights: Option<CollectionRights>,
    ) -> Result<(), OfficeError> {
        self.may(ctx, Operation::ShareManage).await?;
        let (root, id) = collection;
        let found = self.state.collection(ctx, root, id, EVERYTHING).await?;
        if self.state.is_outbox(ctx, &found).await? {
            let why = "it is what a peer reads, and nobody else does; hint: watchbell peer";
            return Err(OfficeError::Refused(format!("the rights of this collection are not set by hand: {why}")));
        }
        Ok(self.state.set_collection_rights(ctx, collection, token, rights).await?)
    }
}
