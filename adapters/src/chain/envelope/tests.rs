use plimsoll_core::escrow::Fault;

use super::{RpcError, open};

#[track_caller]
fn check(body: &str, expected: Result<&[&str], Fault>) {
    let found = open(body.as_bytes(), 2, RpcError::fault).and_then(|calls| {
        let texts = calls
            .into_iter()
            .map(|call| call.map(|result| result.get().to_owned()).map_err(|e| e.fault()));
        texts.collect::<Result<Vec<_>, _>>()
    });
    let expected = expected.map(|texts| texts.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(found, expected, "{body}");
}

fn malformed(what: &'static str) -> Result<&'static [&'static str], Fault> {
    Err(Fault::Malformed { what })
}

const LIMITED: Fault = Fault::RateLimited { retry_after: None };

#[test]
fn results_are_matched_by_id() {
    check(
        r#"[{"id":0,"result":1},{"id":1,"result":[2]}]"#,
        Ok(&["1", "[2]"]),
    );
    check(
        r#" [{"result":1,"id":1,"jsonrpc":"2.0","new":{}},{"id":0,"result":null}]"#,
        Ok(&["null", "1"]),
    );
    check(
        r#"[{"id":0,"result":1,"error":null},{"id":1,"result":2}]"#,
        Ok(&["1", "2"]),
    );
}

#[test]
fn odd_batches_are_refused() {
    let not = "not a JSON-RPC response";
    for body in [
        "",
        " ",
        "<html>502</html>",
        "null",
        "7",
        "[7]",
        "[[]]",
        r#"[{"id":"0","result":1}]"#,
        "[",
        "{",
    ] {
        check(body, malformed(not));
    }
    check(r#"[{"id":0,"result":1}]"#, malformed("a call without a response"));
    check("[]", malformed("a call without a response"));
    check(
        r#"[{"id":0,"result":1},{"id":0,"result":1}]"#,
        malformed("an id that was not asked"),
    );
    check(
        r#"[{"id":0,"result":1},{"id":2,"result":1}]"#,
        malformed("an id that was not asked"),
    );
    check(
        r#"[{"result":1},{"id":1,"result":1}]"#,
        malformed("an id that was not asked"),
    );
    check(
        r#"[{"id":0},{"id":1,"result":1}]"#,
        malformed("neither a result nor an error"),
    );
    check(
        r#"[{"id":0,"result":1,"error":{"code":1}}]"#,
        malformed("a result and an error at once"),
    );
}

#[test]
fn one_error_may_stand_for_the_whole_batch() {
    let error = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"too fast"}}"#;
    check(error, Err(LIMITED));
    check(&format!("[{error}]"), Err(LIMITED));
    check(r#"{"id":0,"result":1}"#, malformed("a call without a response"));
}

#[test]
fn errors_become_faults_by_code_and_text() {
    let table = [
        (-32005, "limit exceeded", LIMITED),
        (-32005, "query returned more than 10000 results", Fault::TooLarge),
        (-32602, "Block range is too large", Fault::TooLarge),
        (-32000, "exceed maximum block range: 5000", Fault::TooLarge),
        (
            -32000,
            "query exceeds max results 20000, retry with the range 1-2",
            Fault::TooLarge,
        ),
        (-32008, "Log response size exceeded", Fault::TooLarge),
        (-32602, "invalid block range params", Fault::NotReady),
        (
            -32602,
            "block range extends beyond current head block: requested 9, head 5",
            Fault::NotReady,
        ),
        (
            -32602,
            "BlockOutOfRangeError: block height is 5 but requested was 6",
            Fault::NotReady,
        ),
        (-32000, "transaction indexing is in progress", Fault::NotReady),
        (-32000, "finalized block not found", Fault::NotReady),
        (-39001, "Unknown block", Fault::NotReady),
        (-32000, "header not found", Fault::NotReady),
        (
            -32090,
            "Too many requests, reason: call rate limit exhausted",
            LIMITED,
        ),
        (429, "Your app has exceeded its rate limit", LIMITED),
        (-32603, "internal error", Fault::Server { code: -32603 }),
        (
            -32601,
            "the method eth_getLogs does not exist/is not available",
            Fault::Unsupported,
        ),
        (-32000, "Method is disabled", Fault::Unsupported),
        (4444, "history", Fault::Pruned),
        (-32000, "history has been pruned for this block", Fault::Pruned),
        (-32000, "", Fault::Server { code: -32000 }),
    ];
    for (code, message, fault) in table {
        let body =
            format!(r#"[{{"id":1,"result":1}},{{"id":0,"error":{{"code":{code},"message":"{message}"}}}}]"#);
        check(&body, Err(fault.clone()));
        let body = body.replace(r#""error""#, r#""result":null,"error""#);
        check(&body, Err(fault));
    }
    check(
        r#"[{"id":1,"result":1},{"id":0,"error":{"code":-1}}]"#,
        Err(Fault::Server { code: -1 }),
    );
}
