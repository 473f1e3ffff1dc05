use super::{EndpointUrl, UrlError};

#[test]
fn addresses_of_endpoints() {
    let table = [
        ("http://127.0.0.1:8545", Ok("http://127.0.0.1:8545")),
        (
            "https://bsc.example/v3/secret?key=secret",
            Ok("https://bsc.example"),
        ),
        ("http://[::1]:8545/", Ok("http://[::1]:8545")),
        ("HTTP://node", Ok("http://node")),
        ("ws://node", Err(UrlError::Scheme)),
        ("node:8545", Err(UrlError::Syntax)),
        ("/rpc", Err(UrlError::Syntax)),
        ("", Err(UrlError::Syntax)),
        ("http://", Err(UrlError::Syntax)),
        ("http://:80/", Err(UrlError::Syntax)),
        ("https://user:secret@node", Err(UrlError::Credentials)),
    ];
    for (text, expected) in table {
        let url = text.parse::<EndpointUrl>();
        let found = url.as_ref().map(ToString::to_string);
        assert_eq!(found.as_deref().map_err(|error| **error), expected, "{text:?}");
        let shown = format!("{url:?}");
        assert!(!shown.contains("secret"), "{shown} gives a key away");
    }
}
