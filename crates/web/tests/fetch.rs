//! Responses as other rooms take them: in chunks, through host tasks.

use std::cell::RefCell;
use std::future::poll_fn;
use std::path::Path;
use std::rc::Rc;
use std::task::Poll;

use holm_host::{Host, Permissions, host};
use holm_js::{
    Ctx, Limits, Realm, Result, Runtime, ScriptOrigin, Value, evaluate_script, run_job,
    take_exception, to_text,
};
use holm_web::fetch::{NetworkError, ResponseType, response_of};

fn realm(permissions: Permissions) -> Realm {
    let runtime = Runtime::new(&Limits::default()).expect("a runtime");
    let realm = Realm::new(&runtime).expect("a realm");
    realm.enter(|ctx| {
        holm_host::install(ctx, Rc::new(Host { permissions, ..Host::default() }));
        holm_web::install(ctx).expect("globals");
    });
    realm
}

fn eval<'js>(ctx: &Ctx<'js>, source: &str) -> Value<'js> {
    evaluate_script(ctx, source, ScriptOrigin::new("test.js")).expect(source)
}

/// What the event loop does, as far as these tests need it: until no task is in flight.
fn run_tasks(realm: &Realm) {
    let host = realm.enter(host);
    loop {
        realm.enter(|ctx| while matches!(run_job(ctx), holm_js::JobOutcome::Ran) {});
        if host.tasks.is_empty() {
            return;
        }
        let reactor = host.tasks.reactor().expect("a reactor");
        // A task that was dropped is gone after a poll that finds nothing.
        let completion = reactor.block_on(poll_fn(|cx| match host.tasks.poll_completion(cx) {
            Poll::Ready(completion) => Poll::Ready(Some(completion)),
            Poll::Pending if host.tasks.is_empty() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }));
        let Some(completion) = completion else { return };
        realm.enter(|ctx| completion(ctx)).expect("a completion");
    }
}

/// Takes the body of the global `response` and reads at most `most` chunks: their lengths, and
/// how it ended.
fn read(realm: &Realm, most: usize) -> (Vec<usize>, Option<NetworkError>) {
    let result = Rc::new(RefCell::new(None));
    realm.enter(|ctx| {
        let response = response_of(&eval(ctx, "response")).expect("a response");
        let mut body = response.take_body(ctx).expect("a body");
        assert!(response.is_body_unusable(ctx).expect("known"));
        let result = result.clone();
        let work = async move {
            let mut lengths = Vec::new();
            while lengths.len() < most {
                match body.next().await {
                    Ok(Some(chunk)) => lengths.push(chunk.len()),
                    Ok(None) => break,
                    Err(error) => return (lengths, Some(error)),
                }
            }
            (lengths, None)
        };
        host(ctx).tasks.spawn(work, move |_, read| {
            *result.borrow_mut() = Some(read);
            Ok(())
        });
    });
    run_tasks(realm);
    result.take().expect("the task is done")
}

fn fetch(realm: &Realm, path: &Path) {
    realm.enter(|ctx| {
        let script = format!(
            "fetch('file://{}').then((r) => {{ response = r }}); var response",
            path.display()
        );
        eval(ctx, &script);
    });
    run_tasks(realm);
}

#[test]
fn a_file_comes_in_pieces() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.wasm");
    let len = (1 << 20) + 1;
    std::fs::write(&path, vec![0; len]).expect("written");
    let realm = realm(Permissions::all());
    fetch(&realm, &path);
    realm.enter(|ctx| {
        let response = response_of(&eval(ctx, "response")).expect("a response");
        assert_eq!(response.content_type().as_deref(), Some(&b"application/wasm"[..]));
        assert_eq!((response.kind(), response.status()), (ResponseType::Basic, 200));
        assert!(
            response.is_ok()
                && response.is_cors_same_origin()
                && !response.is_body_unusable(ctx).expect("known")
        );
        assert!(response.url().ends_with("large.wasm"));
    });
    let (lengths, error) = read(&realm, usize::MAX);
    assert_eq!((lengths.iter().sum::<usize>(), error), (len, None));
    assert!(lengths.len() >= 16, "{lengths:?}");
    realm.enter(|ctx| {
        assert!(eval(ctx, "response.bodyUsed").as_bool().expect("a boolean"));
        let response = response_of(&eval(ctx, "response")).expect("a response");
        let error = response.take_body(ctx).expect_err("taken before");
        let error = take_exception(ctx, error);
        assert!(to_text(ctx, &error).expect("text").starts_with("TypeError: Body is unusable"));
        eval(ctx, "var failed; response.text().catch((error) => { failed = error.name })");
    });
    run_tasks(&realm);
    realm.enter(|ctx| {
        assert_eq!(to_text(ctx, &eval(ctx, "failed")).expect("text"), "TypeError");
    });
}

/// What nobody reads on is dropped: so is the file.
#[test]
fn a_body_may_be_left_at_any_chunk() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large");
    std::fs::write(&path, vec![0; 1 << 20]).expect("written");
    let realm = realm(Permissions::all());
    for most in [0, 1, 3] {
        fetch(&realm, &path);
        assert_eq!(read(&realm, most).0.len(), most);
    }
    fetch(&realm, &path);
    realm.enter(|ctx| {
        // A task that is given up before its first chunk, and one in the middle of it.
        let mut body = response_of(&eval(ctx, "response"))
            .expect("a response")
            .take_body(ctx)
            .expect("a body");
        let host = host(ctx);
        let id = host.tasks.spawn(async move { body.next().await.is_ok() }, |_, _| Ok(()));
        let once = poll_fn(|cx| Poll::Ready(host.tasks.poll_completion(cx).is_ready()));
        host.tasks.reactor().expect("a reactor").block_on(once);
        host.tasks.abort(id);
    });
    run_tasks(&realm);
}

#[test]
fn responses_of_script_are_taken_too() -> Result<()> {
    let realm = realm(Permissions::default());
    let check = |script: &str, expected: &[usize]| {
        realm.enter(|ctx| drop(eval(ctx, &format!("var response = {script}"))));
        assert_eq!(read(&realm, usize::MAX), (expected.to_vec(), None), "{script}");
    };
    check("new Response('abc')", &[3]);
    check("new Response(new Uint8Array(5).buffer).clone()", &[5]);
    realm.enter(|ctx| {
        let none = response_of(&eval(ctx, "new Response(null, { status: 404 })")).expect("one");
        assert!(!none.is_ok() && none.content_type().is_none() && !none.is_body_unusable(ctx)?);
        none.take_body(ctx)?;
        let error = response_of(&eval(ctx, "Response.error()")).expect("one");
        assert!(!error.is_cors_same_origin() && error.kind() == ResponseType::Error);
        let typed =
            "new Response('', { headers: { 'Content-Type': ' application/wasm; x=y\\t' } })";
        let typed = response_of(&eval(ctx, typed)).expect("one");
        assert_eq!(typed.content_type().as_deref(), Some(&b"application/wasm; x=y"[..]));
        for other in ["1", "({})", "Object.create(Response.prototype)", "new Headers()", "Response"]
        {
            assert!(response_of(&eval(ctx, other)).is_none(), "{other}");
        }
        Ok(())
    })
}

/// A subclass is a response; so is one whose prototype was changed.
#[test]
fn what_counts_is_the_inside() {
    let realm = realm(Permissions::default());
    realm.enter(|ctx| {
        for script in [
            "new (class extends Response {})('x')",
            "Object.setPrototypeOf(new Response('x'), null)",
        ] {
            assert!(response_of(&eval(ctx, script)).is_some(), "{script}");
        }
    });
}
