//! What a `URL` and its `URLSearchParams` share.

use std::cell::{Ref, RefCell};

use holm_js::{Ctx, Result};
use url::{Url, form_urlencoded};

use crate::weight::Weight;

/// <https://url.spec.whatwg.org/#concept-urlsearchparams-list>
pub(super) type Pairs = Vec<(String, String)>;

/// A URL and the list of its query's pairs, or such a list alone.
pub(super) struct Record {
    url: RefCell<Option<Url>>,
    /// The URLSearchParams object's list; `None` until somebody asks for it.
    pairs: RefCell<Option<Pairs>>,
    weight: RefCell<Weight>,
}

/// What a pair takes besides its text.
const PAIR_BYTES: usize = size_of::<(String, String)>();

impl Record {
    pub(super) fn of_url(ctx: &Ctx<'_>, url: Url) -> Result<Self> {
        let weight = RefCell::new(Weight::new(ctx, url.as_str().len())?);
        Ok(Self { url: RefCell::new(Some(url)), pairs: RefCell::new(None), weight })
    }

    pub(super) fn of_pairs(ctx: &Ctx<'_>, pairs: Pairs) -> Result<Self> {
        let weight = RefCell::new(Weight::new(ctx, pairs_len_bytes(&pairs))?);
        Ok(Self { url: RefCell::new(None), pairs: RefCell::new(Some(pairs)), weight })
    }

    /// Looks at the URL. (There is one: this is called for those of `URL` objects.)
    pub(super) fn with_url<R>(&self, look: impl FnOnce(&Url) -> R) -> Option<R> {
        self.url.borrow().as_ref().map(look)
    }

    /// Changes the URL, and the list with it.
    pub(super) fn change_url<R>(
        &self,
        ctx: &Ctx<'_>,
        change: impl FnOnce(&mut Url) -> R,
    ) -> Result<Option<R>> {
        let mut url = self.url.borrow_mut();
        let Some(url) = url.as_mut() else { return Ok(None) };
        let result = change(url);
        let mut pairs = self.pairs.borrow_mut();
        // Empty this's query object's list; if query is non-null, then set it to the result of
        // parsing query.
        if let Some(pairs) = pairs.as_mut() {
            *pairs = query_pairs(url);
        }
        let len_bytes = url.as_str().len() + pairs.as_deref().map_or(0, pairs_len_bytes);
        self.weight.borrow_mut().set(ctx, len_bytes)?;
        Ok(Some(result))
    }

    /// The list.
    pub(super) fn pairs(&self) -> Ref<'_, Pairs> {
        if self.pairs.borrow().is_none() {
            let made = self.url.borrow().as_ref().map(query_pairs).unwrap_or_default();
            self.pairs.replace(Some(made));
        }
        Ref::map(self.pairs.borrow(), |pairs| pairs.as_ref().expect("made above"))
    }

    /// Appends to the list.
    pub(super) fn append(&self, ctx: &Ctx<'_>, pair: (String, String)) -> Result<()> {
        // OPTIMIZATION: a list that belongs to no URL is not counted anew.
        if self.url.borrow().is_none() {
            let more = pairs_len_bytes(std::slice::from_ref(&pair));
            let mut weight = self.weight.borrow_mut();
            let len_bytes = weight.len_bytes() + more;
            weight.set(ctx, len_bytes)?;
            if let Some(pairs) = self.pairs.borrow_mut().as_mut() {
                pairs.push(pair);
            }
            return Ok(());
        }
        self.change_pairs(ctx, |pairs| pairs.push(pair))
    }

    /// Changes the list, and the URL with it:
    /// <https://url.spec.whatwg.org/#concept-urlsearchparams-update>
    pub(super) fn change_pairs(
        &self,
        ctx: &Ctx<'_>,
        change: impl FnOnce(&mut Pairs),
    ) -> Result<()> {
        drop(self.pairs());
        let mut pairs = self.pairs.borrow_mut();
        let pairs = pairs.as_mut().expect("made above");
        change(pairs);
        // 1. If query's URL object is null, then return.
        let mut url = self.url.borrow_mut();
        if let Some(url) = url.as_mut() {
            // 2. Let serializedQuery be the serialization of query. 3. If serializedQuery is the
            //    empty string, then set serializedQuery to null. 4. Set query's URL object's URL's
            //    query to serializedQuery.
            let serialized = serialized(pairs);
            url.set_query(Some(&*serialized).filter(|query| !query.is_empty()));
        }
        let url_bytes = url.as_ref().map_or(0, |url| url.as_str().len());
        self.weight.borrow_mut().set(ctx, url_bytes + pairs_len_bytes(pairs))
    }
}

fn pairs_len_bytes(pairs: &[(String, String)]) -> usize {
    pairs.iter().map(|(name, value)| PAIR_BYTES + name.len() + value.len()).sum()
}

fn query_pairs(url: &Url) -> Pairs {
    url.query().map(parsed).unwrap_or_default()
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-string-parser>
pub(super) fn parsed(query: &str) -> Pairs {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-serializer>
pub(super) fn serialized(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
