use plimsoll_core::escrow::Fault;

use super::fault;
use crate::chain::envelope;

/// What an error with this code and text comes to.
fn told(code: i64, message: &str) -> Fault {
    let body = format!(r#"{{"jsonrpc":"2.0","id":0,"error":{{"code":{code},"message":"{message}"}}}}"#);
    let results = envelope::open(body.as_bytes(), 1, fault).expect("an envelope");
    fault(results[0].as_ref().expect_err("an error"))
}

#[test]
fn each_code_has_its_meaning() {
    let is_blamed = |code| told(code, "no") == Fault::Server { code };
    assert_eq!(
        told(-32001, "Block 3 cleaned up, does not exist on node"),
        Fault::Pruned
    );
    for code in [-32004, -32005, -32007, -32009, -32014, -32015, -32016] {
        assert_eq!(told(code, "no"), Fault::NotReady, "{code}");
    }
    for code in [-32011, -32601, -32602, -32603, -32000] {
        assert!(is_blamed(code), "{code}");
    }
    let limited = Fault::RateLimited { retry_after: None };
    assert_eq!(told(-32429, "Too many requests for a specific RPC call"), limited);
}

#[test]
fn an_error_of_no_call_means_the_same() {
    let body =
        br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"Node is behind by 200 slots"}}"#;
    assert_eq!(envelope::open(body, 1, fault).err(), Some(Fault::NotReady));
}
