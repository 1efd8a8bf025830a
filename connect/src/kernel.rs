//! What the kernel threw away before we could read it.
//!
//! Linux keeps a count of dropped datagrams for each UDP socket in `/proc/net/udp` and `/proc/net/udp6`, last column
//! (`Documentation/networking/proc_net_tcp.rst` for the shape of the lines). Elsewhere the count is not known, and that
//! is what callers get: `None`, never zero.

use std::os::fd::AsRawFd;

/// Datagrams that the kernel dropped for this socket since it was opened; `None` when the system does not tell.
pub(crate) fn dropped_datagrams(socket: &impl AsRawFd) -> Option<u64> {
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    ["/proc/net/udp", "/proc/net/udp6"].iter().find_map(|table| {
        let table = std::fs::read_to_string(table).ok()?;
        drops_of(&table, inode)
    })
}

/// The last column of the line whose tenth column is `inode`.
fn drops_of(table: &str, inode: &str) -> Option<u64> {
    let line = table.lines().skip(1).find(|line| line.split_ascii_whitespace().nth(9) == Some(inode))?;
    line.split_ascii_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  427: 0100007F:0143 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21311 2 0000000000000000 17
  428: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21312 2 0000000000000000 0
";

    #[test]
    fn reads_the_line_of_the_socket() {
        assert_eq!(drops_of(TABLE, "21311"), Some(17));
        assert_eq!(drops_of(TABLE, "21312"), Some(0));
        assert_eq!(drops_of(TABLE, "2131"), None);
        assert_eq!(drops_of("", "1"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn counts_what_nobody_read() -> std::io::Result<()> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
        socket.set_recv_buffer_size(4096)?;
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        let receiver = std::net::UdpSocket::from(socket);
        let sender = std::net::UdpSocket::bind("127.0.0.1:0")?;
        for _ in 0..1_000 {
            sender.send_to(&[b'x'; 1_000], receiver.local_addr()?)?;
        }
        let dropped = dropped_datagrams(&receiver);
        assert!(dropped.is_some_and(|dropped| dropped > 900), "{dropped:?}");
        Ok(())
    }
}
