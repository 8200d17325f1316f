//! Files under `pages/`, and the chapters under `docs/`: type, `ETag`, no way out of the folder.
//!
//! Stands beside the lessons: each hands it what is not a data route. Implements RFC 9110 §8.8.3
//! (`ETag`) and §13.1 (`If-Match`, `If-None-Match`), by way of [`Response::on_conditions`].
//!
//! Left out: ranges, compression, `Last-Modified`. The pages are small and local.

use crate::http::{Method, Request, Response, Status, percent_decode};
use crate::server::note;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

/// What a page may do, for its browser to hold it to (W3C, "Content Security Policy"): load from
/// here and nowhere else, ask any server over HTTP and WebSocket, stand in a frame of ours only. A
/// page keeps its script in itself, to be read beside what it moves, so `'unsafe-inline'` has to be
/// allowed; what guards it against text from elsewhere is that it only ever sets `textContent`.
const POLICY: &str = "default-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src http: https: ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Answers from `pages/`. `/` is the file named `home`, and `docs/….md` a chapter of the book.
pub fn answer(request: &Request, home: &str) -> Response {
    file(request, if request.path() == "/" { home } else { &request.path()[1..] })
}

/// Answers with the file of this name, whatever was asked for.
pub fn file(request: &Request, name: &str) -> Response {
    let no_folder = || io::Error::other("no such folder beside the program");
    let find = |root: &Path| match name.strip_prefix("docs/").filter(|name| name.ends_with(".md")) {
        Some(chapter) => read(&root.with_file_name("docs"), chapter),
        None => read(root, name),
    };
    let (file, content) = match root().ok_or_else(no_folder).and_then(find) {
        Ok(found) => found,
        Err(error) if is_missing(&error) => return Response::not_found(request),
        Err(error) => {
            let reason = format!("expected to read a file of \"pages\"; came: {error}");
            note(format!("500 {}: {reason}", request.path()));
            return Response::refusal(Status::INTERNAL_SERVER_ERROR, &reason);
        }
    };
    if !matches!(request.method, Method::Get | Method::Head) {
        return Response::other_method(request, "GET, HEAD");
    }
    let etag = format!("\"{}\"", &sha1_smol::Sha1::from(&content).digest().to_string()[..16]);
    Response::with_body(Status::OK, content_type(&file), content)
        // Keep it, but ask each time whether it is still right: an edited page is seen at once.
        .with("Cache-Control", "no-cache")
        .with("Content-Security-Policy", POLICY)
        .on_conditions(request, &etag)
}

/// Whether there is no such file. Any other error is ours: a client must not take a server that has
/// run out of file descriptors for one without this page.
fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

/// The folder, wherever the program was started from: above the program's file (`target/debug/…`),
/// where it was built, or here.
fn root() -> Option<&'static Path> {
    static ROOT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let program = std::env::current_exe().unwrap_or_default();
        let above = program.ancestors().skip(1).map(|folder| folder.join("pages"));
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages");
        // A folder is ours if it holds our stylesheet. The resolved path is what files are compared
        // with.
        above
            .chain([built, "pages".into()])
            .find(|folder| folder.join("push.css").is_file())?
            .canonicalize()
            .ok()
    };
    ROOT.get_or_init(find).as_deref()
}

/// The file of this name and what is in it, if there is one and the name does not lead out of
/// `root`.
///
/// The name is decoded first and looked at after: `%2e%2e` is `..`. It must be made of plain names
/// only, and what it leads to, with every symbolic link followed, must still lie below the root.
fn read(root: &Path, name: &str) -> io::Result<(PathBuf, Vec<u8>)> {
    let missing = || io::Error::from(io::ErrorKind::NotFound);
    let name = String::from_utf8(percent_decode(name)).map_err(|_| missing())?;
    let plain =
        |part| matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'));
    // `components` passes over "a//b" and "a/./b"; only the name that needs no tidying is the name
    // of a file.
    if name.contains(['\0', '\\', ':'])
        || !Path::new(&name).components().all(plain)
        || name.split('/').any(|part| part.is_empty() || part == ".")
    {
        return Err(missing());
    }
    let file = root.join(name).canonicalize()?;
    if !file.starts_with(root) || !file.is_file() {
        return Err(missing());
    }
    let content = std::fs::read(&file)?;
    Ok((file, content))
}

