//! Bytes of buffers and views where they are: what is there is read and written, never more.

mod support;

use std::ops::Range;

use holm_js::{Bytes, Ctx, Object, Result, Thrown, Value, take_exception};

/// Runs a body in a realm, where nothing may fail.
fn in_realm(body: impl FnOnce(&Ctx<'_>) -> Result<()>) {
    support::realm().enter(|ctx| {
        if let Err(error) = body(ctx) {
            panic!("{}", Thrown::new(ctx, &take_exception(ctx, error)).heading);
        }
    });
}

fn read(ctx: &Ctx<'_>, view: &Value<'_>, range: Range<usize>) -> Vec<u8> {
    Bytes::new(ctx).expect("a known layout").read(view, range, <[u8]>::to_vec)
}

#[test]
fn every_kind_of_view_is_read_as_bytes() {
    in_realm(|ctx| {
        let check = |script: &str, bytes: &[u8]| -> Result<()> {
            let view: Value<'_> = ctx.eval(script)?;
            assert_eq!(read(ctx, &view, 0..usize::MAX), bytes, "{script}");
            assert_eq!(Bytes::new(ctx)?.len(&view), Some(bytes.len()), "{script}");
            Ok(())
        };
        check("new Uint8Array([1, 2, 3])", &[1, 2, 3])?;
        check("new Uint8Array([1, 2, 3]).subarray(1)", &[2, 3])?;
        check("new Uint16Array([1, 2])", &[1, 0, 2, 0])?;
        check("new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1)", &[2])?;
        check("new Uint8Array([1, 2]).buffer", &[1, 2])?;
        check("new Uint8Array(new SharedArrayBuffer(2)).fill(7)", &[7, 7])?;
        check("new Uint8Array(0)", &[])?;
        let number: Value<'_> = ctx.eval("1")?;
        assert_eq!(Bytes::new(ctx)?.len(&number), None);
        assert_eq!(read(ctx, &number, 0..9), []);
        Ok(())
    });
}

#[test]
fn what_moved_away_is_not_there() {
    in_realm(|ctx| {
        let bytes = Bytes::new(ctx)?;
        let views: Object<'_> = ctx.eval(
            "globalThis.memory = new ArrayBuffer(4, { maxByteLength: 8 });
             globalThis.views = { tracking: new Uint8Array(memory, 1), fixed: new Uint8Array(memory, 1, 3) };
             views",
        )?;
        let (tracking, fixed): (Value<'_>, Value<'_>) =
            (views.get("tracking")?, views.get("fixed")?);
        let check = |script: &str, tracks: usize, fixes: usize| -> Result<()> {
            ctx.eval::<(), _>(script)?;
            assert_eq!(bytes.len(&tracking), Some(tracks), "{script}");
            assert_eq!(bytes.len(&fixed), Some(fixes), "{script}");
            let mut byte = [0];
            assert_eq!(bytes.get(&tracking, tracks, &mut byte), None, "{script}");
            assert_eq!(bytes.set(&fixed, fixes, &byte)?, None, "{script}");
            assert_eq!(bytes.get(&fixed, usize::MAX, &mut byte), None, "{script}");
            assert_eq!(read(ctx, &tracking, 0..usize::MAX).len(), tracks, "{script}");
            bytes.change(&fixed, 0..usize::MAX, |bytes| bytes.fill(1))?;
            bytes.copy((&tracking, 0..usize::MAX), (&fixed, 1))
        };
        check("0", 3, 3)?;
        check("memory.resize(8)", 7, 3)?;
        check("memory.resize(2)", 1, 0)?;
        check("memory.resize(0)", 0, 0)?;
        check("memory.resize(4)", 3, 3)?;
        check("memory.transfer()", 0, 0)
    });
}

#[test]
fn writing_and_copying_stay_inside() {
    in_realm(|ctx| {
        let bytes = Bytes::new(ctx)?;
        let whole: Value<'_> = ctx.eval("globalThis.whole = new Uint8Array(8)")?;
        let part: Value<'_> = ctx.eval("whole.subarray(2, 6)")?;
        assert_eq!(bytes.set(&part, 3, &[1, 2])?, None);
        assert_eq!(bytes.set(&part, 2, &[1, 2])?, Some(()));
        bytes.change(&part, 0..2, |bytes| bytes.copy_from_slice(&[8, 9]))?;
        assert_eq!(read(ctx, &whole, 0..9), [0, 0, 8, 9, 1, 2, 0, 0]);
        bytes.copy((&whole, 2..9), (&whole, 3))?;
        assert_eq!(read(ctx, &whole, 0..9), [0, 0, 8, 8, 9, 1, 2, 0]);
        bytes.copy((&whole, 0..9), (&part, 3))?;
        assert_eq!(read(ctx, &whole, 4..9), [9, 0, 2, 0]);
        let overlapping = bytes.read_both((&whole, 4..6), (&part, 2..4), |one, two| one == two);
        assert!(overlapping);
        let shared: Value<'_> = ctx.eval("new Uint8Array(new SharedArrayBuffer(3))")?;
        bytes.copy((&whole, 3..9), (&shared, 1))?;
        bytes.change(&shared, 0..1, |bytes| bytes.fill(5))?;
        assert_eq!(read(ctx, &shared, 0..9), [5, 8, 9]);
        Ok(())
    });
}

#[test]
fn an_immutable_buffer_stays_as_it_is() {
    in_realm(|ctx| {
        let bytes = Bytes::new(ctx)?;
        let view: Value<'_> =
            ctx.eval("new Uint8Array(new Uint8Array([1, 2]).buffer.transferToImmutable())")?;
        assert!(bytes.set(&view, 0, &[9]).is_err());
        ctx.catch();
        assert!(bytes.change(&view, 0..1, |bytes| bytes.fill(9)).is_err());
        ctx.catch();
        assert!(bytes.copy((&view, 0..1), (&view, 1)).is_err());
        ctx.catch();
        assert_eq!(read(ctx, &view, 0..9), [1, 2]);
        Ok(())
    });
}

#[test]
fn a_part_shows_the_same_memory() {
    in_realm(|ctx| {
        let bytes = Bytes::new(ctx)?;
        let whole: Object<'_> = ctx.eval("new Uint8Array([1, 2, 3, 4]).subarray(1)")?;
        let part = bytes.part(&whole, 1..3)?;
        assert_eq!(bytes.set(&part, 1, &[9])?, Some(()));
        assert_eq!(read(ctx, whole.as_value(), 0..9), [2, 3, 9]);
        assert!(bytes.part(&whole, 1..9).is_err());
        ctx.catch();
        let number: Object<'_> = ctx.eval("new Date()")?;
        assert!(bytes.part(&number, 0..0).is_err());
        ctx.catch();
        Ok(())
    });
}
