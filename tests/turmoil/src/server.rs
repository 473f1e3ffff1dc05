//! An endpoint as a host: HTTP around the simulator's model.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::RETRY_AFTER;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use plimsoll_core::escrow::Fault;
use plimsoll_sim::model::endpoint::Reaction;
use turmoil::net::TcpListener;

use crate::rpc;
use crate::stage::{Outcome, Stage, arrival, now};

/// Where every host listens.
pub(crate) const PORT: u16 = 80;

/// Serves endpoint `number` for ever.
pub(crate) async fn serve(stage: Rc<RefCell<Stage>>, number: u8) -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let stage = Rc::clone(&stage);
        let service = service_fn(move |request| answer(Rc::clone(&stage), number, request));
        let connection =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // It ends with an error when the model cuts it or the network does; nobody needs to hear of it.
        drop(tokio::task::spawn_local(connection));
    }
}

/// # Errors
/// When the model's endpoint is dead: the connection is cut without a response.
async fn answer(
    stage: Rc<RefCell<Stage>>,
    number: u8,
    request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(io::Error::other)?
        .to_bytes();
    let Some(question) = rpc::question(&body) else {
        unreachable!("the client asked what nobody asks: {body:?}")
    };
    let place = usize::from(number);
    let arriving = stage.borrow_mut().wires.endpoints[place].from_bank.send(now());
    let is_twice = arriving.second.is_some();
    arrival(arriving).await;
    if is_twice {
        // The answer to a copy finds nobody: HTTP answers a request once.
        let _ = stage.borrow_mut().ask(number, &question);
    }
    let reaction = stage.borrow_mut().ask(number, &question);
    match reaction {
        Reaction::Answers(after, outcome) => {
            tokio::time::sleep(after).await;
            let leaving = stage.borrow_mut().wires.endpoints[place].to_bank.send(now());
            arrival(leaving).await;
            respond(outcome).await
        }
        Reaction::Hangs => never().await,
    }
}

async fn respond(outcome: Outcome) -> io::Result<Response<Full<Bytes>>> {
    let fault = match outcome {
        Ok(answer) => return Ok(ok(rpc::answered(&answer).to_string())),
        Err(fault) => fault,
    };
    match fault {
        Fault::Connection => Err(io::ErrorKind::ConnectionReset.into()),
        Fault::Timeout => never().await,
        Fault::RateLimited { retry_after } => {
            let mut response = status(StatusCode::TOO_MANY_REQUESTS);
            if let Some(pause) = retry_after {
                let seconds = pause.as_millis().div_ceil(1_000).to_string();
                let value = seconds.parse().map_err(io::Error::other)?;
                response.headers_mut().insert(RETRY_AFTER, value);
            }
            Ok(response)
        }
        Fault::Auth => Ok(status(StatusCode::UNAUTHORIZED)),
        Fault::Server { .. } => Ok(status(StatusCode::SERVICE_UNAVAILABLE)),
        Fault::NotReady => Ok(ok(rpc::refused(-32_000, "header not found").to_string())),
        Fault::Malformed { .. } => Ok(ok("<html>".to_owned())),
        Fault::Unsupported => Ok(ok(rpc::refused(-32_601, "the method does not exist").to_string())),
        Fault::Pruned => Ok(ok(rpc::refused(4_444, "pruned history unavailable").to_string())),
        Fault::TooLarge => Ok(ok(rpc::refused(
            -32_005,
            "query returned more than 10000 results",
        )
        .to_string())),
    }
}

async fn never() -> io::Result<Response<Full<Bytes>>> {
    match pending::<Infallible>().await {}
}

fn ok(body: String) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from(body)))
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = ok(String::new());
    *response.status_mut() = status;
    response
}
