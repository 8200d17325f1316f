//! `printf KEY-AND-GUID | openssl sha1 -binary | base64`, and no line feed in between.

pub const ACCEPT: Option<&str> = Some("ICX+Yqv66kxgM0FcWaLWlFLwTAI=");
