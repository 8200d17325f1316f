//! Calculate the accept value of the key `AAAAAAAAAAAAAAAAAAAAAA==` with what your system has,
//! without `accept_key`.

pub const ACCEPT: Option<&str> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Key and GUID (RFC 6455 §1.3), joined as text.
// 2. `printf` the joined text without a line feed at its end, and pipe it into `openssl sha1
//   -binary`.
// 3. Pipe that into `base64`.
