//! The two things that a fetch asks of the world: which addresses a name has, and a connection to one of them.
//!
//! They stand behind a door so that what is asked can be counted and answered otherwise in tests. There is no way to connect to a
//! name: whoever wants a connection has looked at the address before.

use std::io;
use std::net::{IpAddr, SocketAddr};

use model::doors::BoxFuture;
use tokio::net::{TcpStream, lookup_host};

/// The network.
pub trait Outside: Send + Sync {
    /// All addresses of a name.
    fn addresses<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// A connection to that address and no other.
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;
}

/// The machine's own resolver and sockets. Proxies that the environment names are not used: they would resolve the name again.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Outside for System {
    fn addresses<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) })
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}