/// The type by the name's ending (RFC 9110 §8.3). With `nosniff` the browser believes it.
fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("md" | "txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &str, more: &str) -> Response {
        let text = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
        answer(&Request::read_from(&mut text.as_bytes()).unwrap().unwrap(), "polling.html")
    }

    #[test]
    fn a_page_has_a_type_and_an_etag_and_is_not_sent_twice() {
        let first = get("/", "");
        assert_eq!(first.status, Status::OK);
        assert_eq!(first.fields.get("content-type"), Some("text/html; charset=utf-8"));
        let etag = first.fields.get("etag").unwrap();
        for same in
            [etag.to_owned(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()]
        {
            let again = get("/", &format!("If-None-Match: {same}\r\n"));
            assert_eq!((again.status, again.body.len()), (Status::NOT_MODIFIED, 0), "{same}");
            assert_eq!(again.fields.get("etag"), Some(etag));
            assert_eq!(again.fields.get("cache-control"), first.fields.get("cache-control"));
        }
        assert_eq!(get("/", "If-None-Match: \"other\"\r\n").status, Status::OK);
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for target in [
            "/../Cargo.toml",
            "/%2e%2e/Cargo.toml",
            "/%2E%2e%2fCargo.toml",
            "/..%5cCargo.toml",
            "/..\\Cargo.toml",
            "//etc/passwd",
            "/%2fetc/passwd",
            "/push.css%00.html",
            "/C:/windows",
            "/.gitignore",
            "/./push.css",
            "/push.css/",
            "/%ff",
            "/nowhere.html",
            "/%",
        ] {
            assert_eq!(get(target, "").status, Status::NOT_FOUND, "{target}");
        }
        assert_eq!(get("/push.css", "").status, Status::OK);
        assert_eq!(get("/%70ush.css?v=1", "").status, Status::OK);
    }

    #[test]
    fn a_chapter_is_text_and_nothing_else_of_the_book_is_served() {
        for chapter in ["/docs/02-polling.md", "/docs/zh/02-polling.md"] {
            let response = get(chapter, "");
            let kind = response.fields.get("content-type");
            let is_text =
                (response.status, kind) == (Status::OK, Some("text/plain; charset=utf-8"));
            assert!(is_text, "{chapter}");
        }
        for target in
            ["/docs/", "/docs/images/hub.png", "/docs/../Cargo.toml", "/docs/%2e%2e/README.md"]
        {
            assert_eq!(get(target, "").status, Status::NOT_FOUND, "{target}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_symbolic_link_leads_out_of_the_folder() {
        let folder = std::env::temp_dir().join(format!("push-by-hand-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("pages")).unwrap();
        std::fs::write(folder.join("secret"), "s").unwrap();
        std::fs::write(folder.join("pages/inside"), "i").unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("pages/out")).unwrap();
        std::os::unix::fs::symlink("inside", folder.join("pages/link")).unwrap();
        let root = folder.join("pages").canonicalize().unwrap();
        let found = ["inside", "link", "out"].map(|name| read(&root, name).is_ok());
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(found, [true, true, false]);
    }

    #[test]
    fn a_page_that_is_not_the_expected_one_is_not_sent_and_no_other_path_exists() {
        let etag = get("/", "").fields.get("etag").unwrap().to_owned();
        for (wanted, status) in [
            (etag.clone(), Status::OK),
            (format!(", \"other\", {etag}"), Status::OK),
            ("*".to_owned(), Status::OK),
            ("\"other\"".to_owned(), Status::PRECONDITION_FAILED),
            (format!("W/{etag}"), Status::PRECONDITION_FAILED),
        ] {
            assert_eq!(get("/", &format!("If-Match: {wanted}\r\n")).status, status, "{wanted}");
        }
        let text = "POST /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let request = Request::read_from(&mut text.as_bytes()).unwrap().unwrap();
        assert_eq!(answer(&request, "polling.html").status, Status::NOT_FOUND);
    }

    #[test]
    fn only_a_missing_file_is_not_found() {
        for (error, missing) in
            [(2, true), (20, true), (36, true), (24, false), (13, false), (5, false)]
        {
            assert_eq!(is_missing(&io::Error::from_raw_os_error(error)), missing, "{error}");
        }
    }

    #[test]
    fn a_page_may_stand_in_no_foreign_frame() {
        let policy = get("/", "").fields.get("content-security-policy").unwrap().to_owned();
        assert!(policy.contains("frame-ancestors 'self'"), "{policy}");
    }
}
