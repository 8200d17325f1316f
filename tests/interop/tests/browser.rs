//! A real browser on every lesson's page: news arrives, and goes on arriving after the server has been away.

use std::time::Duration;

use push_by_hand_interop::browser::{Browser, ColorScheme};

const LIMIT: Duration = Duration::from_secs(30);

/// The helper itself is tried: it must hear what a page complains about, and only that.
#[test]
fn the_console_of_a_page_is_heard() {
    let mut browser = Browser::start();
    let mut page = browser.open(
        "data:text/html,<p id=state data-state=open>hello</p><script>console.log('fine'); console.error('bad', 7);
         console.warn('careful'); setTimeout(() => { document.title = 'late'; nowhere() }, 50)</script>",
    );
    page.wait_until("the page's timer", LIMIT, "document.title === 'late'");
    let complaints = page.take_complaints();
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    assert_eq!(complaints[0], "console: bad 7");
    assert_eq!(complaints[1], "console: careful");
    assert!(complaints[2].contains("nowhere is not defined"), "{complaints:?}");
    assert!(page.take_complaints().is_empty());
}

#[test]
fn the_helper_emulates_sizes_and_colours() {
    let mut browser = Browser::start();
    let mut page = browser.open("data:text/html,<meta name=viewport content='width=device-width'><style>@media (prefers-color-scheme: dark) { body { background: black } }</style>");
    page.resize(390, 844);
    page.prefer(ColorScheme::Dark);
    assert_eq!(page.evaluate("innerWidth"), 390);
    assert_eq!(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(0, 0, 0)");
    page.prefer(ColorScheme::Light);
    assert_eq!(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgba(0, 0, 0, 0)");
}
