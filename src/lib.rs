//! How a server reaches the browser, by hand.
