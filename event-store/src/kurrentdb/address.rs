//! Addresses of KurrentDB: the client's own parser, its errors without the password.

use kurrentdb::ClientSettings;

use crate::LogError;

/// How long the client waits before each try to find a node, unless the address says otherwise. Its own default of half a
/// second would be waited for even when the only node is there.
const DISCOVERY_INTERVAL_MS: u32 = 50;

/// # Errors
/// [`LogError::Invalid`] says what is wrong, never the user or the password.
pub(super) fn parse(url: &str) -> Result<ClientSettings, LogError> {
    let said = url.to_ascii_lowercase();
    let completed = if said.contains("discoveryinterval=") {
        url.to_owned()
    } else {
        // Nodes after a comma, and nothing else, may follow the first: parameters begin with `?`, after `/` or not.
        let separator = match url.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{url}{separator}discoveryInterval={DISCOVERY_INTERVAL_MS}")
    };
    completed.parse::<ClientSettings>().map_err(|error| {
        // Of an address that is none the client repeats all of it; otherwise it names the part.
        let what = match error.error() {
            Some(what) => format!("{what} in {}", without_user(url)),
            None => error.message().to_owned(),
        };
        LogError::Invalid(format!("the address of KurrentDB: {what}"))
    })
}

/// The address without what stands between `//` and the last `@` before the path.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "it".to_owned() };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    // A password may hold `/` or `?` unescaped; then nothing after it can be told from it.
    match (rest.rsplit_once('@'), authority.contains('@')) {
        (Some((_, hosts)), true) => format!("{scheme}://…@{hosts}"),
        (Some(_), false) => format!("{scheme}://…"),
        (None, _) => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    #[test]
    fn what_an_address_says_is_taken_over() {
        let settings = parse("esdb://admin:changeit@a:1113,b:2113?tls=false&nodePreference=leader").unwrap();
        assert_eq!(settings.hosts().len(), 2);
        assert!(!settings.is_secure_mode_enabled());
        assert!(settings.default_authenticated_user().is_some());
        assert_eq!(settings.discovery_interval(), Duration::from_millis(50));

        let settings = parse("kurrentdb+discover://cluster.example?discoveryInterval=700").unwrap();
        assert!(settings.is_dns_discovery_enabled() && settings.is_secure_mode_enabled());
        assert_eq!(settings.discovery_interval(), Duration::from_millis(700));
        assert!(parse("kurrentdb://localhost").is_ok());
        assert!(parse("kurrentdb://localhost:2113?").is_ok());
    }

    #[test]
    fn an_address_that_is_none_is_named_without_its_password() {
        for (url, named) in [
            ("kurrentdb://admin:s3cret@host:70000", "invalid port number in kurrentdb://…@host:70000"),
            ("kurrentdb://admin:s3cret@a:1,b:x", "x"),
            ("kurrentdb://admin:s3/cret@host:x", "invalid port number"),
            ("kurrentdb://admin:s3cret@host?tls=perhaps", "tls"),
            ("kurrentdb://admin:s3cret@host?nodePreference=best", "best"),
            ("kurrentdb://admin:s3cret@host?userCertFile=a", "userKeyFile"),
            ("mongodb://admin:s3cret@host", "mongodb"),
            ("s3cret", ""),
        ] {
            let LogError::Invalid(text) = parse(url).unwrap_err() else { panic!("{url}") };
            assert!(text.starts_with("the address of KurrentDB: "), "{text}");
            assert!(text.contains(named) && !text.contains("cret"), "{url}: {text}");
        }
    }
}
