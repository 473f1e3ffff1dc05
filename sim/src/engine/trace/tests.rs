use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use plimsoll_core::time::Instant;

use super::Trace;

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

#[test]
fn a_line_is_one_json_object_with_escaped_details() {
    let shared = Shared::default();
    let mut trace = Trace::to(Box::new(shared.clone()));
    trace.line(Instant::from_nanos(5), 2, "bank", "handled", &"a\"b\\\n\u{1}");
    assert!(trace.finish().is_ok());
    let text = String::from_utf8(shared.0.take()).unwrap();
    let expected = r#"{"t":5,"n":2,"node":"bank","what":"handled","detail":"\"a\\\"b\\\\\\n\\u{1}\""}"#;
    assert_eq!(text, format!("{expected}\n"));
}

#[test]
fn a_failure_to_write_is_told_at_the_end() {
    let mut trace = Trace::to(Box::new(Full));
    trace.line(Instant::ZERO, 0, "bank", "handled", &());
    assert!(!trace.is_on());
    assert_eq!(trace.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(Trace::off().finish().is_ok());
}
