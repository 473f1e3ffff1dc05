use super::{RedisUrl, RedisUrlError};

#[test]
fn addresses_are_read_and_print_without_their_secrets() {
    let cases = [
        ("redis://localhost", "redis://localhost"),
        ("redis://10.0.0.1:6380/3", "redis://10.0.0.1:6380/3"),
        ("redis://ann:se%40cret@host:1", "redis://host:1"),
        ("redis://:secret@host/0?protocol=resp3", "redis://host/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        (
            "unix:///run/redis.sock?pass=secret&db=2",
            "unix:///run/redis.sock",
        ),
    ];
    for (text, shown) in cases {
        let url: RedisUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), shown);
    }
    for text in [
        "",
        "localhost",
        "http://localhost",
        "redis://",
        "redis://host:port",
        "rediss://host",
    ] {
        assert_eq!(text.parse::<RedisUrl>(), Err(RedisUrlError), "{text}");
    }
}
