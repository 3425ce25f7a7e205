//! Header lists, <https://fetch.spec.whatwg.org/#concept-header-list>.

use std::cell::OnceCell;
use std::rc::Rc;

/// What one list may hold, each header counted as its name, its value and
/// [`HEADER_OVERHEAD_BYTES`]. It is memory that the limit of the script's heap does not see,
/// and every look-up walks the list.
pub(super) const MAX_LIST_BYTES: usize = 1 << 20;
/// As HTTP/2 and HTTP/3 count a header's own cost.
const HEADER_OVERHEAD_BYTES: usize = 32;

const SET_COOKIE: &[u8] = b"set-cookie";

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// In lower case: HTTP compares names so, and script sees no other.
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// Headers in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderList {
    headers: Vec<Header>,
    len_bytes: usize,
    /// What [`Self::sort_and_combine`] gave since the last change.
    sorted: OnceCell<Rc<[Header]>>,
}

/// The list would hold more than [`MAX_LIST_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl HeaderList {
    pub(super) fn contains(&self, name: &[u8]) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-get>
    pub(super) fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        // 1. If list does not contain name, then return null.
        // 2. Return the values of all headers in list whose name matches name, separated from
        //    each other by 0x2C 0x20, in order.
        let values: Vec<&[u8]> = self.values(name).collect();
        if values.is_empty() { None } else { Some(values.join(&b", "[..])) }
    }

    /// The values of all headers of this name, in order.
    pub(super) fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let matching = self.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        matching.map(|header| header.value.as_slice())
    }

    /// `Set-Cookie` is not combined: its values may hold commas.
    pub(super) fn set_cookies(&self) -> impl Iterator<Item = &[u8]> {
        self.values(SET_COOKIE)
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-append>
    pub(super) fn append(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), TooLong> {
        let cost = name.len() + value.len() + HEADER_OVERHEAD_BYTES;
        if cost > MAX_LIST_BYTES - self.len_bytes {
            return Err(TooLong);
        }
        self.sorted.take();
        self.len_bytes += cost;
        self.headers.push(Header { name: name.to_ascii_lowercase(), value });
        Ok(())
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-delete>
    pub(super) fn delete(&mut self, name: &[u8]) {
        self.retain(|header| !header.name.eq_ignore_ascii_case(name));
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-set>
    pub(super) fn set(&mut self, name: &[u8], value: Vec<u8>) -> Result<(), TooLong> {
        // 1. If list contains name, then set the value of the first such header to value and
        //    remove the others.
        let place = self.headers.iter().position(|header| header.name.eq_ignore_ascii_case(name));
        self.delete(name);
        // 2. Otherwise, append (name, value) to list.
        self.append(name, value)?;
        if let Some(place) = place {
            self.headers[place..].rotate_right(1);
        }
        Ok(())
    }

    fn retain(&mut self, keep: impl Fn(&Header) -> bool) {
        self.sorted.take();
        self.headers.retain(keep);
        let cost = |header: &Header| header.name.len() + header.value.len() + HEADER_OVERHEAD_BYTES;
        self.len_bytes = self.headers.iter().map(cost).sum();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Header> {
        self.headers.iter()
    }

    /// <https://fetch.spec.whatwg.org/#concept-header-list-sort-and-combine>
    pub(super) fn sort_and_combine(&self) -> Rc<[Header]> {
        self.sorted.get_or_init(|| self.sorted_and_combined()).clone()
    }

    fn sorted_and_combined(&self) -> Rc<[Header]> {
        // 2. Let names be the result of convert header names to a sorted-lowercase set.
        let mut sorted = self.headers.clone();
        sorted.sort_by(|one, other| one.name.cmp(&other.name));
        // 3. For each name of names: if it is `set-cookie`, append each value by itself,
        //    otherwise what getting it from list gives.
        let mut headers: Vec<Header> = Vec::with_capacity(sorted.len());
        for header in sorted {
            match headers.last_mut() {
                Some(last) if last.name == header.name && header.name != SET_COOKIE => {
                    last.value.extend_from_slice(b", ");
                    last.value.extend_from_slice(&header.value);
                }
                _ => headers.push(header),
            }
        }
        headers.into()
    }
}

/// <https://fetch.spec.whatwg.org/#header-name>: a token of HTTP.
pub(super) fn is_name(bytes: &[u8]) -> bool {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_token)
}

/// <https://fetch.spec.whatwg.org/#header-value>
pub(super) fn is_value(bytes: &[u8]) -> bool {
    // Has no leading or trailing HTTP tab or space bytes, contains no 0x00 or HTTP newline bytes.
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b'\t' | b' '));
    let has_edge = is_blank(bytes.first()) || is_blank(bytes.last());
    !has_edge && !bytes.iter().any(|byte| matches!(byte, b'\0' | b'\n' | b'\r'))
}

/// <https://fetch.spec.whatwg.org/#concept-header-value-normalize>: removes whitespace at the
/// ends.
pub(super) fn normalized(bytes: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' ');
    let Some(start) = bytes.iter().position(|byte| !is_blank(byte)) else {
        return &[];
    };
    let end = bytes.iter().rposition(|byte| !is_blank(byte)).unwrap_or(start);
    &bytes[start..=end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(headers: &[(&str, &str)]) -> HeaderList {
        let mut list = HeaderList::default();
        for (name, value) in headers {
            list.append(name.as_bytes(), value.as_bytes().to_vec()).expect("short");
        }
        list
    }

    fn shown(list: &HeaderList) -> String {
        let header = |header: &Header| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            format!("{}={}", text(&header.name), text(&header.value))
        };
        list.sort_and_combine().iter().map(header).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn names_are_sorted_and_values_combined_but_for_cookies() {
        let list =
            list(&[("b", "1"), ("Set-Cookie", "x"), ("A", "2"), ("B", "3"), ("set-cookie", "y")]);
        assert_eq!(shown(&list), "a=2; b=1, 3; set-cookie=x; set-cookie=y");
        assert_eq!(list.get(b"SET-COOKIE").as_deref(), Some(&b"x, y"[..]));
    }

    #[test]
    fn set_keeps_the_first_place() {
        let mut list = list(&[("a", "1"), ("b", "2"), ("A", "3"), ("c", "4")]);
        list.set(b"a", b"5".to_vec()).expect("short");
        let values: Vec<_> = list.iter().map(|header| header.value.clone()).collect();
        assert_eq!(values, [b"5", b"2", b"4"]);
        assert_eq!(shown(&list), "a=5; b=2; c=4");
    }

    #[test]
    fn a_list_has_an_end() {
        let mut list = HeaderList::default();
        let long = vec![b'x'; MAX_LIST_BYTES];
        assert_eq!(list.append(b"a", long), Err(TooLong));
        while list.append(b"a", Vec::new()).is_ok() {}
        assert_eq!(list.iter().count(), MAX_LIST_BYTES / (1 + HEADER_OVERHEAD_BYTES));
        list.delete(b"a");
        assert_eq!(list.append(b"a", Vec::new()), Ok(()));
    }

    #[test]
    fn values_lose_the_blanks_around_them() {
        assert_eq!(normalized(b"\r\n\t a b\t"), b"a b");
        assert_eq!(normalized(b" \n"), b"");
        assert!(is_value(b"a\tb") && !is_value(b" a") && !is_value(b"a\nb") && is_value(b"\xff"));
        assert!(is_name(b"x-y") && !is_name(b"") && !is_name(b"a b") && !is_name(b"\xe9"));
    }
}
