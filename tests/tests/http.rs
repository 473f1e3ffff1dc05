//! The HTTP client, against the node: a server that is not ours.

use plimsoll_tests::evm::node::Node;
use plimsoll_tests::http::Client;
use plimsoll_tests::process::free_port;
use serde_json::json;

#[test]
fn an_error_status_is_an_answer() {
    let node = Node::start(56);
    let client = Client::new(node.url());
    let answer = client.get("/no/such/page").unwrap();
    assert_eq!(answer.status, 404);
    let question = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [] });
    let answer = client.post("/", &[("x-request-id", "1")], &question).unwrap();
    assert_eq!((answer.status, &answer.body["result"]), (200, &json!("0x38")));
}

#[test]
fn a_server_that_is_not_there_gives_no_answer() {
    let client = Client::new(&format!("http://127.0.0.1:{}", free_port()));
    let error = client.get("/").unwrap_err();
    assert!(
        error.to_string().starts_with("the server did not answer"),
        "{error}"
    );
}
