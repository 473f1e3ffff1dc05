use std::time::Duration;

use plimsoll_core::queue::{LaneFault, QueueRequest, Token};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::RedisQueue;
use crate::queue::JobQueue as _;

fn lease() -> QueueRequest {
    QueueRequest::Lease {
        most: 1,
        visibility: Duration::from_secs(1),
        token: Token { worker: 1, number: 0 },
    }
}

async fn listening() -> (TcpListener, RedisQueue) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let queue = RedisQueue::new(&url.parse().unwrap(), "test").unwrap();
    (listener, queue)
}

#[tokio::test]
async fn nobody_there_is_a_connection_that_failed() {
    let (listener, queue) = listening().await;
    drop(listener);
    for _ in 0..3 {
        assert_eq!(queue.call(lease()).await, Err(LaneFault::Connection));
    }
}

/// Whoever comes is told `answer`, whatever is asked.
#[tokio::test]
async fn what_is_no_answer_is_malformed() {
    for (answer, fault) in [
        ("*3\r\n:0\r\n*1\r\n$1\r\nx\r\n*0\r\n", LaneFault::Malformed),
        (
            "*3\r\n:0\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n*2\r\n:1\r\n:1\r\n",
            LaneFault::Malformed,
        ),
        ("$5\r\nhello\r\n", LaneFault::Malformed),
        ("*3\r\n:-1\r\n*0\r\n*0\r\n", LaneFault::Malformed),
        (
            "*3\r\n:0\r\n*1\r\n$1\r\nx\r\n*1\r\n:99999999999\r\n",
            LaneFault::Malformed,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", LaneFault::Malformed),
        ("-LOADING wait\r\n", LaneFault::Refused),
    ] {
        let (listener, queue) = listening().await;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            loop {
                let n = stream.read(&mut asked).await.unwrap();
                if n == 0 {
                    std::future::pending::<()>().await;
                }
                let is_script = String::from_utf8_lossy(&asked[..n]).contains("EVALSHA");
                let commands = String::from_utf8_lossy(&asked[..n]).matches("SETINFO").count();
                stream
                    .write_all("+OK\r\n".repeat(commands).as_bytes())
                    .await
                    .unwrap();
                if is_script {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        };
        tokio::select! {
            () = server => unreachable!(),
            outcome = queue.call(lease()) => assert_eq!(outcome, Err(fault), "{answer:?}"),
        }
    }
}

#[tokio::test]
async fn a_call_that_is_let_go_leaves_no_dead_connection_behind() {
    let (listener, queue) = listening().await;
    for _ in 0..2 {
        let call = tokio::time::timeout(Duration::from_millis(100), queue.call(lease()));
        let (accepted, outcome) = tokio::join!(listener.accept(), call);
        assert!(accepted.is_ok(), "each call connects anew");
        assert!(outcome.is_err(), "nobody answered: {outcome:?}");
    }
}
