//! One source of chunks, read several times: <https://streams.spec.whatwg.org/#readable-stream-tee>.
//!
//! A clone of a clone is one more branch of the same source, not a tee of a tee: a script may
//! clone as often as it likes, and nothing here gets deeper.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;

use super::body::Chunks;
use super::error::NetworkError;

type Item = Result<Bytes, NetworkError>;

/// A stream that gives all of its source from where it was split off. What one branch has read
/// and another has not is kept; all of them gone, the source goes.
pub(super) struct Branch {
    shared: Rc<RefCell<Shared>>,
    side: u64,
}

struct Shared {
    /// `None` once it has ended.
    source: Option<Chunks>,
    /// What each branch has not read yet.
    sides: BTreeMap<u64, VecDeque<Item>>,
    next_side: u64,
    /// Who waits for the source. That one wakes only who asked it last; who is woken here
    /// asks anew.
    waiting: Vec<Waker>,
}

impl Shared {
    fn wake_all(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

impl Branch {
    /// The only branch so far.
    pub(super) fn new(source: Chunks) -> Self {
        let sides = BTreeMap::from([(0, VecDeque::new())]);
        let shared = Shared { source: Some(source), sides, next_side: 1, waiting: Vec::new() };
        Self { shared: Rc::new(RefCell::new(shared)), side: 0 }
    }

    /// One more, that stands where this one does.
    pub(super) fn split(&self) -> Self {
        let mut shared = self.shared.borrow_mut();
        let unread = shared.sides.get(&self.side).cloned().unwrap_or_default();
        let side = shared.next_side;
        shared.next_side += 1;
        shared.sides.insert(side, unread);
        Self { shared: self.shared.clone(), side }
    }
}

impl Stream for Branch {
    type Item = Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let mut shared = self.shared.borrow_mut();
        let unread = shared.sides.entry(self.side).or_default();
        if let Some(item) = unread.pop_front() {
            return Poll::Ready(Some(item));
        }
        let Some(source) = &mut shared.source else {
            return Poll::Ready(None);
        };
        let Poll::Ready(item) = source.as_mut().poll_next(cx) else {
            if !shared.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                shared.waiting.push(cx.waker().clone());
            }
            return Poll::Pending;
        };
        if !matches!(item, Some(Ok(_))) {
            shared.source = None;
        }
        for (_, unread) in shared.sides.iter_mut().filter(|(side, _)| **side != self.side) {
            unread.extend(item.clone());
        }
        shared.wake_all();
        Poll::Ready(item)
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        let mut shared = self.shared.borrow_mut();
        let gone = shared.sides.remove(&self.side);
        // The source may have been about to wake this one.
        shared.wake_all();
        drop(shared);
        drop(gone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use futures_util::task::noop_waker;

    fn next(branch: &mut Branch) -> Poll<Option<Item>> {
        Pin::new(branch).poll_next(&mut Context::from_waker(&noop_waker()))
    }

    fn ready(text: &'static str) -> Poll<Option<Item>> {
        Poll::Ready(Some(Ok(Bytes::from_static(text.as_bytes()))))
    }

    fn branch(items: Vec<Item>) -> Branch {
        Branch::new(Box::pin(stream::iter(items)))
    }

    #[test]
    fn all_branches_get_all_at_their_own_pace() {
        let error = NetworkError::in_body("x:", "broken");
        let mut one =
            branch(vec![Ok(Bytes::from_static(b"a")), Ok(Bytes::from_static(b"b")), Err(error)]);
        let mut other = one.split();
        assert_eq!(next(&mut one), ready("a"));
        assert_eq!(next(&mut one), ready("b"));
        let mut third = other.split();
        assert!(matches!(next(&mut one), Poll::Ready(Some(Err(_)))));
        assert_eq!(next(&mut one), Poll::Ready(None));
        for branch in [&mut other, &mut third] {
            assert_eq!(next(branch), ready("a"));
            assert_eq!(next(branch), ready("b"));
            assert!(matches!(next(branch), Poll::Ready(Some(Err(_)))));
            assert_eq!(next(branch), Poll::Ready(None));
        }
    }

    #[test]
    fn nothing_is_kept_for_a_branch_that_is_gone() {
        let one = branch(vec![Ok(Bytes::from_static(b"a"))]);
        let mut other = one.split();
        drop(one);
        assert_eq!(next(&mut other), ready("a"));
        assert_eq!(next(&mut other), Poll::Ready(None));
        assert_eq!(other.shared.borrow().sides.len(), 1);
    }
}
