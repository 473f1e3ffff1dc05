//! What the interface says that it is.

use std::collections::BTreeSet;

use serde_json::json;

use super::house::Server;
use crate::http::Code;

#[tokio::test]
async fn assets_are_listed() {
    insta::assert_json_snapshot!("assets", Server::new().get("/api/v1/assets").await.json());
}

#[tokio::test]
async fn the_document_names_every_route_and_code_and_the_page_shows_it() {
    let server = Server::new();
    let document = server.get("/api-docs/openapi.json").await.json();
    let (mut routes, mut names) = (Vec::new(), BTreeSet::new());
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let role = operation["security"][0]["token"][0].as_str();
            let guard = role.map_or_else(String::new, |role| format!(" ({role})"));
            let name = operation["operationId"].as_str().expect("a name").to_owned();
            assert!(names.insert(name), "{path}: two operations have one name");
            routes.push(format!("{} {path}{guard}", method.to_uppercase()));
        }
    }
    insta::assert_snapshot!("routes", routes.join("\n"));
    let listed = document["components"]["schemas"]["Code"].to_string();
    for code in Code::ALL {
        assert_eq!(json!(code), code.as_str());
        assert!(
            listed.contains(&format!("\"{}\"", code.as_str())),
            "{} is not documented: {listed}",
            code.as_str()
        );
    }
    let page = server.get("/api-docs/").await;
    assert!(
        page.status == 200 && page.text.contains("swagger-ui"),
        "{}",
        page.text
    );
}
