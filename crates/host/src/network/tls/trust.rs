//! Which certificates are trusted: those that browsers trust, and the embedder's own.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The longest file of certificates. That of a system has a quarter of a megabyte.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// What an isolate and its workers trust; read when TLS is first used. A part of their
/// [`Cluster`](crate::Cluster).
#[derive(Debug, Default)]
pub struct Trust {
    files: OnceLock<Vec<PathBuf>>,
    roots: OnceLock<Roots>,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Roots {
    pub(super) store: Arc<RootCertStore>,
    /// Those of the files. One of them may be a server's own.
    pub(super) given: Arc<[CertificateDer<'static>]>,
    /// Which files could not be read, and why; empty when all were.
    pub(super) complaint: String,
}

impl Trust {
    /// Trusts the certificates in these PEM files too. Only the first call counts, and only
    /// before TLS is used.
    pub fn set_files(&self, files: Vec<PathBuf>) {
        // A second call is an embedder's mistake that harms nobody: less is trusted.
        self.files.set(files).unwrap_or_default();
    }

    pub(super) fn roots(&self) -> &Roots {
        self.roots.get_or_init(|| {
            let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            let (mut given, mut complaint) = (Vec::new(), String::new());
            for path in self.files.get().into_iter().flatten() {
                match read(path) {
                    Ok(certificates) => given.extend(certificates),
                    Err(error) => {
                        complaint += &format!(" ({} cannot be read: {error})", path.display());
                    }
                }
            }
            // What no chain can end with is left out, as everywhere.
            store.add_parsable_certificates(given.iter().cloned());
            Roots { store: Arc::new(store), given: given.into(), complaint }
        })
    }
}

fn read(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let mut pem = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES).read_to_end(&mut pem)?;
    // A certificate that is no PEM does not keep out the others.
    Ok(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect())
}
