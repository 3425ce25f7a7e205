//! Whether a body is what its hash promises: <https://w3c.github.io/webappsec-subresource-integrity/>.

use super::body::Body;
use super::error::NetworkError;
use super::response::ResponseData;
use crate::base64::{Alphabet, encode};
use crate::crypto::hash::Hash;

/// What counts, the weakest first.
const ALGORITHMS: [&str; 3] = ["sha256", "sha384", "sha512"];

/// Main fetch, step 22: the response, once all of its body is there and is as promised.
pub(super) async fn checked(
    mut response: ResponseData,
    integrity: &str,
    max_bytes: usize,
) -> Result<ResponseData, NetworkError> {
    let failed = |url: &str, why: String| Err(NetworkError::new(url, why));
    let wanted = strongest(integrity);
    // 1. If parsedMetadata is no metadata, or the list is empty, return true.
    let Some((algorithm, _)) = wanted.first().copied() else {
        return Ok(response);
    };
    let body = match response.body.as_deref().and_then(Body::take) {
        Some(body) => body.collect(max_bytes).await?,
        None => Some(Vec::new()),
    };
    let Some(bytes) = body else {
        return failed(&response.url, format!("its body is longer than {max_bytes} bytes"));
    };
    let actual = Hash::named(algorithm).map(|hash| encode(&hash.of(&bytes), Alphabet::Standard));
    // 5. 4. If actualValue is a case-sensitive match for expectedValue, return true.
    let is_as_promised = wanted.iter().any(|(_, value)| {
        let value = value.replace('-', "+").replace('_', "/");
        actual
            .as_deref()
            .is_some_and(|actual| actual.trim_end_matches('=') == value.trim_end_matches('='))
    });
    if !is_as_promised {
        let actual = actual.unwrap_or_default();
        let why = format!("its body is not what 'integrity' promises: it is {algorithm}-{actual}");
        return failed(&response.url, why);
    }
    response.body = Some(Body::of_bytes(bytes));
    Ok(response)
}

/// Parses the metadata, and gets the strongest of it: algorithms and hashes in base64.
fn strongest(integrity: &str) -> Vec<(&str, &str)> {
    let mut parsed = Vec::new();
    for item in integrity.split_ascii_whitespace() {
        // What follows a question mark are options, of which there are none yet.
        let item = item.split('?').next().unwrap_or_default();
        let (algorithm, value) = item.split_once('-').unwrap_or((item, ""));
        if let Some(strength) = ALGORITHMS.iter().position(|known| *known == algorithm) {
            parsed.push((strength, value));
        }
    }
    let strength = parsed.iter().map(|(strength, _)| *strength).max();
    parsed.retain(|(one, _)| Some(*one) == strength);
    parsed.into_iter().map(|(strength, value)| (ALGORITHMS[strength], value)).collect()
}
