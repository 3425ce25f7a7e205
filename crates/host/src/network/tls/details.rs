//! What a certificate says of itself, for people: <https://www.rfc-editor.org/rfc/rfc5280#section-4.1>.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::certificate::{SEQUENCE, VERSION, element, time, value};

const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const EXTENSIONS: u8 = 0xa3;
const UTF16_STRING: u8 = 0x1e;

/// `subjectAltName`, 2.5.29.17
const ALT_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// Kinds of names, and what OpenSSL calls them.
const ATTRIBUTES: &[(&[u8], &str)] = &[
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

/// What a certificate says, which nobody has verified.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CertificateDetails {
    /// Whose it is: kinds of names and names.
    pub subject: Vec<(&'static str, String)>,
    /// Who says so.
    pub issuer: Vec<(&'static str, String)>,
    /// Names of hosts and others, as OpenSSL shows them: `DNS:a.test, IP Address:127.0.0.1`.
    pub alt_names: Option<String>,
    /// Seconds since 1970.
    pub not_before: u64,
    /// Seconds since 1970.
    pub not_after: u64,
    /// In hexadecimal.
    pub serial_number: String,
}

impl CertificateDetails {
    /// Of a certificate as DER. `None` where it is none.
    pub fn parse(der: &[u8]) -> Option<Self> {
        // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }
        let (certificate, _) = value(der, SEQUENCE)?;
        let (mut rest, _) = value(certificate, SEQUENCE)?;
        // TBSCertificate ::= SEQUENCE { version [0] EXPLICIT DEFAULT v1, serialNumber, signature,
        //     issuer, validity, subject, subjectPublicKeyInfo, …, extensions [3] EXPLICIT }
        if let Some((_, after)) = value(rest, VERSION) {
            rest = after;
        }
        let (_, serial, rest) = element(rest)?;
        let (_, rest) = value(rest, SEQUENCE)?;
        let (issuer, rest) = value(rest, SEQUENCE)?;
        let (validity, rest) = value(rest, SEQUENCE)?;
        let (subject, mut rest) = value(rest, SEQUENCE)?;
        let (tag, not_before, after) = element(validity)?;
        let not_before = time(tag, not_before)?;
        let (tag, not_after, _) = element(after)?;
        let mut found = Self {
            subject: names(subject),
            issuer: names(issuer),
            alt_names: None,
            not_before,
            not_after: time(tag, not_after)?,
            serial_number: hexadecimal(serial),
        };
        while let Some((tag, inside, after)) = element(rest) {
            if tag == EXTENSIONS {
                found.alt_names = alt_names(inside);
            }
            rest = after;
        }
        Some(found)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let bytes = match bytes {
        // Of a positive number whose first bit is set.
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => bytes,
    };
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }`
fn names(mut der: &[u8]) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    while let Some((set, after)) = value(der, SET) {
        der = after;
        let mut set = set;
        while let Some((pair, after)) = value(set, SEQUENCE) {
            set = after;
            let Some((kind, rest)) = value(pair, OBJECT_IDENTIFIER) else { continue };
            let Some((tag, text, _)) = element(rest) else { continue };
            if let Some((_, name)) = ATTRIBUTES.iter().find(|(oid, _)| *oid == kind) {
                found.push((*name, text_of(tag, text)));
            }
        }
    }
    found
}

fn text_of(tag: u8, bytes: &[u8]) -> String {
    if tag == UTF16_STRING {
        let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        return char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// `Extensions ::= SEQUENCE OF SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue }`
fn alt_names(der: &[u8]) -> Option<String> {
    let (mut list, _) = value(der, SEQUENCE)?;
    while let Some((extension, after)) = value(list, SEQUENCE) {
        list = after;
        let Some((ALT_NAMES, mut rest)) = value(extension, OBJECT_IDENTIFIER) else { continue };
        while let Some((tag, inside, after)) = element(rest) {
            if tag == OCTET_STRING {
                let (all, _) = value(inside, SEQUENCE)?;
                return Some(general_names(all));
            }
            rest = after;
        }
    }
    None
}

fn general_names(mut der: &[u8]) -> String {
    let mut shown = Vec::new();
    while let Some((tag, name, after)) = element(der) {
        der = after;
        let text = String::from_utf8_lossy(name);
        // A name with such a character could pass for several: it is quoted, as a string of JSON.
        let text = match text.contains([',', '"', '\'', '\\']) || text.contains(char::is_control) {
            true => format!("{text:?}"),
            false => text.into_owned(),
        };
        match (tag, name.len()) {
            (0x81, _) => shown.push(format!("email:{text}")),
            (0x82, _) => shown.push(format!("DNS:{text}")),
            (0x86, _) => shown.push(format!("URI:{text}")),
            (0x87, 4) => {
                let octets: [u8; 4] = name.try_into().unwrap_or_default();
                shown.push(format!("IP Address:{}", Ipv4Addr::from(octets)));
            }
            (0x87, 16) => {
                let octets: [u8; 16] = name.try_into().unwrap_or_default();
                let groups = Ipv6Addr::from(octets).segments().map(|group| format!("{group:X}"));
                shown.push(format!("IP Address:{}", groups.join(":")));
            }
            _ => {}
        }
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_openssl_does() {
        let der = b"\x82\x06a.test\x87\x04\x7f\0\0\x01\x82\x08b,DNS:c,\x87\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01";
        let expected =
            "DNS:a.test, IP Address:127.0.0.1, DNS:\"b,DNS:c,\", IP Address:0:0:0:0:0:0:0:1";
        assert_eq!(general_names(der), expected);
        assert_eq!(hexadecimal(&[0, 0xab]), "AB");
    }

    #[test]
    fn what_is_no_certificate_has_no_details() {
        for bytes in [&b""[..], b"\x30\x03\x30\x01\x00", b"\x30\x84\xff\xff\xff\xff"] {
            assert_eq!(CertificateDetails::parse(bytes), None);
        }
    }
}
