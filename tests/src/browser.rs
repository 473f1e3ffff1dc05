//! A headless Chromium that opens a page from disk.

use std::path::Path;
use std::process::Command;

use crate::process::temporary_folder;

/// A page as the browser shows it once its scripts are done.
#[derive(Debug)]
pub struct Shown {
    /// The document, as HTML.
    pub dom: String,
    /// What the page wrote to the console, errors among it, line by line.
    pub console: Vec<String>,
}

impl Shown {
    /// How many elements there are that begin like this.
    #[must_use]
    pub fn count(&self, begin: &str) -> usize {
        self.dom.matches(begin).count()
    }

    /// The value of an attribute of the first element with this id.
    ///
    /// # Panics
    /// When there is no such element or attribute.
    #[must_use]
    pub fn attribute(&self, id: &str, name: &str) -> &str {
        let tag = self
            .dom
            .split('<')
            .find(|tag| tag.contains(&format!("id=\"{id}\"")));
        let tag = tag.unwrap_or_else(|| panic!("the page has no #{id}:\n{}", self.dom));
        let value = tag
            .split_once(&format!("{name}=\""))
            .and_then(|(_, rest)| rest.split_once('"'));
        value.unwrap_or_else(|| panic!("#{id} has no {name}: <{tag}")).0
    }
}

/// Opens the file `page` with `fragment` behind it, in a window of 1280 to 800.
///
/// # Panics
/// When there is no Chromium, or it does not show the page.
#[must_use]
pub fn open(page: &Path, fragment: &str) -> Shown {
    let profile = temporary_folder();
    let address = format!("file://{}#{fragment}", page.display());
    let ended = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--window-size=1280,800", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(&address)
        .output()
        .unwrap_or_else(|error| {
            panic!("no chromium ({error}): apt-get install --no-install-recommends chromium, or tests/run --install")
        });
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        ended.status.success(),
        "chromium failed to show {address}:\n{said}"
    );
    let console = said.lines().filter(|line| line.contains("CONSOLE"));
    Shown {
        dom: String::from_utf8_lossy(&ended.stdout).into_owned(),
        console: console.map(ToOwned::to_owned).collect(),
    }
}
