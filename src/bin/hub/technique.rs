//! The six ways of reading a feed: their names and their paths.

/// The six ways of reading a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Technique {
    /// `/poll`
    Polling,
    /// `/long-poll`
    LongPolling,
    /// `/iframe`
    IframeStream,
    /// `/stream`
    FetchStream,
    /// `/events`
    EventSource,
    /// `/ws`
    WebSocket,
}

impl Technique {
    /// All of them, in the order of the course.
    pub const ALL: [Technique; 6] = [
        Technique::Polling,
        Technique::LongPolling,
        Technique::IframeStream,
        Technique::FetchStream,
        Technique::EventSource,
        Technique::WebSocket,
    ];

    /// The last part of its path, which is also its name in JSON.
    pub const fn path(self) -> &'static str {
        match self {
            Technique::Polling => "poll",
            Technique::LongPolling => "long-poll",
            Technique::IframeStream => "iframe",
            Technique::FetchStream => "stream",
            Technique::EventSource => "events",
            Technique::WebSocket => "ws",
        }
    }

    /// The technique of this path.
    pub fn named(path: &str) -> Option<Technique> {
        Technique::ALL.into_iter().find(|technique| technique.path() == path)
    }
}
