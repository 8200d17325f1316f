//! The names that a server answers to.
//!
//! Whoever owns a name in the DNS can point it at 127.0.0.1 ("DNS rebinding"). A browser then
//! takes a page of `http://evil.example:4000` and this server for one origin, and lets the page
//! read and publish here. What the page cannot choose is `Host`, which the browser writes. So a
//! request for a name that is not ours is refused (RFC 9110 §7.4), and whoever compares `Origin`
//! with `Host` compares it with one of our own names.

use std::net::{IpAddr, SocketAddr};

/// The names and addresses of a port, beside those that always mean this machine.
#[derive(Clone, Debug)]
pub struct Names {
    names: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Names {
    /// The names of a server that was told to listen on `host`, and listens on these addresses.
    pub(super) fn of(host: &str, listening: impl Iterator<Item = SocketAddr>) -> Names {
        let mut names = Names { names: Vec::new(), addresses: Vec::new() };
        names.add(host);
        names.addresses.extend(listening.map(|address| address.ip()));
        names
    }

    /// Adds a name or an address, as it stands in a URL.
    pub fn add(&mut self, name: &str) {
        let name = name_of(name);
        match name.parse() {
            Ok(address) => self.addresses.push(address),
            Err(_) => self.names.push(name.to_owned()),
        }
    }

    /// Whether a request for this authority, as `localhost:4000` in `Host`, is for us.
    ///
    /// The port does not matter: a proxy, a tunnel or a container may have another one, and a page
    /// has to name a port that leads here. Everything under `localhost` is this machine (RFC 6761
    /// §6.3). An address is no name, so nobody can have it lead elsewhere; a server that listens
    /// on all of its machine's addresses may have others in front of it, and answers to any.
    pub fn include(&self, authority: &str) -> bool {
        let name = name_of(authority);
        if let Ok(address) = name.parse::<IpAddr>() {
            let is_ours = |own: &IpAddr| own.is_unspecified() || *own == address;
            return address.to_canonical().is_loopback() || self.addresses.iter().any(is_ours);
        }
        let (_, last) = name.rsplit_once('.').unwrap_or(("", name));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        last.eq_ignore_ascii_case("localhost") && name.bytes().all(plain)
            || self.names.iter().any(|own| name.eq_ignore_ascii_case(own))
    }
}

/// The name or address in an authority: without the port, the brackets of an IPv6 address, and the
/// dot that may end a name.
fn name_of(authority: &str) -> &str {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    // The colons of "[::1]" are no port's, but those of "::1", which `--host` takes, look like it.
    let name = if authority.parse::<IpAddr>().is_ok() { authority } else { name };
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(host: &str, listening: &str) -> Names {
        let mut names = Names::of(host, [listening.parse().unwrap()].into_iter());
        names.add("hub.example");
        names.add("192.0.2.9");
        names
    }

    #[test]
    fn a_server_answers_to_the_names_of_its_machine_and_to_those_it_was_given() {
        let local = names("localhost", "127.0.0.1:4000");
        for host in [
            "localhost",
            "localhost:4000",
            "LocalHost:80",
            "localhost.",
            "localhost.:4000",
            "app.localhost:4000",
            "127.0.0.1",
            "127.0.0.1:4000",
            "127.8.8.8:1",
            "[::1]",
            "[::1]:4000",
            "[0:0:0:0:0:0:0:1]:4000",
            "[::ffff:127.0.0.1]:4000",
            "hub.example",
            "HUB.example.:8443",
            "192.0.2.9:4000",
        ] {
            assert!(local.include(host), "{host}");
        }
    }

    #[test]
    fn a_name_that_somebody_else_owns_is_not_ours_wherever_it_leads() {
        let local = names("localhost", "127.0.0.1:4000");
        for host in [
            "evil.example",
            "evil.example:4000",
            "localhost.evil.example",
            "evil-localhost",
            "evillocalhost:4000",
            "localhost.evil",
            "localhost..",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io:4000",
            "xn--lcalhost-73a",
            "2130706433",
            "0x7f000001",
            "127.1",
            "0177.0.0.1",
            "0.0.0.0:4000",
            "192.0.2.1",
            "[2001:db8::1]:4000",
            "evil.example:localhost",
            "localhost:evil.example",
            "x.hub.example",
            "hub.example.evil",
            "user@localhost",
            "evil.example/.localhost",
            "evil@x.localhost",
            "evil.example, x.localhost",
            "",
            ":4000",
        ] {
            assert!(!local.include(host), "{host}");
        }
    }

    #[test]
    fn a_server_on_all_addresses_answers_to_any_address_and_to_no_more_names() {
        for (host, listening) in [("0.0.0.0", "0.0.0.0:4000"), ("::", "[::]:4000")] {
            let open = names(host, listening);
            for (asked, ours) in [
                ("192.168.1.5:4000", true),
                ("[2001:db8::1]:4000", true),
                ("localhost", true),
                ("evil.example:4000", false),
                ("2130706433", false),
            ] {
                assert_eq!(open.include(asked), ours, "{asked} at {host}");
            }
        }
    }

    #[test]
    fn a_server_on_one_address_answers_to_it_and_to_the_name_it_was_told() {
        let one = names("box.lan", "192.168.1.5:4000");
        for (asked, ours) in [
            ("box.lan:4000", true),
            ("192.168.1.5:4000", true),
            ("192.168.1.6:4000", false),
            ("evil.example", false),
        ] {
            assert_eq!(one.include(asked), ours, "{asked}");
        }
        assert!(names("::1", "[::1]:4000").include("[::1]:4000"));
    }
}
