//! `file:` URLs, which the standard leaves to the implementation.
//!
//! As in Deno and Bun: a response with status 200 whose `Content-Type` comes from the file's
//! extension, a network error where there is no such file. Nothing but regular files: a pipe
//! would block, a device need not end.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream;
use holm_host::{Access, Permissions};
use tokio::runtime::Handle;

use super::body::{Body, Chunks};
use super::error::{Cause, Fact, NetworkError, words};
use super::fetching::{response_with_type, without_fragment};
use super::request_data::RequestData;
use super::response::ResponseData;

/// How much is read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Scheme fetch, "file".
pub(super) async fn fetch(
    request: &RequestData,
    permissions: &Permissions,
) -> Result<ResponseData, NetworkError> {
    let url = without_fragment(&request.url);
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        let why = format!("a file cannot be asked for with {}", request.method);
        return Err(NetworkError::new(url, why));
    }
    let path = request
        .url
        .to_file_path()
        .map_err(|()| NetworkError::new(url, "the URL is no path on this machine"))?;
    permissions.check(Access::Read(&path)).map_err(|denied| NetworkError::denied(url, &denied))?;
    let opened = blocking({
        let path = path.clone();
        move || open(&path)
    });
    let file = opened.await.map_err(|error| failed(url, &path, &error))?;
    let mut response = response_with_type(url, content_type(&path));
    response.status_text = b"OK".to_vec();
    response.body = Some(Body::of_chunks(chunks(file, url.to_owned(), path)));
    Ok(response)
}

fn open(path: &Path) -> io::Result<File> {
    // Looked at before it is opened: opening a pipe waits for its writer.
    let is_plain = |metadata: std::fs::Metadata| {
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if metadata.is_file() { Ok(()) } else { Err(io::Error::other("it is not a regular file")) }
    };
    is_plain(std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    is_plain(file.metadata()?)?;
    Ok(file)
}

fn chunks(file: File, url: String, path: PathBuf) -> Chunks {
    Box::pin(stream::unfold(Some(file), move |file| {
        let (url, path) = (url.clone(), path.clone());
        async move {
            let mut file = file?;
            let read = blocking(move || {
                let mut bytes = vec![0; CHUNK_BYTES];
                let len = file.read(&mut bytes)?;
                bytes.truncate(len);
                Ok((file, bytes))
            });
            match read.await {
                Ok((_, bytes)) if bytes.is_empty() => None,
                Ok((file, bytes)) => Some((Ok(Bytes::from(bytes)), Some(file))),
                Err(error) => {
                    let cause = Cause::of_io(&error, "read", &shown(&path));
                    let error = NetworkError::in_body(&url, words(&error)).with_cause(cause);
                    Some((Err(error), None))
                }
            }
        }
    }))
}

/// Does on another thread what may block this one.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let reactor = Handle::try_current().map_err(io::Error::other)?;
    reactor.spawn_blocking(work).await.map_err(io::Error::other)?
}

fn failed(url: &str, path: &Path, error: &io::Error) -> NetworkError {
    let mut cause = Cause::of_io(error, "open", &shown(path));
    let code = cause.code.as_ref().map_or_else(String::new, |code| format!("{code}: "));
    // As Node words it: `ENOENT: no such file or directory, open '/x'`.
    let why = match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => words(error),
    };
    cause.message = format!("{code}{why}, open {}", shown(path));
    cause.facts.push(("path", Fact::Text(path.display().to_string())));
    NetworkError::new(url, why).with_cause(cause)
}

fn shown(path: &Path) -> String {
    format!("'{}'", path.display())
}

fn content_type(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "wasm" => "application/wasm",
        "js" | "mjs" | "cjs" => "text/javascript",
        "json" | "map" => "application/json",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "txt" => "text/plain",
        "xml" => "text/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}
