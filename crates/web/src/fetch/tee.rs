//! One source of chunks, read twice: <https://streams.spec.whatwg.org/#readable-stream-tee>.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;

use super::body::Chunks;
use super::error::NetworkError;

type Item = Result<Bytes, NetworkError>;

/// Two streams that each give all of `source`. What one has read and the other has not is
/// kept; both gone, the source goes.
pub(super) fn tee(source: Chunks) -> (Chunks, Chunks) {
    let shared = Rc::new(RefCell::new(Shared { source: Some(source), sides: Default::default() }));
    let branch = |side| -> Chunks { Box::pin(Branch { shared: shared.clone(), side }) };
    (branch(0), branch(1))
}

struct Shared {
    /// `None` once it has ended.
    source: Option<Chunks>,
    sides: [Side; 2],
}

#[derive(Default)]
struct Side {
    waiting: VecDeque<Item>,
    waker: Option<Waker>,
    is_gone: bool,
}

struct Branch {
    shared: Rc<RefCell<Shared>>,
    side: usize,
}

impl Stream for Branch {
    type Item = Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let mut shared = self.shared.borrow_mut();
        if let Some(item) = shared.sides[self.side].waiting.pop_front() {
            return Poll::Ready(Some(item));
        }
        let Some(source) = &mut shared.source else {
            return Poll::Ready(None);
        };
        let Poll::Ready(item) = source.as_mut().poll_next(cx) else {
            // The source wakes only who asked last: that one wakes the other.
            shared.sides[self.side].waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        if !matches!(item, Some(Ok(_))) {
            shared.source = None;
        }
        let other = &mut shared.sides[1 - self.side];
        if !other.is_gone {
            other.waiting.extend(item.clone());
        }
        if let Some(waker) = other.waker.take() {
            waker.wake();
        }
        Poll::Ready(item)
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        let Ok(mut shared) = self.shared.try_borrow_mut() else {
            return;
        };
        let side = &mut shared.sides[self.side];
        side.is_gone = true;
        let dropped = std::mem::take(&mut side.waiting);
        // The source may have been about to wake this side: the other asks anew.
        let waker = shared.sides[1 - self.side].waker.take();
        drop(shared);
        drop(dropped);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use futures_util::task::noop_waker;

    fn next(chunks: &mut Chunks) -> Poll<Option<Item>> {
        chunks.as_mut().poll_next(&mut Context::from_waker(&noop_waker()))
    }

    fn ready(text: &'static str) -> Poll<Option<Item>> {
        Poll::Ready(Some(Ok(Bytes::from_static(text.as_bytes()))))
    }

    fn source(items: Vec<Item>) -> Chunks {
        Box::pin(stream::iter(items))
    }

    #[test]
    fn both_sides_get_all_at_their_own_pace() {
        let error = NetworkError::in_body("x:", "broken");
        let items = vec![Ok(Bytes::from_static(b"a")), Ok(Bytes::from_static(b"b")), Err(error)];
        let (mut one, mut other) = tee(source(items));
        assert_eq!(next(&mut one), ready("a"));
        assert_eq!(next(&mut one), ready("b"));
        assert_eq!(next(&mut other), ready("a"));
        assert!(matches!(next(&mut one), Poll::Ready(Some(Err(_)))));
        assert_eq!(next(&mut one), Poll::Ready(None));
        assert_eq!(next(&mut other), ready("b"));
        assert!(matches!(next(&mut other), Poll::Ready(Some(Err(_)))));
        assert_eq!(next(&mut other), Poll::Ready(None));
    }

    #[test]
    fn nothing_is_kept_for_a_side_that_is_gone() {
        let (one, mut other) = tee(source(vec![Ok(Bytes::from_static(b"a"))]));
        drop(one);
        assert_eq!(next(&mut other), ready("a"));
        assert_eq!(next(&mut other), Poll::Ready(None));
    }
}
