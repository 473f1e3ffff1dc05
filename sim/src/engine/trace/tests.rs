use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use serde::Serialize;

use super::{Seal, Trace};

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Serialize)]
struct Line {
    at: u64,
    text: &'static str,
}

#[test]
fn a_line_is_one_object_whose_sum_covers_everything_before() {
    let shared = Shared::default();
    let mut trace = Trace::to(Box::new(shared.clone()));
    trace.line(&Line {
        at: 5,
        text: "a\"b\\\n",
    });
    trace.line(&Line { at: 6, text: "" });
    assert!(trace.finish().is_ok());
    let text = String::from_utf8(shared.0.take()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let bodies = [r#"{"at":5,"text":"a\"b\\\n""#, r#"{"at":6,"text":"""#];
    let mut seal = Seal::new();
    for (line, body) in lines.iter().zip(bodies) {
        assert_eq!(
            Seal::split(line.as_bytes()),
            Some((body.as_bytes(), seal.over(body.as_bytes())))
        );
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_line_without_a_sum_has_none() {
    for line in [
        "",
        "}",
        "{}",
        "{\"a\":1}",
        "{\"a\":1,\"sum\":\"0123456789abcde\"}",
        "{\"a\":1,\"sum\":\"0123456789ABCDEF\"}",
        "{\"a\":1,\"sum\":\"+123456789abcdef\"}",
        "{\"a\":1,\"sum\":\"0123456789abcdeé\"}",
        "{\"a\":1,\"sum\":\"0123456789abcdef\"",
    ] {
        assert_eq!(Seal::split(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn a_failure_to_write_is_told_at_the_end() {
    let mut trace = Trace::to(Box::new(Full));
    trace.line(&Line { at: 0, text: "" });
    assert!(!trace.is_on());
    assert_eq!(trace.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(Trace::off().finish().is_ok());
}
